//! Downloads on their way into Plex, and what Plex tells of its library.

use std::time::Duration;

use actors::event_hub::{self, Delivery, Viewer};
use domain::DownloadId;
use domain::download::{Arrival, ArrivalState, Choice, DownloadItem, DownloadStatus, Preset};
use domain::event::Event;
use domain::user::Role;
use reqwest::StatusCode;
use sandbox::faults::{Fault, Kind};
use sandbox::plex::Options;
use sandbox::{Plex, World};
use serde_json::json;
use store::{Lease, NewDownload, NewFile, NodeId, ServicePatch, Submitted};

use super::house::{Person, Portal, eventually};

const SOON: Duration = Duration::from_secs(20);

/// What the media server calls the portal's library folder.
const THEIRS: &str = "/media/youtube";

struct Home {
    portal: Portal,
    admin: Person,
    plex: Plex,
}

impl Home {
    /// A portal with a Plex that sees the downloads under another name, and is told so.
    async fn start() -> Self {
        let (portal, admin) = Portal::start_unhurried().await;
        let videos = portal.inner.app.downloads.folders.library().to_owned();
        let options = Options {
            videos: Some(videos.clone()),
            videos_as: Some(THEIRS.to_owned()),
            ..Options::default()
        };
        let plex = Plex::start(&World::new(), options).await.unwrap();
        let body = json!({
            "name": "plex", "kind": "plex", "url": plex.server_url, "interval": "1s", "api_key": plex.owner_token,
        });
        admin.post("/api/v1/services", body).await.expect(StatusCode::CREATED);
        let home = Self { portal, admin, plex };
        home.map(THEIRS).await;
        home
    }

    async fn map(&self, theirs: &str) {
        let app = &self.portal.inner.app;
        let ours = app.downloads.folders.library().to_str().unwrap();
        let patch = ServicePatch {
            config: Some(json!({ "path_map": [{ "ours": ours, "theirs": theirs }] })),
            ..ServicePatch::default()
        };
        app.services.update(store::Actor::default(), &"plex".parse().unwrap(), patch).await.unwrap();
    }

    /// A playlist that is being downloaded.
    async fn playlist(&self, title: &str, items: u32) -> Playlist<'_> {
        let user = self.admin.id().await.parse().unwrap();
        let writer = self.portal.inner.app.store.writer();
        let node = NodeId::new("test");
        // The portal's own queue may be faster; then another one is tried.
        let leased = eventually(SOON, || async {
            let url = format!("https://www.example.com/{}", DownloadId::generate());
            let choice = Choice::Preset(Preset::Best);
            let new = NewDownload { user, url: &url, choice: &choice, title: None };
            let Submitted::Accepted(download) = writer.submit_download(&new, None).await.unwrap() else {
                return None;
            };
            writer.lease_job(download.id, &node, Duration::from_secs(60)).await.unwrap()
        })
        .await;
        writer.set_job_title(&leased.lease, Some(title), Some(items)).await.unwrap();
        Playlist { home: self, title: title.to_owned(), lease: leased.lease }
    }

    async fn arrival(&self, id: DownloadId) -> Arrival {
        let reader = &self.portal.inner.app.reader;
        reader.download(id).await.unwrap().unwrap().plex.expect("it has to do with Plex")
    }

    async fn arrives(&self, id: DownloadId, state: ArrivalState) -> Arrival {
        eventually(SOON, || async { Some(self.arrival(id).await).filter(|arrival| arrival.state == state) })
            .await
    }

    async fn leave(self) {
        self.portal.stop().await;
    }
}

struct Playlist<'a> {
    home: &'a Home,
    title: String,
    lease: Lease,
}

impl Playlist<'_> {
    fn id(&self) -> DownloadId {
        self.lease.id
    }

    /// One video of it is done.
    async fn publish(&self, position: u32) {
        let app = &self.home.portal.inner.app;
        let writer = app.store.writer();
        let name = format!("Video {position} [id-{position}-{}].mp4", self.title.len());
        let path = format!("ana/{}/{name}", self.title);
        let item = DownloadItem {
            position,
            title: Some(format!("The <b>real</b> title {position}")),
            status: DownloadStatus::Running,
            failure: None,
            target: None,
            bytes: Some(4),
        };
        writer.upsert_item(&self.lease, &item).await.unwrap();
        writer.begin_publish(&self.lease, position, &path).await.unwrap();
        let file = app.downloads.folders.library().join(&path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, b"film").unwrap();
        let new = NewFile { name, bytes: 4, media_type: "video/mp4".to_owned(), path };
        let summary = Some("What the site says");
        writer.finish_publish_for_plex(&self.lease, position, &[new], summary).await.unwrap();
    }

    async fn complete(&self) {
        self.home.portal.inner.app.store.writer().complete_job(&self.lease, &[]).await.unwrap();
    }
}

#[tokio::test]
async fn a_playlist_becomes_one_collection_in_plex() {
    let home = Home::start().await;
    let playlist = home.playlist("Harbour lights", 3).await;

    playlist.publish(1).await;
    playlist.publish(2).await;
    home.arrives(playlist.id(), ArrivalState::There).await;
    playlist.publish(3).await;
    playlist.complete().await;

    let collections = eventually(SOON, || async {
        Some(home.plex.collections("3")).filter(|found| found.first().is_some_and(|one| one.2.len() == 3))
    })
    .await;
    assert_eq!(collections.len(), 1);
    assert_eq!(collections[0].1, "Harbour lights");
    let arrival = home.arrives(playlist.id(), ArrivalState::There).await;
    assert_eq!(arrival.key, Some(collections[0].0.to_string()));
    assert_eq!(arrival.machine.as_deref(), Some(home.plex.machine_id.as_str()));
    let titles: Vec<String> = home.plex.titles("3").into_iter().map(|(_, title)| title).collect();
    for position in 1..=3 {
        assert!(titles.contains(&format!("The <b>real</b> title {position}")), "{titles:?}");
    }
    home.leave().await;
}

#[tokio::test]
async fn a_collection_whose_making_was_not_heard_of_is_not_made_twice() {
    let home = Home::start().await;
    // The server makes it; its answer is cut off, as when we die before writing it down.
    let cut = Fault::new(Kind::Truncate { after: 10 }).at("/library/collections").method("POST").times(1);
    home.plex.server_faults.add(cut);
    // And once more between the making and the mark.
    let edit = Fault::new(Kind::Status { status: 500 }).at("/library/sections/3/all").method("PUT");
    let playlist = home.playlist("Cut short", 2).await;

    playlist.publish(1).await;
    eventually(SOON, || async { Some(()).filter(|()| home.plex.collections("3").len() == 1) }).await;
    home.plex.server_faults.add(edit.times(1));
    playlist.publish(2).await;
    playlist.complete().await;

    let found = eventually(SOON, || async {
        Some(home.plex.collections("3")).filter(|found| found.iter().any(|one| one.2.len() == 2))
    })
    .await;
    home.arrives(playlist.id(), ArrivalState::There).await;
    assert_eq!(found.len(), 1, "{found:?}");
    home.leave().await;
}

#[tokio::test]
async fn an_admin_says_what_plex_calls_the_downloads_folder() {
    let home = Home::start().await;
    let path = "/api/v1/services/plex/folders";
    let ours = home.portal.inner.app.downloads.folders.library().to_str().unwrap().to_owned();

    let seen = eventually(SOON, || async {
        let answer = home.admin.get(path).await;
        (answer.status == StatusCode::OK).then(|| answer.json())
    })
    .await;
    assert_eq!((&seen["ours"], &seen["theirs"]), (&json!(ours), &json!(THEIRS)));
    assert_eq!(seen["library"]["section"], "3");
    assert_eq!(seen["suggestions"][0]["path"], THEIRS, "a library of videos as they are comes first");

    for wrong in ["/nowhere", "not/whole", "C:\\else"] {
        let refused = home.admin.patch(path, json!({ "theirs": wrong })).await;
        refused.expect(StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.fields(), ["theirs"], "{wrong}");
    }
    let inner = format!("{THEIRS}/inner");
    let saved = home.admin.patch(path, json!({ "theirs": inner })).await;
    saved.expect(StatusCode::OK);
    assert_eq!((&saved.json()["theirs"], &saved.json()["library"]["path"]), (&json!(inner), &json!(THEIRS)));

    let page = home.admin.get("/admin/services/plex/folders").await;
    page.expect(StatusCode::OK);
    assert!(page.text().contains(&format!("value=\"{inner}\"")), "{}", page.text());
    home.leave().await;
}

#[tokio::test]
async fn what_comes_to_plex_is_told_to_every_page() {
    let home = Home::start().await;
    eventually(SOON, || async { Some(()).filter(|()| home.plex.listeners() > 0) }).await;
    let user = home.admin.id().await.parse().unwrap();
    let viewer = Viewer { user, role: Role::User, session: None };
    let mut heard = event_hub::subscribe(&home.portal.inner.app.hub, viewer, None).await.unwrap();

    let film = home.plex.titles("1").first().unwrap().0;
    home.plex.remove(film);

    let section = tokio::time::timeout(SOON, async {
        loop {
            let Some(Delivery::Event(published)) = heard.next().await else { continue };
            if let Event::LibraryChanged { section } = &published.event {
                return section.clone();
            }
        }
    });
    assert_eq!(section.await.unwrap().as_deref(), Some("1"));
    home.leave().await;
}

#[tokio::test]
async fn somebody_elses_collection_of_the_same_name_is_left_alone() {
    let home = Home::start().await;
    let first = home.playlist("Holidays", 2).await;
    first.publish(1).await;
    first.publish(2).await;
    home.arrives(first.id(), ArrivalState::There).await;

    let second = home.playlist("Holidays", 2).await;
    second.publish(3).await;
    second.publish(4).await;
    home.arrives(second.id(), ArrivalState::There).await;

    let mut found = home.plex.collections("3");
    found.sort();
    let seen: Vec<(&str, usize)> = found.iter().map(|one| (one.1.as_str(), one.2.len())).collect();
    assert_eq!(seen, [("Holidays", 2), ("Holidays (ana)", 2)]);
    home.leave().await;
}

#[tokio::test]
async fn a_folder_that_plex_does_not_know_is_told_in_words_and_mended() {
    let home = Home::start().await;
    home.map("/somewhere/else").await;
    let playlist = home.playlist("Lost", 1).await;

    playlist.publish(1).await;
    playlist.complete().await;
    let arrival = home.arrives(playlist.id(), ArrivalState::Failed).await;
    let reason = arrival.failure.unwrap();
    assert!(reason.contains("None of Plex's libraries"), "{reason}");

    home.map(THEIRS).await;
    let stranger = home.portal.new_person(&home.admin, "ben", "user").await;
    let again = format!("/api/v1/downloads/{}/plex", playlist.id());
    stranger.post(&again, json!({})).await.expect(StatusCode::NOT_FOUND);
    let answer = home.admin.post(&again, json!({})).await;
    answer.expect(StatusCode::OK);
    assert_eq!(answer.json()["plex"]["state"], "waiting");
    let arrival = home.arrives(playlist.id(), ArrivalState::There).await;
    assert!(arrival.key.is_some(), "a single video opens itself");
    assert_eq!(home.plex.collections("3"), [], "a single video needs no collection");
    home.leave().await;
}

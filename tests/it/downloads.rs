//! Downloads over the API: what is refused, what belongs to whom, and files in ranges.
//!
//! The rows are made as the download actors make them; yt-dlp itself has its own tests.

use std::time::Duration;

use domain::DownloadId;
use domain::download::{Choice, DownloadItem, DownloadStatus, Preset};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::{NewDownload, NewFile, NodeId, Submitted};
use tokio::task::JoinSet;

use super::house::{Answer, Person, Portal, eventually};

const NOT_THERE: &str = "01a20483-afc1-7548-b213-a87c963a5886";

#[tokio::test]
async fn links_and_choices_that_cannot_be_are_refused_by_field() {
    let (portal, ana) = Portal::start().await;

    for (body, field) in [
        (json!({}), "url"),
        (json!({"url": ""}), "url"),
        (json!({"url": 5}), "url"),
        (json!({"url": "not a link"}), "url"),
        (json!({"url": "ytsearch:cats"}), "url"),
        (json!({"url": "file:///etc/passwd"}), "url"),
        (json!({"url": "--exec=reboot"}), "url"),
        (json!({"url": "http://user:word@www.example.com/v"}), "url"),
        (json!({"url": "https://www.example.com/#__youtubedl_smuggle=%7B%7D"}), "url"),
        (json!({"url": "http://127.0.0.1:1/v.mp4"}), "url"),
        (json!({"url": "http://168.63.129.16/machine"}), "url"),
        (json!({"url": "http://2130706433/v.mp4"}), "url"),
        (json!({"url": "http://0x7f.1/v.mp4"}), "url"),
        (json!({"url": "http://[::ffff:10.0.0.1]/v.mp4"}), "url"),
        (json!({"url": "http://169.254.169.254/latest"}), "url"),
        (json!({"url": "http://localhost./v.mp4"}), "url"),
        (json!({"url": format!("https://www.example.com/{}", "x".repeat(3000))}), "url"),
        (json!({"url": "https://www.example.com/v", "preset": "8k"}), "preset"),
        (json!({"url": "https://www.example.com/v", "preset": 720}), "preset"),
        (json!({"url": "https://www.example.com/v", "format": "--exec reboot"}), "format"),
        (json!({"url": "https://www.example.com/v", "format": "best[height<1]"}), "format"),
        (json!({"url": "https://www.example.com/v", "format": "all"}), "format"),
        (json!({"url": "https://www.example.com/v", "preset": "mp3", "format": "137"}), "format"),
        (json!({"url": "https://www.example.com/v", "user": "somebody"}), "user"),
    ] {
        let answer = ana.post("/api/v1/downloads", body.clone()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body:.80}: {}", answer.text());
        assert_eq!(answer.fields(), [field], "{body:.80}");
    }
    let probe = ana.post("/api/v1/downloads/probe", json!({"url": "http://10.0.0.1/"})).await;
    probe.expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(probe.fields(), ["url"]);
    assert_eq!(ana.get("/api/v1/downloads").await.json()["items"], json!([]));
    portal.stop().await;
}

#[tokio::test]
async fn without_yt_dlp_a_wrong_link_is_still_wrong_and_only_admins_see_where_it_was_looked_for() {
    let portal = Portal::with(|settings| settings.ytdlp = Some("/nowhere/at/all/yt-dlp".into())).await;
    let admin = portal.set_up().await;
    let ana = portal.new_person(&admin, "ben", "user").await;
    let told = eventually(Duration::from_secs(5), || async {
        let answer = ana.post("/api/v1/downloads/probe", json!({"url": "https://www.example.com/v"})).await;
        (answer.status == StatusCode::SERVICE_UNAVAILABLE).then(|| answer.text())
    })
    .await;

    let refused = ana.post("/api/v1/downloads", json!({"url": "http://127.0.0.1:1/v.mp4"})).await;
    assert_eq!(
        (refused.status, refused.fields()),
        (StatusCode::UNPROCESSABLE_ENTITY, vec!["url".to_owned()])
    );
    assert!(told.contains("yt-dlp is missing") && !told.contains("/nowhere"), "{told}");
    assert!(!ana.get("/downloads").await.text().contains("/nowhere"));
    assert!(admin.get("/downloads").await.text().contains("/nowhere/at/all/yt-dlp is not there"));
    portal.stop().await;
}

#[tokio::test]
async fn a_sixth_download_within_the_hour_is_refused_with_a_time() {
    let (portal, ana) = Portal::start().await;
    for number in 0..5 {
        let body = json!({"url": format!("https://www.example.com/{number}"), "preset": "720p"});
        ana.post("/api/v1/downloads", body).await.expect(StatusCode::ACCEPTED);
    }

    let sixth = ana.post("/api/v1/downloads", json!({"url": "https://www.example.com/6"})).await;

    sixth.expect(StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = sixth.header("retry-after").unwrap().parse().unwrap();
    assert!((3500..=3600).contains(&wait), "{wait}");
    assert!(sixth.json()["detail"].as_str().unwrap().contains("60 min"), "{}", sixth.text());
    assert_eq!(ana.get("/api/v1/downloads").await.json()["items"].as_array().unwrap().len(), 5);
    portal.stop().await;
}

#[tokio::test]
async fn the_same_link_twice_is_one_download_and_a_cancelled_one_can_go_again() {
    let (portal, ana) = Portal::start().await;
    let body = json!({"url": "https://www.example.com/v", "preset": "mp3"});
    let made = ana.post("/api/v1/downloads", body.clone()).await;
    made.expect(StatusCode::ACCEPTED);
    let path = format!("/api/v1/downloads/{}", made.json()["id"].as_str().unwrap());

    let twice = ana.post("/api/v1/downloads", body).await;
    twice.expect(StatusCode::CONFLICT);
    assert_eq!(twice.fields(), ["url"]);

    let shown = ana.get(&path).await.json();
    assert_eq!((&shown["preset"], &shown["format"]), (&json!("mp3"), &Value::Null));
    assert!(shown["progress"]["item"].is_number() && shown["files"].is_array(), "{shown}");

    ana.post(&format!("{path}/cancel"), json!({})).await.expect(StatusCode::OK);
    let cancelled = eventually(Duration::from_secs(10), || async {
        Some(ana.get(&path).await.json()).filter(|shown| shown["status"] == "cancelled")
    })
    .await;
    assert_eq!(cancelled["phase"], "over");
    ana.post(&format!("{path}/cancel"), json!({})).await.expect(StatusCode::CONFLICT);
    ana.post(&format!("{path}/retry"), json!({})).await.expect(StatusCode::OK);
    ana.post(&format!("{path}/cancel"), json!({})).await.expect(StatusCode::OK);
    ana.delete(&path).await.expect(StatusCode::NO_CONTENT);
    ana.get(&path).await.expect(StatusCode::NOT_FOUND);
    portal.stop().await;
}

#[tokio::test]
async fn downloads_of_somebody_else_are_not_there() {
    let (portal, ana) = Portal::start().await;
    let ben = portal.new_person(&ana, "ben", "user").await;
    let cleo = portal.new_person(&ana, "cleo", "user").await;
    let id = finished(&portal, &ben, "film.mp4", b"canary").await;
    let path = format!("/api/v1/downloads/{id}");

    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::GET, format!("{path}/files/1")),
        (Method::POST, format!("{path}/cancel")),
        (Method::POST, format!("{path}/retry")),
        (Method::DELETE, path.clone()),
    ] {
        let theirs = cleo.send(method.clone(), &path, None).await;
        let nobodys = cleo.send(method.clone(), &path.replace(&id, NOT_THERE), None).await;
        theirs.expect(StatusCode::NOT_FOUND);
        assert_eq!(theirs.body.len(), nobodys.body.len(), "{method} {path}");
        assert!(!theirs.text().contains("canary"));
    }
    assert_eq!(cleo.get("/api/v1/downloads").await.json()["items"], json!([]));
    cleo.get("/api/v1/downloads?everybody=true").await.expect(StatusCode::FORBIDDEN);

    let everybodys = ana.get("/api/v1/downloads?everybody=true").await.json();
    assert_eq!(everybodys["items"][0]["id"], json!(id));
    ana.get(&path).await.expect(StatusCode::OK);
    ben.get(&format!("{path}/files/1")).await.expect(StatusCode::OK);
    portal.stop().await;
}

#[tokio::test]
async fn however_many_links_somebody_looks_at_others_can_cancel() {
    let (portal, ana) = Portal::start_unhurried().await;
    let ben = portal.new_person(&ana, "ben", "user").await;
    let body = json!({"url": "https://www.example.com/v"});
    let made = ben.post("/api/v1/downloads", body.clone()).await;
    let path = format!("/api/v1/downloads/{}", made.json()["id"].as_str().unwrap());

    let mut looks = JoinSet::new();
    for _ in 0..40 {
        let request = ana.request(Method::POST, "/api/v1/downloads/probe").json(&body);
        looks.spawn(Answer::of(request));
    }
    // Those who have to wait too long for their turn are told at once.
    let refused = looks.join_next().await.unwrap().unwrap();
    refused.expect(StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.header("retry-after").is_some());

    ben.post(&format!("{path}/cancel"), json!({})).await.expect(StatusCode::OK);
    looks.shutdown().await;
    portal.stop().await;
}

#[tokio::test]
async fn a_file_is_served_whole_and_in_ranges_and_never_as_a_page() {
    let (portal, ana) = Portal::start().await;
    let bytes: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    let id = finished(&portal, &ana, "Zoë & \"friends\".mp4", &bytes).await;
    let path = format!("/api/v1/downloads/{id}/files/1");
    let ranged = async |headers: &[(&str, &str)]| {
        let mut request = ana.request(Method::GET, &path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request).await
    };

    let whole = ana.get(&path).await;
    whole.expect(StatusCode::OK);
    assert_eq!(whole.body, bytes);
    assert_eq!(whole.header("content-type"), Some("video/mp4"));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert_eq!(whole.header("content-length"), Some("200000"));
    let disposition = whole.header("content-disposition").unwrap();
    assert!(disposition.starts_with("attachment; filename=\"Zo_ & _friends_.mp4\""), "{disposition}");
    let etag = whole.header("etag").unwrap().to_owned();

    let part = ranged(&[("range", "bytes=100-199")]).await;
    part.expect(StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.body, bytes[100..200]);
    assert_eq!(part.header("content-range"), Some("bytes 100-199/200000"));
    assert_eq!(ranged(&[("range", "bytes=-5")]).await.body, bytes[199_995..]);
    assert_eq!(ranged(&[("range", "bytes=150000-")]).await.body, bytes[150_000..]);
    let beyond = ranged(&[("range", "bytes=200000-")]).await;
    beyond.expect(StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.header("content-range"), Some("bytes */200000"));
    ranged(&[("range", "bytes=0-9"), ("if-range", &etag)]).await.expect(StatusCode::PARTIAL_CONTENT);
    ranged(&[("range", "bytes=0-9"), ("if-range", "\"old\"")]).await.expect(StatusCode::OK);
    ranged(&[("if-none-match", &etag)]).await.expect(StatusCode::NOT_MODIFIED);
    ranged(&[("accept-encoding", "gzip"), ("range", "bytes=0-9")]).await.expect(StatusCode::PARTIAL_CONTENT);

    let head = Answer::of(ana.request(Method::HEAD, &path)).await;
    assert_eq!(
        (head.status, head.header("content-length"), head.body.len()),
        (StatusCode::OK, Some("200000"), 0)
    );
    let played = ana.get(&format!("{path}?inline=true")).await;
    assert!(played.header("content-disposition").unwrap().starts_with("inline; "));
    for n in ["0", "2", "-1", "x", "1.5", "99999999999"] {
        ana.get(&format!("/api/v1/downloads/{id}/files/{n}")).await.expect(StatusCode::NOT_FOUND);
    }
    portal.stop().await;
}

/// A finished download of `person` with one file in the library.
async fn finished(portal: &Portal, person: &Person, name: &str, bytes: &[u8]) -> String {
    let app = &portal.inner.app;
    let user = person.id().await.parse().unwrap();
    let path = "test/1.mp4";
    let folder = app.downloads.folders.library().join("test");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("1.mp4"), bytes).unwrap();

    let writer = app.store.writer();
    let node = NodeId::new("test");
    // The portal's own queue may be faster; then another one is tried.
    let leased = eventually(Duration::from_secs(10), || async {
        let url = format!("https://www.example.com/{}", DownloadId::generate());
        let new = NewDownload { user, url: &url, choice: &Choice::Preset(Preset::Best), title: Some(name) };
        let Submitted::Accepted(download) = writer.submit_download(&new, None).await.unwrap() else {
            return None;
        };
        writer.lease_job(download.id, &node, Duration::from_secs(60)).await.unwrap()
    })
    .await;
    let item = DownloadItem {
        position: 1,
        title: Some(name.to_owned()),
        status: DownloadStatus::Running,
        failure: None,
        target: None,
        bytes: None,
    };
    let file = NewFile {
        name: name.to_owned(),
        bytes: bytes.len() as u64,
        media_type: "video/mp4".to_owned(),
        path: path.to_owned(),
    };
    writer.upsert_item(&leased.lease, &item).await.unwrap();
    writer.begin_publish(&leased.lease, 1, path).await.unwrap();
    writer.finish_publish(&leased.lease, 1, &[file]).await.unwrap();
    writer.complete_job(&leased.lease, &[]).await.unwrap();
    leased.download.id.to_string()
}

//! The library and search, against a stand-in Plex: what is seen, by whom, and what happens when
//! it is away.

use std::time::Duration;

use domain::plex::{PlexAccount, PlexId};
use domain::{Secret, UserId};
use reqwest::StatusCode;
use sandbox::faults::{Fault, Kind};
use sandbox::plex::Options;
use sandbox::{Plex, World};
use serde_json::{Value, json};
use store::PlexSignIn;
use tokio::time::Instant;

use super::house::{Answer, Person, Portal, eventually};

const PATIENCE: Duration = Duration::from_secs(20);

struct House {
    portal: Portal,
    admin: Person,
    plex: Plex,
    world: World,
}

impl House {
    async fn start() -> Self {
        let (portal, admin) = Portal::start_unhurried().await;
        let world = World::new();
        let plex = Plex::start(&world, Options::default()).await.unwrap();
        let body = json!({
            "name": "plex", "kind": "plex", "url": plex.server_url, "interval": "1s",
            "api_key": plex.owner_token,
        });
        admin.post("/api/v1/services", body).await.expect(StatusCode::CREATED);
        let house = Self { portal, admin, plex, world };
        house.is_up().await;
        house
    }

    async fn is_up(&self) {
        eventually(PATIENCE, || async {
            let answer = self.admin.get("/api/v1/library/sections").await;
            (answer.status == StatusCode::OK && answer.json()["stale"].is_null()).then_some(())
        })
        .await;
    }

    /// Gives a member of the portal the token of a member of the invented household.
    async fn link(&self, person: &Person, slug: &str) {
        let member = self.world.member(slug).unwrap();
        let id: UserId = person.id().await.parse().unwrap();
        let account = PlexAccount::new(PlexId(member.plex_id), &[Some(member.title)], Some(member.email));
        let token = Secret::new(member.account_token);
        let server_token = Secret::new(member.server_token.unwrap());
        let sign_in =
            PlexSignIn { account: &account, token: &token, server_token: &server_token, owns_server: false };
        self.portal.inner.app.store.writer().link_plex(id, &sign_in).await.unwrap();
    }

    async fn stop(self) {
        self.portal.stop().await;
    }
}

fn titles(answer: &Answer) -> Vec<String> {
    let json = answer.expect(StatusCode::OK).json();
    let items = json["items"].as_array().unwrap();
    items.iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

fn source<'a>(results: &'a Value, name: &str) -> &'a Value {
    let sources = results["sources"].as_array().unwrap();
    sources.iter().find(|source| source["source"] == name).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn a_library_is_browsed_sorted_and_opened() {
    let house = House::start().await;
    let ben = house.portal.new_person(&house.admin, "ben", "user").await;

    let newest = titles(&ben.get("/api/v1/library/sections/1/items?sort=added:desc").await);
    let by_title = titles(&ben.get("/api/v1/library/sections/1/items").await);
    assert!(newest.len() > 5 && newest != by_title, "{newest:?}");
    let page = ben.get("/library/1").await;
    page.expect(StatusCode::OK);
    assert!(page.text().contains(&by_title[0]), "{}", page.text());

    let json = ben.get("/api/v1/library/sections/1/items").await.json();
    let id = json["items"][0]["id"].as_str().unwrap().to_owned();
    let poster = json["items"][0]["poster"].as_str().unwrap().to_owned();
    let title = ben.get(&format!("/library/title/{id}")).await;
    assert!(
        title.expect(StatusCode::OK).text().contains(&house.plex.machine_id),
        "the link opens it in Plex"
    );
    assert!(!title.text().contains(&house.plex.owner_token));

    // The poster comes from us, once from Plex, and only to those who were shown it.
    let picture = ben.get(&poster).await;
    assert_eq!(picture.expect(StatusCode::OK).header("content-type"), Some("image/jpeg"));
    assert!(picture.header("cache-control").unwrap().contains("immutable"));
    let stranger = poster.split('?').next().unwrap();
    ben.get(stranger).await.expect(StatusCode::NOT_FOUND);
    house.portal.anybody().get(&poster).await.expect(StatusCode::SEE_OTHER);
    ben.get("/library/title/999999").await.expect(StatusCode::NOT_FOUND);
    house.stop().await;
}

#[tokio::test]
async fn what_one_person_may_see_never_shows_to_another() {
    let house = House::start().await;
    let local = house.portal.new_person(&house.admin, "ben", "user").await;
    let friend = house.portal.new_person(&house.admin, "cleo", "user").await;
    let narrow = house.world.members.iter().find(|member| {
        member.server_token.is_some()
            && !member.email.is_empty()
            && !member.is_owner()
            && !member.may_see("2")
    });
    let narrow = narrow.expect("the world has somebody who may not see everything");
    house.link(&friend, narrow.slug).await;

    // The one who may see all fills the caches first.
    assert!(titles(&local.get("/api/v1/library/sections").await).len() > 1);
    local.get("/api/v1/library/sections/2/items").await.expect(StatusCode::OK);
    let show = local.get("/api/v1/library/sections/2/items").await.json()["items"][0].clone();
    let words = show["title"].as_str().unwrap().to_owned();
    let id = show["id"].as_str().unwrap();

    friend.get("/api/v1/library/sections/2/items").await.expect(StatusCode::NOT_FOUND);
    friend.get("/library/2").await.expect(StatusCode::NOT_FOUND);
    friend.get(&format!("/api/v1/library/items/{id}")).await.expect(StatusCode::NOT_FOUND);
    let found = friend.get(&format!("/api/v1/search?q={}", words.replace(' ', "+"))).await.json();
    assert!(!source(&found, "library")["items"].to_string().contains(&words), "{found}");
    // And what the owner has watched is nobody else's.
    let mine = local.get("/api/v1/library/sections/1/items").await.json();
    assert!(mine["items"].as_array().unwrap().iter().all(|item| item["watched"].is_null()));
    assert!(!local.get("/library").await.text().contains("Continue watching"));

    // Whoever lost their access does not fall back to what the owner sees.
    let id: UserId = friend.id().await.parse().unwrap();
    let writer = house.portal.inner.app.store.writer();
    writer.record_membership(id, domain::plex::Membership::NotShared, None).await.unwrap();
    friend.get("/api/v1/library/sections").await.expect(StatusCode::CONFLICT);
    house.stop().await;
}

#[tokio::test]
async fn an_admin_makes_a_collection_and_a_member_only_looks_at_it() {
    let house = House::start().await;
    let ben = house.portal.new_person(&house.admin, "ben", "user").await;
    let items = house.admin.get("/api/v1/library/sections/1/items").await.json();
    let id = |n: usize| items["items"][n]["id"].as_str().unwrap().to_owned();

    let body = json!({"title": "  Rainy  Sundays ", "item": id(0)});
    ben.post("/api/v1/library/collections", body.clone()).await.expect(StatusCode::FORBIDDEN);
    let made = house.admin.post("/api/v1/library/collections", body).await;
    let collection = made.expect(StatusCode::CREATED).json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/library/collections/{collection}");
    let second = json!({"item": id(1)});
    house.admin.post(&format!("{path}/items"), second).await.expect(StatusCode::NO_CONTENT);

    assert_eq!(titles(&ben.get(&format!("{path}/items")).await).len(), 2);
    assert!(ben.get("/library/collections").await.text().contains("Rainy Sundays"));
    let renamed = house.admin.patch(&path, json!({"title": "Wet Mondays"})).await;
    renamed.expect(StatusCode::NO_CONTENT);
    house.admin.delete(&format!("{path}/items/{}", id(1))).await.expect(StatusCode::NO_CONTENT);
    assert_eq!(titles(&ben.get(&format!("{path}/items")).await).len(), 1);
    assert!(ben.get(&format!("/library/collection/{collection}")).await.text().contains("Wet Mondays"));
    house.admin.delete(&path).await.expect(StatusCode::NO_CONTENT);
    ben.get(&format!("/library/collection/{collection}")).await.expect(StatusCode::NOT_FOUND);
    let empty = json!({"title": " ", "item": id(0)});
    let refused = house.admin.post("/api/v1/library/collections", empty).await;
    assert_eq!(refused.expect(StatusCode::UNPROCESSABLE_ENTITY).fields(), ["title"]);
    house.stop().await;
}

#[tokio::test]
async fn every_page_is_there_within_two_seconds_while_plex_hangs_and_says_how_old_it_is() {
    let house = House::start().await;
    let warm = house.admin.get("/library/1").await;
    let first = titles(&house.admin.get("/api/v1/library/sections/1/items").await).remove(0);
    assert!(warm.text().contains(&first));

    house.plex.server_faults.all(Kind::Hang);
    house.portal.inner.app.services.plex().unwrap().outdate(None, "");
    for path in
        ["/library", "/library/1", "/library/2", "/library/collections", "/library/home", "/", "/search?q=a"]
    {
        let began = Instant::now();
        let answer = house.admin.get(path).await;
        answer.expect(StatusCode::OK);
        assert!(began.elapsed() < Duration::from_millis(2_400), "{path} took {:?}", began.elapsed());
    }
    let old = house.admin.get("/library/1").await.text();
    assert!(
        old.contains(&first) && old.contains("You see what we knew") && old.contains("data-ill"),
        "{old}"
    );

    house.plex.server_faults.clear();
    eventually(PATIENCE, || async {
        let page = house.admin.get("/library/1").await.text();
        (page.contains(&first) && !page.contains("You see what we knew")).then_some(())
    })
    .await;
    house.stop().await;
}

#[tokio::test]
async fn a_broken_source_of_search_says_so_and_delays_no_other() {
    let house = House::start().await;
    let ben = house.portal.new_person(&house.admin, "ben", "user").await;
    let body = json!({"url": "https://video.example/harbour"});
    ben.post("/api/v1/downloads", body).await.expect(StatusCode::ACCEPTED);

    house.plex.server_faults.add(Fault::new(Kind::Status { status: 500 }).at("/hubs/search*"));
    let found = ben.get("/api/v1/search?q=harbour").await.expect(StatusCode::OK).json();

    assert!(source(&found, "library")["error"].is_string(), "{found}");
    assert_eq!(source(&found, "downloads")["items"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(*source(&found, "people"), Value::Null, "people are for admins");
    let theirs = house.admin.get("/api/v1/search?q=harbour&source=downloads").await.json();
    assert_eq!(source(&theirs, "downloads")["items"], json!([]), "downloads are seen by whoever asked");
    let people = house.admin.get("/api/v1/search?q=ben").await.json();
    assert_eq!(source(&people, "people")["items"][0]["title"], "ben");
    let page = ben.get("/search?q=harbour").await.text();
    assert!(page.contains("video.example/") && page.contains("hit-library"), "{page}");
    ben.get("/search/people?q=ben").await.expect(StatusCode::NOT_FOUND);
    ben.get("/api/v1/search?q=+").await.expect(StatusCode::UNPROCESSABLE_ENTITY);
    house.stop().await;
}

#[tokio::test]
async fn answers_that_make_no_sense_are_a_clear_state_and_no_mistake_of_ours() {
    let house = House::start().await;
    for kind in [
        Kind::Html,
        Kind::Garbage,
        Kind::Charset,
        Kind::Truncate { after: 40 },
        Kind::Status { status: 401 },
        Kind::TooMany { retry_after: 1 },
        Kind::Reset,
    ] {
        house.plex.server_faults.clear();
        house.plex.server_faults.add(Fault::new(kind.clone()).at("/library/*"));
        for path in ["/library", "/library/1", "/library/title/1", "/library/collection/1"] {
            let answer = house.admin.get(path).await;
            assert!(answer.status.as_u16() < 500, "{kind:?} {path}: {}", answer.status);
            assert!(!answer.text().contains(&house.plex.owner_token), "{kind:?} {path}");
        }
    }
    house.stop().await;
}

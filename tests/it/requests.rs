//! Requests: in the portal alone, and with Seerr behind it.

use std::time::Duration;

use reqwest::StatusCode;
use sandbox::faults::{Fault, Kind};
use sandbox::seerr::Options;
use sandbox::world::Library;
use sandbox::{Seerr, World};
use serde_json::{Value, json};

use super::house::{PASSWORD, Person, Portal, eventually};

const PATIENCE: Duration = Duration::from_secs(20);

/// A Seerr that the portal knows.
pub async fn seerr(admin: &Person, world: &World) -> Seerr {
    let seerr = Seerr::start(world, Options::default()).await.unwrap();
    let body = json!({"name": "seerr", "kind": "overseerr", "url": seerr.url(), "interval": "30s", "api_key": seerr.api_key()});
    admin.post("/api/v1/services", body).await.expect(StatusCode::CREATED);
    seerr
}

/// Mia, whom Seerr knows by her address.
pub async fn mia(portal: &Portal, admin: &Person) -> Person {
    let body =
        json!({"username": "mia", "password": PASSWORD, "role": "user", "email": "mia@friends.example"});
    admin.post("/api/v1/users", body).await.expect(StatusCode::CREATED);
    portal.sign_in("mia").await
}

/// Films that are not in the library, by their numbers.
pub fn films(world: &World) -> Vec<i64> {
    world.movies.iter().filter(|movie| movie.library == Library::Missing).map(|movie| movie.tmdb).collect()
}

pub async fn ask(person: &Person, tmdb_id: i64) -> String {
    let answer = person.post("/api/v1/requests", json!({"media_type": "movie", "tmdb_id": tmdb_id})).await;
    answer.expect(StatusCode::CREATED);
    answer.json()["id"].as_str().unwrap().to_owned()
}

pub async fn card(person: &Person, id: &str) -> Value {
    let answer = person.get(&format!("/api/v1/requests/{id}")).await;
    answer.expect(StatusCode::OK);
    answer.json()
}

/// Waits until the request is as `is` wants it.
pub async fn becomes(person: &Person, id: &str, is: impl Fn(&Value) -> bool) -> Value {
    eventually(PATIENCE, || async { Some(card(person, id).await).filter(|card| is(card)) }).await
}

#[tokio::test]
async fn a_portal_alone_takes_a_request_from_asked_to_there() {
    let (portal, admin) = Portal::start_unhurried().await;
    let ben = portal.new_person(&admin, "ben", "user").await;
    let eve = portal.new_person(&admin, "eve", "user").await;
    let wish = json!({"media_type": "tv", "tmdb_id": 70523, "seasons": [2, 1]});

    let asked = ben.post("/api/v1/requests", wish.clone()).await;
    asked.expect(StatusCode::CREATED);
    assert_eq!(asked.json()["status"], "pending");
    let id = asked.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/requests/{id}");
    assert_eq!(card(&ben, &id).await["seasons"], json!([1, 2]));
    assert_eq!(card(&ben, &id).await["stage"], "asked");

    // To others it is not there, until they join.
    for answer in
        [eve.get(&path).await, eve.delete(&path).await, eve.post(&format!("{path}/approve"), json!({})).await]
    {
        answer.expect(StatusCode::NOT_FOUND);
    }
    assert_eq!(eve.get("/api/v1/requests").await.json()["items"], json!([]));
    let twice = eve.post("/api/v1/requests", wish).await;
    twice.expect(StatusCode::CONFLICT);
    assert!(twice.text().contains(&id), "it can be joined: {}", twice.text());
    eve.post(&format!("{path}/join"), json!({})).await.expect(StatusCode::OK);
    assert_eq!(card(&eve, &id).await["followers"], 1);
    assert_eq!(eve.get("/api/v1/requests").await.json()["items"][0]["id"], id.as_str());
    ben.post(&format!("{path}/join"), json!({})).await.expect(StatusCode::CONFLICT);

    // Whoever takes part may talk, and not decide.
    eve.post(&format!("{path}/comments"), json!({"text": "  <b>Dubbed</b>, please "}))
        .await
        .expect(StatusCode::CREATED);
    assert_eq!(card(&ben, &id).await["comments"][0]["text"], "<b>Dubbed</b>, please");
    ben.post(&format!("{path}/approve"), json!({})).await.expect(StatusCode::FORBIDDEN);
    eve.delete(&path).await.expect(StatusCode::FORBIDDEN);

    admin.post(&format!("{path}/approve"), json!({})).await.expect(StatusCode::OK);
    assert_eq!(card(&ben, &id).await["stage"], "approved");
    ben.delete(&path).await.expect(StatusCode::CONFLICT);
    admin.post(&format!("{path}/approve"), json!({})).await.expect(StatusCode::CONFLICT);
    admin.post(&format!("{path}/finish"), json!({})).await.expect(StatusCode::OK);
    assert_eq!(card(&ben, &id).await["stage"], "in_plex");

    eve.delete(&format!("{path}/join")).await.expect(StatusCode::NO_CONTENT);
    eve.get(&path).await.expect(StatusCode::NOT_FOUND);
    ben.delete(&path).await.expect(StatusCode::NO_CONTENT);
    ben.get(&path).await.expect(StatusCode::NOT_FOUND);
    portal.stop().await;
}

#[tokio::test]
async fn a_wish_that_makes_no_sense_is_refused_and_says_which_field() {
    let (portal, admin) = Portal::start_unhurried().await;
    let ben = portal.new_person(&admin, "ben", "user").await;
    for (body, status, field) in [
        (json!({"media_type": "book", "tmdb_id": 1}), 422, "media_type"),
        (json!({"media_type": "movie"}), 422, "tmdb_id"),
        (json!({"media_type": "movie", "tmdb_id": "603"}), 422, "tmdb_id"),
        (json!({"media_type": "movie", "tmdb_id": 0}), 422, "tmdb_id"),
        (json!({"media_type": "movie", "tmdb_id": 99999999999_i64}), 422, "tmdb_id"),
        (json!({"media_type": "movie", "tmdb_id": 603, "seasons": [1]}), 422, "seasons"),
        (json!({"media_type": "tv", "tmdb_id": 603, "seasons": [-1]}), 422, "seasons[0]"),
        (json!({"media_type": "tv", "tmdb_id": 603, "seasons": [12345678]}), 422, "seasons"),
        (
            json!({"media_type": "tv", "tmdb_id": 603, "seasons": (0..500).collect::<Vec<_>>()}),
            422,
            "seasons",
        ),
        (json!({"media_type": "movie", "tmdb_id": 603, "is_4k": true}), 422, "is_4k"),
    ] {
        let answer = ben.post("/api/v1/requests", body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.fields().concat().as_str()), (status, field), "{body}");
    }
    for (path, field) in [
        ("?limit=0", "limit"),
        ("?limit=x", "limit"),
        ("?status=done", "status"),
        ("?whose=all", "whose"),
        ("?after=x", "after"),
    ] {
        let answer = ben.get(&format!("/api/v1/requests{path}")).await;
        assert_eq!((answer.status.as_u16(), answer.fields().concat().as_str()), (422, field), "{path}");
    }
    ben.get("/api/v1/requests/nonsense").await.expect(StatusCode::NOT_FOUND);
    ben.get("/api/v1/requests?whose=everybody").await.expect(StatusCode::FORBIDDEN);
    let id = ask(&ben, 603).await;
    let long = "x".repeat(2001);
    for (what, body) in [("comments", json!({"text": " "})), ("comments", json!({"text": long}))] {
        let answer = ben.post(&format!("/api/v1/requests/{id}/{what}"), body).await;
        assert_eq!((answer.status.as_u16(), answer.fields().concat().as_str()), (422, "text"));
    }
    portal.stop().await;
}

#[tokio::test]
async fn the_twenty_first_request_of_an_hour_has_to_wait() {
    let (portal, admin) = Portal::start_unhurried().await;
    let ben = portal.new_person(&admin, "ben", "user").await;
    for tmdb_id in 1..=20 {
        ask(&ben, tmdb_id).await;
    }

    let answer = ben.post("/api/v1/requests", json!({"media_type": "movie", "tmdb_id": 21})).await;

    answer.expect(StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.header("retry-after").is_some());
    portal.stop().await;
}

#[tokio::test]
async fn a_request_goes_to_seerr_as_the_one_who_asked_and_comes_back_step_by_step() {
    let (portal, admin) = Portal::start_unhurried().await;
    let world = World::new();
    let seerr = seerr(&admin, &world).await;
    let mia = mia(&portal, &admin).await;

    let id = ask(&mia, films(&world)[0]).await;
    let handed = becomes(&mia, &id, |card| card["overseerr_id"].is_number()).await;
    assert_eq!(handed["status"], "pending");
    assert_ne!(handed["title"], "", "{handed}");
    let number = handed["overseerr_id"].as_i64().unwrap();
    assert_eq!(seerr.status(number).unwrap().0, 1, "the bare key would have approved it");

    admin.post(&format!("/api/v1/requests/{id}/approve"), json!({})).await.expect(StatusCode::OK);
    eventually(PATIENCE, || async { (seerr.status(number)?.0 == 2).then_some(()) }).await;
    portal.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_request() {
    let (portal, admin) = Portal::start_unhurried().await;
    let world = World::new();
    let seerr = seerr(&admin, &world).await;
    let mia = mia(&portal, &admin).await;
    seerr
        .faults()
        .add(Fault::new(Kind::Truncate { after: 20 }).at("/api/v1/request").method("POST").times(1));

    let id = ask(&mia, films(&world)[0]).await;

    let handed = eventually(Duration::from_secs(40), || async {
        Some(card(&mia, &id).await).filter(|card| card["overseerr_id"].is_number())
    })
    .await;
    assert_eq!(handed["status"], "pending", "{handed}");
    assert_eq!(seerr.requests(), 1);
    assert_eq!(seerr.hits().of("POST /api/v1/request"), 1, "{:?}", seerr.hits().all());
    portal.stop().await;
}

#[tokio::test]
async fn what_seerr_refuses_is_told_in_words() {
    let (portal, admin) = Portal::start_unhurried().await;
    let world = World::new();
    let seerr = seerr(&admin, &world).await;
    let mia = mia(&portal, &admin).await;
    // Her account there may not ask for anything.
    let accounts = 2;
    seerr.set_permissions(accounts, 0);

    let id = ask(&mia, films(&world)[0]).await;
    let refused = becomes(&mia, &id, |card| card["status"] == "failed").await;
    assert!(refused["problem"].as_str().unwrap().contains("permission"), "{refused}");

    seerr.set_permissions(accounts, 32);
    mia.post(&format!("/api/v1/requests/{id}/retry"), json!({})).await.expect(StatusCode::OK);
    becomes(&mia, &id, |card| card["status"] == "pending" && card["overseerr_id"].is_number()).await;

    let unknown = mia.post("/api/v1/requests", json!({"media_type": "movie", "tmdb_id": 5})).await;
    assert!(unknown.status.is_client_error() || unknown.status == StatusCode::SERVICE_UNAVAILABLE);
    let there = world.movies.iter().find(|movie| movie.library.is_here()).unwrap().tmdb;
    let there = mia.post("/api/v1/requests", json!({"media_type": "movie", "tmdb_id": there})).await;
    there.expect(StatusCode::CONFLICT);
    portal.stop().await;
}

#[tokio::test]
async fn what_is_taken_back_is_gone_in_seerr_too() {
    let (portal, admin) = Portal::start_unhurried().await;
    let world = World::new();
    let seerr = seerr(&admin, &world).await;
    let mia = mia(&portal, &admin).await;
    let id = ask(&mia, films(&world)[0]).await;
    becomes(&mia, &id, |card| card["overseerr_id"].is_number()).await;

    mia.delete(&format!("/api/v1/requests/{id}")).await.expect(StatusCode::NO_CONTENT);

    assert_eq!(card(&mia, &id).await["status"], "cancelled");
    eventually(PATIENCE, || async { (seerr.requests() == 0).then_some(()) }).await;
    portal.stop().await;
}

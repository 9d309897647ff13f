//! Webhooks: who may knock, what is heard, and what a webhook can't do.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use sandbox::World;
use serde_json::{Value, json};

use super::house::{Answer, Person, Portal, eventually};
use super::requests::{ask, becomes, card, films, mia, seerr};

const DOOR: &str = "/api/webhooks/overseerr";

async fn knock(person: &Person, path: &str, authorization: Option<&str>, body: Vec<u8>) -> Answer {
    let mut request =
        person.request(Method::POST, path).header("content-type", "application/json").body(body);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    Answer::of(request).await
}

async fn secret(admin: &Person) -> String {
    let answer = admin.post("/api/v1/services/seerr/webhook", json!({})).await;
    answer.expect(StatusCode::CREATED);
    assert!(answer.json()["url"].as_str().unwrap().ends_with(DOOR));
    answer.json()["secret"].as_str().unwrap().to_owned()
}

fn told(kind: &str, request: i64) -> Vec<u8> {
    let body = json!({
        "notification_type": kind, "event": "", "subject": "A film", "message": "", "image": "",
        "media": {"media_type": "movie", "tmdbId": "1", "tvdbId": "", "status": "PENDING", "status4k": "UNKNOWN"},
        "request": {"request_id": request.to_string()}, "issue": null, "comment": null, "extra": [],
    });
    body.to_string().into_bytes()
}

#[tokio::test]
async fn only_whoever_has_the_secret_is_heard() {
    let (portal, admin) = Portal::start_unhurried().await;
    let seerr = seerr(&admin, &World::new()).await;
    let stranger = portal.anybody();
    let test = || told("TEST_NOTIFICATION", 1);

    let unset = knock(&stranger, DOOR, Some("Bearer "), test()).await;
    unset.expect(StatusCode::UNAUTHORIZED);
    let old = secret(&admin).await;
    let new = secret(&admin).await;
    let plex = format!("Bearer {new}");
    for (path, authorization) in [
        (DOOR, None),
        (DOOR, Some("")),
        (DOOR, Some("Bearer")),
        (DOOR, Some("Bearer 0000")),
        (DOOR, Some(&new[1..])),
        (DOOR, Some(old.as_str())),
        ("/api/webhooks/overseerr/hunter2", None),
        // A secret opens one door only.
        ("/api/webhooks/plex", Some(plex.as_str())),
    ] {
        let answer = knock(&stranger, path, authorization, test()).await;
        answer.expect(StatusCode::UNAUTHORIZED);
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
        assert_eq!(answer.json()["detail"], unset.json()["detail"]);
    }
    for (path, authorization) in [
        (DOOR.to_owned(), Some(format!("Bearer {new}"))),
        (DOOR.to_owned(), Some(new.clone())),
        (format!("{DOOR}/{new}"), None),
    ] {
        knock(&stranger, &path, authorization.as_deref(), test()).await.expect(StatusCode::OK);
    }
    // A cookie opens nothing.
    knock(&admin, DOOR, None, test()).await.expect(StatusCode::UNAUTHORIZED);
    drop(seerr);
    portal.stop().await;
}

#[tokio::test]
async fn a_body_that_makes_no_sense_is_refused() {
    let (portal, admin) = Portal::start_unhurried().await;
    let _seerr = seerr(&admin, &World::new()).await;
    let secret = secret(&admin).await;
    let deep = [vec![b'['; 10_000], vec![b']'; 10_000]].concat();
    for (body, status) in [
        (b"".to_vec(), 400),
        (b"<html>".to_vec(), 400),
        (b"{}".to_vec(), 400),
        (deep, 400),
        (vec![b' '; 10 * 1024 * 1024], 413),
    ] {
        let answer = knock(&portal.anybody(), DOOR, Some(&secret), body).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    }
    portal.stop().await;
}

#[tokio::test]
async fn one_click_sets_the_webhook_up_and_from_then_on_changes_are_seen_at_once() {
    let (portal, admin) = Portal::start_unhurried().await;
    let world = World::new();
    let seerr = seerr(&admin, &world).await;
    let mia = mia(&portal, &admin).await;
    let set_up = admin.post("/api/v1/services/seerr/webhook/setup", json!({})).await;
    set_up.expect(StatusCode::OK);
    assert_eq!(set_up.json()["works"], true);
    let id = ask(&mia, films(&world)[0]).await;
    let number =
        becomes(&mia, &id, |card| card["overseerr_id"].is_number()).await["overseerr_id"].as_i64().unwrap();
    admin.post(&format!("/api/v1/requests/{id}/approve"), json!({})).await.expect(StatusCode::OK);
    eventually(Duration::from_secs(20), || async { (seerr.status(number)?.0 == 2).then_some(()) }).await;

    // Far sooner than the next round.
    seerr.arrive(number);

    let done = becomes(&mia, &id, |card| card["status"] == "available").await;
    assert_eq!(done["stage"], "in_plex");
    portal.stop().await;
}

#[tokio::test]
async fn a_hundred_copies_of_a_webhook_change_a_request_once() {
    let (portal, admin) = Portal::start_unhurried().await;
    let world = World::new();
    let seerr = seerr(&admin, &world).await;
    let secret = secret(&admin).await;
    let mia = mia(&portal, &admin).await;
    let id = ask(&mia, films(&world)[0]).await;
    let number =
        becomes(&mia, &id, |card| card["overseerr_id"].is_number()).await["overseerr_id"].as_i64().unwrap();
    admin.post(&format!("/api/v1/requests/{id}/approve"), json!({})).await.expect(StatusCode::OK);
    eventually(Duration::from_secs(20), || async { (seerr.status(number)?.0 == 2).then_some(()) }).await;
    becomes(&mia, &id, |card| card["media_status"] == "processing").await;
    seerr.arrive(number);
    let before = card(&mia, &id).await["version"].as_i64().unwrap();

    for _ in 0..100 {
        knock(&portal.anybody(), DOOR, Some(&secret), told("MEDIA_AVAILABLE", number))
            .await
            .expect(StatusCode::OK);
    }

    let done = becomes(&mia, &id, |card| card["status"] == "available").await;
    assert_eq!(done["version"].as_i64().unwrap(), before + 1);
    let looked = seerr.hits().of(&format!("GET /api/v1/request/{number}"));
    // Late and out of order, they change nothing.
    for kind in ["MEDIA_PENDING", "MEDIA_APPROVED", "MEDIA_FAILED", "MEDIA_DECLINED"] {
        knock(&portal.anybody(), DOOR, Some(&secret), told(kind, number)).await.expect(StatusCode::OK);
    }
    eventually(Duration::from_secs(20), || async {
        (seerr.hits().of(&format!("GET /api/v1/request/{number}")) > looked).then_some(())
    })
    .await;
    assert_eq!(card(&mia, &id).await["version"], done["version"]);
    assert_eq!(card(&mia, &id).await["status"], Value::from("available"));
    portal.stop().await;
}

#[tokio::test]
async fn a_webhook_is_believed_when_seerr_does_not_answer() {
    let (portal, admin) = Portal::start_unhurried().await;
    let world = World::new();
    let seerr = seerr(&admin, &world).await;
    let secret = secret(&admin).await;
    let mia = mia(&portal, &admin).await;
    let id = ask(&mia, films(&world)[0]).await;
    let number =
        becomes(&mia, &id, |card| card["overseerr_id"].is_number()).await["overseerr_id"].as_i64().unwrap();
    seerr.faults().all(sandbox::faults::Kind::Reset);

    knock(&portal.anybody(), DOOR, Some(&secret), told("MEDIA_AVAILABLE", number))
        .await
        .expect(StatusCode::OK);

    becomes(&mia, &id, |card| card["status"] == "available").await;
    portal.stop().await;
}

//! Services that are watched, over the API.

use std::time::Duration;

use reqwest::StatusCode;
use sandbox::Services;
use sandbox::services::Mode;
use serde_json::{Value, json};

use super::house::{Person, Portal, eventually};

async fn card(person: &Person, name: &str) -> Option<Value> {
    let list = person.get("/api/v1/services").await.json();
    list["items"].as_array().unwrap().iter().find(|card| card["name"] == name).cloned()
}

async fn reaches(person: &Person, name: &str, status: &str) -> Value {
    eventually(Duration::from_secs(10), || async {
        card(person, name).await.filter(|card| card["status"] == status)
    })
    .await
}

#[tokio::test]
async fn a_service_that_stops_answering_is_seen_and_comes_back_by_itself() {
    let (portal, admin) = Portal::start_unhurried().await;
    let member = portal.new_person(&admin, "ben", "user").await;
    let world = Services::start(&["music"]).await.unwrap();
    let body = json!({"name": "music", "url": world.url("music"), "interval": "1s", "timeout": "500ms", "api_key": "canary"});

    let made = admin.post("/api/v1/services", body).await;
    made.expect(StatusCode::CREATED);
    assert_eq!(made.json()["has_api_key"], true);
    assert_eq!(made.json()["interval"], "1s");
    let up = reaches(&member, "music", "up").await;
    assert_eq!(up["url"], Value::Null, "members do not see addresses");
    assert!(up["latency_ms"].is_number(), "{up}");

    world.set("music", Mode::Refuse);
    reaches(&member, "music", "down").await;
    world.set("music", Mode::Up);
    reaches(&member, "music", "up").await;

    for answer in [made, admin.get("/api/v1/services").await] {
        assert!(!answer.text().contains("canary"), "{}", answer.text());
    }
    portal.stop().await;
}

#[tokio::test]
async fn a_service_is_changed_paused_and_forgotten() {
    let (portal, admin) = Portal::start().await;
    let world = Services::start(&["music"]).await.unwrap();
    let body = json!({"name": "music", "kind": "http", "url": world.url("music"), "interval": "30s"});
    admin.post("/api/v1/services", body.clone()).await.expect(StatusCode::CREATED);
    let again = admin.post("/api/v1/services", body).await;
    again.expect(StatusCode::CONFLICT);
    assert_eq!(again.fields(), ["name"]);

    let path = "/api/v1/services/music";
    let changed = admin.patch(path, json!({"interval": "1m 30s", "timeout": "2s"})).await;
    changed.expect(StatusCode::OK);
    assert_eq!(changed.json()["interval"], "1m 30s");
    assert_eq!(admin.patch(path, json!({"timeout": null})).await.json()["timeout"], Value::Null);
    assert_eq!(admin.patch(path, json!({"api_key": "k"})).await.json()["has_api_key"], true);
    assert_eq!(admin.patch(path, json!({"api_key": null})).await.json()["has_api_key"], false);
    assert_eq!(admin.patch(path, json!({"enabled": false})).await.json()["status"], "paused");
    assert_eq!(admin.patch(path, json!({"enabled": true})).await.json()["status"], "unknown");

    admin.delete(path).await.expect(StatusCode::NO_CONTENT);
    admin.delete(path).await.expect(StatusCode::NOT_FOUND);
    assert!(card(&admin, "music").await.is_none());
    portal.stop().await;
}

#[tokio::test]
async fn services_are_there_again_after_a_restart() {
    let (portal, admin) = Portal::start_unhurried().await;
    let world = Services::start(&["music"]).await.unwrap();
    let body = json!({"name": "music", "url": world.url("music"), "interval": "1s"});
    admin.post("/api/v1/services", body).await.expect(StatusCode::CREATED);
    reaches(&admin, "music", "up").await;

    let again = Portal::in_place(portal.stop().await, |_| {}).await;
    let admin = again.sign_in("ana").await;
    reaches(&admin, "music", "up").await;
    let actors = admin.get("/api/v1/actors").await.json();
    let paths: Vec<&str> =
        actors["items"].as_array().unwrap().iter().filter_map(|actor| actor["path"].as_str()).collect();
    for path in
        ["services/music/monitor", "services/music/breaker", "events/event-hub", "downloads/queue", "web"]
    {
        assert!(paths.contains(&path), "{path} is not in {paths:?}");
    }
    again.stop().await;
}

#[tokio::test]
async fn addresses_and_durations_that_cannot_be_are_refused_by_field() {
    let (portal, admin) = Portal::start().await;
    let own = format!("http://{}/", portal.inner.address);
    let right = json!({"name": "music", "url": "http://192.168.1.20:8096/", "interval": "30s"});
    let long = "k".repeat(5000);

    for (field, value) in [
        ("name", json!("Music!")),
        ("name", json!("")),
        ("name", json!("../plex")),
        ("name", json!("x".repeat(65))),
        ("kind", json!("jellyfin")),
        ("url", json!("")),
        ("url", json!("nas.local")),
        ("url", json!("ftp://nas.local/")),
        ("url", json!("file:///etc/passwd")),
        ("url", json!("gopher://127.0.0.1:6379/_INFO")),
        ("url", json!("http://user:word@nas.local/")),
        ("url", json!("http://169.254.169.254/latest/meta-data/")),
        ("url", json!("http://[fe80::1]/")),
        ("url", json!("http://metadata.google.internal/")),
        ("url", json!("http://nas.local/\r\nX: y")),
        ("url", json!(own)),
        ("url", json!(format!("http://nas.local/{}", "x".repeat(3000)))),
        ("interval", json!("0s")),
        ("interval", json!("999ms")),
        ("interval", json!("soon")),
        ("interval", json!("1000000000000000000000s")),
        ("interval", json!(30)),
        ("timeout", json!("1ms")),
        ("timeout", json!("")),
        ("api_key", json!("")),
        ("api_key", json!("a\r\nb")),
        ("api_key", json!(long)),
        ("enabled", json!("no")),
        ("status", json!("up")),
    ] {
        let mut body = right.clone();
        body[field] = value.clone();
        let answer = admin.post("/api/v1/services", body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {value:.60}: {}", answer.text());
        assert_eq!(answer.fields(), [field], "{value:.60}");
    }
    assert_eq!(admin.get("/api/v1/services").await.json()["items"], json!([]));
    portal.stop().await;
}

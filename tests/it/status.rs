//! How everything is, with Uptime Kuma in the house.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use sandbox::UptimeKuma;
use sandbox::uptime_kuma::{Hook, NewMonitor, Options, Status};
use serde_json::{Value, json};

use super::house::{Person, Portal, eventually};

const PATIENCE: Duration = Duration::from_secs(15);

async fn set_up(admin: &Person, monitors: Vec<NewMonitor>) -> UptimeKuma {
    let kuma = UptimeKuma::start(Options { monitors, ..Options::default() }).await.unwrap();
    let body = json!({"name": "kuma", "kind": "uptime-kuma", "url": kuma.url(), "interval": "20s",
        "api_key": kuma.api_key(), "config": {"slug": "home"}});
    admin.post("/api/v1/services", body).await.expect(StatusCode::CREATED);
    kuma
}

/// The monitor of this name in `GET /api/v1/status`.
fn find(status: &Value, name: &str) -> Option<Value> {
    let groups = status["monitors"]["groups"].as_array()?;
    let mut monitors = groups.iter().flat_map(|group| group["monitors"].as_array().unwrap());
    monitors.find(|monitor| monitor["name"] == name).cloned()
}

async fn until(person: &Person, name: &str, status: &str) -> Value {
    eventually(PATIENCE, || async {
        let monitor = find(&person.get("/api/v1/status").await.json(), name)?;
        (monitor["status"] == status && monitor["stale"] == false).then_some(monitor)
    })
    .await
}

#[tokio::test]
async fn everybody_sees_what_is_on_the_status_page_and_admins_see_the_rest() {
    let (portal, admin) = Portal::start_unhurried().await;
    let ben = portal.new_person(&admin, "ben", "user").await;
    let mut monitors = NewMonitor::household();
    monitors.push(NewMonitor::http("<b>Odd</b> & \"name\"", "http://x.lan/", "Home"));
    let kuma = set_up(&admin, monitors).await;
    kuma.add_incident("Slow <i>internet</i>", "The provider knows.", "warning");

    until(&ben, "Printer", "down").await;
    until(&ben, "Old NAS", "paused").await;

    let [for_ben, for_admin] =
        [ben.get("/api/v1/status").await.json(), admin.get("/api/v1/status").await.json()];
    assert_eq!(for_ben["monitors"]["unlisted"], json!([]));
    assert_eq!(for_admin["monitors"]["unlisted"][0]["name"], "Router admin");
    assert_eq!(for_ben["services"][0]["config"], Value::Null);
    assert_eq!(for_admin["services"][0]["config"]["slug"], "home");
    assert_eq!(for_ben["monitors"]["incidents"][0]["title"], "Slow <i>internet</i>");

    let page = ben.get("/status").await.text();
    for text in
        ["From Uptime Kuma", "Media", "Network", "Printer", "&#60;b&#62;Odd&#60;/b&#62;", "Slow &#60;i&#62;"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("Router admin") && !page.contains("hunter2"));
    let page = admin.get("/status").await.text();
    assert!(page.contains("Router admin") && !page.contains("hunter2"));
}

#[tokio::test]
async fn an_alert_is_on_every_open_page_at_once_and_in_the_inbox_of_the_admin() {
    let (portal, admin) = Portal::start_unhurried().await;
    let ben = portal.new_person(&admin, "ben", "user").await;
    let kuma = set_up(&admin, NewMonitor::household()).await;
    until(&ben, "Plex", "up").await;
    let door = admin.post("/api/v1/services/kuma/webhook", json!({})).await;
    let secret = door.expect(StatusCode::CREATED).json()["secret"].as_str().unwrap().to_owned();
    let url = admin.request(Method::POST, "/api/webhooks/uptime-kuma").build().unwrap().url().to_string();
    let mut stream = ben.request(Method::GET, "/events?page=/status").send().await.unwrap();

    kuma.add_hook(Hook::new(&url, &format!("Bearer {secret}")));
    kuma.set(kuma.id("Plex"), Status::Down, "Request failed with status code 503").await;

    let mut heard = String::new();
    let hearing = async {
        while !heard.contains("Request failed with status code 503") {
            heard += &String::from_utf8_lossy(&stream.chunk().await.unwrap().expect("the stream goes on"));
        }
    };
    tokio::time::timeout(PATIENCE, hearing).await.expect("it is pushed");
    assert!(heard.contains("id=\"kuma\"") && heard.contains("id=\"verdict\""), "{heard}");
    assert_eq!(kuma.delivered(), [200]);
    assert_eq!(until(&ben, "Plex", "down").await["message"], "Request failed with status code 503");
    let mut admins = admin.request(Method::GET, "/api/v1/events").send().await.unwrap();
    kuma.set(kuma.id("Plex"), Status::Up, "200 - OK").await;
    let mut heard = String::new();
    let hearing = async {
        while !heard.contains("Plex is back") {
            heard += &String::from_utf8_lossy(&admins.chunk().await.unwrap().expect("the stream goes on"));
        }
    };
    tokio::time::timeout(PATIENCE, hearing).await.expect("the admin is told");
    until(&ben, "Plex", "up").await;
}

#[tokio::test]
async fn the_door_takes_every_shape_and_nothing_forged() {
    let (portal, admin) = Portal::start_unhurried().await;
    let nobody = portal.anybody();
    let kuma = set_up(&admin, NewMonitor::household()).await;
    until(&admin, "Plex", "up").await;
    let alert = json!({"heartbeat": {"monitorID": kuma.id("Plex"), "status": 0, "msg": "x",
        "time": "2026-11-22 15:30:36.780"}, "monitor": {"name": "Plex", "type": "http"}, "msg": "[Plex] Down"});
    nobody.post("/api/webhooks/uptime-kuma", alert.clone()).await.expect(StatusCode::UNAUTHORIZED);

    let door = admin.post("/api/v1/services/kuma/webhook", json!({})).await.json();
    let secret = door["secret"].as_str().unwrap();
    assert!(door["url"].as_str().unwrap().ends_with("/api/webhooks/uptime-kuma"));
    nobody.post("/api/webhooks/uptime-kuma/wrong", alert.clone()).await.expect(StatusCode::UNAUTHORIZED);
    let path = format!("/api/webhooks/uptime-kuma/{secret}");
    nobody.post(&path, json!({"heartbeat": null, "monitor": null})).await.expect(StatusCode::BAD_REQUEST);
    nobody
        .post(&path, json!({"heartbeat": null, "monitor": null, "msg": "hook Testing"}))
        .await
        .expect(StatusCode::OK);
    let form =
        nobody.request(Method::POST, &path).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(form.body(alert.to_string()).send().await.unwrap().status(), StatusCode::OK);
    until(&admin, "Plex", "down").await;
    let huge = nobody.request(Method::POST, &path).body(vec![b' '; 1024 * 1024]);
    assert_eq!(huge.send().await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
}

//! The quirks of Uptime Kuma that the portal has to live with; see `contracts/uptime-kuma.md`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use reqwest::{Client, StatusCode};
use sandbox::uptime_kuma::{Generation, Hook, Mode, NewMonitor, Options, Status};
use sandbox::{Listener, UptimeKuma};
use serde_json::Value;

struct Stage {
    kuma: UptimeKuma,
    client: Client,
}

impl Stage {
    async fn start(options: Options) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(Duration::from_secs(5)).no_proxy().build().unwrap();
        Self { kuma: UptimeKuma::start(options).await.unwrap(), client }
    }

    async fn usual() -> Self {
        Self::start(Options::default()).await
    }

    async fn get(&self, path: &str) -> (StatusCode, HeaderMap, String) {
        let answer = self.client.get(format!("{}{path}", self.kuma.url())).send().await.unwrap();
        (answer.status(), answer.headers().clone(), answer.text().await.unwrap())
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).await.2).unwrap()
    }

    async fn metrics(&self) -> String {
        let url = format!("{}/metrics", self.kuma.url());
        let answer = self.client.get(url).basic_auth("", Some(self.kuma.api_key())).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    }

    async fn series(&self, family: &str, monitor: &str) -> Option<String> {
        let metrics = self.metrics().await;
        let name = format!("monitor_name=\"{monitor}\"");
        let found =
            metrics.lines().find(|line| line.starts_with(&format!("{family}{{")) && line.contains(&name));
        found.map(|line| line.rsplit(' ').next().unwrap().to_owned())
    }

    /// The last status that the status page shows.
    async fn shown(&self, name: &str) -> Value {
        let id = self.kuma.id(name).to_string();
        let beats = self.json("/api/status-page/heartbeat/home").await;
        beats["heartbeatList"][id].as_array().unwrap().last().unwrap()["status"].clone()
    }
}

#[tokio::test]
async fn metrics_open_with_the_key_as_the_password_of_nobody() {
    let stage = Stage::usual().await;

    let (status, headers, body) = stage.get("/metrics").await;
    assert_eq!((status.as_u16(), body.as_str()), (401, ""));
    assert_eq!(headers["www-authenticate"], "Basic");
    let url = format!("{}/metrics", stage.kuma.url());
    let bearer = stage.client.get(&url).bearer_auth(stage.kuma.api_key()).send().await.unwrap();
    assert_eq!(bearer.status(), 401);
    let wrong = stage.client.get(&url).basic_auth("", Some("uk1_wrong")).send().await.unwrap();
    assert_eq!(wrong.status(), 401);

    let metrics = stage.metrics().await;
    assert!(metrics.contains("process_resident_memory_bytes"), "{metrics}");
    assert_eq!(stage.series("monitor_status", "Plex").await.as_deref(), Some("1"));
    assert_eq!(stage.series("monitor_status", "Printer").await.as_deref(), Some("0"));
    assert_eq!(stage.series("monitor_response_time", "Printer").await.as_deref(), Some("-1"));
    assert!(metrics.contains(r#"monitor_url="https://",monitor_hostname="router.lan",monitor_port="53""#));
    assert!(metrics.contains(r#"env="prod",monitor_id="2",monitor_name="Plex""#), "{metrics}");
}

#[tokio::test]
async fn paused_monitors_have_no_series_and_look_up_on_the_status_page() {
    let stage = Stage::usual().await;
    assert_eq!(stage.series("monitor_status", "Old NAS").await, None);
    assert_eq!(stage.shown("Old NAS").await, 1);

    let plex = stage.kuma.id("Plex");
    stage.kuma.set_active(plex, false);
    assert_eq!(stage.series("monitor_status", "Plex").await, None);
    stage.kuma.set_active(plex, true);
    assert_eq!(stage.series("monitor_status", "Plex").await, None, "only the next beat brings it back");
    stage.kuma.beat_all().await;
    assert_eq!(stage.series("monitor_status", "Plex").await.as_deref(), Some("1"));

    stage.kuma.restart();
    assert_eq!(stage.series("monitor_status", "Plex").await, None);
}

#[tokio::test]
async fn the_generations_differ_in_labels_ratios_and_incidents() {
    let mut pages = Vec::new();
    for generation in [Generation::V1_23, Generation::V2_0, Generation::V2_5] {
        let stage = Stage::start(Options { generation, ..Options::default() }).await;
        stage.kuma.add_incident("Disk swap", "An hour without films.", "warning");
        pages.push((stage.metrics().await, stage.json("/api/status-page/home").await));
    }

    let [old, middle, new] = pages.as_slice() else { panic!() };
    assert!(!old.0.contains("monitor_id") && middle.0.contains("monitor_id"));
    assert!(!middle.0.contains("monitor_uptime_ratio") && new.0.contains("monitor_uptime_ratio"));
    assert!(!middle.0.contains("env=") && new.0.contains("env="));
    for page in [old, middle] {
        assert_eq!(page.1["incident"]["title"], "Disk swap");
        assert!(page.1.get("incidents").is_none());
    }
    assert_eq!(new.1["incidents"][0]["title"], "Disk swap");
    assert!(new.1.get("incident").is_none());
}

#[tokio::test]
async fn the_oldest_generation_merges_monitors_of_the_same_name() {
    let monitors = vec![
        NewMonitor::http("Twin", "http://a.example/", "Home"),
        NewMonitor { status: Some(Status::Down), ..NewMonitor::http("Twin", "http://a.example/", "Home") },
    ];
    let stage = Stage::start(Options { generation: Generation::V1_23, monitors, ..Options::default() }).await;

    let metrics = stage.metrics().await;

    assert_eq!(metrics.lines().filter(|line| line.starts_with("monitor_status{")).count(), 1);
    assert_eq!(stage.series("monitor_status", "Twin").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn unknown_slugs_are_missing_for_the_page_and_empty_for_the_beats() {
    let stage = Stage::usual().await;

    let (status, _, body) = stage.get("/api/status-page/nope").await;
    assert_eq!(status, 404);
    assert_eq!(body, r#"{"msg":"Status Page Not Found","status":"fail"}"#);
    let (status, _, body) = stage.get("/api/status-page/heartbeat/nope").await;
    assert_eq!((status.as_u16(), body.as_str()), (200, r#"{"heartbeatList":{},"uptimeList":{}}"#));
    assert_eq!(stage.json("/api/entry-page").await["type"], "entryPage");
}

#[tokio::test]
async fn a_webhook_leaves_before_the_beat_is_stored() {
    let stage = Stage::usual().await;
    let seen = Arc::new(Mutex::new(None));
    let (url, client, kept) = (stage.kuma.url(), stage.client.clone(), seen.clone());
    let plex = stage.kuma.id("Plex");
    let listener = Listener::start(move |_| {
        let (url, client, kept) = (url.clone(), client.clone(), kept.clone());
        async move {
            let beats: Value = client
                .get(format!("{url}/api/status-page/heartbeat/home?fresh"))
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            let last = beats["heartbeatList"][plex.to_string()].as_array().unwrap().last().unwrap()["status"]
                .clone();
            *kept.lock().unwrap() = Some(last);
            StatusCode::OK
        }
    })
    .await
    .unwrap();
    stage.kuma.add_hook(Hook::new(&listener.url("/hook"), "Bearer s3cret"));

    stage.kuma.set(plex, Status::Down, "Request failed with status code 503").await;

    assert_eq!(seen.lock().unwrap().take(), Some(1.into()), "the receiver still read the old status");
    assert_eq!(stage.shown("Plex").await, 0);
    let [sent] = listener.taken().try_into().unwrap_or_else(|_| panic!("one webhook"));
    assert_eq!(sent.headers["authorization"], "Bearer s3cret");
    assert_eq!(sent.headers["user-agent"], "Uptime-Kuma/2.5.3");
    let body = sent.json();
    assert_eq!(body["msg"], "[Plex] [🔴 Down] Request failed with status code 503");
    assert_eq!(body["heartbeat"]["status"], 0);
    assert_eq!(body["monitor"]["pathName"], "Media / Plex");
    assert!(body["monitor"].as_object().unwrap().len() > 70);
    let time = body["heartbeat"]["time"].as_str().unwrap();
    assert!(time.len() == 23 && time.as_bytes()[10] == b' ', "{time}");
}

#[tokio::test]
async fn alerts_are_for_down_and_back_up_and_tried_once() {
    let stage = Stage::usual().await;
    let listener = Listener::answering(StatusCode::INTERNAL_SERVER_ERROR).await.unwrap();
    stage.kuma.add_hook(Hook::new(&listener.url("/hook"), "Bearer s3cret"));
    let plex = stage.kuma.id("Plex");

    stage.kuma.set(plex, Status::Pending, "timeout").await;
    stage.kuma.set_active(plex, false);
    stage.kuma.set_active(plex, true);
    let work = stage.kuma.add_maintenance("Disk swap", "", &[plex]);
    stage.kuma.set(plex, Status::Down, "off").await;
    assert_eq!(stage.shown("Plex").await, 3);
    assert!(listener.taken().is_empty(), "neither pending, pause nor maintenance is told");

    stage.kuma.end_maintenance(work);
    stage.kuma.set(plex, Status::Down, "off").await;
    stage.kuma.set(plex, Status::Down, "off").await;
    stage.kuma.set(plex, Status::Up, "200 - OK").await;

    let told: Vec<Value> = listener.taken().iter().map(|sent| sent.json()["heartbeat"].clone()).collect();
    assert_eq!(told.iter().map(|beat| beat["status"].clone()).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(told[1]["lastDownTime"].as_str().unwrap().len(), 23);
    assert_eq!(stage.kuma.delivered(), [500, 500]);
}

#[tokio::test]
async fn a_group_goes_down_after_its_member() {
    let stage = Stage::usual().await;
    let listener = Listener::answering(StatusCode::OK).await.unwrap();
    stage.kuma.add_hook(Hook::new(&listener.url("/hook"), "Bearer s3cret"));

    stage.kuma.set(stage.kuma.id("Plex"), Status::Down, "off").await;
    assert_eq!(listener.taken().len(), 1);
    stage.kuma.beat_all().await;

    let group = listener.taken().last().unwrap().json();
    assert_eq!(group["msg"], "[Media] [🔴 Down] Child monitors down: Plex");
    assert_eq!(group["monitor"]["childrenIDs"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_test_message_names_nothing_in_each_of_its_shapes() {
    let stage = Stage::usual().await;
    let listener = Listener::answering(StatusCode::OK).await.unwrap();
    for mode in [Mode::Json, Mode::Form, Mode::Get] {
        stage.kuma.add_hook(Hook { mode, ..Hook::new(&listener.url("/hook"), "Bearer s3cret") });
    }

    stage.kuma.send_test().await;

    let [json, form, get] = listener.taken().try_into().unwrap_or_else(|_| panic!("three messages"));
    let body = r#"{"heartbeat":null,"monitor":null,"msg":"portal hook Testing"}"#;
    assert_eq!(json.body, body);
    assert!(form.headers["content-type"].to_str().unwrap().starts_with("multipart/form-data; boundary=-"));
    assert!(String::from_utf8_lossy(&form.body).contains(&format!("name=\"data\"\r\n\r\n{body}\r\n")));
    assert_eq!((get.method.as_str(), get.query.as_str()), ("GET", "msg=portal+hook+Testing"));
}

#[tokio::test]
async fn trouble_of_a_push_monitor_shows_only_when_the_cache_runs_out() {
    let stage = Stage::usual().await;
    assert_eq!(stage.shown("Nightly backup").await, 1);

    let (status, _, body) = stage.get("/api/push/bK3nightly7?status=down&msg=disk%20full").await;
    assert_eq!((status.as_u16(), body.as_str()), (200, r#"{"ok":true}"#));

    assert_eq!(stage.series("monitor_status", "Nightly backup").await.as_deref(), Some("0"));
    assert_eq!(stage.shown("Nightly backup").await, 1);
    stage.kuma.set(stage.kuma.id("Plex"), Status::Down, "off").await;
    assert_eq!(stage.shown("Nightly backup").await, 0);
    assert_eq!(stage.get("/api/push/nobody").await.0, 404);
}

#[tokio::test]
async fn monitors_come_and_go_on_command() {
    let stage = Stage::usual().await;
    let fake = |path: &str| format!("{}/_fake/{path}", stage.kuma.url());
    let new = r#"{"name": "New <b>", "url": "http://new.lan/", "heading": "Home"}"#;
    let made: Value =
        stage.client.post(fake("monitors")).body(new).send().await.unwrap().json().await.unwrap();
    assert_eq!(stage.series("monitor_status", "New <b>").await.as_deref(), Some("1"));

    let one = fake(&format!("monitors/{}", made["id"]));
    let down = stage.client.post(&one).body(r#"{"status": "down"}"#).send().await.unwrap();
    assert_eq!(down.status(), 204);
    assert_eq!(stage.series("monitor_status", "New <b>").await.as_deref(), Some("0"));
    assert_eq!(stage.client.delete(&one).send().await.unwrap().status(), 204);
    assert_eq!(stage.series("monitor_status", "New <b>").await, None);
    assert!(stage.kuma.hits().of("GET /metrics") >= 3);
}

//! A stand-in for Uptime Kuma, as `contracts/uptime-kuma.md` found the real one to speak.
//!
//! | path | what it is |
//! |---|---|
//! | `/metrics` | every active monitor, behind Basic with an empty user and the API key |
//! | `/api/status-page/SLUG`, `/api/status-page/heartbeat/SLUG` | the public page, cached like the real one |
//! | `/api/status-page/SLUG/incident-history` | from 2.1 on |
//! | `/api/push/TOKEN?status=up&msg=&ping=` | push monitors |
//! | `/api/entry-page` | the cheap sign of life |
//! | `/_fake/...` | the commands of [`commands`], the switches of [`faults`](crate::faults), and `hits` |
//!
//! Quirks that are kept: a webhook leaves before its beat is stored; a slow receiver holds up that
//! monitor; there is one attempt; nothing is sent for pending, pause and maintenance; paused monitors
//! have no series but stay on the status page with their last beat; a push monitor's trouble shows
//! there only when the cache runs out; series come back one by one after a restart.

mod commands;
mod metrics;
mod monitor;
mod status_page;
mod webhook;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use http::{HeaderValue, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::task::JoinSet;

use crate::faults::Faults;
use crate::hits::Hits;
use crate::lock;
use crate::server::{self, Request, Response, Server};

pub use monitor::{Monitor, NewMonitor, Status};
pub use webhook::{Hook, Mode};

use monitor::Beat;
use status_page::{Cache, Incident, Maintenance};

/// Between the answer to a webhook and the beat being there for everybody.
const STORED_AFTER: Duration = Duration::from_millis(50);

/// Which fields and families there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Generation {
    /// No ids in the metrics, one `incident`, no ratios.
    #[serde(rename = "1.23")]
    V1_23,
    /// Ids, one `incident`, no ratios.
    #[serde(rename = "2.0")]
    V2_0,
    /// Ids, tags, ratios, `incidents`.
    #[default]
    #[serde(rename = "2.5")]
    V2_5,
}

/// How the stand-in starts.
#[derive(Debug, Clone)]
pub struct Options {
    pub generation: Generation,
    /// Opens `/metrics`. `None`: authentication is switched off there.
    pub api_key: Option<String>,
    pub slug: String,
    /// How often every monitor beats by itself. `None`: only on [`UptimeKuma::beat_all`].
    pub interval: Option<Duration>,
    /// The monitors there are; [`NewMonitor::household`] is a believable dozen.
    pub monitors: Vec<NewMonitor>,
    /// How many beats each monitor already has.
    pub past_beats: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            generation: Generation::default(),
            api_key: Some("uk1_9vTq3LxW8bRn5ZcY2sKd7HgJ4mPf6aQe0uVi1oEt".to_owned()),
            slug: "home".to_owned(),
            interval: None,
            monitors: NewMonitor::household(),
            past_beats: 40,
        }
    }
}

/// A running Uptime Kuma; it ends when this is dropped.
pub struct UptimeKuma {
    addr: SocketAddr,
    kuma: Arc<Kuma>,
    _server: Server,
    _beating: JoinSet<()>,
}

/// What the requests and the beats share.
struct Kuma {
    options: Options,
    house: Mutex<House>,
    faults: Faults,
    hits: Hits,
}

/// Everything that changes.
#[derive(Default)]
struct House {
    monitors: BTreeMap<i64, Monitor>,
    incidents: Vec<Incident>,
    maintenances: Vec<Maintenance>,
    hooks: Vec<Hook>,
    cache: Cache,
    last_id: i64,
    /// The answers of the receivers of webhooks, oldest first; 0 where there was none.
    delivered: Vec<u16>,
}

impl House {
    fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }
}

impl UptimeKuma {
    /// Starts it on a free port of 127.0.0.1.
    pub async fn start(options: Options) -> io::Result<Self> {
        let interval = options.interval;
        let kuma = Arc::new(Kuma {
            options,
            house: Mutex::default(),
            faults: Faults::default(),
            hits: Hits::default(),
        });
        for new in &kuma.options.monitors {
            kuma.add(new.clone());
        }
        let answering = kuma.clone();
        let handler: server::Handler = Arc::new(move |request| {
            let kuma = answering.clone();
            Box::pin(async move { kuma.answer(request).await })
        });
        let handler = kuma.faults.guard(kuma.hits.counted(handler));
        let server = Server::start(SocketAddr::from(([127, 0, 0, 1], 0)), handler).await?;
        let mut beating = JoinSet::new();
        if let Some(interval) = interval {
            beating.spawn(beat_for_ever(kuma.clone(), interval));
        }
        Ok(Self { addr: server.addr, kuma, _server: server, _beating: beating })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address without a path: what a service row carries.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The key that opens `/metrics`; empty when it is open.
    pub fn api_key(&self) -> &str {
        self.kuma.options.api_key.as_deref().unwrap_or_default()
    }

    pub fn slug(&self) -> &str {
        &self.kuma.options.slug
    }

    pub fn faults(&self) -> &Faults {
        &self.kuma.faults
    }

    /// How often each path was asked, faults included.
    pub fn hits(&self) -> &Hits {
        &self.kuma.hits
    }

    /// The monitor of this name.
    ///
    /// # Panics
    /// When there is none.
    pub fn id(&self, name: &str) -> i64 {
        let house = lock(&self.kuma.house);
        let found = house.monitors.values().find(|monitor| monitor.new.name == name);
        found.map(|monitor| monitor.id).unwrap_or_else(|| panic!("there is no monitor {name:?}"))
    }

    pub fn add(&self, new: NewMonitor) -> i64 {
        self.kuma.add(new)
    }

    pub fn remove(&self, id: i64) {
        self.kuma.remove(id);
    }

    /// The next check of `id` finds this. Sends the webhooks that the real one would send, and
    /// returns when the beat is stored, which is after they are answered.
    pub async fn set(&self, id: i64, status: Status, message: &str) {
        self.kuma.settle(id, status, Some(message.to_owned()), None).await;
    }

    /// Stops checking `id`, or starts again.
    pub fn set_active(&self, id: i64, is_active: bool) {
        self.kuma.set_active(id, is_active);
    }

    /// Every active monitor is checked once more and finds what it found last; groups look at their
    /// members.
    pub async fn beat_all(&self) {
        self.kuma.beat_all().await;
    }

    /// As after a restart: no monitor has series before its next beat.
    pub fn restart(&self) {
        self.kuma.restart();
    }

    /// Announces an incident (`style`: info, warning, danger, primary, ...).
    pub fn add_incident(&self, title: &str, content: &str, style: &str) -> i64 {
        self.kuma.add_incident(title, content, style)
    }

    pub fn end_incident(&self, id: i64) {
        self.kuma.end_incident(id);
    }

    /// Puts monitors under maintenance; their next beat says so.
    pub fn add_maintenance(&self, title: &str, description: &str, monitors: &[i64]) -> i64 {
        self.kuma.add_maintenance(title, description, monitors)
    }

    pub fn end_maintenance(&self, id: i64) {
        self.kuma.end_maintenance(id);
    }

    /// From now on alerts go here as well.
    pub fn add_hook(&self, hook: Hook) {
        lock(&self.kuma.house).hooks.push(hook);
    }

    /// The button "Test": a message with no heartbeat and no monitor.
    pub async fn send_test(&self) {
        self.kuma.send_test().await;
    }

    /// What the receivers of webhooks answered, oldest first; 0 where nobody did.
    pub fn delivered(&self) -> Vec<u16> {
        lock(&self.kuma.house).delivered.clone()
    }
}

async fn beat_for_ever(kuma: Arc<Kuma>, interval: Duration) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        kuma.beat_all().await;
    }
}

impl Kuma {
    async fn answer(&self, request: Request) -> Response {
        let parts = request.segments();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let mut response = match (request.method.clone(), parts.as_slice()) {
            (_, ["_fake", rest @ ..]) => return self.command(rest, &request).await,
            (Method::GET, ["metrics"]) => self.metrics(&request),
            (Method::GET, ["api", "entry-page"]) => {
                server::json(&json!({ "type": "entryPage", "entryPage": "dashboard" }))
            }
            (Method::GET, ["api", "status-page", "heartbeat", slug]) => self.heartbeats(slug, &request),
            (Method::GET, ["api", "status-page", slug]) => self.status_page(slug, &request),
            (Method::GET, ["api", "status-page", slug, "incident-history"]) => self.incident_history(slug),
            (method, ["api", "push", token]) => self.push(token, &method, &request).await,
            (Method::GET, []) => server::redirect("/dashboard"),
            _ => server::html(
                "<!DOCTYPE html><html><head><title>Uptime Kuma</title></head><body></body></html>",
            ),
        };
        response.headers_mut().insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
        response
    }

    fn metrics(&self, request: &Request) -> Response {
        if !self.may_read_metrics(request) {
            let mut refusal = server::html("");
            *refusal.status_mut() = StatusCode::UNAUTHORIZED;
            refusal.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
            return refusal;
        }
        let text = metrics::write(&lock(&self.house), self.options.generation);
        server::reply(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
    }

    fn may_read_metrics(&self, request: &Request) -> bool {
        let Some(key) = &self.options.api_key else { return true };
        let sent = request.header(header::AUTHORIZATION).strip_prefix("Basic ").unwrap_or_default();
        // The user's name is not looked at when there are keys.
        STANDARD
            .decode(sent)
            .is_ok_and(|pair| pair.splitn(2, |byte| *byte == b':').nth(1) == Some(key.as_bytes()))
    }

    async fn push(&self, token: &str, method: &Method, request: &Request) -> Response {
        let refusal = || {
            let body = json!({ "ok": false, "msg": "Monitor not found or not active." });
            server::json_as(StatusCode::NOT_FOUND, &body)
        };
        if self.options.generation == Generation::V1_23 && method != Method::GET {
            return refusal();
        }
        let pushed = {
            let house = lock(&self.house);
            let by_token = |monitor: &&Monitor| monitor.new.push_token.as_deref() == Some(token);
            house
                .monitors
                .values()
                .filter(|monitor| monitor.is_active)
                .find(by_token)
                .map(|monitor| monitor.id)
        };
        let Some(id) = pushed else { return refusal() };
        let asked = |name: &str| request.query.get(name).filter(|text| !text.is_empty()).cloned();
        let is_up = asked("status").is_none_or(|status| status == "up");
        let status = if is_up { Status::Up } else { Status::Down };
        let message = asked("msg").unwrap_or_else(|| "OK".to_owned());
        let ping = asked("ping").and_then(|ping| ping.parse().ok());
        self.settle(id, status, Some(message), ping).await;
        server::json(&json!({ "ok": true }))
    }

    fn add(&self, new: NewMonitor) -> i64 {
        let mut house = lock(&self.house);
        let id = house.next_id();
        let monitor = Monitor::new(id, new, self.options.past_beats, Timestamp::now());
        house.monitors.insert(id, monitor);
        house.cache.clear();
        id
    }

    fn remove(&self, id: i64) {
        let mut house = lock(&self.house);
        house.monitors.remove(&id);
        house.cache.clear();
    }

    fn set_active(&self, id: i64, is_active: bool) {
        if let Some(monitor) = lock(&self.house).monitors.get_mut(&id) {
            monitor.is_active = is_active;
            monitor.has_series = false;
        }
    }

    fn restart(&self) {
        let mut house = lock(&self.house);
        house.cache.clear();
        for monitor in house.monitors.values_mut() {
            monitor.has_series = false;
        }
    }

    async fn beat_all(&self) {
        let ids: Vec<i64> = lock(&self.house).monitors.keys().copied().collect();
        // Groups look at what the others found.
        let (groups, others): (Vec<i64>, Vec<i64>) = {
            let house = lock(&self.house);
            ids.into_iter().partition(|id| house.monitors.get(id).is_some_and(|m| m.new.kind == "group"))
        };
        for id in others {
            let next = lock(&self.house).monitors.get(&id).map(|monitor| monitor.status());
            if let Some(status) = next {
                self.settle(id, status, None, None).await;
            }
        }
        for id in groups {
            let (status, message) = self.of_the_members(id);
            self.settle(id, status, Some(message), None).await;
        }
    }

    /// What a group finds: it is down with the first of its members.
    fn of_the_members(&self, group: i64) -> (Status, String) {
        let house = lock(&self.house);
        let name = house.monitors.get(&group).map(|monitor| monitor.new.name.clone());
        let in_group = |monitor: &&Monitor| monitor.is_active && monitor.new.parent == name;
        let is_down = |monitor: &&Monitor| monitor.status() == Status::Down;
        let down: Vec<&str> = house
            .monitors
            .values()
            .filter(in_group)
            .filter(is_down)
            .map(|monitor| monitor.new.name.as_str())
            .collect();
        match down.as_slice() {
            [] => (Status::Up, "All children up and running".to_owned()),
            names => (Status::Down, format!("Child monitors down: {}", names.join(", "))),
        }
    }

    /// One check of `id` has ended. A monitor that is paused is not checked.
    async fn settle(&self, id: i64, found: Status, message: Option<String>, ping: Option<f64>) {
        let (deliveries, beat) = {
            let house = lock(&self.house);
            let Some(monitor) = house.monitors.get(&id).filter(|monitor| monitor.is_active) else { return };
            let under_maintenance = house.maintenances.iter().any(|maintenance| maintenance.covers(id));
            let status = match found {
                _ if under_maintenance => Status::Maintenance,
                // Maintenance is over.
                Status::Maintenance => Status::Up,
                found => found,
            };
            let beat = monitor.next_beat(status, message, ping, Timestamp::now());
            let is_alert = monitor.is_alert(status);
            let deliveries = if is_alert {
                webhook::alerts(&house, monitor, &beat, self.options.generation)
            } else {
                vec![]
            };
            (deliveries, beat)
        };
        // The real one sends first, waits for the answers, and stores the beat after that.
        if !deliveries.is_empty() {
            self.deliver(deliveries).await;
            tokio::time::sleep(STORED_AFTER).await;
        }
        self.store(id, beat);
    }

    fn store(&self, id: i64, beat: Beat) {
        let mut house = lock(&self.house);
        let Some(monitor) = house.monitors.get_mut(&id) else { return };
        let is_push = monitor.new.kind == "push";
        let is_important = monitor.status() != beat.status;
        monitor.store(beat);
        if is_important && !is_push {
            house.cache.clear();
        }
    }

    async fn send_test(&self) {
        let deliveries = webhook::tests(&lock(&self.house), self.options.generation);
        self.deliver(deliveries).await;
    }

    async fn deliver(&self, deliveries: Vec<crate::outgoing::Outgoing>) {
        for outgoing in deliveries {
            // The real one's patience.
            let answer = crate::outgoing::send(outgoing, Duration::from_secs(300)).await;
            let status = answer.map(|status| status.as_u16()).unwrap_or_default();
            lock(&self.house).delivered.push(status);
        }
    }
}

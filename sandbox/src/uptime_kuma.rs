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

mod checks;
mod commands;
mod handle;
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

use status_page::{Cache, Incident, Maintenance};

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
}

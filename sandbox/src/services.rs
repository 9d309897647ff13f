//! HTTP services that come and go, for monitors to watch.
//!
//! Each service answers `GET /` (and any other path) in the way its [`Mode`] says. The mode is set by
//! [`Services::set`], by `POST /_fault {"mode": "down"}` at the service itself, or by
//! `POST /_fault {"service": "music", "mode": "refuse"}` at the control address, which is the only
//! door that is left when a service refuses connections. Beside that each has the switches of
//! [`faults`](crate::faults).

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::faults::Faults;
use crate::lock;
use crate::server::{self, Request, Response, Server};

/// How a service behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// 200.
    #[default]
    Up,
    /// 503.
    Down,
    /// Takes the request and never answers.
    Hang,
    /// Nothing listens: connections are refused.
    Refuse,
    /// 200 after a second.
    Slow,
    /// Up for 40 seconds, then down for 20, and so on; for the demo.
    ComesAndGoes,
}

const SLOW: Duration = Duration::from_secs(1);
const UP_FOR: Duration = Duration::from_secs(40);
const DOWN_FOR: Duration = Duration::from_secs(20);

/// Running services; they end when this is dropped.
pub struct Services {
    services: Arc<BTreeMap<String, Service>>,
    control: Server,
    _keepers: JoinSet<()>,
}

struct Service {
    addr: SocketAddr,
    mode: watch::Sender<Mode>,
    hits: Arc<Mutex<u64>>,
    faults: Faults,
}

impl Services {
    /// Starts one service per name, each on a free port of 127.0.0.1, and all of them up.
    pub async fn start(names: &[&str]) -> io::Result<Self> {
        let loopback = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        let mut services = BTreeMap::new();
        let mut keepers = JoinSet::new();
        for &name in names {
            let (mode, _) = watch::channel(Mode::Up);
            let answering = Answering {
                mode: mode.clone(),
                since: Instant::now(),
                hits: Arc::default(),
                faults: Faults::default(),
            };
            let (hits, faults) = (answering.hits.clone(), answering.faults.clone());
            let server = Server::start(loopback, answering.handler()).await?;
            let addr = server.addr;
            keepers.spawn(keep_open_or_closed(server, answering));
            services.insert(name.to_owned(), Service { addr, mode, hits, faults });
        }
        let services = Arc::new(services);
        let controlled = services.clone();
        let control = Server::start(
            loopback,
            Arc::new(move |request| {
                let answer = control_answer(&controlled, &request);
                Box::pin(async move { answer })
            }),
        )
        .await?;
        Ok(Self { services, control, _keepers: keepers })
    }

    /// The address of the service `name`; it stays the same while the service refuses connections.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn addr(&self, name: &str) -> SocketAddr {
        self.named(name).addr
    }

    /// The address that a monitor probes.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn url(&self, name: &str) -> String {
        format!("http://{}/", self.addr(name))
    }

    /// From now on `name` behaves like this. A refusing service closes its socket within
    /// milliseconds, not before this returns.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn set(&self, name: &str, mode: Mode) {
        self.named(name).mode.send_replace(mode);
    }

    /// The fault switches of `name`, which come before its mode.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn faults(&self, name: &str) -> &Faults {
        &self.named(name).faults
    }

    /// How often `name` was asked.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn hits(&self, name: &str) -> u64 {
        *lock(&self.named(name).hits)
    }

    /// Where `POST /_fault {"service", "mode"}` sets a mode and `GET /` lists the services.
    pub fn control(&self) -> SocketAddr {
        self.control.addr
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    fn named(&self, name: &str) -> &Service {
        self.services.get(name).unwrap_or_else(|| panic!("the sandbox has no service {name:?}"))
    }
}

/// What the requests to one service share.
#[derive(Clone)]
struct Answering {
    mode: watch::Sender<Mode>,
    since: Instant,
    hits: Arc<Mutex<u64>>,
    faults: Faults,
}

impl Answering {
    fn handler(&self) -> server::Handler {
        let answering = self.clone();
        self.faults.guard(Arc::new(move |request| {
            let answering = answering.clone();
            Box::pin(async move { answering.answer(request).await })
        }))
    }

    async fn answer(&self, request: Request) -> Response {
        if request.method == Method::POST && request.path == "/_fault" {
            return match serde_json::from_slice::<Switch>(&request.body) {
                Ok(switch) => {
                    self.mode.send_replace(switch.mode);
                    server::text(StatusCode::NO_CONTENT, "")
                }
                Err(error) => server::text(StatusCode::BAD_REQUEST, error.to_string()),
            };
        }
        *lock(&self.hits) += 1;
        let mode = *self.mode.borrow();
        match mode {
            Mode::Up | Mode::Refuse => server::text(StatusCode::OK, "fine\n"),
            Mode::Down => server::text(StatusCode::SERVICE_UNAVAILABLE, "unwell\n"),
            Mode::Hang => std::future::pending().await,
            Mode::Slow => {
                tokio::time::sleep(SLOW).await;
                server::text(StatusCode::OK, "fine, in the end\n")
            }
            Mode::ComesAndGoes if self.is_in_its_good_time() => server::text(StatusCode::OK, "fine\n"),
            Mode::ComesAndGoes => server::text(StatusCode::SERVICE_UNAVAILABLE, "back soon\n"),
        }
    }

    fn is_in_its_good_time(&self) -> bool {
        let round = UP_FOR + DOWN_FOR;
        let into_the_round = self.since.elapsed().as_millis() % round.as_millis();
        into_the_round < UP_FOR.as_millis()
    }
}

/// Closes the socket while the mode is `Refuse`, and opens it again on the same port afterwards.
async fn keep_open_or_closed(mut server: Server, answering: Answering) {
    let mut modes = answering.mode.subscribe();
    loop {
        let is_refusing = |mode: &Mode| *mode == Mode::Refuse;
        if modes.wait_for(is_refusing).await.is_err() {
            return;
        }
        server.close().await;
        if modes.wait_for(|mode| !is_refusing(mode)).await.is_err() {
            return;
        }
        let addr = server.addr;
        server = loop {
            match Server::start(addr, answering.handler()).await {
                Ok(server) => break server,
                // Somebody borrowed the port for an outgoing connection; it comes back.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
    }
}

#[derive(Deserialize)]
struct Switch {
    /// Which service; only the control address needs it.
    service: Option<String>,
    mode: Mode,
}

fn control_answer(services: &BTreeMap<String, Service>, request: &Request) -> Response {
    if request.method != Method::POST {
        let list: BTreeMap<_, _> = services
            .iter()
            .map(|(name, service)| {
                let mode = *service.mode.borrow();
                (name, json!({ "url": format!("http://{}/", service.addr), "mode": mode }))
            })
            .collect();
        return server::json(&json!(list));
    }
    let switch: Switch = match serde_json::from_slice(&request.body) {
        Ok(switch) => switch,
        Err(error) => return server::text(StatusCode::BAD_REQUEST, error.to_string()),
    };
    match switch.service.and_then(|name| services.get(&name)) {
        Some(service) => {
            service.mode.send_replace(switch.mode);
            server::text(StatusCode::NO_CONTENT, "")
        }
        None => server::text(StatusCode::NOT_FOUND, "no such service\n"),
    }
}

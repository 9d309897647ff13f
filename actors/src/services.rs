//! The configured services, and the pair of actors that watches each.
//!
//! ```text
//!    pages, API                              rows of service_config
//!        |  create, update, delete                |  at every start of `services`
//!        v                                        v
//!    [services] -- row, then child -->  services/<name>/breaker
//!        |                              services/<name>/monitor
//!        +-- StatusBoard, gates         services/_recorder
//! ```
//!
//! The row is the truth: an edit writes it first and then brings the tree in line with it.
//! Edits are done one after the other and are not cut short when the asker goes away.

mod edit;
mod monitors;
pub(crate) mod record;
mod recorder;

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use domain::address::AdminUrl;
use domain::breaker::Rules;
use domain::event::Event;
use domain::service::{Heartbeat, Service, ServiceKind, ServiceName};
use integrations::breaker::Gate;
use integrations::http::Transport;
use integrations::overseerr::Overseerr;
use integrations::plex;
use integrations::probe::{Probed, probe_http};
use integrations::tmdb::Tmdb;
use integrations::uptime_kuma::UptimeKuma;
use store::ephemeral::Ephemeral;
use store::{Reader, Writer};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::circuit_breaker::CircuitBreaker;
use crate::event_hub;
use crate::kuma_feed;
use crate::monitor_board::MonitorBoard;
use crate::plex_live::{Announce, Live, PlexLive};
use crate::runtime::{Crash, Factory, System};
use crate::service_monitor::{Look, ServiceMonitor};
use crate::status_board::StatusBoard;
use crate::supervisor::{Child, Dynamic};
use crate::upstream::{self, Desk, Direct, Shelf, Upstream};

pub use edit::Denied;
use record::Record;
use recorder::Recorder;

/// The dynamic supervisor of the pairs.
pub const PATH: &str = "services";

/// The child that writes what the monitors see. No service can have that name.
const RECORDER: &str = "_recorder";

/// What every answer that is kept of the library is called by first.
const LIBRARY: &str = "library/";

/// What the pairs share. Clones are the same one.
#[derive(Clone)]
pub struct Services(Arc<Parts>);

struct Parts {
    system: System,
    reader: Reader,
    writer: Writer,
    look: Look,
    surroundings: Surroundings,
    board: Arc<StatusBoard>,
    record: Arc<Record>,
    gates: Mutex<BTreeMap<ServiceName, Gate>>,
    transport: Transport,
    shelves: Mutex<BTreeMap<ServiceName, Arc<Shelf>>>,
    plex_heard: watch::Sender<u64>,
    monitors: Arc<MonitorBoard>,
    /// Held during an edit.
    editing: tokio::sync::Mutex<()>,
    /// The edits under way.
    edits: Mutex<JoinSet<()>>,
}

/// What is around the services and in no row of them.
#[derive(Clone)]
pub struct Surroundings {
    /// Where the portal itself listens: not a service.
    pub listen: SocketAddr,
    /// Where The Movie Database is, when the operator says so; wins over the address of its row.
    pub tmdb: Option<AdminUrl>,
    /// Where instances tell each other what their monitors see.
    pub ephemeral: Ephemeral,
}

impl Services {
    /// Probes and clients go through `transport`.
    pub fn new(
        system: &System,
        reader: Reader,
        writer: Writer,
        transport: Transport,
        surroundings: Surroundings,
    ) -> Self {
        let look = look_through(transport.clone());
        Self::with_look(system, reader, writer, (transport, look), surroundings)
    }

    /// With another way to look at a service.
    pub fn with_look(
        system: &System,
        reader: Reader,
        writer: Writer,
        (transport, look): (Transport, Look),
        surroundings: Surroundings,
    ) -> Self {
        Self(Arc::new(Parts {
            system: system.clone(),
            reader,
            writer,
            look,
            surroundings,
            board: StatusBoard::new(),
            record: Arc::default(),
            gates: Mutex::default(),
            transport,
            shelves: Mutex::default(),
            plex_heard: watch::Sender::new(0),
            monitors: Arc::default(),
            editing: tokio::sync::Mutex::default(),
            edits: Mutex::default(),
        }))
    }

    /// What every service is doing now.
    pub fn board(&self) -> &Arc<StatusBoard> {
        &self.0.board
    }

    /// The gate of the service's breaker, for its client. The same one for as long as the
    /// portal runs; it turns callers away while the breaker is not running.
    pub fn gate(&self, name: &ServiceName) -> Gate {
        let mut gates = self.0.gates.lock().unwrap_or_else(PoisonError::into_inner);
        gates.entry(name.clone()).or_default().clone()
    }

    /// The one service of the kind that `C` talks to; nothing when none is set up and enabled.
    pub fn desk<C: Upstream>(&self) -> Option<Desk<C>> {
        let tiles = self.0.board.tiles();
        let service = &tiles.iter().find(|tile| tile.service.kind == C::KIND)?.service;
        service.enabled.then(|| Desk::new(&self.0.system, &service.name, self.shelf(&service.name)))
    }

    pub fn plex(&self) -> Option<Desk<plex::Server>> {
        self.desk()
    }

    pub fn overseerr(&self) -> Option<Desk<Overseerr>> {
        self.desk()
    }

    pub fn tmdb(&self) -> Option<Desk<Tmdb>> {
        self.desk()
    }

    fn shelf(&self, name: &ServiceName) -> Arc<Shelf> {
        let mut shelves = self.0.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.entry(name.clone()).or_default().clone()
    }

    /// What was said at another address, or to another key, is not true any more.
    fn clear_shelf(&self, name: &ServiceName) {
        self.0.shelves.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// What should run, for the dynamic supervisor `services`: the recorder, and a pair for
    /// each enabled row. Also puts every row on the board.
    ///
    /// # Errors
    /// The store is away; the supervisor tries again.
    pub async fn rehydrate(&self) -> Result<Vec<Child>, Crash> {
        let services = self.0.reader.services().await?;
        self.0.board.sync(services.clone());
        self.recall(&services).await;
        let recorder = Recorder {
            record: self.0.record.clone(),
            board: self.0.board.clone(),
            reader: self.0.reader.clone(),
            writer: self.0.writer.clone(),
            ephemeral: self.0.surroundings.ephemeral.clone(),
        };
        let pairs = services.into_iter().filter(|service| service.enabled).map(|service| self.child(service));
        Ok(std::iter::once(Child::actor(RECORDER, move || recorder.clone())).chain(pairs).collect())
    }

    /// Puts on the board what was seen of services a moment ago, by us before a restart or by
    /// another instance: their first probe may take a while.
    async fn recall(&self, services: &[Service]) {
        for service in services.iter().filter(|service| service.enabled) {
            let Some(cached) = self.0.surroundings.ephemeral.status_get(&service.name).await else {
                continue;
            };
            // The row decides what the status is: a flip is told by comparing with it.
            if cached.checked_at >= service.updated_at && cached.status == service.status {
                self.0.board.recall(
                    &service.name,
                    &Heartbeat {
                        at: cached.checked_at,
                        status: cached.status,
                        latency_ms: cached.latency_ms,
                        message: cached.message,
                    },
                );
            }
        }
    }

    /// The pair that watches `service`.
    pub fn child(&self, mut service: Service) -> Child {
        if let (ServiceKind::Tmdb, Some(url)) = (service.kind, &self.0.surroundings.tmdb) {
            service.url = url.to_string();
        }
        let gate = self.gate(&service.name);
        let name = service.name.clone();
        let breaker = {
            let (service, gate) = (name.clone(), gate.clone());
            Factory::new(move || CircuitBreaker {
                service: service.clone(),
                gate: gate.clone(),
                rules: Rules::default(),
            })
        };
        let client = self.client(&service, &gate);
        let live = self.live(&service, &gate);
        let feed = self.feed(&service, &gate);
        let parts = self.0.clone();
        let monitor = Factory::new(move || ServiceMonitor {
            service: service.clone(),
            look: parts.look.clone(),
            gate: gate.clone(),
            board: parts.board.clone(),
            record: parts.record.clone(),
        });
        let mut members = vec![("breaker", breaker), ("monitor", monitor)];
        let template = match (&client, &live, &feed) {
            (None, ..) => "service",
            (Some(_), Some(_), _) => "plex",
            (Some(_), None, Some(_)) => "uptime-kuma",
            (Some(_), None, None) => "integration",
        };
        members.extend(client.map(|client| ("client", client)));
        members.extend(live.map(|live| ("live", live)));
        members.extend(feed.map(|feed| (kuma_feed::NAME, feed)));
        Child::group(name.as_str(), template, members)
    }

    /// The actor that calls the service, when its kind has an interface that we speak.
    fn client(&self, service: &Service, gate: &Gate) -> Option<Factory> {
        match service.kind {
            ServiceKind::Plex => Some(self.client_as::<plex::Server>(service, gate)),
            ServiceKind::Overseerr => Some(self.client_as::<Overseerr>(service, gate)),
            ServiceKind::Tmdb => Some(self.client_as::<Tmdb>(service, gate)),
            ServiceKind::UptimeKuma => Some(self.client_as::<UptimeKuma>(service, gate)),
            ServiceKind::Http | ServiceKind::Youtube => None,
        }
    }

    fn client_as<C: Upstream>(&self, service: &Service, gate: &Gate) -> Factory {
        let (direct, shelf) = (self.direct::<C>(service, gate), self.shelf(&service.name));
        Factory::new(move || upstream::client(direct.clone(), shelf.clone()))
    }

    /// The actor that hears of what the service does, when it tells.
    fn live(&self, service: &Service, gate: &Gate) -> Option<Factory> {
        if service.kind != ServiceKind::Plex {
            return None;
        }
        let (direct, shelf) = (self.direct::<plex::Server>(service, gate), self.shelf(&service.name));
        let (parts, name) = (self.0.clone(), service.name.clone());
        let hub = parts.system.handle(event_hub::PATH);
        let announce: Announce = Arc::new(move |section: Option<&plex::SectionId>| {
            shelf.outdate(None, LIBRARY);
            let changed = Event::LibraryChanged { section: section.map(ToString::to_string) };
            let _ = event_hub::publish(&hub, changed, None);
        });
        Some(Factory::new(move || PlexLive {
            service: name.clone(),
            source: Arc::new(Live(direct.clone())),
            announce: announce.clone(),
            heard: parts.plex_heard.clone(),
        }))
    }

    /// Counts what Plex tells of its library, as far as it tells.
    pub(crate) fn plex_heard(&self) -> watch::Receiver<u64> {
        self.0.plex_heard.subscribe()
    }

    /// Plex itself, for work that nobody waits for; nothing when it is not set up and enabled.
    pub(crate) fn direct_plex(&self) -> Option<Direct<plex::Server>> {
        let tiles = self.0.board.tiles();
        let service = &tiles.iter().find(|tile| tile.service.kind == ServiceKind::Plex)?.service;
        service.enabled.then(|| self.direct(service, &self.gate(&service.name)))
    }

    fn direct<C: Upstream>(&self, service: &Service, gate: &Gate) -> Direct<C> {
        Direct {
            service: service.clone(),
            reader: self.0.reader.clone(),
            transport: self.0.transport.clone(),
            gate: gate.clone(),
            client: PhantomData,
        }
    }

    fn supervisor(&self) -> Dynamic {
        self.0.system.dynamic(PATH)
    }
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Services")
    }
}

/// Looks with an HTTP request. An address that is not acceptable any more is our own fault, as
/// far as the service is concerned.
fn look_through(transport: Transport) -> Look {
    Arc::new(move |service| {
        let (kind, timeout, transport) = (service.kind, service.probe_timeout(), transport.clone());
        let url = AdminUrl::parse(&service.url);
        Box::pin(async move {
            match url {
                Ok(url) => probe_http(&transport, kind, &url, timeout).await,
                Err(refusal) => Probed::own_fault(refusal.to_string()),
            }
        })
    })
}

#[cfg(test)]
#[path = "services/tests.rs"]
mod tests;

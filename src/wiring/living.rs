//! What lives at each place of the tree, and what it is made of.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use actors::download_board::DownloadBoard;
use actors::download_job;
use actors::download_queue::{self, DownloadQueue};
use actors::downloads::context::{self, Context, Timing, Tools};
use actors::downloads::disk::DiskGuard;
use actors::downloads::folders::Folders;
use actors::downloads::retry::RetryPolicy;
use actors::effects::{self, Effects};
use actors::egress::{self, Egress};
use actors::event_hub::{self, EventHub};
use actors::maintenance::Maintenance;
use actors::outbox_relay::{OutboxRelay, Reach};
use actors::pictures::{self, Pictures, Sources};
use actors::plex_arrivals::PlexArrivals;
use actors::requests::{self, Notifier, Tracker};
use actors::runtime::System;
use actors::services::Services;
use actors::sign_ins;
use actors::stream_reader::StreamReader;
use actors::supervisor::Blueprint;
use domain::event::Event;
use integrations::egress::{Proxy, SystemResolver};
use integrations::http::{Client, Transport};
use store::ephemeral::Ephemeral;
use store::{Engine, NodeId, Store};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::StartError;
use super::late_ytdlp::{LateYtdlp, Search};
use crate::app::App;
use crate::settings::Settings;

/// Progress that waits for Redis; the next one replaces what does not fit.
const PROGRESS: usize = 256;

/// Everything that downloads are made with.
pub fn downloads(
    settings: &Settings,
    store: &Store,
    ephemeral: &Ephemeral,
    services: &Services,
    system: &System,
    node: NodeId,
    tasks: &mut JoinSet<()>,
) -> Result<Context, StartError> {
    let folders = Folders::open(&settings.downloads_dir).map_err(StartError::Folders)?;
    let scratch = settings.data_dir.join("tmp");
    std::fs::create_dir_all(&scratch).map_err(|error| StartError::Folder(scratch.clone(), error))?;
    let ytdlp = LateYtdlp::new();
    let search = Search { program: settings.ytdlp.clone(), own_exe: settings.program.clone(), scratch };
    tasks.spawn(ytdlp.clone().search(search));
    let services = services.clone();

    Ok(Context::new(Tools {
        system: system.clone(),
        reader: store.reader(),
        writer: store.writer(),
        node,
        launch: Arc::new(ytdlp),
        disk: DiskGuard::new(&settings.downloads_dir, None),
        folders,
        board: Arc::new(DownloadBoard::default()),
        announce: announce(ephemeral, system, tasks),
        to_plex: Arc::new(move || services.plex().is_some()),
        settings: context::Settings {
            slots: settings.download_slots,
            per_hour: settings.downloads_per_hour.map_or(0, std::num::NonZeroU32::get),
            policy: settings.download_policy(),
            retry: RetryPolicy::default(),
            timing: Timing::default(),
        },
    }))
}

/// Hands progress to our own hub, and to the other instances when there are some.
pub fn announce(
    ephemeral: &Ephemeral,
    system: &System,
    tasks: &mut JoinSet<()>,
) -> Arc<dyn Fn(Event) + Send + Sync> {
    let hub = system.handle::<event_hub::Message>(HUB);
    let others = ephemeral.is_shared().then(|| {
        let (sender, mut receiver) = mpsc::channel::<Event>(PROGRESS);
        let ephemeral = ephemeral.clone();
        tasks.spawn(async move {
            while let Some(event) = receiver.recv().await {
                ephemeral.publish_progress(&event).await;
            }
        });
        sender
    });
    Arc::new(move |event| {
        if let Some(others) = &others {
            // Latest wins, a second later.
            let _ = others.try_send(event.clone());
        }
        let _ = event_hub::publish(&hub, event, None);
    })
}

/// The place of the event hub.
pub const HUB: &str = "events/event-hub";

/// Where pictures come from.
///
/// # Errors
///
/// The name that the image server goes by is not one; a test would have met that.
pub fn picture_sources(
    settings: &Settings,
    transport: Transport,
    services: &Services,
) -> Result<Sources, StartError> {
    let gates = pictures::Gates::default();
    let name = "tmdb-images".parse().map_err(|_| StartError::Tree("tmdb-images".to_owned()))?;
    let tmdb = Client::new(&name, settings.tmdb_image_url.clone(), transport, gates.tmdb.clone());
    let tmdb = tmdb.with_max_body(pictures::MAX_BYTES);
    Ok(Sources { tmdb, services: services.clone(), gates })
}

/// What runs at each place of the tree but the door.
///
/// # Errors
///
/// The proxy of the downloads can't listen.
pub fn blueprint(app: &App, node: &NodeId, from: Sources) -> Result<Blueprint, StartError> {
    let blueprint = events(Blueprint::new(&app.system), app, node);

    let services = app.services.clone();
    let blueprint = blueprint.dynamic("services", move || {
        let services = services.clone();
        async move { services.rehydrate().await }
    });

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(StartError::Egress)?;
    let address = listener.local_addr().map_err(StartError::Egress)?;
    let proxy = Proxy::new(app.settings.download_policy(), SystemResolver, address);
    let listener = Arc::new(listener);
    let (jobs, downloads) = (app.downloads.clone(), app.downloads.clone());
    let maintenance = (app.store.writer(), node.clone());
    let (tracker, notices) = (app.requests.clone(), app.store.clone());
    let (shelf, gates, fetch) = (app.pictures.shelf().clone(), from.gates.clone(), from.fetch());
    let (breaker, pins, reception) = (app.sign_ins.clone(), app.sign_ins.clone(), app.sign_ins.clone());

    let effects =
        Effects::new(&app.system, app.reader.clone(), app.store.writer(), node.clone(), handlers(app));

    Ok(blueprint
        .actor(pictures::PATH, move || Pictures {
            shelf: shelf.clone(),
            fetch: fetch.clone(),
            gates: gates.clone(),
        })
        .dynamic(effects::PATH, move || {
            let effects = effects.clone();
            async move { Ok(effects.rehydrate()) }
        })
        .actor(egress::PATH, move || Egress { proxy: proxy.clone(), listener: listener.clone() })
        .dynamic(context::JOBS, move || download_job::rehydrate(jobs.clone()))
        .actor(download_queue::PATH, move || DownloadQueue { cx: downloads.clone() })
        .actor(requests::TRACKER, move || Tracker(tracker.clone()))
        .actor(requests::NOTIFIER, move || Notifier { store: notices.clone() })
        // A session's actor comes with its next request.
        .dynamic("sessions", || async { Ok(Vec::new()) })
        .actor(sign_ins::BREAKER, move || breaker.breaker())
        .dynamic(sign_ins::PINS, move || {
            let pins = pins.clone();
            async move { pins.rehydrate().await }
        })
        .actor(sign_ins::RECEPTION, move || reception.reception())
        .actor("maintenance", move || Maintenance {
            writer: maintenance.0.clone(),
            node: maintenance.1.clone(),
            version: env!("CARGO_PKG_VERSION"),
        }))
}

/// Whoever can do something outside, one for each kind of effect.
fn handlers(app: &App) -> Vec<Arc<dyn effects::Handler>> {
    let arrivals = PlexArrivals {
        services: app.services.clone(),
        reader: app.reader.clone(),
        writer: app.store.writer(),
        library: app.downloads.folders.library().to_owned(),
    };
    vec![Arc::new(requests::Steps(app.requests.clone())), Arc::new(arrivals)]
}

fn events(blueprint: Blueprint, app: &App, node: &NodeId) -> Blueprint {
    let (cursor, shared) = (app.cursor.clone(), app.ephemeral.is_shared());
    let (store, hub, ephemeral, node) =
        (app.store.clone(), app.hub.clone(), app.ephemeral.clone(), node.clone());
    let reach = move || match (shared, store.engine()) {
        (true, _) => Reach::Shared { node: node.clone(), ephemeral: ephemeral.clone() },
        (false, Engine::Postgres) => Reach::Polled { node: node.clone() },
        (false, Engine::Sqlite) => Reach::Alone,
    };
    let store = app.store.clone();
    let relay_hub = hub.clone();
    let blueprint = blueprint.actor(HUB, move || EventHub { cursor: cursor.clone(), shared }).actor(
        "events/outbox-relay",
        move || OutboxRelay { store: store.clone(), hub: relay_hub.clone(), reach: reach() },
    );
    if !shared {
        return blueprint.absent("events/stream-reader", "REDIS_URL is not set");
    }
    let ephemeral = app.ephemeral.clone();
    blueprint.actor("events/stream-reader", move || StreamReader {
        ephemeral: ephemeral.clone(),
        hub: hub.clone(),
    })
}

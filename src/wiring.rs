//! Puts the portal together, starts it, and takes it down in order.
//!
//!     data folder (locked) -> key -> store -> listener -> App -> blueprint + supervisor.toml
//!                                                                   |
//!                                                                   v
//!                                                          the running tree

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actors::discover::Discover;
use actors::download_queue;
use actors::downloads::folders::FolderError;
use actors::event_hub;
use actors::library::Library;
use actors::requests::Requests;
use actors::runtime::System;
use actors::services::{Services, Surroundings};
use actors::sessions::Sessions;
use actors::sign_ins::{self, SignIns};
use actors::supervisor::{self, Root};
use integrations::http::Transport;
use integrations::plex_tv;
use moka::sync::Cache;
use store::ephemeral::Ephemeral;
use store::{DataDir, DataDirLock, Keyring, Store, StoreSettings};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::{App, Parts};
use crate::auth::password::Hasher;
use crate::auth::setup::{self, SetUpToken};
use crate::auth::throttle::Throttle;
use crate::auth::token::Tokens;
use crate::health::Readiness;
use crate::pictures::Pictures;
use crate::route::{self, Route, Table};
use crate::search::Searched;
use crate::settings::Settings;
use crate::web::{self, Web};
use crate::{api, csrf, health, live, metrics_door, pages, webhooks};

mod demo;
mod late_ytdlp;
mod living;
mod tree;

pub use tree::tree;

/// A running portal.
pub struct Portal {
    pub app: App,
    /// Where it listens; with port 0 in the settings, the port that it got.
    pub address: SocketAddr,
    pub table: Arc<Table>,
    demo: Option<demo::Key>,
    root: Root,
    /// What is done beside the tree, such as looking for yt-dlp.
    _tasks: JoinSet<()>,
    _lock: DataDirLock,
}

/// Why a portal did not start. Nothing is running.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("{0}")]
    Tree(String),
    #[error(transparent)]
    Misfit(#[from] supervisor::StartError),
    #[error("could not listen on {0} (MEDIANEST_LISTEN): {1}")]
    Listen(SocketAddr, std::io::Error),
    #[error("could not write the set-up token: {0}")]
    SetUpToken(std::io::Error),
    #[error("MEDIANEST_DOWNLOADS_DIR: {0}")]
    Folders(FolderError),
    #[error("could not make {0}: {1}")]
    Folder(PathBuf, std::io::Error),
    #[error("could not listen for the downloads' proxy: {0}")]
    Egress(std::io::Error),
    #[error("could not prepare to call services: {0}")]
    Transport(integrations::Error),
}

/// Every route of the portal.
pub fn routes() -> Vec<Route> {
    [
        pages::routes(),
        live::routes(),
        api::routes(),
        health::routes(),
        metrics_door::routes(),
        webhooks::routes(),
    ]
    .concat()
}

impl Portal {
    /// Starts everything; returns when every actor has had its first start.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        Self::begin(settings, None).await
    }

    /// The same with a link that signs its bearer in as the admin of the demo.
    pub async fn start_demo(settings: Settings) -> Result<Self, StartError> {
        Self::begin(settings, Some(demo::Key::new())).await
    }

    async fn begin(mut settings: Settings, demo: Option<demo::Key>) -> Result<Self, StartError> {
        metrics_door::recorder();
        let tree = tree(&settings)?;
        let lock = DataDir::lock(&settings.data_dir)?;
        settings.data_dir = lock.path().to_owned();
        let keys = Keyring::load_or_create(lock.path(), settings.secret_key.as_ref())?;
        let place = StoreSettings {
            url: settings.database_url.clone(),
            data_dir: settings.data_dir.clone(),
            keys: keys.clone(),
        };
        let store = Store::open(&place).await?;
        let ephemeral = Ephemeral::connect(settings.redis_url.as_ref()).await?;
        let cannot_listen = |error| StartError::Listen(settings.listen, error);
        let listener = TcpListener::bind(settings.listen).await.map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        let set_up_token = set_up_token(&store, lock.path()).await?;

        let system = System::new();
        let node = lock.node_id()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(metrics_door::sum_up());
        let (reader, writer) = (store.reader(), store.writer());
        let transport = Transport::new().map_err(StartError::Transport)?;
        let pictures = Pictures::new(keys.subkey("pictures"), &system, &settings.data_dir);
        let sessions = Sessions::new(system.clone(), reader.clone(), writer.clone(), ephemeral.clone());
        let surroundings =
            Surroundings { listen: address, tmdb: settings.chosen_tmdb_url(), ephemeral: ephemeral.clone() };
        let services =
            Services::new(&system, reader.clone(), writer.clone(), transport.clone(), surroundings);
        let sources = living::picture_sources(&settings, transport.clone(), &services)?;
        let sign_ins = SignIns::new(sign_ins::Around {
            system: system.clone(),
            reader: reader.clone(),
            writer: writer.clone(),
            services: services.clone(),
            sessions: sessions.clone(),
            transport,
            addresses: plex_tv::Addresses {
                tv: settings.plex_tv_url.clone(),
                clients: settings.plex_clients_url.clone(),
                auth: settings.plex_auth_url.clone(),
            },
            node: node.clone(),
        });
        let per_hour = settings.requests_per_hour.map_or(0, std::num::NonZeroU32::get);
        let requests = Requests::new(&system, &store, node.clone(), &services, per_hour);
        let announce = living::announce(&ephemeral, &system, &mut tasks);
        let library = Library::new(services.clone(), reader.clone(), announce);
        let downloads =
            living::downloads(&settings, &store, &ephemeral, &services, &system, node.clone(), &mut tasks)?;
        let app = App::new(Parts {
            hub: system.handle(living::HUB),
            cursor: event_hub::Cursor::new(),
            drawn: live::DrawnOnce::new(),
            places: live::Places::default(),
            recently_read: pages::mine::recently_read(),
            sessions,
            requests,
            recently_counted: pages::mine::recently_counted(),
            discover: Discover::new(services.clone()),
            services,
            sign_ins,
            downloads,
            pictures,
            library,
            searched: Searched::default(),
            queue: system.handle(download_queue::PATH),
            reader,
            writer,
            tokens: Tokens::new(&keys.subkey("jwt"), keys.fingerprint()),
            csrf: csrf::Tokens::new(keys.subkey("csrf")),
            hasher: Hasher::default(),
            throttle: Throttle::default(),
            tokens_in_use: Cache::builder()
                .time_to_live(Duration::from_secs(60))
                .max_capacity(10_000)
                .build(),
            readiness: Readiness::default(),
            closing: CancellationToken::new(),
            set_up_token,
            ephemeral,
            system: system.clone(),
            store,
            settings,
        });
        let demo_routes = demo.as_ref().map(demo::Key::routes).unwrap_or_default();
        let table = Arc::new(Table::new([routes(), demo_routes].concat()));
        let filter = route::filter(table.clone(), app.clone(), pages::problem);
        let listener = Arc::new(listener);
        let door = app.clone();
        let blueprint = living::blueprint(&app, &node, sources)?.actor(web::PATH, move || Web {
            app: door.clone(),
            listener: listener.clone(),
            filter: filter.clone(),
        });
        let root = supervisor::start(tree, blueprint, &system).await?;
        Ok(Self { app, address, table, demo, root, _tasks: tasks, _lock: lock })
    }

    /// The address of a page of ours, as a browser on this machine would type it.
    pub fn address_of(&self, path: &str) -> String {
        let link = self.app.settings.base.link(path);
        match &self.app.settings.public_url {
            Some(origin) => format!("{}{link}", origin.as_str()),
            None => format!("http://{}{link}", self.address),
        }
    }

    /// The address of the set-up page, while there is no admin yet.
    pub fn set_up_link(&self) -> Option<String> {
        let token = self.app.set_up_token.as_ref()?.expose();
        Some(self.address_of(&format!("/setup?token={token}")))
    }

    /// The link that opens the demo.
    pub fn demo_link(&self) -> Option<String> {
        self.demo.as_ref().map(|key| self.address_of(&key.path()))
    }

    /// Waits until the tree has ended by itself, and says why.
    pub async fn ended(&self) -> String {
        self.root.ended().await
    }

    /// Stops everything in order.
    pub async fn stop(self, reason: &str) {
        self.root.shutdown(reason).await;
        self.app.store.close().await;
    }
}

/// The one-time token while there is no admin; the used one goes.
async fn set_up_token(store: &Store, data_dir: &Path) -> Result<Option<SetUpToken>, StartError> {
    if store.reader().is_set_up().await? {
        setup::forget(data_dir);
        return Ok(None);
    }
    SetUpToken::load_or_create(data_dir).map(Some).map_err(StartError::SetUpToken)
}

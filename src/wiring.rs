//! Puts the portal together, starts it, and takes it down in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use moka::sync::Cache;
use store::{DataDir, DataDirLock, Keyring, Store, StoreSettings};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::app::{App, Parts};
use crate::auth::authority::Sessions;
use crate::auth::password::Hasher;
use crate::auth::setup::{self, SetUpToken};
use crate::auth::throttle::Throttle;
use crate::auth::token::Tokens;
use crate::health::Readiness;
use crate::route::{self, Route, Table, html};
use crate::settings::Settings;
use crate::{api, csrf, health, metrics_door, server};

/// A running portal.
pub struct Portal {
    pub app: App,
    /// Where it listens; with port 0 in the settings, the port that it got.
    pub address: SocketAddr,
    pub table: Arc<Table>,
    _lock: DataDirLock,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinSet<()>,
}

/// Why a portal did not start. Nothing is running.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("could not listen on {0} (MEDIANEST_LISTEN): {1}")]
    Listen(SocketAddr, std::io::Error),
    #[error("could not write the set-up token: {0}")]
    SetUpToken(std::io::Error),
}

/// Every route of the portal.
pub fn routes() -> Vec<Route> {
    [health::routes(), metrics_door::routes(), api::routes()].concat()
}

impl Portal {
    pub async fn start(mut settings: Settings) -> Result<Self, StartError> {
        metrics_door::recorder();
        let lock = DataDir::lock(&settings.data_dir)?;
        settings.data_dir = lock.path().to_owned();
        let keys = Keyring::load_or_create(lock.path(), settings.secret_key.as_ref())?;
        let url = settings.database_url.clone();
        let data_dir = settings.data_dir.clone();
        let store = Store::open(&StoreSettings { url, data_dir, keys: keys.clone() }).await?;
        let listener = TcpListener::bind(settings.listen).await;
        let listener = listener.map_err(|error| StartError::Listen(settings.listen, error))?;
        let address = listener.local_addr().map_err(|error| StartError::Listen(settings.listen, error))?;

        let set_up_token = if store.reader().is_set_up().await? {
            setup::forget(lock.path());
            None
        } else {
            Some(SetUpToken::load_or_create(lock.path()).map_err(StartError::SetUpToken)?)
        };
        let app = App::new(Parts {
            reader: store.reader(),
            writer: store.writer(),
            sessions: Sessions::new(store.reader()),
            tokens: Tokens::new(&keys.subkey("jwt"), keys.fingerprint()),
            csrf: csrf::Tokens::new(keys.subkey("csrf")),
            hasher: Hasher::default(),
            throttle: Throttle::default(),
            tokens_in_use: Cache::builder()
                .time_to_live(Duration::from_secs(60))
                .max_capacity(10_000)
                .build(),
            readiness: Readiness::default(),
            draining: AtomicBool::new(false),
            set_up_token,
            store,
            settings,
        });
        let table = Arc::new(Table::new(routes()));
        let filter = route::filter(table.clone(), app.clone(), |_, _, problem| html(problem.title));
        let (stop, stopped) = oneshot::channel();
        let mut serving = JoinSet::new();
        serving.spawn(server::serve(Arc::new(listener), filter, async {
            let _ = stopped.await;
        }));
        Ok(Self { app, address, table, _lock: lock, stop: Some(stop), serving })
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

    pub async fn stop(mut self, _reason: &str) {
        self.app.drain();
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        while self.serving.join_next().await.is_some() {}
        self.app.store.close().await;
    }
}

//! What the two servers share.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, OnceLock};

use tokio::sync::{broadcast, mpsc};

use super::Options;
use super::accounts::Accounts;
use super::errands::Errand;
use super::library::Library;
use crate::lock;
use crate::world::World;

/// So many frames wait for a slow socket before it misses some.
const FRAMES: usize = 1024;

#[derive(Debug, Clone, Copy)]
pub(super) struct Addresses {
    pub tv: SocketAddr,
    pub pms: SocketAddr,
}

impl Addresses {
    pub fn tv_url(self) -> String {
        format!("http://{}", self.tv)
    }

    pub fn pms_url(self) -> String {
        format!("http://{}", self.pms)
    }
}

pub(super) struct Stage {
    pub world: World,
    pub options: Options,
    /// What the media server tells everybody who listens.
    pub frames: broadcast::Sender<String>,
    errands: mpsc::UnboundedSender<Errand>,
    addresses: OnceLock<Addresses>,
    state: Mutex<State>,
}

pub(super) struct State {
    pub accounts: Accounts,
    pub library: Library,
}

impl Stage {
    pub fn new(world: World, options: Options, errands: mpsc::UnboundedSender<Errand>) -> Self {
        let accounts = Accounts::new(&world, &options);
        let library = Library::new(&world, &options);
        Self {
            world,
            options,
            frames: broadcast::channel(FRAMES).0,
            errands,
            addresses: OnceLock::new(),
            state: Mutex::new(State { accounts, library }),
        }
    }

    /// The servers listen.
    pub fn open(&self, addresses: Addresses) {
        let _ = self.addresses.set(addresses);
    }

    /// # Panics
    /// Before [`Self::open`]; no request comes so early.
    pub fn addresses(&self) -> Addresses {
        *self.addresses.get().expect("the servers listen before anybody asks them")
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Something to do after the answer.
    pub fn later(&self, errand: Errand) {
        // The receiver lives as long as the servers do.
        let _ = self.errands.send(errand);
    }
}

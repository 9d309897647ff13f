//! What every download actor is given: the outsides, the folders and the settings.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use domain::address::HostPolicy;
use domain::event::Event;
use store::{NodeId, Reader, Writer};

use super::disk::DiskGuard;
use super::folders::Folders;
use super::launch::Launch;
use super::retry::RetryPolicy;
use crate::download_board::DownloadBoard;
use crate::runtime::{Handle, System};
use crate::{download_queue, egress};

/// The path of the supervisor whose children are the running jobs.
pub const JOBS: &str = "downloads/jobs";

/// What is configured.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Jobs that run at the same time; 0 = no limit.
    pub slots: u32,
    /// Downloads that one member may start within an hour; 0 = no limit.
    pub per_hour: u32,
    /// Which hosts links may lead to.
    pub policy: HostPolicy,
    pub retry: RetryPolicy,
    pub timing: Timing,
}

/// The clockwork (`RULINGS.md` 28). Only tests change it.
#[derive(Debug, Clone)]
pub struct Timing {
    /// How long a lease holds in the store.
    pub lease: Duration,
    /// How often it is renewed.
    pub renew: Duration,
    /// How long after the last good renewal was sent a job stops by itself; shorter than
    /// `lease`, so that nobody else has begun.
    pub fence: Duration,
    /// How often the queue looks for work.
    pub scan: Duration,
    /// How often progress is pushed.
    pub progress: Duration,
    /// How often progress is saved and the disk is looked at.
    pub save: Duration,
    /// How long a probe may take.
    pub probe: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            renew: Duration::from_secs(3),
            fence: Duration::from_secs(7),
            scan: Duration::from_secs(2),
            progress: Duration::from_secs(1),
            save: Duration::from_secs(5),
            probe: Duration::from_secs(20),
        }
    }
}

/// Everything a download actor works with. Cheap to clone; made once, at wiring.
#[derive(Clone)]
pub struct Context(Arc<Tools>);

/// See [`Context`].
pub struct Tools {
    pub system: System,
    pub reader: Reader,
    pub writer: Writer,
    /// Who we are among the machines that share the store.
    pub node: NodeId,
    pub launch: Arc<dyn Launch>,
    pub folders: Folders,
    pub disk: DiskGuard,
    pub board: Arc<DownloadBoard>,
    /// Where progress goes; durable facts go through the store.
    pub announce: Arc<dyn Fn(Event) + Send + Sync>,
    /// Whether finished videos go to Plex, which depends on whether it is set up.
    pub to_plex: Arc<dyn Fn() -> bool + Send + Sync>,
    pub settings: Settings,
}

impl Context {
    pub fn new(tools: Tools) -> Self {
        Self(Arc::new(tools))
    }

    pub(crate) fn egress(&self) -> Handle<egress::Message> {
        self.system.handle(egress::PATH)
    }

    pub(crate) fn queue(&self) -> Handle<download_queue::Message> {
        self.system.handle(download_queue::PATH)
    }
}

impl Deref for Context {
    type Target = Tools;

    fn deref(&self) -> &Tools {
        &self.0
    }
}

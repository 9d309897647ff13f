//! One started yt-dlp, however it was started.

use std::ffi::OsString;
use std::path::PathBuf;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::{cold, warm};
use crate::job_runner::ResourceLimits;
use crate::process::ProcessGroup;

/// What to start.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub arguments: Vec<OsString>,
    pub environment: Vec<(OsString, OsString)>,
    /// The working directory.
    pub folder: PathBuf,
    pub limits: ResourceLimits,
}

/// What comes back, ending with `Ended`.
#[derive(Debug)]
pub(super) enum Output {
    Stdout(Bytes),
    Stderr(Bytes),
    Ended { code: Option<i32>, signal: Option<i32> },
}

/// Pieces of output that wait to be read; the pipes hold the rest.
pub(super) const PIECES: usize = 64;

/// A running yt-dlp. Dropping it interrupts it, and kills it a little later.
pub(super) struct Process {
    pub group: ProcessGroup,
    pub output: mpsc::Receiver<Output>,
    pub reins: Reins,
}

/// The way to stop it.
pub(super) enum Reins {
    Cold(cold::Reins),
    Warm(warm::Reins),
}

impl Reins {
    /// SIGINT now, SIGKILL after the grace.
    pub async fn interrupt(&mut self) {
        match self {
            Reins::Cold(reins) => reins.interrupt(),
            Reins::Warm(reins) => reins.interrupt().await,
        }
    }

    /// SIGKILL now.
    pub async fn kill(&mut self) {
        match self {
            Reins::Cold(reins) => reins.kill().await,
            Reins::Warm(reins) => reins.kill().await,
        }
    }
}

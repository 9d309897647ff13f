//! `medianest serve`: run until told to stop.

use std::future::Future;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failure, in_runtime};
use crate::logging;
use crate::settings::Settings;
use crate::wiring::{Portal, StartError};

/// After this an orderly stop has failed, and the process ends anyway.
const LONGEST_STOP: Duration = Duration::from_secs(10);

/// Runs the portal until SIGTERM or SIGINT; a second one ends the process at once.
pub fn run(settings: Settings) -> Result<(), Failure> {
    logging::start();
    in_runtime(async {
        let signals = Signals::new()?;
        let portal = Portal::start(settings).await?;
        announce(&portal);
        announce_set_up(&portal);
        until_stopped(portal, signals).await
    })
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Failure::Refused(error.to_string())
    }
}

/// Both ways in which we are told to stop, heard from the first moment.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn new() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::Failed(format!("could not wait for signals: {error}")))
        };
        let (terminate, interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt })
    }

    /// The name of the next one.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Says where the portal is.
pub fn announce(portal: &Portal) {
    tracing::info!(listening = %portal.address, "the portal is at {}", portal.address_of("/"));
}

/// Says how to make the first admin, while there is none.
fn announce_set_up(portal: &Portal) {
    if let Some(link) = portal.set_up_link() {
        tracing::info!("nobody has an account yet: make the first admin at {link}");
    }
}

/// Waits for the end, and makes it an orderly one.
pub async fn until_stopped(portal: Portal, mut signals: Signals) -> Result<(), Failure> {
    let why = tokio::select! {
        why = signals.next() => why,
        why = portal.ended() => return Err(Failure::Failed(format!("the supervision tree ended: {why}"))),
    };
    tokio::select! {
        stopped = in_time(portal.stop(why)) => stopped,
        again = signals.next() => Err(Failure::Failed(format!("stopped at once by a second signal ({again})"))),
    }
}

async fn in_time(stopping: impl Future<Output = ()>) -> Result<(), Failure> {
    let stopped = tokio::time::timeout(LONGEST_STOP, stopping).await;
    stopped.map_err(|_| Failure::Failed(format!("could not stop within {LONGEST_STOP:?}; ended anyway")))
}

//! `medianest serve` and `medianest demo`: run until told to stop.

use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, in_runtime};
use crate::logging;
use crate::settings::Settings;
use crate::wiring::Portal;

/// Runs the portal until SIGTERM or SIGINT; a second one ends the process at once.
pub fn run(settings: Settings) -> Result<(), Failure> {
    logging::start();
    in_runtime(async {
        let signal_of = |kind| {
            signal(kind).map_err(|error| Failure::Failed(format!("could not wait for signals: {error}")))
        };
        let mut terminate = signal_of(SignalKind::terminate())?;
        let mut interrupt = signal_of(SignalKind::interrupt())?;

        let portal = Portal::start(settings).await.map_err(|error| Failure::Refused(error.to_string()))?;
        announce(&portal);
        let why = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
            why = portal.ended() => return Err(Failure::Failed(format!("the supervision tree ended: {why}"))),
        };
        tokio::select! {
            () = portal.stop(why) => Ok(()),
            _ = terminate.recv() => Err(Failure::Failed("stopped at once by a second signal".to_owned())),
            _ = interrupt.recv() => Err(Failure::Failed("stopped at once by a second signal".to_owned())),
        }
    })
}

fn announce(portal: &Portal) {
    tracing::info!(listening = %portal.address, "the portal is at {}", portal.address_of("/"));
    if let Some(link) = portal.set_up_link() {
        tracing::info!("nobody has an account yet: make the first admin at {link}");
    }
}

//! The top of a running tree.

use std::{sync::Arc, time::Duration};

use ractor::ActorCell;
use tokio::{sync::watch, task::JoinSet, time::MissedTickBehavior};

use crate::runtime::{Actor, Factory, Placing, Slot, System};

use super::{Blueprint, Message, Tree, keeper::Supervisor, resolve};

/// How often actors that are stuck are looked for.
const WATCH: Duration = Duration::from_secs(1);

/// A running tree. Dropping it kills everything in it; see [`Root::shutdown`].
pub struct Root {
    system: System,
    slot: Arc<Slot>,
    cell: ActorCell,
    /// Looks for actors that are stuck.
    _watch: JoinSet<()>,
}

/// Why a tree did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What is declared and what is known to run differ, at these paths.
    #[error("the supervision tree does not fit the program: {}", .0.join("; "))]
    Misfit(Vec<String>),
    /// The root gave in before everything was up, for this reason.
    #[error("the supervision tree could not start: {0}")]
    MeltedDown(String),
}

/// Starts `tree` with what `blueprint` says to run in it; returns once every actor has had
/// its first start.
///
/// # Errors
///
/// See [`StartError`].
pub async fn start(tree: Tree, blueprint: Blueprint, system: &System) -> Result<Root, StartError> {
    let spec = resolve::tree(&tree, blueprint, system).map_err(StartError::Misfit)?;
    let placing = Placing {
        kind: Supervisor::KIND,
        parent: None,
        strategy: Some(spec.strategy.as_str()),
        restarts_allowed: 0,
        declared: true,
    };
    let slot = system.place(&tree.root.name, placing);
    let (ready, mut is_ready) = watch::channel(false);
    let ready = Arc::new(ready);
    let factory = Factory::new(move || {
        let (spec, ready) = (Arc::clone(&spec), Arc::clone(&ready));
        let when_ready = Arc::new(move || {
            ready.send_replace(true);
        });
        Supervisor { spec, prefix: String::new(), when_ready }
    });

    let launched = factory.launch(system.clone(), Arc::clone(&slot), None).await;
    let cell = launched.map_err(|crash| StartError::MeltedDown(crash.to_string()))?;
    let root = Root { system: system.clone(), slot, cell, _watch: watch(system.clone()) };
    tokio::select! {
        biased;
        _ = is_ready.wait_for(|ready| *ready) => Ok(root),
        trouble = root.ended() => Err(StartError::MeltedDown(trouble)),
    }
}

fn watch(system: System) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut ticks = tokio::time::interval(WATCH);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            system.report_stuck();
            system.sweep();
        }
    });
    tasks
}

impl Root {
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Stops everything: the last that was started first, each within its own time and then
    /// by force. Returns when all of it is gone.
    pub async fn shutdown(&self, reason: &str) {
        tracing::info!("stopping: {reason}");
        if let Some(life) = self.slot.life().as_ref() {
            let _ = life.send(Message::ShutDown(reason.to_owned()), false);
        }
        let _ = self.cell.wait(None).await;
    }

    /// Waits until the tree has ended, and says why: it melted down, or it was shut down.
    pub async fn ended(&self) -> String {
        let _ = self.cell.wait(None).await;
        let snapshot = self.system.snapshot(self.slot.path());
        snapshot.and_then(|root| root.last_error).unwrap_or_else(|| "shut down".to_owned())
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        self.cell.kill();
    }
}

//! How to make an actor again and again.

use std::{pin::Pin, sync::Arc};

use ractor::ActorCell;

use super::{Actor, Crash, Slot, System, caught::caught_now, shell::launch};

type Launching = Pin<Box<dyn Future<Output = Result<ActorCell, Crash>> + Send>>;
type Launch = dyn Fn(System, Arc<Slot>, Option<ActorCell>) -> Launching + Send + Sync;

/// Makes the actor of one place, at every (re)start.
#[derive(Clone)]
pub struct Factory {
    kind: &'static str,
    launch: Arc<Launch>,
}

impl std::fmt::Debug for Factory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Factory({})", self.kind)
    }
}

impl Factory {
    /// `make` is called once for each life of the actor.
    pub fn new<A: Actor>(make: impl Fn() -> A + Send + Sync + 'static) -> Self {
        let make = Arc::new(make);
        let launch = move |system: System, slot: Arc<Slot>, supervisor: Option<ActorCell>| {
            let make = Arc::clone(&make);
            Box::pin(async move {
                let actor = caught_now(|| make())?;
                launch(actor, system, slot, supervisor).await
            }) as Launching
        };
        Self { kind: A::KIND, launch: Arc::new(launch) }
    }

    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }

    pub(crate) fn launch(&self, system: System, slot: Arc<Slot>, supervisor: Option<ActorCell>) -> Launching {
        (self.launch)(system, slot, supervisor)
    }
}

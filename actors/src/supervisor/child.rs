//! What a supervisor knows of one child.

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use crate::runtime::{Actor, Crash, Factory};

use super::{Backoff, Node, OnMeltdown, Restart, Shutdown, Strategy};

/// A child for a dynamic supervisor.
///
/// What it does not say comes from the supervisor's entry in `supervisor.toml`.
#[derive(Debug, Clone)]
pub struct Child {
    pub(crate) name: String,
    pub(crate) work: ChildWork,
    pub(crate) restart: Restart,
    pub(crate) start_timeout: Option<Duration>,
    pub(crate) shutdown: Option<Shutdown>,
}

#[derive(Debug, Clone)]
pub(crate) enum ChildWork {
    Actor(Factory),
    Group { template: String, members: Vec<(String, Factory)> },
}

impl Child {
    /// One actor. `make` is called once for each of its lives.
    pub fn actor<A: Actor>(name: impl Into<String>, make: impl Fn() -> A + Send + Sync + 'static) -> Self {
        Self::new(name.into(), ChildWork::Actor(Factory::new(make)))
    }

    /// Several actors under a supervisor of their own, as `[template.<template>]` of
    /// `supervisor.toml` declares them; `members` says what runs at each of its names.
    pub fn group<N: Into<String>>(
        name: impl Into<String>,
        template: impl Into<String>,
        members: Vec<(N, Factory)>,
    ) -> Self {
        let members = members.into_iter().map(|(name, factory)| (name.into(), factory)).collect();
        Self::new(name.into(), ChildWork::Group { template: template.into(), members })
    }

    fn new(name: String, work: ChildWork) -> Self {
        Self { name, work, restart: Restart::Permanent, start_timeout: None, shutdown: None }
    }

    /// Permanent unless said otherwise.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    #[must_use]
    pub fn start_timeout(mut self, start_timeout: Duration) -> Self {
        self.start_timeout = Some(start_timeout);
        self
    }

    #[must_use]
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.shutdown = Some(shutdown);
        self
    }

    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Says which children should run now.
pub(crate) type Rehydrate =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Vec<Child>, Crash>> + Send>> + Send + Sync>;

/// A child with everything decided: what its supervisor works from.
#[derive(Debug)]
pub(crate) struct ChildSpec {
    pub(crate) name: Arc<str>,
    pub(crate) restart: Restart,
    pub(crate) backoff: Backoff,
    pub(crate) start_timeout: Option<Duration>,
    pub(crate) shutdown: Shutdown,
    /// What follows too many restarts of this child.
    pub(crate) on_meltdown: OnMeltdown,
    pub(crate) work: Work,
    /// Declared in the file, rather than made at run time.
    pub(crate) declared: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Work {
    Actor(Factory),
    Supervisor(Arc<SupervisorSpec>),
}

/// A supervisor with everything decided.
pub(crate) struct SupervisorSpec {
    pub(crate) strategy: Strategy,
    pub(crate) intensity: u32,
    pub(crate) period: Duration,
    /// Empty for a dynamic supervisor.
    pub(crate) children: Vec<Arc<ChildSpec>>,
    pub(crate) dynamic: Option<DynamicSpec>,
}

/// What a dynamic supervisor makes its children from.
pub(crate) struct DynamicSpec {
    pub(crate) rehydrate: Rehydrate,
    /// Its own entry, for what a [`Child`] leaves open.
    pub(crate) node: Node,
    pub(crate) templates: Arc<BTreeMap<String, Node>>,
}

impl std::fmt::Debug for SupervisorSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SupervisorSpec")
            .field("strategy", &self.strategy)
            .field("children", &self.children)
            .finish_non_exhaustive()
    }
}

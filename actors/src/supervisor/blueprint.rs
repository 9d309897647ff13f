//! What to run at each path of the tree.

use std::{collections::BTreeMap, future::Future, sync::Arc};

use crate::runtime::{Actor, Crash, Factory, System};

use super::{Child, child::Rehydrate};

/// The living half of a tree: how to make what the file only names.
///
/// [`super::start`] refuses a path that only one of the two knows.
pub struct Blueprint {
    pub(crate) actors: BTreeMap<String, Factory>,
    pub(crate) dynamic: BTreeMap<String, Rehydrate>,
    /// Declared, but not part of this configuration, with the reason.
    pub(crate) absent: BTreeMap<String, String>,
}

impl Blueprint {
    pub fn new(_system: &System) -> Self {
        Self { actors: BTreeMap::new(), dynamic: BTreeMap::new(), absent: BTreeMap::new() }
    }

    /// The actor at `path`. `make` is called once for each of its lives.
    #[must_use]
    pub fn actor<A: Actor>(self, path: &str, make: impl Fn() -> A + Send + Sync + 'static) -> Self {
        self.factory(path, Factory::new(make))
    }

    /// The actor at `path`, from a factory that was made elsewhere.
    #[must_use]
    pub fn factory(mut self, path: &str, factory: Factory) -> Self {
        self.actors.insert(path.to_owned(), factory);
        self
    }

    /// The dynamic supervisor at `path`. `rehydrate` says which children should run; it is
    /// asked each time that the supervisor itself starts.
    #[must_use]
    pub fn dynamic<F, R>(mut self, path: &str, rehydrate: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Vec<Child>, Crash>> + Send + 'static,
    {
        self.dynamic.insert(path.to_owned(), Arc::new(move || Box::pin(rehydrate())));
        self
    }

    /// `path` is declared but does not run here; the inspector shows it as a ghost with
    /// this `reason`.
    #[must_use]
    pub fn absent(mut self, path: &str, reason: impl Into<String>) -> Self {
        self.absent.insert(path.to_owned(), reason.into());
        self
    }
}

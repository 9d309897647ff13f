//! Children that come and go at run time.

use std::time::Duration;

use crate::runtime::{ActorState, AskError, Handle, Phase, System};

use super::{AdminError, Child, Message, resolve::join};

/// How long a caller waits for a child to start or to stop: longer than any of them may
/// take by default, so that the supervisor's own answer comes first.
const PATIENCE: Duration = Duration::from_secs(30);

/// A dynamic supervisor, seen from outside. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Dynamic {
    system: System,
    path: String,
    handle: Handle<Message>,
}

/// Why a child was not started or not stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DynamicError {
    #[error("a child of this name runs already")]
    AlreadyRunning,
    #[error("no child of this name runs")]
    NotFound,
    #[error("the child could not start: {0}")]
    StartFailed(String),
    #[error("the supervisor is shutting down")]
    ShuttingDown,
    /// The supervisor is being restarted itself, or has too much to do.
    #[error("the supervisor is not available: {0}")]
    Unavailable(AskError),
}

impl System {
    /// The dynamic supervisor at `path`.
    pub fn dynamic(&self, path: &str) -> Dynamic {
        Dynamic { system: self.clone(), path: path.to_owned(), handle: self.handle(path) }
    }
}

impl Dynamic {
    /// Starts `child` and waits until it has started. A child whose very first start fails
    /// is not kept.
    ///
    /// # Errors
    ///
    /// See [`DynamicError`].
    pub async fn start(&self, child: Child) -> Result<(), DynamicError> {
        let answer = self.handle.ask(PATIENCE, |reply| Message::Add(child, reply)).await;
        answer.map_err(unavailable)?
    }

    /// Stops the child and waits until it is gone.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none, `Unavailable` when the supervisor does not answer.
    pub async fn stop(&self, name: &str) -> Result<(), DynamicError> {
        let answer = self.handle.ask(PATIENCE, |reply| Message::Stop(name.to_owned(), reply)).await;
        match answer.map_err(unavailable)? {
            Ok(()) => Ok(()),
            Err(AdminError::NotFound) => Err(DynamicError::NotFound),
            Err(_) => Err(DynamicError::ShuttingDown),
        }
    }

    /// Stops the child of the same name, if there is one, and starts `child`.
    ///
    /// # Errors
    ///
    /// See [`DynamicError`].
    pub async fn replace(&self, child: Child) -> Result<(), DynamicError> {
        match self.stop(child.name()).await {
            Ok(()) | Err(DynamicError::NotFound) => self.start(child).await,
            Err(error) => Err(error),
        }
    }

    /// The names of all children that run, are being restarted, or were given up. Reads
    /// shared memory; never asks the supervisor.
    pub fn names(&self) -> Vec<String> {
        let slots = self.system.slots();
        let mine = slots.iter().filter(|slot| slot.parent().as_deref() == Some(self.path.as_str()));
        let alive = mine.filter(|slot| {
            matches!(slot.phase(), Phase::Starting | Phase::Running | Phase::Restarting | Phase::Failed)
        });
        let mut names: Vec<String> =
            alive.filter_map(|slot| slot.path().rsplit('/').next()).map(str::to_owned).collect();
        names.sort_unstable();
        names
    }

    /// Whether a child of this name runs right now.
    pub fn is_running(&self, name: &str) -> bool {
        let snapshot = self.system.snapshot(&join(&self.path, name));
        snapshot.is_some_and(|child| {
            matches!(child.state, ActorState::Running | ActorState::Busy | ActorState::Stuck)
        })
    }

    /// Waits until the supervisor runs.
    pub async fn running(&self) {
        self.handle.running().await;
    }
}

fn unavailable(error: AskError) -> DynamicError {
    DynamicError::Unavailable(error)
}

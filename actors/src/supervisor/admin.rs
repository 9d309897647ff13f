//! What an administrator may do to any place of the tree.

use std::time::Duration;

use crate::runtime::{AskError, Handle, Phase, Reply, System};

use super::Message;

/// Longer than a stop and a start may take by default.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why an actor was not restarted or stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    #[error("there is no such actor")]
    NotFound,
    /// Declared, but not part of this configuration.
    #[error("this actor is not part of this configuration")]
    Absent,
    #[error("the root of the tree is restarted by restarting the portal")]
    Root,
    #[error("it failed: {0}")]
    Failed(String),
    #[error("its supervisor is not available: {0}")]
    Unavailable(AskError),
}

impl System {
    /// Stops the actor at `path` in an orderly way and starts it again, or starts it now
    /// if it is down, waiting or given up. Does not count as a restart. Waits until it is up.
    ///
    /// # Errors
    ///
    /// See [`AdminError`].
    pub async fn restart(&self, path: &str) -> Result<(), AdminError> {
        self.ask_supervisor(path, Message::Restart).await
    }

    /// Stops the actor at `path` and leaves it down, until somebody restarts it. Waits until
    /// it is down.
    ///
    /// # Errors
    ///
    /// See [`AdminError`].
    pub async fn stop_child(&self, path: &str) -> Result<(), AdminError> {
        self.ask_supervisor(path, Message::Stop).await
    }

    async fn ask_supervisor(
        &self,
        path: &str,
        message: impl FnOnce(String, Reply<Result<(), AdminError>>) -> Message,
    ) -> Result<(), AdminError> {
        let slot = self.find(path).ok_or(AdminError::NotFound)?;
        match slot.phase() {
            Phase::Ghost => return Err(AdminError::Absent),
            Phase::Unborn => return Err(AdminError::NotFound),
            _ => {}
        }
        let supervisor: Handle<Message> = self.handle(&slot.parent().ok_or(AdminError::Root)?);
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        let answer = supervisor.ask(PATIENCE, |reply| message(name, reply)).await;
        answer.map_err(AdminError::Unavailable)?
    }
}

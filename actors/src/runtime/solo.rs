//! One actor without a tree around it, for its own tests.

use std::time::Duration;

use ractor::ActorCell;

use super::{Actor, Crash, Handle, System, shell::launch, slot::Placing};

/// An actor that nobody restarts. It is killed when this is dropped.
pub struct Solo<M> {
    handle: Handle<M>,
    cell: ActorCell,
}

impl<M> Drop for Solo<M> {
    fn drop(&mut self) {
        self.cell.kill();
    }
}

impl System {
    /// Starts `actor` at `path`, unsupervised: a crash is its end.
    ///
    /// # Errors
    ///
    /// What its start said.
    pub async fn solo<A: Actor>(&self, path: &str, actor: A) -> Result<Solo<A::Message>, Crash> {
        let placing =
            Placing { kind: A::KIND, parent: None, strategy: None, restarts_allowed: 0, declared: false };
        let slot = self.place(path, placing);
        let cell = launch(actor, self.clone(), slot.clone(), None).await?;
        Ok(Solo { handle: Handle::new(slot), cell })
    }
}

impl<M> Solo<M> {
    pub fn handle(&self) -> &Handle<M> {
        &self.handle
    }

    /// Lets it finish its mailbox and stop in an orderly way; killed after `patience`.
    pub async fn stop(self, patience: Duration) {
        if self.cell.drain_and_wait(Some(patience)).await.is_err() {
            let _ = self.cell.kill_and_wait(Some(patience)).await;
        }
    }

    /// Waits for its end, whatever the reason.
    pub async fn ended(&self) {
        let _ = self.cell.wait(None).await;
    }
}

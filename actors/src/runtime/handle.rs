//! Talking to a place in the tree, whoever lives in it at the moment.

use std::{marker::PhantomData, sync::Arc, time::Duration};

use tokio::{sync::oneshot, time::Instant};

use super::{Message, Slot};

/// How long [`Handle::ask`] waits for an actor that is being restarted.
const COMEBACK: Duration = Duration::from_secs(1);

/// The stable address of the actor at one path of the tree.
///
/// It stays valid when the actor is restarted. Cheap to clone.
pub struct Handle<M> {
    slot: Arc<Slot>,
    message: PhantomData<fn(M)>,
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self { slot: Arc::clone(&self.slot), message: PhantomData }
    }
}

impl<M> std::fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Handle({})", self.slot.path())
    }
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    #[error("the actor is not running")]
    NotRunning,
    #[error("the actor's mailbox is full")]
    Full,
}

/// Why a question got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    #[error("the actor is not running")]
    NotRunning,
    #[error("the actor's mailbox is full")]
    Full,
    #[error("the actor did not answer in time")]
    TimedOut,
    /// The actor ended, or dropped the question, before it answered.
    #[error("the actor did not answer")]
    Dropped,
}

impl From<Undelivered> for AskError {
    fn from(undelivered: Undelivered) -> Self {
        match undelivered {
            Undelivered::NotRunning => Self::NotRunning,
            Undelivered::Full => Self::Full,
        }
    }
}

impl<M: Message> Handle<M> {
    pub(crate) fn new(slot: Arc<Slot>) -> Self {
        slot.claim_for::<M>();
        Self { slot, message: PhantomData }
    }

    pub fn path(&self) -> &str {
        self.slot.path()
    }

    /// Sends without waiting.
    ///
    /// # Errors
    ///
    /// `NotRunning` between two lives, `Full` when as many messages wait as the actor
    /// allows.
    pub fn tell(&self, message: M) -> Result<(), Undelivered> {
        let life = self.slot.life();
        let life = life.as_ref().ok_or(Undelivered::NotRunning)?;
        life.send(message, true).inspect_err(|undelivered| {
            if *undelivered == Undelivered::Full {
                self.slot.refused();
            }
        })
    }

    /// Sends a question and waits for the answer, for no longer than `deadline` in all.
    /// While the actor is being restarted, waits up to a second of that for it.
    pub async fn ask<T: Send + 'static>(
        &self,
        deadline: Duration,
        message: impl FnOnce(Reply<T>) -> M,
    ) -> Result<T, AskError> {
        let asked_at = Instant::now();
        if !self.is_running() {
            let back = tokio::time::timeout(deadline.min(COMEBACK), self.slot.running()).await;
            back.map_err(|_| AskError::NotRunning)?;
        }

        let (reply, answer) = oneshot::channel();
        self.tell(message(Reply(reply)))?;
        let left = deadline.saturating_sub(asked_at.elapsed());
        match tokio::time::timeout(left, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(AskError::Dropped),
            Err(_) => Err(AskError::TimedOut),
        }
    }

    /// Whether an actor has started here and has not ended.
    pub fn is_running(&self) -> bool {
        self.slot.life().is_some()
    }

    /// Waits until an actor runs here.
    pub async fn running(&self) {
        self.slot.running().await;
    }
}

/// Where the answer to one question goes. Dropping it tells the asker that there is none.
#[derive(Debug)]
pub struct Reply<T>(oneshot::Sender<T>);

impl<T> Reply<T> {
    /// A reply with the place where its answer arrives, for a caller that is no actor.
    pub fn pair() -> (Self, oneshot::Receiver<T>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    /// Answers. An asker that has given up is no concern of the actor's.
    pub fn send(self, value: T) {
        let _ = self.0.send(value);
    }

    /// Whether the asker has given up.
    pub fn is_abandoned(&self) -> bool {
        self.0.is_closed()
    }
}

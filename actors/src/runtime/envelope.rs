//! What really travels: a message with when it was sent and on whose behalf.

use std::{future::Future, sync::Arc};

use tokio::time::Instant;

use super::Message;

/// The id of the request on whose behalf something happens.
pub type Correlation = Arc<str>;

tokio::task_local! {
    static CORRELATION: Correlation;
}

/// The request id that this task works for, if any.
pub fn correlation() -> Option<Correlation> {
    CORRELATION.try_with(Correlation::clone).ok()
}

/// Runs `future` on behalf of the request `id`: every message sent from within carries
/// it, and the handler of such a message runs on its behalf in turn.
pub async fn correlated<T>(id: Option<Correlation>, future: impl Future<Output = T>) -> T {
    match id {
        Some(id) => CORRELATION.scope(id, future).await,
        None => future.await,
    }
}

/// A message on its way to an actor.
#[derive(Debug)]
pub struct Envelope<M> {
    pub message: M,
    /// The name of the message's variant.
    pub kind: &'static str,
    pub enqueued_at: Instant,
    pub correlation: Option<Correlation>,
}

impl<M: Message> Envelope<M> {
    /// Wraps `message` now, on behalf of the request that the current task works for.
    pub fn new(message: M) -> Self {
        Self { kind: message.kind(), message, enqueued_at: Instant::now(), correlation: correlation() }
    }
}

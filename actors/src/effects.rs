//! Things to do outside, each until it is done: a scan, a submission, a delivery.
//!
//! ```text
//!    whoever changes a row -- row of `effects`, in the same transaction
//!                                   |
//!                                   v  every 2 s, or at once when nudged
//!    effects/_dispatcher ---- due rows ----> effects/<id>, at most 8 at a time
//!                                               |  lease; renewed while the handler works
//!                                               v
//!                             done | again later | never
//! ```
//!
//! An effect is done at least once, and begun by one actor at a time: a handler looks whether
//! its work was done already before it does it again. Nothing is kept here that a restart could
//! lose.

mod dispatcher;
mod runner;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use futures_util::future::BoxFuture;
use store::{Effect, NodeId, Reader, Writer};

use crate::runtime::System;
use crate::supervisor::Child;

pub use dispatcher::Message;
use dispatcher::{DISPATCHER, Dispatcher};

/// The dynamic supervisor of the effects.
pub const PATH: &str = "effects";

/// Knows how to do one kind of effect.
pub trait Handler: Send + Sync + 'static {
    /// The kind in the rows of `effects`, such as `plex-scan`.
    fn kind(&self) -> &'static str;

    /// Does it, or finds it done. Every call in it has a deadline of its own; after
    /// [`Handler::longest`] it is given up and tried again later.
    fn run(&self, effect: Effect) -> BoxFuture<'static, Result<(), Trouble>>;

    /// How long one attempt may take.
    fn longest(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// After this many attempts that failed for a reason that might go away, it is given up.
    fn attempts(&self) -> u32 {
        30
    }

    /// It will never be done: tell whoever waits for it. Runs before the effect is closed, and
    /// again when the portal dies in between.
    fn gave_up(&self, effect: Effect, reason: String) -> BoxFuture<'static, Result<(), Trouble>> {
        let _ = (effect, reason);
        Box::pin(async { Ok(()) })
    }
}

/// Why an effect was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// May work later; `after` when the other side said when.
    #[error("{reason}")]
    Later { reason: String, after: Option<Duration> },
    /// Not worth trying again.
    #[error("{0}")]
    Never(String),
}

impl Trouble {
    pub fn later(reason: impl Into<String>) -> Self {
        Trouble::Later { reason: reason.into(), after: None }
    }
}

impl From<store::Error> for Trouble {
    fn from(error: store::Error) -> Self {
        Trouble::later(error.to_string())
    }
}

impl From<integrations::Error> for Trouble {
    /// What the service refuses stays refused; everything else may pass.
    fn from(error: integrations::Error) -> Self {
        match error {
            integrations::Error::Refused { .. } => Trouble::Never(error.to_string()),
            error => Trouble::Later { reason: error.to_string(), after: error.retry_in() },
        }
    }
}

impl From<crate::upstream::Unwell> for Trouble {
    fn from(unwell: crate::upstream::Unwell) -> Self {
        match unwell {
            crate::upstream::Unwell::Failed(error) => error.into(),
            unwell => Trouble::later(unwell.to_string()),
        }
    }
}

/// What the dispatcher and the runners share.
#[derive(Clone)]
pub struct Effects {
    pub(crate) system: System,
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
    pub(crate) node: NodeId,
    pub(crate) handlers: Arc<BTreeMap<&'static str, Arc<dyn Handler>>>,
}

impl Effects {
    /// # Panics
    /// When two handlers are of one kind, which every start of the portal meets at once.
    pub fn new(
        system: &System,
        reader: Reader,
        writer: Writer,
        node: NodeId,
        handlers: Vec<Arc<dyn Handler>>,
    ) -> Self {
        let count = handlers.len();
        let handlers: BTreeMap<_, _> =
            handlers.into_iter().map(|handler| (handler.kind(), handler)).collect();
        assert_eq!(handlers.len(), count, "two handlers are of one kind");
        Self { system: system.clone(), reader, writer, node, handlers: Arc::new(handlers) }
    }

    /// What should run when the dynamic supervisor starts: the dispatcher, which finds the rest.
    pub fn rehydrate(&self) -> Vec<Child> {
        let this = self.clone();
        vec![Child::actor(DISPATCHER, move || Dispatcher { effects: this.clone() })]
    }
}

/// Says that an effect was queued, so that nobody waits for the next look.
pub fn nudge(system: &System) {
    // A full mailbox means that it looks anyway.
    let _ = system.handle::<Message>(&format!("{PATH}/{DISPATCHER}")).tell(Message::Look);
}

/// When the next attempt after `attempts` failed ones is due: 2 s, 4 s and so on to ten
/// minutes, with a fifth of jitter so that many do not come back at once.
fn next_attempt(attempts: u32, after: Option<Duration>, roll: f64) -> Timestamp {
    let doubled = Duration::from_secs(1 << attempts.min(10)).min(Duration::from_secs(600));
    let wait = doubled.max(after.unwrap_or_default());
    Timestamp::now() + wait.mul_f64(1.0 + 0.2 * roll.clamp(0.0, 1.0))
}

#[cfg(test)]
#[path = "effects/tests.rs"]
mod tests;

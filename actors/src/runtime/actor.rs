//! The traits that an actor is written against.

use std::future::Future;

use ractor::ActorId;
use serde_json::Value;

use super::Myself;

/// Why an actor gives up its life: any error. Returning one restarts the actor.
pub type Crash = Box<dyn std::error::Error + Send + Sync>;

/// What an actor can be told.
pub trait Message: Send + 'static {
    /// The name of the variant, for tables and logs; never its contents.
    fn kind(&self) -> &'static str;
}

/// Something that lives in the tree: it owns a state and handles one message at a time.
///
/// A value of the implementing type is what the actor is given at (re)start: settings
/// and handles. The state is made anew by [`Actor::start`] each time, and lost with the
/// actor; what must survive is in the store.
pub trait Actor: Sized + Send + Sync + 'static {
    type Message: Message;
    type State: Send + 'static;

    /// What it is, in one word, for the inspector: "monitor", "job".
    const KIND: &'static str;

    /// How many messages may wait before [`super::Undelivered::Full`].
    const MAILBOX: usize = 1024;

    /// Makes the state of a new life. An error or a panic counts as a restart.
    fn start(&self, me: &Myself<Self::Message>) -> impl Future<Output = Result<Self::State, Crash>> + Send;

    /// Handles one message. An error or a panic ends this life; the supervisor decides
    /// what follows. While this awaits, the actor is deaf: long work belongs in a task
    /// that is held in the state and reports back with a message.
    fn handle(
        &self,
        me: &Myself<Self::Message>,
        message: Self::Message,
        state: &mut Self::State,
    ) -> impl Future<Output = Result<(), Crash>> + Send;

    /// Tidies up at an orderly stop; never runs after a crash or a kill.
    fn stop(&self, me: &Myself<Self::Message>, state: &mut Self::State) -> impl Future<Output = ()> + Send {
        let _ = (me, state);
        async {}
    }

    /// A small card for the inspector, taken after a message: domain words, no secrets.
    fn inspect(&self, state: &Self::State) -> Value {
        let _ = state;
        Value::Null
    }

    /// An actor that is linked to this one has ended. Only supervisors have children.
    fn child_ended(
        &self,
        me: &Myself<Self::Message>,
        ended: ChildEnded,
        state: &mut Self::State,
    ) -> impl Future<Output = Result<(), Crash>> + Send {
        let _ = (me, ended, state);
        async { Ok(()) }
    }
}

/// Returned from [`Actor::start`]: there is nothing to do here, and that is no failure.
/// The supervisor carries on without the actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is nothing to do")]
pub struct NothingToDo;

/// The end of a linked actor, as its supervisor hears of it.
#[derive(Debug, Clone)]
pub struct ChildEnded {
    pub(crate) id: ActorId,
    pub exit: Exit,
}

/// How a life ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// It stopped itself or was asked to, with the reason that was given.
    Orderly(String),
    /// An error or a panic, in words.
    Crashed(String),
    /// Ended from outside without a chance to tidy up. Counts as a crash.
    Killed,
}

impl Exit {
    /// Whether a transient actor is started again after this.
    pub fn is_abnormal(&self) -> bool {
        !matches!(self, Self::Orderly(_))
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Orderly(reason) => write!(f, "{reason}"),
            Self::Crashed(error) => write!(f, "{error}"),
            Self::Killed => write!(f, "killed"),
        }
    }
}

//! The supervisor itself: an actor whose work is that others live.
//!
//! ```text
//!             Launched, Ready, StartTimedOut, BackoffOver, Stopped
//!                 +-----------------------------------------+
//!                 v                                         |
//!    ended --> [state of each child] --> tasks and timers --+
//!                 ^
//!                 +-- Add, Stop, Restart, ShutDown (others)
//! ```
//!
//! Each report carries the number of the step that it is about; one that comes too late
//! is ignored. Nothing here waits: see `starting` for the way up, `ending` for the way
//! down, `restarting` for what a death means and `requests` for what others ask.

mod ending;
mod requests;
mod restarting;
mod starting;

use std::{collections::HashMap, sync::Arc, time::Duration};

use ractor::{ActorCell, ActorId};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::runtime::{Actor, ChildEnded, Crash, Exit, Myself, Placing, Reply};

use super::{
    AdminError, Child, DynamicError, Strategy,
    child::{ChildSpec, SupervisorSpec, Work},
    children::{Children, Entry, Key},
    intensity::Window,
    resolve::join,
};

/// How long a child that was given up is left alone before it is tried again.
pub const RETRY_FAILED_AFTER: Duration = Duration::from_secs(300);

/// What a supervisor is told. Only its own tasks, its children and the functions of
/// [`super::Dynamic`], [`super::Root`] and `System` build these.
#[derive(Debug)]
pub enum Message {
    /// Start the children; sent by itself.
    Begin,
    /// What should run was found out; sent by the task that `Begin` started.
    Rehydrated(Result<Vec<Child>, String>),
    /// A start is over; sent by its task.
    Launched { child: u64, attempt: u64, outcome: Result<Launched, String> },
    /// All children of a child that is a supervisor have started; sent by that child.
    Ready { child: u64, attempt: u64 },
    /// Sent by a timer.
    StartTimedOut { child: u64, attempt: u64 },
    /// Sent by a timer.
    BackoffOver { child: u64, attempt: u64 },
    /// It is time to try a child again that was given up; sent by a timer.
    RetryFailed { child: u64, attempt: u64 },
    /// A stop is over; sent by its task.
    Stopped { child: u64, attempt: u64, was_killed: bool },
    /// Add a child; sent by [`super::Dynamic::start`].
    Add(Child, Reply<Result<(), DynamicError>>),
    /// Sent by [`super::Dynamic::stop`] and `System::stop_child`.
    Stop(String, Reply<Result<(), AdminError>>),
    /// Sent by `System::restart`.
    Restart(String, Reply<Result<(), AdminError>>),
    /// End in order, with this reason; sent by the parent or by [`super::Root::shutdown`].
    ShutDown(String),
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Self::Begin => "Begin",
            Self::Rehydrated(_) => "Rehydrated",
            Self::Launched { .. } => "Launched",
            Self::Ready { .. } => "Ready",
            Self::StartTimedOut { .. } => "StartTimedOut",
            Self::BackoffOver { .. } => "BackoffOver",
            Self::RetryFailed { .. } => "RetryFailed",
            Self::Stopped { .. } => "Stopped",
            Self::Add(..) => "Add",
            Self::Stop(..) => "Stop",
            Self::Restart(..) => "Restart",
            Self::ShutDown(_) => "ShutDown",
        }
    }
}

/// How a start that did not fail went.
#[derive(Debug)]
pub enum Launched {
    /// It runs; the supervisor keeps its cell.
    Running(RunningCell),
    /// It said that there is nothing to do: see [`crate::runtime::NothingToDo`].
    NothingToDo,
}

/// The actor that a start has made.
#[derive(Debug)]
pub struct RunningCell(pub(super) ActorCell);

/// Told once, when all children have had their first start.
pub(super) type WhenReady = Arc<dyn Fn() + Send + Sync>;

/// A supervisor, as its parent or the root starts it.
pub(super) struct Supervisor {
    pub(super) spec: Arc<SupervisorSpec>,
    /// What its children's paths begin with; empty for the root.
    pub(super) prefix: String,
    pub(super) when_ready: WhenReady,
}

/// The life of one supervisor.
pub(super) struct State {
    spec: Arc<SupervisorSpec>,
    prefix: String,
    when_ready: WhenReady,
    children: Children,
    /// The restarts of all children whose meltdown is this supervisor's.
    window: Window,
    /// The first round of starts: in order, whatever the strategy.
    is_booting: bool,
    /// It is known what should run.
    is_hydrated: bool,
    /// How many children have a start under way.
    starting: usize,
    /// Ends that came before the report of the start.
    early: HashMap<ActorId, Exit>,
    /// Why it is ending, once it is.
    ending: Option<String>,
    /// Starts and stops; they end with this life.
    tasks: JoinSet<()>,
}

impl Actor for Supervisor {
    type Message = Message;
    type State = State;
    const KIND: &'static str = "supervisor";
    const MAILBOX: usize = 16_384;

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        me.tell(Message::Begin);
        Ok(State {
            spec: Arc::clone(&self.spec),
            prefix: self.prefix.clone(),
            when_ready: Arc::clone(&self.when_ready),
            children: Children::default(),
            window: Window::new(self.spec.intensity, self.spec.period),
            is_booting: true,
            is_hydrated: false,
            starting: 0,
            early: HashMap::new(),
            ending: None,
            tasks: JoinSet::new(),
        })
    }

    async fn handle(&self, me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        while state.tasks.try_join_next().is_some() {}
        match message {
            Message::Begin => state.begin(me),
            Message::Rehydrated(children) => state.rehydrated(me, children)?,
            Message::Launched { child, attempt, outcome } => state.launched(me, child, attempt, outcome),
            Message::Ready { child, attempt } => state.ready(me, child, attempt),
            Message::StartTimedOut { child, attempt } => state.start_timed_out(me, child, attempt),
            Message::BackoffOver { child, attempt } => state.backoff_over(me, child, attempt),
            Message::RetryFailed { child, attempt } => state.retry_failed(me, child, attempt),
            Message::Stopped { child, attempt, was_killed } => state.stopped(me, child, attempt, was_killed),
            Message::Add(child, reply) => state.add(me, child, reply),
            Message::Stop(name, reply) => state.stop_child(me, &name, reply),
            Message::Restart(name, reply) => state.restart_child(me, &name, reply),
            Message::ShutDown(reason) => state.end(me, reason),
        }
        Ok(())
    }

    async fn child_ended(
        &self,
        me: &Myself<Message>,
        ended: ChildEnded,
        state: &mut State,
    ) -> Result<(), Crash> {
        state.ended(me, ended);
        Ok(())
    }

    fn inspect(&self, state: &State) -> Value {
        json!({ "children": state.children.len(), "ending": state.ending })
    }
}

impl State {
    fn is_dynamic(&self) -> bool {
        self.spec.strategy == Strategy::Dynamic
    }

    /// Takes a child in, to be started.
    fn adopt(&mut self, me: &Myself<Message>, spec: Arc<ChildSpec>) -> Key {
        let path = join(&self.prefix, &spec.name);
        let (kind, strategy) = match &spec.work {
            Work::Actor(factory) => (factory.kind(), None),
            Work::Supervisor(below) => (Supervisor::KIND, Some(below.strategy.as_str())),
        };
        let slot = me.system().place(
            &path,
            Placing {
                kind,
                parent: Some(Arc::clone(me.slot().path())),
                strategy,
                restarts_allowed: self.spec.intensity,
                declared: spec.declared,
            },
        );
        self.children.insert(Entry::new(spec, slot))
    }

    /// Takes the next steps, after anything has changed: down first, then up.
    fn advance(&mut self, me: &Myself<Message>) {
        self.tear_down(me);
        if self.ending.is_some() {
            self.end_when_empty(me);
            return;
        }
        self.start_due(me);
        if self.is_booting && self.has_settled() {
            self.is_booting = false;
            (self.when_ready)();
        }
    }
}

#[cfg(test)]
mod tests;

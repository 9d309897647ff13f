//! What the inspector sees of one actor.

use std::time::Duration;

use domain::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// An actor as it was a moment ago, read from shared memory.
#[derive(Debug, Clone, Serialize)]
pub struct ActorSnapshot {
    /// Its place in the tree, as `downloads/queue`.
    pub path: String,
    /// What it is: `monitor`, `job`, `supervisor`.
    pub kind: &'static str,
    pub state: ActorState,
    /// How many messages wait in its mailbox.
    pub mailbox: usize,
    /// How many messages were turned away because the mailbox was full.
    pub refused: u32,
    /// How often it was started again since the portal started.
    pub restarts: u32,
    /// How many of those still count towards a meltdown.
    pub restarts_used: u32,
    /// How many are allowed within the period.
    pub restarts_allowed: u32,
    pub last_error: Option<String>,
    /// Since when it has been in this state.
    pub since: Timestamp,
    pub parent: Option<String>,
    /// The strategy, if it is a supervisor.
    pub strategy: Option<&'static str>,
    /// How long it has been in its current handler.
    #[serde(serialize_with = "millis")]
    pub busy_for: Option<Duration>,
    /// The kind of message that it handles right now.
    pub busy_with: Option<&'static str>,
    /// Which of its lives this is, from 1.
    pub generation: u64,
    pub messages: Vec<MessageStats>,
    /// What the actor says about itself.
    pub card: Value,
}

fn millis<S: serde::Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => serializer.serialize_some(&(duration.as_millis() as u64)),
        None => serializer.serialize_none(),
    }
}

/// What an actor is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorState {
    /// Making its state.
    Starting,
    /// Waiting for messages.
    Running,
    /// In a handler.
    Busy,
    /// In one handler for more than five seconds.
    Stuck,
    /// Ended, and about to be started again.
    Restarting,
    /// Finishing its mailbox before it stops.
    Draining,
    Stopped,
    /// Given up on after too many restarts; tried again later.
    Failed,
    /// Declared, but not part of this configuration.
    Ghost,
}

impl ActorState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Busy => "busy",
            Self::Stuck => "stuck",
            Self::Restarting => "restarting",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Ghost => "ghost",
        }
    }
}

impl std::fmt::Display for ActorState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One row of an actor's message table. Times are in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageStats {
    pub kind: &'static str,
    pub count: u64,
    pub errors: u64,
    pub p50_us: u64,
    pub p95_us: u64,
    pub max_us: u64,
    /// Time in the mailbox before being handled.
    pub wait_p95_us: u64,
}

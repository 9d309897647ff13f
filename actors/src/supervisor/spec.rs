//! The tree as data: what `supervisor.toml` says.

use std::{collections::BTreeMap, time::Duration};

/// A whole declared tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    /// The root; always a supervisor.
    pub root: Node,
    /// Groups that dynamic supervisors make children from, by name.
    pub templates: BTreeMap<String, Node>,
}

/// One place of the tree: an actor, or a supervisor with its children.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub name: String,
    pub body: Body,
    /// When it is started again.
    pub restart: Restart,
    /// How long its restarts wait. On a dynamic supervisor: its children's.
    pub backoff: Backoff,
    /// How long a start may take; none is for ever. On a dynamic supervisor: a child's.
    pub start_timeout: Option<Duration>,
    /// How long a stop may take. On a dynamic supervisor: a child's.
    pub shutdown: Shutdown,
    /// What follows too many restarts, of itself (an actor) or of its children.
    pub on_meltdown: Option<OnMeltdown>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Actor,
    Supervisor(Supervision),
}

/// What makes a node a supervisor.
#[derive(Debug, Clone, PartialEq)]
pub struct Supervision {
    pub strategy: Strategy,
    /// How many restarts are allowed within `period`; one more is a meltdown.
    pub intensity: u32,
    pub period: Duration,
    /// In start order. Empty for a dynamic supervisor.
    pub children: Vec<Node>,
}

/// Who is restarted together with a child that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Only that child.
    OneForOne,
    /// All children.
    OneForAll,
    /// That child and those that are listed after it.
    RestForOne,
    /// Only that child; children come and go at run time.
    Dynamic,
}

/// When a child is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// Always.
    Permanent,
    /// When it crashed or was killed.
    Transient,
    /// Never.
    Temporary,
}

/// How long a child may take to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// Then it is killed.
    After(Duration),
    /// As long as it takes.
    Infinity,
    /// It is killed at once.
    Kill,
}

/// What follows more restarts than are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMeltdown {
    /// The supervisor ends, and its parent decides.
    Escalate,
    /// The child stays `failed` and is tried again later.
    GiveUp,
}

/// How restarts in a row wait: not at all, then `initial`, then ever longer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    pub initial: Duration,
    pub max: Duration,
    pub factor: f64,
    /// A child that ran for this long starts over with the next wait.
    pub reset_after: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            initial: Duration::from_millis(200),
            max: Duration::from_secs(10),
            factor: 2.0,
            reset_after: Duration::from_secs(60),
        }
    }
}

pub(crate) const INTENSITY: u32 = 5;
pub(crate) const PERIOD: Duration = Duration::from_secs(60);
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(5);
pub(crate) const SHUTDOWN: Duration = Duration::from_secs(5);

impl Strategy {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneForOne => "one_for_one",
            Self::OneForAll => "one_for_all",
            Self::RestForOne => "rest_for_one",
            Self::Dynamic => "dynamic",
        }
    }

    /// Whether children are restarted in groups, and therefore in order.
    pub(crate) const fn is_group(self) -> bool {
        matches!(self, Self::OneForAll | Self::RestForOne)
    }
}

impl Restart {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::Transient => "transient",
            Self::Temporary => "temporary",
        }
    }

    /// Whether a child is started again after such an end.
    pub(crate) const fn follows(self, abnormal: bool) -> bool {
        match self {
            Self::Permanent => true,
            Self::Transient => abnormal,
            Self::Temporary => false,
        }
    }
}

impl OnMeltdown {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Escalate => "escalate",
            Self::GiveUp => "give_up",
        }
    }
}

impl Node {
    pub fn is_dynamic(&self) -> bool {
        matches!(&self.body, Body::Supervisor(supervision) if supervision.strategy == Strategy::Dynamic)
    }
}

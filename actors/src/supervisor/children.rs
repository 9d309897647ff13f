//! The children of one supervisor and what each of them is doing.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use ractor::{ActorCell, ActorId};
use tokio::{task::AbortHandle, time::Instant};

use crate::runtime::{Phase, Reply, Slot, Timer};

use super::{AdminError, DynamicError, child::ChildSpec, intensity::Window};

/// A child's number; they ascend in start order.
pub(super) type Key = u64;

pub(super) struct Entry {
    pub(super) spec: Arc<ChildSpec>,
    pub(super) slot: Arc<Slot>,
    pub(super) status: Status,
    /// Grows with every step that something will report back about, so that a report
    /// which comes too late is known as such.
    pub(super) attempt: u64,
    /// Restarts in a row, for the backoff.
    pub(super) failures: u32,
    pub(super) up_since: Option<Instant>,
    /// Its own restarts, when it is given up alone.
    pub(super) window: Option<Box<Window>>,
    /// It is to be stopped, and then this.
    pub(super) doomed: Option<Then>,
    pub(super) waiting: Vec<Waiting>,
}

/// What a child is doing.
pub(super) enum Status {
    /// To be started when its turn comes.
    Pending,
    Starting(Start),
    Up(ActorCell),
    /// To be started when the pause that began then is over.
    Backoff(Instant),
    /// Its end is awaited.
    Stopping(ActorId),
    /// Ended for good, or until somebody asks.
    Down,
    /// Restarted too often.
    Failed,
}

/// A start that is under way.
pub(super) struct Start {
    pub(super) task: AbortHandle,
    pub(super) deadline: Option<Timer>,
    /// Known once the actor runs; a supervisor is not up before its children are.
    pub(super) cell: Option<ActorCell>,
    pub(super) is_ready: bool,
}

/// What becomes of a child after it was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// It is started again.
    Pending,
    /// It stays known, but down.
    Down,
    /// It is forgotten.
    Gone,
}

/// Somebody who wants to know how this ends.
pub(super) enum Waiting {
    /// A child that was just added: its first start decides.
    Added(Reply<Result<(), DynamicError>>),
    Restarted(Reply<Result<(), AdminError>>),
    Stopped(Reply<Result<(), AdminError>>),
}

impl Entry {
    pub(super) fn new(spec: Arc<ChildSpec>, slot: Arc<Slot>) -> Self {
        Self {
            spec,
            slot,
            status: Status::Pending,
            attempt: 0,
            failures: 0,
            up_since: None,
            window: None,
            doomed: None,
            waiting: Vec::new(),
        }
    }

    /// A new step begins: answers its number.
    pub(super) fn next_attempt(&mut self) -> u64 {
        self.attempt += 1;
        self.attempt
    }

    pub(super) fn is_added(&self) -> bool {
        self.waiting.iter().any(|waiting| matches!(waiting, Waiting::Added(_)))
    }

    /// It is up: those who waited for that are told.
    pub(super) fn tell_up(&mut self) {
        for waiting in std::mem::take(&mut self.waiting) {
            match waiting {
                Waiting::Added(reply) => reply.send(Ok(())),
                Waiting::Restarted(reply) => reply.send(Ok(())),
                stopped @ Waiting::Stopped(_) => self.waiting.push(stopped),
            }
        }
    }

    /// It will not come up, for this reason.
    pub(super) fn tell_down(&mut self, reason: &str) {
        for waiting in std::mem::take(&mut self.waiting) {
            match waiting {
                Waiting::Added(reply) => reply.send(Err(DynamicError::StartFailed(reason.to_owned()))),
                Waiting::Restarted(reply) => reply.send(Err(AdminError::Failed(reason.to_owned()))),
                Waiting::Stopped(reply) => reply.send(Ok(())),
            }
        }
    }

    pub(super) fn is_active(&self) -> bool {
        !matches!(self.status, Status::Down | Status::Failed)
    }
}

/// All children, in start order, and found by name and by actor.
#[derive(Default)]
pub(super) struct Children {
    entries: BTreeMap<Key, Entry>,
    by_name: HashMap<Arc<str>, Key>,
    by_actor: HashMap<ActorId, Key>,
    last: Key,
}

/// A supervisor that crashes or is killed cannot say goodbye to its children one by one.
/// Those that run end by themselves; the others must not be shown as if somebody still
/// cared for them.
impl Drop for Children {
    fn drop(&mut self) {
        for entry in self.entries.values().filter(|entry| !matches!(entry.status, Status::Up(_))) {
            entry.slot.set_phase(Phase::Stopped);
        }
    }
}

impl Children {
    pub(super) fn insert(&mut self, entry: Entry) -> Key {
        self.last += 1;
        self.by_name.insert(Arc::clone(&entry.spec.name), self.last);
        self.entries.insert(self.last, entry);
        self.last
    }

    /// Forgets a child; its place says that it is stopped.
    pub(super) fn remove(&mut self, key: Key, reason: &str) {
        let Some(mut entry) = self.entries.remove(&key) else { return };
        self.by_name.remove(&entry.spec.name);
        entry.slot.set_phase(Phase::Stopped);
        entry.tell_down(reason);
    }

    pub(super) fn get(&mut self, key: Key) -> Option<&mut Entry> {
        self.entries.get_mut(&key)
    }

    /// The child that this step was begun for, unless it has moved on.
    pub(super) fn at(&mut self, key: Key, attempt: u64) -> Option<&mut Entry> {
        self.entries.get_mut(&key).filter(|entry| entry.attempt == attempt)
    }

    pub(super) fn named(&self, name: &str) -> Option<Key> {
        self.by_name.get(name).copied()
    }

    pub(super) fn runs_as(&mut self, actor: ActorId, key: Key) {
        self.by_actor.insert(actor, key);
    }

    /// Whose actor that was; it is no longer.
    pub(super) fn was(&mut self, actor: ActorId) -> Option<Key> {
        self.by_actor.remove(&actor)
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        self.entries.keys().copied().collect()
    }

    pub(super) fn keys_from(&self, key: Key) -> Vec<Key> {
        self.entries.range(key..).map(|(key, _)| *key).collect()
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (Key, &Entry)> {
        self.entries.iter().map(|(key, entry)| (*key, entry))
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

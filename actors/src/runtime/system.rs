//! All places of one tree, by path.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use domain::Timestamp;
use tokio::time::Instant;

use super::{
    ActorSnapshot, Handle, Message, Occurrence, Slot, SupervisionEvent, event::Timeline, slot::Placing,
};

/// An actor that is in one handler for longer than this is reported as stuck.
pub const STUCK_AFTER: Duration = Duration::from_secs(5);

/// Everything that lives in one process, by path. Cheap to clone.
#[derive(Clone)]
pub struct System(Arc<Shared>);

struct Shared {
    epoch: Instant,
    slots: RwLock<HashMap<Arc<str>, Arc<Slot>>>,
    timeline: Timeline,
}

impl std::fmt::Debug for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("System")
    }
}

impl Default for System {
    fn default() -> Self {
        Self::new()
    }
}

impl System {
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            epoch: Instant::now(),
            slots: RwLock::default(),
            timeline: Timeline::default(),
        }))
    }

    /// The stable handle of `path`, whether or not anything runs there yet.
    ///
    /// # Panics
    ///
    /// When the actor at `path` takes other messages than `M`.
    pub fn handle<M: Message>(&self, path: &str) -> Handle<M> {
        Handle::new(self.slot(path))
    }

    /// Every visible actor, sorted by path. Reads shared memory; never asks an actor.
    pub fn snapshots(&self) -> Vec<ActorSnapshot> {
        let now = Instant::now();
        let mut slots = self.slots();
        slots.retain(|slot| slot.is_visible(now));
        slots.sort_by(|one, other| one.path().cmp(other.path()));
        slots.iter().map(|slot| slot.snapshot(now)).collect()
    }

    /// The actor at `path`, also for a while after its end.
    pub fn snapshot(&self, path: &str) -> Option<ActorSnapshot> {
        let now = Instant::now();
        let slot = self.find(path)?;
        slot.is_visible(now).then(|| slot.snapshot(now))
    }

    /// What happened in the tree lately, oldest first.
    pub fn supervision_events(&self) -> Vec<SupervisionEvent> {
        self.0.timeline.all()
    }

    /// Ends the actor at `path` at once, as a crash would; answers whether there was one.
    /// The supervisor restarts it. For proving that the tree heals.
    pub fn kill(&self, path: &str) -> bool {
        let Some(cell) = self.find(path).and_then(|slot| slot.newest_cell()) else { return false };
        cell.kill();
        true
    }

    pub(crate) fn find(&self, path: &str) -> Option<Arc<Slot>> {
        self.0.slots.read().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    pub(crate) fn slot(&self, path: &str) -> Arc<Slot> {
        if let Some(slot) = self.find(path) {
            return slot;
        }
        let mut slots = self.0.slots.write().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.entry(path.into()).or_insert_with(|| Arc::new(Slot::new(path, self.0.epoch)));
        Arc::clone(slot)
    }

    /// The place at `path`, described anew.
    pub(crate) fn place(&self, path: &str, placing: Placing) -> Arc<Slot> {
        let slot = self.slot(path);
        slot.place(placing);
        slot
    }

    pub(crate) fn slots(&self) -> Vec<Arc<Slot>> {
        self.0.slots.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Writes a line of the timeline.
    pub(crate) fn note(&self, slot: &Slot, what: Occurrence, reason: Option<String>) {
        self.0.timeline.push(SupervisionEvent {
            at: Timestamp::now(),
            path: slot.path().to_string(),
            what,
            reason,
            generation: slot.generation(),
        });
    }

    /// Reports actors that have been in one handler for too long. Called every second by
    /// the root of the tree; needs nothing from the actors.
    pub(crate) fn report_stuck(&self) {
        let now = Instant::now();
        for slot in self.slots() {
            if let Some((busy_for, kind)) = slot.newly_stuck(now) {
                let busy_for = busy_for.as_secs();
                tracing::warn!(actor = %slot.path(), "{} has been handling {kind} for {busy_for} s", slot.path());
                self.note(&slot, Occurrence::Stuck, Some(format!("in {kind} for {busy_for} s")));
            }
        }
    }

    /// Forgets places that are no longer visible and that nobody holds a handle of.
    pub(crate) fn sweep(&self) {
        let now = Instant::now();
        let mut slots = self.0.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.is_visible(now));
    }
}

//! What happened in the tree lately.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use domain::Timestamp;
use serde::Serialize;

/// How many events are kept.
const KEPT: usize = 512;

/// One line of the timeline: something was done to, or seen of, an actor.
#[derive(Debug, Clone, Serialize)]
pub struct SupervisionEvent {
    pub at: Timestamp,
    pub path: String,
    pub what: Occurrence,
    /// In words, where there is one.
    pub reason: Option<String>,
    /// Which life of the actor this concerns.
    pub generation: u64,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Occurrence {
    Started,
    StartFailed,
    Crashed,
    /// Ended in an orderly way by itself.
    Ended,
    /// Will be started again; the reason says when.
    Restarting,
    /// Stopped by its supervisor.
    Stopped,
    /// Did not stop in time and was ended.
    Killed,
    Stuck,
    /// No longer stuck.
    Recovered,
    /// Had too many restarts below it and hands the trouble to its parent.
    Escalated,
    /// Restarted too often: left alone for a while.
    GaveUp,
    /// Tried again after having been given up.
    Retried,
}

/// The last events, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Timeline(Mutex<VecDeque<SupervisionEvent>>);

impl Timeline {
    pub(crate) fn push(&self, event: SupervisionEvent) {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() == KEPT {
            events.pop_front();
        }
        events.push_back(event);
    }

    pub(crate) fn all(&self) -> Vec<SupervisionEvent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

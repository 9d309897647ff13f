//! What the monitors saw and the store does not have yet.
//!
//! Monitors put things in and never wait; the recorder takes them out. Every kind of waiting
//! room has its bound: of each service only the latest status waits, and of the probes the
//! oldest are dropped when the store is away for long. A status is never dropped.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::Timestamp;
use domain::service::{Heartbeat, ServiceName, ServiceStatus};
use tokio::sync::Notify;

/// How many probes wait at most; about three hours of fifty services at one a minute.
const MAX_BEATS: usize = 10_000;

/// How many probes are written in one transaction.
const BATCH: usize = 500;

/// A status that is not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) status: ServiceStatus,
    pub(crate) at: Timestamp,
    pub(crate) message: Option<String>,
}

/// Shared by all monitors and all lives of the recorder.
#[derive(Default)]
pub(crate) struct Record {
    waiting: Mutex<Waiting>,
    arrived: Notify,
    /// Held while statuses are written, and while an admin changes a row: a status of before
    /// the change must not be written after it.
    pub(super) writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    changes: BTreeMap<ServiceName, Change>,
    beats: VecDeque<(ServiceName, Heartbeat)>,
    dropped: u64,
}

impl Record {
    /// The status flipped; wakes the recorder.
    pub(crate) fn change(&self, name: &ServiceName, change: Change) {
        self.lock().changes.insert(name.clone(), change);
        self.arrived.notify_one();
    }

    /// A probe is over.
    pub(crate) fn beat(&self, name: &ServiceName, beat: Heartbeat) {
        let mut waiting = self.lock();
        if waiting.beats.len() == MAX_BEATS {
            waiting.beats.pop_front();
            waiting.dropped += 1;
        }
        waiting.beats.push_back((name.clone(), beat));
    }

    /// What an admin did makes the status of `name` that waits meaningless.
    pub(super) fn forget(&self, name: &ServiceName) {
        self.lock().changes.remove(name);
    }

    /// Waits until a status has flipped.
    pub(super) async fn changed(&self) {
        self.arrived.notified().await;
    }

    /// Every status that waits; each stays until it is [`Record::written`].
    pub(crate) fn changes(&self) -> Vec<(ServiceName, Change)> {
        self.lock().changes.iter().map(|(name, change)| (name.clone(), change.clone())).collect()
    }

    /// `change` of `name` is in the store. A newer one that came meanwhile stays.
    pub(super) fn written(&self, name: &ServiceName, change: &Change) {
        let mut waiting = self.lock();
        if waiting.changes.get(name) == Some(change) {
            waiting.changes.remove(name);
        }
    }

    /// The oldest probes; they stay until they are [`Record::beats_written`].
    pub(crate) fn next_beats(&self) -> Vec<(ServiceName, Heartbeat)> {
        self.lock().beats.iter().take(BATCH).cloned().collect()
    }

    /// `batch`, the oldest probes, is in the store.
    pub(super) fn beats_written(&self, batch: &[(ServiceName, Heartbeat)]) {
        let mut waiting = self.lock();
        for beat in batch {
            // The oldest may have been dropped while they were written.
            if waiting.beats.front() == Some(beat) {
                waiting.beats.pop_front();
            }
        }
    }

    /// Changes and probes that wait, and probes that were dropped.
    pub(super) fn counts(&self) -> (usize, usize, u64) {
        let waiting = self.lock();
        (waiting.changes.len(), waiting.beats.len(), waiting.dropped)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat(at: i64) -> Heartbeat {
        Heartbeat {
            at: Timestamp::from_millis(at),
            status: ServiceStatus::Up,
            latency_ms: Some(1),
            message: None,
        }
    }

    fn change(status: ServiceStatus) -> Change {
        Change { status, at: Timestamp::from_millis(0), message: None }
    }

    #[test]
    fn old_probes_are_dropped_and_a_status_never_is() {
        let record = Record::default();
        let (plex, nas) = ("plex".parse().unwrap(), "nas".parse().unwrap());
        record.change(&nas, change(ServiceStatus::Down));

        for at in 0..MAX_BEATS as i64 + 3 {
            record.beat(&plex, beat(at));
            record
                .change(&plex, change(if at % 2 == 0 { ServiceStatus::Up } else { ServiceStatus::Pending }));
        }

        assert_eq!(record.counts(), (2, MAX_BEATS, 3));
        assert_eq!(record.next_beats().first(), Some(&(plex, beat(3))));
        assert!(record.changes().contains(&(nas, change(ServiceStatus::Down))));
    }

    #[test]
    fn what_came_while_writing_is_written_too() {
        let record = Record::default();
        let plex = "plex".parse().unwrap();
        record.change(&plex, change(ServiceStatus::Pending));
        let (_, first) = record.changes().remove(0);

        record.change(&plex, change(ServiceStatus::Down));
        record.written(&plex, &first);

        assert_eq!(record.changes(), [(plex.clone(), change(ServiceStatus::Down))]);
        record.beat(&plex, beat(1));
        let batch = record.next_beats();
        record.beat(&plex, beat(2));
        record.beats_written(&batch);
        assert_eq!(record.next_beats(), [(plex, beat(2))]);
    }
}

//! The durable events of the recent past, so that a reader that was away misses nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::event::Event;

use super::{EventId, Published};

/// Events kept, of all audiences together.
const KEPT: usize = 4_096;

pub(super) struct Ring {
    events: VecDeque<Arc<Published>>,
    /// The id before the oldest event that can be replayed.
    floor: EventId,
    newest: EventId,
    /// Ids come from a shared stream: an id of another generation may still be ours.
    shared: bool,
}

/// What a reader gets that was away.
pub(super) enum Replay {
    Events(Vec<Arc<Published>>),
    Resync,
}

impl Ring {
    pub fn starting_at(floor: EventId, shared: bool) -> Self {
        Self { events: VecDeque::new(), floor, newest: floor, shared }
    }

    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub fn newest(&self) -> EventId {
        self.newest
    }

    pub fn next_id(&self) -> EventId {
        self.newest.next()
    }

    pub fn push(&mut self, published: Arc<Published>) {
        let Some(id) = published.id else { return };
        if self.shared && self.events.is_empty() && id < self.floor {
            // What the shared stream still held when we began is older than we are.
            self.floor = id;
        }
        self.newest = id;
        self.events.push_back(published);
        if self.events.len() > KEPT {
            self.floor = self.events.pop_front().and_then(|oldest| oldest.id).unwrap_or(self.floor);
        }
    }

    /// What happened after `since`, oldest first, as far as `may_know` lets through. Without a
    /// cursor nothing was missed; a cursor that is unreadable, too old, of another generation
    /// or in the future can't be trusted to have missed nothing.
    pub fn since(&self, since: Option<&str>, may_know: impl Fn(&Event) -> bool) -> Replay {
        let Some(since) = since else { return Replay::Events(Vec::new()) };
        let Ok(since) = since.parse::<EventId>() else { return Replay::Resync };
        if since < self.floor || since > self.newest {
            return Replay::Resync;
        }
        let after = self.events.partition_point(|published| published.id.is_some_and(|id| id <= since));
        Replay::Events(
            self.events.iter().skip(after).filter(|published| may_know(&published.event)).cloned().collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use domain::event::Tone;

    use super::*;

    fn ring_with(events: u64) -> Ring {
        let mut ring = Ring::starting_at(EventId { millis: 100, n: 0 }, false);
        for n in 0..events {
            let event = Event::Alerted { tone: Tone::Info, title: n.to_string(), body: String::new() };
            ring.push(Arc::new(Published { id: Some(ring.next_id()), seq: n, event }));
        }
        ring
    }

    fn replayed(ring: &Ring, since: &str) -> Option<usize> {
        match ring.since(Some(since), |_| true) {
            Replay::Events(events) => Some(events.len()),
            Replay::Resync => None,
        }
    }

    #[test]
    fn a_reader_gets_what_came_after_its_cursor() {
        let ring = ring_with(5);

        assert_eq!(replayed(&ring, "100-0"), Some(5));
        assert_eq!(replayed(&ring, "100-3"), Some(2));
        assert_eq!(replayed(&ring, "100-5"), Some(0));
    }

    #[test]
    fn a_cursor_that_cannot_be_trusted_means_read_everything_again() {
        let ring = ring_with(5);

        for since in ["99-5", "100-6", "101-0", "", "nonsense", "100"] {
            assert_eq!(replayed(&ring, since), None, "{since:?} was replayed");
        }
    }

    #[test]
    fn a_cursor_older_than_the_ring_means_read_everything_again() {
        let ring = ring_with(KEPT as u64 + 10);

        assert_eq!(ring.len(), KEPT);
        assert_eq!(replayed(&ring, "100-9"), None);
        assert_eq!(replayed(&ring, "100-10"), Some(KEPT));
    }
}

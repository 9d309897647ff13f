//! Ephemeral state in this process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use domain::event::Event;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{EVENTS_KEPT, StreamEntry, StreamPage, Verdict};

/// At so many keys those that ran out are looked for and dropped.
const MANY: usize = 4096;

#[derive(Clone)]
pub(super) struct Local(Arc<Shelves>);

struct Shelves {
    limits: Mutex<HashMap<String, Uses>>,
    values: Mutex<HashMap<String, Value>>,
    stream: Mutex<Stream>,
    /// Counts events, to wake readers.
    published: watch::Sender<u64>,
}

/// When a key was used, oldest first, and when the newest of them is forgotten.
struct Uses {
    at: VecDeque<Instant>,
    ends: Instant,
}

struct Value {
    text: String,
    ends: Instant,
}

#[derive(Default)]
struct Stream {
    events: VecDeque<((u64, u64), Event)>,
    last: (u64, u64),
}

impl Default for Local {
    fn default() -> Self {
        Self(Arc::new(Shelves {
            limits: Mutex::default(),
            values: Mutex::default(),
            stream: Mutex::default(),
            published: watch::Sender::new(0),
        }))
    }
}

/// A panic of somebody who held the lock leaves these maps usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `<milliseconds>-<number>`; the number may be absent.
fn parse_id(id: &str) -> (u64, u64) {
    let (millis, number) = id.split_once('-').unwrap_or((id, "0"));
    (millis.parse().unwrap_or(0), number.parse().unwrap_or(0))
}

fn entry(((millis, number), event): &((u64, u64), Event)) -> StreamEntry {
    StreamEntry { id: format!("{millis}-{number}"), event: event.clone() }
}

impl Local {
    pub(super) fn rate(&self, key: &str, limit: u32, window: Duration) -> Verdict {
        let now = Instant::now();
        let mut limits = lock(&self.0.limits);
        if limits.len() >= MANY {
            limits.retain(|_, uses| uses.ends > now);
        }
        let uses =
            limits.entry(key.to_owned()).or_insert_with(|| Uses { at: VecDeque::new(), ends: now + window });
        while uses.at.front().is_some_and(|at| *at + window <= now) {
            uses.at.pop_front();
        }
        let allowed = uses.at.len() < limit as usize;
        if allowed {
            uses.at.push_back(now);
            uses.ends = now + window;
        }
        Verdict {
            allowed,
            limit,
            remaining: limit.saturating_sub(uses.at.len() as u32),
            reset_in: uses.at.front().map_or(Duration::ZERO, |at| (*at + window).duration_since(now)),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<String> {
        let values = lock(&self.0.values);
        let value = values.get(key)?;
        (value.ends > Instant::now()).then(|| value.text.clone())
    }

    pub(super) fn put(&self, key: &str, text: String, ttl: Duration) {
        let now = Instant::now();
        let mut values = lock(&self.0.values);
        if values.len() >= MANY {
            values.retain(|_, value| value.ends > now);
        }
        values.insert(key.to_owned(), Value { text, ends: now + ttl });
    }

    pub(super) fn remove(&self, key: &str) {
        lock(&self.0.values).remove(key);
    }

    pub(super) fn publish(&self, event: &Event) -> String {
        let mut stream = lock(&self.0.stream);
        let now = Timestamp::now().as_millis().max(0) as u64;
        // Never back, also when the clock is set back.
        stream.last = if now > stream.last.0 { (now, 0) } else { (stream.last.0, stream.last.1 + 1) };
        let id = stream.last;
        stream.events.push_back((id, event.clone()));
        if stream.events.len() > EVENTS_KEPT {
            stream.events.pop_front();
        }
        drop(stream);
        self.0.published.send_modify(|count| *count += 1);
        format!("{}-{}", id.0, id.1)
    }

    pub(super) async fn read(&self, after: &str, block: Duration) -> StreamPage {
        let mut published = self.0.published.subscribe();
        let deadline = Instant::now() + block;
        loop {
            let page = self.after(after);
            let wait = tokio::time::timeout_at(deadline, published.changed());
            if !page.entries.is_empty() || wait.await.is_err() {
                return page;
            }
        }
    }

    fn after(&self, after: &str) -> StreamPage {
        let place = parse_id(after);
        let stream = lock(&self.0.stream);
        let start = stream.events.partition_point(|(id, _)| *id <= place);
        let entries: Vec<_> = stream.events.range(start..).map(entry).collect();
        let last = entries.last().map_or_else(|| after.to_owned(), |entry| entry.id.clone());
        StreamPage { entries, last }
    }

    pub(super) fn recent(&self, count: usize) -> StreamPage {
        let stream = lock(&self.0.stream);
        let start = stream.events.len().saturating_sub(count);
        let entries = stream.events.range(start..).map(entry).collect();
        StreamPage { entries, last: format!("{}-{}", stream.last.0, stream.last.1) }
    }
}

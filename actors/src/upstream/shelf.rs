//! Answers that were given before.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use tokio::time::Instant;

use super::Scope;

/// How many answers are kept for one service.
const CAPACITY: u64 = 2_000;

/// How long an answer that nobody asks for is kept as the last good one.
const IDLE: Duration = Duration::from_secs(24 * 3600);

pub(crate) type Value = Arc<dyn Any + Send + Sync>;

/// What an answer answers. The type is part of it: two readers that choose the same words for
/// different things do not meet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub scope: Scope,
    pub text: Arc<str>,
    pub kind: std::any::TypeId,
}

#[derive(Clone)]
pub(crate) struct Answer {
    pub value: Value,
    pub at: Timestamp,
    pub taken: Instant,
    /// Something happened since: good enough only when there is nothing newer.
    pub is_outdated: bool,
}

impl Answer {
    pub fn is_fresh(&self, ttl: Duration) -> bool {
        !self.is_outdated && self.taken.elapsed() < ttl
    }
}

/// See the module.
pub(crate) struct Shelf(moka::sync::Cache<Key, Answer>);

impl Default for Shelf {
    fn default() -> Self {
        let cache = moka::sync::Cache::builder()
            .max_capacity(CAPACITY)
            .time_to_idle(IDLE)
            .support_invalidation_closures();
        Self(cache.build())
    }
}

impl Shelf {
    pub fn get(&self, key: &Key) -> Option<Answer> {
        self.0.get(key)
    }

    pub fn put(&self, key: Key, value: Value) -> Answer {
        let answer = Answer { value, at: Timestamp::now(), taken: Instant::now(), is_outdated: false };
        self.0.insert(key, answer.clone());
        answer
    }

    /// Marks what begins with `prefix` as outdated, for everybody or for one person.
    pub fn outdate(&self, scope: Option<Scope>, prefix: &str) {
        for (key, answer) in &self.0 {
            let is_meant = scope.is_none_or(|scope| scope == key.scope) && key.text.starts_with(prefix);
            if is_meant && !answer.is_outdated {
                self.0.insert((*key).clone(), Answer { is_outdated: true, ..answer });
            }
        }
    }

    /// Forgets all of one person at once, such as when their token is not theirs any more.
    pub fn forget(&self, scope: Scope) {
        for (key, _) in &self.0 {
            if key.scope == scope {
                self.0.invalidate(&*key);
            }
        }
    }

    pub fn len(&self) -> u64 {
        self.0.run_pending_tasks();
        self.0.entry_count()
    }
}

//! State that may be lost at any time: rate limits, caches, the stream of events between
//! instances, and a copy of the queue for bull-board.
//!
//! ```text
//!                    +-- no REDIS_URL --> in this process
//!   [Ephemeral] -----+
//!                    +-- REDIS_URL -----> Redis, shared by all instances
//!                                           | away, hung, confused
//!                                           v
//!                                         in this process, until it is back
//! ```
//!
//! Nothing here can fail a request. A Redis that does not answer costs one caller 300 ms; after
//! that everybody is answered from this process at once, and one caller every two seconds looks
//! whether it is back ([`Ephemeral::read_stream`] always does). What Redis holds is read with
//! suspicion: a value that we did not write is dropped and logged.

mod link;
mod local;
mod projection;
mod shared;

use std::sync::Arc;
use std::time::Duration;

use domain::event::Event;
use domain::service::{ServiceName, ServiceStatus};
use domain::user::Role;
use domain::{Secret, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::Error;
use local::Local;
use shared::Shared;

/// How long a status is believed.
const STATUS_FOR: Duration = Duration::from_secs(300);
/// How long a session is remembered at most.
const SESSION_FOR: Duration = Duration::from_secs(24 * 3600);
/// How many events are kept for those who come back.
const EVENTS_KEPT: usize = 10_000;

/// The answer of a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub allowed: bool,
    pub limit: u32,
    /// How many more are allowed right now.
    pub remaining: u32,
    /// When the oldest of those that count is forgotten, and so one more is allowed.
    pub reset_in: Duration,
}

/// What is remembered of a session, so that not every instance asks the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CachedSession {
    pub user_id: UserId,
    pub username: String,
    pub role: Role,
    pub epoch: i64,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// When the row was read. The row is the authority: whoever needs to know whether somebody
    /// is still signed in reads it again after a second.
    pub checked_at: Timestamp,
}

/// What the monitor of a service said last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CachedStatus {
    pub status: ServiceStatus,
    pub since: Timestamp,
    pub checked_at: Timestamp,
    pub latency_ms: Option<u32>,
    pub message: Option<String>,
}

/// An event of the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamEntry {
    /// Sorts by time: `<milliseconds>-<number>`.
    pub id: String,
    pub event: Event,
}

/// What a read of the stream gave.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamPage {
    /// Oldest first; what nobody can read is left out.
    pub entries: Vec<StreamEntry>,
    /// Where the next read goes on.
    pub last: String,
}

/// Ephemeral state, in this process or in Redis. Cloning is cheap.
#[derive(Clone)]
pub struct Ephemeral(Kind);

#[derive(Clone)]
enum Kind {
    Local(Local),
    /// Redis, and the state that is used while it is away.
    Shared(Arc<Shared>, Local),
}

impl Ephemeral {
    /// In Redis at `url` (`redis://…`), or in this process without one. A Redis that is away is
    /// no error: it may come.
    ///
    /// # Errors
    /// [`Error::BadAddress`].
    pub async fn connect(url: Option<&Secret>) -> Result<Self, Error> {
        let local = Local::default();
        let Some(url) = url else { return Ok(Self(Kind::Local(local))) };
        let shared = Arc::new(Shared::new(url)?);
        shared.ping().await;
        Ok(Self(Kind::Shared(shared, local)))
    }

    /// Whether other instances see the same.
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Kind::Shared(..))
    }

    /// Whether Redis answered when it was asked last; without Redis always. Asks nobody.
    pub fn is_well(&self) -> bool {
        match &self.0 {
            Kind::Local(_) => true,
            Kind::Shared(shared, _) => shared.is_well(),
        }
    }

    /// Asks Redis whether it is there, for the readiness door.
    pub async fn ping(&self) -> bool {
        match &self.0 {
            Kind::Local(_) => true,
            Kind::Shared(shared, _) => shared.ping().await,
        }
    }

    /// Counts one use of `key` (such as `api:<user id>`, which Redis holds as `rate:api:<user id>`)
    /// if that keeps it at `limit` or below in every stretch of `window`. A use that is not
    /// allowed does not count. A limit of 0 is none.
    pub async fn rate(&self, key: &str, limit: u32, window: Duration) -> Verdict {
        if limit == 0 {
            return Verdict { allowed: true, limit, remaining: u32::MAX, reset_in: Duration::ZERO };
        }
        match &self.0 {
            Kind::Local(local) => local.rate(key, limit, window),
            Kind::Shared(shared, local) => match shared.rate(key, limit, window).await {
                Some(verdict) => verdict,
                None => local.rate(key, limit, window),
            },
        }
    }

    /// What was remembered of a session; nothing means: ask the database.
    pub async fn session_get(&self, id: SessionId) -> Option<CachedSession> {
        let key = format!("session:{id}");
        let session: CachedSession = self.get(&key).await?;
        (session.expires_at > Timestamp::now()).then_some(session)
    }

    /// Remembers a session until it ends, at most a day.
    pub async fn session_put(&self, id: SessionId, session: &CachedSession) {
        let left = Timestamp::now().until(session.expires_at).min(SESSION_FOR);
        self.put(&format!("session:{id}"), session, left).await;
    }

    /// Forgets a session, because it was revoked or its person changed.
    pub async fn session_evict(&self, id: SessionId) {
        let key = format!("session:{id}");
        match &self.0 {
            Kind::Local(local) => local.remove(&key),
            Kind::Shared(shared, local) => {
                local.remove(&key);
                shared.remove(&key).await;
            }
        }
    }

    /// What the monitor of a service said in the last five minutes.
    pub async fn status_get(&self, name: &ServiceName) -> Option<CachedStatus> {
        self.get(&format!("status:{name}")).await
    }

    /// Remembers for five minutes what the monitor of a service says.
    pub async fn status_put(&self, name: &ServiceName, status: &CachedStatus) {
        self.put(&format!("status:{name}"), status, STATUS_FOR).await;
    }

    /// Appends an event to the stream that every instance reads. Gives its id, or nothing while
    /// Redis is away.
    pub async fn publish(&self, event: &Event) -> Option<String> {
        match &self.0 {
            Kind::Local(local) => Some(local.publish(event)),
            Kind::Shared(shared, _) => shared.publish(event).await,
        }
    }

    /// Events after the id `after` (`0` for all that are kept). When there are none, waits for one, at
    /// most `block`. For one reader in each process: it has a connection of its own.
    ///
    /// # Errors
    /// [`Error::RedisUnavailable`]; ask again.
    pub async fn read_stream(&self, after: &str, block: Duration) -> Result<StreamPage, Error> {
        match &self.0 {
            Kind::Local(local) => Ok(local.read(after, block).await),
            Kind::Shared(shared, _) => shared.read(after, block).await,
        }
    }

    /// The newest `count` events of the stream, oldest first, and where a read goes on after
    /// them: what an instance that starts fills its memory with.
    ///
    /// # Errors
    /// [`Error::RedisUnavailable`].
    pub async fn recent_events(&self, count: usize) -> Result<StreamPage, Error> {
        match &self.0 {
            Kind::Local(local) => Ok(local.recent(count)),
            Kind::Shared(shared, _) => shared.recent(count).await,
        }
    }

    /// Hands progress to the other instances. Nobody keeps it; without Redis nobody is there.
    pub async fn publish_progress(&self, event: &Event) {
        if let Kind::Shared(shared, _) = &self.0 {
            shared.publish_progress(event).await;
        }
    }

    /// The progress that other instances hand over from now on.
    ///
    /// # Errors
    /// [`Error::RedisUnavailable`].
    pub async fn subscribe_progress(&self) -> Result<ProgressFeed, Error> {
        match &self.0 {
            Kind::Local(_) => Ok(ProgressFeed(None)),
            Kind::Shared(shared, _) => shared.subscribe_progress().await.map(|feed| ProgressFeed(Some(feed))),
        }
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, key: &str) -> Option<T> {
        let text = match &self.0 {
            Kind::Local(local) => local.get(key)?,
            Kind::Shared(shared, local) => match shared.get(key).await {
                Some(text) => text?,
                None => local.get(key)?,
            },
        };
        serde_json::from_str(&text)
            .inspect_err(|error| tracing::warn!(key, %error, "dropped a cached value that is not ours"))
            .ok()
    }

    async fn put<T: Serialize>(&self, key: &str, value: &T, ttl: Duration) {
        if ttl.is_zero() {
            return;
        }
        let text = serde_json::to_string(value).expect("a cached value is plain data");
        match &self.0 {
            Kind::Local(local) => local.put(key, text, ttl),
            Kind::Shared(shared, local) => {
                if !shared.put(key, &text, ttl).await {
                    local.put(key, text, ttl);
                }
            }
        }
    }
}

/// Progress of the downloads of other instances.
pub struct ProgressFeed(Option<shared::Feed>);

impl ProgressFeed {
    /// The next one; nothing when the connection broke: subscribe again. Without Redis it never
    /// answers.
    pub async fn next(&mut self) -> Option<Event> {
        match &mut self.0 {
            Some(feed) => feed.next().await,
            None => std::future::pending().await,
        }
    }
}

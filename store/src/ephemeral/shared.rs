//! Ephemeral state in Redis.

use std::time::Duration;

use domain::Secret;
use domain::event::Event;
use futures_util::StreamExt;
use redis::streams::{StreamId, StreamRangeReply, StreamReadReply};
use redis::{Client, FromRedisValue};
use serde::{Deserialize, Serialize};

use super::link::{BUDGET, Health, Link, Request, Trouble};
use super::{EVENTS_KEPT, StreamEntry, StreamPage, Verdict};
use crate::Error;

const STREAM: &str = "mn:events";
const PROGRESS: &str = "mn:progress";

/// Times of uses, oldest first, by Redis's own clock. A use that is not allowed leaves no trace;
/// something else under the key is thrown away.
const RATE: &str = "
    local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local kind = redis.call('TYPE', KEYS[1]).ok
    if kind ~= 'none' and kind ~= 'list' then redis.call('DEL', KEYS[1]) end
    local oldest = redis.call('LINDEX', KEYS[1], 0)
    while oldest and (tonumber(oldest) or 0) + window <= now do
        redis.call('LPOP', KEYS[1])
        oldest = redis.call('LINDEX', KEYS[1], 0)
    end
    local used, allowed = redis.call('LLEN', KEYS[1]), 0
    if used < limit then
        redis.call('RPUSH', KEYS[1], now)
        redis.call('PEXPIRE', KEYS[1], window)
        used, allowed, oldest = used + 1, 1, oldest or now
    end
    return {allowed, limit - used, tonumber(oldest) + window - now}
";

pub(super) struct Shared {
    client: Client,
    pub(super) link: Link,
    /// For the reader of the stream, whose waiting would hold up everybody else.
    reading: Link,
    health: Health,
    /// Tells our own progress from that of others.
    tag: String,
}

/// Progress on its way to other instances.
#[derive(Serialize, Deserialize)]
struct Handed {
    from: String,
    event: Event,
}

impl Shared {
    pub(super) fn new(url: &Secret) -> Result<Self, Error> {
        // The driver's own words may quote the address with its password.
        let client = Client::open(url.expose()).map_err(|_| {
            Error::BadAddress("REDIS_URL must look like redis://:password@host:6379".to_owned())
        })?;
        let health = Health::new();
        Ok(Self {
            link: Link::new(client.clone(), health.clone()),
            reading: Link::new(client.clone(), health.clone()),
            client,
            health,
            tag: uuid::Uuid::now_v7().to_string(),
        })
    }

    pub(super) fn is_well(&self) -> bool {
        self.health.is_well()
    }

    pub(super) async fn ping(&self) -> bool {
        let ping = redis::cmd("PING");
        self.link.ask_within::<String>(BUDGET, Request::One(&ping)).await.is_ok()
    }

    /// Nothing while Redis is away.
    pub(super) async fn rate(&self, key: &str, limit: u32, window: Duration) -> Option<Verdict> {
        let mut script = redis::cmd("EVAL");
        script.arg(RATE).arg(1).arg(format!("rate:{key}")).arg(limit).arg(window.as_millis() as u64);
        let (allowed, remaining, reset_in): (i64, i64, i64) = self.one(&script).await?;
        Some(Verdict {
            allowed: allowed == 1,
            limit,
            remaining: remaining.max(0) as u32,
            reset_in: Duration::from_millis(reset_in.max(0) as u64),
        })
    }

    /// Nothing while Redis is away; an inner nothing for a key that is not there or not ours.
    pub(super) async fn get(&self, key: &str) -> Option<Option<String>> {
        let mut get = redis::cmd("GET");
        get.arg(key);
        match self.link.ask::<Option<String>>(Request::One(&get)).await {
            Ok(value) => Some(value),
            Err(Trouble::Garbage(reason)) => {
                tracing::warn!(key, reason, "dropped a cached value that is not ours");
                Some(None)
            }
            Err(Trouble::Away(_)) => None,
        }
    }

    /// Whether it reached Redis.
    pub(super) async fn put(&self, key: &str, text: &str, ttl: Duration) -> bool {
        let mut set = redis::cmd("SET");
        set.arg(key).arg(text).arg("PX").arg(ttl.as_millis() as u64);
        self.one::<()>(&set).await.is_some()
    }

    pub(super) async fn remove(&self, key: &str) {
        let mut delete = redis::cmd("DEL");
        delete.arg(key);
        self.one::<()>(&delete).await;
    }

    pub(super) async fn publish(&self, event: &Event) -> Option<String> {
        let json = serde_json::to_string(event).expect("an event is plain data");
        let mut add = redis::cmd("XADD");
        add.arg(STREAM).arg("MAXLEN").arg("~").arg(EVENTS_KEPT).arg("*").arg("event").arg(json);
        self.one(&add).await
    }

    pub(super) async fn read(&self, after: &str, block: Duration) -> Result<StreamPage, Error> {
        if !self.is_well() {
            // A read that waits would say nothing for as long as it waits.
            let ping = redis::cmd("PING");
            self.reading.ask_within::<String>(BUDGET, Request::One(&ping)).await.map_err(unavailable)?;
        }
        let mut read = redis::cmd("XREAD");
        read.arg("COUNT").arg(500).arg("BLOCK").arg(block.as_millis().max(1) as u64);
        read.arg("STREAMS").arg(STREAM).arg(after);
        let reply: Option<StreamReadReply> =
            self.reading.ask_within(block + BUDGET, Request::One(&read)).await.map_err(unavailable)?;
        let ids = reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids);
        Ok(page(ids, after))
    }

    pub(super) async fn recent(&self, count: usize) -> Result<StreamPage, Error> {
        let mut range = redis::cmd("XREVRANGE");
        range.arg(STREAM).arg("+").arg("-").arg("COUNT").arg(count.max(1));
        let reply: StreamRangeReply =
            self.link.ask_within(BUDGET, Request::One(&range)).await.map_err(unavailable)?;
        Ok(page(reply.ids.into_iter().rev(), "0-0"))
    }

    pub(super) async fn publish_progress(&self, event: &Event) {
        let handed = Handed { from: self.tag.clone(), event: event.clone() };
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(PROGRESS).arg(serde_json::to_string(&handed).expect("an event is plain data"));
        self.one::<()>(&publish).await;
    }

    pub(super) async fn subscribe_progress(&self) -> Result<Feed, Error> {
        let subscribe = async {
            let mut subscription = self.client.get_async_pubsub().await?;
            subscription.subscribe(PROGRESS).await?;
            Ok::<_, redis::RedisError>(subscription)
        };
        let subscription = tokio::time::timeout(BUDGET, subscribe)
            .await
            .map_err(|_| Error::RedisUnavailable("no answer to a subscription".to_owned()))?
            .map_err(|error| Error::RedisUnavailable(error.to_string()))?;
        Ok(Feed { messages: subscription.into_on_message(), tag: self.tag.clone() })
    }

    async fn one<T: FromRedisValue>(&self, command: &redis::Cmd) -> Option<T> {
        self.link
            .ask(Request::One(command))
            .await
            .inspect_err(|trouble| {
                if let Trouble::Garbage(reason) = trouble {
                    tracing::warn!(reason, "redis refused a command");
                }
            })
            .ok()
    }
}

/// Progress that others hand over.
pub(super) struct Feed {
    messages: redis::aio::PubSubStream,
    tag: String,
}

impl Feed {
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            let message = self.messages.next().await?;
            match serde_json::from_slice::<Handed>(message.get_payload_bytes()) {
                Ok(handed) if handed.from == self.tag => {}
                Ok(handed) => return Some(handed.event),
                Err(error) => tracing::warn!(%error, "dropped progress that is not ours"),
            }
        }
    }
}

fn page(ids: impl Iterator<Item = StreamId>, after: &str) -> StreamPage {
    let mut page = StreamPage { entries: Vec::new(), last: after.to_owned() };
    for entry in ids {
        page.last.clone_from(&entry.id);
        match entry.get::<String>("event").map(|json| serde_json::from_str(&json)) {
            Some(Ok(event)) => page.entries.push(StreamEntry { id: entry.id, event }),
            _ => tracing::warn!(id = entry.id, "dropped an event that is not ours"),
        }
    }
    page
}

fn unavailable(trouble: Trouble) -> Error {
    match trouble {
        Trouble::Away(reason) | Trouble::Garbage(reason) => Error::RedisUnavailable(reason),
    }
}

//! Reads the shared stream of events into our own hub. With Redis only.
//!
//! ```text
//!     Redis Stream mn:events --read--> [a task of ours] --Read--> [stream reader] -- Publish --> event hub
//!     Redis pub/sub, progress --------------^
//! ```
//!
//! Keeps the id up to which it has read. A restart fills the hub with what the stream still
//! holds, and every reader of the hub with what it may have missed.

use std::time::Duration;

use domain::event::Event;
use serde_json::json;
use store::ephemeral::{Ephemeral, StreamPage};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::event_hub::{self, EventId};
use crate::runtime::{Actor, Crash, Handle, Myself};

/// Events that the hub is filled with at the start.
const REFILL: usize = 4_096;

/// How long one read waits for news.
const BLOCK: Duration = Duration::from_secs(5);

/// How long to wait for a Redis that is away before asking again.
const AWAY: Duration = Duration::from_millis(500);

pub enum Message {
    /// Sent by our reading task.
    Read(StreamPage),
    /// Sent by our reading task when Redis went away or came back.
    Away(bool),
    /// Another instance's download got further; sent by our listening task.
    Progressed(Event),
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Read(_) => "Read",
            Message::Away(_) => "Away",
            Message::Progressed(_) => "Progressed",
        }
    }
}

/// The actor.
pub struct StreamReader {
    pub ephemeral: Ephemeral,
    pub hub: Handle<event_hub::Message>,
}

pub struct State {
    filled: bool,
    away: bool,
    last: String,
    read: u64,
    _tasks: JoinSet<()>,
}

impl Actor for StreamReader {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "reader";
    const MAILBOX: usize = 4_096;

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        let mut tasks = JoinSet::new();
        tasks.spawn(read(self.ephemeral.clone(), me.handle()));
        tasks.spawn(listen(self.ephemeral.clone(), me.handle()));
        Ok(State { filled: false, away: false, last: String::new(), read: 0, _tasks: tasks })
    }

    async fn handle(&self, _me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        match message {
            Message::Read(page) => self.take(state, page),
            Message::Away(away) => state.away = away,
            Message::Progressed(event) => drop(event_hub::publish(&self.hub, event, None)),
        }
        Ok(())
    }

    fn inspect(&self, state: &State) -> serde_json::Value {
        json!({ "read": state.read, "last": state.last, "redis_away": state.away })
    }
}

impl StreamReader {
    fn take(&self, state: &mut State, page: StreamPage) {
        state.read += page.entries.len() as u64;
        state.last = page.last;
        let events = page.entries.into_iter().filter_map(|entry| {
            let id = entry.id.parse::<EventId>().ok()?;
            Some((id, entry.event))
        });
        if !std::mem::replace(&mut state.filled, true) {
            let _ = self.hub.tell(event_hub::Message::Refill(events.collect()));
            return;
        }
        for (id, event) in events {
            let _ = event_hub::publish(&self.hub, event, Some(id));
        }
    }
}

/// First what the stream still holds, then everything that comes.
async fn read(ephemeral: Ephemeral, reader: Handle<Message>) {
    let mut last: Option<String> = None;
    let mut away = false;
    loop {
        let page = match &last {
            None => ephemeral.recent_events(REFILL).await,
            Some(last) => ephemeral.read_stream(last, BLOCK).await,
        };
        match page {
            Ok(page) => {
                if std::mem::take(&mut away) {
                    let _ = reader.tell(Message::Away(false));
                }
                let first = last.replace(page.last.clone()).is_none();
                if first || !page.entries.is_empty() {
                    let _ = reader.tell(Message::Read(page));
                }
            }
            Err(_) => {
                if !std::mem::replace(&mut away, true) {
                    let _ = reader.tell(Message::Away(true));
                }
                sleep(AWAY).await;
            }
        }
    }
}

/// Progress of other instances; nobody misses what comes while the connection is broken.
async fn listen(ephemeral: Ephemeral, reader: Handle<Message>) {
    loop {
        if let Ok(mut feed) = ephemeral.subscribe_progress().await {
            while let Some(event) = feed.next().await {
                let _ = reader.tell(Message::Progressed(event));
            }
        }
        sleep(AWAY).await;
    }
}

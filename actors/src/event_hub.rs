//! Hands every event to those who may know of it, and keeps the durable ones for latecomers.
//!
//! ```text
//!     outbox relay (alone)        download jobs
//!     stream reader (Redis)            |  progress
//!          |  Publish                  v
//!          +-------------------> [event hub] -- bounded channel --> event stream, WebSocket
//!                                  |     ^
//!                       the ring of 4,096 | Subscribe(since)
//! ```
//!
//! Keeps nothing that a restart may not lose: durable events are in the outbox, and a restart
//! begins a new generation of ids, which tells every reader to fetch its page again.
//! It owns the senders, so that all streams end when it dies and their readers reconnect.

mod id;
mod ring;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use domain::Timestamp;
use domain::event::Event;
use domain::user::Role;
use domain::{SessionId, UserId};
use serde_json::json;
use tokio::sync::mpsc;

pub use id::EventId;
use ring::{Replay, Ring};

use crate::runtime::{Actor, AskError, Crash, Handle, Myself, Reply, Undelivered};

/// Where the hub stands in the tree.
pub const PATH: &str = "events/event-hub";

/// Events that a reader may be behind before it is cut off; it then reconnects and catches up.
const BEHIND: usize = 64;

/// How long a new stream waits for the hub.
const SUBSCRIBE_DEADLINE: Duration = Duration::from_secs(2);

/// An event on its way to browsers.
#[derive(Debug)]
pub struct Published {
    /// The cursor that a reader remembers; absent for progress, and while Redis is away.
    pub id: Option<EventId>,
    /// Counts all events of this hub; unique within the process.
    pub seq: u64,
    pub event: Event,
}

/// What comes out of a subscription.
#[derive(Debug, Clone)]
pub enum Delivery {
    Event(Arc<Published>),
    /// Something was missed that can't be replayed: read everything again.
    Resync,
}

/// Who listens; the audience of every event is checked against it.
#[derive(Debug, Clone, Copy)]
pub struct Viewer {
    pub user: UserId,
    pub role: Role,
    /// Absent for an API token.
    pub session: Option<SessionId>,
}

pub enum Message {
    /// Sent by the outbox relay, the stream reader (with its own id) and download jobs.
    Publish { event: Event, id: Option<EventId> },
    /// Sent by the stream reader at its start: what the shared stream still holds, oldest first.
    Refill(Vec<(EventId, Event)>),
    /// Something was lost on the way to us; sent by the stream reader when Redis is back.
    Resync,
    /// Sent for a new event stream or WebSocket.
    Subscribe { viewer: Viewer, since: Option<String>, reply: Reply<Subscription> },
    /// Sent when a subscription is dropped.
    Unsubscribe(u64),
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Publish { .. } => "Publish",
            Message::Refill(_) => "Refill",
            Message::Resync => "Resync",
            Message::Subscribe { .. } => "Subscribe",
            Message::Unsubscribe(_) => "Unsubscribe",
        }
    }
}

/// One listener's end. Dropping it takes the listener off the hub's list.
pub struct Subscription {
    number: u64,
    receiver: mpsc::Receiver<Delivery>,
    hub: Handle<Message>,
    /// What the reader has seen so far: everything later is delivered. Absent when the first
    /// delivery is [`Delivery::Resync`].
    pub since: Option<EventId>,
    /// The newest id when the subscription began.
    pub cursor: EventId,
}

impl Subscription {
    /// The next delivery, or nothing when the hub ended this stream.
    pub async fn next(&mut self) -> Option<Delivery> {
        self.receiver.recv().await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // A hub that is gone has no list to take us off.
        let _ = self.hub.tell(Message::Unsubscribe(self.number));
    }
}

/// The newest id, for pages to start their stream at. Cheap to read at every request.
#[derive(Clone)]
pub struct Cursor(Arc<ArcSwap<EventId>>);

impl Cursor {
    pub fn new() -> Self {
        Self(Arc::new(ArcSwap::from_pointee(EventId::default())))
    }

    pub fn latest(&self) -> EventId {
        **self.0.load()
    }
}

impl Default for Cursor {
    fn default() -> Self {
        Self::new()
    }
}

/// The actor. `shared` says that ids come from the Redis Stream and not from us.
pub struct EventHub {
    pub cursor: Cursor,
    pub shared: bool,
}

struct Listener {
    viewer: Viewer,
    sender: mpsc::Sender<Delivery>,
}

pub struct State {
    ring: Ring,
    listeners: HashMap<u64, Listener>,
    next_listener: u64,
    seq: u64,
    published: u64,
    cut_off: u64,
}

impl Actor for EventHub {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "event-hub";
    const MAILBOX: usize = 65_536;

    async fn start(&self, _me: &Myself<Message>) -> Result<State, Crash> {
        let ring = Ring::starting_at(EventId::generation(Timestamp::now()), self.shared);
        self.cursor.0.store(Arc::new(ring.newest()));
        Ok(State { ring, listeners: HashMap::new(), next_listener: 0, seq: 0, published: 0, cut_off: 0 })
    }

    async fn handle(&self, me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        match message {
            Message::Publish { event, id } => self.publish(state, event, id),
            Message::Refill(events) => self.refill(state, events),
            Message::Resync => state.tell_everyone(&Delivery::Resync),
            Message::Subscribe { viewer, since, reply } => {
                reply.send(state.subscribe(me.handle(), viewer, since.as_deref()));
            }
            Message::Unsubscribe(number) => drop(state.listeners.remove(&number)),
        }
        Ok(())
    }

    fn inspect(&self, state: &State) -> serde_json::Value {
        json!({
            "listeners": state.listeners.len(),
            "published": state.published,
            "cut_off": state.cut_off,
            "kept": state.ring.len(),
            "newest": state.ring.newest().to_string(),
        })
    }
}

impl EventHub {
    fn publish(&self, state: &mut State, event: Event, id: Option<EventId>) {
        let id = match id {
            Some(id) => Some(id),
            None if event.is_durable() && !self.shared => Some(state.ring.next_id()),
            None => None,
        };
        state.seq += 1;
        state.published += 1;
        let published = Arc::new(Published { id, seq: state.seq, event });

        if published.id.is_some() {
            state.ring.push(published.clone());
            self.cursor.0.store(Arc::new(state.ring.newest()));
        }
        state.deliver(&published);
    }

    fn refill(&self, state: &mut State, events: Vec<(EventId, Event)>) {
        for (id, event) in events {
            state.seq += 1;
            state.ring.push(Arc::new(Published { id: Some(id), seq: state.seq, event }));
        }
        self.cursor.0.store(Arc::new(state.ring.newest()));
    }
}

impl State {
    fn subscribe(&mut self, hub: Handle<Message>, viewer: Viewer, since: Option<&str>) -> Subscription {
        let replay = self.ring.since(since, |event| event.audience().includes(viewer.user, viewer.role));
        let newest = self.ring.newest();
        let (missed, start) = match &replay {
            Replay::Events(events) => (events.len(), since.map_or(Some(newest), |since| since.parse().ok())),
            Replay::Resync => (1, None),
        };
        let (sender, receiver) = mpsc::channel(BEHIND + missed);
        // The channel was made large enough for all of it.
        match replay {
            Replay::Events(events) => {
                for event in events {
                    let _ = sender.try_send(Delivery::Event(event));
                }
            }
            Replay::Resync => drop(sender.try_send(Delivery::Resync)),
        }

        self.next_listener += 1;
        let number = self.next_listener;
        self.listeners.insert(number, Listener { viewer, sender });
        Subscription { number, receiver, hub, since: start, cursor: newest }
    }

    fn deliver(&mut self, published: &Arc<Published>) {
        let audience = published.event.audience();
        let durable = published.event.is_durable();
        let before = self.listeners.len();
        self.listeners.retain(|_, listener| {
            if !audience.includes(listener.viewer.user, listener.viewer.role) {
                return true;
            }
            match listener.sender.try_send(Delivery::Event(published.clone())) {
                Ok(()) => true,
                // The next progress replaces this one.
                Err(mpsc::error::TrySendError::Full(_)) => !durable,
                Err(mpsc::error::TrySendError::Closed(_)) => false,
            }
        });
        self.cut_off += (before - self.listeners.len()) as u64;
    }

    fn tell_everyone(&mut self, delivery: &Delivery) {
        self.listeners.retain(|_, listener| listener.sender.try_send(delivery.clone()).is_ok());
    }
}

/// Hands `event` to those who listen now. For progress, and for facts that are already in SQL.
pub fn publish(hub: &Handle<Message>, event: Event, id: Option<EventId>) -> Result<(), Undelivered> {
    hub.tell(Message::Publish { event, id })
}

/// Listens for `viewer`, beginning after the cursor `since` if it can be replayed.
pub async fn subscribe(
    hub: &Handle<Message>,
    viewer: Viewer,
    since: Option<String>,
) -> Result<Subscription, AskError> {
    hub.ask(SUBSCRIBE_DEADLINE, |reply| Message::Subscribe { viewer, since, reply }).await
}

#[cfg(test)]
mod tests;

//! Carries events from the outbox to the event hub.
//!
//! ```text
//!     every commit with an event      a timer, every second
//!            |  Wake                       |  Wake
//!            v                             v
//!        [outbox relay] -- Publish --> event hub              alone, or without Redis
//!            |          -- XADD ----> Redis Stream            with Redis, lease holder only:
//!            |                        and a copy of the queue for bull-board
//!            v
//!        outbox rows: published_at
//! ```
//!
//! Keeps only which rows it has shown already while Redis is away. A restart shows some events
//! twice; their readers drop what is older than they have shown.

mod projection;
mod reach;

use std::collections::HashSet;
use std::time::Duration;

use serde_json::json;
use store::{OutboxRow, Reader, Store, Writer};
use tokio::task::JoinSet;

pub use reach::Reach;

use crate::event_hub;
use crate::runtime::{Actor, Crash, Handle, Myself};

/// Rows taken at once.
const BATCH: u32 = 256;

/// How often the rows are looked at although nobody woke us: other instances write them too,
/// and a commit of ours may have been missed by a life before.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Instances that poll must all have seen a row before it is taken off the list.
const POLL_GRACE: Duration = Duration::from_secs(5);

pub enum Message {
    /// Rows may have come; sent by the store's commits and by our timer.
    Wake,
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        "Wake"
    }
}

/// The actor.
pub struct OutboxRelay {
    pub store: Store,
    pub hub: Handle<event_hub::Message>,
    pub reach: Reach,
}

pub struct State {
    reader: Reader,
    writer: Writer,
    /// Rows that our own hub has shown but that stay listed for the other instances.
    shown: HashSet<i64>,
    /// Redis was away when we last looked.
    cut_off: bool,
    /// The copy of the queue in Redis is ours and whole.
    projected: bool,
    relayed: u64,
    /// Wakes us at commits; ends with us.
    _bell: JoinSet<()>,
}

impl Actor for OutboxRelay {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "relay";

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        let mut bell = JoinSet::new();
        let (mut changed, handle) = (self.store.changed(), me.handle());
        bell.spawn(async move {
            while changed.changed().await.is_ok() {
                // A full mailbox holds a wake already.
                let _ = handle.tell(Message::Wake);
            }
        });
        me.every(LOOK_EVERY, || Message::Wake);
        me.tell(Message::Wake);
        let (reader, writer) = (self.store.reader(), self.store.writer());
        Ok(State {
            reader,
            writer,
            shown: HashSet::new(),
            cut_off: false,
            projected: false,
            relayed: 0,
            _bell: bell,
        })
    }

    async fn handle(&self, _me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        match message {
            Message::Wake => {
                if let Err(error) = self.relay(state).await {
                    // The next look is a second away; the rows wait.
                    tracing::warn!(%error, "could not relay events");
                }
            }
        }
        Ok(())
    }

    fn inspect(&self, state: &State) -> serde_json::Value {
        json!({ "relayed": state.relayed, "reach": self.reach.name(), "redis_away": state.cut_off })
    }
}

impl OutboxRelay {
    async fn relay(&self, state: &mut State) -> Result<(), store::Error> {
        loop {
            let rows = state.reader.outbox_pending(BATCH).await?;
            let whole_batch = rows.len() == BATCH as usize;
            let moved = match &self.reach {
                Reach::Alone => self.show_and_mark(state, rows).await?,
                Reach::Polled { node } => self.poll(state, rows, node).await?,
                Reach::Shared { node, ephemeral } => self.share(state, rows, node, ephemeral).await?,
            };
            if !whole_batch || !moved {
                return Ok(());
            }
        }
    }

    /// Nobody else reads the rows.
    async fn show_and_mark(&self, state: &mut State, rows: Vec<OutboxRow>) -> Result<bool, store::Error> {
        if rows.is_empty() {
            return Ok(false);
        }
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        for event in rows.into_iter().filter_map(|row| row.event) {
            if event_hub::publish(&self.hub, event, None).is_err() {
                // The hub is starting; the rows stay.
                return Ok(false);
            }
        }
        state.relayed += ids.len() as u64;
        state.writer.mark_published(&ids).await?;
        Ok(true)
    }

    /// Every instance shows the rows to its own hub; one of them clears the list, late.
    async fn poll(
        &self,
        state: &mut State,
        rows: Vec<OutboxRow>,
        node: &store::NodeId,
    ) -> Result<bool, store::Error> {
        let listed: HashSet<i64> = rows.iter().map(|row| row.id).collect();
        state.shown.retain(|id| listed.contains(id));
        let old: Vec<i64> =
            rows.iter().filter(|row| row.created_at.age() >= POLL_GRACE).map(|row| row.id).collect();
        for row in rows {
            if state.shown.contains(&row.id) {
                continue;
            }
            if row.event.is_some_and(|event| event_hub::publish(&self.hub, event, None).is_err()) {
                return Ok(false);
            }
            state.shown.insert(row.id);
            state.relayed += 1;
        }
        if !old.is_empty() && reach::holds_lease(&state.writer, node).await? {
            state.writer.mark_published(&old).await?;
            return Ok(true);
        }
        Ok(false)
    }

    /// The lease holder puts the rows into the shared stream, from which all instances read.
    async fn share(
        &self,
        state: &mut State,
        rows: Vec<OutboxRow>,
        node: &store::NodeId,
        ephemeral: &store::ephemeral::Ephemeral,
    ) -> Result<bool, store::Error> {
        if !ephemeral.is_well() {
            state.cut_off = true;
            state.projected = false;
            self.show_unmarked(state, rows);
            return Ok(false);
        }
        if std::mem::take(&mut state.cut_off) {
            state.shown.clear();
            let _ = self.hub.tell(event_hub::Message::Resync);
        }
        if rows.is_empty() && state.projected {
            return Ok(false);
        }
        if !reach::holds_lease(&state.writer, node).await? {
            state.projected = false;
            return Ok(false);
        }
        if !state.projected {
            state.projected = projection::rebuild(&state.reader, ephemeral).await?;
        }
        let mut published = Vec::with_capacity(rows.len());
        for row in &rows {
            if let Some(event) = &row.event {
                if ephemeral.publish(event).await.is_none() {
                    break;
                }
                projection::follow(&state.reader, ephemeral, event).await?;
            }
            published.push(row.id);
        }
        state.relayed += published.len() as u64;
        state.writer.mark_published(&published).await?;
        Ok(published.len() == rows.len())
    }

    /// Redis is away: our own readers hear of the rows, without ids.
    fn show_unmarked(&self, state: &mut State, rows: Vec<OutboxRow>) {
        for row in rows {
            if let Some(event) = row.event.filter(|_| state.shown.insert(row.id)) {
                let _ = event_hub::publish(&self.hub, event, None);
            }
        }
    }
}

#[cfg(test)]
mod tests;

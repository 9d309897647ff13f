//! Tells people what became of their requests.
//!
//! ```text
//!    a change of a request          commits, and every 5 s
//!         |  notice, in its transaction     |  Wake
//!         v                                 v
//!       store  ------------------->  [requests/notifier] --> inbox and event, and the notice is
//!                                                            gone: one transaction
//! ```
//!
//! Keeps nothing. A notice is taken off by the transaction that tells of it, so a word is said
//! once, also when several instances try.

use std::time::Duration;

use serde_json::json;
use store::Store;
use tokio::task::JoinSet;

use super::words;
use crate::runtime::{Actor, Crash, Myself};

/// How often we look although nobody woke us.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Notices taken at once.
const BATCH: u32 = 100;

pub enum Message {
    /// Notices may have come; sent by the store's commits and by our timer.
    Wake,
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        "Wake"
    }
}

/// The actor.
pub struct Notifier {
    pub store: Store,
}

pub struct State {
    told: u64,
    /// Wakes us at commits; ends with us.
    _bell: JoinSet<()>,
}

impl Actor for Notifier {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "notifier";

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
        Ok(State { told: 0, _bell: bell })
    }

    async fn handle(
        &self,
        _: &Myself<Message>,
        Message::Wake: Message,
        state: &mut State,
    ) -> Result<(), Crash> {
        if let Err(error) = self.tell_all(state).await {
            // The next look is seconds away; the notices wait.
            tracing::warn!(%error, "could not tell people about requests");
        }
        Ok(())
    }

    fn inspect(&self, state: &State) -> serde_json::Value {
        json!({ "told": state.told })
    }
}

impl Notifier {
    async fn tell_all(&self, state: &mut State) -> Result<(), store::Error> {
        let (reader, writer) = (self.store.reader(), self.store.writer());
        loop {
            let notices = reader.request_notices(BATCH).await?;
            for notice in &notices {
                let words = words::of(&reader, notice).await?;
                if writer.deliver_notice(notice, &words).await? {
                    state.told += words.len() as u64;
                }
            }
            if notices.len() < BATCH as usize {
                return Ok(());
            }
        }
    }
}

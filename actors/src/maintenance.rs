//! Keeps the house tidy: forgets what is older than it is kept, and says that this node lives.
//!
//! ```text
//!     our timers --Tidy, Beat--> [maintenance] --> rows older than their time
//!                                     |
//!                                     +--> nodes: seen_at
//! ```
//!
//! Keeps nothing. What a restart leaves undone is done an hour later.

use std::time::Duration;

use domain::Timestamp;
use serde_json::json;
use store::{NodeId, Writer};

use crate::runtime::{Actor, Crash, Myself};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How often old rows are looked for; the first time soon after the start.
const TIDY_EVERY: Duration = Duration::from_secs(3600);
const FIRST_TIDY: Duration = Duration::from_secs(60);

/// How often the node says that it lives.
const BEAT_EVERY: Duration = Duration::from_secs(5);

/// Sessions stay listed this long after their end, outbox rows after they were published.
const KEEP_SESSIONS: Duration = DAY.saturating_mul(30);
const KEEP_NOTIFICATIONS: Duration = DAY.saturating_mul(90);
const KEEP_EFFECTS: Duration = DAY.saturating_mul(30);
const KEEP_WEBHOOKS: Duration = DAY.saturating_mul(30);
const KEEP_OUTBOX: Duration = DAY;
const KEEP_PINS: Duration = DAY;

pub enum Message {
    /// Time to forget; our own timer.
    Tidy,
    /// Time to say that we live; our own timer.
    Beat,
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Tidy => "Tidy",
            Message::Beat => "Beat",
        }
    }
}

/// The actor.
pub struct Maintenance {
    pub writer: Writer,
    pub node: NodeId,
    /// The portal's version, for the list of nodes.
    pub version: &'static str,
}

#[derive(Default)]
pub struct State {
    forgotten: u64,
    tidied_at: Option<Timestamp>,
}

impl Actor for Maintenance {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "maintenance";

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        me.after(FIRST_TIDY, Message::Tidy);
        me.every(TIDY_EVERY, || Message::Tidy);
        me.every(BEAT_EVERY, || Message::Beat);
        me.tell(Message::Beat);
        Ok(State::default())
    }

    async fn handle(&self, _me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        // A store that is away is nothing that a restart of ours would mend.
        match message {
            Message::Tidy => match self.tidy(Timestamp::now()).await {
                Ok(forgotten) => {
                    state.forgotten += forgotten;
                    state.tidied_at = Some(Timestamp::now());
                }
                Err(error) => tracing::warn!(%error, "could not forget old rows"),
            },
            Message::Beat => {
                if let Err(error) = self.writer.node_heartbeat(&self.node, self.version, None).await {
                    tracing::warn!(%error, "could not say that this node lives");
                }
            }
        }
        Ok(())
    }

    fn inspect(&self, state: &State) -> serde_json::Value {
        json!({ "rows_forgotten": state.forgotten, "tidied_at": state.tidied_at })
    }
}

impl Maintenance {
    /// Forgets what is older than it is kept at `now`. Gives the number of rows.
    async fn tidy(&self, now: Timestamp) -> Result<u64, store::Error> {
        let mut forgotten = self.writer.purge_heartbeats(now).await?;
        forgotten += self.writer.purge_monitors(now).await?;
        forgotten += self.writer.purge_outbox(now - KEEP_OUTBOX).await?;
        forgotten += self.writer.purge_sessions(now - KEEP_SESSIONS).await?;
        forgotten += self.writer.purge_notifications(now - KEEP_NOTIFICATIONS).await?;
        forgotten += self.writer.purge_effects(now - KEEP_EFFECTS).await?;
        forgotten += self.writer.purge_webhooks(now - KEEP_WEBHOOKS).await?;
        forgotten += self.writer.purge_plex_pins(now - KEEP_PINS).await?;
        Ok(forgotten)
    }
}

//! Whoever is asked about plex.tv, for all people together.
//!
//! ```text
//!     pages, API                              our timers
//!        |  Begin, Guests, Import, Recheck        |  LookAround, CheckOwner
//!        v                                        v
//!     [reception] -- one task each --> plex.tv, store --> the asker's reply
//! ```
//!
//! Keeps nothing but the tasks that are out, and bounds their number. A restart drops them: the
//! askers hear that it is not available, and the timers come again.

use std::time::Duration;

use domain::plex::{Membership, PinPurpose, PlexId};
use domain::{PlexPinId, Secret, Timestamp, UserId};
use integrations::plex_tv::Error;
use serde_json::json;
use store::{NewPlexPin, PlexPinRow, PlexPinState};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::people::{Guest, Imported};
use super::{SILENT, SignIns};
use crate::runtime::{Actor, Crash, Myself, Reply};

/// Open PINs of one address, and in all: each is asked about every few seconds until its end.
const PINS_OF_ONE: u64 = 20;
const PINS_IN_ALL: u64 = 200;

/// Tasks at the same time.
const TASKS: usize = 32;

/// How often PINs of a node that fell silent, and memberships that are due, are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(10);
const MEMBERS_EVERY: Duration = Duration::from_secs(600);

/// How often the owner's token is looked at.
const OWNER_EVERY: Duration = Duration::from_secs(900);

/// What a browser begins.
#[derive(Debug, Clone)]
pub struct Begin {
    pub purpose: PinPurpose,
    /// A short code to be typed, rather than a page.
    pub is_code: bool,
    /// SHA-256 of the secret in the browser's cookie.
    pub binding: [u8; 32],
    /// Where to go afterwards.
    pub next: String,
    pub ip: String,
}

/// What has begun.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    pub id: PlexPinId,
    pub expires_at: Timestamp,
}

/// Why it was not done, as an answer for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("too many sign-ins with Plex are under way; try again in a few minutes")]
    TooMany,
    #[error("{0}")]
    Away(String),
    #[error("no Plex server is set up here")]
    NotSetUp,
    #[error("the portal has no token of the Plex server's owner; connect Plex on the services page")]
    NoOwnerToken,
    #[error("Plex does not accept the owner's token any more; connect Plex again on the services page")]
    OwnerTokenRefused,
    #[error("they have not signed in with Plex yet, or must do so again")]
    NoToken,
    #[error("there is no such person")]
    NotFound,
    #[error("signing in with Plex is not available at the moment")]
    Unavailable(String),
}

impl From<store::Error> for Denied {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound(_) => Denied::NotFound,
            error => Denied::Unavailable(error.to_string()),
        }
    }
}

pub enum Message {
    /// A browser wants to sign in with Plex.
    Begin(Begin, Reply<Result<Begun, Denied>>),
    /// With whom is the server shared? For an admin.
    Guests(Reply<Result<Vec<Guest>, Denied>>),
    /// Make accounts for these. For an admin.
    Import(store::Actor, Vec<PlexId>, Reply<Result<Imported, Denied>>),
    /// May this person still use the server? For an admin.
    Recheck(UserId, Reply<Result<Membership, Denied>>),
    /// Time to look at the owner's token: our own timer, or somebody who changed it.
    CheckOwner,
    /// Time to look for PINs that nobody looks after; our own timer.
    LookAround,
    /// Time to look at memberships; our own timer.
    LookAtMembers,
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Begin(..) => "Begin",
            Message::Guests(_) => "Guests",
            Message::Import(..) => "Import",
            Message::Recheck(..) => "Recheck",
            Message::CheckOwner => "CheckOwner",
            Message::LookAround => "LookAround",
            Message::LookAtMembers => "LookAtMembers",
        }
    }
}

/// The actor.
pub struct Reception {
    pub(super) door: SignIns,
}

pub struct State {
    tasks: JoinSet<()>,
    begun: u64,
    members_looked_at: Instant,
}

impl Actor for Reception {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "reception";
    const MAILBOX: usize = 256;

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        self.door.0.recall_owner().await;
        me.every(LOOK_EVERY, || Message::LookAround);
        me.every(MEMBERS_EVERY, || Message::LookAtMembers);
        me.every(OWNER_EVERY, || Message::CheckOwner);
        me.after(Duration::from_secs(3), Message::CheckOwner);
        me.after(Duration::from_secs(30), Message::LookAtMembers);
        Ok(State { tasks: JoinSet::new(), begun: 0, members_looked_at: Instant::now() })
    }

    async fn handle(&self, _me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        while state.tasks.try_join_next().is_some() {}
        let is_full = state.tasks.len() >= TASKS;
        let door = self.door.clone();
        match message {
            Message::Begin(_, reply) if is_full => reply.send(Err(Denied::TooMany)),
            Message::Begin(begin, reply) => {
                state.begun += 1;
                state.tasks.spawn(async move { reply.send(begin_pin(&door, begin).await) });
            }
            Message::Guests(reply) if !is_full => {
                state.tasks.spawn(async move { reply.send(door.0.guests().await) });
            }
            Message::Import(by, wanted, reply) if !is_full => {
                state.tasks.spawn(async move { reply.send(door.0.import(by, &wanted).await) });
            }
            Message::Recheck(user, reply) if !is_full => {
                state.tasks.spawn(async move { reply.send(door.0.recheck(user).await) });
            }
            Message::CheckOwner if !is_full => {
                state
                    .tasks
                    .spawn(async move { noted("look at the owner's token", door.0.check_owner().await) });
            }
            Message::LookAround if !is_full => {
                state.tasks.spawn(async move { adopt(&door).await });
            }
            Message::LookAtMembers if !is_full => {
                state.members_looked_at = Instant::now();
                let looking =
                    async move { noted("look at memberships", door.0.recheck_due().await.map(drop)) };
                state.tasks.spawn(looking);
            }
            // An asker whose reply is dropped hears that it is not available; a timer comes again.
            Message::Guests(_) | Message::Import(..) | Message::Recheck(..) => {}
            Message::CheckOwner | Message::LookAround | Message::LookAtMembers => {}
        }
        Ok(())
    }

    fn inspect(&self, state: &State) -> serde_json::Value {
        json!({
            "tasks": state.tasks.len(),
            "begun": state.begun,
            "members_looked_at_s_ago": state.members_looked_at.elapsed().as_secs(),
            "owner_token": self.door.owner_token().health,
        })
    }
}

fn noted(what: &str, result: Result<(), Denied>) {
    if let Err(denied) = result {
        tracing::info!(%denied, "could not {what}");
    }
}

/// A PIN at plex.tv, its row, and its poller.
async fn begin_pin(door: &SignIns, begin: Begin) -> Result<Begun, Denied> {
    let parts = &door.0;
    if parts.plex_service().is_none() {
        return Err(Denied::NotSetUp);
    }
    let (of_one, in_all) = parts.reader.open_plex_pins(&begin.ip, Timestamp::now()).await?;
    if of_one >= PINS_OF_ONE || in_all >= PINS_IN_ALL {
        return Err(Denied::TooMany);
    }
    let client_id = parts.client_id(begin.purpose).await?;
    let pin = parts.tv.create_pin(client_id, begin.is_code).await.map_err(|error| {
        tracing::info!(%error, "plex.tv gave no PIN");
        let words = match error {
            Error::Throttled { .. } => "Plex asks us to wait. Try again in a minute.",
            _ => "Plex does not answer right now. Try again in a minute, or sign in with a password.",
        };
        Denied::Away(words.to_owned())
    })?;
    let id = PlexPinId::generate();
    let now = Timestamp::now();
    let row = PlexPinRow {
        id,
        purpose: begin.purpose,
        is_code: begin.is_code,
        number: pin.number,
        code: pin.code,
        state: PlexPinState::Waiting,
        next: begin.next,
        created_at: now,
        expires_at: now + pin.expires_in,
    };
    keep(door, &row, &begin.binding, &begin.ip).await?;
    door.watch(&row).await.map_err(|error| Denied::Unavailable(error.to_string()))?;
    Ok(Begun { id, expires_at: row.expires_at })
}

async fn keep(door: &SignIns, row: &PlexPinRow, binding: &[u8; 32], ip: &str) -> Result<(), Denied> {
    let code: &Secret = &row.code;
    let new = NewPlexPin {
        id: row.id,
        binding,
        purpose: row.purpose,
        is_code: row.is_code,
        number: row.number,
        code,
        next: &row.next,
        ip: Some(ip),
        node: &door.0.node,
        expires_at: row.expires_at,
    };
    Ok(door.0.writer.create_plex_pin(&new).await?)
}

/// Goes on with PINs whose node fell silent, and with ours that lost their poller.
async fn adopt(door: &SignIns) {
    let parts = &door.0;
    match parts.writer.adopt_plex_pins(&parts.node, Timestamp::now() - SILENT).await {
        Ok(rows) => {
            for row in rows {
                if let Err(error) = door.watch(&row).await {
                    tracing::warn!(%error, "could not look after a sign-in");
                }
            }
        }
        Err(error) => tracing::info!(%error, "could not look for sign-ins"),
    }
}

//! One signed-in browser.
//!
//! ```text
//!     every request            event streams, WebSockets         a timer, while streams are open
//!          |  Identify              |  Connect                        |  Check
//!          v                        v                                 v
//!     [session sid] ---- reads ---> sessions row (the authority), or with Redis what another
//!          |                        instance read of it within the same second
//!          |
//!          +-- closes every stream within a second of the row's end
//! ```
//!
//! Keeps the row for at most one second and the list of open streams. A restart loses the list:
//! the streams end and their browsers connect again. It stops by itself when nobody asks.

use std::collections::VecDeque;
use std::time::Duration;

use domain::user::CurrentUser;
use domain::{SessionId, Timestamp};
use serde_json::json;
use store::ephemeral::{CachedSession, Ephemeral};
use store::{Reader, SessionRow, Writer};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::runtime::{Actor, AskError, Crash, Handle, Myself, Reply};

/// The row may have changed this long ago without us knowing.
const FRESH_FOR: Duration = Duration::from_secs(1);

/// Nobody asked for this long and no stream is open: the actor stops.
const PASSIVE_AFTER: Duration = Duration::from_secs(300);

/// The row's `last_seen_at` is written at most this often.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// Streams that one session may have open; one more closes the oldest.
pub const STREAMS: usize = 20;

/// Idle end of a session; the row moves it along as the session is used.
pub const IDLE: Duration = Duration::from_secs(24 * 3600);

const DEADLINE: Duration = Duration::from_secs(2);

/// What is known of a session that is alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    pub user: CurrentUser,
    /// Tokens of an older epoch are dead.
    pub epoch: i64,
    pub created_at: Timestamp,
}

/// Why nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Signed out, expired, disabled, or never there.
    #[error("the session is over")]
    Over,
    /// The store did not answer; not the user's fault.
    #[error("the session could not be checked")]
    Unavailable,
}

pub enum Message {
    /// Sent for every request that carries this session's token.
    Identify(Reply<Result<Identified, Refused>>),
    /// Sent for a new event stream or WebSocket.
    Connect(Reply<Result<Connection, Refused>>),
    /// Signed out, disabled or changed: sent by whoever changed the row.
    Recheck,
    /// Time to look at the row; our own timer.
    Check,
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Identify(_) => "Identify",
            Message::Connect(_) => "Connect",
            Message::Recheck => "Recheck",
            Message::Check => "Check",
        }
    }
}

/// An open stream's tie to its session.
#[derive(Debug)]
pub struct Connection {
    pub identified: Identified,
    closed: watch::Receiver<bool>,
    /// Dropping it tells the session that the stream is gone.
    _open: watch::Sender<()>,
}

impl Connection {
    /// Returns when the session is over, was changed, or opened too many streams.
    pub async fn closed(&mut self) {
        // An error means that the session actor is gone, which ends the stream too.
        let _ = self.closed.wait_for(|closed| *closed).await;
    }
}

/// The actor of one session.
pub struct Session {
    pub id: SessionId,
    pub reader: Reader,
    pub writer: Writer,
    /// Shared with the other instances when there is Redis.
    pub ephemeral: Ephemeral,
}

struct Stream {
    close: watch::Sender<bool>,
    open: watch::Receiver<()>,
}

impl Stream {
    fn is_open(&self) -> bool {
        self.open.has_changed().is_ok()
    }
}

pub struct State {
    known: Result<Identified, Refused>,
    checked: Instant,
    asked: Instant,
    touched: Option<Instant>,
    streams: VecDeque<Stream>,
}

impl Actor for Session {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "session";
    const MAILBOX: usize = 256;

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        let now = Instant::now();
        let (known, checked) = self.read().await;
        me.every(FRESH_FOR, || Message::Check);
        Ok(State { known, checked, asked: now, touched: None, streams: VecDeque::new() })
    }

    async fn handle(&self, me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        match message {
            Message::Identify(reply) => {
                state.asked = Instant::now();
                self.refresh(state).await;
                self.touch(state).await;
                reply.send(state.known.clone());
            }
            Message::Connect(reply) => {
                state.asked = Instant::now();
                self.refresh(state).await;
                reply.send(state.connect());
            }
            Message::Recheck => self.recheck(state).await,
            Message::Check => self.look_after(me, state).await,
        }
        Ok(())
    }

    async fn stop(&self, _me: &Myself<Message>, state: &mut State) {
        state.close_all();
    }

    fn inspect(&self, state: &State) -> serde_json::Value {
        json!({
            "user": state.known.as_ref().ok().map(|known| known.user.username.clone()),
            "alive": state.known.is_ok(),
            "streams": state.streams.len(),
            "idle_s": state.asked.elapsed().as_secs(),
        })
    }
}

impl Session {
    async fn refresh(&self, state: &mut State) {
        if state.checked.elapsed() >= FRESH_FOR || state.known == Err(Refused::Unavailable) {
            self.check(state).await;
        }
    }

    /// Looks again; whoever is no longer the same loses their streams.
    async fn check(&self, state: &mut State) {
        let (known, checked) = self.read().await;
        state.settle(known, checked);
    }

    /// The row changed: what others remember of it does not count.
    async fn recheck(&self, state: &mut State) {
        self.ephemeral.session_evict(self.id).await;
        let now = Instant::now();
        state.settle(self.read_row().await, now);
    }

    /// Who it is, and when the row said so.
    async fn read(&self) -> (Result<Identified, Refused>, Instant) {
        let now = Instant::now();
        if self.ephemeral.is_shared()
            && let Some(cached) = self.ephemeral.session_get(self.id).await
        {
            let age = cached.checked_at.until(Timestamp::now());
            let is_past = cached.checked_at <= Timestamp::now();
            if is_past && age < FRESH_FOR {
                return (Ok(self.identified_from(cached)), now.checked_sub(age).unwrap_or(now));
            }
        }
        (self.read_row().await, now)
    }

    async fn read_row(&self) -> Result<Identified, Refused> {
        let checked_at = Timestamp::now();
        let row = tokio::time::timeout(DEADLINE, self.reader.session(self.id)).await;
        let row = match row {
            Ok(Ok(row)) => row,
            Ok(Err(error)) => {
                tracing::warn!(%error, "could not read a session");
                return Err(Refused::Unavailable);
            }
            Err(_) => return Err(Refused::Unavailable),
        };
        let Some(row) = row.filter(|row| row.is_alive(Timestamp::now())) else {
            self.ephemeral.session_evict(self.id).await;
            return Err(Refused::Over);
        };
        let cached = cached(row, checked_at);
        if self.ephemeral.is_shared() {
            self.ephemeral.session_put(self.id, &cached).await;
        }
        Ok(self.identified_from(cached))
    }

    fn identified_from(&self, cached: CachedSession) -> Identified {
        let user = CurrentUser {
            id: cached.user_id,
            username: cached.username,
            role: cached.role,
            session: Some(self.id),
        };
        Identified { user, epoch: cached.epoch, created_at: cached.created_at }
    }

    /// Moves the idle end along; a failure costs nothing but the next minute's try.
    async fn touch(&self, state: &mut State) {
        let due = state.touched.is_none_or(|touched| touched.elapsed() >= TOUCH_EVERY);
        if !due || state.known.is_err() {
            return;
        }
        state.touched = Some(Instant::now());
        let now = Timestamp::now();
        let touch = self.writer.touch_session(self.id, now, now + IDLE);
        if !matches!(tokio::time::timeout(DEADLINE, touch).await, Ok(Ok(_))) {
            tracing::warn!("could not note that a session was used");
        }
    }

    /// Every second: the streams' right to be there, and whether we are still needed.
    async fn look_after(&self, me: &Myself<Message>, state: &mut State) {
        state.streams.retain(Stream::is_open);
        if !state.streams.is_empty() {
            self.check(state).await;
        } else if state.known.is_err() || state.asked.elapsed() >= PASSIVE_AFTER {
            me.stop("nobody is there");
        }
    }
}

fn cached(row: SessionRow, checked_at: Timestamp) -> CachedSession {
    CachedSession {
        user_id: row.user.id,
        username: row.user.username,
        role: row.user.role,
        epoch: row.epoch,
        created_at: row.created_at,
        expires_at: row.idle_ends_at.min(row.absolute_ends_at),
        checked_at,
    }
}

impl State {
    fn settle(&mut self, known: Result<Identified, Refused>, checked: Instant) {
        let is_unwell = known == Err(Refused::Unavailable);
        if !is_unwell && known != self.known {
            self.close_all();
        }
        self.known = known;
        self.checked = checked;
    }

    fn connect(&mut self) -> Result<Connection, Refused> {
        let identified = self.known.clone()?;
        self.streams.retain(Stream::is_open);
        if self.streams.len() >= STREAMS
            && let Some(oldest) = self.streams.pop_front()
        {
            oldest.close.send_replace(true);
        }
        let (close, closed) = watch::channel(false);
        let (alive, open) = watch::channel(());
        self.streams.push_back(Stream { close, open });
        Ok(Connection { identified, closed, _open: alive })
    }

    fn close_all(&mut self) {
        for stream in self.streams.drain(..) {
            stream.close.send_replace(true);
        }
    }
}

pub(crate) async fn identify(session: &Handle<Message>) -> Result<Result<Identified, Refused>, AskError> {
    session.ask(DEADLINE, Message::Identify).await
}

pub(crate) async fn connect(session: &Handle<Message>) -> Result<Result<Connection, Refused>, AskError> {
    session.ask(DEADLINE, Message::Connect).await
}

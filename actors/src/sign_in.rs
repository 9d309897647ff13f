//! One PIN at plex.tv that somebody may approve.
//!
//! ```text
//!     our timer            the browser's page, once a second
//!        |  Poll                |  Progress
//!        v                      v
//!     [sign-in] -- a task --> plex.tv: approved?
//!        |  ^                    |
//!        |  +---- Polled --------+
//!        |
//!        +-- a task --> who is it, may they come in? --> the PIN's row --> our end
//! ```
//!
//! The row is the truth, so a restart goes on with it. The one poller of a PIN asks once a second
//! while somebody looks, more slowly when nobody does or when plex.tv is unwell, and ends with
//! the PIN: by its approval, by plex.tv's word, or by its time.

use std::time::Duration;

use domain::{Secret, Timestamp};
use futures_util::future::BoxFuture;
use integrations::plex_tv::{Error, Pin};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::runtime::{Actor, Crash, Myself, Reply};

/// While somebody looks: what plex.tv allows.
const POLL_EVERY: Duration = Duration::from_secs(1);

/// While nobody does. An abandoned PIN is asked about too: its approval would replace a token
/// that we keep.
const POLL_IDLE: Duration = Duration::from_secs(5);

/// Somebody looks when they asked, or began, less than this ago. Approving takes its time.
const LOOKED_WITHIN: Duration = Duration::from_secs(120);

/// The longest that is waited after failures in a row.
const MAX_BACKOFF: Duration = Duration::from_secs(16);

/// Nothing outside takes longer; what does is given up and tried again.
const DEADLINE: Duration = Duration::from_secs(20);

pub enum Message {
    /// Time to ask plex.tv; our own timer.
    Poll,
    /// plex.tv answered; sent by the task that `Poll` started. Nothing when the row has no use
    /// for us any more.
    Polled(Option<Result<Pin, Error>>),
    /// The row says who comes in, or why nobody does; sent by the task that found out. A reason
    /// why it could not yet be found out otherwise.
    Recognised(Result<(), Trouble>),
    /// The PIN's time is over; our own timer.
    Expire,
    /// The row says that it has expired; sent by the task that `Expire` started.
    Expired,
    /// How far is it? Sent for the browser's page.
    Progress(Reply<Progress>),
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Poll => "Poll",
            Message::Polled(_) => "Polled",
            Message::Recognised(_) => "Recognised",
            Message::Expire => "Expire",
            Message::Expired => "Expired",
            Message::Progress(_) => "Progress",
        }
    }
}

/// Why somebody who approved a PIN is not known yet, for a person. It is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble(pub String);

/// What the page shows beside what is in the row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// plex.tv says that somebody approved it.
    pub is_approved: bool,
    /// What keeps us from going on, for a person.
    pub trouble: Option<String>,
}

/// What the actor asks of everything around it.
pub trait Outside: Send + Sync + 'static {
    /// Says that this node still asks about the PIN, and asks. Nothing when the row has no use
    /// for us any more.
    fn poll(&self) -> BoxFuture<'static, Option<Result<Pin, Error>>>;

    /// Finds out who approved the PIN, and writes the outcome into the row.
    fn recognise(&self, token: Secret) -> BoxFuture<'static, Result<(), Trouble>>;

    /// Writes into the row that nobody approved the PIN in time.
    fn expire(&self) -> BoxFuture<'static, ()>;
}

/// The actor of one PIN.
pub struct SignIn<O> {
    pub outside: std::sync::Arc<O>,
    pub expires_at: Timestamp,
    /// The browser does not want it any more.
    pub is_abandoned: bool,
}

pub struct State {
    began: Instant,
    looked: Instant,
    polls: u64,
    /// Failures in a row.
    failures: u32,
    /// Whose it is, once somebody approved it.
    token: Option<Secret>,
    trouble: Option<String>,
    /// A task is out.
    is_asking: bool,
    tasks: JoinSet<()>,
}

impl<O: Outside> Actor for SignIn<O> {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "sign-in";
    const MAILBOX: usize = 64;

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        let now = Instant::now();
        me.after(Timestamp::now().until(self.expires_at), Message::Expire);
        me.tell(Message::Poll);
        Ok(State {
            began: now,
            looked: now,
            polls: 0,
            failures: 0,
            token: None,
            trouble: None,
            is_asking: false,
            tasks: JoinSet::new(),
        })
    }

    async fn handle(&self, me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        while state.tasks.try_join_next().is_some() {}
        match message {
            Message::Poll => self.ask(me, state),
            Message::Polled(answer) => self.take_in(me, state, answer),
            Message::Recognised(Ok(())) => me.stop("somebody approved it"),
            Message::Recognised(Err(Trouble(reason))) => {
                state.failed(reason);
                self.again(me, state, None);
            }
            Message::Expire => self.end(me, state),
            Message::Expired => me.stop("its time is over"),
            Message::Progress(reply) => {
                let was_idle = state.looked.elapsed() > LOOKED_WITHIN;
                state.looked = Instant::now();
                reply.send(Progress { is_approved: state.token.is_some(), trouble: state.trouble.clone() });
                if was_idle {
                    self.ask(me, state);
                }
            }
        }
        Ok(())
    }

    fn inspect(&self, state: &State) -> serde_json::Value {
        json!({
            "polls": state.polls,
            "approved": state.token.is_some(),
            "abandoned": self.is_abandoned,
            "trouble": state.trouble,
            "expires_at": self.expires_at,
            "age_s": state.began.elapsed().as_secs(),
        })
    }
}

impl<O: Outside> SignIn<O> {
    /// Starts the task that is due: whether somebody approved it, or who that was.
    fn ask(&self, me: &Myself<Message>, state: &mut State) {
        if state.is_asking {
            return;
        }
        state.is_asking = true;
        let teller = me.clone();
        match state.token.clone() {
            Some(token) => {
                let recognising = self.outside.recognise(token);
                state.tasks.spawn(async move {
                    let late = || Err(Trouble("Plex takes too long to answer.".to_owned()));
                    let result = tokio::time::timeout(DEADLINE, recognising).await;
                    teller.tell(Message::Recognised(result.unwrap_or_else(|_| late())));
                });
            }
            None => {
                state.polls += 1;
                let polling = self.outside.poll();
                state.tasks.spawn(async move {
                    let late = Error::Throttled { retry_in: Duration::ZERO };
                    let answer = tokio::time::timeout(DEADLINE, polling).await;
                    teller.tell(Message::Polled(answer.unwrap_or(Some(Err(late)))));
                });
            }
        }
    }

    fn take_in(&self, me: &Myself<Message>, state: &mut State, answer: Option<Result<Pin, Error>>) {
        state.is_asking = false;
        match answer {
            None => me.stop("nobody needs it any more"),
            Some(Ok(Pin { token: Some(token), .. })) => {
                state.well();
                state.token = Some(token);
                self.ask(me, state);
            }
            Some(Ok(_)) => {
                state.well();
                self.again(me, state, None);
            }
            Some(Err(Error::PinGone)) => self.end(me, state),
            Some(Err(error)) => {
                tracing::info!(%error, "could not ask plex.tv about a sign-in");
                state.failed("Plex does not answer right now. We keep asking.".to_owned());
                self.again(me, state, error.retry_in());
            }
        }
    }

    /// The next look: after a second, or later when nobody looks or it went wrong.
    fn again(&self, me: &Myself<Message>, state: &State, at_least: Option<Duration>) {
        let is_idle = self.is_abandoned || state.looked.elapsed() > LOOKED_WITHIN;
        let pace = if is_idle { POLL_IDLE } else { POLL_EVERY };
        let backoff = POLL_EVERY * 2_u32.saturating_pow(state.failures.min(8)).max(1);
        let wait = if state.failures == 0 { pace } else { pace.max(backoff.min(MAX_BACKOFF)) };
        // However long plex.tv wants to be left alone, the end comes by its own timer.
        me.after(wait.max(at_least.unwrap_or_default()), Message::Poll);
    }

    fn end(&self, me: &Myself<Message>, state: &mut State) {
        let (teller, expiring) = (me.clone(), self.outside.expire());
        state.tasks.spawn(async move {
            // A row that could not be written is over all the same: its time says so.
            let _ = tokio::time::timeout(Duration::from_secs(3), expiring).await;
            teller.tell(Message::Expired);
        });
    }
}

impl State {
    fn well(&mut self) {
        self.failures = 0;
        self.trouble = None;
    }

    fn failed(&mut self, reason: String) {
        self.is_asking = false;
        self.failures = self.failures.saturating_add(1);
        self.trouble = Some(reason);
    }
}

#[cfg(test)]
#[path = "sign_in/tests.rs"]
mod tests;

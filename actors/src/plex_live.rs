//! Hears of every change in the library of Plex.
//!
//! ```text
//!    notification socket          once a minute while there is no socket
//!        |  Heard                      |  Compare
//!        v                             v
//!    [plex live] -- a section is quiet for 5 s --> its answers are outdated, LibraryChanged
//!        |
//!        +-- at once --> whoever waits for a new file
//! ```
//!
//! One new film is some 150 messages, so a section is announced when it has been quiet for a
//! while, or has not become quiet for twice as long. What happened while there was no socket is
//! found by comparing what the sections say of themselves. Keeps nothing that a restart may not
//! lose: a new life compares from the start.

mod backoff;
mod changes;
mod source;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::service::ServiceName;
use integrations::plex::{Notice, SectionId};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::runtime::{Actor, Crash, Myself, caught};
use backoff::wait_before;
use changes::Changes;
pub(crate) use source::{Live, Source};

/// How often the sections are compared while there is no socket.
const COMPARE_EVERY: Duration = Duration::from_secs(60);

/// A socket that held this long was a good one: the next failure is the first again.
const GOOD_AFTER: Duration = Duration::from_secs(60);

/// What the sections said of themselves.
pub(crate) type Marks = BTreeMap<SectionId, i64>;

pub enum Message {
    /// Time to open the socket; sent by our own timer.
    Listen,
    /// The socket is open; sent by its task.
    Opened,
    /// The server told something; sent by the socket's task.
    Heard(Vec<Notice>),
    /// There is no socket, or none any more; sent by its task.
    Lost { reason: String, retry_in: Option<Duration> },
    /// A section may be quiet by now; sent by our own timer.
    Settle,
    /// Time to compare; sent by our own timer.
    Compare,
    /// The sections were read; sent by the task that `Compare` started.
    Compared(Option<Marks>),
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Listen => "Listen",
            Message::Opened => "Opened",
            Message::Heard(_) => "Heard",
            Message::Lost { .. } => "Lost",
            Message::Settle => "Settle",
            Message::Compare => "Compare",
            Message::Compared(_) => "Compared",
        }
    }
}

/// Makes a change known: in one section, or anywhere.
pub(crate) type Announce = Arc<dyn Fn(Option<&SectionId>) + Send + Sync>;

/// See the module.
pub(crate) struct PlexLive {
    pub service: ServiceName,
    pub source: Arc<dyn Source>,
    pub announce: Announce,
    /// Counts what is heard, for those who wait for a change.
    pub heard: watch::Sender<u64>,
}

pub(crate) struct State {
    listening: JoinSet<()>,
    comparing: JoinSet<()>,
    /// When the socket opened; absent while there is none.
    opened: Option<Instant>,
    failures: u32,
    trouble: Option<String>,
    changes: Changes,
    is_settling: bool,
    marks: Option<Marks>,
    announced: u64,
    latest: Option<Timestamp>,
}

impl Actor for PlexLive {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "live";
    const MAILBOX: usize = 256;

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        me.tell(Message::Listen);
        me.tell(Message::Compare);
        me.every(COMPARE_EVERY, || Message::Compare);
        Ok(State {
            listening: JoinSet::new(),
            comparing: JoinSet::new(),
            opened: None,
            failures: 0,
            trouble: None,
            changes: Changes::default(),
            is_settling: false,
            marks: None,
            announced: 0,
            latest: None,
        })
    }

    async fn handle(&self, me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        match message {
            Message::Listen => self.listen(me, state),
            Message::Opened => self.opened(me, state),
            Message::Heard(notices) => self.hear(me, notices, state),
            Message::Lost { reason, retry_in } => self.lost(me, reason, retry_in, state),
            Message::Settle => {
                state.is_settling = false;
                self.settle(me, state);
            }
            Message::Compare if state.opened.is_none() || state.marks.is_none() => self.compare(me, state),
            Message::Compare => {}
            Message::Compared(marks) => self.compared(marks, state),
        }
        Ok(())
    }

    fn inspect(&self, state: &State) -> Value {
        json!({
            "service": self.service,
            "hears_by": if state.opened.is_some() { "socket" } else { "asking once a minute" },
            "trouble": state.trouble,
            "sections": state.marks.as_ref().map(BTreeMap::len),
            "not_yet_quiet": state.changes.len(),
            "changes_announced": state.announced,
            "latest_change": state.latest,
        })
    }
}

impl PlexLive {
    fn listen(&self, me: &Myself<Message>, state: &mut State) {
        state.listening = JoinSet::new();
        let source = self.source.clone();
        let (me, handle) = (me.clone(), me.handle());
        state.listening.spawn(async move {
            let lost = caught(async { Ok(source.listen(handle).await) }).await;
            me.tell(match lost {
                Ok(error) => Message::Lost { reason: error.to_string(), retry_in: error.retry_in() },
                Err(_) => Message::Lost { reason: "our listener crashed".to_owned(), retry_in: None },
            });
        });
    }

    fn opened(&self, me: &Myself<Message>, state: &mut State) {
        state.opened = Some(Instant::now());
        state.trouble = None;
        tracing::info!(service = %self.service, "listening to {}", self.service);
        // What happened before the socket was open.
        self.compare(me, state);
    }

    fn hear(&self, me: &Myself<Message>, notices: Vec<Notice>, state: &mut State) {
        let now = Instant::now();
        for notice in notices {
            match notice {
                Notice::Item { section, .. } | Notice::Scanned { section: section @ Some(_) } => {
                    state.changes.note(section, now);
                }
                // It says nothing of what changed; the items did.
                Notice::Scanned { section: None } => {}
            }
        }
        self.heard.send_modify(|count| *count += 1);
        self.settle(me, state);
    }

    fn lost(&self, me: &Myself<Message>, reason: String, retry_in: Option<Duration>, state: &mut State) {
        if state.opened.take().is_some_and(|opened| opened.elapsed() >= GOOD_AFTER) {
            state.failures = 0;
        }
        if state.failures == 0 {
            tracing::info!(service = %self.service, reason, "not listening to {}", self.service);
        }
        let wait = wait_before(state.failures, rand::random()).max(retry_in.unwrap_or_default());
        state.failures += 1;
        state.trouble = Some(reason);
        me.after(wait, Message::Listen);
    }

    /// Announces what is quiet, and comes back for what is not.
    fn settle(&self, me: &Myself<Message>, state: &mut State) {
        let now = Instant::now();
        for section in state.changes.take_quiet(now) {
            self.tell(section.as_ref(), state);
        }
        if let Some(next) = state.changes.next()
            && !state.is_settling
        {
            state.is_settling = true;
            me.after(next.saturating_duration_since(now), Message::Settle);
        }
    }

    fn compare(&self, me: &Myself<Message>, state: &mut State) {
        while state.comparing.try_join_next().is_some() {}
        if !state.comparing.is_empty() {
            return;
        }
        let (source, me) = (self.source.clone(), me.clone());
        state.comparing.spawn(async move {
            let marks = caught(async { Ok(source.marks().await) }).await;
            me.tell(Message::Compared(marks.ok().and_then(Result::ok)));
        });
    }

    /// Announces the sections that are not what they were.
    fn compared(&self, marks: Option<Marks>, state: &mut State) {
        let Some(marks) = marks else { return };
        if let Some(known) = state.marks.replace(marks.clone())
            && known != marks
        {
            let sections = known.keys().chain(marks.keys()).collect::<std::collections::BTreeSet<_>>();
            for section in sections.into_iter().filter(|section| known.get(section) != marks.get(section)) {
                self.tell(Some(section), state);
            }
            self.heard.send_modify(|count| *count += 1);
        }
    }

    fn tell(&self, section: Option<&SectionId>, state: &mut State) {
        (self.announce)(section);
        state.announced += 1;
        state.latest = Some(Timestamp::now());
    }
}

#[cfg(test)]
#[path = "plex_live/tests.rs"]
mod tests;

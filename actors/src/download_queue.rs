//! Admission to downloads, and who runs when.
//!
//! ```text
//!   pages, API                   our own timer, ended jobs
//!      |  Submit, Cancel, …          |  Scan, Ended
//!      v                             v
//!   [download queue] -- row --> store
//!          |
//!          +-- starts --> downloads/jobs/<id>, at most `slots` at a time, fair between members
//! ```
//!
//! Keeps nothing that is not in the rows or in the tree: after a restart it finds the job actors
//! by their names, and they have not noticed. When it stops nothing new starts.

mod admission;
mod line;
mod slots;

use std::sync::Arc;
use std::time::Duration;

use domain::address::Refusal;
use domain::download::{Choice, Download, Failure};
use domain::user::CurrentUser;
use domain::{DownloadId, Timestamp};
use integrations::ytdlp::Probe;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::download_job::Outcome;
use crate::downloads::context::Context;
use crate::runtime::{Actor, AskError, Crash, Handle, Myself, Reply};

/// Where it is in the tree.
pub const PATH: &str = "downloads/queue";

/// Probes that run at the same time; each is a yt-dlp of its own.
const PROBES: usize = 2;

/// Requests that may wait for a probe or a cancel.
const WAITING_TASKS: usize = 32;

/// Probes that may run or wait: however many links people look at, a cancel finds room.
const WAITING_PROBES: usize = 16;

/// Jobs of one member that may wait or run.
const UNFINISHED: usize = 500;

/// How long an answer may take, that of a cancel and of a probe included.
const DEADLINE: Duration = Duration::from_secs(8);
const PROBE_DEADLINE: Duration = Duration::from_secs(30);

/// Why something was not done, as an answer for a person.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Denied {
    #[error("{limit} downloads an hour are possible")]
    QuotaReached { limit: u32, again_at: Timestamp },
    /// The same link in the same quality is on its way already.
    #[error("this link is being downloaded already")]
    Duplicate(DownloadId),
    #[error(transparent)]
    RefusedAddress(#[from] Refusal),
    #[error("{limit} downloads wait already")]
    QueueFull { limit: usize },
    /// Too many ask at the same time; the next moment may have room.
    #[error("too much is being asked at the same time, try again in a moment")]
    Busy,
    /// It is somebody else's, or nobody's.
    #[error("there is no such download")]
    NotFound,
    /// It is over, so it can't be cancelled.
    #[error("the download is over already")]
    Over,
    /// It is not over, so it can't be retried or deleted.
    #[error("the download is not over yet")]
    NotOver,
    /// The probe found out why the link can't be downloaded.
    #[error("{}", .0.message)]
    Failed(Failure),
    /// Not possible now, with the reason in words.
    #[error("{0}")]
    Unavailable(String),
}

impl From<AskError> for Denied {
    fn from(error: AskError) -> Self {
        Denied::Unavailable(match error {
            AskError::TimedOut => "the download queue did not answer in time".to_owned(),
            AskError::Full => "the download queue is busy, try again in a moment".to_owned(),
            AskError::NotRunning | AskError::Dropped => {
                "the download queue is being restarted, try again".to_owned()
            }
        })
    }
}

impl From<store::Error> for Denied {
    fn from(error: store::Error) -> Self {
        use store::Conflict;
        match error {
            store::Error::NotFound(_) => Denied::NotFound,
            store::Error::Conflict(Conflict::DuplicateDownload(id)) => Denied::Duplicate(id),
            store::Error::Conflict(Conflict::DownloadIsOver) | store::Error::Fenced => Denied::Over,
            store::Error::Conflict(Conflict::DownloadIsNotOver) => Denied::NotOver,
            error => {
                tracing::error!(%error, "the store refused a request about downloads");
                Denied::Unavailable("the portal's database is not available".to_owned())
            }
        }
    }
}

/// What to do with the files of a download that is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    Keep,
    Remove,
}

pub enum Message {
    /// Sent for a member who pasted a link.
    Submit { user: CurrentUser, url: String, choice: Choice, reply: Reply<Result<Download, Denied>> },
    /// Sent for the owner or an admin.
    Cancel { user: CurrentUser, id: DownloadId, reply: Reply<Result<(), Denied>> },
    /// Sent for the owner or an admin: begin again with a job that failed or was cancelled.
    Retry { user: CurrentUser, id: DownloadId, reply: Reply<Result<(), Denied>> },
    /// Sent for the owner or an admin: take a job that is over off the list.
    Delete { user: CurrentUser, id: DownloadId, files: Files, reply: Reply<Result<(), Denied>> },
    /// What does this link lead to?
    Probe { url: String, reply: Reply<Result<Probe, Denied>> },
    /// Time to look for work; our own timer.
    Scan,
    /// A slot is free; sent by a job actor as its last deed.
    Ended { id: DownloadId, outcome: Outcome, after: Duration },
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Submit { .. } => "Submit",
            Message::Cancel { .. } => "Cancel",
            Message::Retry { .. } => "Retry",
            Message::Delete { .. } => "Delete",
            Message::Probe { .. } => "Probe",
            Message::Scan => "Scan",
            Message::Ended { .. } => "Ended",
        }
    }
}

/// See the module.
pub struct DownloadQueue {
    pub cx: Context,
}

pub struct State {
    slots: slots::Slots,
    /// Probes, cancels and sweeps under way.
    tasks: JoinSet<()>,
    probes: Arc<Semaphore>,
}

impl Actor for DownloadQueue {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "queue";
    const MAILBOX: usize = 256;

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        me.every(self.cx.settings.timing.scan, || Message::Scan);
        me.tell(Message::Scan);
        Ok(State {
            slots: slots::Slots::default(),
            tasks: JoinSet::new(),
            probes: Arc::new(Semaphore::new(PROBES)),
        })
    }

    async fn handle(&self, _me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        let cx = &self.cx;
        match message {
            Message::Submit { user, url, choice, reply } => {
                let submitted = admission::submit(cx, &user, &url, choice).await;
                let accepted = submitted.is_ok();
                reply.send(submitted);
                if accepted {
                    state.slots.fill(cx).await;
                }
            }
            Message::Retry { user, id, reply } => {
                reply.send(admission::retry(cx, &user, id).await);
                state.slots.fill(cx).await;
            }
            Message::Cancel { reply, .. } | Message::Delete { reply, .. }
                if !state.has_room(WAITING_TASKS) =>
            {
                reply.send(Err(Denied::Busy));
            }
            Message::Probe { reply, .. } if !state.has_room(WAITING_PROBES) => reply.send(Err(Denied::Busy)),
            Message::Cancel { user, id, reply } => {
                let cx = cx.clone();
                state.background(async move { reply.send(admission::cancel(&cx, &user, id).await) });
            }
            Message::Delete { user, id, files, reply } => {
                let cx = cx.clone();
                state.background(async move { reply.send(admission::delete(&cx, &user, id, files).await) });
            }
            Message::Probe { url, reply } => {
                let (cx, probes) = (cx.clone(), Arc::clone(&state.probes));
                state.background(async move { reply.send(admission::probe(&cx, &probes, &url).await) });
            }
            Message::Ended { id, outcome, after } => {
                state.slots.ended(id, outcome, after);
                state.slots.fill(cx).await;
            }
            Message::Scan => {
                if let Some(sweep) = state.slots.sweep_when_due(cx) {
                    state.background(sweep);
                }
                state.slots.measure(cx).await;
                state.slots.fill(cx).await;
            }
        }
        Ok(())
    }

    fn inspect(&self, state: &State) -> serde_json::Value {
        json!({ "running": state.slots.running(), "slots": self.cx.settings.slots, "waiting": state.slots.waiting(),
            "requests_under_way": state.tasks.len() })
    }
}

impl State {
    /// Whether one more task is possible when there may be `most` of them.
    fn has_room(&mut self, most: usize) -> bool {
        while self.tasks.try_join_next().is_some() {}
        self.tasks.len() < most
    }

    /// Does something that takes long beside the mailbox. What nobody waits for, such as a sweep,
    /// is dropped when there is too much of it.
    fn background(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        if self.has_room(WAITING_TASKS) {
            self.tasks.spawn(task);
        }
    }
}

/// Admits `url` for `user` and returns the new job; never waits for a look at the link.
///
/// # Errors
/// The [`Denied`] says why not.
pub async fn submit(
    queue: &Handle<Message>,
    user: &CurrentUser,
    url: &str,
    choice: Choice,
) -> Result<Download, Denied> {
    let (user, url) = (user.clone(), url.to_owned());
    queue.ask(DEADLINE, |reply| Message::Submit { user, url, choice, reply }).await?
}

/// Cancels a job of `user`, or anybody's for an admin; its processes and partial files are gone
/// when this returns.
///
/// # Errors
/// [`Denied::NotFound`], [`Denied::Over`] or [`Denied::Unavailable`].
pub async fn cancel(queue: &Handle<Message>, user: &CurrentUser, id: DownloadId) -> Result<(), Denied> {
    let user = user.clone();
    queue.ask(DEADLINE, |reply| Message::Cancel { user, id, reply }).await?
}

/// Queues a failed or cancelled job again. It does not count against the quota.
///
/// # Errors
/// [`Denied::NotFound`], [`Denied::NotOver`], [`Denied::Duplicate`] or [`Denied::Unavailable`].
pub async fn retry(queue: &Handle<Message>, user: &CurrentUser, id: DownloadId) -> Result<(), Denied> {
    let user = user.clone();
    queue.ask(DEADLINE, |reply| Message::Retry { user, id, reply }).await?
}

/// Takes a job that is over off the list, with its files or without.
///
/// # Errors
/// [`Denied::NotFound`], [`Denied::NotOver`] or [`Denied::Unavailable`].
pub async fn delete(
    queue: &Handle<Message>,
    user: &CurrentUser,
    id: DownloadId,
    files: Files,
) -> Result<(), Denied> {
    let user = user.clone();
    queue.ask(DEADLINE, |reply| Message::Delete { user, id, files, reply }).await?
}

/// Looks at what `url` leads to, without downloading it.
///
/// # Errors
/// [`Denied::RefusedAddress`], [`Denied::Failed`] with the reason, or [`Denied::Unavailable`].
pub async fn probe(queue: &Handle<Message>, url: &str) -> Result<Probe, Denied> {
    let url = url.to_owned();
    queue.ask(PROBE_DEADLINE, |reply| Message::Probe { url, reply }).await?
}

/// Tells the queue that a slot is free. A queue that is down finds out by itself.
pub(crate) fn job_ended(queue: &Handle<Message>, id: DownloadId, outcome: Outcome, after: Duration) {
    let _ = queue.tell(Message::Ended { id, outcome, after });
}

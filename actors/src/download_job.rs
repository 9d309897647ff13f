//! One download that runs here: one yt-dlp at a time, from the lease to the library.
//!
//! ```text
//!   queue, supervisor            store (row, lease, fence)
//!      |  Cancel, stop              ^
//!      v                            |
//!   [download job] --Order--> the work: take over -> yt-dlp -> publish -> over
//!      ^                            |             |
//!      +--------- Finished ---------+             +--> board, event hub (progress)
//! ```
//!
//! The actor only listens; the work is one task that it holds, so that a cancel never waits for
//! a download. Everything that must survive is in the row: a restart takes the lease anew, ends
//! what is left of the old process group, and yt-dlp goes on with the same partial files.

mod items;
mod lease;
mod progress;
mod work;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use domain::download::Phase;
use domain::{DownloadId, UserId};
use futures_util::FutureExt as _;
use serde_json::json;
use store::Lease;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::download_queue;
use crate::downloads::context::{Context, JOBS};
use crate::downloads::launch::IntoGroup as _;
use crate::runtime::{Actor, AskError, Crash, Handle, Myself, Reply};
use crate::supervisor::{Child, Restart};

/// How long an orderly stop may take; the supervisor ends the actor after six seconds. yt-dlp
/// takes a fraction of a second, and at most five.
const STOP_WITHIN: Duration = Duration::from_millis(5500);

pub enum Message {
    /// Stop for good and remove what was not published; sent by the queue for a member. The
    /// answer comes when no process is left.
    Cancel(UserId, Reply<Outcome>),
    /// The work is over; sent by the task that does it.
    Finished(Result<Outcome, String>),
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Cancel(..) => "Cancel",
            Message::Finished(_) => "Finished",
        }
    }
}

/// How the work here ended; the row says what that means for the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Completed,
    Failed,
    Cancelled,
    /// It is tried again later.
    Postponed,
    /// It waits for room on the disk.
    NoSpace,
    /// The lease was given back, so that somebody else goes on.
    HandedBack,
    /// Somebody else has the lease, or the job is over.
    Fenced,
    /// The store is away; the lease runs out and the job is found again.
    StoreAway,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Outcome::Completed => "completed",
            Outcome::Failed => "failed",
            Outcome::Cancelled => "cancelled",
            Outcome::Postponed => "tried again later",
            Outcome::NoSpace => "waits for room on the disk",
            Outcome::HandedBack => "handed back",
            Outcome::Fenced => "lost its lease",
            Outcome::StoreAway => "lost the store",
        }
    }
}

/// What the work is told. Only the first order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Work,
    /// Stop for good; by whom.
    Cancel(UserId),
    /// Stop and let somebody else go on.
    HandBack,
    /// Stop: the lease is lost, or may be. `certain` when the store said so.
    Fenced {
        certain: bool,
    },
}

/// Gives `order` unless another one was given before.
fn give(orders: &watch::Sender<Order>, order: Order) {
    orders.send_if_modified(|current| {
        let first = *current == Order::Work;
        if first {
            *current = order;
        }
        first
    });
}

/// The child of `downloads/jobs` that works on `id`. It is restarted when it crashes and goes
/// away when the work is over.
pub fn child(cx: &Context, id: DownloadId) -> Child {
    let cx = cx.clone();
    Child::actor(id.to_string(), move || DownloadJob { cx: cx.clone(), id }).restart(Restart::Transient)
}

/// The children that `downloads/jobs` has after it was itself restarted, and after the portal
/// was: the jobs that this node worked on. Processes of jobs that are over by now are ended.
pub async fn rehydrate(cx: Context) -> Result<Vec<Child>, Crash> {
    let mut children = Vec::new();
    for job in cx.reader.jobs_of_node(&cx.node).await? {
        match (job.phase, job.process) {
            (Phase::Downloading | Phase::Publishing, _) => children.push(child(&cx, job.id)),
            (_, Some(process)) => {
                cx.launch.end(process.into_group()).await;
                cx.writer.forget_process(&Lease { id: job.id, fence: job.fence }).await?;
            }
            (_, None) => {}
        }
    }
    Ok(children)
}

/// See the module.
pub struct DownloadJob {
    pub cx: Context,
    pub id: DownloadId,
}

pub struct State {
    tasks: JoinSet<()>,
    orders: watch::Sender<Order>,
    cancels: Vec<Reply<Outcome>>,
    began: Instant,
}

impl Actor for DownloadJob {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "download";
    const MAILBOX: usize = 64;

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        let (orders, given) = watch::channel(Order::Work);
        let mut tasks = JoinSet::new();
        let (cx, id, me, fence) = (self.cx.clone(), self.id, me.clone(), orders.clone());
        tasks.spawn(async move {
            let worked = AssertUnwindSafe(work::work(&cx, id, given, fence)).catch_unwind().await;
            let finished = match worked {
                Ok(Ok(outcome)) => Ok(outcome),
                Ok(Err(crash)) => Err(crash.to_string()),
                Err(_) => Err("the work on the download panicked".to_owned()),
            };
            me.tell(Message::Finished(finished));
        });
        Ok(State { tasks, orders, cancels: Vec::new(), began: Instant::now() })
    }

    async fn handle(&self, me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        match message {
            Message::Cancel(by, reply) => {
                state.cancels.push(reply);
                give(&state.orders, Order::Cancel(by));
            }
            Message::Finished(Ok(outcome)) => self.finish(me, state, outcome),
            Message::Finished(Err(crash)) => return Err(crash.into()),
        }
        Ok(())
    }

    async fn stop(&self, _me: &Myself<Message>, state: &mut State) {
        give(&state.orders, Order::HandBack);
        let done = async { while state.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(STOP_WITHIN, done).await;
        self.cx.board.forget(self.id);
    }

    fn inspect(&self, state: &State) -> serde_json::Value {
        let live = self.cx.board.live(self.id);
        json!({
            "order": format!("{:?}", *state.orders.borrow()),
            "step": live.and_then(|live| live.step),
            "percent": live.and_then(|live| live.progress.percent),
            "item": live.map(|live| live.progress.item),
            "items": live.map(|live| live.progress.items),
            "eta_s": live.and_then(|live| live.progress.eta_s),
        })
    }
}

impl DownloadJob {
    fn finish(&self, me: &Myself<Message>, state: &mut State, outcome: Outcome) {
        tracing::info!(download = %self.id, "a download {}", outcome.as_str());
        self.cx.board.forget(self.id);
        for reply in state.cancels.drain(..) {
            reply.send(outcome);
        }
        me.stop(outcome.as_str());
        download_queue::job_ended(&self.cx.queue(), self.id, outcome, state.began.elapsed());
    }
}

/// The handle of the job that works on `id`, running or not.
fn handle(cx: &Context, id: DownloadId) -> Handle<Message> {
    cx.system.handle(&format!("{JOBS}/{id}"))
}

/// Cancels `id` for `by` if it runs here, and says how its work ended.
pub(crate) async fn cancel(
    cx: &Context,
    id: DownloadId,
    by: UserId,
    deadline: Duration,
) -> Result<Outcome, AskError> {
    let job = handle(cx, id);
    if !job.is_running() {
        return Err(AskError::NotRunning);
    }
    job.ask(deadline, |reply| Message::Cancel(by, reply)).await
}

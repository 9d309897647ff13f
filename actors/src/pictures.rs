//! Fetches pictures from outside, each of them once, and keeps them on the disk.
//!
//! ```text
//!    /images/...  --- is it on the disk? ---> [ shelf ] ---> bytes
//!         |  Fetch: it is not                    ^
//!         v                                      | written once
//!     [pictures] -- at most three tasks --> media server, TMDB's image server
//! ```
//!
//! Whoever asks for a picture that is being fetched waits with the others. What could not be
//! had is remembered for a while, so a page full of missing posters asks once. The shelf is
//! swept when it has grown too large; what nobody looked at for longest goes first.
//!
//! A restart loses the line of those who wait; their browsers show a placeholder and ask again.

mod shelf;
mod sources;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::breaker::Rules;
use domain::picture::{Picture, PictureKind};
use futures_util::future::BoxFuture;
use integrations::breaker::Keeper;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::runtime::{Actor, Crash, Handle, Myself, Reply};

pub use shelf::Shelf;
pub use sources::{Gates, Sources};

/// Where it is in the tree.
pub const PATH: &str = "pictures";

/// The largest picture, in bytes.
pub const MAX_BYTES: usize = 20 * 1024 * 1024;

/// How many are fetched at the same time: a small server draws them while somebody watches.
const AT_ONCE: usize = 3;

/// How many may wait to be fetched; more are told to ask again.
const LINE: usize = 256;

/// How long a browser waits at most.
const DEADLINE: Duration = Duration::from_secs(4);

/// How long one fetch may take in all.
const FETCH: Duration = Duration::from_secs(8);

/// How long we remember that a picture is not there, or could not be had.
const GONE_FOR: Duration = Duration::from_secs(600);
const AWAY_FOR: Duration = Duration::from_secs(5);

/// How many such memories there are.
const MEMORIES: usize = 4096;

/// What may be written before the shelf is swept again, in bytes.
const SWEEP_AFTER: u64 = 32 * 1024 * 1024;

/// The bytes of a picture, which are one.
#[derive(Debug, Clone)]
pub struct Kept {
    pub kind: PictureKind,
    pub bytes: Bytes,
}

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPicture {
    #[error("there is no such picture")]
    NotThere,
    /// What came was something else.
    #[error("what came is not a picture")]
    NotAPicture,
    /// The service is away, or none is set up.
    #[error("{0}")]
    Away(String),
    #[error("too many pictures are being fetched")]
    Busy,
}

/// How a picture is fetched.
pub type Fetch = Arc<dyn Fn(Picture) -> BoxFuture<'static, Result<Bytes, NoPicture>> + Send + Sync>;

pub enum Message {
    /// A browser wants a picture that is not on the shelf.
    Fetch(Picture, Reply<Result<Kept, NoPicture>>),
    /// A fetch is over; sent by its task.
    Fetched(Picture, Result<Kept, NoPicture>),
    /// The shelf was swept; sent by the task that did.
    Swept(u64),
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Fetch(..) => "Fetch",
            Message::Fetched(..) => "Fetched",
            Message::Swept(_) => "Swept",
        }
    }
}

/// The actor.
pub struct Pictures {
    pub shelf: Shelf,
    pub fetch: Fetch,
    /// Their breakers live here.
    pub gates: Gates,
}

pub struct State {
    /// Who waits for what is being fetched or stands in the line.
    waiting: HashMap<Picture, Vec<Reply<Result<Kept, NoPicture>>>>,
    line: VecDeque<Picture>,
    /// Until when what could not be had is not asked for again.
    missing: HashMap<Picture, (Instant, NoPicture)>,
    running: usize,
    /// Bytes written since the last sweep.
    written: u64,
    on_shelf: u64,
    fetched: u64,
    failed: u64,
    tasks: JoinSet<()>,
    _keepers: [Keeper; 2],
}

impl Actor for Pictures {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "pictures";

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        let mut state = State {
            waiting: HashMap::new(),
            line: VecDeque::new(),
            missing: HashMap::new(),
            running: 0,
            written: 0,
            on_shelf: 0,
            fetched: 0,
            failed: 0,
            tasks: JoinSet::new(),
            _keepers: [&self.gates.tmdb, &self.gates.plex].map(|gate| gate.install(Rules::default(), |_| {})),
        };
        self.sweep(me, &mut state);
        Ok(state)
    }

    async fn handle(&self, me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        while state.tasks.try_join_next().is_some() {}
        match message {
            Message::Fetch(picture, reply) => state.ask(picture, reply),
            Message::Fetched(picture, result) => {
                state.running -= 1;
                if let Ok(kept) = &result {
                    state.written += kept.bytes.len() as u64;
                }
                state.answer(picture, &result);
                if state.written >= SWEEP_AFTER {
                    self.sweep(me, state);
                }
            }
            Message::Swept(bytes) => state.on_shelf = bytes,
        }
        while state.running < AT_ONCE
            && let Some(picture) = state.next()
        {
            self.fetch(me, picture, state);
        }
        Ok(())
    }

    fn inspect(&self, state: &State) -> serde_json::Value {
        json!({
            "fetching": state.running, "in_line": state.line.len(), "fetched": state.fetched,
            "failed": state.failed, "on_shelf_mb": (state.on_shelf + state.written) / 1_000_000,
        })
    }
}

impl Pictures {
    fn fetch(&self, me: &Myself<Message>, picture: Picture, state: &mut State) {
        state.running += 1;
        let (me, shelf, fetch) = (me.clone(), self.shelf.clone(), self.fetch.clone());
        let kept = (shelf.clone(), picture.clone());
        let fetching = async move {
            // It may have come between a look at the shelf and the question.
            if let Some(kept) = kept.0.get(&kept.1).await {
                return Ok(kept);
            }
            let bytes = tokio::time::timeout(FETCH, fetch(kept.1))
                .await
                .map_err(|_| NoPicture::Away("it took too long".to_owned()))??;
            let kind = PictureKind::of(&bytes).ok_or(NoPicture::NotAPicture)?;
            Ok(Kept { kind, bytes })
        };
        state.tasks.spawn(async move {
            // A panic would leave `running` too high for ever, so it is an answer too.
            let result = crate::runtime::caught(async move { Ok(fetching.await) }).await;
            let result = result.unwrap_or_else(|panic| Err(NoPicture::Away(panic.to_string())));
            if let Ok(kept) = &result
                && let Err(error) = shelf.put(&picture, kept.bytes.clone()).await
            {
                tracing::warn!(%error, "could not keep a picture");
            }
            me.tell(Message::Fetched(picture, result));
        });
    }

    fn sweep(&self, me: &Myself<Message>, state: &mut State) {
        state.written = 0;
        let (me, shelf) = (me.clone(), self.shelf.clone());
        state.tasks.spawn(async move {
            match shelf.sweep().await {
                Ok(bytes) => me.tell(Message::Swept(bytes)),
                Err(error) => tracing::warn!(%error, "could not sweep the pictures"),
            }
        });
    }
}

impl State {
    fn ask(&mut self, picture: Picture, reply: Reply<Result<Kept, NoPicture>>) {
        if let Some((until, why)) = self.missing.get(&picture) {
            if Instant::now() < *until {
                return reply.send(Err(why.clone()));
            }
            self.missing.remove(&picture);
        }
        if let Some(others) = self.waiting.get_mut(&picture) {
            return others.push(reply);
        }
        if self.line.len() >= LINE {
            return reply.send(Err(NoPicture::Busy));
        }
        self.line.push_back(picture.clone());
        self.waiting.insert(picture, vec![reply]);
    }

    /// The next in the line that somebody still waits for.
    fn next(&mut self) -> Option<Picture> {
        while let Some(picture) = self.line.pop_front() {
            let abandoned = |replies: &Vec<Reply<_>>| replies.iter().all(Reply::is_abandoned);
            if !self.waiting.get(&picture).is_none_or(abandoned) {
                return Some(picture);
            }
            self.waiting.remove(&picture);
        }
        None
    }

    fn answer(&mut self, picture: Picture, result: &Result<Kept, NoPicture>) {
        for reply in self.waiting.remove(&picture).unwrap_or_default() {
            reply.send(result.clone());
        }
        let Err(why) = result else {
            self.fetched += 1;
            return;
        };
        self.failed += 1;
        let now = Instant::now();
        if self.missing.len() >= MEMORIES {
            self.missing.retain(|_, (until, _)| *until > now);
        }
        if self.missing.len() < MEMORIES {
            let rest = if matches!(why, NoPicture::Away(_)) { AWAY_FOR } else { GONE_FOR };
            self.missing.insert(picture, (now + rest, why.clone()));
        }
    }
}

/// The picture, from the shelf or from outside.
///
/// # Errors
/// [`NoPicture`] says why a placeholder must do.
pub async fn get(pictures: &Handle<Message>, shelf: &Shelf, picture: Picture) -> Result<Kept, NoPicture> {
    if let Some(kept) = shelf.get(&picture).await {
        return Ok(kept);
    }
    let asked = pictures.ask(DEADLINE, |reply| Message::Fetch(picture, reply)).await;
    asked.unwrap_or_else(|error| Err(NoPicture::Away(error.to_string())))
}

#[cfg(test)]
mod tests;

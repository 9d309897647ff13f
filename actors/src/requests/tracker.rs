//! The actor that does what people ask about requests, and keeps them up with Overseerr.
//!
//! Every piece of work is a task that the actor holds, and ends with it. Looks are few at a time
//! and one for each request: of a hundred webhooks about one, the first leads to a look and the
//! others to one more. Nothing is kept that the next round would not find again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::request::Hint;
use futures_util::future::BoxFuture;
use integrations::overseerr::SeerrRequestId;
use integrations::overseerr::webhook::{NotificationType, Webhook};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Requests, sight};
use crate::runtime::{Actor, Crash, Handle, Myself, Undelivered};

/// How often we look while something is under way; when nothing is, nobody is asked.
const SOON: Duration = Duration::from_secs(30);
/// How often we look at everything, also when nothing is. Less than the five minutes within which
/// everything must be right, so that a round has time to end.
const EVERYTHING: Duration = Duration::from_secs(240);
/// Things that people may have under way at the same time.
const WORKS: usize = 64;
/// Looks at the same time.
const LOOKS: usize = 4;
/// Requests that may wait for a look; the next round finds the others.
const WANTED: usize = 1000;

pub struct Message(Inner);

enum Inner {
    /// Somebody asks or decides; sent by the client functions. The reply travels in the work.
    Work { kind: &'static str, work: BoxFuture<'static, ()> },
    /// A webhook came; sent by the door.
    Heard(Box<Heard>),
    /// Time for a round; sent by our own timer.
    Round,
    /// A round is over, with the number of requests that may still move; sent by its task.
    Rounded { open: Option<usize> },
    /// A look is over; sent by its task.
    Looked(SeerrRequestId),
}

struct Heard {
    webhook: Webhook,
    /// Of its body: the same hint is heard once.
    digest: [u8; 32],
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match &self.0 {
            Inner::Work { kind, .. } => kind,
            Inner::Heard(_) => "Heard",
            Inner::Round => "Round",
            Inner::Rounded { .. } => "Rounded",
            Inner::Looked(_) => "Looked",
        }
    }
}

impl Message {
    pub(super) fn work(kind: &'static str, work: BoxFuture<'static, ()>) -> Self {
        Self(Inner::Work { kind, work })
    }
}

/// Passes on a webhook of Overseerr; `digest` is the SHA-256 of its body.
///
/// # Errors
/// Nobody took it, and the sender should be told so.
pub fn heard(tracker: &Handle<Message>, webhook: Webhook, digest: [u8; 32]) -> Result<(), Undelivered> {
    tracker.tell(Message(Inner::Heard(Box::new(Heard { webhook, digest }))))
}

/// The actor.
#[derive(Debug, Clone)]
pub struct Tracker(pub Requests);

/// What a hint said, and the body that said it.
type Said = (Hint, [u8; 32]);

pub struct State {
    works: JoinSet<()>,
    looks: JoinSet<()>,
    round: JoinSet<()>,
    /// Who waits for a look, and what was last said of them.
    wanted: BTreeMap<SeerrRequestId, Option<Said>>,
    looking: BTreeSet<SeerrRequestId>,
    /// Requests that may still move, as the last round counted.
    open: usize,
    last_whole_round: Option<Instant>,
    webhooks: u64,
}

impl Actor for Tracker {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "tracker";
    const MAILBOX: usize = 256;

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        me.every(SOON, || Message(Inner::Round));
        me.tell(Message(Inner::Round));
        Ok(State {
            works: JoinSet::new(),
            looks: JoinSet::new(),
            round: JoinSet::new(),
            wanted: BTreeMap::new(),
            looking: BTreeSet::new(),
            open: 0,
            last_whole_round: None,
            webhooks: 0,
        })
    }

    async fn handle(&self, me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        for tasks in [&mut state.works, &mut state.looks, &mut state.round] {
            while tasks.try_join_next().is_some() {}
        }
        match message.0 {
            // Dropping the work tells whoever waits for it.
            Inner::Work { work, .. } => {
                // It may be the first request that is under way: the next round looks.
                state.open = state.open.max(1);
                if state.works.len() < WORKS {
                    state.works.spawn(work);
                }
            }
            Inner::Heard(heard) => {
                state.webhooks += 1;
                self.hear(me, state, *heard);
            }
            Inner::Round => self.round(me, state),
            Inner::Rounded { open: Some(open) } => state.open = open,
            // What it did not see is looked at in the next one.
            Inner::Rounded { open: None } => state.last_whole_round = None,
            Inner::Looked(id) => {
                state.looking.remove(&id);
                self.look(me, state);
            }
        }
        Ok(())
    }

    fn inspect(&self, state: &State) -> serde_json::Value {
        json!({
            "open": state.open,
            "waiting_for_a_look": state.wanted.len(),
            "looking": state.looking.len(),
            "works": state.works.len(),
            "webhooks": state.webhooks,
        })
    }
}

impl Tracker {
    fn hear(&self, me: &Myself<Message>, state: &mut State, heard: Heard) {
        if heard.webhook.notification_type == NotificationType::Test {
            self.0.0.tests.send_modify(|tests| *tests += 1);
        }
        let Some(id) = heard.webhook.request_id else { return };
        let said = sight::hint(&heard.webhook.notification_type).map(|hint| (hint, heard.digest));
        if state.wanted.len() < WANTED || state.wanted.contains_key(&id) {
            let wanted = state.wanted.entry(id).or_default();
            // Of several the highest: hints only lead up.
            *wanted = match (*wanted, said) {
                (Some(known), Some(new)) if known.0.is_above(new.0) => Some(known),
                (known, new) => new.or(known),
            };
        }
        self.look(me, state);
    }

    /// Begins as many looks as there is room for.
    fn look(&self, me: &Myself<Message>, state: &mut State) {
        while state.looking.len() < LOOKS {
            let next = state.wanted.keys().find(|id| !state.looking.contains(id)).copied();
            let Some(id) = next else { return };
            let said = state.wanted.remove(&id).flatten();
            state.looking.insert(id);
            let (requests, me) = (self.0.clone(), me.clone());
            state.looks.spawn(async move {
                // Told also when the look panics: the place must not stay taken.
                let done = scopeguard(move || me.tell(Message(Inner::Looked(id))));
                if let Err(error) = requests.look_at(id).await {
                    tracing::info!(request = %id, %error, "could not look at a request in Overseerr");
                    requests.believe(id, said).await;
                }
                drop(done);
            });
        }
    }

    fn round(&self, me: &Myself<Message>, state: &mut State) {
        let now = Instant::now();
        let whole = state.last_whole_round.is_none_or(|last| now.duration_since(last) >= EVERYTHING);
        if !state.round.is_empty() {
            return;
        }
        if whole {
            state.last_whole_round = Some(now);
        }
        let (requests, me) = (self.0.clone(), me.clone());
        state.round.spawn(async move {
            let open = match requests.reconcile(whole).await {
                Ok(open) => Some(open),
                Err(error) => {
                    tracing::info!(%error, "could not compare the requests with Overseerr's");
                    None
                }
            };
            me.tell(Message(Inner::Rounded { open }));
        });
    }
}

/// Runs `end` when it is dropped.
fn scopeguard(end: impl FnOnce()) -> impl Drop {
    struct Guard<F: FnOnce()>(Option<F>);
    impl<F: FnOnce()> Drop for Guard<F> {
        fn drop(&mut self) {
            if let Some(end) = self.0.take() {
                end();
            }
        }
    }
    Guard(Some(end))
}

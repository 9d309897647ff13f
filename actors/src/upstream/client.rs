//! The actor that calls one service.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::Secret;
use domain::event::Event;
use domain::service::Service;
use futures_util::future::BoxFuture;
use integrations::breaker::Gate;
use serde_json::{Value as Json, json};
use store::Reader;
use tokio::task::JoinSet;

use super::shelf::{Answer, Key, Shelf, Value};
use super::{Seen, Unwell};
use crate::event_hub;
use crate::runtime::{Actor, Crash, Handle, Myself, Reply, caught};

/// The kind that the inspector shows.
pub const CARD_KIND: &str = "client";

/// How long a page that has an old answer waits for a newer one.
const GRACE: Duration = Duration::from_millis(150);

/// How long one fetch may take, however many calls it is made of.
const LONGEST_FETCH: Duration = Duration::from_secs(15);

/// Fetches and changes at the same time, for one service.
const AT_ONCE: usize = 64;

/// The wait before a failed fetch is tried again by ourselves, so that a page heals.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// A typed client, seen without its type.
pub(crate) type AnyClient = Arc<dyn Any + Send + Sync>;

pub(crate) type Fetched = Result<Value, Unwell>;

/// Something to ask the service; can be asked again.
pub(crate) trait Fetch: Send + Sync {
    fn run(&self, client: AnyClient) -> BoxFuture<'static, Fetched>;
}

/// What a reader gets.
pub(crate) type Answered = Result<(Value, Seen<()>), Unwell>;

type Change = Box<dyn FnOnce(AnyClient) -> BoxFuture<'static, ()> + Send>;
type Connect = dyn Fn(Option<&Secret>) -> Result<AnyClient, integrations::Error> + Send + Sync;

pub struct Message(pub(crate) Inner);

pub(crate) enum Inner {
    /// Somebody wants to know; sent by a desk.
    Read { key: Key, ttl: Duration, fetch: Arc<dyn Fetch>, reply: Reply<Answered> },
    /// Somebody changes something there; sent by a desk. The reply travels in `change`.
    Act { change: Change },
    /// A fetch is over; sent by its task.
    Fetched { key: Key, result: Fetched },
    /// Those who have an old answer have waited long enough; sent by our own timer.
    Enough { key: Key },
    /// The failed fetch is due again; sent by our own timer.
    TryAgain,
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self.0 {
            Inner::Read { .. } => "Read",
            Inner::Act { .. } => "Act",
            Inner::Fetched { .. } => "Fetched",
            Inner::Enough { .. } => "Enough",
            Inner::TryAgain => "TryAgain",
        }
    }
}

/// See the module above.
pub(crate) struct UpstreamClient {
    pub service: Service,
    pub reader: Reader,
    pub gate: Gate,
    pub shelf: Arc<Shelf>,
    pub connect: Arc<Connect>,
}

pub(crate) struct State {
    client: Result<AnyClient, integrations::Error>,
    work: JoinSet<()>,
    flights: HashMap<Key, Flight>,
    /// The fetch that failed and will be tried again, to see when the service is back.
    failing: Option<Failing>,
    /// Whether a `TryAgain` is on its way.
    is_due: bool,
    hub: Handle<event_hub::Message>,
}

struct Failing {
    key: Key,
    fetch: Arc<dyn Fetch>,
    reason: String,
}

/// A fetch under way, and who waits for it.
struct Flight {
    fetch: Arc<dyn Fetch>,
    /// They have nothing else.
    waiting: Vec<Reply<Answered>>,
    /// They have an old answer, and wait for a moment only.
    hoping: Vec<Reply<Answered>>,
}

impl Actor for UpstreamClient {
    type Message = Message;
    type State = State;

    const KIND: &'static str = CARD_KIND;
    const MAILBOX: usize = 4096;

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        let key = self.reader.service_secret(&self.service.name).await?;
        let client = (self.connect)(key.as_ref());
        if let Err(error) = &client {
            tracing::warn!(service = %self.service.name, %error, "{} cannot be called", self.service.name);
        }
        Ok(State {
            client,
            work: JoinSet::new(),
            flights: HashMap::new(),
            failing: None,
            is_due: false,
            hub: me.system().handle(event_hub::PATH),
        })
    }

    async fn handle(&self, me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        while state.work.try_join_next().is_some() {}
        match message.0 {
            Inner::Read { key, ttl, fetch, reply } => self.read(me, state, key, ttl, fetch, reply),
            Inner::Act { change } => self.act(state, change),
            Inner::Fetched { key, result } => self.settle(me, state, key, result),
            Inner::Enough { key } => self.stop_hoping(state, &key),
            Inner::TryAgain => {
                state.is_due = false;
                if let Some(failing) = &state.failing {
                    let (key, fetch) = (failing.key.clone(), failing.fetch.clone());
                    self.fetch(me, state, key, fetch);
                }
            }
        }
        Ok(())
    }

    fn inspect(&self, state: &State) -> Json {
        json!({
            "service": self.service.name,
            "kind": self.service.kind,
            "answers_kept": self.shelf.len(),
            "fetching": state.flights.len(),
            "failing": state.failing.as_ref().map(|failing| &failing.reason),
        })
    }
}

impl UpstreamClient {
    fn read(
        &self,
        me: &Myself<Message>,
        state: &mut State,
        key: Key,
        ttl: Duration,
        fetch: Arc<dyn Fetch>,
        reply: Reply<Answered>,
    ) {
        let known = self.shelf.get(&key);
        if let Some(answer) = known.as_ref().filter(|answer| answer.is_fresh(ttl)) {
            return reply.send(answered(answer, None));
        }
        // Every fetch that failed lately will fail again within the page's patience.
        if let (Some(answer), Some(reason)) = (&known, self.trouble(state, &key)) {
            reply.send(answered(answer, Some(reason)));
            self.fetch(me, state, key, fetch);
            return;
        }
        self.fetch(me, state, key.clone(), fetch);
        let Some(flight) = state.flights.get_mut(&key) else {
            return reply.send(match known {
                Some(answer) => answered(&answer, Some(self.away().to_string())),
                None => Err(self.away()),
            });
        };
        match known {
            Some(answer) if !answer.is_outdated => {
                if flight.hoping.is_empty() {
                    me.after(GRACE, Message(Inner::Enough { key }));
                }
                flight.hoping.push(reply);
            }
            _ => flight.waiting.push(reply),
        }
    }

    /// Why a fetch is likely to fail, if it is.
    fn trouble(&self, state: &State, key: &Key) -> Option<String> {
        if let Some(failing) = state.failing.as_ref().filter(|failing| failing.key == *key) {
            return Some(failing.reason.clone());
        }
        let is_closed = self.gate.view().is_none_or(|view| view.state == domain::breaker::State::Closed);
        if is_closed { None } else { Some(format!("{} is not answering", self.service.name)) }
    }

    fn fetch(&self, me: &Myself<Message>, state: &mut State, key: Key, fetch: Arc<dyn Fetch>) {
        if state.flights.contains_key(&key) || state.work.len() >= AT_ONCE {
            return;
        }
        let client = state.client.clone();
        let (me, again) = (me.clone(), fetch.clone());
        state.flights.insert(key.clone(), Flight { fetch, waiting: Vec::new(), hoping: Vec::new() });
        let service: Arc<str> = self.service.name.as_str().into();
        state.work.spawn(async move {
            let work = async {
                match client {
                    Ok(client) => again.run(client).await,
                    Err(error) => Err(error.into()),
                }
            };
            let in_time = tokio::time::timeout(LONGEST_FETCH, caught(async { Ok(work.await) })).await;
            let result = match in_time {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(Unwell::Away { service }),
                Err(_) => Err(Unwell::Slow { service, after: LONGEST_FETCH }),
            };
            me.tell(Message(Inner::Fetched { key, result }));
        });
    }

    fn settle(&self, me: &Myself<Message>, state: &mut State, key: Key, result: Fetched) {
        let Some(flight) = state.flights.remove(&key) else { return };
        let replies = flight.waiting.into_iter().chain(flight.hoping);
        match result {
            Ok(value) => {
                let answer = self.shelf.put(key, value);
                replies.for_each(|reply| reply.send(answered(&answer, None)));
                if state.failing.take().is_some() {
                    let back = Event::UpstreamBack { service: self.service.name.to_string() };
                    let _ = event_hub::publish(&state.hub, back, None);
                }
            }
            Err(error) => {
                let reason = error.to_string();
                let known = self.shelf.get(&key);
                replies.for_each(|reply| {
                    reply.send(match &known {
                        Some(answer) => answered(answer, Some(reason.clone())),
                        None => Err(error.clone()),
                    });
                });
                // A refusal is an answer to what was asked; asking again changes nothing.
                if error.is_outage() {
                    self.remember(me, state, Failing { key, fetch: flight.fetch, reason }, &error);
                }
            }
        }
    }

    /// One failed fetch is tried again for all of them: when it works, the others will.
    fn remember(&self, me: &Myself<Message>, state: &mut State, failing: Failing, error: &Unwell) {
        let is_ours = state.failing.as_ref().is_none_or(|known| known.key == failing.key);
        if !is_ours {
            return;
        }
        state.failing = Some(failing);
        // Pages that ask meanwhile fail too; they must not put it off.
        if state.is_due {
            return;
        }
        let wait = error.retry_in().unwrap_or_default().max(TRY_AGAIN);
        me.after(wait.mul_f64(1.0 + 0.2 * rand::random::<f64>()), Message(Inner::TryAgain));
        state.is_due = true;
    }

    fn stop_hoping(&self, state: &mut State, key: &Key) {
        let Some(flight) = state.flights.get_mut(key) else { return };
        let hoping = std::mem::take(&mut flight.hoping);
        let Some(answer) = self.shelf.get(key) else {
            flight.waiting.extend(hoping);
            return;
        };
        let reason = format!("{} has not answered yet", self.service.name);
        hoping.into_iter().for_each(|reply| reply.send(answered(&answer, Some(reason.clone()))));
    }

    fn act(&self, state: &mut State, change: Change) {
        // Dropping the change tells whoever waits for it.
        if state.work.len() < AT_ONCE
            && let Ok(client) = &state.client
        {
            state.work.spawn(change(client.clone()));
        }
    }

    fn away(&self) -> Unwell {
        Unwell::Away { service: self.service.name.as_str().into() }
    }
}

fn answered(answer: &Answer, stale: Option<String>) -> Answered {
    Ok((answer.value.clone(), Seen { value: Arc::new(()), at: answer.at, stale }))
}

//! Does one effect, once, and ends.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use store::{EffectLease, Error};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::{Effects, Handler, Trouble, next_attempt, nudge};
use crate::runtime::{Actor, Crash, Myself, NothingToDo, caught};

const LEASE: Duration = Duration::from_secs(10);
const RENEW_EVERY: Duration = Duration::from_secs(3);

/// Without a renewal for so long, somebody else may have begun: we stop.
const FENCE: Duration = Duration::from_secs(7);

pub(super) enum Message {
    /// Time to renew the lease; our own timer.
    Renew,
    /// The attempt is over; sent by its task.
    Over(Result<(), Trouble>),
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Renew => "Renew",
            Message::Over(_) => "Over",
        }
    }
}

pub(super) struct Runner {
    pub id: String,
    pub handler: Arc<dyn Handler>,
    pub effects: Effects,
}

pub(super) struct State {
    lease: EffectLease,
    held_since: Instant,
    _work: JoinSet<()>,
}

impl Actor for Runner {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "effect";

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        let held_since = Instant::now();
        let lease = self.effects.writer.lease_effect(&self.id, &self.effects.node, LEASE).await?;
        // Somebody else was faster, or it is done.
        let lease = lease.ok_or(NothingToDo)?;
        me.every(RENEW_EVERY, || Message::Renew);
        let (handler, effect, me) = (self.handler.clone(), lease.effect.clone(), me.clone());
        let mut work = JoinSet::new();
        work.spawn(async move {
            let longest = handler.longest();
            let attempt = caught(async { Ok(handler.run(effect).await) });
            let result = match timeout(longest, attempt).await {
                Ok(Ok(result)) => result,
                Ok(Err(crash)) => Err(Trouble::later(crash.to_string())),
                Err(_) => Err(Trouble::later(format!("not done within {} s", longest.as_secs()))),
            };
            me.tell(Message::Over(result));
        });
        Ok(State { lease, held_since, _work: work })
    }

    async fn handle(&self, me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        match message {
            Message::Renew => self.renew(me, state).await,
            Message::Over(result) => {
                match self.close(state, result).await {
                    Ok(words) => me.stop(words),
                    Err(Error::Fenced) => me.stop("another instance has it"),
                    // The row keeps its lease for a few seconds and is done again then.
                    Err(error) => return Err(error.into()),
                }
                nudge(&self.effects.system);
                Ok(())
            }
        }
    }

    fn inspect(&self, state: &State) -> Value {
        let effect = &state.lease.effect;
        json!({ "kind": effect.kind, "key": effect.key, "attempt": effect.attempts })
    }
}

impl Runner {
    async fn renew(&self, me: &Myself<Message>, state: &mut State) -> Result<(), Crash> {
        let asked = Instant::now();
        match timeout(RENEW_EVERY, self.effects.writer.renew_effect(&state.lease, LEASE)).await {
            Ok(Ok(())) => state.held_since = asked,
            Ok(Err(Error::Fenced)) => me.stop("another instance has it"),
            _ if state.held_since.elapsed() > FENCE => me.stop("the store does not answer"),
            _ => tracing::warn!(effect = self.id, "could not renew the lease of a thing to do outside"),
        }
        Ok(())
    }

    /// Writes down how it went; gives that in words.
    async fn close(&self, state: &State, result: Result<(), Trouble>) -> Result<String, Error> {
        let (writer, lease) = (&self.effects.writer, &state.lease);
        let effect = &lease.effect;
        let trouble = match result {
            Ok(()) => {
                writer.finish_effect(lease).await?;
                return Ok("done".to_owned());
            }
            Err(trouble) => trouble,
        };
        let is_hopeless = match &trouble {
            Trouble::Later { .. } => effect.attempts >= self.handler.attempts(),
            Trouble::Never(_) => true,
        };
        let reason = trouble.to_string();
        let mut wait = match trouble {
            Trouble::Later { after, .. } => after,
            Trouble::Never(_) => None,
        };
        tracing::info!(kind = effect.kind, key = effect.key, attempt = effect.attempts, reason, "not done");
        if is_hopeless {
            match self.handler.gave_up(effect.clone(), reason.clone()).await {
                Ok(()) => {
                    writer.fail_effect(lease, &reason).await?;
                    return Ok(format!("given up: {reason}"));
                }
                // Whoever waits for it must hear of it: once more, later.
                Err(_) => wait = None,
            }
        }
        let at = next_attempt(effect.attempts, wait, rand::random());
        writer.retry_effect(lease, at, &reason).await?;
        Ok(format!("again later: {reason}"))
    }
}

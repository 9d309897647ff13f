//! Finds what is due and starts an actor for it.

use std::time::Duration;

use serde_json::{Value, json};

use super::runner::Runner;
use super::{Effects, PATH};
use crate::runtime::{Actor, Crash, Myself};
use crate::supervisor::{Child, DynamicError, Restart};

/// The child's name; no effect can have it.
pub(super) const DISPATCHER: &str = "_dispatcher";

/// Effects under way at the same time.
const AT_ONCE: usize = 8;

const LOOK_EVERY: Duration = Duration::from_secs(2);

pub enum Message {
    /// Something may be due; our own timer, a nudge, or a runner that is done.
    Look,
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Look => "Look",
        }
    }
}

pub(super) struct Dispatcher {
    pub effects: Effects,
}

#[derive(Default)]
pub(super) struct State {
    started: u64,
    waiting: usize,
}

impl Actor for Dispatcher {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "dispatcher";
    const MAILBOX: usize = 16;

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        // What this node had begun in an earlier life is begun again.
        self.effects.writer.void_effect_leases_of(&self.effects.node).await?;
        me.every(LOOK_EVERY, || Message::Look);
        me.tell(Message::Look);
        Ok(State::default())
    }

    async fn handle(&self, _: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        match message {
            Message::Look => self.look(state).await,
        }
        Ok(())
    }

    fn inspect(&self, state: &State) -> Value {
        let kinds: Vec<_> = self.effects.handlers.keys().collect();
        json!({ "kinds": kinds, "started": state.started, "waiting": state.waiting })
    }
}

impl Dispatcher {
    async fn look(&self, state: &mut State) {
        let supervisor = self.effects.system.dynamic(PATH);
        let mut running = supervisor.names();
        running.retain(|name| name != DISPATCHER);
        let due = match self.effects.reader.due_effects(64).await {
            Ok(due) => due,
            // A store that is away is nothing that a restart of ours would mend.
            Err(error) => return tracing::warn!(%error, "could not look for things to do outside"),
        };
        state.waiting = due.len();
        for effect in due {
            if running.len() >= AT_ONCE {
                break;
            }
            // Of another version of the portal; it stays for that one.
            let Some(handler) = self.effects.handlers.get(effect.kind.as_str()) else { continue };
            if running.contains(&effect.id) {
                continue;
            }
            let (id, handler, effects) = (effect.id.clone(), handler.clone(), self.effects.clone());
            let child = Child::actor(id.clone(), move || Runner {
                id: id.clone(),
                handler: handler.clone(),
                effects: effects.clone(),
            });
            match supervisor.start(child.restart(Restart::Temporary)).await {
                Ok(()) => {
                    state.started += 1;
                    state.waiting -= 1;
                    running.push(effect.id);
                }
                Err(DynamicError::AlreadyRunning) => {}
                Err(error) => {
                    tracing::warn!(%error, kind = effect.kind, "could not start a thing to do outside");
                }
            }
        }
    }
}

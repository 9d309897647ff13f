//! The one ractor actor of this program: it runs any [`Actor`] and keeps the books.

use std::{sync::Arc, time::Duration};

use ractor::{ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent as Link};
use tokio::time::Instant;

use super::{
    Actor, ChildEnded, Crash, Envelope, Exit, Message, Myself, Occurrence, Slot, System,
    caught::{caught, caught_now},
    correlated,
    slot::Life,
};

/// How often the card is taken while messages keep coming.
const CARD_EVERY: Duration = Duration::from_millis(250);

/// Starts `actor` in `slot`, linked to `supervisor` if there is one.
pub(crate) async fn launch<A: Actor>(
    actor: A,
    system: System,
    slot: Arc<Slot>,
    supervisor: Option<ActorCell>,
) -> Result<ActorCell, Crash> {
    slot.claim_for::<A::Message>();
    let shell = Shell { actor, system, slot };
    let spawned = match supervisor {
        Some(supervisor) => ractor::Actor::spawn_linked(None, shell, (), supervisor).await,
        None => ractor::Actor::spawn(None, shell, ()).await,
    };
    match spawned {
        Ok((actor, _)) => Ok(actor.get_cell()),
        Err(ractor::SpawnErr::StartupFailed(crash)) => Err(crash),
        Err(other) => Err(other.into()),
    }
}

struct Shell<A> {
    actor: A,
    system: System,
    slot: Arc<Slot>,
}

/// An actor's state with what the shell needs to know of this life.
struct Living<A: Actor> {
    me: Myself<A::Message>,
    state: Option<A::State>,
    card_taken_at: Option<Instant>,
}

/// However a life ends, its timers end with it and handles stop finding it.
fn end_of_life<M: Message>(me: &Myself<M>) {
    me.close_timers();
    me.slot().end_life(me.life().generation);
}

/// Watches over a start, which may fail, panic or be cancelled.
struct UnlessStarted<'a, M: Message>(Option<&'a Myself<M>>);

impl<M: Message> Drop for UnlessStarted<'_, M> {
    fn drop(&mut self) {
        if let Some(me) = self.0 {
            end_of_life(me);
        }
    }
}

impl<A: Actor> Drop for Living<A> {
    fn drop(&mut self) {
        let _ = self.bury();
        end_of_life(&self.me);
    }
}

impl<A: Actor> Living<A> {
    /// Drops the state here and now, so that what it holds is free before anybody is
    /// told of the end, and a panic in a destructor is caught.
    fn bury(&mut self) -> Result<(), Crash> {
        let state = self.state.take();
        Ok(caught_now(move || drop(state))?)
    }

    fn crash(&mut self, crash: Crash) -> ActorProcessingErr {
        let _ = self.bury();
        self.me.slot().set_last_error(&crash.to_string());
        end_of_life(&self.me);
        crash
    }
}

impl<A: Actor> Shell<A> {
    /// Takes the card when the mailbox is empty, and now and then when it never is.
    fn refresh_card(&self, living: &mut Living<A>, now: Instant) -> Result<(), Crash> {
        let is_fresh = living.card_taken_at.is_some_and(|taken_at| now - taken_at < CARD_EVERY);
        if is_fresh && living.me.life().depth() > 0 {
            return Ok(());
        }
        living.card_taken_at = Some(now);
        if let Some(state) = &living.state {
            self.slot.set_card(caught_now(|| self.actor.inspect(state))?);
        }
        Ok(())
    }
}

impl<A: Actor> ractor::Actor for Shell<A> {
    type Msg = Envelope<A::Message>;
    type State = Living<A>;
    type Arguments = ();

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        (): Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let generation = self.slot.begin_life(myself.get_cell());
        let life = Arc::new(Life::new(myself.get_cell(), generation, A::MAILBOX));
        let me = Myself::new(self.system.clone(), Arc::clone(&self.slot), Arc::clone(&life));
        let mut unless_started = UnlessStarted(Some(&me));
        let state = caught(async { self.actor.start(&me).await }).await?;
        unless_started.0 = None;
        drop(unless_started);

        let mut living = Living { me, state: Some(state), card_taken_at: None };
        self.refresh_card(&mut living, Instant::now())?;
        self.slot.bind(life);
        Ok(living)
    }

    async fn handle(
        &self,
        _: ActorRef<Self::Msg>,
        envelope: Self::Msg,
        living: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        living.me.life().taken_out();
        let Some(state) = living.state.as_mut() else { return Ok(()) };
        let Envelope { message, kind, enqueued_at, correlation } = envelope;
        let began = Instant::now();
        self.slot.begin_handling(kind, began);

        let handling = async { self.actor.handle(&living.me, message, state).await };
        let mut outcome = caught(correlated(correlation, handling)).await;

        let ended = Instant::now();
        let was_stuck = self.slot.end_handling(kind, began - enqueued_at, ended - began, outcome.is_err());
        if was_stuck {
            self.system.note(&self.slot, Occurrence::Recovered, Some(format!("left {kind}")));
        }
        if outcome.is_ok() {
            outcome = self.refresh_card(living, ended);
        }
        outcome.map_err(|crash| living.crash(crash))
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<Self::Msg>,
        event: Link,
        living: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        let Some(ended) = child_ended(event) else { return Ok(()) };
        let Some(state) = living.state.as_mut() else { return Ok(()) };
        let outcome = caught(async { self.actor.child_ended(&living.me, ended, state).await }).await;
        outcome.map_err(|crash| living.crash(crash))
    }

    async fn post_stop(
        &self,
        _: ActorRef<Self::Msg>,
        living: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        let Some(state) = living.state.as_mut() else { return Ok(()) };
        let stopping = async {
            self.actor.stop(&living.me, state).await;
            Ok(())
        };
        let stopped = caught(stopping).await;
        let buried = living.bury();
        end_of_life(&living.me);
        stopped.and(buried).map_err(|crash| living.crash(crash))
    }
}

/// What ractor says of a linked actor, if it is about its end.
fn child_ended(event: Link) -> Option<ChildEnded> {
    match event {
        Link::ActorTerminated(cell, state, reason) => {
            // The state of an actor that was killed arrives here; its destructors are not ours.
            let _ = caught_now(move || drop(state));
            let exit = match reason.as_deref() {
                Some("killed" | "actor_task_cancelled") => Exit::Killed,
                Some(reason) => Exit::Orderly(reason.to_owned()),
                None => Exit::Orderly("stopped".to_owned()),
            };
            Some(ChildEnded { id: cell.get_id(), exit })
        }
        Link::ActorFailed(cell, crash) => {
            Some(ChildEnded { id: cell.get_id(), exit: Exit::Crashed(crash.to_string()) })
        }
        Link::ActorStarted(_) | Link::ProcessGroupChanged(_) => None,
    }
}

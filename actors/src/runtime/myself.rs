//! What an actor knows of itself: how to reach itself, now or later, and how to stop.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    task::{AbortHandle, JoinSet},
    time::{Instant, MissedTickBehavior, interval_at, sleep},
};

use super::{Handle, Message, Slot, System, slot::Life};

/// An actor's own view of itself, for this one life. Cheap to clone: tasks that the
/// actor holds report back through it.
pub struct Myself<M> {
    mailbox: Mailbox,
    system: System,
    timers: Timers,
    message: std::marker::PhantomData<fn(M)>,
}

impl<M> Clone for Myself<M> {
    fn clone(&self) -> Self {
        Self {
            mailbox: self.mailbox.clone(),
            system: self.system.clone(),
            timers: self.timers.clone(),
            message: std::marker::PhantomData,
        }
    }
}

/// Where this life's messages go, without a way to its timers: what a timer may hold.
#[derive(Clone)]
struct Mailbox {
    slot: Arc<Slot>,
    life: Arc<Life>,
}

impl<M: Message> Myself<M> {
    pub(crate) fn new(system: System, slot: Arc<Slot>, life: Arc<Life>) -> Self {
        Self {
            mailbox: Mailbox { slot, life },
            system,
            timers: Timers::default(),
            message: std::marker::PhantomData,
        }
    }

    pub fn path(&self) -> &str {
        self.mailbox.slot.path()
    }

    pub fn system(&self) -> &System {
        &self.system
    }

    /// The stable handle, as others hold it.
    pub fn handle(&self) -> Handle<M> {
        Handle::new(Arc::clone(&self.mailbox.slot))
    }

    /// Sends to this life, past the bound of the mailbox; silently nothing once it has
    /// ended. Works before [`super::Actor::start`] has returned.
    pub fn tell(&self, message: M) {
        let _ = self.mailbox.life.send(message, false);
    }

    /// Sends `message` to itself after `delay`, unless this life ends before.
    pub fn after(&self, delay: Duration, message: M) -> Timer {
        let mailbox = self.mailbox.clone();
        self.timers.hold(async move {
            sleep(delay).await;
            let _ = mailbox.life.send(message, false);
        })
    }

    /// Sends a message to itself every `period`, the first time after one `period`. A
    /// tick that finds the mailbox full is skipped.
    pub fn every(&self, period: Duration, message: impl Fn() -> M + Send + 'static) -> Timer {
        let mailbox = self.mailbox.clone();
        self.timers.hold(async move {
            let mut ticks = interval_at(Instant::now() + period, period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let _ = mailbox.life.send(message(), true);
            }
        })
    }

    /// Ends this life in an orderly way after the current message; what still waits in
    /// the mailbox is dropped.
    pub fn stop(&self, reason: impl Into<String>) {
        self.mailbox.life.cell.stop(Some(reason.into()));
    }

    pub(crate) fn life(&self) -> &Arc<Life> {
        &self.mailbox.life
    }

    pub(crate) fn slot(&self) -> &Arc<Slot> {
        &self.mailbox.slot
    }

    pub(crate) fn close_timers(&self) {
        self.timers.close();
    }
}

/// A message that will come, or keeps coming.
#[derive(Debug)]
pub struct Timer(Option<AbortHandle>);

impl Timer {
    /// Takes it back; a message that is already in the mailbox still arrives.
    pub fn cancel(self) {
        if let Some(task) = self.0 {
            task.abort();
        }
    }
}

/// The timers of one life; takes no room until the first.
#[derive(Clone, Default)]
struct Timers(Arc<Mutex<Held>>);

#[derive(Default)]
enum Held {
    #[default]
    Nothing,
    Tasks(JoinSet<()>),
    /// The life is over: nothing is held any more.
    Closed,
}

impl Timers {
    fn hold(&self, task: impl Future<Output = ()> + Send + 'static) -> Timer {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*held, Held::Nothing) {
            *held = Held::Tasks(JoinSet::new());
        }
        let Held::Tasks(tasks) = &mut *held else { return Timer(None) };
        while tasks.try_join_next().is_some() {}
        Timer(Some(tasks.spawn(task)))
    }

    fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Held::Closed;
    }
}

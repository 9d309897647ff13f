//! The way down: in reverse order, each child with its time, then by force.

use std::{sync::Arc, time::Duration};

use ractor::ActorCell;

use crate::runtime::{Myself, Occurrence, Phase, Slot};

use super::{Message, State, Work};
use crate::supervisor::{
    Restart, Shutdown,
    children::{Key, Status, Then},
};

/// How long a killed actor may take to be gone. Only one that blocks its thread needs it.
const KILL_PATIENCE: Duration = Duration::from_secs(1);

impl State {
    /// Everything below ends, then this supervisor, for this reason.
    pub(super) fn end(&mut self, me: &Myself<Message>, reason: String) {
        if self.ending.is_some() {
            return;
        }
        self.ending = Some(reason);
        for key in self.children.keys() {
            self.doom(me, key, Then::Gone);
        }
        self.advance(me);
    }

    pub(super) fn end_when_empty(&mut self, me: &Myself<Message>) {
        if let (0, Some(reason)) = (self.children.len(), &self.ending) {
            me.stop(reason.clone());
        }
    }

    /// `key` has to stop, as soon as its turn comes.
    pub(super) fn doom(&mut self, me: &Myself<Message>, key: Key, then: Then) {
        let is_dynamic = self.is_dynamic();
        let Some(entry) = self.children.get(key) else { return };
        entry.doomed = Some(then);
        if is_dynamic {
            self.stop(me, key);
        }
    }

    /// Stops what has to stop: the last first, and one at a time where order matters.
    pub(super) fn tear_down(&mut self, me: &Myself<Message>) {
        if self.is_dynamic() {
            return;
        }
        let in_order = self.spec.strategy.is_group() || self.ending.is_some();
        let is_stopping = |state: &Self| {
            state.children.iter().any(|(_, entry)| matches!(entry.status, Status::Stopping(_)))
        };
        for key in self.children.keys().into_iter().rev() {
            if in_order && is_stopping(self) {
                return;
            }
            if self.children.get(key).is_some_and(|entry| entry.doomed.is_some()) {
                self.stop(me, key);
            }
        }
    }

    fn stop(&mut self, me: &Myself<Message>, key: Key) {
        let Some(entry) = self.children.get(key) else { return };
        match &entry.status {
            Status::Stopping(_) => {}
            Status::Up(cell) => {
                let cell = cell.clone();
                self.stop_running(me, key, cell);
            }
            Status::Starting(start) => {
                start.task.abort();
                match self.leave_start(key).and_then(|start| start.cell) {
                    Some(cell) => self.stop_running(me, key, cell),
                    None => self.is_down(me, key),
                }
            }
            Status::Pending | Status::Backoff(_) | Status::Down | Status::Failed => self.is_down(me, key),
        }
    }

    fn stop_running(&mut self, me: &Myself<Message>, key: Key, cell: ActorCell) {
        let Some(entry) = self.children.get(key) else { return };
        let attempt = entry.next_attempt();
        entry.status = Status::Stopping(cell.get_id());
        entry.up_since = None;
        entry.slot.set_phase(Phase::Draining);
        let is_supervisor = matches!(entry.spec.work, Work::Supervisor(_));
        let (shutdown, slot, me) = (entry.spec.shutdown, Arc::clone(&entry.slot), me.clone());
        self.tasks.spawn(async move {
            let was_killed = stop_within(&cell, &slot, shutdown, is_supervisor).await;
            me.tell(Message::Stopped { child: key, attempt, was_killed });
        });
    }

    pub(super) fn stopped(&mut self, me: &Myself<Message>, key: Key, attempt: u64, was_killed: bool) {
        let Some(entry) = self.children.at(key, attempt) else { return };
        let Status::Stopping(actor) = entry.status else { return };
        let was_late = was_killed && entry.spec.shutdown != Shutdown::Kill;
        if was_late {
            entry.slot.set_last_error("did not stop in time and was killed");
            tracing::warn!(actor = %entry.slot.path(), "{} did not stop in time and was killed", entry.slot.path());
        }
        let what = if was_killed { Occurrence::Killed } else { Occurrence::Stopped };
        me.system().note(&entry.slot, what, None);
        entry.status = Status::Down;
        self.children.was(actor);
        self.is_down(me, key);
        self.advance(me);
    }

    /// `key` is not running: what was to follow, follows.
    pub(super) fn is_down(&mut self, me: &Myself<Message>, key: Key) {
        let Some(entry) = self.children.get(key) else { return };
        match entry.doomed.take() {
            Some(Then::Pending) => {
                entry.slot.set_phase(Phase::Restarting);
                self.make_due(me, key);
            }
            Some(Then::Gone) => self.children.remove(key, "stopped"),
            Some(Then::Down) | None => {
                entry.next_attempt();
                entry.status = Status::Down;
                entry.slot.set_phase(Phase::Stopped);
                entry.tell_down("stopped");
            }
        }
    }

    /// `key` has ended and is not started again by itself.
    pub(super) fn is_down_for_good(&mut self, key: Key, reason: &str) {
        let is_dynamic = self.is_dynamic();
        let Some(entry) = self.children.get(key) else { return };
        if is_dynamic || entry.spec.restart == Restart::Temporary {
            self.children.remove(key, reason);
            return;
        }
        entry.next_attempt();
        entry.status = Status::Down;
        entry.slot.set_phase(Phase::Stopped);
        entry.tell_down(reason);
    }
}

/// Asks, waits and, when its time is up, kills. Answers whether it had to.
async fn stop_within(cell: &ActorCell, slot: &Slot, shutdown: Shutdown, is_supervisor: bool) -> bool {
    let ask = || {
        if is_supervisor {
            // Stopping a supervisor from outside would kill what is below it.
            if let Some(life) = slot.life().as_ref() {
                let _ = life.send(Message::ShutDown("shutdown".to_owned()), false);
            }
        } else {
            let _ = cell.drain();
        }
    };
    match shutdown {
        Shutdown::Infinity => {
            ask();
            let _ = cell.wait(None).await;
            return false;
        }
        Shutdown::After(patience) => {
            ask();
            if cell.wait(Some(patience)).await.is_ok() {
                return false;
            }
        }
        Shutdown::Kill => {}
    }

    cell.kill();
    if cell.wait(Some(KILL_PATIENCE)).await.is_err() {
        tracing::error!(actor = %slot.path(), "{} blocks its thread and is left behind", slot.path());
    }
    true
}

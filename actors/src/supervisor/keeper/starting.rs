//! The way up: what should run, one start at a time where order matters, and its report.

use std::{sync::Arc, time::Duration};

use crate::runtime::{Crash, Factory, Myself, NothingToDo, Occurrence, Phase, caught};

use super::{Launched, Message, RunningCell, State, Supervisor, Work};
use crate::supervisor::{
    Child, Restart,
    children::{Entry, Key, Start, Status},
    resolve,
};

/// How long a start waits for an earlier life at the same path to be over.
const VACATE: Duration = Duration::from_secs(5);

impl State {
    /// Takes in what is declared, or asks what should run.
    pub(super) fn begin(&mut self, me: &Myself<Message>) {
        let Some(dynamic) = &self.spec.dynamic else {
            self.is_hydrated = true;
            for child in self.spec.children.clone() {
                self.adopt(me, child);
            }
            self.advance(me);
            return;
        };

        let rehydrate = Arc::clone(&dynamic.rehydrate);
        let deadline = dynamic.node.start_timeout.unwrap_or(Duration::MAX);
        let me = me.clone();
        self.tasks.spawn(async move {
            let asked = tokio::time::timeout(deadline, caught(async { rehydrate().await })).await;
            let late =
                |_| Err(format!("there was no answer within {}", humantime::format_duration(deadline)));
            let children = asked.map(|asked| asked.map_err(|crash| crash.to_string())).unwrap_or_else(late);
            me.tell(Message::Rehydrated(children));
        });
    }

    /// It is known what should run. Not knowing is a failed start of this supervisor.
    pub(super) fn rehydrated(
        &mut self,
        me: &Myself<Message>,
        children: Result<Vec<Child>, String>,
    ) -> Result<(), Crash> {
        let children = children.map_err(|error| format!("could not find out what should run: {error}"))?;
        if self.ending.is_some() {
            return Ok(());
        }

        self.is_hydrated = true;
        for child in children {
            if self.children.named(&child.name).is_none() {
                let key = self.adopt_dynamic(me, child)?;
                self.launch(me, key);
            }
        }
        self.advance(me);
        Ok(())
    }

    /// # Errors
    ///
    /// In words, when the child does not fit its template.
    pub(super) fn adopt_dynamic(&mut self, me: &Myself<Message>, child: Child) -> Result<Key, String> {
        let dynamic = self.spec.dynamic.as_ref().ok_or("this supervisor is not dynamic")?;
        let spec = resolve::child(child, dynamic)?;
        Ok(self.adopt(me, Arc::new(spec)))
    }

    /// Starts what is due. A dynamic supervisor has no order and starts each at once.
    pub(super) fn start_due(&mut self, me: &Myself<Message>) {
        if self.is_dynamic() {
            return;
        }
        let is_group = self.spec.strategy.is_group();
        let is_held_up = |entry: &Entry| {
            entry.doomed.is_some() || matches!(entry.status, Status::Stopping(_) | Status::Backoff(_))
        };
        if is_group && self.children.iter().any(|(_, entry)| is_held_up(entry)) {
            return;
        }

        let in_order = is_group || self.is_booting;
        for key in self.children.keys() {
            let Some(entry) = self.children.get(key) else { continue };
            match entry.status {
                Status::Pending => {
                    self.launch(me, key);
                    if in_order {
                        return;
                    }
                }
                Status::Starting(_) | Status::Backoff(_) | Status::Stopping(_) if in_order => return,
                _ => {}
            }
        }
    }

    /// Whether every child has had its first start.
    pub(super) fn has_settled(&self) -> bool {
        if self.is_dynamic() {
            return self.is_hydrated && self.starting == 0;
        }
        let is_settled =
            |entry: &Entry| matches!(entry.status, Status::Up(_) | Status::Down | Status::Failed);
        self.children.iter().all(|(_, entry)| is_settled(entry))
    }

    /// Its turn has come, or comes when `start_due` looks next.
    pub(super) fn make_due(&mut self, me: &Myself<Message>, key: Key) {
        let is_dynamic = self.is_dynamic();
        if let Some(entry) = self.children.get(key) {
            entry.next_attempt();
            entry.status = Status::Pending;
            if is_dynamic {
                self.launch(me, key);
            }
        }
    }

    pub(super) fn launch(&mut self, me: &Myself<Message>, key: Key) {
        let Some(entry) = self.children.get(key) else { return };
        let attempt = entry.next_attempt();
        let spec = Arc::clone(&entry.spec);
        let slot = Arc::clone(&entry.slot);
        let factory = match &spec.work {
            Work::Actor(factory) => factory.clone(),
            Work::Supervisor(below) => {
                let (below, prefix, me) = (Arc::clone(below), slot.path().to_string(), me.clone());
                Factory::new(move || {
                    let me = me.clone();
                    let when_ready = Arc::new(move || me.tell(Message::Ready { child: key, attempt }));
                    Supervisor { spec: Arc::clone(&below), prefix: prefix.clone(), when_ready }
                })
            }
        };

        slot.set_phase(Phase::Starting);
        let reporter = me.clone();
        let task = self.tasks.spawn(async move {
            slot.vacate(VACATE).await;
            let me_as_supervisor = reporter.life().cell.clone();
            let launched = factory.launch(reporter.system().clone(), slot, Some(me_as_supervisor)).await;
            let outcome = match launched {
                Ok(cell) => Ok(Launched::Running(RunningCell(cell))),
                Err(crash) if crash.is::<NothingToDo>() => Ok(Launched::NothingToDo),
                Err(crash) => Err(crash.to_string()),
            };
            reporter.tell(Message::Launched { child: key, attempt, outcome });
        });
        let deadline =
            spec.start_timeout.map(|after| me.after(after, Message::StartTimedOut { child: key, attempt }));
        self.starting += 1;
        if let Some(entry) = self.children.get(key) {
            entry.status = Status::Starting(Start { task, deadline, cell: None, is_ready: false });
        }
    }

    pub(super) fn launched(
        &mut self,
        me: &Myself<Message>,
        key: Key,
        attempt: u64,
        outcome: Result<Launched, String>,
    ) {
        let Some(entry) = self.children.at(key, attempt) else {
            // The supervisor has moved on without it.
            if let Ok(Launched::Running(RunningCell(cell))) = outcome {
                cell.kill();
            }
            return;
        };
        let Status::Starting(start) = &mut entry.status else { return };

        match outcome {
            Err(reason) => self.start_failed(me, key, &reason),
            Ok(Launched::NothingToDo) => self.has_nothing_to_do(me, key),
            Ok(Launched::Running(RunningCell(cell))) => {
                let id = cell.get_id();
                start.cell = Some(cell);
                let is_up = start.is_ready || matches!(entry.spec.work, Work::Actor(_));
                self.children.runs_as(id, key);
                if let Some(exit) = self.early.remove(&id) {
                    self.ended_as(me, key, id, exit);
                } else if is_up {
                    self.is_up(me, key);
                }
            }
        }
    }

    /// A child that is a supervisor says that its own children have started.
    pub(super) fn ready(&mut self, me: &Myself<Message>, key: Key, attempt: u64) {
        let Some(entry) = self.children.at(key, attempt) else { return };
        let Status::Starting(start) = &mut entry.status else { return };
        start.is_ready = true;
        if start.cell.is_some() {
            self.is_up(me, key);
        }
    }

    fn is_up(&mut self, me: &Myself<Message>, key: Key) {
        let Some(Start { cell: Some(cell), .. }) = self.leave_start(key) else { return };
        let Some(entry) = self.children.get(key) else { return };
        entry.status = Status::Up(cell);
        entry.up_since = Some(tokio::time::Instant::now());
        entry.tell_up();
        me.system().note(&entry.slot, Occurrence::Started, None);
        tracing::debug!(actor = %entry.slot.path(), "{} has started", entry.slot.path());
        self.advance(me);
    }

    fn has_nothing_to_do(&mut self, me: &Myself<Message>, key: Key) {
        self.leave_start(key);
        let Some(entry) = self.children.get(key) else { return };
        entry.tell_up();
        self.is_down_for_good(key, "it has nothing to do");
        self.advance(me);
    }

    pub(super) fn start_timed_out(&mut self, me: &Myself<Message>, key: Key, attempt: u64) {
        let Some(entry) = self.children.at(key, attempt) else { return };
        let Status::Starting(start) = &entry.status else { return };
        let patience = humantime::format_duration(entry.spec.start_timeout.unwrap_or_default());
        let reason = format!("did not start within {patience}");
        start.task.abort();
        if let Some(cell) = start.cell.clone() {
            cell.kill();
            self.children.was(cell.get_id());
        }
        self.start_failed(me, key, &reason);
    }

    fn start_failed(&mut self, me: &Myself<Message>, key: Key, reason: &str) {
        self.leave_start(key);
        let Some(entry) = self.children.get(key) else { return };
        entry.slot.set_last_error(reason);
        me.system().note(&entry.slot, Occurrence::StartFailed, Some(reason.to_owned()));
        let is_tried_again = entry.spec.restart != Restart::Temporary && !entry.is_added();
        if is_tried_again {
            self.failed(me, key, reason);
            return;
        }

        tracing::warn!(actor = %entry.slot.path(), "{} could not start: {reason}", entry.slot.path());
        self.children.remove(key, reason);
        self.advance(me);
    }

    /// The start of this child is over, one way or the other.
    pub(super) fn leave_start(&mut self, key: Key) -> Option<Start> {
        let entry = self.children.get(key)?;
        if !matches!(entry.status, Status::Starting(_)) {
            return None;
        }
        let Status::Starting(mut start) = std::mem::replace(&mut entry.status, Status::Down) else {
            return None;
        };
        if let Some(deadline) = start.deadline.take() {
            deadline.cancel();
        }
        self.starting -= 1;
        if self.starting == 0 {
            self.early.clear();
        }
        Some(start)
    }
}

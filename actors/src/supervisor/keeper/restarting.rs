//! What a death means: for the child, for its siblings, and in the end for everybody.

use ractor::ActorId;
use tokio::time::Instant;

use crate::runtime::{ChildEnded, Exit, Myself, Occurrence, Phase};

use super::{Message, RETRY_FAILED_AFTER, State};
use crate::supervisor::{
    OnMeltdown, Restart, Strategy,
    children::{Key, Status, Then},
    intensity::{Verdict, Window},
};

impl State {
    pub(super) fn ended(&mut self, me: &Myself<Message>, ended: ChildEnded) {
        match self.children.was(ended.id) {
            Some(key) => self.ended_as(me, key, ended.id, ended.exit),
            // The report of its start is still on its way.
            None if self.starting > 0 => {
                self.early.insert(ended.id, ended.exit);
            }
            None => {}
        }
    }

    pub(super) fn ended_as(&mut self, me: &Myself<Message>, key: Key, actor: ActorId, exit: Exit) {
        self.children.was(actor);
        let was_starting = self.leave_start(key).is_some();
        let Some(entry) = self.children.get(key) else { return };
        let was_killed_by_us = matches!((&entry.status, &exit), (Status::Stopping(_), Exit::Killed));
        if exit.is_abnormal() && !was_killed_by_us {
            entry.slot.set_last_error(&exit.to_string());
        }
        match entry.status {
            // The task that stops it reports when it is really gone.
            Status::Stopping(_) => return,
            Status::Up(_) => {}
            _ if was_starting => {}
            _ => return,
        }

        entry.status = Status::Down;
        let ran_for = entry.up_since.take().map(|since| since.elapsed());
        if ran_for.is_some_and(|ran_for| ran_for >= entry.spec.backoff.reset_after) {
            entry.failures = 0;
        }
        let what = if exit.is_abnormal() { Occurrence::Crashed } else { Occurrence::Ended };
        me.system().note(&entry.slot, what, Some(exit.to_string()));

        let is_unwanted = entry.doomed.is_some();
        let could_not_be_added = was_starting && entry.is_added();
        if is_unwanted {
            self.is_down(me, key);
        } else if could_not_be_added || !entry.spec.restart.follows(exit.is_abnormal()) {
            self.is_down_for_good(key, &exit.to_string());
        } else {
            self.failed(me, key, &exit.to_string());
            return;
        }
        self.advance(me);
    }

    /// `key` is not running and has to be started again: after a pause, with the siblings
    /// that its strategy names, and unless this was once too often.
    pub(super) fn failed(&mut self, me: &Myself<Message>, key: Key, reason: &str) {
        let now = Instant::now();
        if self.strike(key, now) == Verdict::Meltdown {
            self.melt_down(me, key, reason);
            return;
        }

        let Some(entry) = self.children.get(key) else { return };
        let pause = entry.spec.backoff.delay(entry.failures);
        let attempt = entry.next_attempt();
        entry.failures += 1;
        entry.status = Status::Backoff(now);
        entry.slot.count_restart();
        entry.slot.set_phase(Phase::Restarting);
        let path = entry.slot.path();
        tracing::warn!(actor = %path, "{path} ended ({reason}) and is started again in {pause:?}");
        me.system().note(&entry.slot, Occurrence::Restarting, Some(format!("in {} ms", pause.as_millis())));

        if pause.is_zero() {
            self.make_due(me, key);
        } else {
            me.after(pause, Message::BackoffOver { child: key, attempt });
        }
        for sibling in self.siblings(key) {
            self.restart_with_sibling(me, sibling);
        }
        self.advance(me);
    }

    pub(super) fn backoff_over(&mut self, me: &Myself<Message>, key: Key, attempt: u64) {
        if self.children.at(key, attempt).is_some_and(|entry| matches!(entry.status, Status::Backoff(_))) {
            self.end_pause(key);
            self.make_due(me, key);
            self.advance(me);
        }
    }

    /// Those that are restarted together with `key`, in start order.
    fn siblings(&self, key: Key) -> Vec<Key> {
        match self.spec.strategy {
            Strategy::OneForOne | Strategy::Dynamic => Vec::new(),
            Strategy::OneForAll => self.children.keys().into_iter().filter(|other| *other != key).collect(),
            Strategy::RestForOne => self.children.keys_from(key + 1),
        }
    }

    fn restart_with_sibling(&mut self, me: &Myself<Message>, key: Key) {
        self.end_pause(key);
        let Some(entry) = self.children.get(key) else { return };
        let is_temporary = entry.spec.restart == Restart::Temporary;
        match entry.status {
            // Somebody has asked for its end before; that stands.
            _ if matches!(entry.doomed, Some(Then::Down | Then::Gone)) => {}
            Status::Up(_) | Status::Starting(_) | Status::Stopping(_) => {
                let then = if is_temporary { Then::Gone } else { Then::Pending };
                self.doom(me, key, then);
            }
            _ if is_temporary => self.children.remove(key, "a sibling was restarted"),
            _ => self.make_due(me, key),
        }
    }

    fn strike(&mut self, key: Key, now: Instant) -> Verdict {
        let (intensity, period) = (self.spec.intensity, self.spec.period);
        let Some(entry) = self.children.get(key) else { return Verdict::Allowed };
        let (verdict, used) = match entry.spec.on_meltdown {
            OnMeltdown::GiveUp => {
                let window = entry.window.get_or_insert_with(|| Box::new(Window::new(intensity, period)));
                (window.strike(key, now), window.used(now))
            }
            OnMeltdown::Escalate => (self.window.strike(key, now), self.window.used(now)),
        };
        if let Some(entry) = self.children.get(key) {
            entry.slot.set_restarts_used(used, now + period);
        }
        verdict
    }

    /// The pause of `key` is over, whatever ended it.
    fn end_pause(&mut self, key: Key) {
        let Some(entry) = self.children.get(key) else { return };
        let Status::Backoff(since) = entry.status else { return };
        let pause = since.elapsed();
        match &mut entry.window {
            Some(window) => window.pause(key, pause),
            None => self.window.pause(key, pause),
        }
    }

    fn melt_down(&mut self, me: &Myself<Message>, key: Key, reason: &str) {
        let (intensity, period) = (self.spec.intensity, humantime::format_duration(self.spec.period));
        let Some(entry) = self.children.get(key) else { return };
        let path = entry.slot.path().to_string();
        match entry.spec.on_meltdown {
            OnMeltdown::GiveUp => {
                tracing::error!(actor = %path, "{path} failed more than {intensity} times within {period} and is left alone for a while: {reason}");
                self.give_up(me, key, reason);
            }
            OnMeltdown::Escalate => {
                let trouble = format!("{path} failed more than {intensity} times within {period}: {reason}");
                tracing::error!(actor = %me.path(), "{} gives in: {trouble}", me.path());
                entry.next_attempt();
                entry.slot.set_phase(Phase::Stopped);
                entry.tell_down(reason);
                me.slot().set_last_error(&trouble);
                me.system().note(me.slot(), Occurrence::Escalated, Some(trouble.clone()));
                self.end(me, trouble);
            }
        }
    }

    /// Leaves `key`, and those that may not run without it, until later.
    fn give_up(&mut self, me: &Myself<Message>, key: Key, reason: &str) {
        let Some(entry) = self.children.get(key) else { return };
        let attempt = entry.next_attempt();
        entry.status = Status::Failed;
        entry.failures = 0;
        entry.window = None;
        entry.slot.set_phase(Phase::Failed);
        entry.tell_down(reason);
        me.system().note(&entry.slot, Occurrence::GaveUp, Some(reason.to_owned()));
        me.after(RETRY_FAILED_AFTER, Message::RetryFailed { child: key, attempt });

        for sibling in self.siblings(key) {
            let Some(entry) = self.children.get(sibling) else { continue };
            let is_temporary = entry.spec.restart == Restart::Temporary;
            if entry.is_active() {
                self.doom(me, sibling, if is_temporary { Then::Gone } else { Then::Down });
            }
        }
        self.advance(me);
    }

    pub(super) fn retry_failed(&mut self, me: &Myself<Message>, key: Key, attempt: u64) {
        if self.children.at(key, attempt).is_some_and(|entry| matches!(entry.status, Status::Failed)) {
            self.revive(me, key);
        }
    }

    /// Starts a child that is down, with those that went down with it.
    pub(super) fn revive(&mut self, me: &Myself<Message>, key: Key) {
        let Some(entry) = self.children.get(key) else { return };
        let had_failed = matches!(entry.status, Status::Failed);
        if had_failed {
            me.system().note(&entry.slot, Occurrence::Retried, None);
        }
        entry.slot.set_phase(Phase::Restarting);
        self.make_due(me, key);
        let siblings = if had_failed { self.siblings(key) } else { Vec::new() };
        for sibling in siblings {
            if self.children.get(sibling).is_some_and(|entry| matches!(entry.status, Status::Down)) {
                self.make_due(me, sibling);
            }
        }
        self.advance(me);
    }
}

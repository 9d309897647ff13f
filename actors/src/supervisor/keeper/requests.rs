//! What others ask of a supervisor at run time.

use crate::runtime::{Myself, Reply};

use super::{Message, State};
use crate::supervisor::{
    AdminError, Child, DynamicError, Restart,
    children::{Status, Then, Waiting},
};

impl State {
    pub(super) fn add(&mut self, me: &Myself<Message>, child: Child, reply: Reply<Result<(), DynamicError>>) {
        if self.ending.is_some() {
            return reply.send(Err(DynamicError::ShuttingDown));
        }
        if self.children.named(&child.name).is_some() {
            return reply.send(Err(DynamicError::AlreadyRunning));
        }

        match self.adopt_dynamic(me, child) {
            Err(reason) => reply.send(Err(DynamicError::StartFailed(reason))),
            Ok(key) => {
                if let Some(entry) = self.children.get(key) {
                    entry.waiting.push(Waiting::Added(reply));
                }
                self.launch(me, key);
            }
        }
    }

    pub(super) fn stop_child(
        &mut self,
        me: &Myself<Message>,
        name: &str,
        reply: Reply<Result<(), AdminError>>,
    ) {
        let is_dynamic = self.is_dynamic();
        let Some(key) = self.children.named(name) else { return reply.send(Err(AdminError::NotFound)) };
        let Some(entry) = self.children.get(key) else { return };
        entry.waiting.push(Waiting::Stopped(reply));
        if entry.doomed != Some(Then::Gone) {
            let is_forgotten = is_dynamic || entry.spec.restart == Restart::Temporary;
            self.doom(me, key, if is_forgotten { Then::Gone } else { Then::Down });
        }
        self.advance(me);
    }

    pub(super) fn restart_child(
        &mut self,
        me: &Myself<Message>,
        name: &str,
        reply: Reply<Result<(), AdminError>>,
    ) {
        let Some(key) = self.children.named(name) else { return reply.send(Err(AdminError::NotFound)) };
        if self.ending.is_some() {
            return reply.send(Err(AdminError::Failed("the supervisor is shutting down".to_owned())));
        }

        let Some(entry) = self.children.get(key) else { return };
        entry.waiting.push(Waiting::Restarted(reply));
        entry.failures = 0;
        entry.window = None;
        match entry.status {
            Status::Up(_) | Status::Starting(_) | Status::Stopping(_) => {
                self.doom(me, key, Then::Pending);
                self.advance(me);
            }
            Status::Pending | Status::Backoff(_) | Status::Down | Status::Failed => self.revive(me, key),
        }
    }
}

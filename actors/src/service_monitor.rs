//! Watches one service.
//!
//! ```text
//!       our timers                         [status board] --> pages
//!          |  Probe, CheckSilence                ^
//!          v                                     |  every probe
//!    [service monitor] --------------------------+
//!          |    ^                                |  flips at once, probes in batches
//!    start |    | Probed                         v
//!          v    |                             [record] --> recorder --> store
//!        a task that looks
//! ```
//!
//! It never waits for the store. It does not ask the circuit breaker either: what it sees is
//! the evidence that the breaker goes by. Keeps nothing that a restart may not lose: the status
//! is on the board, and the first probe after a restart goes on from there.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::event::Event;
use domain::flip::{Flip, Verdict};
use domain::service::{Heartbeat, Service, ServiceStatus};
use futures_util::future::BoxFuture;
use integrations::breaker::Gate;
use integrations::probe::Probed;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::event_hub;
use crate::runtime::{Actor, Crash, Handle, Myself, Timer, caught};
use crate::services::record::{Change, Record};
use crate::status_board::{StatusBoard, silence_allowed};

/// Looks at a service once. Tests have their own.
pub type Look = Arc<dyn Fn(&Service) -> BoxFuture<'static, Probed> + Send + Sync>;

/// How much longer than its timeout a look may take before we give up on it.
const GRACE: Duration = Duration::from_secs(1);

pub enum Message {
    /// Time to look; sent by our own timer, and by whoever does not want to wait for it.
    Probe,
    /// The look is over; sent by the task that `Probe` started.
    Probed(Probed),
    /// Time to ask whether we have become silent ourselves; sent by our own timer.
    CheckSilence,
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Probe => "Probe",
            Message::Probed(_) => "Probed",
            Message::CheckSilence => "CheckSilence",
        }
    }
}

/// See the module.
pub struct ServiceMonitor {
    pub service: Service,
    pub look: Look,
    pub gate: Gate,
    pub board: Arc<StatusBoard>,
    pub(crate) record: Arc<Record>,
}

pub struct State {
    flip: Flip,
    /// The look that is under way, if any. It ends with the actor.
    looking: JoinSet<()>,
    next: Option<Timer>,
    /// When the latest look began; the next one is an interval later.
    looked_at: Instant,
    heard_at: Instant,
    latest: Option<Heartbeat>,
    hub: Handle<event_hub::Message>,
}

impl Actor for ServiceMonitor {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "monitor";

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        let known =
            self.board.tile(&self.service.name).map_or(self.service.status, |tile| tile.service.status);
        me.tell(Message::Probe);
        me.every(self.service.interval, || Message::CheckSilence);
        let now = Instant::now();
        Ok(State {
            flip: Flip::new(known),
            looking: JoinSet::new(),
            next: None,
            looked_at: now,
            heard_at: now,
            latest: None,
            hub: me.system().handle(event_hub::PATH),
        })
    }

    async fn handle(&self, me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        match message {
            Message::Probe => self.start_look(me, state),
            Message::Probed(probed) => self.settle(me, probed, state),
            Message::CheckSilence => self.check_silence(me, state),
        }
        Ok(())
    }

    fn inspect(&self, state: &State) -> Value {
        json!({
            "service": self.service.name,
            "status": state.flip.status(),
            "latest": state.latest,
            "interval_ms": self.service.interval.as_millis() as u64,
            "looking": !state.looking.is_empty(),
        })
    }
}

impl ServiceMonitor {
    fn start_look(&self, me: &Myself<Message>, state: &mut State) {
        while state.looking.try_join_next().is_some() {}
        if !state.looking.is_empty() {
            return;
        }
        state.looked_at = Instant::now();
        let look = (self.look)(&self.service);
        let patience = self.service.probe_timeout() + GRACE;
        let me_too = me.clone();
        state.looking.spawn(async move {
            let probed = match timeout(patience, caught(async { Ok(look.await) })).await {
                Ok(Ok(probed)) => probed,
                Ok(Err(_)) => Probed::own_fault("our probe crashed"),
                Err(_) => Probed::own_fault("our probe did not come back"),
            };
            me_too.tell(Message::Probed(probed));
        });
        self.schedule(me, state, self.service.interval);
    }

    fn schedule(&self, me: &Myself<Message>, state: &mut State, after: Duration) {
        if let Some(timer) = state.next.take() {
            timer.cancel();
        }
        state.next = Some(me.after(after, Message::Probe));
    }

    fn settle(&self, me: &Myself<Message>, probed: Probed, state: &mut State) {
        let name = &self.service.name;
        let was = state.flip.status();
        let step = state.flip.observe(probed.verdict, self.service.interval);
        let beat = Heartbeat {
            at: Timestamp::now(),
            status: if probed.verdict == Verdict::Good { ServiceStatus::Up } else { step.status },
            latency_ms: probed.latency.map(|latency| latency.as_millis() as u32),
            message: probed.message,
        };
        // The board first: whoever hears of the flip finds it there.
        self.board.observe(name, &beat);
        if step.changed {
            self.tell_flip(was, step.status, &beat);
        } else {
            // Whoever looks sees the new latency; nobody misses it who does not.
            let checked = Event::ServiceChecked { service: name.to_string() };
            let _ = event_hub::publish(&state.hub, checked, None);
        }
        if was == ServiceStatus::Down && step.status == ServiceStatus::Up {
            self.gate.expect_recovery();
        }
        if let Some(outcome) = probed.outcome {
            self.gate.observe(outcome);
        }
        if let Some(soon) = step.look_again_in {
            let passed = state.looked_at.elapsed();
            self.schedule(me, state, soon.saturating_sub(passed));
        }
        self.record.beat(name, beat.clone());
        state.heard_at = Instant::now();
        state.latest = Some(beat);
    }

    fn tell_flip(&self, was: ServiceStatus, status: ServiceStatus, beat: &Heartbeat) {
        let name = &self.service.name;
        self.board.flip(name, status, beat.at);
        self.record.change(name, Change { status, at: beat.at, message: beat.message.clone() });
        match (status, &beat.message) {
            (ServiceStatus::Down, reason) => {
                tracing::warn!(service = %name, reason = reason.as_deref().unwrap_or("unknown"), "{name} is down");
            }
            (ServiceStatus::Up, _) if was == ServiceStatus::Down => {
                tracing::info!(service = %name, "{name} is back");
            }
            _ => tracing::debug!(service = %name, "{name} is {status}"),
        }
    }

    /// Probes report within their timeout; when none did for much longer, something of ours is
    /// wrong, and that is not the service's fault.
    fn check_silence(&self, me: &Myself<Message>, state: &mut State) {
        if state.heard_at.elapsed() <= silence_allowed(&self.service) {
            return;
        }
        let was = state.flip.status();
        let message = Some("our monitor fell silent".to_owned());
        let beat =
            Heartbeat { at: Timestamp::now(), status: ServiceStatus::Unknown, latency_ms: None, message };
        if state.flip.go_stale() {
            self.tell_flip(was, ServiceStatus::Unknown, &beat);
        }
        state.latest = Some(beat);
        // Whatever is still looking is given up.
        state.looking = JoinSet::new();
        me.tell(Message::Probe);
    }
}

/// Looks at the service now instead of at the next tick.
pub fn probe_now(monitor: &Handle<Message>) {
    // A full mailbox means that looks are waiting already.
    let _ = monitor.tell(Message::Probe);
}

#[cfg(test)]
#[path = "service_monitor/tests.rs"]
mod tests;

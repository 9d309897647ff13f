//! The circuit breaker of one service.
//!
//! ```text
//!    clients, monitor ---- admit, observe ----> [ gate ]   never through the mailbox
//!                                                 ^  |
//!                                         install |  | changed
//!                                                 |  v
//!                                        [circuit breaker]
//! ```
//!
//! The actor owns the policy: the gate works for as long as the actor lives, and turns
//! everybody away in the moment that it ends. A restart starts closed; nothing is kept, and
//! the least volume that opens it protects the service.

use std::time::Duration;

use domain::breaker::{Rules, State as BreakerState, View};
use domain::service::ServiceName;
use integrations::breaker::{Gate, Keeper};
use serde_json::{Value, json};

use crate::runtime::{Actor, Crash, Myself};

/// How often the card of the inspector is brought up to date while nothing changes.
const LOOK_EVERY: Duration = Duration::from_secs(10);

pub enum Message {
    /// The breaker opened, closed or became half-open; sent by the gate.
    Changed(BreakerState),
    /// Time to let time pass: an open breaker becomes half-open; sent by our own timer.
    Look,
}

impl crate::runtime::Message for Message {
    fn kind(&self) -> &'static str {
        match self {
            Message::Changed(_) => "Changed",
            Message::Look => "Look",
        }
    }
}

/// See the module.
pub struct CircuitBreaker {
    pub service: ServiceName,
    pub gate: Gate,
    pub rules: Rules,
}

pub struct State {
    keeper: Keeper,
    view: View,
}

impl Actor for CircuitBreaker {
    type Message = Message;
    type State = State;

    const KIND: &'static str = "breaker";

    async fn start(&self, me: &Myself<Message>) -> Result<State, Crash> {
        let teller = me.clone();
        let keeper = self.gate.install(self.rules, move |state| teller.tell(Message::Changed(state)));
        me.every(LOOK_EVERY, || Message::Look);
        let view = keeper.view();
        Ok(State { keeper, view })
    }

    async fn handle(&self, me: &Myself<Message>, message: Message, state: &mut State) -> Result<(), Crash> {
        state.view = state.keeper.view();
        if let Message::Changed(changed) = message {
            self.report(changed);
            if let Some(wait) = state.view.next_probe_in_ms {
                me.after(Duration::from_millis(wait + 1), Message::Look);
            }
        }
        Ok(())
    }

    fn inspect(&self, state: &State) -> Value {
        let throttled_ms = state.keeper.throttled_for().map(|wait| wait.as_millis() as u64);
        json!({ "breaker": state.view, "throttled_for_ms": throttled_ms })
    }
}

impl CircuitBreaker {
    fn report(&self, changed: BreakerState) {
        let service = &self.service;
        match changed {
            BreakerState::Open => {
                tracing::warn!(%service, "calls to {service} are turned away: it failed too often");
            }
            BreakerState::HalfOpen => {
                tracing::info!(%service, "one call to {service} may try whether it is back")
            }
            BreakerState::Closed => tracing::info!(%service, "calls to {service} pass again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use integrations::breaker::{Outcome, TurnedAway};

    use super::*;
    use crate::runtime::System;

    #[tokio::test(start_paused = true)]
    async fn when_the_actor_dies_callers_are_turned_away_at_once() {
        let system = System::new();
        let gate = Gate::new();
        let breaker =
            CircuitBreaker { service: "plex".parse().unwrap(), gate: gate.clone(), rules: Rules::default() };
        let solo = system.solo("services/plex/breaker", breaker).await.unwrap();
        gate.admit().expect("it is closed").record(Outcome::Succeeded);

        system.kill("services/plex/breaker");
        solo.ended().await;

        let began = tokio::time::Instant::now();
        while gate.admit().is_ok() {
            tokio::task::yield_now().await;
        }
        assert_eq!(gate.admit().err(), Some(TurnedAway::Unavailable));
        assert!(began.elapsed() <= Duration::from_millis(50));
    }

    #[tokio::test(start_paused = true)]
    async fn the_card_shows_that_it_opened_and_when_it_probes() {
        let system = System::new();
        let gate = Gate::new();
        let breaker =
            CircuitBreaker { service: "plex".parse().unwrap(), gate: gate.clone(), rules: Rules::default() };
        let _solo = system.solo("services/plex/breaker", breaker).await.unwrap();
        let card = || system.snapshot("services/plex/breaker").unwrap().card;

        for _ in 0..5 {
            gate.admit().unwrap().record(Outcome::Failed);
        }
        while card()["breaker"]["state"] != "open" {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(card()["breaker"]["next_probe_in_ms"].as_u64().unwrap() > 20_000);

        tokio::time::sleep(Duration::from_secs(34)).await;
        assert_eq!(card()["breaker"]["state"], "half-open", "nobody had to call for that");
    }
}

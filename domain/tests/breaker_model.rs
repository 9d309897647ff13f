//! The circuit breaker against a model of its rules that shares no code with it.

use std::time::Duration;

use domain::breaker::{Breaker, Outcome, Permit, Rules, State};
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
enum Step {
    Pass {
        ms: u64,
    },
    Call,
    /// The n-th call under way ends, or is given up by its caller.
    End {
        n: usize,
        outcome: Outcome,
    },
    GiveUp {
        n: usize,
    },
    Observe {
        outcome: Outcome,
    },
    ExpectRecovery,
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Failed),
        3 => Just(Outcome::Succeeded),
        2 => Just(Outcome::TimedOut),
        1 => Just(Outcome::Throttled),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..3_000u64).prop_map(|ms| Step::Pass { ms }),
        1 => (10_000..400_000u64).prop_map(|ms| Step::Pass { ms }),
        8 => Just(Step::Call),
        8 => (0..8usize, outcomes()).prop_map(|(n, outcome)| Step::End { n, outcome }),
        1 => (0..8usize).prop_map(|n| Step::GiveUp { n }),
        2 => outcomes().prop_map(|outcome| Step::Observe { outcome }),
        1 => Just(Step::ExpectRecovery),
    ]
}

/// A call as the model sees it: in which era it began, and whether it is the probe of its era.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ticket {
    era: usize,
    probe: bool,
    number: usize,
}

#[derive(Debug)]
struct Model {
    now: u64,
    state: State,
    era: usize,
    issued: usize,
    /// Second and badness of every counted result of this era.
    results: Vec<(u64, bool)>,
    /// Nominal length of the outage, and the moment of the next probe.
    length: u64,
    probe_at: u64,
    probe: Option<(Ticket, u64)>,
}

impl Model {
    fn enter(&mut self, state: State) {
        self.state = state;
        self.era += 1;
        self.results.clear();
        self.probe = None;
    }

    /// `wait` is what the breaker says it will wait; it must be the nominal length ±10 %.
    fn open(&mut self, length: u64, since: u64, probe_at: u64) {
        self.enter(State::Open);
        self.length = length;
        self.probe_at = probe_at;
        let wait = (probe_at - since) as f64;
        assert!((wait - length as f64).abs() <= length as f64 * 0.1 + 2.0, "{wait} is not about {length}");
    }

    fn admit(&mut self) -> Option<Ticket> {
        self.issued += 1;
        let ticket = Ticket { era: self.era, probe: self.state == State::HalfOpen, number: self.issued };
        match self.state {
            State::Closed => Some(ticket),
            State::HalfOpen if self.probe.is_none() => {
                self.probe = Some((ticket, self.now + 20_000));
                Some(ticket)
            }
            _ => None,
        }
    }

    /// Whether this result is one that opens the breaker.
    fn end(&mut self, ticket: Ticket, outcome: Outcome) -> bool {
        let bad = matches!(outcome, Outcome::Failed | Outcome::TimedOut);
        if ticket.probe {
            if self.probe.is_none_or(|(probe, _)| probe != ticket) {
                return false;
            }
            if !bad {
                self.enter(State::Closed);
            }
            return bad;
        }
        if ticket.era != self.era || outcome == Outcome::Throttled {
            return false;
        }
        let second = self.now / 1000;
        self.results.push((second, bad));
        let recent: Vec<bool> =
            self.results.iter().filter(|(then, _)| second - then < 10).map(|(_, bad)| *bad).collect();
        let failures = recent.iter().filter(|bad| **bad).count();
        bad && recent.len() >= 5 && failures * 2 > recent.len()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_breaker_does_what_the_model_says(seed: u64, steps in prop::collection::vec(steps(), 1..120)) {
        let mut breaker = Breaker::new(Rules::default(), seed);
        let mut model = Model {
            now: 0, state: State::Closed, era: 0, issued: 0, results: vec![], length: 30_000, probe_at: 0, probe: None,
        };
        let mut under_way: Vec<(Permit, Ticket)> = vec![];
        let mut reached_upstream = 0usize;
        let mut rejected = 0u64;

        for step in steps {
            let mut opens = false;
            if let Step::Pass { ms } = step {
                model.now += ms;
            }
            let now = Duration::from_millis(model.now);

            // Time alone: an overdue probe fails, an outage ends.
            if let Some((_, deadline)) = model.probe && model.now >= deadline {
                let length = (model.length * 2).min(300_000);
                let wait = breaker.view(Duration::from_millis(deadline)).next_probe_in_ms.expect("it is open");
                model.open(length, deadline, deadline + wait);
                // The view rounds down to whole milliseconds.
                model.probe_at += 1;
            }
            if model.state == State::Open && model.now >= model.probe_at {
                model.enter(State::HalfOpen);
            }
            // Between the two roundings either answer is right; step over that millisecond.
            if model.state == State::Open && model.now + 1 == model.probe_at {
                model.now += 1;
                model.enter(State::HalfOpen);
            }
            let now = now.max(Duration::from_millis(model.now));

            match step {
                Step::Pass { .. } => {}
                Step::Call => match (breaker.admit(now), model.admit()) {
                    (Ok(permit), Some(ticket)) => {
                        prop_assert_eq!(permit.is_probe(), ticket.probe);
                        reached_upstream += 1;
                        under_way.push((permit, ticket));
                    }
                    (Err(_), None) => rejected += 1,
                    (breaker, model) => prop_assert!(false, "{breaker:?}, but the model says {model:?}"),
                },
                Step::End { n, outcome } if n < under_way.len() => {
                    let (permit, ticket) = under_way.remove(n);
                    breaker.record(now, permit, outcome);
                    opens = model.end(ticket, outcome);
                }
                Step::GiveUp { n } if n < under_way.len() => {
                    let (permit, ticket) = under_way.remove(n);
                    breaker.release(now, permit);
                    if model.probe.is_some_and(|(probe, _)| probe == ticket) {
                        model.probe = None;
                    }
                }
                Step::Observe { outcome } => {
                    breaker.observe(now, outcome);
                    let would_pass = model.state == State::Closed
                        || (model.state == State::HalfOpen && model.probe.is_none());
                    if would_pass {
                        let ticket = model.admit().expect("it would pass");
                        opens = model.end(ticket, outcome);
                    }
                }
                Step::ExpectRecovery => {
                    breaker.expect_recovery(now);
                    if model.state == State::Open {
                        model.enter(State::HalfOpen);
                    }
                }
                Step::End { .. } | Step::GiveUp { .. } => {}
            }
            if opens {
                let length =
                    if model.state == State::HalfOpen { (model.length * 2).min(300_000) } else { 30_000 };
                let wait = breaker.view(now).next_probe_in_ms.expect("it is open");
                model.open(length, model.now, model.now + wait + 1);
            }

            let view = breaker.view(now);
            prop_assert_eq!(view.state, model.state);
            prop_assert_eq!(view.probing, model.probe.is_some());
            prop_assert_eq!(view.counts.rejected, rejected, "rejected calls never reach the other side");
            prop_assert!(under_way.len() <= reached_upstream);
            if view.state == State::Closed {
                let second = model.now / 1000;
                let recent = model.results.iter().filter(|(then, _)| second - then < 10).count();
                prop_assert_eq!(view.calls as usize, recent);
            }
        }
    }
}

//! The rules of a circuit breaker, without clocks, locks or tasks.
//!
//! ```text
//!              more than half of at least five calls failed
//!    closed ------------------------------------------------> open
//!      ^                                                       |  30 s, doubled after
//!      |  the probe succeeded                                  |  every failed probe
//!      |                                                       v
//!      +------------------------------------------------- half-open
//!                                                  admits exactly one call
//! ```
//!
//! The rules are those of `trust.md` section 2.3. Where they differ from the usual libraries:
//! calls that were turned away do not count; the window starts empty after closing; a result
//! counts only in the period (generation) in which its call began; a probe that never ends is
//! a failure at its deadline; and a call that its caller gave up frees its place.
//!
//! Time is passed in, as the time since some start that never goes back.

mod window;

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::Serialize;

use window::Window;

/// When a breaker opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// It opens when more than this share of the calls in the window failed, in percent.
    pub failure_percent: u32,
    /// It never opens with fewer calls than this in the window.
    pub min_volume: u32,
    /// How long it stays open the first time.
    pub open_for: Duration,
    /// How long it stays open at most, after failed probes.
    pub open_at_most: Duration,
    /// The time it stays open is varied by up to this share, so that many do not probe at once.
    pub jitter: f64,
    /// When a probe that has not ended counts as failed.
    pub probe_deadline: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            failure_percent: 50,
            min_volume: 5,
            open_for: Duration::from_secs(30),
            open_at_most: Duration::from_secs(300),
            jitter: 0.1,
            probe_deadline: Duration::from_secs(20),
        }
    }
}

/// Where a breaker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Calls pass.
    Closed,
    /// Calls are turned away.
    Open,
    /// One call passes and decides.
    HalfOpen,
}

/// How a call ended, as far as the health of the other side is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It answered, and be it that we asked wrongly (4xx).
    Succeeded,
    /// It did not answer, or not sensibly.
    Failed,
    /// It did not answer in time; a failure with a counter of its own.
    TimedOut,
    /// It answered that we ask too often (429): neither good nor bad.
    Throttled,
}

/// Leave to make one call. Give it back with [`Breaker::record`] or [`Breaker::release`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    generation: u64,
    probe: Option<u64>,
}

impl Permit {
    /// Whether this call decides over a half-open breaker.
    pub fn is_probe(self) -> bool {
        self.probe.is_some()
    }
}

/// A call was turned away; `retry_in` says when asking again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected {
    pub retry_in: Duration,
}

/// What was counted since the breaker was made. Never decides anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    pub succeeded: u64,
    pub failed: u64,
    pub timed_out: u64,
    pub throttled: u64,
    /// Turned away while open or half-open.
    pub rejected: u64,
    /// Results that came after the breaker had changed its state.
    pub stale: u64,
    /// Given up by the caller before there was a result.
    pub released: u64,
}

/// A breaker at one moment, for pages and the inspector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct View {
    pub state: State,
    /// Calls with a result in the last ten seconds, and how many of them failed.
    pub calls: u32,
    pub failures: u32,
    /// Until a probe is admitted; absent unless open.
    pub next_probe_in_ms: Option<u64>,
    /// Whether the one probe of a half-open breaker is under way.
    pub probing: bool,
    pub generation: u64,
    pub counts: Counts,
}

/// One circuit breaker.
#[derive(Debug)]
pub struct Breaker {
    rules: Rules,
    phase: Phase,
    /// Counts the changes of `phase`.
    generation: u64,
    probes: u64,
    window: Window,
    counts: Counts,
    random: StdRng,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Closed,
    Open { until: Duration, length: Duration },
    HalfOpen { probe: Option<Probe>, length: Duration },
}

#[derive(Debug, Clone, Copy)]
struct Probe {
    number: u64,
    deadline: Duration,
}

impl Breaker {
    /// A closed breaker. `seed` decides the jitter.
    pub fn new(rules: Rules, seed: u64) -> Self {
        Self {
            rules,
            phase: Phase::Closed,
            generation: 0,
            probes: 0,
            window: Window::default(),
            counts: Counts::default(),
            random: StdRng::seed_from_u64(seed),
        }
    }

    /// Asks to make a call now.
    ///
    /// # Errors
    /// [`Rejected`] while it is open, and while the one call of a half-open breaker is under way.
    pub fn admit(&mut self, now: Duration) -> Result<Permit, Rejected> {
        self.advance(now);
        let retry_in = match self.phase {
            Phase::Closed => return Ok(Permit { generation: self.generation, probe: None }),
            Phase::HalfOpen { probe: None, length } => {
                self.probes += 1;
                let probe = Probe { number: self.probes, deadline: now + self.rules.probe_deadline };
                self.phase = Phase::HalfOpen { probe: Some(probe), length };
                return Ok(Permit { generation: self.generation, probe: Some(probe.number) });
            }
            Phase::HalfOpen { probe: Some(probe), .. } => probe.deadline.saturating_sub(now),
            Phase::Open { until, .. } => until.saturating_sub(now),
        };
        self.counts.rejected += 1;
        Err(Rejected { retry_in })
    }

    /// Notes how a call ended. A call of an earlier generation changes nothing but the counts.
    pub fn record(&mut self, now: Duration, permit: Permit, outcome: Outcome) {
        self.advance(now);
        self.count(outcome);
        if !self.is_current(permit) {
            self.counts.stale += 1;
            return;
        }
        match (self.phase, outcome) {
            (_, Outcome::Throttled) if !permit.is_probe() => {}
            (Phase::Closed, Outcome::Succeeded | Outcome::Throttled) => self.window.add(now, false),
            (Phase::Closed, Outcome::Failed | Outcome::TimedOut) => {
                self.window.add(now, true);
                if self.has_failed_too_often(now) {
                    self.open(now, self.rules.open_for);
                }
            }
            // Being told to ask less often is an answer: the other side is back.
            (Phase::HalfOpen { .. }, Outcome::Succeeded | Outcome::Throttled) => self.close(),
            (Phase::HalfOpen { length, .. }, Outcome::Failed | Outcome::TimedOut) => {
                self.open(now, (length * 2).min(self.rules.open_at_most));
            }
            (Phase::Open { .. }, _) => {}
        }
    }

    /// Takes back the permit of a call that its caller gave up. Says nothing about the other
    /// side; a half-open breaker admits another probe.
    pub fn release(&mut self, now: Duration, permit: Permit) {
        self.advance(now);
        self.counts.released += 1;
        if !self.is_current(permit) {
            return;
        }
        if let Phase::HalfOpen { length, .. } = self.phase {
            self.phase = Phase::HalfOpen { probe: None, length };
        }
    }

    /// Takes in what a monitor saw of the other side without asking for leave: it counts as a
    /// call that began and ended now would, and not at all while calls are turned away.
    pub fn observe(&mut self, now: Duration, outcome: Outcome) {
        self.advance(now);
        let would_be_admitted = matches!(self.phase, Phase::Closed | Phase::HalfOpen { probe: None, .. });
        if would_be_admitted && let Ok(permit) = self.admit(now) {
            self.record(now, permit, outcome);
        }
    }

    /// A monitor says that the other side is back: an open breaker may probe at once.
    pub fn expect_recovery(&mut self, now: Duration) {
        self.advance(now);
        if let Phase::Open { length, .. } = self.phase {
            self.enter(Phase::HalfOpen { probe: None, length });
        }
    }

    /// Lets time pass: an open breaker becomes half-open, an overdue probe fails. Every other
    /// method does this first.
    pub fn advance(&mut self, now: Duration) {
        if let Phase::HalfOpen { probe: Some(probe), length } = self.phase
            && now >= probe.deadline
        {
            self.count(Outcome::TimedOut);
            self.open(probe.deadline, (length * 2).min(self.rules.open_at_most));
        }
        if let Phase::Open { until, length } = self.phase
            && now >= until
        {
            self.enter(Phase::HalfOpen { probe: None, length });
        }
    }

    /// Where it is, as of the last call of any method.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    pub fn view(&mut self, now: Duration) -> View {
        self.advance(now);
        let (calls, failures) = self.window.sum(now);
        let next_probe_in_ms = match self.phase {
            Phase::Open { until, .. } => Some(until.saturating_sub(now).as_millis() as u64),
            _ => None,
        };
        View {
            state: self.state(),
            calls,
            failures,
            next_probe_in_ms,
            probing: matches!(self.phase, Phase::HalfOpen { probe: Some(_), .. }),
            generation: self.generation,
            counts: self.counts,
        }
    }

    fn is_current(&self, permit: Permit) -> bool {
        let same_probe = match (self.phase, permit.probe) {
            (Phase::HalfOpen { probe, .. }, Some(number)) => {
                probe.is_some_and(|probe| probe.number == number)
            }
            (_, probe) => probe.is_none(),
        };
        permit.generation == self.generation && same_probe
    }

    fn has_failed_too_often(&self, now: Duration) -> bool {
        let (calls, failures) = self.window.sum(now);
        calls >= self.rules.min_volume && failures * 100 > calls * self.rules.failure_percent
    }

    fn open(&mut self, now: Duration, length: Duration) {
        let varied = length.mul_f64(1.0 + self.rules.jitter * self.random.random_range(-1.0..=1.0));
        self.enter(Phase::Open { until: now + varied, length });
    }

    fn close(&mut self) {
        self.enter(Phase::Closed);
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
        self.window = Window::default();
    }

    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Succeeded => self.counts.succeeded += 1,
            Outcome::Failed => self.counts.failed += 1,
            Outcome::TimedOut => self.counts.timed_out += 1,
            Outcome::Throttled => self.counts.throttled += 1,
        }
    }
}

#[cfg(test)]
#[path = "breaker/tests.rs"]
mod tests;

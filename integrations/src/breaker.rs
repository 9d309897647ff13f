//! The gate in front of every call to an outside service.
//!
//! ```text
//!    a caller            the breaker's actor
//!       | admit()             | install()
//!       v                     v
//!    [ Gate ] ---- Arc ---> [ rules under a lock ]      the call itself goes straight out
//! ```
//!
//! The actor owns the policy: it installs the rules when it starts, and when it ends, however
//! it ends, its [`Keeper`] is dropped and the gate turns every caller away at once. Asking is a
//! lock held for less than a microsecond, never a message.
//!
//! A [`Gate`] keeps nothing over a restart of its actor: it starts closed, and the least number
//! of calls that open it protects the other side.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use domain::breaker::{Breaker, Rules, State, View};
use tokio::time::Instant;

pub use domain::breaker::Outcome;

/// Where callers ask for leave. Clones are the same gate; it stays when its actor restarts.
#[derive(Clone, Default)]
pub struct Gate(Arc<ArcSwapOption<Live>>);

/// The rules of one life of the breaker's actor.
struct Live {
    breaker: Mutex<Breaker>,
    throttled_until: Mutex<Option<Instant>>,
    began: Instant,
    on_change: Box<dyn Fn(State) + Send + Sync>,
}

/// Why a call may not be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnedAway {
    /// The breaker's actor is not running.
    Unavailable,
    /// The service failed too often.
    Open { retry_in: Duration },
    /// The service asked us to wait.
    Throttled { retry_in: Duration },
}

impl Gate {
    /// A gate whose actor is not running yet: it turns everybody away.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the gate into service. `on_change` is called after every change of state, from
    /// whichever task caused it; it must be quick.
    pub fn install(&self, rules: Rules, on_change: impl Fn(State) + Send + Sync + 'static) -> Keeper {
        let live = Arc::new(Live {
            breaker: Mutex::new(Breaker::new(rules, rand::random())),
            throttled_until: Mutex::new(None),
            began: Instant::now(),
            on_change: Box::new(on_change),
        });
        self.0.store(Some(live.clone()));
        Keeper { gate: self.clone(), live }
    }

    /// Asks to make one call now. The permit must see its outcome; dropping it gives it back.
    ///
    /// # Errors
    /// [`TurnedAway`] says why not; nothing reached the other side.
    pub fn admit(&self) -> Result<Permit, TurnedAway> {
        let live = self.0.load_full().ok_or(TurnedAway::Unavailable)?;
        if let Some(retry_in) = live.throttled_for() {
            return Err(TurnedAway::Throttled { retry_in });
        }
        let permit = live
            .change(|breaker, now| breaker.admit(now))
            .map_err(|rejected| TurnedAway::Open { retry_in: rejected.retry_in })?;
        Ok(Permit { live, permit: Some(permit) })
    }

    /// What the breaker looks like; nothing while its actor is not running.
    pub fn view(&self) -> Option<View> {
        self.0.load_full().map(|live| live.change(|breaker, now| breaker.view(now)))
    }

    /// Takes in what a monitor saw without asking for leave; see [`Breaker::observe`].
    pub fn observe(&self, outcome: Outcome) {
        if let Some(live) = self.0.load_full() {
            live.change(|breaker, now| breaker.observe(now, outcome));
        }
    }

    /// A monitor says that the service is back: an open breaker may probe at once.
    pub fn expect_recovery(&self) {
        if let Some(live) = self.0.load_full() {
            live.change(|breaker, now| breaker.expect_recovery(now));
        }
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Gate").field(&self.view()).finish()
    }
}

impl Live {
    /// Runs `act` under the lock, and tells of a change of state after it.
    fn change<T>(&self, act: impl FnOnce(&mut Breaker, Duration) -> T) -> T {
        let now = self.began.elapsed();
        let (result, before, after) = {
            let mut breaker = lock(&self.breaker);
            let before = breaker.state();
            let result = act(&mut breaker, now);
            (result, before, breaker.state())
        };
        if before != after {
            (self.on_change)(after);
        }
        result
    }

    fn throttled_for(&self) -> Option<Duration> {
        let mut until = lock(&self.throttled_until);
        let left = (*until)?.saturating_duration_since(Instant::now());
        if left.is_zero() {
            *until = None;
            return None;
        }
        Some(left)
    }
}

/// A lock that a panicking holder left behind is taken over: the rules are never half-changed
/// in a way that matters more than turning callers away for ever.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Leave to make one call.
pub struct Permit {
    live: Arc<Live>,
    permit: Option<domain::breaker::Permit>,
}

impl Permit {
    /// How the call ended.
    pub fn record(mut self, outcome: Outcome) {
        if let Some(permit) = self.permit.take() {
            self.live.change(|breaker, now| breaker.record(now, permit, outcome));
        }
    }

    /// The service asked us to wait: nobody calls it before `wait` is over.
    pub fn throttle(self, wait: Duration) {
        let until = Instant::now() + wait;
        {
            let mut throttled = lock(&self.live.throttled_until);
            *throttled = Some(throttled.map_or(until, |known| known.max(until)));
        }
        self.record(Outcome::Throttled);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.live.change(|breaker, now| breaker.release(now, permit));
        }
    }
}

/// Keeps a gate in service; held by the breaker's actor. Dropping it turns callers away.
pub struct Keeper {
    gate: Gate,
    live: Arc<Live>,
}

impl Keeper {
    pub fn view(&self) -> View {
        self.live.change(|breaker, now| breaker.view(now))
    }

    /// How much longer callers wait because the service asked for it.
    pub fn throttled_for(&self) -> Option<Duration> {
        self.live.throttled_for()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // A successor may have installed itself already.
        let ours = Arc::as_ptr(&self.live);
        let is_ours = self.gate.0.load().as_ref().is_some_and(|live| Arc::as_ptr(live) == ours);
        if is_ours {
            self.gate.0.store(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn fail(gate: &Gate, times: usize) {
        for _ in 0..times {
            gate.admit().expect("admitted").record(Outcome::Failed);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_its_keeper_a_gate_turns_everybody_away() {
        let gate = Gate::new();
        assert_eq!(gate.admit().err(), Some(TurnedAway::Unavailable));

        let keeper = gate.install(Rules::default(), |_| {});
        assert!(gate.admit().is_ok());
        drop(keeper);

        assert_eq!(gate.admit().err(), Some(TurnedAway::Unavailable));
    }

    #[tokio::test(start_paused = true)]
    async fn a_restart_starts_closed_and_old_results_do_not_count() {
        let gate = Gate::new();
        let first = gate.install(Rules::default(), |_| {});
        let old: Vec<_> = (0..10).map(|_| gate.admit().unwrap()).collect();
        fail(&gate, 5);
        assert!(gate.admit().is_err());

        let _second = gate.install(Rules::default(), |_| {});
        drop(first);
        old.into_iter().for_each(|permit| permit.record(Outcome::Failed));

        assert!(gate.admit().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn changes_of_state_are_told_once_each() {
        let (tell, told) = mpsc::channel();
        let gate = Gate::new();
        let _keeper = gate.install(Rules::default(), move |state| tell.send(state).unwrap());

        fail(&gate, 5);
        tokio::time::advance(Duration::from_secs(34)).await;
        let probe = gate.admit().unwrap();
        assert!(matches!(gate.admit().err(), Some(TurnedAway::Open { .. })));
        probe.record(Outcome::Succeeded);

        assert_eq!(told.try_iter().collect::<Vec<_>>(), [State::Open, State::HalfOpen, State::Closed]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_probe_frees_its_place() {
        let gate = Gate::new();
        let _keeper = gate.install(Rules::default(), |_| {});
        fail(&gate, 5);
        tokio::time::advance(Duration::from_secs(34)).await;

        drop(gate.admit().unwrap());

        assert!(gate.admit().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_service_is_left_alone_by_everybody() {
        let gate = Gate::new();
        let _keeper = gate.install(Rules::default(), |_| {});

        gate.admit().unwrap().throttle(Duration::from_secs(3));

        assert!(matches!(gate.admit().err(), Some(TurnedAway::Throttled { .. })));
        tokio::time::advance(Duration::from_millis(2_999)).await;
        assert!(gate.admit().is_err());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(gate.admit().is_ok());
    }
}

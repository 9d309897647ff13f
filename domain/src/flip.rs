//! When a service's status changes.
//!
//! ```text
//!    up -- bad --> pending -- bad --> down
//!     ^               |                 |
//!     +---- good -----+                 |
//!     +--- good, and good once more ----+
//! ```
//!
//! One bad probe is shown at once but is not yet an outage, and one good probe is not yet a
//! recovery, so a flapping service does not flicker between up and down. What is our own
//! fault says nothing about the service: its status is unknown, never down.

use std::time::Duration;

use crate::service::ServiceStatus;

/// What one probe says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    Good,
    Bad,
    /// We could not even look: out of sockets, a bug of ours.
    OwnFault,
}

/// What follows from a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub status: ServiceStatus,
    /// Whether the status is another one than before.
    pub changed: bool,
    /// Look again already after this and not only after the interval.
    pub look_again_in: Option<Duration>,
}

/// The status of one service as its probes come in.
#[derive(Debug, Clone)]
pub struct Flip {
    status: ServiceStatus,
    /// Whether the last probe of a service that is down was good.
    recovering: bool,
}

/// How soon a recovery is confirmed, at the latest.
const CONFIRM_AFTER: Duration = Duration::from_secs(2);

impl Flip {
    /// Goes on from the status that is known, such as the one in the store.
    pub fn new(status: ServiceStatus) -> Self {
        Self { status, recovering: false }
    }

    pub fn status(&self) -> ServiceStatus {
        self.status
    }

    /// Takes in the next probe of a service that is probed every `interval`.
    pub fn observe(&mut self, verdict: Verdict, interval: Duration) -> Step {
        use ServiceStatus::{Down, Pending, Unknown, Up};
        let was_recovering = std::mem::take(&mut self.recovering);
        let status = match (self.status, verdict) {
            (_, Verdict::OwnFault) => Unknown,
            (Down, Verdict::Good) if !was_recovering => {
                self.recovering = true;
                Down
            }
            (_, Verdict::Good) => Up,
            (Pending | Down, Verdict::Bad) => Down,
            (_, Verdict::Bad) => Pending,
        };
        let changed = self.settle(status);
        let look_again_in = self.recovering.then(|| interval.min(CONFIRM_AFTER));
        Step { status, changed, look_again_in }
    }

    /// Nothing was heard of the probes for too long.
    ///
    /// Returns whether the status changed.
    pub fn go_stale(&mut self) -> bool {
        self.recovering = false;
        self.settle(ServiceStatus::Unknown)
    }

    fn settle(&mut self, status: ServiceStatus) -> bool {
        std::mem::replace(&mut self.status, status) != status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs probes, `+` good, `-` bad, `?` our own fault, and writes the status after each.
    fn run(start: ServiceStatus, probes: &str) -> String {
        let mut flip = Flip::new(start);
        probes
            .chars()
            .map(|probe| {
                let verdict = match probe {
                    '+' => Verdict::Good,
                    '-' => Verdict::Bad,
                    _ => Verdict::OwnFault,
                };
                let before = flip.status();
                let step = flip.observe(verdict, Duration::from_secs(30));
                assert_eq!(step.changed, step.status != before);
                match step.status {
                    ServiceStatus::Up => 'U',
                    ServiceStatus::Pending => 'p',
                    ServiceStatus::Down => 'D',
                    ServiceStatus::Unknown => '?',
                    other => panic!("{other} is not for a probe to say"),
                }
            })
            .collect()
    }

    #[test]
    fn two_bad_probes_are_an_outage_and_two_good_ones_end_it() {
        use ServiceStatus::{Down, Maintenance, Paused, Pending, Unknown, Up};
        for (start, probes, statuses) in [
            (Unknown, "+", "U"),
            (Unknown, "--", "pD"),
            (Up, "-+", "pU"),
            (Up, "---", "pDD"),
            (Up, "--+-+", "pDDDD"),
            (Up, "--++", "pDDU"),
            (Up, "--+-++", "pDDDDU"),
            (Up, "-+-+-+", "pUpUpU"),
            (Up, "?+", "?U"),
            (Up, "-?-", "p?p"),
            (Down, "?+", "?U"),
            (Down, "++", "DU"),
            (Down, "-", "D"),
            (Down, "+?", "D?"),
            (Pending, "-", "D"),
            (Pending, "+", "U"),
            (Paused, "+", "U"),
            (Paused, "-", "p"),
            (Maintenance, "+", "U"),
        ] {
            assert_eq!(run(start, probes), statuses, "{start} {probes}");
        }
    }

    #[test]
    fn a_recovery_is_confirmed_soon() {
        for (interval, soon) in [(1, 1), (2, 2), (60, 2)] {
            let mut flip = Flip::new(ServiceStatus::Down);

            let step = flip.observe(Verdict::Good, Duration::from_secs(interval));

            assert_eq!(step.look_again_in, Some(Duration::from_secs(soon)));
            assert_eq!(flip.observe(Verdict::Good, Duration::from_secs(interval)).look_again_in, None);
        }
    }

    #[test]
    fn silence_is_reported_once() {
        let mut flip = Flip::new(ServiceStatus::Up);

        assert!(flip.go_stale());
        assert!(!flip.go_stale());
        assert_eq!(flip.status(), ServiceStatus::Unknown);
    }
}

//! How long the next restart waits.

use std::time::Duration;

use rand::Rng;

use super::Backoff;

impl Backoff {
    /// The wait before a restart that follows `failures` others in a row: none before
    /// the first, so that a rare crash costs nobody anything.
    pub(crate) fn delay(&self, failures: u32) -> Duration {
        self.longest(failures).mul_f64(rand::rng().random_range(0.5..=1.0))
    }

    /// The same without jitter, which only ever shortens it.
    fn longest(&self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else { return Duration::ZERO };
        let wanted = self.initial.as_secs_f64() * self.factor.powi(doublings.min(1_000) as i32);
        Duration::from_secs_f64(wanted.min(self.max.as_secs_f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_restart_is_immediate_and_the_others_wait_up_to_the_maximum() {
        let backoff = Backoff::default();

        let longest: Vec<u128> = (0..9).map(|failures| backoff.longest(failures).as_millis()).collect();

        assert_eq!(longest, [0, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(backoff.longest(u32::MAX), backoff.max);
    }

    #[test]
    fn jitter_takes_at_most_half() {
        let backoff = Backoff::default();

        for _ in 0..200 {
            let delay = backoff.delay(4);

            assert!(
                (Duration::from_millis(800)..=Duration::from_millis(1_600)).contains(&delay),
                "{delay:?}"
            );
        }
    }
}

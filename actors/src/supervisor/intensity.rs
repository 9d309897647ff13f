//! How many restarts are too many.

use std::time::Duration;

use tokio::time::Instant;

/// The restarts of the last `period`: *more* than `intensity` of them are a meltdown.
///
/// A strike ages only while whoever caused it could run. The pause before a restart is
/// taken out with [`Window::pause`], or else a long enough backoff would stretch a crash
/// loop until it no longer counts as one.
///
/// Source of the rule: OTP's `supervisor`, where a restart counts as long as
/// `now <= then + period`.
#[derive(Debug, Clone)]
pub struct Window {
    intensity: u32,
    period: Duration,
    strikes: Vec<Strike>,
}

#[derive(Debug, Clone)]
struct Strike {
    who: u64,
    at: Instant,
}

/// What one more restart means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    Meltdown,
}

impl Window {
    pub const fn new(intensity: u32, period: Duration) -> Self {
        Self { intensity, period, strikes: Vec::new() }
    }

    /// `who` needs a restart at `now`.
    pub fn strike(&mut self, who: u64, now: Instant) -> Verdict {
        self.forget_old(now);
        self.strikes.push(Strike { who, at: now });
        if self.strikes.len() > self.intensity as usize { Verdict::Meltdown } else { Verdict::Allowed }
    }

    /// `who` has been kept waiting for `pause`: its strikes did not age meanwhile.
    pub fn pause(&mut self, who: u64, pause: Duration) {
        for strike in self.strikes.iter_mut().filter(|strike| strike.who == who) {
            strike.at += pause;
        }
    }

    /// How many restarts count at `now`.
    pub fn used(&self, now: Instant) -> u32 {
        self.strikes.iter().filter(|strike| self.counts(strike, now)).count() as u32
    }

    /// Starts over.
    pub fn clear(&mut self) {
        self.strikes.clear();
    }

    fn forget_old(&mut self, now: Instant) {
        let mut strikes = std::mem::take(&mut self.strikes);
        strikes.retain(|strike| self.counts(strike, now));
        self.strikes = strikes;
    }

    fn counts(&self, strike: &Strike, now: Instant) -> bool {
        now.saturating_duration_since(strike.at) <= self.period
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(10);

    /// Strikes of one child at these milliseconds; answers when it melted down, if it did.
    fn meltdown_at(intensity: u32, strikes: &[u64]) -> Option<u64> {
        let start = Instant::now();
        let mut window = Window::new(intensity, PERIOD);
        strikes
            .iter()
            .copied()
            .find(|at| window.strike(1, start + Duration::from_millis(*at)) == Verdict::Meltdown)
    }

    #[test]
    fn only_more_restarts_than_the_intensity_are_a_meltdown() {
        let table: &[(u32, &[u64], Option<u64>)] = &[
            (1, &[0], None),
            (1, &[0, 1], Some(1)),
            (3, &[0, 1, 2], None),
            (3, &[0, 1, 2, 3], Some(3)),
            // A restart that is exactly one period old still counts, a later one does not.
            (1, &[0, 10_000], Some(10_000)),
            (1, &[0, 10_001], None),
            (2, &[0, 6_000, 10_001], None),
            (2, &[0, 6_000, 10_001, 16_000], Some(16_000)),
            (2, &[0, 6_000, 10_001, 16_001, 20_002, 26_002], None),
        ];

        for (intensity, strikes, expected) in table {
            assert_eq!(meltdown_at(*intensity, strikes), *expected, "{intensity} in 10 s, at {strikes:?}");
        }
    }

    #[test]
    fn a_pause_before_a_restart_does_not_age_what_led_to_it() {
        let start = Instant::now();
        let mut window = Window::new(3, PERIOD);
        let mut now = start;

        let mut verdicts = Vec::new();
        for pause in [9, 9, 9, 9] {
            verdicts.push(window.strike(1, now));
            window.pause(1, Duration::from_secs(pause));
            now += Duration::from_secs(pause);
        }

        assert_eq!(verdicts.last(), Some(&Verdict::Meltdown), "36 s of waiting hid the crash loop");
    }

    #[test]
    fn the_pause_of_one_child_does_not_keep_the_strikes_of_another_young() {
        let start = Instant::now();
        let mut window = Window::new(2, PERIOD);
        window.strike(1, start);
        window.strike(2, start);

        window.pause(2, Duration::from_secs(8));

        let later = start + Duration::from_secs(11);
        assert_eq!(window.used(later), 1);
        assert_eq!(window.strike(3, later), Verdict::Allowed);
    }

    #[test]
    fn any_sequence_agrees_with_counting_by_hand() {
        // A small generator instead of a dependency: the sequence is fixed by its seed.
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = move |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };

        for _ in 0..500 {
            let intensity = 1 + random(5) as u32;
            let start = Instant::now();
            let mut window = Window::new(intensity, PERIOD);
            let mut by_hand: Vec<(u64, u64)> = Vec::new();
            let mut now = 0;
            for _ in 0..60 {
                now += random(4_000);
                let who = random(3);
                if random(4) == 0 {
                    let pause = random(3_000);
                    window.pause(who, Duration::from_millis(pause));
                    by_hand.iter_mut().filter(|(other, _)| *other == who).for_each(|(_, at)| *at += pause);
                    now += pause;
                }

                let verdict = window.strike(who, start + Duration::from_millis(now));

                by_hand.retain(|(_, at)| now.saturating_sub(*at) <= 10_000);
                by_hand.push((who, now));
                let expected =
                    if by_hand.len() > intensity as usize { Verdict::Meltdown } else { Verdict::Allowed };
                assert_eq!(verdict, expected);
                assert_eq!(window.used(start + Duration::from_millis(now)) as usize, by_hand.len());
            }
        }
    }

    #[test]
    fn a_cleared_window_starts_over() {
        let now = Instant::now();
        let mut window = Window::new(1, PERIOD);
        window.strike(1, now);

        window.clear();

        assert_eq!(window.strike(1, now), Verdict::Allowed);
        assert_eq!(window.used(now), 1);
    }
}

//! The newest beats of a status page.

use std::time::Duration;

use domain::Timestamp;
use domain::monitor::MonitorBar;
use domain::service::ServiceStatus;
use integrations::uptime_kuma::Beat;

use crate::monitor_board::DAY_BARS;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// The page is cached for a minute, and push monitors are late by another.
const LATE: Duration = Duration::from_secs(150);

/// How it is by its last beat, and since when; unknown without one.
pub(super) fn latest(beats: &[Beat]) -> (ServiceStatus, Option<Timestamp>) {
    let Some(last) = beats.last() else { return (ServiceStatus::Unknown, None) };
    let same = beats.iter().rev().take_while(|beat| beat.state == last.state);
    (last.state.status(), same.last().map(|beat| beat.at))
}

/// Whether three beats in a row did not come.
pub(super) fn is_old(beats: &[Beat], now: Timestamp) -> bool {
    let Some(last) = beats.last() else { return true };
    let mut gaps: Vec<Duration> = beats.windows(2).map(|pair| pair[0].at.until(pair[1].at)).collect();
    gaps.sort();
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or(Duration::from_secs(60));
    last.at.until(now) > usual * 3 + LATE
}

/// The bars of the last day: our own, and where we saw nothing what the beats say.
pub(super) fn merge_day(own: Vec<MonitorBar>, beats: &[Beat], now: Timestamp) -> Vec<MonitorBar> {
    let mut bars = own;
    bars.resize(DAY_BARS, MonitorBar::default());
    let is_empty = |bar: &MonitorBar| bar.up + bar.pending + bar.down + bar.maintenance == 0;
    let empty: Vec<bool> = bars.iter().map(is_empty).collect();
    let width = DAY / DAY_BARS as u32;
    for beat in beats {
        let age = beat.at.until(now);
        if age >= DAY {
            continue;
        }
        let at = DAY_BARS - 1 - (age.as_millis() / width.as_millis()) as usize;
        if !empty[at] {
            continue;
        }
        match beat.state.status() {
            ServiceStatus::Up => bars[at].up += 1,
            ServiceStatus::Pending => bars[at].pending += 1,
            ServiceStatus::Down => bars[at].down += 1,
            ServiceStatus::Maintenance => bars[at].maintenance += 1,
            ServiceStatus::Paused | ServiceStatus::Unknown => {}
        }
    }
    bars
}

#[cfg(test)]
mod tests {
    use integrations::uptime_kuma::State;

    use super::*;

    fn beats(now: Timestamp, ages: &[(u64, State)]) -> Vec<Beat> {
        let beat =
            |&(age, state): &(u64, State)| Beat { state, at: now - Duration::from_secs(age), ping: None };
        ages.iter().map(beat).collect()
    }

    #[test]
    fn the_last_beat_says_how_it_is_and_since_when() {
        let now = Timestamp::now();
        let list = beats(now, &[(90, State::Up), (60, State::Down), (30, State::Down), (5, State::Down)]);

        assert_eq!(latest(&list), (ServiceStatus::Down, Some(now - Duration::from_secs(60))));
        assert_eq!(latest(&[]), (ServiceStatus::Unknown, None));
    }

    #[test]
    fn a_beat_that_is_long_overdue_is_old() {
        let now = Timestamp::now();
        let every_minute =
            |last: u64| beats(now, &[(last + 120, State::Up), (last + 60, State::Up), (last, State::Up)]);

        assert!(!is_old(&every_minute(200), now));
        assert!(is_old(&every_minute(400), now));
        assert!(is_old(&[], now));
        assert!(!is_old(&beats(now, &[(7200, State::Up), (3600, State::Up), (1, State::Up)]), now));
    }

    #[test]
    fn beats_fill_only_the_bars_that_we_have_not() {
        let now = Timestamp::now();
        let seen = MonitorBar { up: 3, ..MonitorBar::default() };
        let mut own = vec![MonitorBar::default(); DAY_BARS];
        own[DAY_BARS - 1] = seen;
        let list = beats(
            now,
            &[(200_000, State::Down), (3000, State::Down), (2900, State::Maintenance), (10, State::Down)],
        );

        let day = merge_day(own, &list, now);

        assert_eq!(day[DAY_BARS - 1], seen);
        assert_eq!(day[DAY_BARS - 2], MonitorBar { down: 1, maintenance: 1, ..MonitorBar::default() });
        assert!(day[..DAY_BARS - 2].iter().all(|bar| *bar == MonitorBar::default()));
    }
}

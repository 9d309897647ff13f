//! How long to wait before the socket is tried again.

use std::time::Duration;

/// The longest wait: by then the household compares once a minute anyway.
const LONGEST: Duration = Duration::from_secs(120);

/// 1, 2, 4 … seconds after the first, second, third failure in a row, less up to a half, so
/// that the portals of a household do not come at once. `roll` is drawn evenly from 0 to 1.
pub(super) fn wait_before(failures: u32, roll: f64) -> Duration {
    let full = Duration::from_secs(1 << failures.min(10)).min(LONGEST);
    full.mul_f64(1.0 - roll.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_two_minutes_with_some_chance() {
        for (failures, roll, seconds) in
            [(0, 0.0, 1.0), (0, 1.0, 0.5), (3, 0.0, 8.0), (9, 0.0, 120.0), (4000, 1.0, 60.0)]
        {
            assert_eq!(wait_before(failures, roll).as_secs_f64(), seconds, "{failures} {roll}");
        }
    }
}

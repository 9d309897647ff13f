//! How often and how soon a failed call to an outside service is tried again.
//!
//! The retry loop is outside of the circuit breaker: every attempt asks the breaker, and an
//! open breaker ends the loop (`trust.md` section 2.4). Time and chance are passed in.

use std::time::Duration;

use time::{OffsetDateTime, PrimitiveDateTime, format_description::well_known::Rfc2822};

use crate::Timestamp;

/// The longest `Retry-After` that is honoured; what asks for more is asked again after this.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(300);

/// How patient a caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// A person waits for the page: 1.8 s in all, at most one retry.
    Interactive,
    /// Nobody waits: three retries, 1 s to 10 s apart.
    Background,
}

impl Profile {
    /// How long a call may take in all, with its retries and the waits between them.
    pub fn total(self) -> Duration {
        match self {
            Profile::Interactive => Duration::from_millis(1800),
            Profile::Background => Duration::from_secs(120),
        }
    }

    /// How long a single attempt may take; less when [`Profile::total`] ends before.
    pub fn attempt(self) -> Duration {
        match self {
            Profile::Interactive => Duration::from_millis(1500),
            Profile::Background => Duration::from_secs(15),
        }
    }

    /// How many attempts may follow the first.
    pub fn retries(self) -> u32 {
        match self {
            Profile::Interactive => 1,
            Profile::Background => 3,
        }
    }

    /// The wait before retry number `n`, counted from 0, with full jitter: `roll` is drawn
    /// evenly from 0 to 1.
    pub fn wait(self, n: u32, roll: f64) -> Duration {
        let roll = roll.clamp(0.0, 1.0);
        match self {
            Profile::Interactive => Duration::from_millis(50) + Duration::from_millis(200).mul_f64(roll),
            Profile::Background => {
                let longest = Duration::from_secs(1 << n.min(4)).min(Duration::from_secs(10));
                longest.mul_f64(roll)
            }
        }
    }
}

/// How long to wait as a `Retry-After` header says: seconds, or a date (RFC 9110, 10.2.3).
/// At most five minutes; nothing when the text is neither.
pub fn parse_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // A number too large to read is certainly more than five minutes.
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds.min(LONGEST_RETRY_AFTER.as_secs())));
    }
    let date = parse_http_date(text)?;
    Some(now.until(date).min(LONGEST_RETRY_AFTER))
}

fn parse_http_date(text: &str) -> Option<Timestamp> {
    // The usual form ends with GMT; the asctime form has no zone at all.
    let date = OffsetDateTime::parse(text, &Rfc2822).ok().or_else(|| {
        let asctime = time::format_description::parse_borrowed::<2>(
            "[weekday repr:short] [month repr:short] [day padding:space] [hour]:[minute]:[second] [year]",
        )
        .ok()?;
        PrimitiveDateTime::parse(text, &asctime).ok().map(PrimitiveDateTime::assume_utc)
    })?;
    Some(Timestamp::from_millis(date.unix_timestamp() * 1000))
}

/// How many retries one outside service is worth: a fifth of the calls and three a minute.
///
/// Without it a service that is down gets several times its usual load, from everybody at once.
#[derive(Debug, Clone)]
pub struct RetryBudget {
    /// In hundredths of a retry, so that nothing is lost to rounding.
    hundredths: u64,
    refilled_at: Duration,
}

impl RetryBudget {
    const MOST: u64 = 10 * 100;
    const PER_CALL: u64 = 20;
    /// Three a minute.
    const MILLIS_PER_HUNDREDTH: u64 = 200;

    /// A budget of three retries to begin with. `now` is the time since some start.
    pub fn new(now: Duration) -> Self {
        Self { hundredths: 300, refilled_at: now }
    }

    /// A first attempt is made.
    pub fn on_call(&mut self) {
        self.hundredths = (self.hundredths + Self::PER_CALL).min(Self::MOST);
    }

    /// Takes one retry, if there is one.
    pub fn take(&mut self, now: Duration) -> bool {
        let passed = now.saturating_sub(self.refilled_at).as_millis() as u64 / Self::MILLIS_PER_HUNDREDTH;
        self.hundredths = (self.hundredths + passed).min(Self::MOST);
        self.refilled_at += Duration::from_millis(passed * Self::MILLIS_PER_HUNDREDTH);
        if self.hundredths < 100 {
            return false;
        }
        self.hundredths -= 100;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_within_their_profile() {
        for (profile, n, shortest, longest) in [
            (Profile::Interactive, 0, 50, 250),
            (Profile::Background, 0, 0, 1_000),
            (Profile::Background, 1, 0, 2_000),
            (Profile::Background, 2, 0, 4_000),
            (Profile::Background, 30, 0, 10_000),
        ] {
            assert_eq!(profile.wait(n, 0.0), Duration::from_millis(shortest));
            assert_eq!(profile.wait(n, 1.0), Duration::from_millis(longest));
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_at_most_five_minutes() {
        // Sun, 22 Nov 2026 17:30:00 GMT.
        let now = Timestamp::from_millis(1_795_368_600_000);
        for (text, seconds) in [
            ("3", Some(3)),
            (" 120 ", Some(120)),
            ("0", Some(0)),
            ("86400", Some(300)),
            ("99999999999999999999999", Some(300)),
            ("Sun, 22 Nov 2026 17:30:42 GMT", Some(42)),
            ("Sun Nov 22 17:30:42 2026", Some(42)),
            ("Sun, 22 Nov 2026 17:29:00 GMT", Some(0)),
            ("Mon, 23 Nov 2026 17:30:00 GMT", Some(300)),
            ("", None),
            ("-1", None),
            ("soon", None),
            ("1.5", None),
        ] {
            assert_eq!(parse_retry_after(text, now), seconds.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn the_budget_is_a_fifth_of_the_calls_and_three_a_minute() {
        let mut budget = RetryBudget::new(Duration::ZERO);
        let take_all = |budget: &mut RetryBudget, now| (0..100).filter(|_| budget.take(now)).count();

        assert_eq!(take_all(&mut budget, Duration::ZERO), 3);
        (0..20).for_each(|_| budget.on_call());
        assert_eq!(take_all(&mut budget, Duration::ZERO), 4);
        assert_eq!(take_all(&mut budget, Duration::from_secs(60)), 3);
        assert_eq!(take_all(&mut budget, Duration::from_secs(79)), 0);
        assert_eq!(take_all(&mut budget, Duration::from_secs(80)), 1);
        assert_eq!(take_all(&mut budget, Duration::from_secs(80_000)), 10, "it does not pile up");
    }
}

//! Cursors of the event stream.

use std::fmt;
use std::str::FromStr;

use domain::Timestamp;
use domain::user::Invalid;

/// `<milliseconds>-<n>`: the hub's start and a count when we are alone, the id in the Redis
/// Stream otherwise. Both order the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EventId {
    pub millis: u64,
    pub n: u64,
}

impl EventId {
    /// The id before the first event of a hub that starts now.
    pub fn generation(start: Timestamp) -> Self {
        Self { millis: start.as_millis().max(0) as u64, n: 0 }
    }

    pub fn next(self) -> Self {
        Self { millis: self.millis, n: self.n + 1 }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.n)
    }
}

impl FromStr for EventId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parts = text.split_once('-').and_then(|(millis, n)| Some((number(millis)?, number(n)?)));
        parts.map(|(millis, n)| Self { millis, n }).ok_or(Invalid("not an event id"))
    }
}

/// Digits only: `u64::from_str` would also take a plus sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_plain_numbers_are_an_id() {
        assert_eq!("17-4".parse(), Ok(EventId { millis: 17, n: 4 }));
        for text in ["", "-", "17", "17-", "-4", "+17-4", "17-4-1", "a-b", "99999999999999999999-1", "17-4\n"]
        {
            assert!(text.parse::<EventId>().is_err(), "{text:?} was accepted");
        }
    }
}

//! How a monitor is, and the times of Uptime Kuma.

use domain::Timestamp;
use domain::service::ServiceStatus;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error;

/// What a monitor found. Paused has no number: such a monitor is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Down,
    Up,
    /// It failed and is tried again.
    Pending,
    Maintenance,
    /// A number that this version does not know.
    Other(i64),
}

impl State {
    pub fn from_number(number: i64) -> Self {
        match number {
            0 => State::Down,
            1 => State::Up,
            2 => State::Pending,
            3 => State::Maintenance,
            other => State::Other(other),
        }
    }

    pub fn status(self) -> ServiceStatus {
        match self {
            State::Down => ServiceStatus::Down,
            State::Up => ServiceStatus::Up,
            State::Pending => ServiceStatus::Pending,
            State::Maintenance => ServiceStatus::Maintenance,
            State::Other(_) => ServiceStatus::Unknown,
        }
    }

    /// The one of the two for which somebody should look sooner.
    pub(super) fn worse(self, other: Self) -> Self {
        if other.gravity() > self.gravity() { other } else { self }
    }

    fn gravity(self) -> u8 {
        match self {
            State::Down => 4,
            State::Pending => 3,
            State::Other(_) => 2,
            State::Maintenance => 1,
            State::Up => 0,
        }
    }
}

/// `2026-11-22 15:27:00.151`, with or without the fraction, is in UTC; what has a zone is RFC 3339.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let read = |text: &str| {
        let deserializer: serde::de::value::StrDeserializer<'_, Error> = text.into_deserializer();
        Timestamp::deserialize(deserializer).ok()
    };
    match text.split_once(' ') {
        Some((day, clock)) => read(&format!("{day}T{clock}Z")),
        None => read(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_utc_with_or_without_a_fraction() {
        for (text, expected) in [
            ("2026-11-22 15:27:00.151", Some("2026-11-22T15:27:00.151Z")),
            ("2026-11-22 15:27:00", Some("2026-11-22T15:27:00Z")),
            ("2026-11-22T16:27:00+01:00", Some("2026-11-22T15:27:00Z")),
            ("2026-11-22", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(time(text).map(Timestamp::to_rfc3339).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_state_is_unknown_and_keeps_its_number() {
        assert_eq!(State::from_number(3), State::Maintenance);
        assert_eq!(State::from_number(9), State::Other(9));
        assert_eq!(State::Other(9).status(), ServiceStatus::Unknown);
    }
}

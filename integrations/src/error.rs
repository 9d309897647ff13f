//! Failures of the outside, as the rest of the portal sees them.

use std::sync::Arc;
use std::time::Duration;

use crate::breaker::{Outcome, TurnedAway};

/// Why an outside service did not give what was asked of it. `service` is its name. The text
/// never holds an address, a token or a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The breaker's actor is not running; nothing was sent.
    #[error("{service} is not connected at the moment")]
    Unavailable { service: Arc<str> },
    /// The breaker is open; nothing was sent.
    #[error("{service} failed too often and is left alone for {}", seconds(*retry_in))]
    CircuitOpen { service: Arc<str>, retry_in: Duration },
    #[error("{service} asks us to wait {}", seconds(*retry_in))]
    Throttled { service: Arc<str>, retry_in: Duration },
    #[error("{service} did not answer within {}", seconds(*after))]
    TimedOut { service: Arc<str>, after: Duration },
    /// No connection: refused, no such name, no route.
    #[error("{service} could not be reached: {reason}")]
    Unreachable { service: Arc<str>, reason: String },
    /// The connection cannot be trusted. Trying again does not help.
    #[error("{service} cannot be trusted: {reason}")]
    Certificate { service: Arc<str>, reason: String },
    /// The connection ended in the middle of an answer.
    #[error("{service} broke off its answer")]
    BrokenOff { service: Arc<str> },
    /// 5xx.
    #[error("{service} answered {status}")]
    Failed { service: Arc<str>, status: u16, retry_after: Option<Duration> },
    /// 401 or 403: our key or token is wrong or was revoked. The service itself is well.
    #[error("{service} does not accept our key ({status})")]
    AccessDenied { service: Arc<str>, status: u16 },
    /// Any other 4xx: we asked wrongly, or the thing is not there.
    #[error("{service} refused the request ({status})")]
    Refused { service: Arc<str>, status: u16 },
    #[error("{service} redirected us to another place")]
    Redirected { service: Arc<str> },
    #[error("the answer of {service} is too large: more than {}", size(*limit))]
    TooLarge { service: Arc<str>, limit: usize },
    /// Not the JSON that its contract promises.
    #[error("{service} gave an answer that makes no sense: {reason}")]
    Garbled { service: Arc<str>, reason: String },
    /// Our own mistake, such as a request that cannot be built.
    #[error("could not ask {service}: {reason}")]
    Internal { service: Arc<str>, reason: String },
}

impl Error {
    pub(crate) fn turned_away(service: &Arc<str>, why: TurnedAway) -> Self {
        let service = service.clone();
        match why {
            TurnedAway::Unavailable => Error::Unavailable { service },
            TurnedAway::Open { retry_in } => Error::CircuitOpen { service, retry_in },
            TurnedAway::Throttled { retry_in } => Error::Throttled { service, retry_in },
        }
    }

    /// Whether this says that the service is unwell, rather than that we asked wrongly.
    pub fn is_outage(&self) -> bool {
        match self {
            Error::Unavailable { .. }
            | Error::CircuitOpen { .. }
            | Error::TimedOut { .. }
            | Error::Unreachable { .. }
            | Error::Certificate { .. }
            | Error::BrokenOff { .. }
            | Error::Failed { .. }
            | Error::Redirected { .. }
            | Error::TooLarge { .. }
            | Error::Garbled { .. } => true,
            Error::Throttled { .. }
            | Error::AccessDenied { .. }
            | Error::Refused { .. }
            | Error::Internal { .. } => false,
        }
    }

    /// When asking again may help, where the service or the breaker said so.
    pub fn retry_in(&self) -> Option<Duration> {
        match self {
            Error::CircuitOpen { retry_in, .. } | Error::Throttled { retry_in, .. } => Some(*retry_in),
            Error::Failed { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether another attempt of the same call may end differently within seconds.
    pub(crate) fn is_worth_retrying(&self) -> bool {
        matches!(
            self,
            Error::Throttled { .. }
                | Error::TimedOut { .. }
                | Error::Unreachable { .. }
                | Error::BrokenOff { .. }
                | Error::Failed { .. }
                | Error::Garbled { .. }
        )
    }

    /// What the breaker makes of it; nothing when no call was made (`trust.md` section 2.3).
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        match self {
            Error::Unavailable { .. } | Error::CircuitOpen { .. } | Error::Internal { .. } => None,
            Error::Throttled { .. } => Some(Outcome::Throttled),
            Error::TimedOut { .. } => Some(Outcome::TimedOut),
            Error::AccessDenied { .. } | Error::Refused { .. } => Some(Outcome::Succeeded),
            Error::Unreachable { .. }
            | Error::Certificate { .. }
            | Error::BrokenOff { .. }
            | Error::Failed { .. }
            | Error::Redirected { .. }
            | Error::TooLarge { .. }
            | Error::Garbled { .. } => Some(Outcome::Failed),
        }
    }
}

/// `8 MiB`, or `9 bytes`.
fn size(bytes: usize) -> String {
    let mib = bytes / (1024 * 1024);
    if mib > 0 { format!("{mib} MiB") } else { format!("{bytes} bytes") }
}

/// `2 s`, `1.8 s` or `0.4 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let tenths = (duration.as_secs_f64() * 10.0).ceil() / 10.0;
    format!("{tenths} s")
}

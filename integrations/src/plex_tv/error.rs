//! What plex.tv means when it refuses.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use super::wire;

/// Why plex.tv did not give what was asked of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// 401 (code 1001): the token is dead. Nothing else says so.
    #[error("plex.tv does not accept the token any more")]
    TokenRefused,
    /// 498: a token with an end has reached it. The person signs in again; the token is kept.
    #[error("the token for plex.tv has expired")]
    TokenExpired,
    /// 404 with code 1020: the PIN is over, or was made by another client.
    #[error("plex.tv does not know that code any more")]
    PinGone,
    /// 404 with any other code.
    #[error("plex.tv has nothing there")]
    NotThere,
    /// 410: a door that plex.tv has closed for good.
    #[error("plex.tv does not offer that any more")]
    Removed,
    /// 429 (code 1003).
    #[error("plex.tv asks us to wait")]
    Throttled { retry_in: Duration },
    /// Any other 4xx, such as code 1000, our identifier is missing: our own mistake.
    #[error("plex.tv refused the request ({status}, code {code})")]
    Refused { status: u16, code: i64 },
    /// plex.tv is away, unwell, or makes no sense.
    #[error(transparent)]
    Away(crate::Error),
}

impl Error {
    /// When asking again may help, where somebody said so.
    pub fn retry_in(&self) -> Option<Duration> {
        match self {
            Error::Throttled { retry_in } => Some(*retry_in),
            Error::Away(error) => error.retry_in(),
            _ => None,
        }
    }
}

impl From<crate::Error> for Error {
    fn from(error: crate::Error) -> Self {
        match error {
            crate::Error::Throttled { retry_in, .. } => Error::Throttled { retry_in },
            error => Error::Away(error),
        }
    }
}

/// Statuses after which plex.tv itself is well.
pub(super) fn is_an_answer(status: StatusCode) -> bool {
    status.is_client_error() && !matches!(status.as_u16(), 408 | 429)
}

pub(super) fn of(status: StatusCode, body: &Value) -> Error {
    let code = wire::error_code(body);
    match (status.as_u16(), code) {
        (401, _) => Error::TokenRefused,
        (498, _) => Error::TokenExpired,
        (404, Some(1020)) => Error::PinGone,
        (404, _) => Error::NotThere,
        (410, _) => Error::Removed,
        (status, code) => Error::Refused { status, code: code.unwrap_or_default() },
    }
}

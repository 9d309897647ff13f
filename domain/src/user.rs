//! People and what they may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::plex::PlexProfile;
use crate::{SessionId, Timestamp, UserId};

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, including people, services and the actor inspector.
    Admin,
    /// Their own dashboard, requests and downloads.
    User,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::User => "user",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "admin" => Ok(Role::Admin),
            "user" => Ok(Role::User),
            _ => Err(Invalid("role is admin or user")),
        }
    }
}

/// A person with an account. Everything in it may be shown to an admin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    pub id: UserId,
    pub username: String,
    pub email: Option<String>,
    pub role: Role,
    /// A disabled person can't sign in, and every session of theirs is dead.
    pub enabled: bool,
    pub created_at: Timestamp,
    pub last_login_at: Option<Timestamp>,
    /// Their account at plex.tv, when it is tied to this one.
    pub plex: Option<PlexProfile>,
}

/// Who makes a request, after the session or the API token was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentUser {
    pub id: UserId,
    pub username: String,
    pub role: Role,
    /// Absent for an API token.
    pub session: Option<SessionId>,
}

impl CurrentUser {
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }
}

/// Why a value was refused, in words for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub &'static str);

/// A checked user name: 2 to 64 characters, no control characters, no surrounding spaces.
///
/// Names are compared without case, so `Ana` and `ana` are one account ([`Username::key`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    pub const MAX_CHARS: usize = 64;

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which names are compared and rate limits are counted.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for Username {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let length = text.chars().count();
        if !(2..=Self::MAX_CHARS).contains(&length) {
            return Err(Invalid("a user name has 2 to 64 characters"));
        }
        if text.chars().any(is_invisible) {
            return Err(Invalid("a user name has no control or invisible characters"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Control characters, and those that change how their neighbours are drawn: a name made with
/// them could look like somebody else's.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Whether `text` may become a password: 8 to 1,024 bytes.
pub fn check_password(text: &str) -> Result<(), Invalid> {
    if text.chars().count() < 8 {
        return Err(Invalid("a password has at least 8 characters"));
    }
    if text.len() > 1024 {
        return Err(Invalid("a password has at most 1,024 bytes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_that_could_fool_somebody_are_refused() {
        for name in ["", "a", " a ", "an\na", "an\u{202e}a", "a\u{200b}na", &"x".repeat(65)] {
            assert!(name.parse::<Username>().is_err(), "{name:?} was accepted");
        }
        for (name, key) in [("Ana", "ana"), (" Zoë ", "zoë"), ("王小明", "王小明")] {
            assert_eq!(name.parse::<Username>().unwrap().key(), key);
        }
    }
}

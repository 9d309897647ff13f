//! How a finished download gets into Plex.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::user::Invalid;

/// Where a download is on its way into Plex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    pub state: ArrivalState,
    /// Why it does not get there, in words for a person.
    pub failure: Option<String>,
    /// The server that has it.
    pub machine: Option<String>,
    /// What opens there: the collection of a playlist, or the video.
    pub key: Option<String>,
    /// Whether `key` is that of a collection.
    pub is_collection: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArrivalState {
    /// Plex was told, or will be.
    Waiting,
    /// Every video that is done is there.
    There,
    /// Not without a person.
    Failed,
}

impl ArrivalState {
    pub const ALL: [ArrivalState; 3] = [ArrivalState::Waiting, ArrivalState::There, ArrivalState::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            ArrivalState::Waiting => "waiting",
            ArrivalState::There => "there",
            ArrivalState::Failed => "failed",
        }
    }
}

impl fmt::Display for ArrivalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ArrivalState {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(Invalid("not a state of arrival"))
    }
}

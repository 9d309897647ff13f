//! Films and series that members ask for.
//!
//! ```text
//!            decided in Overseerr or here          seen in Overseerr
//!   pending ------------------------> approved ------> processing ------> available
//!      |  \                              |                 |
//!      |   +--> declined                 +----> failed <---+
//!      +--> cancelled
//! ```
//!
//! What people see is a [`Stage`] of four: asked, approved, downloading, in Plex.

mod lattice;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::media::{ImagePath, MediaStatus, MediaType, TmdbId};
use crate::user::Invalid;
use crate::{RequestId, Timestamp, UserId};

pub use lattice::{Hint, RemoteRequest, Sighting};

/// Where a request is, in the words that the API uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestStatus {
    /// Somebody has to say yes or no.
    Pending,
    Approved,
    Declined,
    /// It is being downloaded.
    Processing,
    /// It is in the library.
    Available,
    /// Whoever should fetch it could not; see [`MediaRequest::problem`].
    Failed,
    /// Taken back before it came to anything.
    Cancelled,
}

impl RequestStatus {
    pub const ALL: [RequestStatus; 7] = [
        RequestStatus::Pending,
        RequestStatus::Approved,
        RequestStatus::Declined,
        RequestStatus::Processing,
        RequestStatus::Available,
        RequestStatus::Failed,
        RequestStatus::Cancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            RequestStatus::Pending => "pending",
            RequestStatus::Approved => "approved",
            RequestStatus::Declined => "declined",
            RequestStatus::Processing => "processing",
            RequestStatus::Available => "available",
            RequestStatus::Failed => "failed",
            RequestStatus::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more is expected to happen by itself.
    pub fn is_over(self) -> bool {
        matches!(self, RequestStatus::Declined | RequestStatus::Available | RequestStatus::Cancelled)
    }

    /// The step that it has reached. A request that stopped shows how far it came.
    pub fn stage(self) -> Stage {
        match self {
            RequestStatus::Pending | RequestStatus::Declined | RequestStatus::Cancelled => Stage::Asked,
            RequestStatus::Approved | RequestStatus::Failed => Stage::Approved,
            RequestStatus::Processing => Stage::Downloading,
            RequestStatus::Available => Stage::InPlex,
        }
    }
}

impl fmt::Display for RequestStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RequestStatus {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(Invalid(
            "status is one of pending, approved, declined, processing, available, failed, cancelled",
        ))
    }
}

/// The four steps of a request, in order, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Asked,
    Approved,
    Downloading,
    InPlex,
}

impl Stage {
    pub const ALL: [Stage; 4] = [Stage::Asked, Stage::Approved, Stage::Downloading, Stage::InPlex];
}

/// How much of a title has arrived, over all its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Bytes in all.
    pub size: u64,
    /// Bytes that are missing.
    pub left: u64,
    /// When the last file should be here.
    pub ready_at: Option<Timestamp>,
}

impl Transfer {
    /// Whole percent; 100 only when nothing is missing.
    pub fn percent(self) -> u8 {
        let done = self.size.saturating_sub(self.left);
        match self.size {
            0 => 0,
            size => (u128::from(done) * 100 / u128::from(size)) as u8,
        }
    }
}

/// One thing that one member asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MediaRequest {
    pub id: RequestId,
    /// Who asked.
    pub user: UserId,
    pub media_type: MediaType,
    pub tmdb_id: TmdbId,
    pub title: String,
    /// Of the first showing.
    pub year: Option<u16>,
    pub poster: Option<ImagePath>,
    /// Season numbers, ascending, 0 for the specials; empty for a film.
    pub seasons: Vec<u32>,
    pub is_4k: bool,
    pub status: RequestStatus,
    /// What the admin who declined it said.
    pub decline_reason: Option<String>,
    /// Who approved or declined it here; absent when that happened in Overseerr.
    pub decided_by: Option<UserId>,
    /// Why it goes no further, for a person: of a failed one, or of one that could not be handed
    /// to Overseerr.
    pub problem: Option<String>,
    /// Overseerr's number for it; absent while Overseerr does not know it.
    pub overseerr_id: Option<i64>,
    /// What the household has of the title in this quality.
    pub media: MediaStatus,
    /// A decision of ours that Overseerr does not know yet.
    pub step: Option<Step>,
    /// While it is being downloaded.
    pub transfer: Option<Transfer>,
    /// Plex's key of the title once it is there, for a link into our library.
    pub rating_key: Option<String>,
    /// How many others want it too.
    pub followers: u32,
    pub comments: u32,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When it became available, declined or cancelled.
    pub completed_at: Option<Timestamp>,
}

impl MediaRequest {
    pub fn stage(&self) -> Stage {
        self.status.stage()
    }

    /// `Dune (2021)`.
    pub fn name(&self) -> String {
        match self.year {
            Some(year) => format!("{} ({year})", self.title),
            None => self.title.clone(),
        }
    }
}

/// Something that Overseerr has to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    Submit,
    Approve,
    Decline,
    Retry,
    /// It was taken back.
    Withdraw,
}

impl Step {
    pub const ALL: [Step; 5] = [Step::Submit, Step::Approve, Step::Decline, Step::Retry, Step::Withdraw];

    pub fn as_str(self) -> &'static str {
        match self {
            Step::Submit => "submit",
            Step::Approve => "approve",
            Step::Decline => "decline",
            Step::Retry => "retry",
            Step::Withdraw => "withdraw",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Step {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|step| step.as_str() == text).ok_or(Invalid("not a step of a request"))
    }
}

/// What people are told of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum News {
    /// Somebody waits for a yes or no.
    Asked,
    Approved,
    Declined,
    Available,
    Failed,
    /// It was taken back.
    Cancelled,
    Commented,
}

impl News {
    pub const ALL: [News; 7] = [
        News::Asked,
        News::Approved,
        News::Declined,
        News::Available,
        News::Failed,
        News::Cancelled,
        News::Commented,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            News::Asked => "asked",
            News::Approved => "approved",
            News::Declined => "declined",
            News::Available => "available",
            News::Failed => "failed",
            News::Cancelled => "cancelled",
            News::Commented => "commented",
        }
    }

    /// The news in a move from one status to another; most steps forward are none.
    pub fn of_move(before: RequestStatus, after: RequestStatus) -> Option<Self> {
        use RequestStatus::{Approved, Available, Cancelled, Declined, Failed, Pending, Processing};
        match (before, after) {
            (before, after) if before == after => None,
            (Pending | Declined, Approved | Processing) => Some(News::Approved),
            (_, Declined) => Some(News::Declined),
            (_, Available) => Some(News::Available),
            (_, Failed) => Some(News::Failed),
            (_, Cancelled) => Some(News::Cancelled),
            _ => None,
        }
    }
}

impl FromStr for News {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|news| news.as_str() == text).ok_or(Invalid("no news of a request"))
    }
}

/// What somebody said about a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comment {
    pub id: String,
    pub request: RequestId,
    pub user: UserId,
    /// The name of that person.
    pub username: String,
    pub text: String,
    pub created_at: Timestamp,
}

/// How long a comment or a reason may be, in characters.
pub const LONGEST_COMMENT: usize = 2_000;
/// The most seasons in one request.
pub const MOST_SEASONS: usize = 200;
/// The highest season number: programmes that number seasons by year have thousands.
pub const HIGHEST_SEASON: u32 = 9_999;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_never_promises_too_much() {
        let percent = |size, left| Transfer { size, left, ready_at: None }.percent();

        assert_eq!(percent(0, 0), 0);
        assert_eq!(percent(1000, 1), 99);
        assert_eq!(percent(1000, 0), 100);
        assert_eq!(percent(1000, 2000), 0);
        assert_eq!(percent(u64::MAX, 1), 99);
    }

    #[test]
    fn every_word_is_read_back() {
        for status in RequestStatus::ALL {
            assert_eq!(status.as_str().parse::<RequestStatus>().unwrap(), status);
        }
        assert!("Pending".parse::<RequestStatus>().is_err());
        assert!(Step::ALL.iter().all(|step| step.as_str().parse() == Ok(*step)));
        assert!(News::ALL.iter().all(|news| news.as_str().parse() == Ok(*news)));
    }
}

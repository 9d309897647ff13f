//! Download jobs: one link that a member asked for, and the files that came of it.

mod arrival;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::user::Invalid;
use crate::{DownloadId, Timestamp, UserId};

pub use arrival::{Arrival, ArrivalState};

/// Where a job is, in the words that users and the API see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DownloadStatus {
    Queued,
    Running,
    Completed,
    Failed,
    Cancelled,
}

impl DownloadStatus {
    pub const ALL: [DownloadStatus; 5] = [
        DownloadStatus::Queued,
        DownloadStatus::Running,
        DownloadStatus::Completed,
        DownloadStatus::Failed,
        DownloadStatus::Cancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            DownloadStatus::Queued => "queued",
            DownloadStatus::Running => "running",
            DownloadStatus::Completed => "completed",
            DownloadStatus::Failed => "failed",
            DownloadStatus::Cancelled => "cancelled",
        }
    }

    /// Whether the job is over; a finished job moves again only when somebody retries it.
    pub fn is_over(self) -> bool {
        matches!(self, DownloadStatus::Completed | DownloadStatus::Failed | DownloadStatus::Cancelled)
    }
}

impl fmt::Display for DownloadStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DownloadStatus {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(Invalid("not a download status"))
    }
}

/// What a queued or running job is doing exactly; the second column of the state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Waiting for a slot.
    Waiting,
    /// Leased: yt-dlp runs or is about to.
    Downloading,
    /// Files are being moved into the library; see the contract in `store`.
    Publishing,
    /// Failed in a way that may pass; tried again at `run_at`.
    RetryWait,
    /// Too little room on the disk; goes on by itself when there is some.
    NoSpace,
    /// Completed, failed or cancelled.
    Over,
}

impl Phase {
    pub const ALL: [Phase; 6] = [
        Phase::Waiting,
        Phase::Downloading,
        Phase::Publishing,
        Phase::RetryWait,
        Phase::NoSpace,
        Phase::Over,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Waiting => "waiting",
            Phase::Downloading => "downloading",
            Phase::Publishing => "publishing",
            Phase::RetryWait => "retry_wait",
            Phase::NoSpace => "no_space",
            Phase::Over => "over",
        }
    }
}

impl FromStr for Phase {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == text).ok_or(Invalid("not a download phase"))
    }
}

/// A ready-made choice of quality and container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Preset {
    #[serde(rename = "best")]
    Best,
    #[serde(rename = "1080p")]
    Hd1080,
    #[serde(rename = "720p")]
    Hd720,
    #[serde(rename = "mp3")]
    Mp3,
    #[serde(rename = "m4a")]
    M4a,
    #[serde(rename = "mp4")]
    Mp4,
    #[serde(rename = "mkv")]
    Mkv,
}

impl Preset {
    pub const ALL: [Preset; 7] =
        [Preset::Best, Preset::Hd1080, Preset::Hd720, Preset::Mp4, Preset::Mkv, Preset::Mp3, Preset::M4a];

    pub fn as_str(self) -> &'static str {
        match self {
            Preset::Best => "best",
            Preset::Hd1080 => "1080p",
            Preset::Hd720 => "720p",
            Preset::Mp3 => "mp3",
            Preset::M4a => "m4a",
            Preset::Mp4 => "mp4",
            Preset::Mkv => "mkv",
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Preset {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.as_str() == text)
            .ok_or(Invalid("preset is one of best, 1080p, 720p, mp3, m4a, mp4, mkv"))
    }
}

/// What to download of a link: a preset, or one format that the probe listed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    Preset(Preset),
    Format(FormatId),
}

impl Choice {
    /// The form in which it is stored and compared: `preset:720p` or `format:137`.
    pub fn to_key(&self) -> String {
        match self {
            Choice::Preset(preset) => format!("preset:{preset}"),
            Choice::Format(format) => format!("format:{}", format.as_str()),
        }
    }

    pub fn from_key(key: &str) -> Result<Self, Invalid> {
        match key.split_once(':') {
            Some(("preset", preset)) => preset.parse().map(Choice::Preset),
            Some(("format", format)) => format.parse().map(Choice::Format),
            _ => Err(Invalid("not a download choice")),
        }
    }
}

/// A format id of yt-dlp, such as `137` or `hls-1785`; never an expression and never an option.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FormatId(String);

impl FormatId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FormatId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let right_letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.+".contains(&b));
        // Words with which yt-dlp takes every format at once.
        let means_many = text.split('+').any(|part| matches!(part, "all" | "mergeall"));
        let right_start = !text.starts_with(['-', '+', '.']);
        if (1..=64).contains(&text.len()) && right_letters && right_start && !means_many {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid("format is an id from the probe, such as 137 or hls-1785"))
        }
    }
}

/// How far a job is. `item` and `items` count from 1 within a playlist; both are 1 for a video.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// 0 to 100 of the whole job; absent while the size is a guess.
    pub percent: Option<f32>,
    /// Bytes of the current item.
    pub bytes: u64,
    pub total: Option<u64>,
    /// Bytes a second.
    pub speed: Option<u64>,
    /// Seconds left for the current item.
    pub eta_s: Option<u32>,
    pub item: u32,
    pub items: u32,
}

impl Default for Progress {
    fn default() -> Self {
        Self { percent: None, bytes: 0, total: None, speed: None, eta_s: None, item: 1, items: 1 }
    }
}

/// Why a job or an item failed, for a person and for a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A stable word for programs, such as `not_found` or `needs_sign_in`.
    pub code: String,
    /// A sentence that a person understands.
    pub message: String,
    /// Whether trying again may help without changing anything.
    pub retryable: bool,
    /// What yt-dlp said, cleaned of paths and addresses; shown behind a disclosure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// A file of a finished item. `n` counts from 1 within the download.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DownloadFile {
    pub n: u32,
    pub name: String,
    pub bytes: u64,
    pub media_type: String,
    /// Path below the library folder; never shown.
    #[serde(skip)]
    pub path: String,
}

/// One video of a job; a job for a single video has one.
#[derive(Debug, Clone, PartialEq)]
pub struct DownloadItem {
    /// Position in the playlist, from 1.
    pub position: u32,
    pub title: Option<String>,
    pub status: DownloadStatus,
    pub failure: Option<Failure>,
    /// Where the file goes, below the library folder; chosen once, before it is moved.
    pub target: Option<String>,
    pub bytes: Option<u64>,
}

/// A job as a page or the API shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Download {
    pub id: DownloadId,
    pub user: UserId,
    pub url: String,
    pub choice: Choice,
    pub title: Option<String>,
    /// Number of videos, once it is known.
    pub items: Option<u32>,
    pub status: DownloadStatus,
    pub phase: Phase,
    pub progress: Progress,
    pub failure: Option<Failure>,
    /// How often yt-dlp was started for it.
    pub attempts: u32,
    pub run_at: Option<Timestamp>,
    /// Counts changes: a fragment of a lower version is old.
    pub version: i64,
    pub created_at: Timestamp,
    pub completed_at: Option<Timestamp>,
    pub files: Vec<DownloadFile>,
    /// Absent when it has nothing to do with Plex.
    pub plex: Option<Arrival>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_cannot_smuggle_an_option_or_an_expression() {
        for format in [
            "",
            "-f",
            "--exec",
            "[[[",
            "best[height<1]",
            "a b",
            "bv*",
            "137/22",
            &"1".repeat(65),
            "all",
            "137+mergeall",
        ] {
            assert!(format.parse::<FormatId>().is_err(), "{format:?} was accepted");
        }
        for format in ["137", "hls-1785", "137+140", "0"] {
            assert!(format.parse::<FormatId>().is_ok(), "{format:?} was refused");
        }
    }

    #[test]
    fn a_choice_survives_its_key() {
        for preset in Preset::ALL {
            let choice = Choice::Preset(preset);
            assert_eq!(Choice::from_key(&choice.to_key()), Ok(choice));
        }
        assert_eq!(Choice::from_key("format:137").unwrap().to_key(), "format:137");
        assert!(Choice::from_key("preset:8k").is_err());
    }
}

//! What a job is told, and what it tells.

use std::path::PathBuf;
use std::time::Duration;

use domain::address::UserUrl;
use domain::download::{Choice, Failure, Progress};
use domain::{DownloadId, Secret};

/// One run of yt-dlp: a video or a whole playlist.
#[derive(Debug, Clone)]
pub struct JobSpec {
    pub id: DownloadId,
    pub url: UserUrl,
    pub choice: Choice,
    /// The folder of this run: absolute, exists, and belongs to this job alone. A later run in
    /// the same folder with the same choice goes on where this one stopped.
    pub incoming: PathBuf,
    /// The address of the egress proxy with the credential of this job. Without one the job
    /// reaches whatever the machine reaches: for tests only.
    pub proxy: Option<Secret>,
    /// Positions of a playlist that are not wanted (again), because they are in the library.
    pub skip: Vec<u32>,
    pub limits: Limits,
}

/// What one job may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the largest file; a larger one fails with `too_large`.
    pub file_bytes: Option<u64>,
    /// Bytes of private memory of each process; not address space, of which JavaScript runtimes
    /// reserve more than there is.
    pub memory_bytes: Option<u64>,
    /// Open files of each process.
    pub open_files: u64,
    /// The last position of a playlist that is downloaded.
    pub items: u32,
    /// A job that says nothing and writes nothing for so long has stalled.
    pub silence: Duration,
    /// Whether a broadcast that has not ended may be recorded; otherwise it fails with `is_live`.
    pub live: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: None,
            memory_bytes: Some(4 << 30),
            open_files: 1024,
            items: 1000,
            silence: Duration::from_secs(120),
            live: false,
        }
    }
}

/// What a running job tells, in this order for each item: started, progress, processing, done or
/// failed. [`JobEvent::Ended`] is the last, and always comes while the job is held.
#[derive(Debug, Clone, PartialEq)]
pub enum JobEvent {
    /// The link is a playlist. `items` is how many of it this job goes through, `all` how many
    /// there are.
    Playlist {
        title: Option<String>,
        items: u32,
        all: u32,
    },
    ItemStarted {
        position: u32,
        id: String,
        title: Option<String>,
        duration_s: Option<u32>,
    },
    /// At most four a second.
    Progress(Progress),
    /// The bytes are here; ffmpeg works on them.
    Processing {
        position: u32,
        what: Step,
    },
    /// The file is complete and was looked at.
    ItemDone(FinishedItem),
    /// One item of a playlist failed and the others go on. A single video says it in `Ended`.
    ItemFailed {
        position: u32,
        failure: Failure,
    },
    Ended(Exit),
}

/// A complete item: files in [`JobSpec::incoming`] that are named by position and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedItem {
    /// Position in the playlist, from 1.
    pub position: u32,
    /// The id that the site gave it: with the title the material of a file name, as hostile.
    pub id: String,
    pub title: Option<String>,
    /// The video or audio, a regular file that is not empty and has an extension of media.
    pub file: PathBuf,
    pub bytes: u64,
    /// Thumbnail and subtitles, with what follows the name of the file: `jpg`, `en.srt`.
    pub sidecars: Vec<(PathBuf, String)>,
    pub duration_s: Option<u32>,
    /// What the site says of it.
    pub description: Option<String>,
}

/// What ffmpeg does with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Merging,
    Converting,
    Embedding,
    Finishing,
}

impl Step {
    /// A word for a person, as in "merging".
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Merging => "merging",
            Step::Converting => "converting",
            Step::Embedding => "embedding",
            Step::Finishing => "finishing",
        }
    }

    /// The step of a postprocessor of yt-dlp; none for the mere move at the end.
    pub(crate) fn of_postprocessor(name: &str) -> Option<Self> {
        match name {
            "MoveFiles" | "Concat" => None,
            "Merger" => Some(Step::Merging),
            "EmbedThumbnail" | "FFmpegEmbedSubtitle" | "EmbedSubtitle" | "Metadata" => Some(Step::Embedding),
            name if name.starts_with("Fixup") => Some(Step::Finishing),
            _ => Some(Step::Converting),
        }
    }
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    /// Whether we stopped it on demand; then the rest says nothing.
    pub stopped: bool,
    /// Items that are complete.
    pub done: u32,
    /// Why the job as a whole did not succeed. None although items failed means: a playlist of
    /// which something was downloaded. A code of yt-dlp alone is never a verdict.
    pub failure: Option<Failure>,
}

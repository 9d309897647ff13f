//! yt-dlp as the download actors see it, so that tests can script one.

use std::time::Duration;

use domain::address::UserUrl;
use domain::download::Failure;
use domain::{Secret, Timestamp};
use futures_util::future::BoxFuture;
use integrations::process::ProcessGroup;
use integrations::ytdlp::{JobEvent, JobSpec, Probe};
use store::ProcessRecord;

/// The same process group, as the store remembers it.
pub(crate) trait IntoGroup {
    fn into_group(self) -> ProcessGroup;
}

impl IntoGroup for ProcessRecord {
    fn into_group(self) -> ProcessGroup {
        ProcessGroup { pid: self.pid, started: self.started }
    }
}

/// What the downloads are made with, for an admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tool {
    /// It is being looked for.
    Unknown,
    /// `released` is the day of the version.
    Works { version: String, released: Timestamp, has_ffmpeg: bool },
    /// With the path of the program and what it said.
    Broken { reason: String },
}

/// Starts yt-dlp and cleans up after it.
pub trait Launch: Send + Sync + 'static {
    /// What would be started.
    fn tool(&self) -> Tool {
        Tool::Unknown
    }

    /// Why nothing can be downloaded at all, in words for a person; `None` when all is well.
    fn unavailable(&self) -> Option<String>;

    /// Starts one run. Dropping the result ends its processes.
    fn start(&self, spec: JobSpec) -> BoxFuture<'_, Result<Box<dyn Run>, Failure>>;

    /// Looks at a link without downloading it.
    fn probe<'a>(
        &'a self,
        url: &'a UserUrl,
        proxy: &'a Secret,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<Probe, Failure>>;

    /// Ends the processes of a run whose owner is gone and waits until there are none.
    fn end(&self, group: ProcessGroup) -> BoxFuture<'_, ()>;
}

/// One run of yt-dlp.
pub trait Run: Send + Sync {
    fn group(&self) -> ProcessGroup;

    /// The next thing that it tells; `None` after the end. Can be dropped and called again.
    fn next(&mut self) -> BoxFuture<'_, Option<JobEvent>>;

    /// Asks it to stop and keep its partial files, ends it after a few seconds, and waits until
    /// no process is left.
    fn cancel(&mut self) -> BoxFuture<'_, ()>;

    /// Ends all of its processes at once.
    fn kill(&mut self) -> BoxFuture<'_, ()>;
}

//! The real yt-dlp behind [`Launch`], or the reason why there is none.

use std::time::Duration;

use domain::address::UserUrl;
use domain::download::Failure;
use domain::{Secret, Timestamp};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use integrations::process::{ProcessGroup, kill_group_and_wait};
use integrations::ytdlp::{JobEvent, JobSpec, Launcher, Probe, Running};

use super::launch::{Launch, Run, Tool};

/// How long the processes of an earlier life may take to go after SIGKILL.
const PATIENCE: Duration = Duration::from_secs(5);

impl Launch for Launcher {
    fn tool(&self) -> Tool {
        let ytdlp = self.ytdlp();
        Tool::Works {
            version: ytdlp.version.to_string(),
            released: Timestamp::from_millis(ytdlp.version.days() * 86_400_000),
            has_ffmpeg: ytdlp.ffmpeg.is_some(),
        }
    }

    fn unavailable(&self) -> Option<String> {
        None
    }

    fn start(&self, spec: JobSpec) -> BoxFuture<'_, Result<Box<dyn Run>, Failure>> {
        async move {
            let running = Launcher::start(self, spec).await?;
            Ok(Box::new(running) as Box<dyn Run>)
        }
        .boxed()
    }

    fn probe<'a>(
        &'a self,
        url: &'a UserUrl,
        proxy: &'a Secret,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<Probe, Failure>> {
        Launcher::probe(self, url, Some(proxy), deadline).boxed()
    }

    fn end(&self, group: ProcessGroup) -> BoxFuture<'_, ()> {
        end(group).boxed()
    }
}

impl Run for Running {
    fn group(&self) -> ProcessGroup {
        self.group
    }

    fn next(&mut self) -> BoxFuture<'_, Option<JobEvent>> {
        Running::next(self).boxed()
    }

    fn cancel(&mut self) -> BoxFuture<'_, ()> {
        Running::cancel(self).boxed()
    }

    fn kill(&mut self) -> BoxFuture<'_, ()> {
        Running::kill(self).boxed()
    }
}

async fn end(group: ProcessGroup) {
    match kill_group_and_wait(group, PATIENCE).await {
        Ok(0) => {}
        Ok(count) => tracing::info!("ended {count} processes that an earlier portal had left"),
        Err(error) => tracing::error!(%error, "could not end the processes of an earlier portal"),
    }
}

/// A portal without a usable yt-dlp: everything else works, and downloads say why they don't.
pub struct NoYtdlp {
    /// In words for an admin: names the program.
    pub reason: String,
}

/// What a member hears; the program's place is the admin's business.
const MISSING: &str =
    "the server's yt-dlp is missing or does not run; an admin sees why on the page of the downloads";

impl NoYtdlp {
    fn refusal(&self) -> Failure {
        Failure { code: "unavailable".to_owned(), message: MISSING.to_owned(), retryable: true, detail: None }
    }
}

impl Launch for NoYtdlp {
    fn tool(&self) -> Tool {
        Tool::Broken { reason: self.reason.clone() }
    }

    fn unavailable(&self) -> Option<String> {
        Some(MISSING.to_owned())
    }

    fn start(&self, _spec: JobSpec) -> BoxFuture<'_, Result<Box<dyn Run>, Failure>> {
        async { Err(self.refusal()) }.boxed()
    }

    fn probe<'a>(
        &'a self,
        _url: &'a UserUrl,
        _proxy: &'a Secret,
        _deadline: Duration,
    ) -> BoxFuture<'a, Result<Probe, Failure>> {
        async { Err(self.refusal()) }.boxed()
    }

    fn end(&self, group: ProcessGroup) -> BoxFuture<'_, ()> {
        end(group).boxed()
    }
}

//! How the work on a download ends: done, failed, postponed, or told to stop.

use std::io;

use domain::Timestamp;
use domain::download::{Download, Failure};

use super::{Halt, Work};
use crate::download_job::items::{Items, blocking};
use crate::download_job::{Order, Outcome};
use crate::downloads::retry::{NO_SPACE, Verdict};
use crate::runtime::Crash;

pub(super) fn failure(code: &str, message: &str, retryable: bool) -> Failure {
    Failure { code: code.to_owned(), message: message.to_owned(), retryable, detail: None }
}

/// The words for a disk that refuses.
pub(super) fn disk_failure(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            failure(NO_SPACE, "There is too little room on the disk.", true)
        }
        io::ErrorKind::InvalidData | io::ErrorKind::NotFound => {
            failure("no_file", "The download ended without a usable file.", true)
        }
        _ => {
            tracing::error!(%error, "the downloads folder could not be used");
            failure("disk_error", "The file could not be saved on the portal's disk.", true)
        }
    }
}

impl Work<'_> {
    /// Decides what the end of yt-dlp means. Its own exit code never does: what counts is what
    /// is in the library.
    pub(super) async fn settle(
        &mut self,
        download: &Download,
        items: &Items,
        failed: Option<Failure>,
    ) -> Result<Outcome, Halt> {
        let published = items.published().len();
        if let Some(failure) = failed {
            return Err(Halt::Failed(failure));
        }
        if let Some(failure) = items.failure()
            && (published == 0 || self.may_retry(failure, download))
        {
            return Err(Halt::Failed(failure.clone()));
        }
        if published == 0 {
            let nothing = failure("no_file", "The link led to nothing that could be saved.", false);
            return Err(Halt::Failed(nothing));
        }
        self.complete(items).await
    }

    fn may_retry(&self, failure: &Failure, download: &Download) -> bool {
        self.cx.settings.retry.judge(failure, download.attempts) != Verdict::GiveUp
    }

    pub(super) async fn complete(&mut self, items: &Items) -> Result<Outcome, Halt> {
        self.clear_own().await;
        self.cx.writer.save_progress(&self.lease, &items.final_progress()).await?;
        self.cx.writer.complete_job(&self.lease, &[]).await?;
        self.clear().await;
        Ok(Outcome::Completed)
    }

    /// Settles a failed attempt: again later, wait for room, or failed for good.
    pub(super) async fn fail(&mut self, download: &Download, failure: Failure) -> Result<Outcome, Halt> {
        self.kill().await;
        match self.cx.settings.retry.judge(&failure, download.attempts) {
            Verdict::WaitForSpace => self.wait_for_space().await,
            Verdict::RetryIn(wait) => {
                tracing::info!(download = %self.id, code = failure.code, "a download is tried again in {wait:?}");
                self.cx.writer.retry_later(&self.lease, &failure, Timestamp::now() + wait, true).await?;
                Ok(Outcome::Postponed)
            }
            Verdict::GiveUp => {
                tracing::info!(download = %self.id, code = failure.code, "a download failed");
                self.clear_own().await;
                self.cx.writer.fail_job(&self.lease, &failure).await?;
                self.clear().await;
                Ok(Outcome::Failed)
            }
        }
    }

    pub(super) async fn wait_for_space(&mut self) -> Result<Outcome, Halt> {
        self.cx.writer.wait_for_space(&self.lease, Timestamp::now()).await?;
        Ok(Outcome::NoSpace)
    }

    pub(super) async fn obey(&mut self, order: Order) -> Result<Outcome, Crash> {
        match order {
            Order::Work => Ok(Outcome::StoreAway),
            Order::Cancel(by) => {
                // The row first: whoever cancelled sees it at once, and nothing can finish it.
                let cancelled = self.cx.writer.cancel_job(self.id, by).await;
                self.stop_gently().await;
                match cancelled {
                    Ok(_) => {}
                    Err(store::Error::Conflict(_) | store::Error::NotFound(_) | store::Error::Fenced) => {}
                    Err(error) if error.is_outage() => return Ok(Outcome::StoreAway),
                    Err(error) => return Err(error.into()),
                }
                self.forget_process().await;
                self.clear().await;
                Ok(Outcome::Cancelled)
            }
            Order::HandBack => {
                self.stop_gently().await;
                if let Err(error) = self.cx.writer.release_job(&self.lease, None).await {
                    tracing::warn!(%error, download = %self.id, "could not hand a download back");
                }
                Ok(Outcome::HandedBack)
            }
            Order::Fenced { certain } => {
                self.kill().await;
                // Without the store's word this node may be the next owner and go on with it.
                if certain {
                    self.clear_own().await;
                    self.forget_process().await;
                }
                Ok(Outcome::Fenced)
            }
        }
    }

    /// Nothing is left to be ended by whoever comes next.
    async fn forget_process(&self) {
        if let Err(error) = self.cx.writer.forget_process(&self.lease).await {
            tracing::warn!(%error, download = %self.id, "could not forget the process of a download");
        }
    }

    pub(super) async fn stop_gently(&mut self) {
        if let Some(mut run) = self.run.take() {
            run.cancel().await;
        }
    }

    pub(super) async fn kill(&mut self) {
        if let Some(mut run) = self.run.take() {
            run.kill().await;
        }
    }

    /// Removes what this owner wrote to `incoming/`.
    async fn clear_own(&self) {
        let (folders, id, fence) = (self.cx.folders.clone(), self.id, self.lease.fence);
        self.tidied(blocking(move || folders.remove_work(id, fence)).await);
    }

    /// Removes what is left in `incoming/` of a job that is over, other owners' included.
    async fn clear(&self) {
        let (folders, id) = (self.cx.folders.clone(), self.id);
        self.tidied(blocking(move || folders.remove_job(id)).await);
    }

    fn tidied(&self, removed: io::Result<()>) {
        if let Err(error) = removed {
            // The sweep of the queue tries again.
            tracing::warn!(%error, download = %self.id, "could not remove partial files");
        }
    }
}

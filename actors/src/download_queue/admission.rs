//! What members may ask for, and the answers.

use std::time::Duration;

use domain::DownloadId;
use domain::address::UserUrl;
use domain::download::{Choice, Download, DownloadStatus};
use domain::user::CurrentUser;
use integrations::ytdlp::Probe;
use store::{NewDownload, Quota, Submitted};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Denied, Files, UNFINISHED};
use crate::download_job::{self, Outcome};
use crate::downloads::context::Context;
use crate::downloads::publish;
use crate::egress;

const HOUR: Duration = Duration::from_secs(3600);

/// How long a running job is given to end before its row is cancelled over its head.
const CANCEL_WITHIN: Duration = Duration::from_millis(5500);

/// Never waits for a look at the link. The store counts and writes in one transaction, so six
/// quick clicks are counted as six.
pub(super) async fn submit(
    cx: &Context,
    user: &CurrentUser,
    url: &str,
    choice: Choice,
) -> Result<Download, Denied> {
    let url = admit_address(cx, url)?;
    if cx.reader.active_downloads(Some(user.id)).await?.len() >= UNFINISHED {
        return Err(Denied::QueueFull { limit: UNFINISHED });
    }
    let limit = cx.reader.downloads_per_hour_of(user.id).await?.unwrap_or(cx.settings.per_hour);
    let new = NewDownload { user: user.id, url: url.as_str(), choice: &choice, title: None };
    match cx.writer.submit_download(&new, Some(Quota { limit, window: HOUR })).await? {
        Submitted::Accepted(job) => Ok(Download::clone(&job)),
        Submitted::Duplicate(id) => Err(Denied::Duplicate(id)),
        Submitted::QuotaReached { again_at } => Err(Denied::QuotaReached { limit, again_at }),
    }
}

/// The rules that hold before anything is started: the link may be followed, and yt-dlp works.
/// The link comes first, because a wrong one stays wrong when yt-dlp is back.
fn admit_address(cx: &Context, url: &str) -> Result<UserUrl, Denied> {
    let url = UserUrl::parse(url)?;
    cx.settings.policy.judge_url(&url)?;
    match cx.launch.unavailable() {
        Some(reason) => Err(Denied::Unavailable(reason)),
        None => Ok(url),
    }
}

/// The job `id` if `user` may act on it.
async fn find(cx: &Context, user: &CurrentUser, id: DownloadId) -> Result<Download, Denied> {
    let job = cx.reader.download(id).await?.ok_or(Denied::NotFound)?;
    if job.user == user.id || user.is_admin() { Ok(job) } else { Err(Denied::NotFound) }
}

pub(super) async fn cancel(cx: &Context, user: &CurrentUser, id: DownloadId) -> Result<(), Denied> {
    if find(cx, user, id).await?.status.is_over() {
        return Err(Denied::Over);
    }
    match download_job::cancel(cx, id, user.id, CANCEL_WITHIN).await {
        Ok(Outcome::Cancelled) => Ok(()),
        Ok(Outcome::Completed | Outcome::Failed) => Err(Denied::Over),
        // It waits, or runs on another machine, or does not listen: its next write is refused.
        Ok(_) | Err(_) => {
            match cx.writer.cancel_job(id, user.id).await {
                // By us, though its processes took their time.
                Err(_) if find(cx, user, id).await?.status == DownloadStatus::Cancelled => {}
                other => drop(other?),
            }
            let folders = cx.folders.clone();
            let _ = tokio::task::spawn_blocking(move || folders.remove_job(id)).await;
            Ok(())
        }
    }
}

pub(super) async fn retry(cx: &Context, user: &CurrentUser, id: DownloadId) -> Result<(), Denied> {
    match find(cx, user, id).await?.status {
        DownloadStatus::Failed | DownloadStatus::Cancelled => {}
        DownloadStatus::Completed => return Err(Denied::Over),
        DownloadStatus::Queued | DownloadStatus::Running => return Err(Denied::NotOver),
    }
    cx.writer.retry_job(id).await?;
    Ok(())
}

pub(super) async fn delete(
    cx: &Context,
    user: &CurrentUser,
    id: DownloadId,
    files: Files,
) -> Result<(), Denied> {
    let job = find(cx, user, id).await?;
    if !job.status.is_over() {
        return Err(Denied::NotOver);
    }
    // The files first: should this be interrupted, the row is still there to delete again.
    if files == Files::Remove {
        let paths: Vec<_> = job.files.iter().map(|file| cx.folders.library().join(&file.path)).collect();
        let removed =
            tokio::task::spawn_blocking(move || paths.iter().try_for_each(|path| publish::remove(path)));
        if let Ok(Err(error)) = removed.await {
            tracing::error!(%error, download = %id, "could not remove the files of a download");
            return Err(Denied::Unavailable("the files could not be removed".to_owned()));
        }
    }
    cx.writer.delete_download(id).await?;
    Ok(())
}

pub(super) async fn probe(cx: &Context, probes: &Semaphore, url: &str) -> Result<Probe, Denied> {
    let url = admit_address(cx, url)?;
    let permit = timeout(Duration::from_secs(8), probes.acquire()).await;
    let _permit = permit.map_err(|_| Denied::Busy)?.map_err(|_| Denied::Busy)?;
    // A credential of its own, under a name that no job has.
    let name = DownloadId::generate();
    let down = |_| Denied::Unavailable("downloads are being restarted, try again in a moment".to_owned());
    let proxy = egress::admit(&cx.egress(), name).await.map_err(down)?;
    let probed = cx.launch.probe(&url, &proxy, cx.settings.timing.probe).await;
    let refusal = egress::dismiss(&cx.egress(), name).await;
    probed.map_err(|failure| refusal.map_or(Denied::Failed(failure), Denied::RefusedAddress))
}

//! A copy of the download queue in BullMQ's layout, so that bull-board shows it.
//!
//! One way and for looking only: the rows are the truth, nothing is read back, and what a BullMQ
//! worker or a button of bull-board changes is overwritten by the next change of that job. The
//! layout is that of BullMQ 6 (`trust.md` §0.1, §5.4): `wait` and `active` are lists, `completed`,
//! `failed` and `delayed` sorted sets, and each job is a hash under its id.

use domain::download::{Download, DownloadStatus, Phase};
use domain::{DownloadId, Timestamp};
use redis::Pipeline;
use serde_json::json;

use super::link::Request;
use super::{Ephemeral, Kind};

const QUEUE: &str = "bull:youtube";
/// Jobs that are over and still shown, of each kind.
const FINISHED_SHOWN: isize = 1000;
/// How long the hash of a job that is over is kept.
const FINISHED_FOR_S: i64 = 7 * 24 * 3600;

fn key(part: &str) -> String {
    format!("{QUEUE}:{part}")
}

/// Takes the job off every list.
fn forget(pipe: &mut Pipeline, id: &str) {
    for list in ["wait", "active"] {
        pipe.cmd("LREM").arg(key(list)).arg(0).arg(id).ignore();
    }
    for set in ["completed", "failed", "delayed"] {
        pipe.cmd("ZREM").arg(key(set)).arg(id).ignore();
    }
}

fn write(pipe: &mut Pipeline, download: &Download) {
    let id = download.id.to_string();
    forget(pipe, &id);
    pipe.cmd("HSET").arg(key("meta")).arg("version").arg("bullmq:6.7.0").ignore();
    let created = download.created_at.as_millis();
    let data = json!({
        "url": download.url, "title": download.title, "choice": download.choice.to_key(),
        "userId": download.user, "items": download.items,
    });
    let delay = download.run_at.map_or(0, |run_at| (run_at.as_millis() - created).max(0));
    pipe.cmd("DEL").arg(key(&id)).ignore();
    let hash = pipe.cmd("HSET").arg(key(&id));
    hash.arg("name").arg("download").arg("data").arg(data.to_string()).arg("opts").arg("{}");
    hash.arg("timestamp").arg(created).arg("delay").arg(delay).arg("priority").arg(0);
    hash.arg("progress").arg(json!(download.progress.percent.unwrap_or(0.0).round() as u8).to_string());
    hash.arg("ats").arg(download.attempts).arg("atm").arg(download.attempts).ignore();
    let is_running = download.status == DownloadStatus::Running;
    if is_running || download.status.is_over() {
        pipe.cmd("HSET").arg(key(&id)).arg("processedOn").arg(created).ignore();
    }
    let finished = download.completed_at.unwrap_or(download.created_at);
    match (download.status, download.phase) {
        (DownloadStatus::Queued, Phase::RetryWait | Phase::NoSpace) => {
            // BullMQ keeps twelve bits below the time for an order among equals.
            let score = download.run_at.unwrap_or(download.created_at).as_millis() * 4096;
            pipe.cmd("ZADD").arg(key("delayed")).arg(score).arg(&id).ignore();
        }
        (DownloadStatus::Queued, _) => {
            pipe.cmd("LPUSH").arg(key("wait")).arg(&id).ignore();
        }
        (DownloadStatus::Running, _) => {
            pipe.cmd("LPUSH").arg(key("active")).arg(&id).ignore();
        }
        (DownloadStatus::Completed, _) => {
            let files: Vec<_> = download.files.iter().map(|file| &file.name).collect();
            let value = json!({ "files": files }).to_string();
            pipe.cmd("HSET").arg(key(&id)).arg("returnvalue").arg(value).ignore();
            end(pipe, "completed", &id, finished);
        }
        (DownloadStatus::Failed | DownloadStatus::Cancelled, _) => {
            let reason = download.failure.as_ref().map_or("cancelled", |failure| &failure.message);
            let hash = pipe.cmd("HSET").arg(key(&id));
            hash.arg("failedReason").arg(reason).arg("stacktrace").arg("[]").ignore();
            end(pipe, "failed", &id, finished);
        }
    }
}

fn end(pipe: &mut Pipeline, set: &str, id: &str, at: Timestamp) {
    pipe.cmd("HSET").arg(key(id)).arg("finishedOn").arg(at.as_millis()).ignore();
    pipe.cmd("EXPIRE").arg(key(id)).arg(FINISHED_FOR_S).ignore();
    pipe.cmd("ZADD").arg(key(set)).arg(at.as_millis()).arg(id).ignore();
    pipe.cmd("ZREMRANGEBYRANK").arg(key(set)).arg(0).arg(-1 - FINISHED_SHOWN).ignore();
}

impl Ephemeral {
    /// Shows a download to bull-board as it is now, whatever was shown before. Says whether it
    /// reached Redis; without Redis there is nothing to do.
    pub async fn project_download(&self, download: &Download) -> bool {
        let mut pipe = redis::pipe();
        pipe.atomic();
        write(&mut pipe, download);
        self.send(&pipe).await
    }

    /// Takes a download that was deleted out of bull-board.
    pub async fn unproject_download(&self, id: DownloadId) -> bool {
        let id = id.to_string();
        let mut pipe = redis::pipe();
        pipe.atomic();
        forget(&mut pipe, &id);
        pipe.cmd("DEL").arg(key(&id)).ignore();
        self.send(&pipe).await
    }

    /// Makes the whole copy anew, as at start: `downloads` are the unfinished ones and as many
    /// finished ones as shall be shown, oldest first.
    pub async fn rebuild_projection(&self, downloads: &[Download]) -> bool {
        let mut pipe = redis::pipe();
        pipe.atomic();
        for list in ["wait", "active", "completed", "failed", "delayed"] {
            pipe.cmd("DEL").arg(key(list)).ignore();
        }
        if !self.send(&pipe).await {
            return false;
        }
        for some in downloads.chunks(100) {
            let mut pipe = redis::pipe();
            pipe.atomic();
            some.iter().for_each(|download| write(&mut pipe, download));
            if !self.send(&pipe).await {
                return false;
            }
        }
        true
    }

    async fn send(&self, pipe: &Pipeline) -> bool {
        match &self.0 {
            Kind::Local(_) => true,
            Kind::Shared(shared, _) => shared.link.ask::<()>(Request::Many(pipe)).await.is_ok(),
        }
    }
}

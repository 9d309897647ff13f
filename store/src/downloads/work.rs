//! What the worker of a job writes. Every function fails with [`Error::Fenced`] when the lease
//! is lost or the job is over.

use domain::Timestamp;
use domain::download::{DownloadItem, Failure, Progress};
use domain::event::{Event, Tone};

use super::{Change, Lease, without_nul};
use crate::effects::NewEffect;
use crate::engine::{in_both, in_transaction, on};
use crate::{Conflict, Error, Writer};

/// A file that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// As a browser saves it.
    pub name: String,
    pub bytes: u64,
    pub media_type: String,
    /// Below the library folder.
    pub path: String,
}

fn text_of(failure: &Failure) -> String {
    serde_json::to_string(failure).expect("a failure is plain data")
}

in_both! {
    /// Checks the lease and counts a visible change.
    async fn change_job(&mut self, lease: &Lease) -> Result<Change, Error> {
        let change: Option<Change> = sqlx::query_as(
            "UPDATE youtube_downloads SET updated_at = $3, version = version + 1
             WHERE id = $1 AND fence = $2 AND status = 'running'
             RETURNING version, user_id, playlist_title, playlist_url",
        )
        .bind(lease.id.to_string())
        .bind(lease.fence)
        .bind(Timestamp::now().as_millis())
        .fetch_optional(&mut **self)
        .await?;
        change.ok_or(Error::Fenced)
    }

    /// Ends the lease and moves the job to `status` and `phase`.
    async fn end_lease(&mut self, lease: &Lease, end: End<'_>) -> Result<Change, Error> {
        let now = Timestamp::now().as_millis();
        let change: Option<Change> = sqlx::query_as(
            "UPDATE youtube_downloads
             SET status = $3, phase = $4, failure = $5, run_at = $6,
                 attempts = CASE WHEN $7 AND attempts > 0 THEN attempts - 1 ELSE attempts END,
                 completed_at = CASE WHEN $4 = 'over' THEN $8 END,
                 lease_until = NULL, lost_leases = 0, pid = NULL, pid_started = NULL,
                 updated_at = $8, version = version + 1
             WHERE id = $1 AND fence = $2 AND status = 'running'
             RETURNING version, user_id, playlist_title, playlist_url",
        )
        .bind(lease.id.to_string())
        .bind(lease.fence)
        .bind(end.status)
        .bind(end.phase)
        .bind(end.failure.map(text_of))
        .bind(end.run_at.map(Timestamp::as_millis))
        .bind(end.is_free)
        .bind(now)
        .fetch_optional(&mut **self)
        .await?;
        let change = change.ok_or(Error::Fenced)?;
        self.tell_change(lease.id, &change).await?;
        Ok(change)
    }
}

in_both! {
    /// A video is completed and its files are on the list.
    pub(super) async fn published(
        &mut self,
        lease: &Lease,
        position: u32,
        files: &[NewFile],
    ) -> Result<(), Error> {
        let change = self.change_job(lease).await?;
        sqlx::query("UPDATE youtube_downloads SET phase = 'downloading', lost_leases = 0 WHERE id = $1")
            .bind(lease.id.to_string())
            .execute(&mut **self)
            .await?;
        sqlx::query(
            "UPDATE download_items SET status = 'completed', failure = NULL, bytes = $3
             WHERE download_id = $1 AND position = $2",
        )
        .bind(lease.id.to_string())
        .bind(i64::from(position))
        .bind(files.iter().map(|file| file.bytes as i64).sum::<i64>())
        .execute(&mut **self)
        .await?;
        for file in files {
            sqlx::query(
                "INSERT INTO download_files (download_id, n, position, name, bytes, media_type, path)
                 SELECT $1, COALESCE(MAX(n), 0) + 1, $2, $3, $4, $5, $6
                 FROM download_files WHERE download_id = $1
                 ON CONFLICT (download_id, path) DO NOTHING",
            )
            .bind(lease.id.to_string())
            .bind(i64::from(position))
            .bind(without_nul(&file.name))
            .bind(file.bytes as i64)
            .bind(&file.media_type)
            .bind(&file.path)
            .execute(&mut **self)
            .await?;
        }
        self.tell_change(lease.id, &change).await?;
        Ok(())
    }
}

/// How a lease ends.
struct End<'a> {
    status: &'static str,
    phase: &'static str,
    failure: Option<&'a Failure>,
    run_at: Option<Timestamp>,
    /// Whether this attempt does not count.
    is_free: bool,
}

impl Writer {
    /// Remembers the title and the number of videos, as far as they are known.
    pub async fn set_job_title(
        &self,
        lease: &Lease,
        title: Option<&str>,
        items: Option<u32>,
    ) -> Result<(), Error> {
        in_transaction!(self, tx => {
            let change = tx.change_job(lease).await?;
            sqlx::query(
                "UPDATE youtube_downloads SET playlist_title = COALESCE($2, playlist_title), items = COALESCE($3, items)
                 WHERE id = $1",
            )
            .bind(lease.id.to_string())
            .bind(title.map(without_nul))
            .bind(items.map(i64::from))
            .execute(&mut *tx)
            .await?;
            tx.tell_change(lease.id, &change).await?;
        });
        Ok(())
    }

    /// Writes the state of one video. A title, size or target that is known stays when the new
    /// one is absent; the target stays in any case once it is chosen.
    ///
    /// # Errors
    /// Also [`Conflict::TargetTaken`].
    pub async fn upsert_item(&self, lease: &Lease, item: &DownloadItem) -> Result<(), Error> {
        in_transaction!(self, tx => {
            let change = tx.change_job(lease).await?;
            sqlx::query(
                "INSERT INTO download_items (download_id, position, title, status, failure, target, bytes)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (download_id, position) DO UPDATE SET
                     title = COALESCE(excluded.title, download_items.title),
                     status = excluded.status, failure = excluded.failure,
                     target = COALESCE(download_items.target, excluded.target),
                     bytes = COALESCE(excluded.bytes, download_items.bytes)",
            )
            .bind(lease.id.to_string())
            .bind(i64::from(item.position))
            .bind(item.title.as_deref().map(without_nul))
            .bind(item.status.as_str())
            .bind(item.failure.as_ref().map(text_of))
            .bind(&item.target)
            .bind(item.bytes.map(|bytes| bytes as i64))
            .execute(&mut *tx)
            .await
            .map_err(target_taken)?;
            tx.tell_change(lease.id, &change).await?;
        });
        Ok(())
    }

    /// Remembers how far the job is, for whoever looks after a restart. Not an event. Bytes also
    /// mean that the job gets somewhere: leases lost before are forgiven.
    pub async fn save_progress(&self, lease: &Lease, progress: &Progress) -> Result<(), Error> {
        let saved = on!(&self.db, pool => {
            sqlx::query(
                "UPDATE youtube_downloads
                 SET progress = $3, lost_leases = CASE WHEN $4 THEN 0 ELSE lost_leases END
                 WHERE id = $1 AND fence = $2 AND status = 'running'",
            )
            .bind(lease.id.to_string())
            .bind(lease.fence)
            .bind(serde_json::to_string(progress).expect("progress is plain data"))
            .bind(progress.bytes > 0)
            .execute(pool)
            .await?
            .rows_affected()
        });
        if saved == 1 { Ok(()) } else { Err(Error::Fenced) }
    }

    /// Before a video is moved: the job is `publishing`, and the place of the video is chosen
    /// for ever. Gives the place, which is an earlier one when it was chosen before; with a
    /// file there already, that file is ours.
    ///
    /// # Errors
    /// Also [`Conflict::TargetTaken`] when another video has that place: choose another.
    pub async fn begin_publish(&self, lease: &Lease, position: u32, target: &str) -> Result<String, Error> {
        Ok(in_transaction!(self, tx => {
            let change = tx.change_job(lease).await?;
            sqlx::query("UPDATE youtube_downloads SET phase = 'publishing' WHERE id = $1")
                .bind(lease.id.to_string())
                .execute(&mut *tx)
                .await?;
            let chosen: String = sqlx::query_scalar(
                "INSERT INTO download_items (download_id, position, status, target)
                 VALUES ($1, $2, 'running', $3)
                 ON CONFLICT (download_id, position) DO UPDATE SET
                     target = COALESCE(download_items.target, excluded.target)
                 RETURNING target",
            )
            .bind(lease.id.to_string())
            .bind(i64::from(position))
            .bind(target)
            .fetch_one(&mut *tx)
            .await
            .map_err(target_taken)?;
            tx.tell_change(lease.id, &change).await?;
            chosen
        }))
    }

    /// After a video was moved: it is completed and its files are on the list; the job goes on
    /// downloading. Doing it twice lists every file once.
    pub async fn finish_publish(&self, lease: &Lease, position: u32, files: &[NewFile]) -> Result<(), Error> {
        in_transaction!(self, tx => tx.published(lease, position, files).await?);
        Ok(())
    }

    /// The job is done. What is to be done outside because of it (each once, by kind and key) is
    /// queued, and its owner told, in the same transaction.
    pub async fn complete_job(&self, lease: &Lease, effects: &[NewEffect]) -> Result<(), Error> {
        in_transaction!(self, tx => {
            let end =
                End { status: "completed", phase: "over", failure: None, run_at: None, is_free: false };
            let change = tx.end_lease(lease, end).await?;
            let paths: Vec<String> =
                sqlx::query_scalar("SELECT path FROM download_files WHERE download_id = $1 ORDER BY n")
                    .bind(lease.id.to_string())
                    .fetch_all(&mut *tx)
                    .await?;
            sqlx::query("UPDATE youtube_downloads SET file_paths = $2 WHERE id = $1")
                .bind(lease.id.to_string())
                .bind(serde_json::to_string(&paths).expect("paths are plain text"))
                .execute(&mut *tx)
                .await?;
            for effect in effects {
                tx.enqueue(effect).await?;
            }
            tx.tell(&Event::Notified {
                user: change.owner()?,
                tone: Tone::Ok,
                title: "Download ready".to_owned(),
                body: change.title().to_owned(),
            })
            .await?;
        });
        Ok(())
    }

    /// The job has failed for good; only a person tries again. Its owner is told.
    pub async fn fail_job(&self, lease: &Lease, failure: &Failure) -> Result<(), Error> {
        in_transaction!(self, tx => {
            let end = End {
                status: "failed",
                phase: "over",
                failure: Some(failure),
                run_at: None,
                is_free: false,
            };
            let change = tx.end_lease(lease, end).await?;
            tx.tell_failure(&change, failure).await?;
        });
        Ok(())
    }

    /// The attempt has failed in a way that may pass: again at `run_at`. Whether it counts as one
    /// of the attempts (`attempts` of the row) is the caller's to say.
    pub async fn retry_later(
        &self,
        lease: &Lease,
        failure: &Failure,
        run_at: Timestamp,
        counts_as_attempt: bool,
    ) -> Result<(), Error> {
        in_transaction!(self, tx => {
            let end = End {
                status: "queued",
                phase: "retry_wait",
                failure: Some(failure),
                run_at: Some(run_at),
                is_free: !counts_as_attempt,
            };
            tx.end_lease(lease, end).await?;
        });
        Ok(())
    }

    /// There is too little room on the disk: look again at `run_at`. Never counts as an attempt.
    pub async fn wait_for_space(&self, lease: &Lease, run_at: Timestamp) -> Result<(), Error> {
        in_transaction!(self, tx => {
            let end =
                End { status: "queued", phase: "no_space", failure: None, run_at: Some(run_at), is_free: true };
            tx.end_lease(lease, end).await?;
        });
        Ok(())
    }
}

fn target_taken(error: sqlx::Error) -> Error {
    match error.as_database_error() {
        Some(refusal) if refusal.is_unique_violation() => Conflict::TargetTaken.into(),
        _ => error.into(),
    }
}

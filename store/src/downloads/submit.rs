//! What people do with downloads: submit, cancel, retry, take off the list.

use std::time::Duration;

use domain::download::{Choice, Download, DownloadStatus, Phase, Progress};
use domain::event::{Event, Tone};
use domain::{DownloadId, Timestamp, UserId};
use sha2::{Digest, Sha256};

use super::{Change, without_nul};
use crate::engine::{in_both, in_transaction, on};
use crate::keyring::hex;
use crate::{Conflict, Error, Writer};

/// A link that somebody asks for.
#[derive(Debug, Clone)]
pub struct NewDownload<'a> {
    pub user: UserId,
    /// The link as it was checked.
    pub url: &'a str,
    pub choice: &'a Choice,
    /// When a probe has found it already.
    pub title: Option<&'a str>,
}

/// How many downloads a person may ask for in any stretch of `window`.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    pub limit: u32,
    pub window: Duration,
}

/// What became of a wish.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "made once for each wish, and mostly the large one")]
pub enum Submitted {
    Accepted(Download),
    /// The same person downloads the same link in the same quality just now: this is it.
    Duplicate(DownloadId),
    /// Nothing was queued; the quota has room again then.
    QuotaReached {
        again_at: Timestamp,
    },
}

in_both! {
    /// Locks the person until the end of the transaction: whoever counts what they have, and
    /// then adds to it, is alone.
    pub(crate) async fn lock_owner(&mut self, user: UserId) -> Result<(), Error> {
        let locked = sqlx::query("UPDATE users SET status = status WHERE id = $1")
            .bind(user.to_string())
            .execute(&mut **self)
            .await?
            .rows_affected();
        if locked == 1 { Ok(()) } else { Err(Error::NotFound("user")) }
    }

    async fn unfinished_twin(
        &mut self,
        user: UserId,
        url: &str,
        choice: &Choice,
    ) -> Result<Option<DownloadId>, Error> {
        let twin: Option<String> = sqlx::query_scalar(
            "SELECT id FROM youtube_downloads
             WHERE user_id = $1 AND url_hash = $2 AND choice = $3 AND status IN ('queued', 'running')",
        )
        .bind(user.to_string())
        .bind(hash_of(url))
        .bind(choice.to_key())
        .fetch_optional(&mut **self)
        .await?;
        twin.map(|id| id.parse().map_err(|error| Error::corrupt("youtube_downloads", &id, error))).transpose()
    }

    /// When the quota has room again; nothing while it has.
    async fn quota_reached(
        &mut self,
        user: UserId,
        quota: Quota,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        // Of as many as are allowed, the oldest: when it leaves the window there is room for one.
        let oldest: Option<i64> = sqlx::query_scalar(
            "SELECT created_at FROM youtube_downloads WHERE user_id = $1 AND created_at > $2
             ORDER BY created_at DESC LIMIT 1 OFFSET $3",
        )
        .bind(user.to_string())
        .bind((now - quota.window).as_millis())
        .bind(i64::from(quota.limit.max(1)) - 1)
        .fetch_optional(&mut **self)
        .await?;
        Ok(oldest.map(|oldest| Timestamp::from_millis(oldest) + quota.window))
    }
}

fn hash_of(url: &str) -> String {
    hex(&Sha256::digest(url))
}

impl Writer {
    /// Queues a download. Duplicates and the quota (absent or 0 for none) are judged in the
    /// same transaction, one wish of a person at a time, so neither can be outrun.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such person.
    pub async fn submit_download(
        &self,
        new: &NewDownload<'_>,
        quota: Option<Quota>,
    ) -> Result<Submitted, Error> {
        Ok(in_transaction!(self, tx => {
            tx.lock_owner(new.user).await?;
            if let Some(twin) = tx.unfinished_twin(new.user, new.url, new.choice).await? {
                return Ok(Submitted::Duplicate(twin));
            }
            // Taken while the person is locked: what is written now is later than all before.
            let now = Timestamp::now();
            if let Some(quota) = quota.filter(|quota| quota.limit > 0)
                && let Some(again_at) = tx.quota_reached(new.user, quota, now).await?
            {
                return Ok(Submitted::QuotaReached { again_at });
            }
            let download = Download {
                id: DownloadId::generate(),
                user: new.user,
                url: new.url.to_owned(),
                choice: new.choice.clone(),
                title: new.title.map(without_nul),
                items: None,
                status: DownloadStatus::Queued,
                phase: Phase::Waiting,
                progress: Progress::default(),
                failure: None,
                attempts: 0,
                run_at: None,
                version: 1,
                created_at: now,
                completed_at: None,
                plex: None,
                files: Vec::new(),
            };
            sqlx::query(
                "INSERT INTO youtube_downloads
                     (id, user_id, playlist_url, playlist_title, url_hash, choice, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
            )
            .bind(download.id.to_string())
            .bind(new.user.to_string())
            .bind(new.url)
            .bind(&download.title)
            .bind(hash_of(new.url))
            .bind(new.choice.to_key())
            .bind(now.as_millis())
            .execute(&mut *tx)
            .await?;
            let event =
                Event::DownloadChanged { download: download.id, owner: new.user, version: download.version };
            tx.tell(&event).await?;
            Submitted::Accepted(download)
        }))
    }

    /// Cancels a job, whoever works on it: from now on that worker gets [`Error::Fenced`]. The
    /// owner is told when somebody else did it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Conflict::DownloadIsOver`].
    pub async fn cancel_job(&self, id: DownloadId, by: UserId) -> Result<Download, Error> {
        Ok(in_transaction!(self, tx => {
            let change: Option<Change> = sqlx::query_as(
                "UPDATE youtube_downloads
                 SET status = 'cancelled', phase = 'over', failure = NULL, run_at = NULL, lease_until = NULL,
                     completed_at = $2, updated_at = $2, version = version + 1
                 WHERE id = $1 AND status IN ('queued', 'running')
                 RETURNING version, user_id, playlist_title, playlist_url",
            )
            .bind(id.to_string())
            .bind(Timestamp::now().as_millis())
            .fetch_optional(&mut *tx)
            .await?;
            let Some(change) = change else {
                tx.read_download(id).await?.ok_or(Error::NotFound("download"))?;
                return Err(Conflict::DownloadIsOver.into());
            };
            tx.tell_change(id, &change).await?;
            let owner = change.owner()?;
            if by != owner {
                let event = Event::Notified {
                    user: owner,
                    tone: Tone::Info,
                    title: "Download cancelled".to_owned(),
                    body: format!("{} was cancelled by an admin", change.title()),
                };
                tx.tell(&event).await?;
            }
            tx.read_download(id).await?.ok_or(Error::NotFound("download"))?
        }))
    }

    /// Queues a failed or cancelled job again: what it has downloaded stays, its failures are
    /// forgotten, and it does not count for the quota.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Conflict::DownloadIsNotOver`], also for a completed one;
    /// [`Conflict::DuplicateDownload`] when the same is being downloaded by another job.
    pub async fn retry_job(&self, id: DownloadId) -> Result<Download, Error> {
        Ok(in_transaction!(self, tx => {
            let before = tx.read_download(id).await?.ok_or(Error::NotFound("download"))?;
            tx.lock_owner(before.user).await?;
            if let Some(twin) = tx.unfinished_twin(before.user, &before.url, &before.choice).await?
                && twin != id
            {
                return Err(Conflict::DuplicateDownload(twin).into());
            }
            let change: Option<Change> = sqlx::query_as(
                "UPDATE youtube_downloads
                 SET status = 'queued', phase = 'waiting', failure = NULL, progress = NULL, run_at = NULL,
                     attempts = 0, lost_leases = 0, completed_at = NULL, updated_at = $2,
                     version = version + 1
                 WHERE id = $1 AND status IN ('failed', 'cancelled') AND deleted_at IS NULL
                 RETURNING version, user_id, playlist_title, playlist_url",
            )
            .bind(id.to_string())
            .bind(Timestamp::now().as_millis())
            .fetch_optional(&mut *tx)
            .await?;
            let Some(change) = change else { return Err(Conflict::DownloadIsNotOver.into()) };
            sqlx::query(
                "UPDATE download_items SET status = 'queued', failure = NULL
                 WHERE download_id = $1 AND status <> 'completed'",
            )
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
            tx.tell_change(id, &change).await?;
            tx.read_download(id).await?.ok_or(Error::NotFound("download"))?
        }))
    }

    /// Takes a download that is over off all lists and forgets its files; the files themselves
    /// are the caller's. It still counts for the quota.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Conflict::DownloadIsNotOver`].
    pub async fn delete_download(&self, id: DownloadId) -> Result<(), Error> {
        in_transaction!(self, tx => {
            let change: Option<Change> = sqlx::query_as(
                "UPDATE youtube_downloads SET deleted_at = $2, updated_at = $2, version = version + 1
                 WHERE id = $1 AND deleted_at IS NULL AND phase = 'over'
                 RETURNING version, user_id, playlist_title, playlist_url",
            )
            .bind(id.to_string())
            .bind(Timestamp::now().as_millis())
            .fetch_optional(&mut *tx)
            .await?;
            let Some(change) = change else {
                tx.read_download(id).await?.ok_or(Error::NotFound("download"))?;
                return Err(Conflict::DownloadIsNotOver.into());
            };
            for sql in [
                "DELETE FROM download_files WHERE download_id = $1",
                // Their names are free for another video.
                "UPDATE download_items SET target = NULL WHERE download_id = $1",
            ] {
                sqlx::query(sql).bind(id.to_string()).execute(&mut *tx).await?;
            }
            tx.tell_change(id, &change).await?;
        });
        Ok(())
    }

    /// Forgets downloads that were taken off the lists before `before`, for the maintenance.
    /// Gives their number. `before` must be further back than any quota's window.
    pub async fn purge_downloads(&self, before: Timestamp) -> Result<u64, Error> {
        Ok(on!(&self.db, pool => {
            sqlx::query("DELETE FROM youtube_downloads WHERE deleted_at < $1")
                .bind(before.as_millis())
                .execute(pool)
                .await?
                .rows_affected()
        }))
    }
}

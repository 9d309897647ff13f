//! Who works on a job, and until when.
//!
//! Times are taken from the database's clock. A lease that runs out without having been given
//! back is lost. A job that loses three leases in which nothing was downloaded fails, because it
//! is likely what brings its workers down. A lease that was lost before its first renewal counts
//! a third: there was hardly the time to download anything.

use std::time::Duration;

use domain::download::{Download, Failure};
use domain::{DownloadId, Timestamp};

use super::runnable::process;
use super::{Change, ProcessRecord};
use crate::engine::{in_both, in_transaction, on};
use crate::{Error, NodeId, Writer};

const LOST_LEASE: i64 = 3;
const LOST_EARLY: i64 = 1;
const STALLED_AT: i64 = 3 * LOST_LEASE;

/// The right to work on a job. Every write of the worker names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub id: DownloadId,
    /// Higher than that of every lease before.
    pub fence: i64,
}

/// A job that was leased just now.
#[derive(Debug, Clone, PartialEq)]
pub struct Leased {
    pub lease: Lease,
    /// The row as it is now; `phase` is `publishing` when the worker before got that far.
    pub download: Download,
    /// The worker before, if there was one, whose process may still run and whose partial files
    /// are in the folder of its fence.
    pub previous: Option<PreviousLease>,
}

/// What is known of the worker before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousLease {
    pub node: NodeId,
    pub fence: i64,
    pub process: Option<ProcessRecord>,
}

#[derive(sqlx::FromRow)]
struct LeaseRow {
    status: String,
    node_id: Option<String>,
    fence: i64,
    lease_until: Option<i64>,
    is_renewed: bool,
    lost_leases: i64,
    run_at: Option<i64>,
    pid: Option<i64>,
    pid_started: Option<i64>,
}

impl LeaseRow {
    /// What taking the job now adds to its lost leases.
    fn loss(&self) -> i64 {
        match (self.status.as_str(), self.lease_until) {
            // Nobody had it, or it was given back in the middle of publishing.
            ("queued", _) | (_, None) => 0,
            _ if self.is_renewed => LOST_LEASE,
            _ => LOST_EARLY,
        }
    }
}

fn millis(duration: Duration) -> i64 {
    duration.as_millis() as i64
}

in_both! {
    /// Locks an unfinished row until the end of the transaction and reads its lease.
    async fn lock_lease(&mut self, id: DownloadId) -> Result<Option<LeaseRow>, Error> {
        let row = sqlx::query_as(
            "UPDATE youtube_downloads SET updated_at = updated_at
             WHERE id = $1 AND status IN ('queued', 'running')
             RETURNING status, node_id, fence, lease_until, is_renewed, lost_leases, run_at, pid, pid_started",
        )
        .bind(id.to_string())
        .fetch_optional(&mut **self)
        .await?;
        Ok(row)
    }

    async fn give_lease(
        &mut self,
        id: DownloadId,
        node: &NodeId,
        now: i64,
        ttl_ms: i64,
        lost_leases: i64,
    ) -> Result<Download, Error> {
        let change: Change = sqlx::query_as(
            "UPDATE youtube_downloads
             SET status = 'running',
                 phase = CASE WHEN phase = 'publishing' THEN phase ELSE 'downloading' END,
                 attempts = attempts + CASE WHEN status = 'queued' THEN 1 ELSE 0 END,
                 node_id = $2, fence = fence + 1, lease_until = $3 + $4, is_renewed = FALSE,
                 lost_leases = $5, run_at = NULL, failure = NULL, updated_at = $3, version = version + 1
             WHERE id = $1
             RETURNING version, user_id, playlist_title, playlist_url",
        )
        .bind(id.to_string())
        .bind(node.as_str())
        .bind(now)
        .bind(ttl_ms)
        .bind(lost_leases)
        .fetch_one(&mut **self)
        .await?;
        self.tell_change(id, &change).await?;
        self.read_download(id).await?.ok_or(Error::NotFound("download"))
    }

    async fn give_up_stalled(&mut self, id: DownloadId) -> Result<(), Error> {
        let failure = Failure {
            code: "stalled".to_owned(),
            message: "The download stopped again and again without getting anywhere".to_owned(),
            retryable: true,
            detail: None,
        };
        let change: Change = sqlx::query_as(
            "UPDATE youtube_downloads
             SET status = 'failed', phase = 'over', failure = $2, lease_until = NULL,
                 completed_at = $3, updated_at = $3, version = version + 1
             WHERE id = $1
             RETURNING version, user_id, playlist_title, playlist_url",
        )
        .bind(id.to_string())
        .bind(serde_json::to_string(&failure).expect("a failure is plain data"))
        .bind(Timestamp::now().as_millis())
        .fetch_one(&mut **self)
        .await?;
        self.tell_change(id, &change).await?;
        self.tell_failure(&change, &failure).await
    }
}

impl Writer {
    /// Takes a job that nobody works on, for `ttl` from now. Nothing when somebody else was
    /// faster, it is not its time yet, it is over, or it failed for losing its third lease.
    pub async fn lease_job(
        &self,
        id: DownloadId,
        node: &NodeId,
        ttl: Duration,
    ) -> Result<Option<Leased>, Error> {
        self.take_job(id, node, ttl, false).await
    }

    /// The same, but also takes a job that this node works on already: for an actor that was
    /// restarted and has lost its lease from memory.
    pub async fn retake_job(
        &self,
        id: DownloadId,
        node: &NodeId,
        ttl: Duration,
    ) -> Result<Option<Leased>, Error> {
        self.take_job(id, node, ttl, true).await
    }

    async fn take_job(
        &self,
        id: DownloadId,
        node: &NodeId,
        ttl: Duration,
        also_our_own: bool,
    ) -> Result<Option<Leased>, Error> {
        Ok(in_transaction!(self, tx => {
            let Some(row) = tx.lock_lease(id).await? else { return Ok(None) };
            let now = tx.now().await?;
            let is_ours = also_our_own && row.node_id.as_deref() == Some(node.as_str());
            let is_held = row.lease_until.is_some_and(|until| until >= now) && !is_ours;
            let is_early = row.run_at.is_some_and(|run_at| run_at > now);
            if is_held || is_early {
                return Ok(None);
            }
            let lost_leases = row.lost_leases + row.loss();
            if lost_leases >= STALLED_AT {
                tx.give_up_stalled(id).await?;
                None
            } else {
                let download = tx.give_lease(id, node, now, millis(ttl), lost_leases).await?;
                let process = process(row.pid, row.pid_started);
                let previous =
                    row.node_id.map(|node| PreviousLease { node: NodeId(node), fence: row.fence, process });
                Some(Leased { lease: Lease { id, fence: row.fence + 1 }, download, previous })
            }
        }))
    }

    /// Keeps the lease for `ttl` from now.
    ///
    /// # Errors
    /// [`Error::Fenced`]: kill the process, the job is somebody else's or over.
    pub async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<(), Error> {
        let renewed = on!(&self.db, pool => {
            sqlx::query(
                "UPDATE youtube_downloads SET lease_until = (SELECT now FROM clock) + $3, is_renewed = TRUE
                 WHERE id = $1 AND fence = $2 AND status = 'running'",
            )
            .bind(lease.id.to_string())
            .bind(lease.fence)
            .bind(millis(ttl))
            .execute(pool)
            .await?
            .rows_affected()
        });
        if renewed == 1 { Ok(()) } else { Err(Error::Fenced) }
    }

    /// Gives the job back, to be taken again from `run_at` on, without counting as an attempt:
    /// the way an orderly stop ends. A job in the middle of publishing stays there.
    ///
    /// # Errors
    /// [`Error::Fenced`].
    pub async fn release_job(&self, lease: &Lease, run_at: Option<Timestamp>) -> Result<(), Error> {
        in_transaction!(self, tx => {
            let change: Option<Change> = sqlx::query_as(
                "UPDATE youtube_downloads
                 SET status = CASE WHEN phase = 'publishing' THEN status ELSE 'queued' END,
                     attempts = attempts - CASE WHEN phase <> 'publishing' AND attempts > 0 THEN 1 ELSE 0 END,
                     phase = CASE WHEN phase = 'publishing' THEN phase ELSE 'waiting' END,
                     lease_until = NULL, run_at = $3, pid = NULL,
                     pid_started = NULL, updated_at = $4, version = version + 1
                 WHERE id = $1 AND fence = $2 AND status = 'running'
                 RETURNING version, user_id, playlist_title, playlist_url",
            )
            .bind(lease.id.to_string())
            .bind(lease.fence)
            .bind(run_at.map(Timestamp::as_millis))
            .bind(Timestamp::now().as_millis())
            .fetch_optional(&mut *tx)
            .await?;
            tx.tell_change(lease.id, &change.ok_or(Error::Fenced)?).await?;
        });
        Ok(())
    }
}

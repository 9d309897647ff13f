//! Which jobs wait for a worker, and what a node left behind.

use domain::download::Phase;
use domain::{DownloadId, UserId};

use super::Lease;
use crate::engine::{in_transaction, on};
use crate::{Error, NodeId, Reader, Writer};

/// A job that waits for a worker, or that a node worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnableJob {
    pub id: DownloadId,
    pub user: UserId,
    pub phase: Phase,
    pub fence: i64,
    /// Of the last worker, while it was not seen to end.
    pub process: Option<ProcessRecord>,
}

#[derive(sqlx::FromRow)]
struct JobRow {
    id: String,
    user_id: String,
    phase: String,
    fence: i64,
    pid: Option<i64>,
    pid_started: Option<i64>,
}

/// A process group, recognisable also after its number was given to another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessRecord {
    pub pid: u32,
    /// When it was started, in clock ticks since boot (`/proc/<pid>/stat`, field 22).
    pub started: u64,
}

impl TryFrom<JobRow> for RunnableJob {
    type Error = Error;

    fn try_from(row: JobRow) -> Result<Self, Error> {
        let corrupt = |reason: &dyn std::fmt::Display| Error::corrupt("youtube_downloads", &row.id, reason);
        Ok(RunnableJob {
            id: row.id.parse().map_err(|error: uuid::Error| corrupt(&error))?,
            user: row.user_id.parse().map_err(|error: uuid::Error| corrupt(&error))?,
            phase: row.phase.parse().map_err(|error: domain::user::Invalid| corrupt(&error))?,
            fence: row.fence,
            process: process(row.pid, row.pid_started),
        })
    }
}

pub(super) fn process(pid: Option<i64>, started: Option<i64>) -> Option<ProcessRecord> {
    Some(ProcessRecord { pid: u32::try_from(pid?).ok()?, started: u64::try_from(started?).ok()? })
}

impl Reader {
    /// Jobs that may be leased now, in the order in which they should be: first those whose
    /// worker was lost, then one of each person in turn (whoever has fewer running comes first),
    /// a person's own in the order in which they asked. Includes jobs that wait for room on the
    /// disk once their `run_at` has come.
    pub async fn runnable_jobs(&self, limit: u32) -> Result<Vec<RunnableJob>, Error> {
        let rows: Vec<JobRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "WITH busy AS (
                     SELECT user_id, COUNT(*) AS jobs FROM youtube_downloads
                     WHERE status = 'running' AND lease_until >= (SELECT now FROM clock) GROUP BY user_id
                 ), ready AS (
                     SELECT id, user_id, status, phase, fence, pid, pid_started, created_at,
                            ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY created_at, id) AS turn
                     FROM youtube_downloads
                     WHERE status IN ('queued', 'running')
                       AND (lease_until IS NULL OR lease_until < (SELECT now FROM clock))
                       AND (run_at IS NULL OR run_at <= (SELECT now FROM clock))
                 )
                 SELECT ready.id, ready.user_id, ready.phase, ready.fence, ready.pid, ready.pid_started
                 FROM ready LEFT JOIN busy ON busy.user_id = ready.user_id
                 ORDER BY CASE WHEN ready.status = 'running' THEN 0 ELSE 1 END,
                          ready.turn + COALESCE(busy.jobs, 0), ready.created_at, ready.id
                 LIMIT $1",
            )
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await?
        });
        rows.into_iter().map(RunnableJob::try_from).collect()
    }

    /// Jobs that a node works on or worked on last: unfinished ones, and others whose process
    /// was not seen to end. Asked at start, before any process is killed.
    pub async fn jobs_of_node(&self, node: &NodeId) -> Result<Vec<RunnableJob>, Error> {
        let rows: Vec<JobRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT id, user_id, phase, fence, pid, pid_started FROM youtube_downloads
                 WHERE node_id = $1 AND (status IN ('queued', 'running') OR pid IS NOT NULL)
                 ORDER BY created_at, id",
            )
            .bind(node.as_str())
            .fetch_all(pool)
            .await?
        });
        rows.into_iter().map(RunnableJob::try_from).collect()
    }
}

impl Writer {
    /// At start: nobody but us uses this data folder, so all leases of this node are of a process
    /// that is gone. Its jobs may be taken at once. Kill the processes of [`Reader::jobs_of_node`]
    /// first: their records are forgotten. Gives the number of leases.
    pub async fn void_leases_of(&self, node: &NodeId) -> Result<u64, Error> {
        Ok(in_transaction!(self, tx => {
            sqlx::query("UPDATE youtube_downloads SET pid = NULL, pid_started = NULL WHERE node_id = $1 AND pid IS NOT NULL")
                .bind(node.as_str())
                .execute(&mut *tx)
                .await?;
            sqlx::query(
                "UPDATE youtube_downloads SET lease_until = 0
                 WHERE node_id = $1 AND status = 'running' AND lease_until > 0",
            )
            .bind(node.as_str())
            .execute(&mut *tx)
            .await?
            .rows_affected()
        }))
    }

    /// Remembers the process group that works on the job.
    ///
    /// # Errors
    /// [`Error::Fenced`].
    pub async fn set_process(&self, lease: &Lease, process: ProcessRecord) -> Result<(), Error> {
        let updated = on!(&self.db, pool => {
            sqlx::query(
                "UPDATE youtube_downloads SET pid = $3, pid_started = $4
                 WHERE id = $1 AND fence = $2 AND status = 'running'",
            )
            .bind(lease.id.to_string())
            .bind(lease.fence)
            .bind(i64::from(process.pid))
            .bind(process.started as i64)
            .execute(pool)
            .await?
            .rows_affected()
        });
        if updated == 1 { Ok(()) } else { Err(Error::Fenced) }
    }

    /// Forgets the process group of a lease once it was seen to end, also when the job was
    /// cancelled meanwhile. Another worker's record is left alone.
    pub async fn forget_process(&self, lease: &Lease) -> Result<(), Error> {
        on!(&self.db, pool => {
            sqlx::query("UPDATE youtube_downloads SET pid = NULL, pid_started = NULL WHERE id = $1 AND fence = $2")
                .bind(lease.id.to_string())
                .bind(lease.fence)
                .execute(pool)
                .await?;
        });
        Ok(())
    }
}

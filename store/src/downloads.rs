//! Download jobs as rows.
//!
//! ```text
//!              submit                 lease                begin_publish
//!    (new) ------------> waiting ---------------> downloading <--------> publishing
//!                          ^  ^                   |   |   |  finish_publish   |
//!                  retry   |  | release           |   |   +---- complete -----+--> completed
//!      failed, cancelled --+  +-------------------+   |
//!                          ^                          +-- fail, a third lost lease --> failed
//!             run_at comes |                          |
//!             retry_wait, no_space <------------------+        cancel, from anywhere --> cancelled
//! ```
//!
//! Whoever works on a job holds its lease. Every lease has a higher fence than the one before,
//! and every write of a worker names its fence: a worker that was paused and lost its lease
//! changes nothing any more, it gets [`Error::Fenced`]. Every change that somebody could see
//! raises `version` and writes its event in the same transaction.

mod arrival;
mod lease;
mod runnable;
mod submit;
mod work;

use domain::download::{Choice, Download, DownloadFile, DownloadItem, Failure, Progress};
use domain::event::{Event, Tone};
use domain::{Cursor, DownloadId, Page, Timestamp, UserId};
use serde::de::DeserializeOwned;

use crate::engine::{in_both, on};
use crate::paging::{self, Newest, clamp};
use crate::{Error, Reader};

pub use arrival::{ARRIVAL, ArrivalItem, ArrivalWork};
pub use lease::{Lease, Leased, PreviousLease};
pub use runnable::{ProcessRecord, RunnableJob};
pub use submit::{NewDownload, Quota, Submitted};
pub use work::NewFile;

#[derive(sqlx::FromRow)]
pub(crate) struct DownloadRow {
    id: String,
    user_id: String,
    playlist_url: String,
    choice: String,
    playlist_title: Option<String>,
    items: Option<i64>,
    status: String,
    phase: String,
    progress: Option<String>,
    failure: Option<String>,
    attempts: i64,
    run_at: Option<i64>,
    version: i64,
    created_at: i64,
    completed_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct FileRow {
    download_id: String,
    n: i64,
    name: String,
    bytes: i64,
    media_type: String,
    path: String,
}

#[derive(sqlx::FromRow)]
struct ItemRow {
    position: i64,
    title: Option<String>,
    status: String,
    failure: Option<String>,
    target: Option<String>,
    bytes: Option<i64>,
}

/// What every transition returns of its row, to tell of it.
#[derive(sqlx::FromRow)]
pub(crate) struct Change {
    version: i64,
    user_id: String,
    playlist_title: Option<String>,
    playlist_url: String,
}

impl Change {
    /// What a person calls the download.
    fn title(&self) -> &str {
        self.playlist_title.as_deref().unwrap_or(&self.playlist_url)
    }

    fn owner(&self) -> Result<UserId, Error> {
        self.user_id.parse().map_err(|error| Error::corrupt("youtube_downloads", &self.user_id, error))
    }
}

impl TryFrom<DownloadRow> for Download {
    type Error = Error;

    fn try_from(row: DownloadRow) -> Result<Self, Error> {
        let corrupt = |reason: &dyn std::fmt::Display| Error::corrupt("youtube_downloads", &row.id, reason);
        Ok(Download {
            id: row.id.parse().map_err(|error: uuid::Error| corrupt(&error))?,
            user: row.user_id.parse().map_err(|error: uuid::Error| corrupt(&error))?,
            choice: Choice::from_key(&row.choice).map_err(|error| corrupt(&error))?,
            status: row.status.parse().map_err(|error: domain::user::Invalid| corrupt(&error))?,
            phase: row.phase.parse().map_err(|error: domain::user::Invalid| corrupt(&error))?,
            progress: json::<Progress>(&row.id, row.progress.as_deref())?.unwrap_or_default(),
            failure: json::<Failure>(&row.id, row.failure.as_deref())?,
            url: row.playlist_url,
            title: row.playlist_title,
            items: row.items.map(|items| items as u32),
            attempts: row.attempts as u32,
            run_at: row.run_at.map(Timestamp::from_millis),
            version: row.version,
            created_at: Timestamp::from_millis(row.created_at),
            completed_at: row.completed_at.map(Timestamp::from_millis),
            files: Vec::new(),
            plex: None,
        })
    }
}

impl From<FileRow> for DownloadFile {
    fn from(row: FileRow) -> Self {
        Self {
            n: row.n as u32,
            name: row.name,
            bytes: row.bytes as u64,
            media_type: row.media_type,
            path: row.path,
        }
    }
}

fn json<T: DeserializeOwned>(id: &str, text: Option<&str>) -> Result<Option<T>, Error> {
    text.map(|text| {
        serde_json::from_str(text).map_err(|error| Error::corrupt("youtube_downloads", id, error))
    })
    .transpose()
}

/// PostgreSQL has no NUL in text, and nobody would see one.
pub(crate) fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

in_both! {
    /// Tells the owner that the row changed.
    pub(crate) async fn tell_change(&mut self, id: DownloadId, change: &Change) -> Result<(), Error> {
        let event = Event::DownloadChanged { download: id, owner: change.owner()?, version: change.version };
        self.tell(&event).await
    }

    /// Tells the owner in words that the job failed.
    pub(crate) async fn tell_failure(&mut self, change: &Change, failure: &Failure) -> Result<(), Error> {
        let event = Event::Notified {
            user: change.owner()?,
            tone: Tone::Bad,
            title: "Download failed".to_owned(),
            body: format!("{}: {}", change.title(), failure.message),
        };
        self.tell(&event).await
    }

    /// The row as it is in this transaction, without files.
    pub(crate) async fn read_download(&mut self, id: DownloadId) -> Result<Option<Download>, Error> {
        let row: Option<DownloadRow> = sqlx::query_as(
            "SELECT id, user_id, playlist_url, choice, playlist_title, items, status, phase, progress,
                    failure, attempts, run_at, version, created_at, completed_at
             FROM youtube_downloads WHERE id = $1 AND deleted_at IS NULL",
        )
        .bind(id.to_string())
        .fetch_optional(&mut **self)
        .await?;
        row.map(Download::try_from).transpose()
    }

    /// The time by the database's clock.
    pub(crate) async fn now(&mut self) -> Result<i64, Error> {
        Ok(sqlx::query_scalar("SELECT now FROM clock").fetch_one(&mut **self).await?)
    }
}

impl Reader {
    /// A download with its files, whoever owns it; nothing when it was taken off the lists.
    pub async fn download(&self, id: DownloadId) -> Result<Option<Download>, Error> {
        let row: Option<DownloadRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT id, user_id, playlist_url, choice, playlist_title, items, status, phase, progress,
                        failure, attempts, run_at, version, created_at, completed_at
                 FROM youtube_downloads WHERE id = $1 AND deleted_at IS NULL",
            )
            .bind(id.to_string())
            .fetch_optional(pool)
            .await?
        });
        let Some(row) = row else { return Ok(None) };
        let files: Vec<FileRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT download_id, n, name, bytes, media_type, path FROM download_files
                 WHERE download_id = $1 ORDER BY n",
            )
            .bind(id.to_string())
            .fetch_all(pool)
            .await?
        });
        let mut download = Download::try_from(row)?;
        download.files = files.into_iter().map(DownloadFile::from).collect();
        download.plex = self.arrival(id).await?;
        Ok(Some(download))
    }

    /// One file of a download and who owns it.
    pub async fn download_file(
        &self,
        id: DownloadId,
        n: u32,
    ) -> Result<Option<(UserId, DownloadFile)>, Error> {
        let owner: Option<String> = on!(&self.db, pool => {
            sqlx::query_scalar("SELECT user_id FROM youtube_downloads WHERE id = $1 AND deleted_at IS NULL")
                .bind(id.to_string())
                .fetch_optional(pool)
                .await?
        });
        let file: Option<FileRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT download_id, n, name, bytes, media_type, path FROM download_files
                 WHERE download_id = $1 AND n = $2",
            )
            .bind(id.to_string())
            .bind(i64::from(n))
            .fetch_optional(pool)
            .await?
        });
        let (Some(owner), Some(file)) = (owner, file) else { return Ok(None) };
        let owner = owner.parse().map_err(|error| Error::corrupt("youtube_downloads", &owner, error))?;
        Ok(Some((owner, file.into())))
    }

    /// Downloads of one person or of everybody, the newest first, with their files.
    pub async fn downloads(
        &self,
        user: Option<UserId>,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Download>, Error> {
        let (limit, after) = (clamp(limit), Newest::after(after)?);
        // Two statements, so that each is answered from an index of its own.
        let sql = match user {
            Some(_) => {
                "SELECT id, user_id, playlist_url, choice, playlist_title, items, status, phase, progress,
                        failure, attempts, run_at, version, created_at, completed_at
                 FROM youtube_downloads
                 WHERE user_id = $1 AND deleted_at IS NULL AND (created_at, id) < ($2, $3)
                 ORDER BY created_at DESC, id DESC LIMIT $4"
            }
            None => {
                "SELECT id, user_id, playlist_url, choice, playlist_title, items, status, phase, progress,
                        failure, attempts, run_at, version, created_at, completed_at
                 FROM youtube_downloads
                 WHERE $1 IS NULL AND deleted_at IS NULL AND (created_at, id) < ($2, $3)
                 ORDER BY created_at DESC, id DESC LIMIT $4"
            }
        };
        let user = user.map(|user| user.to_string());
        let rows: Vec<DownloadRow> = on!(&self.db, pool => {
            sqlx::query_as(sql)
            .bind(user)
            .bind(after.at)
            .bind(after.id)
            .bind(i64::from(limit) + 1)
            .fetch_all(pool)
            .await?
        });
        let page =
            paging::page(rows, limit, |last| Newest { at: last.created_at, id: last.id.clone() }.cursor());
        Ok(Page { items: self.with_files(page.items).await?, next: page.next })
    }

    /// Downloads of one person or of everybody that are not over, oldest first. At most 1,000.
    pub async fn active_downloads(&self, user: Option<UserId>) -> Result<Vec<Download>, Error> {
        let user = user.map(|user| user.to_string());
        let rows: Vec<DownloadRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT id, user_id, playlist_url, choice, playlist_title, items, status, phase, progress,
                        failure, attempts, run_at, version, created_at, completed_at
                 FROM youtube_downloads
                 WHERE status IN ('queued', 'running') AND ($1 IS NULL OR user_id = $1)
                 ORDER BY created_at, id LIMIT 1000",
            )
            .bind(user)
            .fetch_all(pool)
            .await?
        });
        self.with_files(rows).await
    }

    /// Adds the files of rows that are sorted by time, in either direction, in one query.
    async fn with_files(&self, rows: Vec<DownloadRow>) -> Result<Vec<Download>, Error> {
        let bounds = |row: &DownloadRow| (row.created_at, row.id.clone());
        let (Some(first), Some(last)) = (rows.first().map(bounds), rows.last().map(bounds)) else {
            return Ok(Vec::new());
        };
        let (oldest, newest) = if first <= last { (first, last) } else { (last, first) };
        let files: Vec<FileRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT f.download_id, f.n, f.name, f.bytes, f.media_type, f.path
                 FROM download_files f JOIN youtube_downloads d ON d.id = f.download_id
                 WHERE (d.created_at, d.id) >= ($1, $2) AND (d.created_at, d.id) <= ($3, $4)
                 ORDER BY f.download_id, f.n",
            )
            .bind(oldest.0)
            .bind(&oldest.1)
            .bind(newest.0)
            .bind(&newest.1)
            .fetch_all(pool)
            .await?
        });
        let mut files_of = std::collections::HashMap::<String, Vec<DownloadFile>>::new();
        for file in files {
            files_of.entry(file.download_id.clone()).or_default().push(file.into());
        }
        let mut arrivals = self.arrivals_between(&oldest, &newest).await?;
        rows.into_iter()
            .map(|row| {
                let plex = arrivals.remove(&row.id);
                let files = files_of.remove(&row.id).unwrap_or_default();
                Ok(Download { files, plex, ..Download::try_from(row)? })
            })
            .collect()
    }

    /// The videos of a download, by position.
    pub async fn items(&self, id: DownloadId) -> Result<Vec<DownloadItem>, Error> {
        let rows: Vec<ItemRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT position, title, status, failure, target, bytes FROM download_items
                 WHERE download_id = $1 ORDER BY position",
            )
            .bind(id.to_string())
            .fetch_all(pool)
            .await?
        });
        rows.into_iter()
            .map(|row| {
                Ok(DownloadItem {
                    position: row.position as u32,
                    title: row.title,
                    status: row
                        .status
                        .parse()
                        .map_err(|error| Error::corrupt("download_items", &id.to_string(), error))?,
                    failure: json(&id.to_string(), row.failure.as_deref())?,
                    target: row.target,
                    bytes: row.bytes.map(|bytes| bytes as u64),
                })
            })
            .collect()
    }

    /// How many downloads the person asked for since `since`, whatever became of them.
    pub async fn count_started_since(&self, user: UserId, since: Timestamp) -> Result<u32, Error> {
        let count: i64 = on!(&self.db, pool => {
            sqlx::query_scalar("SELECT COUNT(*) FROM youtube_downloads WHERE user_id = $1 AND created_at > $2")
                .bind(user.to_string())
                .bind(since.as_millis())
                .fetch_one(pool)
                .await?
        });
        Ok(count as u32)
    }
}

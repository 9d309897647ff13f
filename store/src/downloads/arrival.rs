//! How finished downloads get into Plex: which videos are there already, and what remains.
//!
//! One effect for each download does all of it, so that nobody makes a collection twice. It is
//! queued again with every video that is published, in the same transaction.

use std::collections::HashMap;

use domain::download::{Arrival, ArrivalState};
use domain::event::Event;
use domain::{DownloadId, Timestamp};
use serde_json::json;

use super::work::NewFile;
use super::{Change, Lease, without_nul};
use crate::effects::NewEffect;
use crate::engine::{in_both, in_transaction, on};
use crate::{Error, Reader, Writer};

/// The kind of the effect; its key is the id of the download.
pub const ARRIVAL: &str = "plex-arrival";

/// The longest summary that is kept, in characters.
const SUMMARY: usize = 4_000;

/// A download whose videos are to be in Plex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrivalWork {
    pub id: DownloadId,
    /// Who asked for it.
    pub username: String,
    pub title: Option<String>,
    /// Whether it has more than one video, and so a collection.
    pub is_playlist: bool,
    /// Names the playlist for this member, whichever download brings it.
    pub playlist: String,
    pub collection: Option<String>,
    /// Those that are in the library, by position.
    pub items: Vec<ArrivalItem>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrivalItem {
    pub position: u32,
    pub title: Option<String>,
    pub summary: Option<String>,
    /// Below the library folder.
    pub path: String,
    /// Its key in Plex, once it was found there.
    pub key: Option<String>,
    /// Whether it has its title and is in the collection.
    pub is_settled: bool,
}

#[derive(sqlx::FromRow)]
struct ArrivalRow {
    download_id: String,
    state: String,
    failure: Option<String>,
    machine: Option<String>,
    item_key: Option<String>,
    plex_collection_id: Option<String>,
}

impl TryFrom<ArrivalRow> for Arrival {
    type Error = Error;

    fn try_from(row: ArrivalRow) -> Result<Self, Error> {
        let state =
            row.state.parse().map_err(|error| Error::corrupt("plex_arrivals", &row.download_id, error))?;
        let is_collection = row.plex_collection_id.is_some();
        let key = row.plex_collection_id.or(row.item_key);
        Ok(Self { state, failure: row.failure, machine: row.machine, key, is_collection })
    }
}

#[derive(sqlx::FromRow)]
struct WorkRow {
    username: String,
    playlist_title: Option<String>,
    items: Option<i64>,
    user_id: String,
    url_hash: String,
    plex_collection_id: Option<String>,
}

#[derive(sqlx::FromRow)]
struct ItemRow {
    position: i64,
    title: Option<String>,
    summary: Option<String>,
    target: String,
    plex_key: Option<String>,
    plex_settled: bool,
}

impl Reader {
    /// Where the download is on its way; nothing when it has nothing to do with Plex.
    pub(super) async fn arrival(&self, id: DownloadId) -> Result<Option<Arrival>, Error> {
        let row: Option<ArrivalRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT a.download_id, a.state, a.failure, a.machine, a.item_key, d.plex_collection_id
                 FROM plex_arrivals a JOIN youtube_downloads d ON d.id = a.download_id
                 WHERE a.download_id = $1",
            )
            .bind(id.to_string())
            .fetch_optional(pool)
            .await?
        });
        row.map(Arrival::try_from).transpose()
    }

    /// The same for all downloads between two, by time and id.
    pub(super) async fn arrivals_between(
        &self,
        oldest: &(i64, String),
        newest: &(i64, String),
    ) -> Result<HashMap<String, Arrival>, Error> {
        let rows: Vec<ArrivalRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT a.download_id, a.state, a.failure, a.machine, a.item_key, d.plex_collection_id
                 FROM plex_arrivals a JOIN youtube_downloads d ON d.id = a.download_id
                 WHERE (d.created_at, d.id) >= ($1, $2) AND (d.created_at, d.id) <= ($3, $4)",
            )
            .bind(oldest.0)
            .bind(&oldest.1)
            .bind(newest.0)
            .bind(&newest.1)
            .fetch_all(pool)
            .await?
        });
        rows.into_iter().map(|row| Ok((row.download_id.clone(), row.try_into()?))).collect()
    }

    /// What is to be done for a download; nothing when it was taken off the lists, or has
    /// nothing to do with Plex.
    pub async fn arrival_work(&self, id: DownloadId) -> Result<Option<ArrivalWork>, Error> {
        let row: Option<WorkRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT u.username, d.playlist_title, d.items, d.user_id, d.url_hash, d.plex_collection_id
                 FROM youtube_downloads d JOIN users u ON u.id = d.user_id
                 JOIN plex_arrivals a ON a.download_id = d.id
                 WHERE d.id = $1 AND d.deleted_at IS NULL",
            )
            .bind(id.to_string())
            .fetch_optional(pool)
            .await?
        });
        let Some(row) = row else { return Ok(None) };
        let items: Vec<ItemRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT position, title, summary, target, plex_key, plex_settled FROM download_items
                 WHERE download_id = $1 AND status = 'completed' AND target IS NOT NULL ORDER BY position",
            )
            .bind(id.to_string())
            .fetch_all(pool)
            .await?
        });
        let item = |row: ItemRow| ArrivalItem {
            position: row.position as u32,
            title: row.title,
            summary: row.summary,
            path: row.target,
            key: row.plex_key,
            is_settled: row.plex_settled,
        };
        Ok(Some(ArrivalWork {
            id,
            username: row.username,
            title: row.playlist_title,
            is_playlist: row.items.is_some_and(|items| items > 1),
            playlist: format!("{}:{}", row.user_id, row.url_hash),
            collection: row.plex_collection_id,
            items: items.into_iter().map(item).collect(),
        }))
    }
}

in_both! {
    /// The download is on its way into Plex, and whoever brings it there hears of it. `cause`
    /// says why, so that nothing is missed by who is at work already.
    async fn bring_to_plex(&mut self, id: DownloadId, cause: &str) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO plex_arrivals (download_id, state) VALUES ($1, 'waiting')
             ON CONFLICT (download_id) DO UPDATE SET state = 'waiting', failure = NULL",
        )
        .bind(id.to_string())
        .execute(&mut **self)
        .await?;
        let effect = NewEffect {
            kind: ARRIVAL.to_owned(),
            key: id.to_string(),
            payload: json!({ "download": id, "cause": cause }),
            run_at: None,
        };
        self.queue_again(&effect).await
    }

    /// Counts a change that its owner sees, and tells of it.
    async fn arrival_changed(&mut self, id: DownloadId) -> Result<(), Error> {
        let change: Option<Change> = sqlx::query_as(
            "UPDATE youtube_downloads SET version = version + 1 WHERE id = $1
             RETURNING version, user_id, playlist_title, playlist_url",
        )
        .bind(id.to_string())
        .fetch_optional(&mut **self)
        .await?;
        let Some(change) = change else { return Err(Error::NotFound("download")) };
        self.tell(&Event::DownloadChanged { download: id, owner: change.owner()?, version: change.version })
            .await
    }
}

impl Writer {
    /// Like [`Writer::finish_publish`], for a video that belongs into Plex too.
    ///
    /// # Errors
    /// [`Error::Fenced`].
    pub async fn finish_publish_for_plex(
        &self,
        lease: &Lease,
        position: u32,
        files: &[NewFile],
        summary: Option<&str>,
    ) -> Result<(), Error> {
        let summary = summary.map(|text| without_nul(text).chars().take(SUMMARY).collect::<String>());
        in_transaction!(self, tx => {
            tx.published(lease, position, files).await?;
            sqlx::query(
                "UPDATE download_items SET summary = COALESCE($3, summary)
                 WHERE download_id = $1 AND position = $2",
            )
            .bind(lease.id.to_string())
            .bind(i64::from(position))
            .bind(summary)
            .execute(&mut *tx)
            .await?;
            tx.bring_to_plex(lease.id, &format!("video {position} of lease {}", lease.fence)).await?;
        });
        Ok(())
    }

    /// A person wants the download in Plex, or wants it tried again.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it was taken off the lists.
    pub async fn retry_arrival(&self, id: DownloadId) -> Result<(), Error> {
        in_transaction!(self, tx => {
            let is_there: Option<i64> = sqlx::query_scalar(
                "SELECT version FROM youtube_downloads WHERE id = $1 AND deleted_at IS NULL",
            )
            .bind(id.to_string())
            .fetch_optional(&mut *tx)
            .await?;
            if is_there.is_none() {
                return Err(Error::NotFound("download"));
            }
            tx.bring_to_plex(id, &format!("asked for at {}", Timestamp::now())).await?;
            tx.arrival_changed(id).await?;
        });
        Ok(())
    }

    /// A video was found in Plex, or is not there any more.
    pub async fn set_item_key(&self, id: DownloadId, position: u32, key: Option<&str>) -> Result<(), Error> {
        on!(&self.db, pool => {
            sqlx::query(
                "UPDATE download_items
                 SET plex_key = $3, plex_settled = CASE WHEN $3 IS NULL THEN FALSE ELSE plex_settled END
                 WHERE download_id = $1 AND position = $2",
            )
            .bind(id.to_string())
            .bind(i64::from(position))
            .bind(key)
            .execute(pool)
            .await?;
        });
        Ok(())
    }

    /// A video has its title and is in its collection.
    pub async fn settle_item(&self, id: DownloadId, position: u32) -> Result<(), Error> {
        on!(&self.db, pool => {
            sqlx::query(
                "UPDATE download_items SET plex_settled = TRUE WHERE download_id = $1 AND position = $2",
            )
            .bind(id.to_string())
            .bind(i64::from(position))
            .execute(pool)
            .await?;
        });
        Ok(())
    }

    /// The download's collection, or that there is none any more: then its videos are to be put
    /// into the next one.
    pub async fn set_collection(&self, id: DownloadId, key: Option<&str>) -> Result<(), Error> {
        in_transaction!(self, tx => {
            sqlx::query("UPDATE youtube_downloads SET plex_collection_id = $2 WHERE id = $1")
                .bind(id.to_string())
                .bind(key)
                .execute(&mut *tx)
                .await?;
            if key.is_none() {
                sqlx::query("UPDATE download_items SET plex_settled = FALSE WHERE download_id = $1")
                    .bind(id.to_string())
                    .execute(&mut *tx)
                    .await?;
            }
        });
        Ok(())
    }

    /// Every video that is done is in Plex. `item` opens there when there is no collection.
    pub async fn arrived(&self, id: DownloadId, machine: &str, item: Option<&str>) -> Result<(), Error> {
        self.end_arrival(id, ArrivalState::There, None, Some(machine), item).await
    }

    /// It does not get there; `reason` is in words for a person.
    pub async fn fail_arrival(&self, id: DownloadId, reason: &str) -> Result<(), Error> {
        self.end_arrival(id, ArrivalState::Failed, Some(reason), None, None).await
    }

    async fn end_arrival(
        &self,
        id: DownloadId,
        state: ArrivalState,
        failure: Option<&str>,
        machine: Option<&str>,
        item: Option<&str>,
    ) -> Result<(), Error> {
        in_transaction!(self, tx => {
            sqlx::query(
                "UPDATE plex_arrivals
                 SET state = $2, failure = $3, machine = COALESCE($4, machine),
                     item_key = COALESCE($5, item_key)
                 WHERE download_id = $1",
            )
            .bind(id.to_string())
            .bind(state.as_str())
            .bind(failure)
            .bind(machine)
            .bind(item)
            .execute(&mut *tx)
            .await?;
            tx.arrival_changed(id).await?;
        });
        Ok(())
    }
}

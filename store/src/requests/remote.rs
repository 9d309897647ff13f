//! What was seen of requests in Overseerr.

use domain::media::{ImagePath, MediaStatus, MediaType, TmdbId};
use domain::request::{Hint, MediaRequest, RequestStatus, Sighting, Step, Transfer};
use domain::{RequestId, Timestamp, UserId};

use super::RequestRow;
use super::select;
use crate::downloads::without_nul;
use crate::engine::{in_both, in_transaction, on};
use crate::{Error, Reader, Writer};

/// What Overseerr said of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    pub overseerr_id: i64,
    pub sighting: Sighting,
    pub transfer: Option<Transfer>,
    /// Plex's key of the title.
    pub rating_key: Option<String>,
    /// When we began to ask: of two looks the later one counts, whichever answer comes last.
    pub began_at: Timestamp,
}

/// How a [`Step`] ended.
#[derive(Debug, Clone, PartialEq)]
pub enum StepEnd {
    /// Overseerr did it; this is how it stands now.
    Seen(Look),
    /// Overseerr has no such request any more.
    Gone,
    /// It can't be told Overseerr for now; an admin can do something about it.
    Waits(String),
    /// Overseerr refused.
    Refused(String),
}

/// A request that somebody made in Overseerr itself.
#[derive(Debug, Clone)]
pub struct Adopted<'a> {
    pub user: UserId,
    pub media_type: MediaType,
    pub tmdb_id: TmdbId,
    pub title: &'a str,
    pub year: Option<u16>,
    pub poster: Option<&'a ImagePath>,
    pub seasons: &'a [u32],
    pub is_4k: bool,
    pub created_at: Timestamp,
    pub look: &'a Look,
}

/// The row after a look.
fn after_look(before: &MediaRequest, look: &Look) -> MediaRequest {
    let status = before.status.after_sighting(look.sighting, before.step.is_some());
    MediaRequest {
        status,
        overseerr_id: Some(look.overseerr_id),
        media: look.sighting.media,
        transfer: look.transfer.filter(|_| !status.is_over()),
        rating_key: look.rating_key.clone().or_else(|| before.rating_key.clone()),
        problem: if status == RequestStatus::Failed && before.problem.is_none() {
            Some("It could not be handed to the downloader".to_owned())
        } else if status == before.status {
            before.problem.clone()
        } else {
            None
        },
        // A reason belongs to the one decision that it was given for.
        decline_reason: before.decline_reason.clone().filter(|_| status == RequestStatus::Declined),
        ..before.clone()
    }
}

fn is_same(a: &MediaRequest, b: &MediaRequest) -> bool {
    let b = MediaRequest { version: a.version, updated_at: a.updated_at, ..b.clone() };
    *a == b
}

in_both! {
    /// Locks the row unless a later look counted already.
    async fn lock_for_look(&mut self, id: RequestId, began_at: Timestamp) -> Result<Option<MediaRequest>, Error> {
        let locked = sqlx::query(
            "UPDATE media_requests SET seen_at = $2 WHERE id = $1 AND seen_at <= $2 AND deleted_at IS NULL",
        )
        .bind(id.to_string())
        .bind(began_at.as_millis())
        .execute(&mut **self)
        .await?
        .rows_affected();
        if locked == 0 { Ok(None) } else { self.read_request(id).await.map(Some) }
    }
}

impl Writer {
    /// Brings a request up to what was seen of it. Says whether anything changed.
    pub async fn see_request(&self, id: RequestId, look: &Look) -> Result<bool, Error> {
        Ok(in_transaction!(self, tx => {
            let Some(seen) = tx.lock_for_look(id, look.began_at).await? else { return Ok(false) };
            if is_same(&seen, &after_look(&seen, look)) {
                false
            } else {
                let before = tx.lock_request(id).await?;
                let mut after = after_look(&before, look);
                tx.change_request(&before, &mut after, None).await?;
                true
            }
        }))
    }

    /// Overseerr does not know the request any more: somebody deleted it there. Says whether
    /// that changed anything.
    pub async fn miss_request(&self, id: RequestId, began_at: Timestamp) -> Result<bool, Error> {
        Ok(in_transaction!(self, tx => {
            let Some(seen) = tx.lock_for_look(id, began_at).await? else { return Ok(false) };
            if seen.status.is_over() || seen.step.is_some() {
                return Ok(false);
            }
            let before = tx.lock_request(id).await?;
            let mut after = MediaRequest { status: RequestStatus::Cancelled, transfer: None, ..before.clone() };
            tx.change_request(&before, &mut after, None).await?;
            true
        }))
    }

    /// Moves a request up by what a webhook claims, for when Overseerr itself can't be asked.
    /// Says whether it moved.
    pub async fn hear_of_request(&self, id: RequestId, hint: Hint) -> Result<bool, Error> {
        Ok(in_transaction!(self, tx => {
            let before = tx.lock_request(id).await?;
            let mut after = MediaRequest { status: before.status.after_hint(hint), ..before.clone() };
            if after.status == before.status || before.step.is_some() {
                return Ok(false);
            }
            tx.change_request(&before, &mut after, None).await?;
            true
        }))
    }

    /// Ends what Overseerr had to be told. A later step of the same request is not touched.
    pub async fn end_step(&self, id: RequestId, step: Step, end: &StepEnd) -> Result<(), Error> {
        in_transaction!(self, tx => {
            let before = tx.lock_request(id).await?;
            let is_latest = before.step == Some(step);
            let mut after = MediaRequest {
                step: if is_latest { None } else { before.step },
                ..before.clone()
            };
            match end {
                StepEnd::Seen(look) => {
                    sqlx::query("UPDATE media_requests SET seen_at = $2 WHERE id = $1 AND seen_at < $2")
                        .bind(id.to_string())
                        .bind(look.began_at.as_millis())
                        .execute(&mut *tx)
                        .await?;
                    after = after_look(&after, look);
                }
                StepEnd::Gone if after.status.is_over() => {}
                StepEnd::Gone => {
                    after.status = RequestStatus::Failed;
                    after.problem = Some("Overseerr does not know it any more".to_owned());
                    after.overseerr_id = None;
                }
                StepEnd::Waits(problem) => after.problem = Some(without_nul(problem)),
                StepEnd::Refused(problem) => {
                    after.problem = Some(without_nul(problem));
                    if is_latest && matches!(step, Step::Submit | Step::Approve | Step::Retry) {
                        after.status = RequestStatus::Failed;
                    }
                }
            }
            tx.change_request(&before, &mut after, None).await?;
        });
        Ok(())
    }

    /// Remembers the number that Overseerr gave to a request, as soon as it is known.
    pub async fn know_request(&self, id: RequestId, overseerr_id: i64) -> Result<(), Error> {
        on!(&self.db, pool => {
            sqlx::query("UPDATE media_requests SET overseerr_id = $2 WHERE id = $1")
                .bind(id.to_string())
                .bind(overseerr_id.to_string())
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Takes in a request that was made in Overseerr itself, unless it is known by its number.
    pub async fn adopt_request(&self, new: &Adopted<'_>) -> Result<Option<RequestId>, Error> {
        Ok(in_transaction!(self, tx => {
            tx.lock_title(new.media_type, new.tmdb_id).await?;
            let known: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM media_requests WHERE overseerr_id = $1")
                .bind(new.look.overseerr_id.to_string())
                .fetch_one(&mut *tx)
                .await?;
            // One of ours that is on its way there may be this one; it finds that out itself.
            let submitting: i64 = sqlx::query_scalar(
                "SELECT COUNT(*) FROM media_requests
                 WHERE media_type = $1 AND tmdb_id = $2 AND is_4k = $3 AND step IS NOT NULL AND overseerr_id IS NULL",
            )
            .bind(new.media_type.as_str())
            .bind(new.tmdb_id.to_string())
            .bind(new.is_4k)
            .fetch_one(&mut *tx)
            .await?;
            if known > 0 || submitting > 0 {
                return Ok(None);
            }
            let status = RequestStatus::Pending.after_sighting(new.look.sighting, false);
            let mut seasons = new.seasons.to_vec();
            seasons.sort_unstable();
            seasons.dedup();
            let request = MediaRequest {
                id: RequestId::generate(),
                user: new.user,
                media_type: new.media_type,
                tmdb_id: new.tmdb_id,
                title: without_nul(new.title),
                year: new.year,
                poster: new.poster.cloned(),
                seasons,
                is_4k: new.is_4k,
                status,
                decline_reason: None,
                decided_by: None,
                problem: None,
                overseerr_id: Some(new.look.overseerr_id),
                media: MediaStatus::Unknown,
                step: None,
                transfer: None,
                rating_key: new.look.rating_key.clone(),
                followers: 0,
                comments: 0,
                version: 1,
                created_at: new.created_at,
                updated_at: Timestamp::now(),
                completed_at: status.is_over().then(Timestamp::now),
            };
            tx.insert_request(&request).await?;
            tx.tell_request(&request).await?;
            Some(request.id)
        }))
    }
}

impl Reader {
    /// The requests that have this number in Overseerr: mostly one, more when somebody asked for
    /// what another had asked for there.
    pub async fn requests_known_as(&self, overseerr_id: i64) -> Result<Vec<MediaRequest>, Error> {
        let rows: Vec<RequestRow> = on!(&self.db, pool => {
            sqlx::query_as(select!("WHERE r.overseerr_id = $1 AND r.deleted_at IS NULL ORDER BY r.created_at, r.id"))
                .bind(overseerr_id.to_string())
                .fetch_all(pool)
                .await?
        });
        rows.into_iter().map(MediaRequest::try_from).collect()
    }

    /// Every number of Overseerr that a request of ours has, deleted ones too.
    pub async fn known_overseerr_ids(&self) -> Result<std::collections::HashSet<i64>, Error> {
        let ids: Vec<String> = on!(&self.db, pool => {
            sqlx::query_scalar("SELECT overseerr_id FROM media_requests WHERE overseerr_id IS NOT NULL")
                .fetch_all(pool)
                .await?
        });
        Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
    }
}

//! Asking for a title, joining somebody who did, and leaving again.

use domain::media::{ImagePath, MediaStatus, MediaType, TmdbId};
use domain::request::{MediaRequest, News, RequestStatus, Step};
use domain::{RequestId, Timestamp, UserId};
use serde_json::json;

use super::{RequestRow, select};
use crate::downloads::without_nul;
use crate::engine::{in_both, in_transaction};
use crate::{Conflict, Error, Quota, Writer};

/// A title that somebody asks for.
#[derive(Debug, Clone)]
pub struct NewRequest<'a> {
    pub user: UserId,
    pub media_type: MediaType,
    pub tmdb_id: TmdbId,
    pub title: &'a str,
    pub year: Option<u16>,
    pub poster: Option<&'a ImagePath>,
    /// Season numbers; empty for a film.
    pub seasons: &'a [u32],
    pub is_4k: bool,
    /// `pending`, or `approved` when the portal alone decides and the person may.
    pub status: RequestStatus,
    /// Whether Overseerr is to be told.
    pub is_submitted: bool,
}

/// What became of a wish.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "made once for each wish, and mostly the large one")]
pub enum Asked {
    /// With the seasons that nobody had asked for yet.
    Accepted(MediaRequest),
    /// This request is under way for all of it already: one can join it.
    Duplicate(RequestId),
    /// Nothing was kept; the quota has room again then.
    QuotaReached { again_at: Timestamp },
}

in_both! {
    /// Requests for the title that still count: those that Overseerr would call the same.
    async fn living_requests(
        &mut self,
        media_type: MediaType,
        tmdb_id: TmdbId,
        is_4k: bool,
    ) -> Result<Vec<MediaRequest>, Error> {
        let rows: Vec<RequestRow> = sqlx::query_as(select!(
            "WHERE r.media_type = $1 AND r.tmdb_id = $2 AND r.is_4k = $3 AND r.deleted_at IS NULL
               AND (r.status IN ('pending', 'approved', 'processing')
                    OR (r.status = 'failed' AND r.overseerr_id IS NOT NULL))
             ORDER BY r.created_at, r.id"
        ))
        .bind(media_type.as_str())
        .bind(tmdb_id.to_string())
        .bind(is_4k)
        .fetch_all(&mut **self)
        .await?;
        rows.into_iter().map(MediaRequest::try_from).collect()
    }

    async fn requests_quota_reached(
        &mut self,
        user: UserId,
        quota: Quota,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        // Of as many as are allowed, the oldest: when it leaves the window there is room for one.
        let oldest: Option<i64> = sqlx::query_scalar(
            "SELECT created_at FROM media_requests WHERE user_id = $1 AND created_at > $2
             ORDER BY created_at DESC LIMIT 1 OFFSET $3",
        )
        .bind(user.to_string())
        .bind((now - quota.window).as_millis())
        .bind(i64::from(quota.limit.max(1)) - 1)
        .fetch_optional(&mut **self)
        .await?;
        Ok(oldest.map(|oldest| Timestamp::from_millis(oldest) + quota.window))
    }

    /// Locks the title until the end of the transaction: whoever looks at what was asked for, and
    /// then asks, is alone.
    pub(super) async fn lock_title(&mut self, media_type: MediaType, tmdb_id: TmdbId) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO request_titles (media_type, tmdb_id) VALUES ($1, $2)
             ON CONFLICT (media_type, tmdb_id) DO UPDATE SET tmdb_id = excluded.tmdb_id",
        )
        .bind(media_type.as_str())
        .bind(tmdb_id.to_string())
        .execute(&mut **self)
        .await?;
        Ok(())
    }

    pub(super) async fn insert_request(&mut self, request: &MediaRequest) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO media_requests
                 (id, user_id, title, media_type, tmdb_id, status, overseerr_id, created_at, completed_at,
                  version, updated_at, seasons, is_4k, year, poster, media, step)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        )
        .bind(request.id.to_string())
        .bind(request.user.to_string())
        .bind(&request.title)
        .bind(request.media_type.as_str())
        .bind(request.tmdb_id.to_string())
        .bind(request.status.as_str())
        .bind(request.overseerr_id.map(|id| id.to_string()))
        .bind(request.created_at.as_millis())
        .bind(request.completed_at.map(Timestamp::as_millis))
        .bind(request.version)
        .bind(request.updated_at.as_millis())
        .bind(json!(request.seasons).to_string())
        .bind(request.is_4k)
        .bind(request.year.map(i64::from))
        .bind(request.poster.as_ref().map(ImagePath::as_str))
        .bind(request.media.number())
        .bind(request.step.map(Step::as_str))
        .execute(&mut **self)
        .await?;
        Ok(())
    }
}

/// The seasons of `wanted` that are in none of `others`, ascending and once each.
fn seasons_left(wanted: &[u32], others: &[MediaRequest]) -> Vec<u32> {
    let mut left: Vec<u32> =
        wanted.iter().copied().filter(|n| !others.iter().any(|other| other.seasons.contains(n))).collect();
    left.sort_unstable();
    left.dedup();
    left
}

impl Writer {
    /// Keeps a wish. What others asked for already and the quota (absent or 0 for none) are
    /// judged in the same transaction, one wish for a title at a time, so neither can be outrun.
    /// A series is a duplicate only when every season of it was asked for.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such person.
    pub async fn create_request(&self, new: &NewRequest<'_>, quota: Option<Quota>) -> Result<Asked, Error> {
        Ok(in_transaction!(self, tx => {
            tx.lock_owner(new.user).await?;
            tx.lock_title(new.media_type, new.tmdb_id).await?;
            let living = tx.living_requests(new.media_type, new.tmdb_id, new.is_4k).await?;
            let seasons = seasons_left(new.seasons, &living);
            let asks_for_all = new.seasons.is_empty();
            let twin = living.iter().find(|twin| {
                asks_for_all || twin.seasons.is_empty() || new.seasons.iter().any(|n| twin.seasons.contains(n))
            });
            if let Some(twin) = twin
                && (seasons.is_empty() || twin.seasons.is_empty())
            {
                return Ok(Asked::Duplicate(twin.id));
            }
            let now = Timestamp::now();
            if let Some(quota) = quota.filter(|quota| quota.limit > 0)
                && let Some(again_at) = tx.requests_quota_reached(new.user, quota, now).await?
            {
                return Ok(Asked::QuotaReached { again_at });
            }
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
                status: new.status,
                decline_reason: None,
                decided_by: None,
                problem: None,
                overseerr_id: None,
                media: MediaStatus::Unknown,
                step: new.is_submitted.then_some(Step::Submit),
                transfer: None,
                rating_key: None,
                followers: 0,
                comments: 0,
                version: 1,
                created_at: now,
                updated_at: now,
                completed_at: None,
            };
            tx.insert_request(&request).await?;
            if new.is_submitted {
                tx.enqueue_step(&request, Step::Submit, Some(new.user)).await?;
            }
            if new.status == RequestStatus::Pending {
                tx.note(request.id, News::Asked, Some(new.user), None).await?;
            }
            tx.tell_request(&request).await?;
            Asked::Accepted(request)
        }))
    }

    /// Adds somebody to those who are told of a request. Says whether they are new.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Conflict::OwnRequest`]; [`Conflict::RequestIsOver`].
    pub async fn join_request(&self, id: RequestId, user: UserId) -> Result<bool, Error> {
        Ok(in_transaction!(self, tx => {
            let mut request = tx.lock_request(id).await?;
            if request.user == user {
                return Err(Conflict::OwnRequest.into());
            }
            if request.status.is_over() {
                return Err(Conflict::RequestIsOver.into());
            }
            let joined = sqlx::query(
                "INSERT INTO request_followers (request_id, user_id, created_at)
                 SELECT $1, id, $3 FROM users WHERE id = $2
                 ON CONFLICT (request_id, user_id) DO NOTHING",
            )
            .bind(id.to_string())
            .bind(user.to_string())
            .bind(Timestamp::now().as_millis())
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if joined == 0 {
                // Nothing changed, so the version stays.
                return Ok(false);
            }
            request.followers += 1;
            tx.tell_request(&request).await?;
            true
        }))
    }

    /// Takes somebody off those who are told of a request. Says whether they were.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn leave_request(&self, id: RequestId, user: UserId) -> Result<bool, Error> {
        Ok(in_transaction!(self, tx => {
            let request = tx.lock_request(id).await?;
            let left = sqlx::query("DELETE FROM request_followers WHERE request_id = $1 AND user_id = $2")
                .bind(id.to_string())
                .bind(user.to_string())
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if left == 0 {
                return Ok(false);
            }
            tx.tell_request(&request).await?;
            true
        }))
    }
}

//! Lists of requests.

use domain::media::{MediaType, TmdbId};
use domain::request::{MediaRequest, RequestStatus};
use domain::{Cursor, Page, UserId};

use super::{RequestRow, select};
use crate::engine::on;
use crate::paging::{self, Newest, clamp};
use crate::{Error, Reader};

/// Whose requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Everybodys,
    /// Those that the person asked for or joined.
    With(UserId),
    /// Those that the person asked for.
    Of(UserId),
    /// Those that the person joined.
    FollowedBy(UserId),
}

/// Which requests.
#[derive(Debug, Clone, Copy)]
pub struct RequestFilter<'a> {
    pub whose: Whose,
    /// Empty for any.
    pub statuses: &'a [RequestStatus],
}

/// `,pending,failed,`, in which `,failed,` is found; just a comma finds nothing.
fn words(statuses: &[RequestStatus]) -> Option<String> {
    let join = |text: String, status: &RequestStatus| text + status.as_str() + ",";
    (!statuses.is_empty()).then(|| statuses.iter().fold(",".to_owned(), join))
}

impl Reader {
    /// Requests, the newest first.
    pub async fn requests(
        &self,
        filter: RequestFilter<'_>,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<MediaRequest>, Error> {
        let (limit, after) = (clamp(limit), Newest::after(after)?);
        // One statement for each, so that each is answered from an index of its own.
        let (sql, user) = match filter.whose {
            Whose::Everybodys => (
                select!(
                    "WHERE $1 IS NULL AND r.deleted_at IS NULL AND (r.created_at, r.id) < ($2, $3)
                       AND ($5 IS NULL OR $5 LIKE '%,' || r.status || ',%')
                     ORDER BY r.created_at DESC, r.id DESC LIMIT $4"
                ),
                None,
            ),
            Whose::Of(user) => (
                select!(
                    "WHERE r.user_id = $1 AND r.deleted_at IS NULL AND (r.created_at, r.id) < ($2, $3)
                       AND ($5 IS NULL OR $5 LIKE '%,' || r.status || ',%')
                     ORDER BY r.created_at DESC, r.id DESC LIMIT $4"
                ),
                Some(user),
            ),
            Whose::FollowedBy(user) => (
                select!(
                    "WHERE r.id IN (SELECT request_id FROM request_followers WHERE user_id = $1)
                       AND r.deleted_at IS NULL AND (r.created_at, r.id) < ($2, $3)
                       AND ($5 IS NULL OR $5 LIKE '%,' || r.status || ',%')
                     ORDER BY r.created_at DESC, r.id DESC LIMIT $4"
                ),
                Some(user),
            ),
            Whose::With(user) => (
                select!(
                    "WHERE (r.user_id = $1 OR r.id IN (SELECT request_id FROM request_followers WHERE user_id = $1))
                       AND r.deleted_at IS NULL AND (r.created_at, r.id) < ($2, $3)
                       AND ($5 IS NULL OR $5 LIKE '%,' || r.status || ',%')
                     ORDER BY r.created_at DESC, r.id DESC LIMIT $4"
                ),
                Some(user),
            ),
        };
        let (user, words) = (user.map(|user| user.to_string()), words(filter.statuses));
        let rows: Vec<RequestRow> = on!(&self.db, pool => {
            sqlx::query_as(sql)
                .bind(user)
                .bind(after.at)
                .bind(after.id)
                .bind(i64::from(limit) + 1)
                .bind(words)
                .fetch_all(pool)
                .await?
        });
        let page =
            paging::page(rows, limit, |last| Newest { at: last.created_at, id: last.id.clone() }.cursor());
        let items = page.items.into_iter().map(MediaRequest::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, next: page.next })
    }

    /// Requests for one title that were not declined or taken back, the oldest first; at most 100.
    pub async fn requests_for(
        &self,
        media_type: MediaType,
        tmdb_id: TmdbId,
    ) -> Result<Vec<MediaRequest>, Error> {
        let rows: Vec<RequestRow> = on!(&self.db, pool => {
            sqlx::query_as(select!(
                "WHERE r.media_type = $1 AND r.tmdb_id = $2 AND r.deleted_at IS NULL
                   AND r.status NOT IN ('declined', 'cancelled')
                 ORDER BY r.created_at, r.id LIMIT 100"
            ))
            .bind(media_type.as_str())
            .bind(tmdb_id.to_string())
            .fetch_all(pool)
            .await?
        });
        rows.into_iter().map(MediaRequest::try_from).collect()
    }

    /// Requests that Overseerr knows and that may still move, the oldest first; at most 2,000.
    pub async fn open_requests(&self) -> Result<Vec<MediaRequest>, Error> {
        let rows: Vec<RequestRow> = on!(&self.db, pool => {
            sqlx::query_as(select!(
                "WHERE r.status IN ('pending', 'approved', 'processing', 'failed')
                   AND r.overseerr_id IS NOT NULL AND r.deleted_at IS NULL
                 ORDER BY r.created_at, r.id LIMIT 2000"
            ))
            .fetch_all(pool)
            .await?
        });
        rows.into_iter().map(MediaRequest::try_from).collect()
    }

    /// How many requests wait for a yes or no.
    pub async fn pending_requests(&self) -> Result<u32, Error> {
        let count: i64 = on!(&self.db, pool => {
            sqlx::query_scalar("SELECT COUNT(*) FROM media_requests WHERE status = 'pending' AND deleted_at IS NULL")
                .fetch_one(pool)
                .await?
        });
        Ok(count as u32)
    }
}

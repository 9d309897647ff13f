//! What members asked for, as rows.
//!
//! A person's decision and the [`Step`] that tells Overseerr of it are one transaction: the row
//! names the step until it is done, and while it does, a look at Overseerr that is older than
//! the decision changes nothing. Every change that somebody could see raises `version`, writes
//! its event, and leaves a notice for the notifier, in the same transaction.

mod ask;
mod counts;
mod decide;
mod list;
mod notices;
mod people;
mod remote;
mod talk;

use domain::event::Event;
use domain::media::{ImagePath, MediaStatus, TmdbId};
use domain::request::{MediaRequest, News, Step};
use domain::{RequestId, Timestamp, UserId};
use serde_json::json;

use crate::effects::NewEffect;
use crate::engine::{in_both, on};
use crate::{Error, Reader};

pub use ask::{Asked, NewRequest};
pub use decide::Decision;
pub use list::{RequestFilter, Whose};
pub use notices::Notice;
pub use people::SeerrPerson;
pub use remote::{Adopted, Look, StepEnd};

/// What is selected of `media_requests r`, with the rest of the statement.
macro_rules! select {
    ($($rest:literal),+) => {
        concat!(
            "SELECT r.id, r.user_id, r.media_type, r.tmdb_id, r.title, r.year, r.poster, r.seasons, r.is_4k,
                    r.status, r.decline_reason, r.decided_by, r.problem, r.overseerr_id, r.media, r.step,
                    r.transfer, r.rating_key, r.version, r.created_at, r.updated_at, r.completed_at,
                    (SELECT COUNT(*) FROM request_followers f WHERE f.request_id = r.id) AS followers,
                    (SELECT COUNT(*) FROM request_comments c WHERE c.request_id = r.id) AS comments
             FROM media_requests r ",
            $($rest),+
        )
    };
}
pub(crate) use select;

#[derive(sqlx::FromRow)]
pub(crate) struct RequestRow {
    pub(crate) id: String,
    user_id: String,
    media_type: String,
    tmdb_id: Option<String>,
    title: String,
    year: Option<i64>,
    poster: Option<String>,
    seasons: String,
    is_4k: bool,
    status: String,
    decline_reason: Option<String>,
    decided_by: Option<String>,
    problem: Option<String>,
    overseerr_id: Option<String>,
    media: i64,
    step: Option<String>,
    transfer: Option<String>,
    rating_key: Option<String>,
    version: i64,
    pub(crate) created_at: i64,
    updated_at: i64,
    completed_at: Option<i64>,
    followers: i64,
    comments: i64,
}

impl TryFrom<RequestRow> for MediaRequest {
    type Error = Error;

    fn try_from(row: RequestRow) -> Result<Self, Error> {
        let corrupt = |reason: &dyn std::fmt::Display| Error::corrupt("media_requests", &row.id, reason);
        let word = |error: domain::user::Invalid| corrupt(&error);
        let id = |error: uuid::Error| corrupt(&error);
        let number = |error: std::num::ParseIntError| corrupt(&error);
        let json = |error: serde_json::Error| corrupt(&error);
        Ok(MediaRequest {
            id: row.id.parse().map_err(id)?,
            user: row.user_id.parse().map_err(id)?,
            media_type: row.media_type.parse().map_err(word)?,
            tmdb_id: TmdbId(row.tmdb_id.as_deref().unwrap_or("0").parse().map_err(number)?),
            year: row.year.and_then(|year| u16::try_from(year).ok()),
            poster: row.poster.as_deref().and_then(ImagePath::parse),
            seasons: serde_json::from_str(&row.seasons).map_err(json)?,
            is_4k: row.is_4k,
            status: row.status.parse().map_err(word)?,
            decided_by: row.decided_by.as_deref().map(str::parse).transpose().map_err(id)?,
            overseerr_id: row.overseerr_id.as_deref().map(str::parse).transpose().map_err(number)?,
            media: MediaStatus::from_number(row.media),
            step: row.step.as_deref().map(str::parse).transpose().map_err(word)?,
            transfer: row.transfer.as_deref().map(serde_json::from_str).transpose().map_err(json)?,
            title: row.title,
            decline_reason: row.decline_reason,
            problem: row.problem,
            rating_key: row.rating_key,
            followers: row.followers as u32,
            comments: row.comments as u32,
            version: row.version,
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
            completed_at: row.completed_at.map(Timestamp::from_millis),
        })
    }
}

fn user_id(text: &str) -> Result<UserId, Error> {
    text.parse().map_err(|error| Error::corrupt("users", text, error))
}

impl Reader {
    /// A request, whoever asked; nothing when it was taken off the lists.
    pub async fn request(&self, id: RequestId) -> Result<Option<MediaRequest>, Error> {
        let row: Option<RequestRow> = on!(&self.db, pool => {
            sqlx::query_as(select!("WHERE r.id = $1 AND r.deleted_at IS NULL"))
                .bind(id.to_string())
                .fetch_optional(pool)
                .await?
        });
        row.map(MediaRequest::try_from).transpose()
    }

    /// Whether the person asked for it or joined those who did.
    pub async fn takes_part_in(&self, user: UserId, id: RequestId) -> Result<bool, Error> {
        let count: i64 = on!(&self.db, pool => {
            sqlx::query_scalar(
                "SELECT (SELECT COUNT(*) FROM media_requests WHERE id = $1 AND user_id = $2)
                      + (SELECT COUNT(*) FROM request_followers WHERE request_id = $1 AND user_id = $2)",
            )
            .bind(id.to_string())
            .bind(user.to_string())
            .fetch_one(pool)
            .await?
        });
        Ok(count > 0)
    }

    /// Whether the person joined it.
    pub async fn follows_request(&self, user: UserId, id: RequestId) -> Result<bool, Error> {
        let count: i64 = on!(&self.db, pool => {
            sqlx::query_scalar("SELECT COUNT(*) FROM request_followers WHERE request_id = $1 AND user_id = $2")
                .bind(id.to_string())
                .bind(user.to_string())
                .fetch_one(pool)
                .await?
        });
        Ok(count > 0)
    }

    /// Who joined it, the first one first.
    pub async fn request_followers(&self, id: RequestId) -> Result<Vec<UserId>, Error> {
        let rows: Vec<String> = on!(&self.db, pool => {
            sqlx::query_scalar(
                "SELECT user_id FROM request_followers WHERE request_id = $1 ORDER BY created_at, user_id",
            )
            .bind(id.to_string())
            .fetch_all(pool)
            .await?
        });
        rows.iter().map(|id| user_id(id)).collect()
    }
}

in_both! {
    /// The row as it is in this transaction.
    pub(crate) async fn read_request(&mut self, id: RequestId) -> Result<MediaRequest, Error> {
        let row: Option<RequestRow> = sqlx::query_as(select!("WHERE r.id = $1 AND r.deleted_at IS NULL"))
            .bind(id.to_string())
            .fetch_optional(&mut **self)
            .await?;
        row.ok_or(Error::NotFound("request"))?.try_into()
    }

    /// Locks the row until the end of the transaction, raises its version and reads it.
    pub(crate) async fn lock_request(&mut self, id: RequestId) -> Result<MediaRequest, Error> {
        sqlx::query(
            "UPDATE media_requests SET version = version + 1, updated_at = $2
             WHERE id = $1 AND deleted_at IS NULL",
        )
        .bind(id.to_string())
        .bind(Timestamp::now().as_millis())
        .execute(&mut **self)
        .await?;
        self.read_request(id).await
    }

    /// Writes what may change of a row, and tells of it: everybody who takes part by an event,
    /// and by a notice if the move is news. `by` is who did it.
    pub(crate) async fn change_request(
        &mut self,
        before: &MediaRequest,
        after: &mut MediaRequest,
        by: Option<UserId>,
    ) -> Result<(), Error> {
        if after.status != before.status {
            after.completed_at = after.status.is_over().then(Timestamp::now);
        }
        sqlx::query(
            "UPDATE media_requests
             SET status = $2, decline_reason = $3, decided_by = $4, problem = $5, overseerr_id = $6, media = $7,
                 step = $8, transfer = $9, rating_key = $10, completed_at = $11
             WHERE id = $1",
        )
        .bind(after.id.to_string())
        .bind(after.status.as_str())
        .bind(&after.decline_reason)
        .bind(after.decided_by.map(|user| user.to_string()))
        .bind(&after.problem)
        .bind(after.overseerr_id.map(|id| id.to_string()))
        .bind(after.media.number())
        .bind(after.step.map(Step::as_str))
        .bind(after.transfer.map(|transfer| json!(transfer).to_string()))
        .bind(&after.rating_key)
        .bind(after.completed_at.map(Timestamp::as_millis))
        .execute(&mut **self)
        .await?;
        if let Some(news) = News::of_move(before.status, after.status) {
            let detail = match news {
                News::Declined => after.decline_reason.clone(),
                News::Failed => after.problem.clone(),
                _ => None,
            };
            self.note(after.id, news, by, detail.as_deref()).await?;
        }
        self.tell_request(after).await
    }

    /// Tells everybody who takes part that the row changed.
    pub(crate) async fn tell_request(&mut self, request: &MediaRequest) -> Result<(), Error> {
        let followers: Vec<String> =
            sqlx::query_scalar("SELECT user_id FROM request_followers WHERE request_id = $1 ORDER BY user_id")
                .bind(request.id.to_string())
                .fetch_all(&mut **self)
                .await?;
        let event = Event::RequestChanged {
            request: request.id,
            owner: request.user,
            followers: followers.iter().map(|id| user_id(id)).collect::<Result<_, _>>()?,
            version: request.version,
        };
        self.tell(&event).await
    }

    /// Queues what Overseerr has to be told, once for each version of the row.
    pub(crate) async fn enqueue_step(
        &mut self,
        request: &MediaRequest,
        step: Step,
        by: Option<UserId>,
    ) -> Result<(), Error> {
        let effect = NewEffect {
            kind: "overseerr-request".to_owned(),
            key: format!("{}:{}", request.id, request.version),
            payload: json!({ "request": request.id, "step": step, "by": by }),
            run_at: None,
        };
        self.enqueue(&effect).await?;
        Ok(())
    }
}

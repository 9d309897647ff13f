//! What the notifier still has to tell people.

use domain::event::Event;
use domain::request::News;
use domain::user::User;
use domain::{RequestId, Timestamp, UserId};

use crate::engine::{in_both, in_transaction, on};
use crate::users::UserRow;
use crate::{Error, Reader, Writer};

/// News of a request that nobody was told yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub id: String,
    pub request: RequestId,
    pub news: News,
    /// Who did it; absent when it happened in Overseerr.
    pub by: Option<UserId>,
    /// The reason, the problem or the comment.
    pub detail: Option<String>,
}

#[derive(sqlx::FromRow)]
struct NoticeRow {
    id: String,
    request_id: String,
    kind: String,
    by_user: Option<String>,
    detail: Option<String>,
}

impl TryFrom<NoticeRow> for Notice {
    type Error = Error;

    fn try_from(row: NoticeRow) -> Result<Self, Error> {
        let corrupt = |reason: &dyn std::fmt::Display| Error::corrupt("request_notices", &row.id, reason);
        Ok(Notice {
            request: row.request_id.parse().map_err(|error: uuid::Error| corrupt(&error))?,
            news: row.kind.parse().map_err(|error: domain::user::Invalid| corrupt(&error))?,
            by: row
                .by_user
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|error: uuid::Error| corrupt(&error))?,
            detail: row.detail,
            id: row.id,
        })
    }
}

in_both! {
    /// Leaves a notice for the notifier.
    pub(crate) async fn note(
        &mut self,
        request: RequestId,
        news: News,
        by: Option<UserId>,
        detail: Option<&str>,
    ) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO request_notices (id, request_id, kind, by_user, detail, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(uuid::Uuid::now_v7().to_string())
        .bind(request.to_string())
        .bind(news.as_str())
        .bind(by.map(|user| user.to_string()))
        .bind(detail)
        .bind(Timestamp::now().as_millis())
        .execute(&mut **self)
        .await?;
        Ok(())
    }
}

impl Reader {
    /// The oldest notices that were not delivered.
    pub async fn request_notices(&self, limit: u32) -> Result<Vec<Notice>, Error> {
        let rows: Vec<NoticeRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT id, request_id, kind, by_user, detail FROM request_notices
                 ORDER BY created_at, id LIMIT $1",
            )
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await?
        });
        rows.into_iter().map(Notice::try_from).collect()
    }

    /// Every admin whose account is enabled.
    pub async fn admins(&self) -> Result<Vec<User>, Error> {
        let rows: Vec<UserRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT id, username, username_key, email, role, status, created_at, last_login_at,
                        plex_id, plex_username, plex_membership, plex_checked_at
                 FROM users WHERE role = 'admin' AND status = 'active' ORDER BY username_key",
            )
            .fetch_all(pool)
            .await?
        });
        rows.into_iter().map(User::try_from).collect()
    }
}

impl Writer {
    /// Tells people and takes the notice off the list, together. Says whether this call did it:
    /// of several that try, one does.
    pub async fn deliver_notice(&self, notice: &Notice, words: &[Event]) -> Result<bool, Error> {
        Ok(in_transaction!(self, tx => {
            let taken = sqlx::query("DELETE FROM request_notices WHERE id = $1")
                .bind(&notice.id)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if taken == 0 {
                return Ok(false);
            }
            for word in words {
                tx.tell(word).await?;
            }
            true
        }))
    }
}

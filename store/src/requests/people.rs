//! Which account of Overseerr is whose.

use domain::UserId;
use serde_json::json;

use super::user_id;
use crate::engine::{in_transaction, on};
use crate::{Error, Reader, Writer};

/// A person as Overseerr may know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeerrPerson {
    pub user: UserId,
    /// Their account at plex.tv.
    pub plex_id: Option<String>,
    pub email: Option<String>,
    /// Their number in Overseerr, when it was found.
    pub seerr_id: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct PersonRow {
    id: String,
    plex_id: Option<String>,
    email: Option<String>,
    seerr_id: Option<i64>,
}

impl TryFrom<PersonRow> for SeerrPerson {
    type Error = Error;

    fn try_from(row: PersonRow) -> Result<Self, Error> {
        let user = user_id(&row.id)?;
        Ok(SeerrPerson { user, plex_id: row.plex_id, email: row.email, seerr_id: row.seerr_id })
    }
}

impl Reader {
    /// A person and their account in Overseerr.
    pub async fn seerr_person(&self, user: UserId) -> Result<Option<SeerrPerson>, Error> {
        let row: Option<PersonRow> = on!(&self.db, pool => {
            sqlx::query_as("SELECT id, plex_id, email, seerr_id FROM users WHERE id = $1")
                .bind(user.to_string())
                .fetch_optional(pool)
                .await?
        });
        row.map(SeerrPerson::try_from).transpose()
    }

    /// Everybody and their accounts in Overseerr; at most 10,000.
    pub async fn seerr_people(&self) -> Result<Vec<SeerrPerson>, Error> {
        let rows: Vec<PersonRow> = on!(&self.db, pool => {
            sqlx::query_as("SELECT id, plex_id, email, seerr_id FROM users ORDER BY id LIMIT 10000")
                .fetch_all(pool)
                .await?
        });
        rows.into_iter().map(SeerrPerson::try_from).collect()
    }

    /// How many requests this person may make in an hour, when an admin said so for them.
    pub async fn requests_per_hour_of(&self, user: UserId) -> Result<Option<u32>, Error> {
        let quota: Option<Option<i64>> = on!(&self.db, pool => {
            sqlx::query_scalar("SELECT requests_per_hour FROM users WHERE id = $1")
                .bind(user.to_string())
                .fetch_optional(pool)
                .await?
        });
        Ok(quota.flatten().and_then(|quota| u32::try_from(quota).ok()))
    }
}

impl Writer {
    /// Remembers the number that a person has in Overseerr, or that it is not known (any more).
    pub async fn set_seerr_id(&self, user: UserId, seerr_id: Option<i64>) -> Result<(), Error> {
        on!(&self.db, pool => {
            sqlx::query("UPDATE users SET seerr_id = $2 WHERE id = $1")
                .bind(user.to_string())
                .bind(seerr_id)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Overrides how many requests this person may make in an hour; `None` follows the setting
    /// for everybody again, 0 is no limit.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_requests_per_hour(&self, user: UserId, quota: Option<u32>) -> Result<(), Error> {
        in_transaction!(self, tx => {
            tx.line_up().await?;
            let updated = sqlx::query("UPDATE users SET requests_per_hour = $2 WHERE id = $1")
                .bind(user.to_string())
                .bind(quota.map(i64::from))
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if updated == 0 {
                return Err(Error::NotFound("user"));
            }
            tx.audit("user.quota", &format!("user {user}"), json!({ "requests_per_hour": quota })).await?;
        });
        Ok(())
    }
}

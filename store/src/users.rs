//! People with an account.

use domain::plex::PlexProfile;
use domain::user::{Role, User, Username};
use domain::{Cursor, Page, Timestamp, UserId};
use serde_json::json;

use crate::engine::{in_both, in_transaction, on};
use crate::paging::{self, clamp};
use crate::{Conflict, Error, Reader, Writer};

/// A person who is about to get an account.
#[derive(Debug, Clone)]
pub struct NewUser<'a> {
    pub username: &'a Username,
    pub email: Option<&'a str>,
    pub role: Role,
    /// Hash of the password; absent for a person who signs in with Plex only.
    pub password_hash: Option<&'a str>,
}

/// What an admin changes of a person; absent fields stay.
#[derive(Debug, Clone, Copy, Default)]
pub struct UserPatch {
    pub role: Option<Role>,
    pub enabled: Option<bool>,
}

/// A row of `users`, without its secrets.
#[derive(sqlx::FromRow)]
pub(crate) struct UserRow {
    pub(crate) id: String,
    username: String,
    username_key: String,
    email: Option<String>,
    role: String,
    status: String,
    created_at: i64,
    last_login_at: Option<i64>,
    plex_id: Option<String>,
    plex_username: Option<String>,
    plex_membership: String,
    plex_checked_at: Option<i64>,
}

impl TryFrom<UserRow> for User {
    type Error = Error;

    fn try_from(row: UserRow) -> Result<Self, Error> {
        let corrupt = |reason: String| Error::corrupt("users", &row.id, reason);
        let plex = match &row.plex_id {
            Some(id) => Some(PlexProfile {
                id: id.parse().map_err(|error: std::num::ParseIntError| corrupt(error.to_string()))?,
                name: row.plex_username.clone().unwrap_or_else(|| format!("Plex user {id}")),
                membership: row
                    .plex_membership
                    .parse()
                    .map_err(|error: domain::user::Invalid| corrupt(error.to_string()))?,
                checked_at: row.plex_checked_at.map(Timestamp::from_millis),
            }),
            None => None,
        };
        Ok(User {
            plex,
            id: row.id.parse().map_err(|error: uuid::Error| corrupt(error.to_string()))?,
            role: row.role.parse().map_err(|error: domain::user::Invalid| corrupt(error.to_string()))?,
            username: row.username,
            email: row.email,
            enabled: row.status == "active",
            created_at: Timestamp::from_millis(row.created_at),
            last_login_at: row.last_login_at.map(Timestamp::from_millis),
        })
    }
}

#[derive(sqlx::FromRow)]
struct UserWithHash {
    #[sqlx(flatten)]
    user: UserRow,
    password_hash: Option<String>,
}

impl Reader {
    /// A person by id.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, Error> {
        let row: Option<UserRow> = on!(&self.sign_in, pool => {
            sqlx::query_as(
                "SELECT id, username, username_key, email, role, status, created_at, last_login_at,
                        plex_id, plex_username, plex_membership, plex_checked_at
                 FROM users WHERE id = $1",
            )
            .bind(id.to_string())
            .fetch_optional(pool)
            .await?
        });
        row.map(User::try_from).transpose()
    }

    /// A person by the key of their name ([`Username::key`]), with the hash of their password
    /// when they have one. Any text may be asked for.
    pub async fn user_by_name(&self, key: &str) -> Result<Option<(User, Option<String>)>, Error> {
        // PostgreSQL refuses NUL in text, and no name has one.
        if key.contains('\0') {
            return Ok(None);
        }
        let row: Option<UserWithHash> = on!(&self.sign_in, pool => {
            sqlx::query_as(
                "SELECT id, username, username_key, email, role, status, created_at, last_login_at,
                        plex_id, plex_username, plex_membership, plex_checked_at,
                        password_hash
                 FROM users WHERE username_key = $1",
            )
            .bind(key)
            .fetch_optional(pool)
            .await?
        });
        row.map(|row| Ok((User::try_from(row.user)?, row.password_hash))).transpose()
    }

    /// Everybody, sorted by name.
    pub async fn users(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<User>, Error> {
        let limit = clamp(limit);
        let after = after.map(paging::decode).transpose()?.unwrap_or_default();
        let rows: Vec<UserRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT id, username, username_key, email, role, status, created_at, last_login_at,
                        plex_id, plex_username, plex_membership, plex_checked_at
                 FROM users WHERE username_key > $1 ORDER BY username_key LIMIT $2",
            )
            .bind(after)
            .bind(i64::from(limit) + 1)
            .fetch_all(pool)
            .await?
        });
        let page = paging::page(rows, limit, |last| paging::encode(&last.username_key));
        let items = page.items.into_iter().map(User::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, next: page.next })
    }

    /// Whether the first admin was ever made.
    pub async fn is_set_up(&self) -> Result<bool, Error> {
        Ok(self.setting(SET_UP).await?.is_some())
    }

    /// How many downloads this person may start in an hour, when an admin said so for them.
    pub async fn downloads_per_hour_of(&self, id: UserId) -> Result<Option<u32>, Error> {
        let quota: Option<Option<i64>> = on!(&self.db, pool => {
            sqlx::query_scalar("SELECT downloads_per_hour FROM users WHERE id = $1")
                .bind(id.to_string())
                .fetch_optional(pool)
                .await?
        });
        Ok(quota.flatten().and_then(|quota| u32::try_from(quota).ok()))
    }
}

const SET_UP: &str = "set_up_at";

in_both! {
    pub(crate) async fn insert_user(&mut self, new: &NewUser<'_>) -> Result<User, Error> {
        let user = User {
            id: UserId::generate(),
            username: new.username.as_str().to_owned(),
            email: new.email.map(str::to_owned),
            role: new.role,
            enabled: true,
            created_at: Timestamp::now(),
            last_login_at: None,
            plex: None,
        };
        let inserted = sqlx::query(
            "INSERT INTO users (id, username, username_key, email, role, password_hash, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (username_key) DO NOTHING",
        )
        .bind(user.id.to_string())
        .bind(&user.username)
        .bind(new.username.key())
        .bind(&user.email)
        .bind(user.role.as_str())
        .bind(new.password_hash)
        .bind(user.created_at.as_millis())
        .execute(&mut **self)
        .await?
        .rows_affected();
        if inserted == 0 {
            return Err(Conflict::UsernameTaken.into());
        }
        let detail = json!({ "username": user.username, "role": user.role });
        self.audit("user.create", &format!("user {}", user.id), detail).await?;
        Ok(user)
    }

    /// Locks the row until the end of the transaction and reads it.
    pub(crate) async fn lock_user(&mut self, id: UserId) -> Result<User, Error> {
        let row: Option<UserRow> = sqlx::query_as(
            "UPDATE users SET status = status WHERE id = $1
             RETURNING id, username, username_key, email, role, status, created_at, last_login_at,
                       plex_id, plex_username, plex_membership, plex_checked_at",
        )
        .bind(id.to_string())
        .fetch_optional(&mut **self)
        .await?;
        row.ok_or(Error::NotFound("user"))?.try_into()
    }

    pub(crate) async fn end_sessions_of(&mut self, id: UserId) -> Result<(), Error> {
        sqlx::query("UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL")
            .bind(id.to_string())
            .bind(Timestamp::now().as_millis())
            .execute(&mut **self)
            .await?;
        Ok(())
    }
}

impl Writer {
    /// Makes the first admin. Once for ever: also after that admin is gone, and among many that
    /// try at the same time exactly one succeeds.
    ///
    /// # Errors
    /// [`Conflict::AlreadySetUp`], [`Conflict::UsernameTaken`].
    pub async fn create_first_admin(&self, username: &Username, password_hash: &str) -> Result<User, Error> {
        let admin = NewUser { username, email: None, role: Role::Admin, password_hash: Some(password_hash) };
        Ok(in_transaction!(self, tx => {
            let marked = sqlx::query(
                "INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING",
            )
            .bind(SET_UP)
            .bind(Timestamp::now().to_rfc3339())
            .bind(Timestamp::now().as_millis())
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if marked == 0 {
                return Err(Conflict::AlreadySetUp.into());
            }
            tx.insert_user(&admin).await?
        }))
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`Conflict::UsernameTaken`], compared without case.
    pub async fn create_user(&self, new: &NewUser<'_>) -> Result<User, Error> {
        Ok(in_transaction!(self, tx => tx.insert_user(new).await?))
    }

    /// Changes role or standing. Every session of the person made before is dead when they lose
    /// something: the role is part of what a session was checked for.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Conflict::LastAdmin`] when nobody else could undo it.
    pub async fn update_user(&self, id: UserId, patch: UserPatch) -> Result<User, Error> {
        Ok(in_transaction!(self, tx => {
            // Also lets two admins who demote each other at the same time see each other.
            tx.line_up().await?;
            let before = tx.lock_user(id).await?;
            let after = User {
                role: patch.role.unwrap_or(before.role),
                enabled: patch.enabled.unwrap_or(before.enabled),
                ..before.clone()
            };
            let was_admin = before.enabled && before.role == Role::Admin;
            let is_admin = after.enabled && after.role == Role::Admin;
            if was_admin && !is_admin {
                let others: i64 = sqlx::query_scalar(
                    "SELECT COUNT(*) FROM users WHERE role = 'admin' AND status = 'active' AND id <> $1",
                )
                .bind(id.to_string())
                .fetch_one(&mut *tx)
                .await?;
                if others == 0 {
                    return Err(Conflict::LastAdmin.into());
                }
            }
            if (after.role, after.enabled) != (before.role, before.enabled) {
                sqlx::query(
                    "UPDATE users SET role = $2, status = $3, session_epoch = session_epoch + $4 WHERE id = $1",
                )
                .bind(id.to_string())
                .bind(after.role.as_str())
                .bind(if after.enabled { "active" } else { "disabled" })
                .bind(1_i64)
                .execute(&mut *tx)
                .await?;
                tx.end_sessions_of(id).await?;
                let detail = json!({
                    "before": { "role": before.role, "enabled": before.enabled },
                    "after": { "role": after.role, "enabled": after.enabled },
                });
                tx.audit("user.update", &format!("user {id}"), detail).await?;
            }
            after
        }))
    }

    /// Sets the hash of the password. With `ends_sessions` every session of the person dies, as
    /// after a reset; without it they stay, as after a sign-in that only renewed the hash.
    pub async fn set_password(
        &self,
        id: UserId,
        password_hash: &str,
        ends_sessions: bool,
    ) -> Result<(), Error> {
        in_transaction!(self, tx => {
            tx.line_up().await?;
            let updated = sqlx::query(
                "UPDATE users SET password_hash = $2, session_epoch = session_epoch + $3 WHERE id = $1",
            )
            .bind(id.to_string())
            .bind(password_hash)
            .bind(i64::from(ends_sessions))
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if updated == 0 {
                return Err(Error::NotFound("user"));
            }
            if ends_sessions {
                tx.end_sessions_of(id).await?;
                tx.audit("user.password", &format!("user {id}"), json!({ "password": "changed" })).await?;
            }
        });
        Ok(())
    }

    /// Overrides how many downloads this person may start in an hour; `None` follows the setting
    /// for everybody again, 0 is no limit.
    pub async fn set_downloads_per_hour(&self, id: UserId, quota: Option<u32>) -> Result<(), Error> {
        in_transaction!(self, tx => {
            tx.line_up().await?;
            let updated = sqlx::query("UPDATE users SET downloads_per_hour = $2 WHERE id = $1")
                .bind(id.to_string())
                .bind(quota.map(i64::from))
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if updated == 0 {
                return Err(Error::NotFound("user"));
            }
            tx.audit("user.quota", &format!("user {id}"), json!({ "downloads_per_hour": quota })).await?;
        });
        Ok(())
    }

    /// Remembers that the person signed in, in the audit log too.
    pub async fn record_login(&self, id: UserId) -> Result<(), Error> {
        in_transaction!(self, tx => {
            tx.line_up().await?;
            sqlx::query("UPDATE users SET last_login_at = $2 WHERE id = $1")
                .bind(id.to_string())
                .bind(Timestamp::now().as_millis())
                .execute(&mut *tx)
                .await?;
            tx.audit("user.login", &format!("user {id}"), json!({})).await?;
        });
        Ok(())
    }
}

//! Signed-in browsers. The row is the authority: a token whose row is revoked, ended or of an
//! older epoch than its person signs nobody in.

use domain::user::User;
use domain::{SessionId, Timestamp, UserId};
use serde_json::json;

use crate::engine::{in_transaction, on};
use crate::users::UserRow;
use crate::{Error, Reader, Writer};

/// A session that is about to begin.
#[derive(Debug, Clone)]
pub struct NewSession<'a> {
    pub user: UserId,
    pub user_agent: Option<&'a str>,
    pub ip: Option<&'a str>,
    pub idle_ends_at: Timestamp,
    pub absolute_ends_at: Timestamp,
}

/// A session and its person, read together.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionRow {
    pub id: SessionId,
    pub user: User,
    /// The person's epoch when the session began.
    pub epoch: i64,
    /// The person's epoch now.
    pub user_epoch: i64,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub idle_ends_at: Timestamp,
    pub absolute_ends_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    pub user_agent: Option<String>,
    pub ip: Option<String>,
}

impl SessionRow {
    /// Whether it signs its person in at `now`.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none()
            && self.user.enabled
            && self.epoch == self.user_epoch
            && now < self.idle_ends_at
            && now < self.absolute_ends_at
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    user: UserRow,
    session_id: String,
    epoch: i64,
    user_epoch: i64,
    session_created_at: i64,
    last_seen_at: i64,
    idle_ends_at: i64,
    absolute_ends_at: i64,
    revoked_at: Option<i64>,
    user_agent: Option<String>,
    ip: Option<String>,
}

impl TryFrom<Row> for SessionRow {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let id =
            row.session_id.parse().map_err(|error| Error::corrupt("sessions", &row.session_id, error))?;
        Ok(SessionRow {
            id,
            user: row.user.try_into()?,
            epoch: row.epoch,
            user_epoch: row.user_epoch,
            created_at: Timestamp::from_millis(row.session_created_at),
            last_seen_at: Timestamp::from_millis(row.last_seen_at),
            idle_ends_at: Timestamp::from_millis(row.idle_ends_at),
            absolute_ends_at: Timestamp::from_millis(row.absolute_ends_at),
            revoked_at: row.revoked_at.map(Timestamp::from_millis),
            user_agent: row.user_agent,
            ip: row.ip,
        })
    }
}

impl Reader {
    /// A session, dead or alive; ask [`SessionRow::is_alive`].
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionRow>, Error> {
        let row: Option<Row> = on!(&self.sign_in, pool => {
            sqlx::query_as(
                "SELECT u.id, u.username, u.username_key, u.email, u.role, u.status, u.created_at,
                        u.last_login_at, u.plex_id, u.plex_username, u.plex_membership, u.plex_checked_at,
                        s.id AS session_id, s.epoch, u.session_epoch AS user_epoch,
                        s.created_at AS session_created_at, s.last_seen_at, s.idle_ends_at,
                        s.absolute_ends_at, s.revoked_at, s.user_agent, s.ip
                 FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1",
            )
            .bind(id.to_string())
            .fetch_optional(pool)
            .await?
        });
        row.map(SessionRow::try_from).transpose()
    }

    /// The living sessions of a person, the newest first.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRow>, Error> {
        let rows: Vec<Row> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT u.id, u.username, u.username_key, u.email, u.role, u.status, u.created_at,
                        u.last_login_at, u.plex_id, u.plex_username, u.plex_membership, u.plex_checked_at,
                        s.id AS session_id, s.epoch, u.session_epoch AS user_epoch,
                        s.created_at AS session_created_at, s.last_seen_at, s.idle_ends_at,
                        s.absolute_ends_at, s.revoked_at, s.user_agent, s.ip
                 FROM sessions s JOIN users u ON u.id = s.user_id
                 WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.epoch = u.session_epoch
                   AND s.idle_ends_at > $2 AND s.absolute_ends_at > $2
                 ORDER BY s.created_at DESC, s.id DESC LIMIT 200",
            )
            .bind(user.to_string())
            .bind(Timestamp::now().as_millis())
            .fetch_all(pool)
            .await?
        });
        rows.into_iter().map(SessionRow::try_from).collect()
    }
}

impl Writer {
    /// Begins a session in the person's present epoch.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such person or they are disabled.
    pub async fn create_session(&self, new: &NewSession<'_>) -> Result<SessionId, Error> {
        let id = SessionId::generate();
        let now = Timestamp::now().as_millis();
        let inserted = on!(&self.db, pool => {
            sqlx::query(
                "INSERT INTO sessions (id, user_id, epoch, user_agent, ip, created_at, last_seen_at,
                                       idle_ends_at, absolute_ends_at)
                 SELECT $1, id, session_epoch, $3, $4, $5, $5, $6, $7
                 FROM users WHERE id = $2 AND status = 'active'",
            )
            .bind(id.to_string())
            .bind(new.user.to_string())
            .bind(new.user_agent)
            .bind(new.ip)
            .bind(now)
            .bind(new.idle_ends_at.as_millis())
            .bind(new.absolute_ends_at.as_millis())
            .execute(pool)
            .await?
            .rows_affected()
        });
        if inserted == 1 { Ok(id) } else { Err(Error::NotFound("user")) }
    }

    /// Remembers that the session was used and moves its idle end, never past its absolute end
    /// and never back. Says whether the session is still there and not revoked.
    pub async fn touch_session(
        &self,
        id: SessionId,
        now: Timestamp,
        idle_ends_at: Timestamp,
    ) -> Result<bool, Error> {
        let touched = on!(&self.db, pool => {
            sqlx::query(
                "UPDATE sessions
                 SET last_seen_at = CASE WHEN last_seen_at < $2 THEN $2 ELSE last_seen_at END,
                     idle_ends_at = CASE WHEN $3 > absolute_ends_at THEN absolute_ends_at
                                         WHEN $3 > idle_ends_at THEN $3 ELSE idle_ends_at END
                 WHERE id = $1 AND revoked_at IS NULL",
            )
            .bind(id.to_string())
            .bind(now.as_millis())
            .bind(idle_ends_at.as_millis())
            .execute(pool)
            .await?
            .rows_affected()
        });
        Ok(touched == 1)
    }

    /// Ends one session. Says whether it was alive.
    pub async fn revoke_session(&self, id: SessionId) -> Result<bool, Error> {
        Ok(in_transaction!(self, tx => {
            tx.line_up().await?;
            let revoked =
                sqlx::query("UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
                    .bind(id.to_string())
                    .bind(Timestamp::now().as_millis())
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
            if revoked == 1 {
                tx.audit("session.revoke", &format!("session {id}"), json!({})).await?;
            }
            revoked == 1
        }))
    }

    /// Ends every session of a person, also those that are made of older tokens, and says which
    /// were alive.
    pub async fn revoke_sessions_of(&self, user: UserId) -> Result<Vec<SessionId>, Error> {
        let revoked: Vec<String> = in_transaction!(self, tx => {
            tx.line_up().await?;
            sqlx::query("UPDATE users SET session_epoch = session_epoch + 1 WHERE id = $1")
                .bind(user.to_string())
                .execute(&mut *tx)
                .await?;
            let revoked = sqlx::query_scalar(
                "UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL RETURNING id",
            )
            .bind(user.to_string())
            .bind(Timestamp::now().as_millis())
            .fetch_all(&mut *tx)
            .await?;
            tx.audit("session.revoke-all", &format!("user {user}"), json!({ "sessions": revoked.len() })).await?;
            revoked
        });
        Ok(revoked.iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// Forgets sessions that ended before `before`, for the maintenance. Gives their number.
    pub async fn purge_sessions(&self, before: Timestamp) -> Result<u64, Error> {
        Ok(on!(&self.db, pool => {
            sqlx::query("DELETE FROM sessions WHERE absolute_ends_at < $1 OR idle_ends_at < $1 OR revoked_at < $1")
                .bind(before.as_millis())
                .execute(pool)
                .await?
                .rows_affected()
        }))
    }
}

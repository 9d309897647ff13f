//! Personal API tokens. Only the SHA-256 of a token is kept.

use domain::user::User;
use domain::{ApiTokenId, Timestamp, UserId};
use serde_json::json;

use crate::downloads::without_nul;
use crate::engine::{in_transaction, on};
use crate::users::UserRow;
use crate::{Error, Reader, Writer};

/// A token as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiTokenRow {
    pub id: ApiTokenId,
    pub user: UserId,
    pub name: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct TokenColumns {
    token_id: String,
    user_id: String,
    name: String,
    token_created_at: i64,
    last_used_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct TokenWithUser {
    #[sqlx(flatten)]
    token: TokenColumns,
    #[sqlx(flatten)]
    user: UserRow,
}

impl TryFrom<TokenColumns> for ApiTokenRow {
    type Error = Error;

    fn try_from(row: TokenColumns) -> Result<Self, Error> {
        let corrupt = |error: uuid::Error| Error::corrupt("api_tokens", &row.token_id, error);
        Ok(ApiTokenRow {
            id: row.token_id.parse().map_err(corrupt)?,
            user: row.user_id.parse().map_err(corrupt)?,
            name: row.name,
            created_at: Timestamp::from_millis(row.token_created_at),
            last_used_at: row.last_used_at.map(Timestamp::from_millis),
        })
    }
}

impl Reader {
    /// The living token with this SHA-256, and its person, who may be disabled.
    pub async fn api_token(&self, hash: &[u8; 32]) -> Result<Option<(ApiTokenRow, User)>, Error> {
        let row: Option<TokenWithUser> = on!(&self.sign_in, pool => {
            sqlx::query_as(
                "SELECT t.id AS token_id, t.user_id, t.name, t.created_at AS token_created_at, t.last_used_at,
                        u.id, u.username, u.username_key, u.email, u.role, u.status, u.created_at,
                        u.last_login_at, u.plex_id, u.plex_username, u.plex_membership, u.plex_checked_at
                 FROM api_tokens t JOIN users u ON u.id = t.user_id
                 WHERE t.hash = $1 AND t.revoked_at IS NULL",
            )
            .bind(hash.as_slice())
            .fetch_optional(pool)
            .await?
        });
        row.map(|row| Ok((row.token.try_into()?, row.user.try_into()?))).transpose()
    }

    /// The living tokens of a person, the newest first.
    pub async fn api_tokens_of(&self, user: UserId) -> Result<Vec<ApiTokenRow>, Error> {
        let rows: Vec<TokenColumns> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT id AS token_id, user_id, name, created_at AS token_created_at, last_used_at
                 FROM api_tokens WHERE user_id = $1 AND revoked_at IS NULL
                 ORDER BY created_at DESC, id DESC LIMIT 200",
            )
            .bind(user.to_string())
            .fetch_all(pool)
            .await?
        });
        rows.into_iter().map(ApiTokenRow::try_from).collect()
    }
}

impl Writer {
    /// Keeps a token by its SHA-256.
    pub async fn create_api_token(
        &self,
        user: UserId,
        name: &str,
        hash: &[u8; 32],
    ) -> Result<ApiTokenRow, Error> {
        let token = ApiTokenRow {
            id: ApiTokenId::generate(),
            user,
            name: without_nul(name),
            created_at: Timestamp::now(),
            last_used_at: None,
        };
        in_transaction!(self, tx => {
            sqlx::query("INSERT INTO api_tokens (id, user_id, name, hash, created_at) VALUES ($1, $2, $3, $4, $5)")
                .bind(token.id.to_string())
                .bind(user.to_string())
                .bind(&token.name)
                .bind(hash.as_slice())
                .bind(token.created_at.as_millis())
                .execute(&mut *tx)
                .await
                .map_err(|error| match error.as_database_error() {
                    Some(refusal) if refusal.is_foreign_key_violation() => Error::NotFound("user"),
                    _ => error.into(),
                })?;
            let detail = json!({ "name": token.name, "user": user });
            tx.audit("token.create", &format!("token {}", token.id), detail).await?;
        });
        Ok(token)
    }

    /// Remembers that the token was used. Written at most once a minute for each token.
    pub async fn touch_api_token(&self, id: ApiTokenId, now: Timestamp) -> Result<(), Error> {
        on!(&self.db, pool => {
            sqlx::query(
                "UPDATE api_tokens SET last_used_at = $2
                 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2 - 60000)",
            )
            .bind(id.to_string())
            .bind(now.as_millis())
            .execute(pool)
            .await?;
        });
        Ok(())
    }

    /// Ends a token of `user`. Says whether it was theirs and alive.
    pub async fn revoke_api_token(&self, user: UserId, id: ApiTokenId) -> Result<bool, Error> {
        Ok(in_transaction!(self, tx => {
            tx.line_up().await?;
            let revoked = sqlx::query(
                "UPDATE api_tokens SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL",
            )
            .bind(id.to_string())
            .bind(user.to_string())
            .bind(Timestamp::now().as_millis())
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if revoked == 1 {
                tx.audit("token.revoke", &format!("token {id}"), json!({})).await?;
            }
            revoked == 1
        }))
    }
}

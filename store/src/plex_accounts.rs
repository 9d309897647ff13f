//! People's accounts at plex.tv: who they are here, and the tokens that Plex gave them.
//!
//! Both tokens are encrypted and bound to their row. The account token speaks to plex.tv, the
//! server token to the house's Plex server; a friend's account token does not open the server.

use domain::plex::{Membership, PlexAccount, PlexId};
use domain::user::{Role, User};
use domain::{Secret, Timestamp, UserId};
use serde_json::json;

use crate::engine::{in_both, in_transaction, on};
use crate::keyring::Place;
use crate::users::UserRow;
use crate::{Conflict, Error, NewUser, Reader, Writer};

/// What plex.tv said of somebody who has just approved a sign-in.
#[derive(Debug, Clone)]
pub struct PlexSignIn<'a> {
    pub account: &'a PlexAccount,
    pub token: &'a Secret,
    /// Opens the house's server for them.
    pub server_token: &'a Secret,
    /// The server is theirs: a new account becomes an admin.
    pub owns_server: bool,
}

/// What a person may ask the house's Plex server with.
#[derive(Debug, Clone)]
pub struct PlexAccess {
    pub server_token: Secret,
}

/// How a person can come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaysIn {
    pub has_password: bool,
    pub has_plex: bool,
}

fn account_token(row: &str) -> Place<'_> {
    Place { table: "users", column: "plex_token", row }
}

fn server_token(row: &str) -> Place<'_> {
    Place { table: "users", column: "plex_server_token", row }
}

impl Reader {
    /// What this person may ask the house's Plex server with; nothing when they never signed in
    /// with Plex, when the server is not shared with them any more, or when their token is dead.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when the row was tampered with.
    pub async fn plex_access(&self, id: UserId) -> Result<Option<PlexAccess>, Error> {
        let sealed: Option<Option<String>> = on!(&self.db, pool => {
            sqlx::query_scalar("SELECT plex_server_token FROM users WHERE id = $1 AND plex_membership = 'member'")
                .bind(id.to_string())
                .fetch_optional(pool)
                .await?
        });
        let Some(sealed) = sealed.flatten() else { return Ok(None) };
        let server_token = self.keys.open(server_token(&id.to_string()), &sealed)?;
        Ok(Some(PlexAccess { server_token }))
    }

    /// The token with which plex.tv knows this person.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when the row was tampered with.
    pub async fn plex_token(&self, id: UserId) -> Result<Option<Secret>, Error> {
        let sealed: Option<Option<String>> = on!(&self.db, pool => {
            sqlx::query_scalar("SELECT plex_token FROM users WHERE id = $1")
                .bind(id.to_string())
                .fetch_optional(pool)
                .await?
        });
        sealed.flatten().map(|sealed| self.keys.open(account_token(&id.to_string()), &sealed)).transpose()
    }

    /// Whoever has this account at plex.tv.
    pub async fn user_by_plex_id(&self, id: PlexId) -> Result<Option<User>, Error> {
        let row: Option<UserRow> = on!(&self.sign_in, pool => {
            sqlx::query_as(
                "SELECT id, username, username_key, email, role, status, created_at, last_login_at,
                        plex_id, plex_username, plex_membership, plex_checked_at
                 FROM users WHERE plex_id = $1",
            )
            .bind(id.to_string())
            .fetch_optional(pool)
            .await?
        });
        row.map(User::try_from).transpose()
    }

    /// How this person can come in; nothing when they are not there.
    pub async fn ways_in(&self, id: UserId) -> Result<Option<WaysIn>, Error> {
        let row: Option<(bool, bool)> = on!(&self.db, pool => {
            sqlx::query_as("SELECT password_hash IS NOT NULL, plex_id IS NOT NULL FROM users WHERE id = $1")
                .bind(id.to_string())
                .fetch_optional(pool)
                .await?
        });
        Ok(row.map(|(has_password, has_plex)| WaysIn { has_password, has_plex }))
    }

    /// Enabled people with a token whose membership was last checked before `before`, the
    /// longest ago first.
    pub async fn plex_memberships_before(&self, before: Timestamp, limit: u32) -> Result<Vec<UserId>, Error> {
        let ids: Vec<String> = on!(&self.db, pool => {
            sqlx::query_scalar(
                "SELECT id FROM users
                 WHERE plex_token IS NOT NULL AND status = 'active' AND COALESCE(plex_checked_at, 0) < $1
                 ORDER BY COALESCE(plex_checked_at, 0), id LIMIT $2",
            )
            .bind(before.as_millis())
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await?
        });
        let parsed = ids.iter().map(|id| id.parse().map_err(|error| Error::corrupt("users", id, error)));
        parsed.collect()
    }
}

in_both! {
    async fn user_of_plex(&mut self, id: PlexId) -> Result<Option<User>, Error> {
        let row: Option<UserRow> = sqlx::query_as(
            "SELECT id, username, username_key, email, role, status, created_at, last_login_at,
                    plex_id, plex_username, plex_membership, plex_checked_at
             FROM users WHERE plex_id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(&mut **self)
        .await?;
        row.map(User::try_from).transpose()
    }

    /// An account for somebody of Plex, under the first of their names that is free.
    async fn insert_plex_user(&mut self, account: &PlexAccount, role: Role) -> Result<User, Error> {
        for username in account.usernames() {
            let new = NewUser { username: &username, email: account.email.as_deref(), role, password_hash: None };
            match self.insert_user(&new).await {
                Err(Error::Conflict(Conflict::UsernameTaken)) => {}
                Err(error) => return Err(error),
                Ok(user) => {
                    sqlx::query("UPDATE users SET plex_id = $2, plex_username = $3 WHERE id = $1")
                        .bind(user.id.to_string())
                        .bind(account.id.to_string())
                        .bind(&account.name)
                        .execute(&mut **self)
                        .await?;
                    return Ok(user);
                }
            }
        }
        Err(Conflict::UsernameTaken.into())
    }

    /// Keeps both tokens and what the account is called today.
    async fn keep_plex(&mut self, id: UserId, new: &PlexSignIn<'_>) -> Result<(), Error> {
        let row = id.to_string();
        let keys = self.pen.keys.clone();
        sqlx::query(
            "UPDATE users
             SET plex_id = $2, plex_username = $3, plex_token = $4, plex_server_token = $5,
                 plex_membership = 'member', plex_checked_at = $6, email = COALESCE(email, $7)
             WHERE id = $1",
        )
        .bind(&row)
        .bind(new.account.id.to_string())
        .bind(&new.account.name)
        .bind(keys.seal(account_token(&row), new.token))
        .bind(keys.seal(server_token(&row), new.server_token))
        .bind(Timestamp::now().as_millis())
        .bind(new.account.email.as_deref())
        .execute(&mut **self)
        .await?;
        Ok(())
    }
}

impl Writer {
    /// Finds or makes the account of somebody who approved a sign-in, and keeps their tokens. A
    /// disabled person keeps being disabled and gets no new token: look at [`User::enabled`].
    pub async fn sign_in_with_plex(&self, new: &PlexSignIn<'_>) -> Result<User, Error> {
        Ok(in_transaction!(self, tx => {
            tx.line_up().await?;
            let user = match tx.user_of_plex(new.account.id).await? {
                Some(user) => user,
                None => {
                    let role = if new.owns_server { Role::Admin } else { Role::User };
                    tx.insert_plex_user(new.account, role).await?
                }
            };
            if user.enabled {
                tx.keep_plex(user.id, new).await?;
            }
            user
        }))
    }

    /// Ties an account at plex.tv to a person who is signed in.
    ///
    /// # Errors
    /// [`Conflict::PlexAccountTaken`] when somebody else has it, [`Conflict::HasPlexAccount`]
    /// when the person has another one, [`Error::NotFound`].
    pub async fn link_plex(&self, id: UserId, new: &PlexSignIn<'_>) -> Result<(), Error> {
        in_transaction!(self, tx => {
            tx.line_up().await?;
            let user = tx.lock_user(id).await?;
            if tx.user_of_plex(new.account.id).await?.is_some_and(|other| other.id != id) {
                return Err(Conflict::PlexAccountTaken.into());
            }
            if user.plex.is_some_and(|plex| plex.id != new.account.id) {
                return Err(Conflict::HasPlexAccount.into());
            }
            tx.keep_plex(id, new).await?;
            let detail = json!({ "plex_id": new.account.id, "name": new.account.name });
            tx.audit("user.plex-link", &format!("user {id}"), detail).await?;
        });
        Ok(())
    }

    /// Takes the account at plex.tv away from a person, and forgets its tokens.
    ///
    /// # Errors
    /// [`Conflict::NoOtherWayIn`] when they have no password, [`Error::NotFound`].
    pub async fn unlink_plex(&self, id: UserId) -> Result<(), Error> {
        in_transaction!(self, tx => {
            tx.line_up().await?;
            let user = tx.lock_user(id).await?;
            let Some(plex) = user.plex else { return Ok(()) };
            let unlinked = sqlx::query(
                "UPDATE users
                 SET plex_id = NULL, plex_username = NULL, plex_token = NULL, plex_server_token = NULL,
                     plex_membership = 'unknown', plex_checked_at = NULL
                 WHERE id = $1 AND password_hash IS NOT NULL",
            )
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if unlinked == 0 {
                return Err(Conflict::NoOtherWayIn.into());
            }
            tx.audit("user.plex-unlink", &format!("user {id}"), json!({ "plex_id": plex.id })).await?;
        });
        Ok(())
    }

    /// Plex gave a known person new tokens outside a sign-in: the old ones may be dead by now.
    /// Says whether anybody here has that account.
    pub async fn renew_plex_tokens(&self, new: &PlexSignIn<'_>) -> Result<bool, Error> {
        Ok(in_transaction!(self, tx => {
            let user = tx.user_of_plex(new.account.id).await?.filter(|user| user.enabled);
            if let Some(user) = &user {
                tx.keep_plex(user.id, new).await?;
            }
            user.is_some()
        }))
    }

    /// Remembers what plex.tv says of a person's membership. Anything but a member loses the
    /// server token, and who must sign in again the account token too; somebody without a
    /// password then loses their sessions. Gives the membership of before.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the person is gone or has no Plex account any more.
    pub async fn record_membership(
        &self,
        id: UserId,
        membership: Membership,
        new_server_token: Option<&Secret>,
    ) -> Result<Membership, Error> {
        Ok(in_transaction!(self, tx => {
            tx.line_up().await?;
            let before = tx.lock_user(id).await?.plex.ok_or(Error::NotFound("user"))?.membership;
            let row = id.to_string();
            let sealed = new_server_token.map(|token| self.pen.keys.seal(server_token(&row), token));
            let is_member = membership == Membership::Member;
            sqlx::query(
                "UPDATE users
                 SET plex_membership = $2, plex_checked_at = $3,
                     plex_token = CASE WHEN $4 THEN NULL ELSE plex_token END,
                     plex_server_token = CASE WHEN $5 THEN COALESCE($6, plex_server_token) ELSE NULL END
                 WHERE id = $1",
            )
            .bind(&row)
            .bind(membership.as_str())
            .bind(Timestamp::now().as_millis())
            .bind(membership == Membership::SignInAgain)
            .bind(is_member)
            .bind(sealed)
            .execute(&mut *tx)
            .await?;
            if membership != before {
                let detail = json!({ "before": before, "after": membership });
                tx.audit("user.plex-membership", &format!("user {id}"), detail).await?;
            }
            if !is_member {
                let stays: Option<bool> =
                    sqlx::query_scalar("SELECT password_hash IS NOT NULL FROM users WHERE id = $1")
                        .bind(&row)
                        .fetch_optional(&mut *tx)
                        .await?;
                if stays != Some(true) {
                    tx.end_sessions_of(id).await?;
                }
            }
            before
        }))
    }

    /// Makes accounts for people with whom the server is shared. Those that are here already
    /// are left as they are. Gives the new ones.
    pub async fn import_plex_accounts(&self, accounts: &[PlexAccount]) -> Result<Vec<User>, Error> {
        Ok(in_transaction!(self, tx => {
            tx.line_up().await?;
            let mut imported = Vec::new();
            for account in accounts {
                if tx.user_of_plex(account.id).await?.is_none() {
                    imported.push(tx.insert_plex_user(account, Role::User).await?);
                }
            }
            imported
        }))
    }
}

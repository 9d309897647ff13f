//! Accounts, as admins make and change them.

use domain::user::{Role, User, Username, check_password};
use domain::{Secret, UserId};
use serde::Deserialize;
use store::{Conflict, Error, NewUser, UserPatch};

use crate::app::App;
use crate::problem::{OfField, Problem};
use crate::route::Head;

/// An account that an admin asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    pub username: String,
    pub password: Secret,
    /// Overseerr knows people without a Plex account by it.
    pub email: Option<String>,
    pub role: Role,
}

/// What an admin changes; absent fields stay.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountPatch {
    pub role: Option<Role>,
    pub enabled: Option<bool>,
}

/// Makes an account.
///
/// # Errors
///
/// A name or a password that does not fit; a name that is taken.
pub async fn create(app: &App, head: &Head, new: NewAccount) -> Result<User, Problem> {
    let username: Username = new.username.parse().of_field("username")?;
    check_password(new.password.expose()).of_field("password")?;
    let email = new.email.as_deref().map(str::trim).filter(|email| !email.is_empty());
    if email
        .is_some_and(|email| email.len() > 254 || !email.contains('@') || email.chars().any(char::is_control))
    {
        return Err(Problem::invalid("email", "is not an e-mail address"));
    }
    let hash = app.hasher.hash(new.password).await?;
    let new = NewUser { username: &username, email, role: new.role, password_hash: Some(&hash) };
    Ok(app.writer_for(head).create_user(&new).await?)
}

/// Changes an account; its sessions and streams feel it within a second.
///
/// # Errors
///
/// Nobody there; the last admin.
pub async fn change(app: &App, head: &Head, id: UserId, patch: AccountPatch) -> Result<User, Problem> {
    let sessions = app.reader.sessions_of(id).await?;
    let patch = UserPatch { role: patch.role, enabled: patch.enabled };
    let field = if patch.enabled == Some(false) { "enabled" } else { "role" };
    let user = app.writer_for(head).update_user(id, patch).await.map_err(|error| match error {
        error @ Error::Conflict(Conflict::LastAdmin) => Problem::from(error).about(field),
        error => error.into(),
    })?;
    for session in sessions {
        app.sessions.recheck(session.id);
    }
    Ok(user)
}

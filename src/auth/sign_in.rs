//! In and out, with a local account or with whatever else proves who somebody is.

use std::sync::Arc;

use domain::user::{User, Username};
use domain::{Secret, Timestamp};
use http::HeaderValue;
use serde::Deserialize;
use store::NewSession;

use super::password::Verdict;
use super::token::{ABSOLUTE, IDLE};
use super::{cookie, identify};
use crate::app::App;
use crate::problem::Problem;
use crate::route::Head;

/// What somebody typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    pub username: String,
    pub password: Secret,
}

/// How somebody proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    Password,
    Plex,
}

/// Somebody who has just signed in.
pub struct SignedIn {
    pub user: User,
    /// For the header or the forms of the pages that follow.
    pub csrf: Arc<str>,
    /// `Set-Cookie`.
    pub cookie: HeaderValue,
}

/// Checks a password and begins a session. Unknown names, wrong passwords and disabled accounts
/// get the same answer after the same time.
///
/// # Errors
///
/// A wrong password; too many of them.
pub async fn sign_in(app: &App, head: &Head, credentials: Credentials) -> Result<SignedIn, Problem> {
    let Credentials { username, password } = credentials;
    let key = username.parse::<Username>().map(|name| name.key()).unwrap_or_default();
    let attempt = app.throttle.begin(&key, head.remote).map_err(|wait| {
        metrics::counter!("medianest_logins_total", "method" => "password", "result" => "throttled")
            .increment(1);
        let minutes = wait.as_secs().div_ceil(60);
        Problem::too_often(format!("Too many failed sign-ins. Try again in {minutes} min."), wait)
    })?;

    let found = app.reader.user_by_name(&key).await?;
    let hash = found.as_ref().and_then(|(_, hash)| hash.clone());
    let verdict = app.hasher.check(password.clone(), hash).await?;
    let user = found.map(|(user, _)| user).filter(|user| user.enabled && verdict != Verdict::Wrong);
    let Some(user) = user else {
        drop(attempt);
        metrics::counter!("medianest_logins_total", "method" => "password", "result" => "failed")
            .increment(1);
        tracing::info!(request_id = %head.request_id, ip = %head.remote, "a sign-in failed");
        return Err(Problem::wrong_password());
    };
    attempt.succeeded();
    if verdict == Verdict::RightButOld {
        let hash = app.hasher.hash(password).await?;
        app.writer.set_password(user.id, &hash, false).await?;
    }
    begin(app, head, user, Credential::Password).await
}

/// Begins a session for somebody who proved who they are. A session that the browser had before
/// ends: whoever knew its token does not share the new one.
pub async fn begin(app: &App, head: &Head, user: User, by: Credential) -> Result<SignedIn, Problem> {
    if let Some(before) = identify(app, &head.headers).await?.user.and_then(|user| user.session) {
        app.writer.revoke_session(before).await?;
        app.sessions.recheck(before);
    }
    let now = Timestamp::now();
    let agent: String = head.user_agent().chars().filter(|c| !c.is_control()).take(256).collect();
    let ip = head.remote.to_string();
    let sid = app
        .writer_for(head)
        .create_session(&NewSession {
            user: user.id,
            user_agent: Some(&agent),
            ip: Some(&ip),
            idle_ends_at: now + IDLE,
            absolute_ends_at: now + ABSOLUTE,
        })
        .await?;
    app.writer_for(head).record_login(user.id).await?;
    let method = match by {
        Credential::Password => "password",
        Credential::Plex => "plex",
    };
    metrics::counter!("medianest_logins_total", "method" => method, "result" => "ok").increment(1);

    let session = app.reader.session(sid).await?.ok_or_else(Problem::unavailable)?;
    let token = app.tokens.issue(sid, user.id, session.epoch, session.created_at);
    Ok(SignedIn { user, csrf: app.csrf.of(sid), cookie: cookie::set(&app.settings, &token) })
}

/// Ends the session of the cookie, on the server too, and takes the cookie away.
pub async fn sign_out(app: &App, head: &Head) -> Result<HeaderValue, Problem> {
    if let Some(sid) = head.session() {
        app.writer_for(head).revoke_session(sid).await?;
        app.sessions.recheck(sid);
    }
    Ok(cookie::clear(&app.settings))
}

//! Signing in with Plex, and the people with whom the Plex server is shared.

use actors::sign_ins::{Guest, Step};
use domain::plex::{Membership, PinPurpose, PlexId};
use domain::{PlexPinId, Timestamp, UserId};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::List;
use super::account::welcome;
use super::users::Person;
use crate::app::App;
use crate::auth::plex::{self, Finished, Kind};
use crate::problem::Problem;
use crate::route::{Response, Route, Visit, accepted, created, get, json, no_content, post};

pub fn routes() -> Vec<Route> {
    vec![
        post("/api/v1/login/plex").anyone().without_csrf_token().json(begin),
        post("/api/v1/login/plex/finish").anyone().without_csrf_token().unmetered().then(finish),
        post("/api/v1/login/plex/cancel").anyone().without_csrf_token().then(cancel),
        get("/api/v1/users/plex").admin().then(guests),
        post("/api/v1/users/plex").admin().json(import),
        post("/api/v1/users/:id/plex/check").admin().then(check),
    ]
}

/// How the sign-in is approved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginPlex {
    /// Type a short code at plex.tv/link instead of opening a page.
    #[serde(default)]
    code: bool,
}

/// A sign-in that somebody may approve. Which browser may finish it is in a cookie.
#[derive(Serialize, ToSchema)]
pub struct BegunPlex {
    /// Tells sign-ins apart; opens nothing.
    #[schema(value_type = String, format = "uuid")]
    id: PlexPinId,
    /// Where it is approved.
    url: String,
    /// The short code, when one was asked for.
    code: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Not yet: ask again in a second.
#[derive(Serialize, ToSchema)]
pub struct PlexProgress {
    /// Plex says that it is approved; we are finding out by whom.
    approved: bool,
    /// What keeps us from going on.
    trouble: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Somebody with whom the Plex server is shared.
#[derive(Serialize, ToSchema)]
pub struct PlexGuest {
    /// The number of the account at plex.tv.
    #[schema(value_type = i64)]
    plex_id: PlexId,
    name: String,
    email: Option<String>,
    /// Who they are here, when they are.
    #[schema(value_type = Option<String>, format = "uuid")]
    user_id: Option<UserId>,
}

impl From<Guest> for PlexGuest {
    fn from(guest: Guest) -> Self {
        let Guest { account, user } = guest;
        Self {
            plex_id: account.id,
            name: account.name,
            email: account.email,
            user_id: user.map(|user| user.id),
        }
    }
}

/// Whom to import.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportPlex {
    #[schema(value_type = Vec<i64>)]
    plex_ids: Vec<PlexId>,
}

/// Whether somebody may still use the Plex server.
#[derive(Serialize, ToSchema)]
pub struct PlexMembership {
    #[schema(value_type = MembershipWord)]
    membership: Membership,
}

/// What plex.tv says of somebody.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub enum MembershipWord {
    Unknown,
    Member,
    NotShared,
    SignInAgain,
}

#[utoipa::path(
    post, path = "/api/v1/login/plex", tag = "account", request_body = BeginPlex, security(()),
    responses((status = 201, body = BegunPlex, description = "Sets the cookie with which it is finished."),
        (status = 409, description = "No Plex server is set up."),
        (status = 429, description = "Too many are under way."),
        (status = 503, description = "plex.tv does not answer."))
)]
async fn begin(app: App, visit: Visit, body: BeginPlex) -> Result<Response, Problem> {
    let kind = if body.code { Kind::Code } else { Kind::Page };
    let began = plex::begin(&app, &visit, PinPurpose::SignIn, kind, "/").await?;
    let status = began.status;
    let mut response = created(&BegunPlex {
        id: status.id,
        url: status.address,
        code: status.code.map(|code| code.expose().to_owned()),
        expires_at: status.expires_at,
    });
    response.headers_mut().append(header::SET_COOKIE, began.cookie);
    Ok(response)
}

#[utoipa::path(
    post, path = "/api/v1/login/plex/finish", tag = "account", security(()),
    responses((status = 200, body = super::account::Welcome, description = "Signed in; sets the session cookie."),
        (status = 202, body = PlexProgress), (status = 403, description = "This Plex account may not come in."),
        (status = 404, description = "Nothing was begun, or it is over."))
)]
async fn finish(app: App, visit: Visit) -> Result<Response, Problem> {
    match plex::finish(&app, &visit).await? {
        Finished::NotYet(status) => {
            let (approved, trouble) = match status.step {
                Step::Waiting { is_approved, trouble } => (is_approved, trouble),
                _ => (true, None),
            };
            Ok(accepted(&PlexProgress { approved, trouble, expires_at: status.expires_at }))
        }
        Finished::SignedIn { signed_in, .. } => Ok(welcome(StatusCode::OK, signed_in)),
        Finished::Done { .. } => Ok(no_content()),
        Finished::Refused(_, refusal) => Err(Problem::from(refusal)),
        Finished::Nothing => Err(Problem::not_found().with_detail("There is no sign-in to finish.")),
    }
}

#[utoipa::path(
    post, path = "/api/v1/login/plex/cancel", tag = "account", security(()),
    responses((status = 204, description = "Given up."))
)]
async fn cancel(app: App, visit: Visit) -> Result<Response, Problem> {
    let mut response = no_content();
    response.headers_mut().append(header::SET_COOKIE, plex::cancel(&app, &visit).await?);
    Ok(response)
}

#[utoipa::path(
    get, path = "/api/v1/users/plex", tag = "users",
    responses((status = 200, body = List<PlexGuest>), (status = 409, description = "Plex is not connected."),
        (status = 503, description = "plex.tv does not answer."))
)]
async fn guests(app: App, _visit: Visit) -> Result<Response, Problem> {
    let guests = app.sign_ins.guests().await?;
    Ok(json(StatusCode::OK, &List::whole(guests.into_iter().map(PlexGuest::from).collect())))
}

#[utoipa::path(
    post, path = "/api/v1/users/plex", tag = "users", request_body = ImportPlex,
    responses((status = 201, body = List<Person>, description = "The new accounts."),
        (status = 409, description = "Plex is not connected."))
)]
async fn import(app: App, visit: Visit, body: ImportPlex) -> Result<Response, Problem> {
    let imported = app.sign_ins.import(app.actor_of(&visit), body.plex_ids).await?;
    Ok(created(&List::whole(imported.new.into_iter().map(Person::from).collect())))
}

#[utoipa::path(
    post, path = "/api/v1/users/{id}/plex/check", tag = "users", params(("id" = String, Path)),
    responses((status = 200, body = PlexMembership), (status = 409, description = "They have no token."),
        (status = 503, description = "plex.tv does not answer."))
)]
async fn check(app: App, visit: Visit) -> Result<Response, Problem> {
    let membership = app.sign_ins.recheck(visit.param("id")?).await?;
    Ok(json(StatusCode::OK, &PlexMembership { membership }))
}

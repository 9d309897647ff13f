//! Set-up, sign-in and sign-out, and who one is.

use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::users::Person;
use crate::app::App;
use crate::auth::setup::{self, SetUp};
use crate::auth::{self, Credentials, SignedIn};
use crate::problem::Problem;
use crate::route::{Response, Route, Visit, get, json, no_content, post};

pub fn routes() -> Vec<Route> {
    vec![
        post("/api/v1/setup").anyone().without_csrf_token().unmetered().json(set_up),
        post("/api/v1/login").anyone().without_csrf_token().unmetered().json(login),
        post("/api/v1/logout").then(logout),
        get("/api/v1/me").then(me),
    ]
}

/// What makes the first admin.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes auth::setup::SetUp, which keeps its secrets to itself")]
pub struct SetUpBody {
    /// The one-time token from the log or from the file `setup-token` in the data folder.
    token: String,
    #[schema(min_length = 2, max_length = 64)]
    username: String,
    #[schema(min_length = 8, max_length = 1024, format = Password)]
    password: String,
}

/// A name and a password.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes auth::Credentials, which keeps its secret to itself")]
pub struct LoginBody {
    username: String,
    #[schema(format = Password)]
    password: String,
}

/// Somebody who has just signed in. The session itself is in the cookie.
#[derive(Serialize, ToSchema)]
pub struct Welcome {
    user: Person,
    /// Unsafe requests by cookie carry it as `X-CSRF-Token`.
    csrf_token: String,
}

/// Who asks.
#[derive(Serialize, ToSchema)]
pub struct Me {
    #[serde(flatten)]
    person: Person,
    /// Null for an API token, which needs none.
    csrf_token: Option<String>,
}

#[utoipa::path(
    post, path = "/api/v1/setup", tag = "account", request_body = SetUpBody, security(()),
    responses((status = 201, body = Welcome), (status = 403, description = "The token is wrong."),
        (status = 404, description = "The portal is set up already."))
)]
async fn set_up(app: App, visit: Visit, body: SetUp) -> Result<Response, Problem> {
    let signed_in = setup::set_up(&app, &visit, body).await?;
    Ok(welcome(StatusCode::CREATED, signed_in))
}

#[utoipa::path(
    post, path = "/api/v1/login", tag = "account", request_body = LoginBody, security(()),
    responses((status = 200, body = Welcome, description = "Sets the session cookie."),
        (status = 401, description = "The user name or the password is wrong."),
        (status = 429, description = "Too many failed sign-ins."))
)]
async fn login(app: App, visit: Visit, body: Credentials) -> Result<Response, Problem> {
    let signed_in = auth::sign_in(&app, &visit, body).await?;
    Ok(welcome(StatusCode::OK, signed_in))
}

#[utoipa::path(
    post, path = "/api/v1/logout", tag = "account",
    responses((status = 204, description = "The session is over."))
)]
async fn logout(app: App, visit: Visit) -> Result<Response, Problem> {
    let mut response = no_content();
    response.headers_mut().append(header::SET_COOKIE, auth::sign_out(&app, &visit).await?);
    Ok(response)
}

#[utoipa::path(get, path = "/api/v1/me", tag = "account", responses((status = 200, body = Me)))]
async fn me(app: App, visit: Visit) -> Result<Response, Problem> {
    let user = app.reader.user(visit.member()?.id).await?.ok_or_else(Problem::signed_out)?;
    let csrf_token = visit.csrf.as_deref().map(str::to_owned);
    Ok(json(StatusCode::OK, &Me { person: user.into(), csrf_token }))
}

pub(super) fn welcome(status: StatusCode, signed_in: SignedIn) -> Response {
    let SignedIn { user, csrf, cookie } = signed_in;
    let mut response = json(status, &Welcome { user: user.into(), csrf_token: csrf.to_string() });
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

//! People, for admins.

use domain::user::{Role, User};
use domain::{Timestamp, UserId};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{List, paging};
use crate::app::App;
use crate::auth::accounts::{self, AccountPatch, NewAccount};
use crate::problem::Problem;
use crate::route::{Response, Route, Visit, created, get, json, patch, post};

pub fn routes() -> Vec<Route> {
    vec![
        get("/api/v1/users").admin().then(list),
        post("/api/v1/users").admin().json(create),
        patch("/api/v1/users/:id").admin().json(change),
    ]
}

/// A person with an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct Person {
    #[schema(value_type = String, format = "uuid")]
    id: UserId,
    username: String,
    email: Option<String>,
    #[schema(value_type = RoleWord)]
    role: Role,
    /// A disabled person can't sign in.
    enabled: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_login_at: Option<Timestamp>,
    /// The name of their account at plex.tv, when it is tied to this one.
    plex_username: Option<String>,
}

/// What a person may do.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum RoleWord {
    Admin,
    User,
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes accounts::NewAccount, which keeps its secret to itself")]
pub struct NewPerson {
    #[schema(min_length = 2, max_length = 64)]
    username: String,
    #[schema(min_length = 8, max_length = 1024, format = Password)]
    password: String,
    #[schema(value_type = RoleWord)]
    role: Role,
    /// Overseerr knows people without a Plex account by it.
    #[schema(max_length = 254)]
    email: Option<String>,
}

/// What changes; absent fields stay.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes accounts::AccountPatch")]
pub struct PersonPatch {
    #[schema(value_type = Option<RoleWord>)]
    role: Option<Role>,
    enabled: Option<bool>,
}

impl From<User> for Person {
    fn from(user: User) -> Self {
        let User { id, username, email, role, enabled, created_at, last_login_at, plex } = user;
        let plex_username = plex.map(|plex| plex.name);
        Self { id, username, email, role, enabled, created_at, last_login_at, plex_username }
    }
}

#[utoipa::path(
    get, path = "/api/v1/users", tag = "users",
    params(("after" = Option<String>, Query), ("limit" = Option<u32>, Query)),
    responses((status = 200, body = List<Person>))
)]
async fn list(app: App, visit: Visit) -> Result<Response, Problem> {
    let (after, limit) = paging(&visit)?;
    let page = app.reader.users(after.as_ref(), limit).await?;
    Ok(json(StatusCode::OK, &List::of(page, Person::from)))
}

#[utoipa::path(
    post, path = "/api/v1/users", tag = "users", request_body = NewPerson,
    responses((status = 201, body = Person), (status = 409, description = "The name is taken."))
)]
async fn create(app: App, visit: Visit, body: NewAccount) -> Result<Response, Problem> {
    let user = accounts::create(&app, &visit, body).await?;
    Ok(created(&Person::from(user)))
}

#[utoipa::path(
    patch, path = "/api/v1/users/{id}", tag = "users", request_body = PersonPatch,
    params(("id" = String, Path)),
    responses((status = 200, body = Person), (status = 409, description = "It is the last admin."))
)]
async fn change(app: App, visit: Visit, body: AccountPatch) -> Result<Response, Problem> {
    let user = accounts::change(&app, &visit, visit.param("id")?, body).await?;
    Ok(json(StatusCode::OK, &Person::from(user)))
}

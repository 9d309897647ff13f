//! Personal API tokens.

use domain::{ApiTokenId, Timestamp};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::ApiTokenRow;
use utoipa::ToSchema;

use super::List;
use crate::app::App;
use crate::auth::api_tokens;
use crate::problem::Problem;
use crate::route::{Response, Route, Visit, created, delete, get, json, no_content, post};

pub fn routes() -> Vec<Route> {
    vec![
        get("/api/v1/tokens").then(list),
        post("/api/v1/tokens").json(create),
        delete("/api/v1/tokens/:id").then(revoke),
    ]
}

/// A token, without its text.
#[derive(Serialize, ToSchema)]
pub struct TokenCard {
    #[schema(value_type = String, format = "uuid")]
    id: ApiTokenId,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

/// A token that is about to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub struct FreshToken {
    #[schema(value_type = String, format = "uuid")]
    id: ApiTokenId,
    name: String,
    /// For `Authorization: Bearer`. Shown this once.
    token: String,
}

impl From<ApiTokenRow> for TokenCard {
    fn from(row: ApiTokenRow) -> Self {
        Self { id: row.id, name: row.name, created_at: row.created_at, last_used_at: row.last_used_at }
    }
}

#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", responses((status = 200, body = List<TokenCard>)))]
async fn list(app: App, visit: Visit) -> Result<Response, Problem> {
    let rows = app.reader.api_tokens_of(visit.member()?.id).await?;
    Ok(json(StatusCode::OK, &List::whole(rows.into_iter().map(TokenCard::from).collect())))
}

#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "tokens", request_body = NewToken,
    responses((status = 201, body = FreshToken))
)]
async fn create(app: App, visit: Visit, body: NewToken) -> Result<Response, Problem> {
    let (row, token) = api_tokens::create(&app, &visit, &body.name).await?;
    Ok(created(&FreshToken { id: row.id, name: row.name, token: token.expose().to_owned() }))
}

#[utoipa::path(
    delete, path = "/api/v1/tokens/{id}", tag = "tokens", params(("id" = String, Path)),
    responses((status = 204, description = "The token is dead."))
)]
async fn revoke(app: App, visit: Visit) -> Result<Response, Problem> {
    api_tokens::revoke(&app, &visit, visit.member()?.id, visit.param("id")?).await?;
    Ok(no_content())
}

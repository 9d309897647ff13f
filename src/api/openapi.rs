//! `/api/v1/openapi.json`: what the API is, for programs.

use http::{HeaderValue, header};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, Info, OpenApi as Document, Server};
use utoipa::{Modify, OpenApi, ToSchema};

use super::{
    account, actors, discover, doors, downloads, files, folders, library, plex, requests, search, services,
    status, tokens, users, webhooks,
};
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Response, Route, Visit, get};

pub fn routes() -> Vec<Route> {
    vec![get("/api/v1/openapi.json").anyone().then(show)]
}

#[derive(OpenApi)]
#[openapi(
    paths(
        account::set_up, account::login, account::logout, account::me,
        tokens::list, tokens::create, tokens::revoke,
        users::list, users::create, users::change,
        webhooks::rotate, webhooks::set_up,
        plex::begin, plex::finish, plex::cancel, plex::guests, plex::import, plex::check,
        services::list, services::create, services::change, services::remove,
        status::show, folders::show, folders::save,
        downloads::list, downloads::submit, downloads::probe, downloads::show, downloads::remove,
        downloads::cancel, downloads::retry, downloads::bring_to_plex, files::serve,
        requests::list, requests::ask, requests::show, requests::remove, requests::approve, requests::decline,
        requests::finish, requests::retry, requests::join, requests::leave, requests::comment,
        discover::row, discover::movie, discover::show,
        library::sections, library::items, library::item, library::collections, library::collection_items,
        library::create, library::rename, library::remove, library::add, library::take_out, search::find,
        actors::list,
        doors::events, doors::page_events, doors::web_socket, doors::healthz, doors::readyz, doors::metrics,
        show,
    ),
    components(schemas(ProblemDetails, downloads::ProgressCard)),
    modifiers(&Ours),
    security(("cookie" = []), ("bearer" = [])),
)]
struct Api;

struct Ours;

impl Modify for Ours {
    fn modify(&self, document: &mut Document) {
        document.info = Info::new("MediaNest", env!("CARGO_PKG_VERSION"));
        document.info.description = Some(
            "Sign in with POST /api/v1/login and send the cookie, with X-CSRF-Token on unsafe requests, or send \
             an API token as a bearer token. Errors are problem details (RFC 9457)."
                .to_owned(),
        );
        let components = document.components.get_or_insert_with(Components::new);
        let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        components.add_security_scheme("bearer", bearer);
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("mn_sid")));
        components.add_security_scheme("cookie", cookie);
    }
}

/// Why a request was not answered as asked (`application/problem+json`, RFC 9457).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what problem::Problem writes")]
struct ProblemDetails {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    instance: String,
    request_id: String,
    errors: Option<Vec<FieldProblem>>,
}

/// What is wrong with one field.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes problem::FieldError")]
struct FieldProblem {
    field: String,
    message: String,
}

/// The document for a portal below `base`.
pub fn document(base: &str) -> String {
    let mut document = Api::openapi();
    if !base.is_empty() {
        document.servers = Some(vec![Server::new(base)]);
    }
    document.to_pretty_json().expect("our own document serialises")
}

#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "meta", security(()),
    responses((status = 200, description = "This document."))
)]
async fn show(app: App, _visit: Visit) -> Result<Response, Problem> {
    let mut response = Response::new(document(app.settings.base.as_str()).into());
    let json_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json_type);
    Ok(response)
}

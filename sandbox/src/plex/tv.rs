//! plex.tv: accounts, PINs, and who may use which server.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::stage::Stage;
use super::tree;
use crate::server::{self, Handler, Request, Response};
use crate::world::Member;

mod account;
mod pages;
mod pins;
mod sharing;

pub(super) use account::{VERSION, avatar};

pub(super) fn handler(stage: &Arc<Stage>) -> Handler {
    let stage = stage.clone();
    Arc::new(move |request| {
        let answer = answer(&stage, &request);
        Box::pin(async move { answer })
    })
}

fn answer(stage: &Stage, request: &Request) -> Response {
    let segments = request.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (&request.method, path.as_slice()) {
        // The pages of a person.
        (&Method::GET, ["auth"]) => pages::approval(stage),
        (&Method::POST, ["auth", "approve"]) => pages::approve(stage, request),
        (&Method::GET, ["link"]) => pages::link(stage, request),
        (&Method::GET, []) => pages::home(),
        (&Method::GET, ["users", uuid, "avatar"]) => pages::avatar(stage, uuid),
        (&Method::GET, ["static", name]) => pages::picture(stage, name),
        (&Method::POST, ["_fake", "approve"]) => pages::fake_approve(stage, request),

        // The interfaces of a client.
        (&Method::GET, ["api", "v2", "friends"]) => gone(),
        (_, ["api", "v2", rest @ ..]) => v2(stage, request, rest),
        // Always XML, whatever Accept says.
        (&Method::GET, ["api", "users"]) => sharing::users(stage, request),
        _ => not_found(request),
    }
}

/// The second version of the interface, which wants a client identifier for nearly everything.
fn v2(stage: &Stage, request: &Request, rest: &[&str]) -> Response {
    if let ["ping"] = rest {
        return account::ping(stage, request);
    }
    let Some(client) = parameter(request, "X-Plex-Client-Identifier").filter(|id| !id.is_empty()) else {
        return error(request, StatusCode::BAD_REQUEST, 1000, "X-Plex-Client-Identifier is missing");
    };
    match (&request.method, rest) {
        (&Method::POST, ["pins"]) => pins::create(stage, request, &client),
        (&Method::GET, ["pins", id]) => pins::poll(stage, request, &client, id),
        (&Method::GET, ["user"]) => account::user(stage, request),
        (&Method::GET, ["resources"]) => account::resources(stage, request),
        (&Method::DELETE, ["users", "signout"]) => account::sign_out(stage, request),
        (&Method::GET, ["shared_servers", "owned", "accepted"]) => sharing::owned(stage, request),
        _ => not_found(request),
    }
}

/// Everything may come as a header or in the query.
fn parameter(request: &Request, name: &str) -> Option<String> {
    let header = request.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    header.or_else(|| request.query.get(name).cloned())
}

/// Whoever the token says, and the token.
fn signed_in<'s>(stage: &'s Stage, request: &Request) -> Option<(&'s Member, String)> {
    let token = parameter(request, "X-Plex-Token").unwrap_or_default();
    let member = stage.state().accounts.account(&stage.world, &token)?;
    Some((member, token))
}

fn unauthorised(request: &Request) -> Response {
    error(request, StatusCode::UNAUTHORIZED, 1001, "User could not be authenticated")
}

/// An error as plex.tv words it: JSON or XML by Accept.
fn error(request: &Request, status: StatusCode, code: u32, message: &str) -> Response {
    let errors = json!([{ "code": code, "message": message, "status": status.as_u16() }]);
    if tree::wants_json(request) {
        return server::json_as(status, &json!({ "errors": errors }));
    }
    tree::document(request, status, "errors", &errors)
}

fn not_found(request: &Request) -> Response {
    let message = "The requested resource or endpoint could not be found";
    error(request, StatusCode::NOT_FOUND, 1002, message)
}

/// What is left of the list of friends.
fn gone() -> Response {
    let body = r#"<Response code="410" status="This endpoint was deprecated and removed"/>"#;
    server::reply(StatusCode::GONE, "application/xml; charset=utf-8", body)
}

fn ok(request: &Request, root: &str, value: &Value) -> Response {
    tree::document(request, StatusCode::OK, root, value)
}

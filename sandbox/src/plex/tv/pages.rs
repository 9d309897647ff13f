//! The pages that a person sees: sign-in, the code of a television, and the way back.

use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::super::stage::Stage;
use super::super::tree::escaped;
use crate::server::{self, Request, Response};
use crate::world::{Member, Relation};

const FRAME: &str = include_str!("pages/frame.html");
const APPROVAL: &str = include_str!("pages/approval.html");
const LINK: &str = include_str!("pages/link.html");

fn page(title: &str, body: &str) -> Response {
    server::html(FRAME.replace("{title}", title).replace("{body}", body))
}

fn words(heading: &str, text: &str) -> Response {
    page(heading, &format!("<h1>{heading}</h1><p>{text}</p>"))
}

/// Who a visitor can be. Managed profiles have no name and password, so they cannot sign in.
fn people(stage: &Stage) -> String {
    let can_sign_in = |member: &&Member| member.relation != Relation::Managed;
    let button = |member: &Member| {
        let what = match member.relation {
            Relation::Owner => "Owns the server",
            Relation::Friend if member.libraries.len() == 1 => "Shares the server, films only",
            Relation::Friend => "Shares the server",
            Relation::Managed | Relation::Stranger => "Has no access to the server",
        };
        format!(
            "<button name=\"user\" value=\"{}\"><img src=\"/users/{}/avatar\" alt=\"\" width=\"48\" height=\"48\">\
             <span><b>{}</b><small>{what}</small></span></button>",
            member.slug, member.uuid, member.title
        )
    };
    stage.world.members.iter().filter(can_sign_in).map(button).collect()
}

/// What a client sends a person to. What it wants is behind the `#`, which only a browser sees, so
/// this page, like the real one, does nothing without JavaScript.
pub(super) fn approval(stage: &Stage) -> Response {
    page("Sign in", &APPROVAL.replace("{people}", &people(stage)))
}

/// The person has picked who they are.
pub(super) fn approve(stage: &Stage, request: &Request) -> Response {
    let form = Form::read(request);
    let Some(member) = stage.world.member(&form.user).filter(|member| member.relation != Relation::Managed)
    else {
        return words("Who are you?", "There is no such account.");
    };
    if form.is_typed && stage.state().accounts.pin_by_code(&form.code).is_some_and(|pin| pin.strong) {
        return words(
            "That code does not work here",
            "It is too long to be typed. Use the link that came with it.",
        );
    }
    if !stage.state().accounts.claim(&form.code, member) {
        return words(
            "That code does not work",
            "It was used up, or it has expired. Start again where you came from.",
        );
    }
    // Other schemes than these are refused, and one ends at the front page.
    match form.forward.as_str() {
        "" => words("You are signed in", "You may close this window."),
        url if url.starts_with("http://") || url.starts_with("https://") => {
            let mut response = server::redirect(url);
            *response.status_mut() = StatusCode::SEE_OTHER;
            response
        }
        _ => {
            let mut response = server::redirect("/");
            *response.status_mut() = StatusCode::SEE_OTHER;
            response
        }
    }
}

#[derive(Default)]
struct Form {
    code: String,
    user: String,
    forward: String,
    /// Typed at /link, where strong codes are not taken.
    is_typed: bool,
}

impl Form {
    fn read(request: &Request) -> Self {
        let mut form = Self::default();
        for (name, value) in url::form_urlencoded::parse(&request.body) {
            match &*name {
                "code" => form.code = value.trim().to_owned(),
                "user" => form.user = value.into_owned(),
                "forwardUrl" => form.forward = value.into_owned(),
                "typed" => form.is_typed = true,
                _ => {}
            }
        }
        form
    }
}

/// Where somebody types the four letters that a television shows; `?pin=` fills them in.
pub(super) fn link(stage: &Stage, request: &Request) -> Response {
    let code = request.query.get("pin").map(String::as_str).unwrap_or_default();
    page("Link a device", &LINK.replace("{code}", &escaped(code)).replace("{people}", &people(stage)))
}

pub(super) fn home() -> Response {
    words("Plex, invented", "Nothing here is real. A sign-in with a wrong way back ends on this page.")
}

/// `POST /_fake/approve?code=&user=owner`; without a code the youngest PIN that waits.
pub(super) fn fake_approve(stage: &Stage, request: &Request) -> Response {
    let user = request.query.get("user").map_or("owner", String::as_str);
    let Some(member) = stage.world.member(user) else {
        return server::text(StatusCode::BAD_REQUEST, "no such user\n");
    };
    let mut state = stage.state();
    let waiting = state.accounts.youngest_waiting().map(|pin| pin.code.clone());
    let code = request.query.get("code").cloned().or(waiting).unwrap_or_default();
    if state.accounts.claim(&code, member) {
        server::json(&json!({ "code": code, "user": user }))
    } else {
        server::text(StatusCode::NOT_FOUND, "no such PIN\n")
    }
}

pub(super) fn avatar(stage: &Stage, uuid: &str) -> Response {
    let member = stage.world.members.iter().find(|member| member.uuid == uuid);
    let path = member.map(|member| format!("/{}-profile.jpg", member.plex_id)).unwrap_or_default();
    image(stage, &path, |picture| picture.jpeg_of(200, 200))
}

pub(super) fn picture(stage: &Stage, name: &str) -> Response {
    image(stage, name, |picture| picture.jpeg(if name.contains("backdrop") { 1280 } else { 300 }))
}

fn image(stage: &Stage, path: &str, paint: impl FnOnce(crate::art::Picture) -> bytes::Bytes) -> Response {
    let Some(picture) = stage.world.picture(path) else {
        return server::text(StatusCode::NOT_FOUND, "no such picture\n");
    };
    let mut response = server::reply(StatusCode::OK, "image/jpeg", paint(picture));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=86400"));
    response
}

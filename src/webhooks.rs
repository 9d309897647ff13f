//! `/api/webhooks/…`: where Overseerr, Uptime Kuma and Plex tell us that something happened.
//!
//! A sender shows the secret that was made for its service: as `Authorization`, with `Bearer` or
//! word by word, or as the last part of the path where it can set no header. What it says is
//! handed to the actor that cares and answered at once; a full mailbox is 503. Whoever has no
//! secret learns nothing, not even whether there is one.

use std::time::Duration;

use actors::{event_hub, requests};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::Secret;
use domain::event::Event;
use domain::service::ServiceKind;
use http::StatusCode;
use integrations::{overseerr, uptime_kuma};
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::app::App;
use crate::problem::Problem;
use crate::route::{self, Head, Response, Route, Visit, post};

/// The longest body, in bytes. Plex sends a picture along.
const LIMIT: usize = 256 * 1024;
const PLEX_LIMIT: usize = 2 * 1024 * 1024;
/// Knocks a minute from one address, and those without the secret.
const KNOCKS: u32 = 600;
const FORGED: u32 = 60;
const MINUTE: Duration = Duration::from_secs(60);

pub fn routes() -> Vec<Route> {
    vec![
        post("/api/webhooks/overseerr").public().then(overseerr),
        post("/api/webhooks/overseerr/:secret").public().then(overseerr),
        post("/api/webhooks/uptime-kuma").public().then(uptime_kuma),
        post("/api/webhooks/uptime-kuma/:secret").public().then(uptime_kuma),
        post("/api/webhooks/plex").public().then(plex),
        post("/api/webhooks/plex/:secret").public().then(plex),
    ]
}

/// The path of the door of a kind of service; nothing for kinds that send no webhooks.
pub(crate) fn door_of(kind: ServiceKind) -> Option<&'static str> {
    match kind {
        ServiceKind::Overseerr => Some("/api/webhooks/overseerr"),
        ServiceKind::Plex => Some("/api/webhooks/plex"),
        ServiceKind::UptimeKuma => Some("/api/webhooks/uptime-kuma"),
        ServiceKind::Http | ServiceKind::Tmdb | ServiceKind::Youtube => None,
    }
}

/// A new secret, and the hash that is kept of it.
pub(crate) fn new_secret() -> Result<(Secret, [u8; 32]), Problem> {
    let mut bytes = [0; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(|_| Problem::internal())?;
    let secret = Secret::new(BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let hash = hash_of(secret.expose());
    Ok((secret, hash))
}

/// A path without the secret that it may end in, for logs and problems.
pub(crate) fn without_secret(path: &str) -> &str {
    let Some(rest) = path.strip_prefix("/api/webhooks/") else { return path };
    match rest.find('/') {
        Some(end) => &path[..path.len() - rest.len() + end],
        None => path,
    }
}

fn hash_of(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// Lets in who shows the secret of the service of this kind.
async fn admit(app: &App, head: &Head, kind: ServiceKind) -> Result<(), Problem> {
    let within = async |what: &str, limit| {
        let verdict = app.ephemeral.rate(&format!("{what}:{}", head.remote), limit, MINUTE).await;
        if verdict.allowed {
            return Ok(());
        }
        metrics::counter!("medianest_rate_limited_total", "limiter" => "webhook").increment(1);
        Err(Problem::too_often("Too many webhooks a minute.", verdict.reset_in))
    };
    within("webhook", KNOCKS).await?;
    // Never equal to a hash, so that a missing secret takes as long as a wrong one.
    let known = app.reader.webhook_hash(kind).await?;
    let expected = known.unwrap_or_default();
    let shown = head.header("authorization").map(|text| (text, text.split_once(' ')));
    let shown = shown.into_iter().flat_map(|(text, pair)| {
        let bearer = pair.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token);
        [Some(text), bearer]
    });
    let shown = shown.chain([head.params.get("secret")]).flatten();
    let is_shown = shown.fold(subtle::Choice::from(0), |is_shown, text| {
        is_shown | hash_of(text.trim()).as_slice().ct_eq(expected.as_slice())
    });
    if known.is_some() && bool::from(is_shown) {
        return Ok(());
    }
    within("webhook-forged", FORGED).await?;
    Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized", "No."))
}

fn taken() -> Response {
    route::json(StatusCode::OK, &json!({ "received": true }))
}

/// Nobody had room for it; who sends it once more may be luckier.
fn busy<E>(_: E) -> Problem {
    Problem { retry_after: Some(Duration::from_secs(5)), ..Problem::unavailable() }
}

async fn overseerr(app: App, mut visit: Visit) -> Result<Response, Problem> {
    admit(&app, &visit, ServiceKind::Overseerr).await?;
    let body = visit.body(LIMIT).await?;
    let webhook = overseerr::webhook::Webhook::parse(&body)
        .map_err(|error| Problem::malformed().with_detail(error.to_string()))?;
    requests::heard(app.requests.tracker(), webhook, Sha256::digest(&body).into()).map_err(busy)?;
    Ok(taken())
}

/// Uptime Kuma waits for our answer before it goes on checking.
async fn uptime_kuma(app: App, mut visit: Visit) -> Result<Response, Problem> {
    admit(&app, &visit, ServiceKind::UptimeKuma).await?;
    let body = visit.body(LIMIT).await?;
    let content_type = visit.header("content-type").unwrap_or_default();
    let webhook = uptime_kuma::webhook::Webhook::from_body(content_type, &body)
        .map_err(|error| Problem::malformed().with_detail(error.to_string()))?;
    app.services.tell_uptime_kuma(webhook).map_err(busy)?;
    Ok(taken())
}

/// Plex sends a form with a part `payload`; what came new is found in the library itself.
async fn plex(app: App, mut visit: Visit) -> Result<Response, Problem> {
    admit(&app, &visit, ServiceKind::Plex).await?;
    let body = visit.body(PLEX_LIMIT).await?;
    let payload = first_object(&body).ok_or_else(|| {
        Problem::malformed().with_detail("This is no notification of Plex: it has no payload.")
    })?;
    let Some(event) = payload["event"].as_str() else {
        return Err(Problem::malformed().with_detail("This is no notification of Plex: it has no event."));
    };
    if event.starts_with("library.") {
        let section = match &payload["Metadata"]["librarySectionID"] {
            Value::Number(number) => Some(number.to_string()),
            Value::String(text) => Some(text.chars().take(20).collect()),
            _ => None,
        };
        event_hub::publish(&app.hub, Event::LibraryChanged { section }, None).map_err(busy)?;
    }
    Ok(taken())
}

/// The JSON object that begins first in `body`, wherever the parts of the form are.
fn first_object(body: &[u8]) -> Option<Value> {
    let start = body.iter().position(|byte| *byte == b'{')?;
    serde_json::Deserializer::from_slice(&body[start..]).into_iter().next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_path_is_not_shown() {
        for (path, shown) in [
            ("/api/webhooks/overseerr/hunter2", "/api/webhooks/overseerr"),
            ("/api/webhooks/plex/hunter2/x", "/api/webhooks/plex"),
            ("/api/webhooks/overseerr", "/api/webhooks/overseerr"),
            ("/api/v1/requests", "/api/v1/requests"),
        ] {
            assert_eq!(without_secret(path), shown);
        }
    }

    #[test]
    fn the_payload_of_plex_is_found_in_its_form() {
        let form = b"--b\r\nContent-Disposition: form-data; name=\"payload\"\r\n\r\n{\"event\":\"library.new\"}\r\n--b--";

        assert_eq!(first_object(form).unwrap()["event"], "library.new");
        assert!(first_object(b"nothing").is_none());
        assert!(first_object(&[b'{'; 10_000]).is_none());
    }
}

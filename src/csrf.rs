//! Keeps other sites from acting through a browser that is signed in here.
//!
//! Two checks for every unsafe request that comes with a session cookie, and the first of them
//! also for login and set-up, which have no session yet:
//!
//! 1. what the browser says about where the request came from (`Sec-Fetch-Site`, else `Origin`)
//!    must be our own origin; a request that says nothing comes from no browser;
//! 2. the token of the session, in the header `X-CSRF-Token` or in the form field `_csrf`.
//!
//! A bearer token is not sent by browsers by themselves, so such requests need neither.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::SessionId;
use hmac::{Hmac, KeyInit, Mac};
use http::header;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::problem::Problem;
use crate::route::{self, Head, Rest, Via};
use crate::settings::Settings;

/// The header that carries the token.
pub const HEADER: &str = "x-csrf-token";

/// Makes the token of each session from one key; nothing is stored.
#[derive(Clone)]
pub struct Tokens {
    key: [u8; 32],
}

impl Tokens {
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// The token of the session `sid`: the same as long as the session lives.
    pub fn of(&self, sid: SessionId) -> Arc<str> {
        let mut mac = <Hmac<Sha256>>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(sid.to_string().as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()).into()
    }
}

/// Refuses an unsafe request that another site may have caused.
pub(crate) async fn check(
    settings: &Settings,
    head: &Head,
    rest: &mut Rest,
    token_needed: bool,
) -> Result<(), Problem> {
    if head.via == Via::Bearer {
        return Ok(());
    }
    if !is_same_origin(settings, head) {
        return refuse(head, "another site");
    }
    if head.via == Via::Nobody || !token_needed {
        return Ok(());
    }
    let sent = match head.header(HEADER) {
        Some(token) => Some(token.to_owned()),
        None if route::is_form(&head.headers) => route::form_field(head, rest, route::CSRF_FIELD).await?,
        None => None,
    };
    let expected = head.csrf.as_deref().unwrap_or_default();
    let right = sent.is_some_and(|sent| bool::from(sent.as_bytes().ct_eq(expected.as_bytes())));
    if right && !expected.is_empty() { Ok(()) } else { refuse(head, "the wrong token") }
}

fn refuse(head: &Head, why: &'static str) -> Result<(), Problem> {
    metrics::counter!("medianest_csrf_rejected_total", "reason" => why).increment(1);
    tracing::info!(request_id = %head.request_id, why, "refused a request that another site may have caused");
    Err(Problem::foreign_request().about("X-CSRF-Token"))
}

/// Whether the request comes from a page of ours, or from no browser at all.
///
/// Also used for the WebSocket handshake, which has no method that would give it away.
pub fn is_same_origin(settings: &Settings, head: &Head) -> bool {
    let origin = head.headers.get(header::ORIGIN);
    if let Some(site) = head.headers.get("sec-fetch-site") {
        // Older browsers send no Sec-Fetch-Site, but none sends it and lies.
        return site == "same-origin" && origin.is_none_or(|_| is_our_origin(settings, head));
    }
    origin.is_none() || is_our_origin(settings, head)
}

fn is_our_origin(settings: &Settings, head: &Head) -> bool {
    let Some(origin) = head.header("origin") else { return false };
    match &settings.public_url {
        Some(ours) => origin.eq_ignore_ascii_case(ours.as_str()),
        None => {
            let host = head.header("host").unwrap_or_default();
            !host.is_empty() && origin.eq_ignore_ascii_case(&format!("http://{host}"))
        }
    }
}

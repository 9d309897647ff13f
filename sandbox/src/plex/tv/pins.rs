//! PINs: made by a client, claimed by a person, polled by the same client.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::accounts::{NoPin, Pin};
use super::super::stage::Stage;
use super::super::tree;
use super::{error, parameter};
use crate::server::{Request, Response};

pub(super) fn create(stage: &Stage, request: &Request, client: &str) -> Response {
    let product = parameter(request, "X-Plex-Product").unwrap_or_default();
    let pin = stage.state().accounts.new_pin(client, &product, wants_strong(request));
    tree::document(request, StatusCode::CREATED, "pin", &shown(stage, &pin))
}

/// `strong=true`, `strong=True`, `{"strong": true}`.
fn wants_strong(request: &Request) -> bool {
    let is_yes = |text: &str| text.eq_ignore_ascii_case("true") || text == "1";
    let in_query = request.query.get("strong").is_some_and(|text| is_yes(text));
    let body = || serde_json::from_slice::<Value>(&request.body).ok()?.get("strong")?.as_bool();
    let form = || {
        let mut pairs = url::form_urlencoded::parse(&request.body);
        pairs.any(|(name, value)| name == "strong" && is_yes(&value))
    };
    in_query || body().unwrap_or(false) || form()
}

pub(super) fn poll(stage: &Stage, request: &Request, client: &str, id: &str) -> Response {
    let found = stage.state().accounts.poll(id, client);
    match found {
        Ok(pin) => tree::document(request, StatusCode::OK, "pin", &shown(stage, &pin)),
        Err(NoPin::Gone) => error(request, StatusCode::NOT_FOUND, 1020, "Code not found or expired"),
        Err(NoPin::TooFast) => error(request, StatusCode::TOO_MANY_REQUESTS, 1003, "API rate limit exceeded"),
    }
}

fn shown(stage: &Stage, pin: &Pin) -> Value {
    let seconds = |moment: domain::Timestamp| {
        domain::Timestamp::from_millis(moment.as_millis() / 1000 * 1000).to_rfc3339()
    };
    json!({
        "id": pin.id,
        "code": pin.code,
        "product": pin.product,
        "trusted": false,
        "qr": format!("{}/api/v2/pins/qr/{}", stage.addresses().tv_url(), pin.code),
        "clientIdentifier": pin.client,
        "location": {
            "code": "ZZ", "european_union_member": false, "continent_code": "ZZ", "country": "Nowhere",
            "city": "Loopback", "time_zone": "UTC", "postal_code": "0", "in_privacy_restricted_country": false,
            "subdivisions": "", "coordinates": "0, 0",
        },
        "expiresIn": domain::Timestamp::now().until(pin.expires).as_secs(),
        "createdAt": seconds(pin.created),
        "expiresAt": seconds(pin.expires),
        "authToken": pin.token,
        "newRegistration": pin.token.as_ref().map(|_| false),
    })
}

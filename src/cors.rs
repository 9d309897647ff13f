//! Browsers of other origins: none, unless `MEDIANEST_CORS_ORIGINS` names them. Those may call
//! the API with a bearer token, never with a cookie.

use http::{HeaderMap, HeaderValue, Method, header};

use crate::route::{Head, Response, no_content};
use crate::settings::Settings;

/// The answer to a browser's question whether it may ask.
pub fn preflight(settings: &Settings, head: &Head) -> Option<Response> {
    let asks =
        head.method == Method::OPTIONS && head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !asks || allowed(settings, head).is_none() {
        return None;
    }
    let mut response = no_content();
    let headers = response.headers_mut();
    let value = HeaderValue::from_static;
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, value("GET, POST, PATCH, DELETE"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, value("authorization, content-type, last-event-id"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, value("600"));
    Some(response)
}

/// Lets the origin that asked read the answer, when it is one of those.
pub fn allow(settings: &Settings, head: &Head, headers: &mut HeaderMap) {
    if settings.cors_origins.is_empty() || !head.path.starts_with("/api/v1/") {
        return;
    }
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed(settings, head) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
}

fn allowed<'a>(settings: &Settings, head: &'a Head) -> Option<&'a HeaderValue> {
    let origin = head.headers.get(header::ORIGIN)?;
    let known = settings.cors_origins.iter().any(|known| known.as_bytes() == origin.as_bytes());
    (known && head.path.starts_with("/api/v1/")).then_some(origin)
}

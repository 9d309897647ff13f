//! The few shapes in which a handler answers.

use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::Response;

/// JSON with the given status.
pub fn json<T: Serialize + ?Sized>(status: StatusCode, value: &T) -> Response {
    // Our own types serialise; a map with keys that are no text would be a mistake of ours.
    let text = serde_json::to_string(value).expect("an answer serialises");
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let json_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json_type);
    response
}

/// 201 with JSON.
pub fn created<T: Serialize + ?Sized>(value: &T) -> Response {
    json(StatusCode::CREATED, value)
}

/// 202 with JSON.
pub fn accepted<T: Serialize + ?Sized>(value: &T) -> Response {
    json(StatusCode::ACCEPTED, value)
}

/// 204.
pub fn no_content() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// 303 to an address that [`crate::link::Base::link`] made.
pub fn see_other(address: &str) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::SEE_OTHER;
    with_header(response, header::LOCATION, address)
}

/// A page, or a fragment of one.
pub fn html(text: impl Into<String>) -> Response {
    let mut response = Response::new(text.into().into());
    let html_type = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html_type);
    response
}

/// Adds a header; a value that no header may have is left out.
pub fn with_header(mut response: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().append(name, value);
    }
    response
}

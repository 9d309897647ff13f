//! What is worth compressing: text of some length that ends.

use http::{HeaderMap, StatusCode, Version, header};
use tower_http::compression::predicate::Predicate;

/// Below this many bytes compression costs more than it saves.
const SMALLEST: u64 = 860;

/// Text of known or unknown length, but never a stream of events and never part of a file.
#[derive(Clone, Copy)]
pub struct Worthwhile;

impl Predicate for Worthwhile {
    fn should_compress<B: http_body::Body>(&self, response: &http::Response<B>) -> bool {
        let long = response.body().size_hint().exact().is_none_or(|length| length >= SMALLEST);
        long && is_text(response.headers())
            && response.status() != StatusCode::PARTIAL_CONTENT
            && response.version() != Version::HTTP_09
            && !response.headers().contains_key(header::CONTENT_RANGE)
            && !response.headers().contains_key(header::CONTENT_DISPOSITION)
    }
}

fn is_text(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    match essence {
        "text/event-stream" => false,
        "image/svg+xml" | "application/javascript" | "application/manifest+json" => true,
        other => other.starts_with("text/") || other.ends_with("json"),
    }
}

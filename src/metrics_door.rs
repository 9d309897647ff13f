//! `/metrics`: Prometheus text for an admin's bearer token, and the counters of the front door.

use std::time::Duration;

use http::StatusCode;

use crate::route::Head;

/// Counts one answered request. The route is the pattern, never the path, so that nobody can
/// make new series by asking for new paths.
pub fn count_request(head: &Head, pattern: &'static str, status: StatusCode, took: Duration) {
    let route = if pattern.is_empty() { "none" } else { pattern };
    let method = known_method(head);
    metrics::counter!(
        "medianest_http_requests_total",
        "method" => method, "route" => route, "status" => status_class(status)
    )
    .increment(1);
    metrics::histogram!("medianest_http_request_duration_seconds", "method" => method, "route" => route)
        .record(took);
    tracing::debug!(
        request_id = %head.request_id, method, route, status = status.as_u16(), took_ms = took.as_millis() as u64,
        "answered"
    );
}

fn known_method(head: &Head) -> &'static str {
    match head.method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200 => "200",
        206 => "206",
        304 => "304",
        401 => "401",
        403 => "403",
        404 => "404",
        429 => "429",
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        503 => "503",
        _ => "5xx",
    }
}

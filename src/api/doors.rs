//! The description of the doors that are not of the API's own making: streams and operations.
//!
//! The functions here only carry the description; the doors are in `live`, `health` and
//! `metrics_door`.
#![expect(dead_code, reason = "only the descriptions are used")]

#[utoipa::path(
    get, path = "/api/v1/events", tag = "events",
    params(
        ("since" = Option<String>, Query, description = "The id of the last event that was seen; the header Last-Event-ID wins."),
    ),
    responses(
        (status = 200, content_type = "text/event-stream", body = String,
            description = "Server-sent events with JSON: `service:status`, `download:progress`, `user:notification`, \
                `system:alert`, and `resync` when `since` is too old."),
        (status = 401, description = "Not signed in."), (status = 503, description = "Try again in a moment."),
    )
)]
pub(super) fn events() {}

#[utoipa::path(
    get, path = "/events", tag = "events",
    params(("page" = String, Query, description = "The path of the page that listens."), ("since" = Option<String>, Query)),
    responses((status = 200, content_type = "text/event-stream", body = String, description = "Fragments of HTML for pages."))
)]
pub(super) fn page_events() {}

#[utoipa::path(
    get, path = "/ws", tag = "events",
    responses((status = 101, description = "A WebSocket with JSON: send `subscribe:status`, `subscribe:downloads` or \
        `subscribe:requests`."), (status = 403, description = "Another origin."))
)]
pub(super) fn web_socket() {}

#[utoipa::path(
    get, path = "/healthz", tag = "operations", security(()),
    responses((status = 200, content_type = "text/plain", body = String, description = "The process turns."))
)]
pub(super) fn healthz() {}

#[utoipa::path(
    get, path = "/readyz", tag = "operations", security(()),
    responses((status = 200, content_type = "text/plain", body = String), (status = 503, description = "Not ready."))
)]
pub(super) fn readyz() {}

#[utoipa::path(
    get, path = "/metrics", tag = "operations", security(("bearer" = [])),
    responses((status = 200, content_type = "text/plain", body = String, description = "Prometheus text, for the API \
        token of an admin."))
)]
pub(super) fn metrics() {}

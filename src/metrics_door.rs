//! `/metrics`: Prometheus text for an admin's bearer token, and the counters of the front door.

use std::sync::OnceLock;
use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Via, Visit, get};

mod gauges;

/// How long measured values may pile up.
const SUM_UP_EVERY: Duration = Duration::from_secs(5);

const SECONDS: [f64; 11] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

pub fn routes() -> Vec<Route> {
    vec![get("/metrics").admin().then(show)]
}

/// The recorder of this process; the first call starts it.
pub fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .expect("there are buckets");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // An error means that somebody else records already; then ours stays empty.
        let _ = metrics::set_global_recorder(recorder);
        handle
    })
}

/// Sums up what was measured, for ever: until then each measured value takes memory of its own,
/// whether or not anybody ever reads the sums.
pub async fn sum_up() {
    let mut due = tokio::time::interval(SUM_UP_EVERY);
    loop {
        due.tick().await;
        recorder().run_upkeep();
    }
}

async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    if visit.via != Via::Bearer {
        return Err(Problem::forbidden().with_detail("Ask with the API token of an admin as a bearer token."));
    }
    gauges::refresh(&app).await;
    let handle = recorder();
    handle.run_upkeep();
    let mut response = Response::new(handle.render().into());
    let text_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text_type);
    Ok(response)
}

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
        503 => "503",
        other => match other / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        },
    }
}

//! How often somebody may ask.
//!
//! `/api/v1/*` and what pages send to change something count against
//! `MEDIANEST_API_PER_MINUTE`, for each person, whatever they sign in with. Reading pages, assets,
//! streams and files does not.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use store::ephemeral::Verdict;

use crate::app::App;
use crate::problem::Problem;
use crate::route::Head;

const WINDOW: Duration = Duration::from_secs(60);

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Counts a request of somebody who is signed in; nothing when there is no limit.
pub async fn count_api(app: &App, head: &Head) -> Option<Verdict> {
    let limit = app.settings.api_per_minute?;
    let user = head.user.as_ref()?.id;
    Some(app.ephemeral.rate(&format!("api:{user}"), limit.get(), WINDOW).await)
}

/// A problem when the request was one too many.
pub fn within(verdict: Option<Verdict>) -> Result<(), Problem> {
    match verdict {
        Some(verdict) if !verdict.allowed => {
            metrics::counter!("medianest_rate_limited_total", "limiter" => "api").increment(1);
            let detail = format!("At most {} requests a minute are answered. Wait a moment.", verdict.limit);
            Err(Problem::too_often(detail, verdict.reset_in))
        }
        _ => Ok(()),
    }
}

/// Tells the caller how many requests are left.
pub fn tell(verdict: Verdict, headers: &mut HeaderMap) {
    let reset = verdict.reset_in.as_secs() + u64::from(verdict.reset_in.subsec_nanos() > 0);
    headers.insert(LIMIT, HeaderValue::from(verdict.limit));
    headers.insert(REMAINING, HeaderValue::from(verdict.remaining));
    headers.insert(RESET, HeaderValue::from(reset));
}

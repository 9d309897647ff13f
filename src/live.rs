//! Pushes: what happened, as fragments for pages and as JSON for programs.
//!
//!     event hub --Delivery--> feed --+-- pages: <hx-partial> fragments   GET /events
//!                                    +-- programs: JSON                 GET /api/v1/events
//!                                    +-- programs: WebSocket            GET /ws
//!
//! A stream belongs to the session or the token that opened it and ends with it. It answers
//! 401, 403 or 503 when it can't begin, and never redirects: htmx would take a page for a
//! stream that ended, and ask again at once.

mod draw;
mod feed;
mod frame;
mod json;
mod once;
mod page;
mod pages;
mod places;
mod socket;
mod tie;
mod tree;

use actors::event_hub::{self, Subscription, Viewer};
use http::{HeaderValue, header};
use warp::Reply;

use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, get};

pub use once::DrawnOnce;
pub use places::Places;
use tie::Tie;

/// The streams.
pub fn routes() -> Vec<Route> {
    vec![
        get("/events").unmetered().then(page_events),
        get("/api/v1/events").unmetered().then(api_events),
        get("/ws").unmetered().then(socket::open),
    ]
}

/// `GET /events?page=/downloads&since=17-4`: what changed on that page since that cursor.
async fn page_events(app: App, visit: Visit) -> Result<Response, Problem> {
    let page = visit.query.get("page").unwrap_or_default();
    let show = pages::PageShow::new(&app, visit.member()?, &page);
    let (subscription, tie) = open(&app, &visit).await?;
    Ok(stream(feed::frames(&app, subscription, tie, show)))
}

/// `GET /api/v1/events`: every event that the caller may know of, as JSON.
async fn api_events(app: App, visit: Visit) -> Result<Response, Problem> {
    let show = json::JsonShow::new(&app, visit.member()?);
    let (subscription, tie) = open(&app, &visit).await?;
    Ok(stream(feed::frames(&app, subscription, tie, show)))
}

/// The listener's end at the hub, tied to the right of whoever listens.
async fn open(app: &App, head: &Head) -> Result<(Subscription, Tie), Problem> {
    let user = head.member()?;
    let tie = Tie::of(app, head).await?;
    let viewer = Viewer { user: user.id, role: user.role, session: user.session };
    let since = since(head);
    let subscription =
        event_hub::subscribe(&app.hub, viewer, since).await.map_err(|_| Problem::unavailable())?;
    Ok((subscription, tie))
}

/// Where the reader was: the header of a reconnecting browser wins over the address.
fn since(head: &Head) -> Option<String> {
    let header = head.header("last-event-id").filter(|id| !id.is_empty()).map(str::to_owned);
    header.or_else(|| head.query.get("since").filter(|since| !since.is_empty()))
}

fn stream<S>(frames: S) -> Response
where
    S: futures_util::Stream<Item = Result<bytes::Bytes, std::convert::Infallible>> + Send + Sync + 'static,
{
    let mut response = warp::reply::stream(frames).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Tells nginx to pass every event on at once.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

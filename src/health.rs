//! `/healthz`: does the process turn? `/readyz`: can it serve?
//!
//! Both say two words to anybody. Readiness depends on the database and on the tree; Redis and
//! the services outside are shown to admins and do not make the portal unready.

use std::sync::Arc;
use std::time::Duration;

use actors::runtime::ActorState;
use domain::service::ServiceStatus;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::app::App;
use crate::auth;
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, get, json};

/// How long an answer about readiness is believed.
const FRESH_FOR: Duration = Duration::from_secs(1);
/// How long the database may take.
const DEADLINE: Duration = Duration::from_millis(500);

pub fn routes() -> Vec<Route> {
    vec![get("/healthz").public().then(healthz), get("/readyz").public().then(readyz)]
}

/// What the last look found, so that a thousand questions a second are one query a second.
#[derive(Clone, Default)]
pub struct Readiness(Arc<Mutex<Option<(Instant, bool)>>>);

impl Readiness {
    /// Whether the portal can serve, at most a second old. Whoever asks meanwhile waits for the
    /// same look.
    pub async fn is_ready(&self, app: &App) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, ready)) = *last
            && at.elapsed() < FRESH_FOR
        {
            return ready;
        }
        let ready = look(app).await;
        *last = Some((Instant::now(), ready));
        ready
    }
}

async fn look(app: &App) -> bool {
    !app.is_draining() && tokio::time::timeout(DEADLINE, app.store.is_alive()).await.unwrap_or(false)
}

async fn healthz(_app: App, _visit: Visit) -> Result<Response, Problem> {
    Ok(plain(StatusCode::OK, "ok\n"))
}

async fn readyz(app: App, visit: Visit) -> Result<Response, Problem> {
    let ready = app.readiness.is_ready(&app).await;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if ready && asks_for_more(&app, &visit).await {
        return Ok(json(status, &details(&app)));
    }
    Ok(plain(status, if ready { "ok\n" } else { "not ready\n" }))
}

/// Whether it is an admin who showed who they are; a probe shows nothing and is not looked up.
async fn asks_for_more(app: &App, head: &Head) -> bool {
    let shows = [header::AUTHORIZATION, header::COOKIE].iter().any(|name| head.headers.contains_key(name));
    if !shows {
        return false;
    }
    let identity = auth::identify(app, &head.headers).await;
    identity.is_ok_and(|identity| identity.user.is_some_and(|user| user.is_admin()))
}

/// What an admin is told besides.
#[derive(Serialize)]
struct Details {
    ready: bool,
    /// Something was given up on; the rest serves.
    degraded: bool,
    database: &'static str,
    /// Absent without `REDIS_URL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    redis: Option<&'static str>,
    /// Why nothing can be downloaded, when that is so.
    downloads: Option<String>,
    failed_actors: Vec<String>,
    services_down: Vec<String>,
}

fn details(app: &App) -> Details {
    let failed = |state| matches!(state, ActorState::Failed | ActorState::Stuck);
    let actors = app.system.snapshots().into_iter();
    let failed_actors: Vec<String> =
        actors.filter(|actor| failed(actor.state)).map(|actor| actor.path).collect();
    let tiles = app.services.board().tiles();
    let down = tiles.iter().filter(|tile| tile.service.status == ServiceStatus::Down);
    let redis = app.ephemeral.is_shared().then(|| if app.ephemeral.is_well() { "ok" } else { "away" });
    Details {
        ready: true,
        degraded: !failed_actors.is_empty() || redis == Some("away"),
        database: "ok",
        redis,
        downloads: app.downloads.launch.unavailable(),
        failed_actors,
        services_down: down.map(|tile| tile.service.name.to_string()).collect(),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let plain_type = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain_type);
    response
}

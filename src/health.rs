//! `/healthz`: does the process turn? `/readyz`: can it serve?
//!
//! Both say two words to anybody. Readiness depends on the database and on the tree; Redis and
//! the services outside are shown to admins and do not make the portal unready.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::app::App;
use crate::problem::Problem;
use crate::route::{Response, Route, Visit, get};

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

async fn readyz(app: App, _visit: Visit) -> Result<Response, Problem> {
    let ready = app.readiness.is_ready(&app).await;
    Ok(if ready {
        plain(StatusCode::OK, "ok\n")
    } else {
        plain(StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    })
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let plain_type = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain_type);
    response
}

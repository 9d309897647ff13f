//! The live tree, for admins. Read from shared memory: a hung actor shows as hung.

use actors::runtime::ActorSnapshot;
use domain::Timestamp;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::List;
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Response, Route, Visit, get, json};

pub fn routes() -> Vec<Route> {
    vec![get("/api/v1/actors").admin().then(list)]
}

/// One actor as it was a moment ago.
#[derive(Serialize, ToSchema)]
pub struct ActorCard {
    /// Its place in the tree, such as `downloads/queue`.
    path: String,
    /// What it is, such as `monitor`.
    kind: &'static str,
    /// `starting`, `running`, `busy`, `stuck`, `restarting`, `draining`, `stopped`, `failed` or `ghost`.
    state: &'static str,
    /// How many messages wait.
    mailbox: usize,
    restarts: u32,
    last_error: Option<String>,
    /// Since when it has been in this state.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    parent: Option<String>,
    /// The strategy of a supervisor.
    strategy: Option<&'static str>,
    /// What the actor says about itself.
    #[schema(value_type = Object)]
    card: Value,
}

impl From<ActorSnapshot> for ActorCard {
    fn from(actor: ActorSnapshot) -> Self {
        Self {
            path: actor.path,
            kind: actor.kind,
            state: actor.state.as_str(),
            mailbox: actor.mailbox,
            restarts: actor.restarts,
            last_error: actor.last_error,
            since: actor.since,
            parent: actor.parent,
            strategy: actor.strategy,
            card: actor.card,
        }
    }
}

#[utoipa::path(get, path = "/api/v1/actors", tag = "actors", responses((status = 200, body = List<ActorCard>)))]
pub(super) async fn list(app: App, _visit: Visit) -> Result<Response, Problem> {
    let actors = app.system.snapshots().into_iter().map(ActorCard::from).collect();
    Ok(json(StatusCode::OK, &List::whole(actors)))
}

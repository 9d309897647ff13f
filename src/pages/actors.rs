//! The inspector.

use serde::Deserialize;

use super::{again, cursor, frame_with_count, page};
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, get, post, see_other};
use crate::views::actors::ActorsPage;
use crate::views::shell::Here;

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/actors").admin().then(show),
        // The path of an actor has at most three parts.
        get("/admin/actors/:a").admin().then(show),
        get("/admin/actors/:a/:b").admin().then(show),
        get("/admin/actors/:a/:b/:c").admin().then(show),
        post("/admin/actors/restart").admin().form(restart),
        post("/admin/actors/stop").admin().form(stop),
    ]
}

/// The actor that is meant.
#[derive(Deserialize)]
struct Target {
    path: String,
}

async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let parts: Vec<_> = ["a", "b", "c"].iter().filter_map(|name| visit.params.get(name)).collect();
    let selected = (!parts.is_empty()).then(|| parts.join("/"));
    page(&view(&app, &visit, selected, None).await?)
}

async fn restart(app: App, visit: Visit, form: Target) -> Result<Response, Problem> {
    let done = app.system.restart(&form.path).await;
    after(&app, &visit, form.path, done.map_err(|error| error.to_string())).await
}

async fn stop(app: App, visit: Visit, form: Target) -> Result<Response, Problem> {
    let done = app.system.stop_child(&form.path).await;
    after(&app, &visit, form.path, done.map_err(|error| error.to_string())).await
}

async fn after(app: &App, head: &Head, path: String, done: Result<(), String>) -> Result<Response, Problem> {
    match done {
        // The path is one of an actor, so it can stand in an address.
        Ok(()) => Ok(see_other(&head.link(&format!("/admin/actors/{path}")))),
        Err(reason) => {
            let refusal = Some(format!("Nothing was changed: {reason}."));
            let problem = Problem::conflict(reason);
            again(&view(app, head, Some(path), refusal).await?, &problem)
        }
    }
}

async fn view(
    app: &App,
    head: &Head,
    selected: Option<String>,
    refusal: Option<String>,
) -> Result<ActorsPage, Problem> {
    let cursor = cursor(app);
    let mut shell = frame_with_count(app, head, Here::Actors).await?;
    if let Some(path) = &selected {
        shell = shell.watching(path);
    }
    let actors = app.system.snapshots();
    let events = app.system.supervision_events();
    Ok(ActorsPage { shell: shell.live(&cursor), actors, events, selected, refusal })
}

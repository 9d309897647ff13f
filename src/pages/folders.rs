//! What Plex calls the folder of the downloads, for an admin.

use actors::plex_arrivals::PathSettings;
use serde::Deserialize;

use super::{again, frame_with_count, is_about_the_form, page};
use crate::api::folders;
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, get, post, see_other};
use crate::views::folders::FoldersPage;
use crate::views::shell::Here;

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/services/:name/folders").admin().then(show),
        post("/admin/services/:name/folders").admin().form(save),
    ]
}

#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    theirs: String,
    /// A guess of ours that was chosen instead of typing.
    #[serde(default)]
    chosen: String,
}

async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    page(&view(&app, &visit, None, None).await?)
}

async fn save(app: App, visit: Visit, fields: Fields) -> Result<Response, Problem> {
    let theirs = if fields.chosen.is_empty() { fields.theirs } else { fields.chosen };
    match folders::change(&app, &visit, &theirs).await {
        Ok(()) => {
            let service = folders::plex(&app, &visit)?;
            Ok(see_other(&visit.link(&format!("/admin/services/{}/folders", service.name))))
        }
        Err(problem) if is_about_the_form(&problem) => {
            let error = problem.error_of("theirs").map(str::to_owned);
            again(&view(&app, &visit, Some(theirs), error).await?, &problem)
        }
        Err(problem) => Err(problem),
    }
}

async fn view(
    app: &App,
    head: &Head,
    typed: Option<String>,
    error: Option<String>,
) -> Result<FoldersPage, Problem> {
    let service = folders::plex(app, head)?;
    let shell = frame_with_count(app, head, Here::Services).await?;
    let paths = folders::paths(app, &PathSettings::of(&service.config)).await;
    let ours = app.downloads.folders.library().to_string_lossy().into_owned();
    Ok(FoldersPage {
        shell: shell.live(&super::cursor(app)),
        service: service.name.to_string(),
        ours,
        paths: paths.map_err(|unwell| unwell.to_string()),
        typed,
        error,
    })
}

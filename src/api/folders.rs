//! What Plex calls the folder of the downloads.

use std::sync::Arc;
use std::time::Duration;

use actors::plex_arrivals::{PathSettings, Paths};
use actors::upstream::{Scope, Unwell};
use domain::path_map::{LibraryFolder, Mapping, PathMap, Suggestion};
use domain::service::{Service, ServiceKind, ServiceName};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::ServicePatch;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::{OfField, Problem};
use crate::route::{Head, Response, Route, Visit, get, json as as_json, patch};

/// Long enough for a page and the form on it; short enough to see a library that was just made.
const FRESH: Duration = Duration::from_secs(5);

pub fn routes() -> Vec<Route> {
    vec![
        get("/api/v1/services/:name/folders").admin().then(show),
        patch("/api/v1/services/:name/folders").admin().json(save),
    ]
}

/// The folders of a Plex service.
#[derive(Serialize, ToSchema)]
pub struct FoldersCard {
    /// Where downloads are published, as the portal calls it.
    ours: String,
    /// The same, as Plex calls it.
    theirs: String,
    /// The library that has it; null when none does.
    library: Option<LibraryCard>,
    /// What else it may be called, the likeliest first.
    suggestions: Vec<LibraryCard>,
}

/// A folder of a library.
#[derive(Serialize, ToSchema)]
pub struct LibraryCard {
    section: String,
    title: String,
    path: String,
    /// Whether it takes videos as they are.
    is_other_videos: bool,
}

/// What Plex calls the folder of the downloads; empty when it calls it what the portal calls it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FoldersBody {
    #[schema(max_length = 1024)]
    theirs: String,
}

impl From<LibraryFolder> for LibraryCard {
    fn from(folder: LibraryFolder) -> Self {
        let LibraryFolder { section, title, path, is_other_videos } = folder;
        Self { section, title, path, is_other_videos }
    }
}

impl From<Paths> for FoldersCard {
    fn from(paths: Paths) -> Self {
        let card = |suggestion: Suggestion| LibraryCard::from(suggestion.folder);
        Self {
            ours: paths.ours,
            theirs: paths.theirs,
            library: paths.held_by.map(LibraryCard::from),
            suggestions: paths.suggestions.into_iter().map(card).collect(),
        }
    }
}

#[utoipa::path(
    get, path = "/api/v1/services/{name}/folders", tag = "services", params(("name" = String, Path)),
    responses((status = 200, body = FoldersCard), (status = 503, description = "Plex does not answer."))
)]
pub(super) async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let service = plex(&app, &visit)?;
    let paths = paths(&app, &PathSettings::of(&service.config)).await.map_err(|unwell| away(&unwell))?;
    Ok(as_json(StatusCode::OK, &FoldersCard::from(paths)))
}

#[utoipa::path(
    patch, path = "/api/v1/services/{name}/folders", tag = "services", request_body = FoldersBody,
    params(("name" = String, Path)),
    responses((status = 200, body = FoldersCard), (status = 422, description = "No library has that folder."))
)]
pub(super) async fn save(app: App, visit: Visit, body: FoldersBody) -> Result<Response, Problem> {
    change(&app, &visit, &body.theirs).await?;
    show(app, visit).await
}

/// The service `:name`, when it is a Plex.
pub(crate) fn plex(app: &App, head: &Head) -> Result<Service, Problem> {
    let name: ServiceName = head.param("name")?;
    let tile = app.services.board().tile(&name).ok_or_else(Problem::not_found)?;
    if tile.service.kind == ServiceKind::Plex { Ok(tile.service.clone()) } else { Err(Problem::not_found()) }
}

/// The folders as they would be with `settings`.
pub(crate) async fn paths(app: &App, settings: &PathSettings) -> Result<Paths, Unwell> {
    let desk = app.services.plex().ok_or(Unwell::NotSetUp)?;
    let sections =
        desk.read(Scope::Everyone, "library/folders", FRESH, |plex| async move { plex.sections().await });
    let sections = Arc::clone(&sections.await?.value);
    Ok(Paths::new(app.downloads.folders.library(), settings, &sections))
}

/// Saves what Plex calls our folder. A name that no library has is refused; when Plex does not
/// answer nobody knows, and it is taken.
pub(crate) async fn change(app: &App, head: &Head, theirs: &str) -> Result<(), Problem> {
    let service = plex(app, head)?;
    let ours = app.downloads.folders.library().to_string_lossy().into_owned();
    let mappings = match theirs.trim() {
        "" => Vec::new(),
        theirs if theirs == ours => Vec::new(),
        theirs => vec![Mapping::new(&ours, theirs).of_field("theirs")?],
    };
    let settings = PathSettings { path_map: PathMap::new(mappings) };
    if let Ok(paths) = paths(app, &settings).await
        && paths.held_by.is_none()
    {
        return Err(Problem::invalid("theirs", "is in none of Plex’s video libraries"));
    }
    let mut config = service.config;
    if !config.is_object() {
        config = json!({});
    }
    config["path_map"] = json!(settings.path_map);
    let patch = ServicePatch { config: Some(config), ..ServicePatch::default() };
    app.services.update(app.actor_of(head), &service.name, patch).await?;
    Ok(())
}

fn away(unwell: &Unwell) -> Problem {
    Problem::unavailable().with_detail(format!("Plex cannot say what its folders are: {unwell}."))
}

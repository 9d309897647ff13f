//! Downloads: look at a link, ask for it, follow it, take the files.
//!
//! Everybody has their own; an admin sees all of them. What belongs to somebody else is not
//! there.

use actors::download_queue::{self, Files};
use actors::plex_arrivals;
use domain::download::{
    Arrival, ArrivalState, Choice, Download, DownloadFile, DownloadItem, DownloadStatus, Failure, Phase,
    Progress,
};
use domain::{DownloadId, Timestamp, UserId};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{List, paging};
use crate::app::App;
use crate::problem::{OfField, Problem};
use crate::route::{Head, Response, Route, Visit, accepted, delete, get, json, no_content, post};

pub fn routes() -> Vec<Route> {
    vec![
        get("/api/v1/downloads").then(list),
        post("/api/v1/downloads").json(submit),
        post("/api/v1/downloads/probe").json(probe),
        get("/api/v1/downloads/:id").then(show),
        delete("/api/v1/downloads/:id").then(remove),
        post("/api/v1/downloads/:id/cancel").then(cancel),
        post("/api/v1/downloads/:id/retry").then(retry),
        post("/api/v1/downloads/:id/plex").then(bring_to_plex),
        get("/api/v1/downloads/:id/files/:n").unmetered().then(super::files::serve),
    ]
}

/// A link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkBody {
    #[schema(max_length = 2048)]
    url: String,
}

/// A link and what to make of it: a preset or a format of the probe, `best` when neither is said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DownloadBody {
    #[schema(max_length = 2048)]
    url: String,
    /// `best`, `1080p`, `720p`, `mp3`, `m4a`, `mp4` or `mkv`.
    preset: Option<String>,
    /// The `id` of a format of the probe.
    format: Option<String>,
}

/// What is behind a link.
#[derive(Serialize, ToSchema)]
pub struct ProbeCard {
    title: Option<String>,
    /// `video` or `playlist`.
    kind: String,
    entries: u32,
    formats: Vec<FormatCard>,
    thumbnail: Option<String>,
    duration_s: Option<u32>,
    is_live: bool,
}

/// A format that the site offers.
#[derive(Serialize, ToSchema)]
pub struct FormatCard {
    id: String,
    label: String,
    height: Option<u32>,
    ext: String,
    bytes: Option<u64>,
}

/// The id of a job that was accepted.
#[derive(Serialize, ToSchema)]
pub struct Accepted {
    #[schema(value_type = String, format = "uuid")]
    id: DownloadId,
}

/// A job.
#[derive(Serialize, ToSchema)]
pub struct DownloadCard {
    #[schema(value_type = String, format = "uuid")]
    id: DownloadId,
    #[schema(value_type = String, format = "uuid")]
    user: UserId,
    url: String,
    /// The preset that was chosen, or null.
    preset: Option<String>,
    /// The format that was chosen, or null.
    format: Option<String>,
    title: Option<String>,
    /// `queued`, `running`, `completed`, `failed` or `cancelled`.
    #[schema(value_type = String)]
    status: DownloadStatus,
    /// What a queued or running job does exactly.
    #[schema(value_type = String)]
    phase: Phase,
    #[schema(value_type = ProgressCard)]
    progress: Progress,
    /// The place in the line of a job that waits, from 1.
    place: Option<u32>,
    error: Option<ErrorCard>,
    files: Vec<FileCard>,
    /// Each video; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Vec<ItemCard>>,
    attempts: u32,
    /// When a job that waits is tried again.
    #[schema(value_type = Option<String>, format = DateTime)]
    run_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
    /// Where it is on its way into Plex; null when it has nothing to do with it.
    plex: Option<ArrivalCard>,
}

/// A download on its way into Plex.
#[derive(Serialize, ToSchema)]
pub struct ArrivalCard {
    /// `waiting`, `there` or `failed`.
    #[schema(value_type = String)]
    state: ArrivalState,
    /// Why it does not get there.
    message: Option<String>,
    /// The key of the video, or of the playlist's collection.
    key: Option<String>,
    is_collection: bool,
}

impl From<Arrival> for ArrivalCard {
    fn from(arrival: Arrival) -> Self {
        let Arrival { state, failure, key, is_collection, machine: _ } = arrival;
        Self { state, message: failure, key, is_collection }
    }
}

/// How far a job is.
#[derive(Serialize, ToSchema)]
pub struct ProgressCard {
    /// 0 to 100 of the whole job; null while the size is a guess.
    percent: Option<f32>,
    /// Bytes of the current item.
    bytes: u64,
    total: Option<u64>,
    /// Bytes a second.
    speed: Option<u64>,
    eta_s: Option<u32>,
    /// The current item, from 1.
    item: u32,
    items: u32,
}

/// Why it failed.
#[derive(Serialize, ToSchema)]
pub struct ErrorCard {
    /// A stable word.
    code: String,
    /// A sentence for a person.
    message: String,
    retryable: bool,
}

/// A finished file.
#[derive(Serialize, ToSchema)]
pub struct FileCard {
    n: u32,
    name: String,
    bytes: u64,
    media_type: String,
}

/// One video of a job.
#[derive(Serialize, ToSchema)]
pub struct ItemCard {
    position: u32,
    title: Option<String>,
    #[schema(value_type = String)]
    status: DownloadStatus,
    error: Option<ErrorCard>,
}

impl From<Failure> for ErrorCard {
    fn from(failure: Failure) -> Self {
        Self { code: failure.code, message: failure.message, retryable: failure.retryable }
    }
}

impl From<DownloadFile> for FileCard {
    fn from(file: DownloadFile) -> Self {
        Self { n: file.n, name: file.name, bytes: file.bytes, media_type: file.media_type }
    }
}

impl From<DownloadItem> for ItemCard {
    fn from(item: DownloadItem) -> Self {
        let DownloadItem { position, title, status, failure, .. } = item;
        Self { position, title, status, error: failure.map(ErrorCard::from) }
    }
}

impl DownloadCard {
    /// The row, with what the board knows better.
    pub(crate) fn new(app: &App, download: Download, items: Option<Vec<DownloadItem>>) -> Self {
        let board = &app.downloads.board;
        let live = board.live(download.id).filter(|_| !download.status.is_over());
        let (preset, format) = match &download.choice {
            Choice::Preset(preset) => (Some(preset.to_string()), None),
            Choice::Format(format) => (None, Some(format.as_str().to_owned())),
        };
        Self {
            id: download.id,
            user: download.user,
            url: download.url,
            preset,
            format,
            title: download.title,
            status: download.status,
            phase: download.phase,
            progress: live.map_or(download.progress, |live| live.progress),
            place: board.place(download.id).map(|place| place.position),
            error: download.failure.map(ErrorCard::from),
            files: download.files.into_iter().map(FileCard::from).collect(),
            items: items.map(|items| items.into_iter().map(ItemCard::from).collect()),
            attempts: download.attempts,
            run_at: download.run_at,
            created_at: download.created_at,
            completed_at: download.completed_at,
            plex: download.plex.map(ArrivalCard::from),
        }
    }
}

/// The download `:id`, when it is the caller's or the caller is an admin.
pub(crate) async fn find(app: &App, head: &Head) -> Result<Download, Problem> {
    let user = head.member()?;
    let found = app.reader.download(head.param("id")?).await?;
    found.filter(|download| download.user == user.id || user.is_admin()).ok_or_else(Problem::not_found)
}

#[utoipa::path(
    get, path = "/api/v1/downloads", tag = "downloads",
    params(("after" = Option<String>, Query), ("limit" = Option<u32>, Query),
        ("everybody" = Option<bool>, Query, description = "An admin sees those of everybody.")),
    responses((status = 200, body = List<DownloadCard>))
)]
pub(super) async fn list(app: App, visit: Visit) -> Result<Response, Problem> {
    let user = visit.member()?;
    let (after, limit) = paging(&visit)?;
    let everybody = visit.query.parse::<bool>("everybody")?.unwrap_or(false);
    if everybody && !user.is_admin() {
        return Err(Problem::forbidden());
    }
    let whose = (!everybody).then_some(user.id);
    let page = app.reader.downloads(whose, after.as_ref(), limit).await?;
    Ok(json(StatusCode::OK, &List::of(page, |download| DownloadCard::new(&app, download, None))))
}

#[utoipa::path(
    post, path = "/api/v1/downloads", tag = "downloads", request_body = DownloadBody,
    responses((status = 202, body = Accepted), (status = 409, description = "It is on its way already."),
        (status = 422, description = "The address or the choice is refused."),
        (status = 429, description = "As many downloads as an hour allows."))
)]
pub(super) async fn submit(app: App, visit: Visit, body: DownloadBody) -> Result<Response, Problem> {
    let choice = match (body.preset, body.format) {
        (Some(_), Some(_)) => return Err(Problem::invalid("format", "say a preset or a format, not both")),
        (None, Some(format)) => Choice::Format(format.parse().of_field("format")?),
        (preset, None) => Choice::Preset(preset.as_deref().unwrap_or("best").parse().of_field("preset")?),
    };
    let download = download_queue::submit(&app.queue, visit.member()?, &body.url, choice).await?;
    Ok(accepted(&Accepted { id: download.id }))
}

#[utoipa::path(
    post, path = "/api/v1/downloads/probe", tag = "downloads", request_body = LinkBody,
    responses((status = 200, body = ProbeCard), (status = 422, description = "The address is refused, or nothing is there."))
)]
pub(super) async fn probe(app: App, visit: Visit, body: LinkBody) -> Result<Response, Problem> {
    visit.member()?;
    let probe = download_queue::probe(&app.queue, &body.url).await?;
    Ok(json(StatusCode::OK, &probe))
}

#[utoipa::path(
    get, path = "/api/v1/downloads/{id}", tag = "downloads", params(("id" = String, Path)),
    responses((status = 200, body = DownloadCard))
)]
pub(super) async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let download = find(&app, &visit).await?;
    let items = app.reader.items(download.id).await?;
    Ok(json(StatusCode::OK, &DownloadCard::new(&app, download, Some(items))))
}

#[utoipa::path(
    delete, path = "/api/v1/downloads/{id}", tag = "downloads",
    params(("id" = String, Path),
        ("files" = Option<String>, Query, description = "`remove` also removes the files; `keep` when absent.")),
    responses((status = 204, description = "It is off the list."), (status = 409, description = "It is not over yet."))
)]
pub(super) async fn remove(app: App, visit: Visit) -> Result<Response, Problem> {
    let files = match visit.query.get("files").as_deref() {
        None | Some("keep") => Files::Keep,
        Some("remove") => Files::Remove,
        Some(_) => return Err(Problem::invalid("files", "is keep or remove")),
    };
    download_queue::delete(&app.queue, visit.member()?, visit.param("id")?, files).await?;
    Ok(no_content())
}

#[utoipa::path(
    post, path = "/api/v1/downloads/{id}/cancel", tag = "downloads", params(("id" = String, Path)),
    responses((status = 200, body = DownloadCard), (status = 409, description = "It is over already."))
)]
pub(super) async fn cancel(app: App, visit: Visit) -> Result<Response, Problem> {
    download_queue::cancel(&app.queue, visit.member()?, visit.param("id")?).await?;
    show(app, visit).await
}

#[utoipa::path(
    post, path = "/api/v1/downloads/{id}/retry", tag = "downloads", params(("id" = String, Path)),
    responses((status = 200, body = DownloadCard), (status = 409, description = "It is not over yet."))
)]
pub(super) async fn retry(app: App, visit: Visit) -> Result<Response, Problem> {
    download_queue::retry(&app.queue, visit.member()?, visit.param("id")?).await?;
    show(app, visit).await
}

#[utoipa::path(
    post, path = "/api/v1/downloads/{id}/plex", tag = "downloads", params(("id" = String, Path)),
    responses((status = 200, body = DownloadCard, description = "It is brought into Plex, or tried again."))
)]
pub(super) async fn bring_to_plex(app: App, visit: Visit) -> Result<Response, Problem> {
    let download = find(&app, &visit).await?;
    plex_arrivals::bring_again(&app.downloads, download.id).await?;
    show(app, visit).await
}

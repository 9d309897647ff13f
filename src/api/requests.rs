//! Requests for films and series: ask, join, decide, talk.
//!
//! A member sees what they asked for and what they joined; an admin sees everything. What belongs
//! to others is not there, except that a title that somebody asked for already can be joined.

use actors::requests::{self, Wish};
use domain::media::{ImagePath, MediaStatus, MediaType, TmdbId};
use domain::request::{Comment, MediaRequest, RequestStatus, Stage};
use domain::user::CurrentUser;
use domain::{RequestId, Timestamp, UserId};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::{RequestFilter, Whose};
use utoipa::ToSchema;

use super::{List, paging};
use crate::app::App;
use crate::problem::{OfField, Problem};
use crate::route::{Head, Response, Route, Visit, created, delete, get, json, no_content, post};

pub fn routes() -> Vec<Route> {
    vec![
        get("/api/v1/requests").then(list),
        post("/api/v1/requests").json(ask),
        get("/api/v1/requests/:id").then(show),
        delete("/api/v1/requests/:id").then(remove),
        post("/api/v1/requests/:id/approve").then(approve),
        post("/api/v1/requests/:id/decline").maybe_json(decline),
        post("/api/v1/requests/:id/finish").then(finish),
        post("/api/v1/requests/:id/retry").then(retry),
        post("/api/v1/requests/:id/join").then(join),
        delete("/api/v1/requests/:id/join").then(leave),
        post("/api/v1/requests/:id/comments").json(comment),
    ]
}

/// What somebody wants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestBody {
    /// `movie` or `tv`.
    media_type: String,
    /// The number of the title at The Movie Database.
    #[schema(minimum = 1, maximum = 2147483647)]
    tmdb_id: i64,
    /// Season numbers of a series, 0 for the specials; all but the specials when absent.
    seasons: Option<Vec<u32>>,
    /// False when absent.
    is4k: Option<bool>,
}

/// Why not.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclineBody {
    /// Told to the one who asked.
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

/// What somebody says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentBody {
    #[schema(max_length = 2000)]
    text: String,
}

/// A new request.
#[derive(Serialize, ToSchema)]
pub struct Asked {
    #[schema(value_type = String)]
    id: RequestId,
    #[schema(value_type = String)]
    status: RequestStatus,
    /// The seasons that it is for: those that nobody had asked for.
    seasons: Vec<u32>,
}

/// A request.
#[derive(Serialize, ToSchema)]
pub struct RequestCard {
    #[schema(value_type = String)]
    id: RequestId,
    /// Who asked.
    #[schema(value_type = String)]
    user: UserId,
    /// `movie` or `tv`.
    #[schema(value_type = String)]
    media_type: MediaType,
    #[schema(value_type = i64)]
    tmdb_id: TmdbId,
    title: String,
    year: Option<u16>,
    /// A path below The Movie Database's picture server.
    #[schema(value_type = Option<String>)]
    poster_path: Option<ImagePath>,
    seasons: Vec<u32>,
    is4k: bool,
    /// `pending`, `approved`, `declined`, `processing`, `available`, `failed` or `cancelled`.
    #[schema(value_type = String)]
    status: RequestStatus,
    /// The step for people: `asked`, `approved`, `downloading` or `in_plex`.
    #[schema(value_type = String)]
    stage: Stage,
    /// What was seen of the title in this quality: `unknown`, `pending`, `processing`,
    /// `partially_available`, `available`, `blocklisted` or `deleted`.
    #[schema(value_type = String)]
    media_status: MediaStatus,
    progress: Option<TransferCard>,
    decline_reason: Option<String>,
    /// Why it goes no further.
    problem: Option<String>,
    /// Who approved or declined it here.
    #[schema(value_type = Option<String>)]
    decided_by: Option<UserId>,
    /// Its number in Overseerr; null while Overseerr does not know it.
    overseerr_id: Option<i64>,
    /// Plex's key of the title once it is there.
    rating_key: Option<String>,
    followers: u32,
    /// What was said about it, the oldest first; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    comments: Option<Vec<CommentCard>>,
    comment_count: u32,
    version: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
}

/// How much has arrived.
#[derive(Serialize, ToSchema)]
pub struct TransferCard {
    /// 0 to 100.
    percent: u8,
    /// Bytes in all.
    size: u64,
    /// Bytes that are missing.
    left: u64,
    #[schema(value_type = Option<String>, format = DateTime)]
    ready_at: Option<Timestamp>,
}

/// What somebody said.
#[derive(Serialize, ToSchema)]
pub struct CommentCard {
    id: String,
    #[schema(value_type = String)]
    user: UserId,
    username: String,
    text: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Comment> for CommentCard {
    fn from(comment: Comment) -> Self {
        let Comment { id, user, username, text, created_at, .. } = comment;
        Self { id, user, username, text, created_at }
    }
}

impl RequestCard {
    fn new(request: MediaRequest, comments: Option<Vec<Comment>>) -> Self {
        Self {
            id: request.id,
            user: request.user,
            media_type: request.media_type,
            tmdb_id: request.tmdb_id,
            stage: request.stage(),
            title: request.title,
            year: request.year,
            poster_path: request.poster,
            seasons: request.seasons,
            is4k: request.is_4k,
            status: request.status,
            media_status: request.media,
            progress: request.transfer.map(|transfer| TransferCard {
                percent: transfer.percent(),
                size: transfer.size,
                left: transfer.left,
                ready_at: transfer.ready_at,
            }),
            decline_reason: request.decline_reason,
            problem: request.problem,
            decided_by: request.decided_by,
            overseerr_id: request.overseerr_id,
            rating_key: request.rating_key,
            followers: request.followers,
            comments: comments.map(|comments| comments.into_iter().map(CommentCard::from).collect()),
            comment_count: request.comments,
            version: request.version,
            created_at: request.created_at,
            updated_at: request.updated_at,
            completed_at: request.completed_at,
        }
    }
}

/// The request, when the person takes part in it or is an admin.
pub(crate) async fn find(app: &App, user: &CurrentUser, id: RequestId) -> Result<MediaRequest, Problem> {
    let request = app.reader.request(id).await?.ok_or_else(Problem::not_found)?;
    let may_see =
        user.is_admin() || request.user == user.id || app.reader.follows_request(user.id, id).await?;
    if may_see { Ok(request) } else { Err(Problem::not_found()) }
}

async fn answer(app: &App, head: &Head, status: StatusCode) -> Result<Response, Problem> {
    let id = head.param("id")?;
    let request = find(app, head.member()?, id).await?;
    let comments = app.reader.request_comments(id).await?;
    Ok(json(status, &RequestCard::new(request, Some(comments))))
}

#[utoipa::path(
    get, path = "/api/v1/requests", tag = "requests",
    params(("after" = Option<String>, Query), ("limit" = Option<u32>, Query),
        ("status" = Option<String>, Query, description = "Only those with this status."),
        ("whose" = Option<String>, Query, description = "`mine`, `joined`, `both` or, for admins, `everybody`; \
            `everybody` for admins and `both` for others when absent.")),
    responses((status = 200, body = List<RequestCard>))
)]
pub(super) async fn list(app: App, visit: Visit) -> Result<Response, Problem> {
    let user = visit.member()?;
    let (after, limit) = paging(&visit)?;
    let status = visit.query.get("status").filter(|text| !text.is_empty());
    let status: Option<RequestStatus> = status.map(|text| text.parse()).transpose().of_field("status")?;
    let whose = match visit.query.get("whose").as_deref() {
        None | Some("") if user.is_admin() => Whose::Everybodys,
        None | Some("" | "both") => Whose::With(user.id),
        Some("mine") => Whose::Of(user.id),
        Some("joined") => Whose::FollowedBy(user.id),
        Some("everybody") if user.is_admin() => Whose::Everybodys,
        Some("everybody") => return Err(Problem::forbidden()),
        Some(_) => return Err(Problem::invalid("whose", "is mine, joined, both or everybody")),
    };
    let filter = RequestFilter { whose, statuses: status.as_slice() };
    let page = app.reader.requests(filter, after.as_ref(), limit).await?;
    Ok(json(StatusCode::OK, &List::of(page, |request| RequestCard::new(request, None))))
}

#[utoipa::path(
    post, path = "/api/v1/requests", tag = "requests", request_body = RequestBody,
    responses((status = 201, body = Asked),
        (status = 409, description = "Somebody asked for it already, or it is in the library."),
        (status = 422, description = "There is no such title or season."),
        (status = 429, description = "As many requests as an hour allows."),
        (status = 503, description = "The catalogue does not answer."))
)]
pub(super) async fn ask(app: App, visit: Visit, body: RequestBody) -> Result<Response, Problem> {
    let wish = Wish {
        media_type: body.media_type.parse().of_field("media_type")?,
        tmdb_id: TmdbId::new(body.tmdb_id).of_field("tmdb_id")?,
        seasons: body.seasons.unwrap_or_default(),
        is_4k: body.is4k.unwrap_or(false),
    };
    let request = requests::ask(&app.requests, visit.member()?, wish).await?;
    Ok(created(&Asked { id: request.id, status: request.status, seasons: request.seasons }))
}

#[utoipa::path(
    get, path = "/api/v1/requests/{id}", tag = "requests", params(("id" = String, Path)),
    responses((status = 200, body = RequestCard))
)]
pub(super) async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    answer(&app, &visit, StatusCode::OK).await
}

#[utoipa::path(
    delete, path = "/api/v1/requests/{id}", tag = "requests", params(("id" = String, Path)),
    responses((status = 204, description = "It is cancelled; one that was over is off the lists."),
        (status = 409, description = "It is under way: only an admin can stop it."))
)]
pub(super) async fn remove(app: App, visit: Visit) -> Result<Response, Problem> {
    requests::delete(&app.requests, visit.member()?, visit.param("id")?).await?;
    Ok(no_content())
}

#[utoipa::path(
    post, path = "/api/v1/requests/{id}/approve", tag = "requests", params(("id" = String, Path)),
    responses((status = 200, body = RequestCard), (status = 409, description = "It was decided already."))
)]
pub(super) async fn approve(app: App, visit: Visit) -> Result<Response, Problem> {
    requests::approve(&app.requests, visit.member()?, visit.param("id")?).await?;
    answer(&app, &visit, StatusCode::OK).await
}

#[utoipa::path(
    post, path = "/api/v1/requests/{id}/decline", tag = "requests", params(("id" = String, Path)),
    request_body = DeclineBody,
    responses((status = 200, body = RequestCard), (status = 409, description = "It was decided already."))
)]
pub(super) async fn decline(app: App, visit: Visit, body: DeclineBody) -> Result<Response, Problem> {
    requests::decline(&app.requests, visit.member()?, visit.param("id")?, body.reason).await?;
    answer(&app, &visit, StatusCode::OK).await
}

#[utoipa::path(
    post, path = "/api/v1/requests/{id}/finish", tag = "requests", params(("id" = String, Path)),
    responses((status = 200, body = RequestCard),
        (status = 409, description = "Overseerr knows it, and says itself when it is there."))
)]
pub(super) async fn finish(app: App, visit: Visit) -> Result<Response, Problem> {
    requests::finish(&app.requests, visit.member()?, visit.param("id")?).await?;
    answer(&app, &visit, StatusCode::OK).await
}

#[utoipa::path(
    post, path = "/api/v1/requests/{id}/retry", tag = "requests", params(("id" = String, Path)),
    responses((status = 200, body = RequestCard), (status = 409, description = "It has not failed."))
)]
pub(super) async fn retry(app: App, visit: Visit) -> Result<Response, Problem> {
    requests::retry(&app.requests, visit.member()?, visit.param("id")?).await?;
    answer(&app, &visit, StatusCode::OK).await
}

#[utoipa::path(
    post, path = "/api/v1/requests/{id}/join", tag = "requests", params(("id" = String, Path)),
    responses((status = 200, body = RequestCard), (status = 409, description = "It is your own, or over."))
)]
pub(super) async fn join(app: App, visit: Visit) -> Result<Response, Problem> {
    requests::join(&app.requests, visit.member()?, visit.param("id")?).await?;
    answer(&app, &visit, StatusCode::OK).await
}

#[utoipa::path(
    delete, path = "/api/v1/requests/{id}/join", tag = "requests", params(("id" = String, Path)),
    responses((status = 204, description = "You are not told of it any more."))
)]
pub(super) async fn leave(app: App, visit: Visit) -> Result<Response, Problem> {
    requests::leave(&app.requests, visit.member()?, visit.param("id")?).await?;
    Ok(no_content())
}

#[utoipa::path(
    post, path = "/api/v1/requests/{id}/comments", tag = "requests", params(("id" = String, Path)),
    request_body = CommentBody, responses((status = 201, body = RequestCard))
)]
pub(super) async fn comment(app: App, visit: Visit, body: CommentBody) -> Result<Response, Problem> {
    requests::comment(&app.requests, visit.member()?, visit.param("id")?, body.text).await?;
    answer(&app, &visit, StatusCode::CREATED).await
}

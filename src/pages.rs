//! The pages: what a person sees and what their forms do.
//!
//!     GET   store, boards, snapshots --> a view --> HTML
//!     POST  a message to an actor, as the API sends it --> 303, or 422 with the form again
//!
//! Every page works without script; with htmx the forms of a live page are answered with
//! fragments. Nothing is changed here and no service is called.

use std::sync::Arc;

use askama::Template;
use domain::DownloadId;
use domain::download::DownloadStatus;
use http::StatusCode;

use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Route, html};
use crate::views::problem::{ProblemPage, ProblemToast};
use crate::views::requests::OpenRequests;
use crate::views::shell::{AtWork, Banner, Here, Person, ServicesUp, Shell};
use crate::views::status::Watched;
use crate::views::{Around, query};

mod account;
mod actors;
mod discover;
mod doors;
mod downloads;
mod files;
mod folders;
pub(crate) mod home;
mod library;
pub(crate) mod mine;
mod people;
mod pictures;
mod plex;
mod requests;
mod search;
mod services;
mod status;

pub(crate) use library::{make_change, new_collection, section_query};

/// Every page.
pub fn routes() -> Vec<Route> {
    [
        files::routes(),
        pictures::routes(),
        home::routes(),
        discover::routes(),
        requests::routes(),
        library::routes(),
        search::routes(),
        downloads::routes(),
        status::routes(),
        doors::routes(),
        plex::routes(),
        account::routes(),
        services::routes(),
        folders::routes(),
        people::routes(),
        actors::routes(),
    ]
    .concat()
}

/// Shows a problem to a person: a page, or a toast when htmx asked for a fragment.
pub fn problem(_app: &App, head: &Arc<Head>, problem: &Problem) -> Response {
    if head.is_htmx() {
        let toast = ProblemToast { title: problem.title, detail: &problem.detail };
        return page(&toast).unwrap_or_else(|_| html(problem.title));
    }
    let view = ProblemPage {
        shell: Shell::bare(head.base.clone(), head.theme()),
        status: problem.status.as_u16(),
        title: problem.title.to_owned(),
        detail: problem.detail.to_string(),
        request_id: head.request_id.to_string(),
    };
    page(&view).unwrap_or_else(|_| html(problem.title))
}

/// A page or a fragment.
fn page(view: &impl Template) -> Result<Response, Problem> {
    view.render().map(html).map_err(|error| {
        tracing::error!(%error, "a template could not be rendered");
        Problem::internal()
    })
}

/// A form again, with what is wrong with it; the status says so to programs.
fn again(view: &impl Template, problem: &Problem) -> Result<Response, Problem> {
    let mut response = page(view)?;
    let is_limit = problem.status == StatusCode::TOO_MANY_REQUESTS;
    let status = if is_limit { problem.status } else { StatusCode::UNPROCESSABLE_ENTITY };
    *response.status_mut() = status;
    Ok(response)
}

/// Whether a person can put it right in the form; anything else is a page of its own.
fn is_about_the_form(problem: &Problem) -> bool {
    problem.status.is_client_error() && problem.status != StatusCode::NOT_FOUND
}

/// What a fragment of this visit needs.
fn around(head: &Head) -> Around {
    Around { base: head.base.clone(), csrf: head.csrf.clone() }
}

/// Every service, from the board.
pub(crate) fn services(app: &App) -> Vec<Watched> {
    app.services.board().tiles().iter().map(|tile| Watched::from(&**tile)).collect()
}

/// The frame of a page that is not live yet; `running` counts this person's downloads.
async fn frame(app: &App, head: &Head, here: Here, running: usize) -> Result<Shell, Problem> {
    let open_requests = match &head.user {
        Some(user) => mine::open_requests(app, user).await?,
        None => OpenRequests::default(),
    };
    let services = app.services.board().tiles();
    let up = services.iter().filter(|tile| Watched::is_tile_up(tile)).count();
    let person = head.user.as_ref().map(|user| Person::new(user.username.clone()));
    Ok(Shell {
        around: around(head),
        person,
        admin: head.user.as_ref().is_some_and(domain::user::CurrentUser::is_admin),
        here,
        at_work: AtWork { running },
        open_requests,
        services_up: ServicesUp { up, all: services.len() },
        banners: banners(app, head),
        ..Shell::bare(head.base.clone(), head.theme())
    })
}

/// The frame of a page that asks for nothing else of this person's downloads.
async fn frame_with_count(app: &App, head: &Head, here: Here) -> Result<Shell, Problem> {
    let mine = app.reader.active_downloads(Some(head.member()?.id)).await?;
    let running = mine.iter().filter(|download| download.status == DownloadStatus::Running).count();
    frame(app, head, here, running).await
}

/// What an admin should know about how the portal is reached.
fn banners(app: &App, head: &Head) -> Vec<Banner> {
    let is_admin = head.user.as_ref().is_some_and(domain::user::CurrentUser::is_admin);
    let plain = app.settings.public_url.is_none() && !head.remote.is_loopback();
    if !is_admin || !plain {
        return Vec::new();
    }
    let text = "Passwords travel unprotected: this portal is reached over plain http. \
                Put it behind https and set MEDIANEST_PUBLIC_URL."
        .to_owned();
    vec![Banner { tone: "warn", icon: "triangle-alert", text }]
}

/// The newest event that a page shows already.
fn cursor(app: &App) -> String {
    app.cursor.latest().to_string()
}

/// The id in `/downloads/:id`.
fn download_id(head: &Head) -> Result<DownloadId, Problem> {
    head.param("id")
}

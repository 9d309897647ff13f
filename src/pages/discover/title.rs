//! The page of a title, with the sheet to ask for it.

use std::time::Duration;

use actors::requests::{Allowance, Standing};
use domain::media::{MediaType, TitleDetails};
use domain::request::RequestStatus;
use domain::user::CurrentUser;
use tokio::time::timeout;

use super::{Wanted, reason, stale, title_of};
use crate::app::App;
use crate::pages::requests::{Names, away};
use crate::pages::{around, cursor, frame_with_count, page};
use crate::problem::Problem;
use crate::route::{Head, Response, Visit, see_other};
use crate::views::discover::sheet::{Asked, Quality, Quota};
use crate::views::discover::title::{Related, TitleAwayPage};
use crate::views::discover::{Sheet, TitlePage};
use crate::views::shell::Here;

/// How long a page waits to hear what somebody may ask for.
const PATIENCE: Duration = Duration::from_millis(1_200);

pub(super) async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    title_page(&app, &visit, None).await
}

/// The page; `refusal` is what came of asking, where there is no script to show it in the sheet.
pub(super) async fn title_page(app: &App, head: &Head, refusal: Option<String>) -> Result<Response, Problem> {
    let cursor = cursor(app);
    let (kind, id) = title_of(head)?;
    let shell = frame_with_count(app, head, Here::Discover).await?;
    let shell = shell.watching(format!("{kind}/{id}")).live(&cursor);
    // Side by side: together they must not take longer than a page may.
    let (seen, standing) = tokio::join!(app.discover.details(kind, id), standing(app, head.member()?));
    match seen {
        Ok(seen) => {
            let details = seen.value.as_ref().clone().ok_or_else(Problem::not_found)?;
            let sheet = Sheet { refusal, ..sheet_with(app, head, &details, standing).await? };
            let library = details.title.state.as_ref().and_then(|state| {
                let key = state.plex_key.as_ref().or(state.plex_key_4k.as_ref())?;
                Some(shell.link(&library_path(key)?))
            });
            page(&TitlePage { shell, details, stale: stale(&seen), sheet, library })
        }
        Err(unwell) => page(&TitleAwayPage { shell, reason: reason(&unwell), retry_in: unwell.retry_in() }),
    }
}

/// Where an item of Plex is in our own library.
pub(in crate::pages) fn library_path(key: &str) -> Option<String> {
    let is_key = !key.is_empty() && key.len() <= 20 && key.bytes().all(|byte| byte.is_ascii_digit());
    is_key.then(|| format!("/library/title/{key}"))
}

/// What somebody may ask for, or why that is not known, in words.
pub(in crate::pages) async fn standing(app: &App, me: &CurrentUser) -> Result<Standing, String> {
    let asking = actors::requests::standing(&app.requests, me.id, me.is_admin());
    match timeout(PATIENCE, asking).await {
        Ok(standing) => standing.map_err(|unwell| reason(&unwell)),
        Err(_) => Err("It takes too long to hear what you may ask for.".to_owned()),
    }
}

/// What this person may ask for, and who asked already.
pub(super) async fn sheet(app: &App, head: &Head, details: &TitleDetails) -> Result<Sheet, Problem> {
    let standing = standing(app, head.member()?).await;
    sheet_with(app, head, details, standing).await
}

async fn sheet_with(
    app: &App,
    head: &Head,
    details: &TitleDetails,
    standing: Result<Standing, String>,
) -> Result<Sheet, Problem> {
    let me = head.member()?;
    let title = &details.title;
    let mut sheet = Sheet::new(around(head), details);
    let mut names = Names::default();
    for request in app.reader.requests_for(title.media_type, title.tmdb_id).await? {
        let by = names.of(app, request.user).await?;
        sheet.take(&request, &by);
        let is_mine = request.user == me.id;
        let is_followed = app.reader.follows_request(me.id, request.id).await?;
        sheet.asked.push(Asked { request, by, is_mine, is_followed });
    }
    sheet.asked.reverse();
    sheet.quality = quality(&sheet, details, false);
    let closed = |reason: &str| Some(format!("{reason} Asking is possible again when it is back."));
    match standing {
        Ok(standing) => {
            let allowance = match title.media_type {
                MediaType::Movie => standing.movies,
                MediaType::Tv => standing.seasons,
            };
            sheet.quota = allowance.map(quota);
            sheet.needs_approval = Some(!standing.approved_at_once(title.media_type, false));
            sheet.quality = quality(&sheet, details, standing.may_ask(title.media_type, true));
            if !standing.may_ask(title.media_type, false) && sheet.quality == Quality::OnlyHd {
                sheet.closed = Some("You may not ask for this kind of title.".to_owned());
            }
        }
        Err(reason) => sheet.closed = closed(&reason),
    }
    if let Some(away) = away(app) {
        sheet.closed = closed(&away.reason);
    }
    if sheet.closed.is_none() {
        sheet.suggest();
    }
    Ok(sheet)
}

pub(in crate::pages) fn quota(allowance: Allowance) -> Quota {
    Quota { used: allowance.used, limit: allowance.limit.unwrap_or(0), days: allowance.days }
}

/// Which qualities the form offers.
fn quality(sheet: &Sheet, details: &TitleDetails, may_4k: bool) -> Quality {
    let is_taken = |is_4k: bool| {
        let state = details.title.state.as_ref();
        let outside = state.is_some_and(|state| {
            use domain::media::MediaStatus::{Available, PartiallyAvailable, Pending, Processing};
            matches!(state.of(is_4k), Pending | Processing | PartiallyAvailable | Available)
        });
        let here = sheet
            .asked
            .iter()
            .any(|one| one.request.is_4k == is_4k && one.request.status != RequestStatus::Failed);
        details.title.media_type == MediaType::Movie && (outside || here)
    };
    match (may_4k && !is_taken(true), is_taken(false)) {
        (true, true) => Quality::Only4k,
        (true, false) => Quality::Both,
        (false, true) => Quality::Nothing,
        (false, false) => Quality::OnlyHd,
    }
}

/// More titles like this one; without script a page that lists them has no place, so the title
/// is shown again.
pub(super) async fn related(app: App, visit: Visit) -> Result<Response, Problem> {
    let (kind, id) = title_of(&visit)?;
    if !visit.is_htmx() {
        return Ok(see_other(&visit.link(&format!("/discover/{kind}/{id}"))));
    }
    let wanted = Wanted::read(&app).await?;
    let posters = match app.discover.related(kind, id).await {
        Ok(seen) => wanted.posters(&around(&visit), &seen.value.titles, false),
        Err(_) => Vec::new(),
    };
    page(&Related::new(posters))
}

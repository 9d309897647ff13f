//! Signing in with Plex: the way there, the way back, and the code for those without a browser.
//!
//!     POST /login/plex        --> Plex, in the same tab        (a page with a link without htmx)
//!     GET  /login/plex/back   <-- Plex; changes and sets nothing
//!     POST /login/plex/finish --> not yet | a session | why not; every second, or by a button

use domain::plex::PinPurpose;
use http::{HeaderName, HeaderValue, header};
use serde::Deserialize;

use super::doors::{bare, login_page, wanted};
use super::{again, around, page};
use crate::app::App;
use crate::auth::plex::{self, Began, Finished, Kind};
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, get, no_content, post, see_other, with_header};
use crate::views::plex::{PlexBackPage, PlexGoPage, PlexWait};

pub fn routes() -> Vec<Route> {
    vec![
        post("/login/plex").anyone().without_csrf_token().form(begin),
        post("/login/plex/code").anyone().without_csrf_token().form(begin_code),
        get("/login/plex/code").anyone().then(show_code),
        get("/login/plex/back").anyone().then(show_back),
        post("/login/plex/finish").anyone().without_csrf_token().unmetered().then(finish),
        post("/login/plex/cancel").anyone().without_csrf_token().then(cancel),
    ]
}

const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

#[derive(Deserialize)]
struct BeginForm {
    #[serde(default)]
    next: String,
}

async fn begin(app: App, visit: Visit, form: BeginForm) -> Result<Response, Problem> {
    let next = wanted(&form.next).to_owned();
    match plex::begin(&app, &visit, PinPurpose::SignIn, Kind::Page, &next).await {
        Ok(began) => on_the_way(&visit, began),
        Err(problem) => {
            let view = login_page(&app, &visit, &next, Some(problem.detail.to_string()));
            again(&view, &problem)
        }
    }
}

async fn begin_code(app: App, visit: Visit, form: BeginForm) -> Result<Response, Problem> {
    let next = wanted(&form.next).to_owned();
    match plex::begin(&app, &visit, PinPurpose::SignIn, Kind::Code, &next).await {
        Ok(Began { cookie, .. }) => Ok(with_cookie(see_other(&visit.link("/login/plex/code")), cookie)),
        Err(problem) => {
            let view = login_page(&app, &visit, &next, Some(problem.detail.to_string()));
            again(&view, &problem)
        }
    }
}

async fn show_code(app: App, visit: Visit) -> Result<Response, Problem> {
    let status = plex::status(&app, &visit).await?;
    let Some(status) = status.filter(|status| status.code.is_some()) else {
        return Ok(see_other(&visit.link("/login")));
    };
    let next = status.next.clone();
    let mut view = login_page(&app, &visit, &next, None);
    if let Some(plex) = &mut view.plex {
        plex.show(PlexWait::new(around(&visit), status, app.sign_ins.link_words()));
    }
    page(&view)
}

async fn show_back(app: App, visit: Visit) -> Result<Response, Problem> {
    let status = plex::status(&app, &visit).await?;
    let came_for = visit.query.get("s");
    // The id only tells two sign-ins apart; what counts is the cookie.
    let status = status.filter(|status| came_for.is_none_or(|id| id == status.id.to_string()));
    let is_ours = status.is_some();
    let wait = status.map(|status| PlexWait::new(around(&visit), status, app.sign_ins.link_words()));
    let mut response = page(&PlexBackPage { shell: bare(&visit), wait })?;
    if !is_ours {
        *response.status_mut() = http::StatusCode::FORBIDDEN;
    }
    Ok(response)
}

async fn finish(app: App, visit: Visit) -> Result<Response, Problem> {
    match plex::finish(&app, &visit).await? {
        Finished::NotYet(status) if visit.is_htmx() => {
            page(&PlexWait::new(around(&visit), status, app.sign_ins.link_words()))
        }
        Finished::NotYet(status) | Finished::Refused(status, _) => {
            let place = match status.code {
                Some(_) => "/login/plex/code".to_owned(),
                None => format!("/login/plex/back?s={}", status.id),
            };
            Ok(go(&visit, &visit.link(&place)))
        }
        Finished::SignedIn { signed_in, next } => {
            Ok(with_cookie(go(&visit, &visit.link(wanted(&next))), signed_in.cookie))
        }
        Finished::Done { next } => Ok(go(&visit, &visit.link(wanted(&next)))),
        Finished::Nothing => Ok(go(&visit, &visit.link("/login"))),
    }
}

async fn cancel(app: App, visit: Visit) -> Result<Response, Problem> {
    let cookie = plex::cancel(&app, &visit).await?;
    Ok(with_cookie(see_other(&visit.link("/login")), cookie))
}

/// To Plex: at once by script, otherwise by a link, because a form of ours may lead only to us.
pub(super) fn on_the_way(head: &Head, began: Began) -> Result<Response, Problem> {
    let Began { status, cookie } = began;
    let response = if head.is_htmx() {
        with_header(no_content(), HX_REDIRECT, &status.address)
    } else {
        page(&PlexGoPage { shell: bare(head), address: status.address, purpose: status.purpose })?
    };
    Ok(with_cookie(response, cookie))
}

/// To another page of ours, for htmx and for a form.
fn go(head: &Head, address: &str) -> Response {
    if head.is_htmx() { with_header(no_content(), HX_REDIRECT, address) } else { see_other(address) }
}

fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

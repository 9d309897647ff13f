//! Set-up, sign-in, sign-out.

use domain::Secret;
use http::header;
use serde::Deserialize;

use super::{again, is_about_the_form, page};
use crate::app::App;
use crate::auth::setup::{self, SetUp};
use crate::auth::{self, Credentials, SignedIn};
use crate::link::local_path;
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, get, post, see_other};
use crate::views::door::{LoginPage, PlexDoor, SetupDonePage, SetupForm, SetupPage};
use crate::views::shell::Shell;

pub fn routes() -> Vec<Route> {
    vec![
        get("/setup").anyone().then(show_set_up),
        post("/setup").anyone().without_csrf_token().unmetered().form(set_up),
        get("/setup/done").admin().then(show_next_steps),
        get("/login").anyone().then(show_login),
        post("/login").anyone().without_csrf_token().unmetered().form(login),
        post("/logout").then(logout),
    ]
}

/// What somebody typed on the sign-in page.
#[derive(Deserialize)]
struct LoginForm {
    username: String,
    password: Secret,
    #[serde(default)]
    next: String,
}

async fn show_login(app: App, visit: Visit) -> Result<Response, Problem> {
    if setup::is_open(&app).await? {
        return Ok(see_other(&visit.link("/setup")));
    }
    let next = visit.query.get("next").unwrap_or_default();
    if visit.user.is_some() {
        return Ok(see_other(&visit.link(wanted(&next))));
    }
    let notice = visit.query.get("out").map(|_| "You are signed out.".to_owned());
    page(&LoginPage { notice, ..login_page(&app, &visit, &next, None) })
}

async fn login(app: App, visit: Visit, form: LoginForm) -> Result<Response, Problem> {
    let LoginForm { username, password, next } = form;
    let credentials = Credentials { username: username.clone(), password };
    match auth::sign_in(&app, &visit, credentials).await {
        Ok(signed_in) => Ok(welcome(&visit.link(wanted(&next)), signed_in)),
        Err(problem) if is_about_the_form(&problem) => {
            let error = Some(problem.detail.to_string());
            let view = login_page(&app, &visit, &next, None);
            again(&LoginPage { username, error, ..view }, &problem)
        }
        Err(problem) => Err(problem),
    }
}

async fn logout(app: App, visit: Visit) -> Result<Response, Problem> {
    let cookie = auth::sign_out(&app, &visit).await?;
    let mut response = see_other(&visit.link("/login?out=1"));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

async fn show_set_up(app: App, visit: Visit) -> Result<Response, Problem> {
    if !setup::is_open(&app).await? {
        return Err(Problem::not_found().with_detail("This portal has been set up already."));
    }
    let token = visit.query.get("token").unwrap_or_default();
    page(&SetupPage { shell: bare(&visit), form: SetupForm { token, ..SetupForm::default() } })
}

async fn set_up(app: App, visit: Visit, form: SetUp) -> Result<Response, Problem> {
    let (token, username) = (form.token.expose().to_owned(), form.username.clone());
    match setup::set_up(&app, &visit, form).await {
        Ok(signed_in) => Ok(welcome(&visit.link("/setup/done"), signed_in)),
        Err(problem) if is_about_the_form(&problem) => {
            let error = |field| problem.error_of(field).map(str::to_owned);
            let form = SetupForm {
                token,
                username,
                token_error: error("token"),
                username_error: error("username"),
                password_error: error("password"),
            };
            again(&SetupPage { shell: bare(&visit), form }, &problem)
        }
        Err(problem) => Err(problem),
    }
}

async fn show_next_steps(_app: App, visit: Visit) -> Result<Response, Problem> {
    let username = visit.member()?.username.clone();
    page(&SetupDonePage { shell: bare(&visit), username })
}

/// The sign-in page, empty. `plex_error` says why Plex did not begin.
pub(super) fn login_page(app: &App, head: &Head, next: &str, plex_error: Option<String>) -> LoginPage {
    let offered = app.sign_ins.is_offered() || plex_error.is_some();
    let plex = offered.then(|| PlexDoor {
        error: plex_error,
        wait: None,
        refusal: None,
        words: app.sign_ins.link_words(),
    });
    LoginPage {
        shell: bare(head),
        username: String::new(),
        error: None,
        next: next.to_owned(),
        notice: None,
        plex,
    }
}

pub(super) fn bare(head: &Head) -> Shell {
    Shell::bare(head.base.clone(), head.theme())
}

/// Where somebody wanted to go, if that is a page of ours.
pub(super) fn wanted(next: &str) -> &str {
    local_path(next).unwrap_or("/")
}

fn welcome(address: &str, signed_in: SignedIn) -> Response {
    let mut response = see_other(address);
    response.headers_mut().append(header::SET_COOKIE, signed_in.cookie);
    response
}

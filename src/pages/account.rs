//! What somebody may see and change of their own account.

use domain::plex::{Membership, PinPurpose};
use domain::user::check_password;
use domain::{Secret, SessionId, Timestamp};
use http::header;
use serde::Deserialize;

use super::plex::on_the_way;
use super::{again, frame_with_count, is_about_the_form, page};
use crate::app::App;
use crate::auth::api_tokens;
use crate::auth::password::Verdict;
use crate::auth::plex::{self, Kind};
use crate::auth::sign_in;
use crate::problem::{OfField, Problem};
use crate::route::{Head, Response, Route, Visit, get, no_content, post, see_other, with_header};
use crate::views::account::{AccountPage, SessionLine, TokenLine, device};
use crate::views::plex::PlexCard;
use crate::views::shell::Here;
use crate::views::toast::Toast;

pub fn routes() -> Vec<Route> {
    vec![
        get("/account").then(show),
        post("/account/theme").form(set_theme),
        post("/account/password").form(change_password),
        post("/account/tokens").form(make_token),
        post("/account/tokens/:id/revoke").then(revoke_token),
        post("/account/sessions/:id/end").then(end_session),
        post("/account/plex").then(link_plex),
        post("/account/plex/unlink").then(unlink_plex),
    ]
}

#[derive(Deserialize)]
struct ThemeForm {
    theme: Theme,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Theme {
    Dark,
    Light,
    System,
}

#[derive(Deserialize)]
struct PasswordForm {
    current: Secret,
    password: Secret,
    /// For password managers only.
    #[serde(default, rename = "username")]
    _username: String,
}

#[derive(Deserialize)]
struct TokenForm {
    name: String,
}

async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let mut view = view(&app, &visit).await?;
    view.shell.toast = match visit.query.get("done").as_deref() {
        Some("password") => Some(Toast::done("Your password is changed")),
        Some("plex") => Some(Toast::done("Your Plex account is linked")),
        _ => None,
    };
    page(&view)
}

async fn set_theme(app: App, visit: Visit, form: ThemeForm) -> Result<Response, Problem> {
    let (theme, age) = match form.theme {
        Theme::Dark => ("dark", 31_536_000),
        Theme::Light => ("light", 31_536_000),
        Theme::System => ("", 0),
    };
    let response = if visit.is_htmx() { no_content() } else { see_other(&back(&visit)) };
    let path = app.settings.base.cookie_path();
    let cookie = format!("mn_theme={theme}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Lax");
    Ok(with_header(response, header::SET_COOKIE, &cookie))
}

/// The page that somebody came from, when it is one of ours.
fn back(head: &Head) -> String {
    let came_from = head.header("referer").and_then(|referer| url::Url::parse(referer).ok());
    let path = came_from.as_ref().and_then(|url| head.base.strip(url.path()));
    head.link(path.and_then(crate::link::local_path).unwrap_or("/account"))
}

async fn change_password(app: App, visit: Visit, form: PasswordForm) -> Result<Response, Problem> {
    match replace_password(&app, &visit, form).await {
        Ok(response) => Ok(response),
        Err(problem) if is_about_the_form(&problem) => {
            let error = |field| problem.error_of(field).map(str::to_owned);
            let view = AccountPage {
                current_error: error("current"),
                password_error: error("password"),
                ..view(&app, &visit).await?
            };
            again(&view, &problem)
        }
        Err(problem) => Err(problem),
    }
}

/// Every session ends, and this browser gets a new one.
async fn replace_password(app: &App, head: &Head, form: PasswordForm) -> Result<Response, Problem> {
    let me = head.member()?;
    check_password(form.password.expose()).of_field("password")?;
    let key = me.username.to_lowercase();
    let attempt = app.throttle.begin(&key, head.remote).map_err(|wait| {
        Problem::too_often("Too many wrong passwords. Try again later.", wait).about("current")
    })?;
    let found = app.reader.user_by_name(&key).await?;
    let (user, hash) = found.ok_or_else(Problem::signed_out)?;
    if app.hasher.check(form.current, hash).await? == Verdict::Wrong {
        return Err(Problem::invalid("current", "This is not your password."));
    }
    attempt.succeeded();
    let sessions = app.reader.sessions_of(user.id).await?;
    let hash = app.hasher.hash(form.password).await?;
    app.writer_for(head).set_password(user.id, &hash, true).await?;
    for session in sessions {
        app.sessions.recheck(session.id);
    }
    let signed_in = sign_in::begin(app, head, user, sign_in::Credential::Password).await?;
    let mut response = see_other(&head.link("/account?done=password"));
    response.headers_mut().append(header::SET_COOKIE, signed_in.cookie);
    Ok(response)
}

async fn make_token(app: App, visit: Visit, form: TokenForm) -> Result<Response, Problem> {
    match api_tokens::create(&app, &visit, &form.name).await {
        Ok((_, token)) => {
            let new_token = Some(token.expose().to_owned());
            page(&AccountPage { new_token, ..view(&app, &visit).await? })
        }
        Err(problem) if is_about_the_form(&problem) => {
            let said = problem.error_of("name").unwrap_or(&problem.detail).to_owned();
            again(&AccountPage { token_error: Some(said), ..view(&app, &visit).await? }, &problem)
        }
        Err(problem) => Err(problem),
    }
}

async fn revoke_token(app: App, visit: Visit) -> Result<Response, Problem> {
    api_tokens::revoke(&app, &visit, visit.member()?.id, visit.param("id")?).await?;
    Ok(see_other(&visit.link("/account")))
}

async fn end_session(app: App, visit: Visit) -> Result<Response, Problem> {
    let id: SessionId = visit.param("id")?;
    let mine = app.reader.sessions_of(visit.member()?.id).await?;
    if !mine.iter().any(|session| session.id == id) {
        return Err(Problem::not_found());
    }
    app.writer_for(&visit).revoke_session(id).await?;
    app.sessions.recheck(id);
    Ok(see_other(&visit.link("/account")))
}

async fn link_plex(app: App, visit: Visit) -> Result<Response, Problem> {
    let me = visit.member()?.id;
    match plex::begin(&app, &visit, PinPurpose::Link(me), Kind::Page, "/account?done=plex").await {
        Ok(began) => on_the_way(&visit, began),
        Err(problem) => plex_again(&app, &visit, &problem).await,
    }
}

async fn unlink_plex(app: App, visit: Visit) -> Result<Response, Problem> {
    match app.writer_for(&visit).unlink_plex(visit.member()?.id).await {
        Ok(()) => Ok(see_other(&visit.link("/account"))),
        Err(error) => plex_again(&app, &visit, &error.into()).await,
    }
}

async fn plex_again(app: &App, head: &Head, problem: &Problem) -> Result<Response, Problem> {
    let mut view = view(app, head).await?;
    view.plex.error = Some(problem.detail.to_string());
    again(&view, problem)
}

/// The Plex side of whoever is signed in.
async fn plex_card(app: &App, head: &Head) -> Result<PlexCard, Problem> {
    let me = head.member()?.id;
    let user = app.reader.user(me).await?.ok_or_else(Problem::signed_out)?;
    let has_password = app.reader.ways_in(me).await?.is_some_and(|ways| ways.has_password);
    let (name, membership, checked_at) = match user.plex {
        Some(plex) => (Some(plex.name), plex.membership, plex.checked_at),
        None => (None, Membership::Unknown, None),
    };
    let is_offered = app.sign_ins.is_offered();
    Ok(PlexCard { name, membership, checked_at, has_password, is_offered, error: None })
}

async fn view(app: &App, head: &Head) -> Result<AccountPage, Problem> {
    let me = head.member()?;
    let now = Timestamp::now();
    let sessions = app.reader.sessions_of(me.id).await?.into_iter().filter(|session| session.is_alive(now));
    let lines = sessions.map(|session| SessionLine {
        is_this: Some(session.id) == me.session,
        id: session.id,
        device: device(session.user_agent.as_deref().unwrap_or_default()),
        address: session.ip.unwrap_or_default(),
        last_seen_at: session.last_seen_at,
        created_at: session.created_at,
    });
    let tokens = app.reader.api_tokens_of(me.id).await?.into_iter().map(|token| TokenLine {
        id: token.id,
        name: token.name,
        created_at: token.created_at,
        last_used_at: token.last_used_at,
    });
    Ok(AccountPage {
        shell: frame_with_count(app, head, Here::Account).await?,
        username: me.username.clone(),
        plex: plex_card(app, head).await?,
        sessions: lines.collect(),
        tokens: tokens.collect(),
        new_token: None,
        token_error: None,
        current_error: None,
        password_error: None,
    })
}

//! The people of the house, for an admin.

use std::collections::BTreeMap;

use actors::sign_ins::{Denied, Guest};
use domain::user::Role;
use domain::{Cursor, Secret, UserId};
use serde::Deserialize;

use super::{again, frame_with_count, is_about_the_form, page};
use crate::app::App;
use crate::auth::accounts::{self, AccountPatch, NewAccount};
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, get, post, see_other};
use crate::views::people::{NewPerson, PeoplePage};
use crate::views::plex::{GuestLine, PlexPeoplePage};
use crate::views::shell::Here;
use crate::views::toast::Toast;

/// People on one page.
const SHOWN: u32 = 50;

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/users").admin().then(show),
        post("/admin/users").admin().form(add),
        post("/admin/users/:id/role").admin().form(set_role),
        post("/admin/users/:id/enabled").admin().form(set_enabled),
        get("/admin/users/plex").admin().then(show_guests),
        post("/admin/users/plex").admin().form(import),
        post("/admin/users/:id/plex").admin().then(check_membership),
    ]
}

#[derive(Deserialize)]
struct AddForm {
    username: String,
    password: Secret,
    /// Sent when the box is ticked.
    role: Option<Role>,
}

#[derive(Deserialize)]
struct RoleForm {
    role: Role,
}

#[derive(Deserialize)]
struct EnabledForm {
    enabled: bool,
}

async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let mut view = view(&app, &visit, NewPerson::default(), None).await?;
    view.shell.toast = match visit.query.get("imported").as_deref() {
        Some("0") => Some(Toast::done("Nobody new was imported")),
        Some("1") => Some(Toast::done("One person was imported")),
        Some(many) => {
            many.parse::<u32>().ok().map(|many| Toast::done(format!("{many} people were imported")))
        }
        None => None,
    };
    page(&view)
}

async fn show_guests(app: App, visit: Visit) -> Result<Response, Problem> {
    match app.sign_ins.guests().await {
        Ok(guests) => page(&guest_view(&app, &visit, guests, None).await?),
        Err(denied) => guests_refused(&app, &visit, denied.into()).await,
    }
}

/// Whoever is ticked; plex.tv says what they are called.
async fn import(app: App, visit: Visit, form: BTreeMap<String, String>) -> Result<Response, Problem> {
    let ticked = form.keys().filter_map(|name| name.strip_prefix("person-")?.parse().ok());
    match app.sign_ins.import(app.actor_of(&visit), ticked.collect()).await {
        Ok(imported) => Ok(see_other(&visit.link(&format!("/admin/users?imported={}", imported.new.len())))),
        Err(denied) => guests_refused(&app, &visit, denied.into()).await,
    }
}

async fn guests_refused(app: &App, head: &Head, problem: Problem) -> Result<Response, Problem> {
    let refusal = Some(problem.detail.to_string());
    page(&guest_view(app, head, Vec::new(), refusal).await?)
}

async fn guest_view(
    app: &App,
    head: &Head,
    guests: Vec<Guest>,
    refusal: Option<String>,
) -> Result<PlexPeoplePage, Problem> {
    let line = |Guest { account, user }| GuestLine {
        id: account.id,
        name: account.name,
        email: account.email,
        username: user.map(|user| user.username),
    };
    let shell = frame_with_count(app, head, Here::People).await?;
    Ok(PlexPeoplePage { shell, guests: guests.into_iter().map(line).collect(), refusal })
}

async fn check_membership(app: App, visit: Visit) -> Result<Response, Problem> {
    let id: UserId = visit.param("id")?;
    match app.sign_ins.recheck(id).await {
        Ok(_) => Ok(see_other(&visit.link(&format!("/admin/users#user-{id}")))),
        Err(Denied::NotFound) => Err(Problem::not_found()),
        Err(denied) => {
            let problem = Problem::from(denied);
            let refusal = Some(problem.detail.to_string());
            again(&view(&app, &visit, NewPerson::default(), refusal).await?, &problem)
        }
    }
}

async fn add(app: App, visit: Visit, form: AddForm) -> Result<Response, Problem> {
    let AddForm { username, password, role } = form;
    let new =
        NewAccount { username: username.clone(), password, email: None, role: role.unwrap_or(Role::User) };
    match accounts::create(&app, &visit, new).await {
        Ok(_) => Ok(see_other(&visit.link("/admin/users"))),
        Err(problem) if is_about_the_form(&problem) => {
            let error = |field| problem.error_of(field).map(str::to_owned);
            let (username_error, password_error) = (error("username"), error("password"));
            let other = username_error.is_none() && password_error.is_none();
            let form = NewPerson {
                username,
                is_admin: role == Some(Role::Admin),
                username_error: username_error.or_else(|| other.then(|| problem.detail.to_string())),
                password_error,
                open: true,
            };
            again(&view(&app, &visit, form, None).await?, &problem)
        }
        Err(problem) => Err(problem),
    }
}

async fn set_role(app: App, visit: Visit, form: RoleForm) -> Result<Response, Problem> {
    change(&app, &visit, AccountPatch { role: Some(form.role), enabled: None }).await
}

async fn set_enabled(app: App, visit: Visit, form: EnabledForm) -> Result<Response, Problem> {
    change(&app, &visit, AccountPatch { role: None, enabled: Some(form.enabled) }).await
}

async fn change(app: &App, head: &Head, patch: AccountPatch) -> Result<Response, Problem> {
    let id: UserId = head.param("id")?;
    match accounts::change(app, head, id, patch).await {
        Ok(_) => Ok(see_other(&head.link("/admin/users"))),
        Err(problem) if is_about_the_form(&problem) => {
            let refusal = Some(problem.detail.to_string());
            again(&view(app, head, NewPerson::default(), refusal).await?, &problem)
        }
        Err(problem) => Err(problem),
    }
}

async fn view(
    app: &App,
    head: &Head,
    form: NewPerson,
    refusal: Option<String>,
) -> Result<PeoplePage, Problem> {
    let after = head.query.get("after").filter(|text| text.len() <= 512).map(Cursor);
    let people = app.reader.users(after.as_ref(), SHOWN).await?;
    let shell = frame_with_count(app, head, Here::People).await?;
    let next = people.next.map(|Cursor(next)| super::query("after", &next));
    let has_plex = app.sign_ins.is_offered();
    Ok(PeoplePage { shell, has_plex, me: head.member()?.id, people: people.items, next, form, refusal })
}

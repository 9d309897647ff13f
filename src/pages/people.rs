//! The people of the house, for an admin.

use domain::user::Role;
use domain::{Cursor, Secret, UserId};
use serde::Deserialize;

use super::{again, frame_with_count, is_about_the_form, page};
use crate::app::App;
use crate::auth::accounts::{self, AccountPatch, NewAccount};
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, get, post, see_other};
use crate::views::people::{NewPerson, PeoplePage};
use crate::views::shell::Here;

/// People on one page.
const SHOWN: u32 = 50;

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/users").admin().then(show),
        post("/admin/users").admin().form(add),
        post("/admin/users/:id/role").admin().form(set_role),
        post("/admin/users/:id/enabled").admin().form(set_enabled),
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
    page(&view(&app, &visit, NewPerson::default(), None).await?)
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
    Ok(PeoplePage { shell, me: head.member()?.id, people: people.items, next, form, refusal })
}

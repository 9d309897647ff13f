//! What people do with a request. The answer makes the page read itself again; without script
//! they come back to the page where they clicked.

use actors::requests;
use domain::RequestId;
use serde::Deserialize;

use super::visible;
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Visit, html, see_other};
use crate::views::requests::Reread;
use crate::views::toast::Toast;

/// Every form says where it stands.
#[derive(Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    back: String,
}

#[derive(Deserialize)]
pub(super) struct Declined {
    #[serde(default)]
    back: String,
    /// One of the reasons that are one click away.
    #[serde(default)]
    preset: String,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
pub(super) struct Comment {
    #[serde(default)]
    back: String,
    text: String,
}

pub(super) async fn approve(app: App, visit: Visit, form: Back) -> Result<Response, Problem> {
    let request = requests::approve(&app.requests, visit.member()?, id(&visit)?).await?;
    done(&visit, &form.back, format!("{} is approved", request.title))
}

pub(super) async fn decline(app: App, visit: Visit, form: Declined) -> Result<Response, Problem> {
    let (preset, own) = (form.preset.trim(), form.reason.trim());
    let reason = match (preset.is_empty(), own.is_empty()) {
        (true, true) => None,
        (false, true) => Some(preset.to_owned()),
        (true, false) => Some(own.to_owned()),
        (false, false) => Some(format!("{preset}. {own}")),
    };
    let request = requests::decline(&app.requests, visit.member()?, id(&visit)?, reason).await?;
    done(&visit, &form.back, format!("{} is declined", request.title))
}

pub(super) async fn retry(app: App, visit: Visit, form: Back) -> Result<Response, Problem> {
    let request = requests::retry(&app.requests, visit.member()?, id(&visit)?).await?;
    done(&visit, &form.back, format!("{} is tried again", request.title))
}

pub(super) async fn finish(app: App, visit: Visit, form: Back) -> Result<Response, Problem> {
    let request = requests::finish(&app.requests, visit.member()?, id(&visit)?).await?;
    done(&visit, &form.back, format!("{} is there", request.title))
}

pub(super) async fn join(app: App, visit: Visit, form: Back) -> Result<Response, Problem> {
    let request = requests::join(&app.requests, visit.member()?, id(&visit)?).await?;
    done(&visit, &form.back, format!("You hear of {} too", request.title))
}

pub(super) async fn leave(app: App, visit: Visit, form: Back) -> Result<Response, Problem> {
    let request = requests::leave(&app.requests, visit.member()?, id(&visit)?).await?;
    done(&visit, &form.back, format!("You hear no more of {}", request.title))
}

pub(super) async fn comment(app: App, visit: Visit, form: Comment) -> Result<Response, Problem> {
    visible(&app, &visit).await?;
    requests::comment(&app.requests, visit.member()?, id(&visit)?, form.text.trim().to_owned()).await?;
    done(&visit, &form.back, String::new())
}

pub(super) async fn remove(app: App, visit: Visit, form: Back) -> Result<Response, Problem> {
    let request = visible(&app, &visit).await?;
    requests::delete(&app.requests, visit.member()?, request.id).await?;
    let is_its_own_page = form.back == format!("/requests/{}", request.id);
    if is_its_own_page {
        return gone(&visit);
    }
    done(&visit, &form.back, format!("{} is off the list", request.title))
}

fn id(head: &Head) -> Result<RequestId, Problem> {
    head.param("id")
}

/// The page of what is deleted leads to the list.
fn gone(head: &Head) -> Result<Response, Problem> {
    let list = head.link("/requests");
    if !head.is_htmx() {
        return Ok(see_other(&list));
    }
    let name = http::HeaderName::from_static("hx-redirect");
    Ok(crate::route::with_header(html(""), name, &list))
}

/// The part of the page that shows requests is read again, and a word says what was done.
fn done(head: &Head, back: &str, said: String) -> Result<Response, Problem> {
    let back = crate::link::local_path(back).filter(|back| !back.is_empty()).unwrap_or("/requests");
    if !head.is_htmx() {
        return Ok(see_other(&head.link(back)));
    }
    let part = if back.starts_with("/discover") { "request-sheet" } else { "requests" };
    let count = Reread { part: "open-requests", from: head.link("/requests/open") };
    let part = Reread { part, from: String::new() };
    let mut answer =
        format!("<hx-partial hx-target=\"#reread\" hx-swap=\"innerHTML\">{part}{count}</hx-partial>");
    if !said.is_empty() {
        let toast = Toast::done(said);
        answer += &format!("<hx-partial hx-target=\"#toasts\" hx-swap=\"beforeend\">{toast}</hx-partial>");
    }
    Ok(html(answer))
}

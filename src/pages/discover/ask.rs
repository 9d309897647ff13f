//! Asking for a title: the answer is the sheet as it is then.

use std::collections::HashMap;

use actors::requests::{self, Wish};
use domain::media::MediaType;

use super::title::{sheet, title_page};
use super::{reason, title_of};
use crate::app::App;
use crate::pages::{again, is_about_the_form};
use crate::problem::Problem;
use crate::route::{Head, Response, Visit, html, see_other};
use crate::views::discover::Sheet;
use crate::views::requests::Reread;
use crate::views::toast::Toast;

/// What was checked: `season-3`, `is4k`.
pub(super) type Fields = HashMap<String, String>;

pub(super) async fn ask(app: App, visit: Visit, fields: Fields) -> Result<Response, Problem> {
    let (media_type, tmdb_id) = title_of(&visit)?;
    let seen = app.discover.details(media_type, tmdb_id).await;
    let details = match seen {
        Ok(seen) => seen.value.as_ref().clone().ok_or_else(Problem::not_found)?,
        Err(unwell) => return Err(Problem::unavailable().with_detail(reason(&unwell))),
    };
    let wish = Wish { media_type, tmdb_id, seasons: seasons(&fields), is_4k: fields.contains_key("is4k") };
    if media_type == MediaType::Tv && wish.seasons.is_empty() {
        let problem = Problem::invalid("seasons", "Check at least one season.");
        return refused(&app, &visit, &problem, "Check at least one season.".to_owned()).await;
    }
    match requests::ask(&app.requests, visit.member()?, wish).await {
        Ok(_) => {
            app.discover.outdate(media_type, tmdb_id);
            if !visit.is_htmx() {
                let there = format!("/discover/{media_type}/{tmdb_id}");
                return Ok(see_other(&visit.link(&there)));
            }
            let sheet = sheet(&app, &visit, &details).await?;
            Ok(html(format!("{sheet}{}", said(&visit, &details.title.name))))
        }
        Err(denied) => {
            let problem = Problem::from(denied);
            if !is_about_the_form(&problem) {
                return Err(problem);
            }
            let detail = problem.detail.to_string();
            refused(&app, &visit, &problem, detail).await
        }
    }
}

/// The numbers of the seasons that were checked.
fn seasons(fields: &Fields) -> Vec<u32> {
    let mut seasons: Vec<u32> =
        fields.keys().filter_map(|name| name.strip_prefix("season-")?.parse().ok()).collect();
    seasons.sort_unstable();
    seasons
}

/// The sheet again, with the reason; without script the whole page with it.
async fn refused(app: &App, head: &Head, problem: &Problem, refusal: String) -> Result<Response, Problem> {
    if !head.is_htmx() {
        let mut response = title_page(app, head, Some(refusal)).await?;
        *response.status_mut() = http::StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    let (media_type, tmdb_id) = title_of(head)?;
    let seen = app.discover.details(media_type, tmdb_id).await;
    let details = seen.ok().and_then(|seen| seen.value.as_ref().clone()).ok_or_else(Problem::not_found)?;
    again(&Sheet { refusal: Some(refusal), ..sheet(app, head, &details).await? }, problem)
}

/// A word that it worked, and the count in the navigation.
fn said(head: &Head, name: &str) -> String {
    let toast = Toast::done(format!("You asked for {name}"));
    let count = Reread { part: "open-requests", from: head.link("/requests/open") };
    format!(
        "<hx-partial hx-target=\"#toasts\" hx-swap=\"beforeend\">{toast}</hx-partial>\
         <hx-partial hx-target=\"#reread\" hx-swap=\"innerHTML\">{count}</hx-partial>"
    )
}

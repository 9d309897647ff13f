//! The dashboard.

use super::{around, frame, mine, page, services};
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Response, Route, Visit, get, see_other};
use crate::views::home::HomePage;
use crate::views::library::HomeShelves;
use crate::views::shell::Here;

/// How many downloads the dashboard shows.
pub const SHOWN: usize = 6;

pub fn routes() -> Vec<Route> {
    vec![get("/").anyone().then(show)]
}

async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let Some(user) = &visit.user else {
        let door = if crate::auth::setup::is_open(&app).await? { "/setup" } else { "/login" };
        return Ok(see_other(&visit.link(door)));
    };
    let (mine, requests, cursor) = mine::latest(&app, user).await?;
    let shell = frame(&app, &visit, Here::Home, mine.running).await?.live(&cursor.to_string());
    let around = around(&visit);
    let shelves = HomeShelves::loading(around.clone());
    let downloads = mine.for_home(&around);
    page(&HomePage { shell, services: services(&app), downloads, requests, shelves })
}

//! How the services are, and were.

use actors::monitor_board::Report;
use domain::service::{Heartbeat, ServiceStatus};

use super::{cursor, frame_with_count, page, services};
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Response, Route, Visit, get};
use crate::views::shell::Here;
use crate::views::status::{Change, StatusPage};

/// How many changes the page lists.
const HISTORY: usize = 12;

pub fn routes() -> Vec<Route> {
    vec![get("/status").then(show)]
}

async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let cursor = cursor(&app);
    let shell = frame_with_count(&app, &visit, Here::Status).await?.live(&cursor);
    let report = app.services.monitors();
    page(&StatusPage { shell, services: services(&app), history: history(&app, report.as_deref()), report })
}

/// The newest changes of any service, from the probes that the board remembers, and of Uptime
/// Kuma's monitors.
fn history(app: &App, report: Option<&Report>) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for tile in app.services.board().tiles() {
        let name = tile.service.name.to_string();
        let beats: Vec<&Heartbeat> = tile.beats.iter().collect();
        let turns = beats.windows(2).filter(|pair| pair[0].status != pair[1].status).map(|pair| pair[1]);
        changes.extend(turns.map(|beat| Change {
            service: name.clone(),
            at: beat.at,
            status: beat.status,
            message: beat.message.clone().filter(|_| beat.status != ServiceStatus::Up),
        }));
    }
    changes.extend(report.into_iter().flat_map(listed_changes));
    changes.sort_by_key(|change| std::cmp::Reverse(change.at));
    changes.truncate(HISTORY);
    changes
}

/// Of what is on its status page only: the rest is for admins.
fn listed_changes(report: &Report) -> impl Iterator<Item = Change> {
    let is_listed = |key: &str| report.listed().any(|monitor| monitor.known.key == key);
    let listed = report.changes.iter().filter(move |change| is_listed(&change.key));
    listed.map(|change| Change {
        service: change.name.clone(),
        at: change.at,
        status: change.status,
        message: change.message.clone().filter(|_| change.status != ServiceStatus::Up),
    })
}

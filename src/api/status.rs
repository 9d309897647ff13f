//! How everything is: our own services, and what Uptime Kuma says of the rest of the house.

use std::sync::Arc;

use actors::monitor_board::{Monitor, Report};
use domain::Timestamp;
use domain::service::{ServiceName, ServiceStatus};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::services::ServiceCard;
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Response, Route, Visit, get, json};

pub fn routes() -> Vec<Route> {
    vec![get("/api/v1/status").then(show)]
}

/// How everything is.
#[derive(Serialize, ToSchema)]
pub struct StatusReport {
    services: Vec<ServiceCard>,
    /// Null when no Uptime Kuma is set up, or it has not been asked yet.
    monitors: Option<MonitorsReport>,
}

/// What Uptime Kuma says.
#[derive(Serialize, ToSchema)]
pub struct MonitorsReport {
    /// The service that keeps the monitors.
    #[schema(value_type = String)]
    service: ServiceName,
    /// When it last told us.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// Whether that is too long ago to speak of now.
    stale: bool,
    /// Why it has not told us since, in words.
    problem: Option<String>,
    /// As on its status page; one without a name when it has none.
    groups: Vec<MonitorGroup>,
    /// What is not on its status page. Empty for whoever is no admin.
    unlisted: Vec<MonitorCard>,
    /// Open ones.
    incidents: Vec<IncidentCard>,
    maintenance: Vec<MaintenanceCard>,
}

/// A group of the status page.
#[derive(Serialize, ToSchema)]
pub struct MonitorGroup {
    name: Option<String>,
    monitors: Vec<MonitorCard>,
}

/// A monitor of Uptime Kuma.
#[derive(Serialize, ToSchema)]
pub struct MonitorCard {
    /// Its number; before Uptime Kuma 2.0 `=` and its name.
    key: String,
    name: String,
    /// In the words of Uptime Kuma: `http`, `ping`, `group`. A group only sums up others.
    kind: String,
    /// `up`, `down`, `pending`, `maintenance`, `paused` or `unknown`.
    #[schema(value_type = String)]
    status: ServiceStatus,
    /// Whether that is what we knew, and nothing was heard of it since.
    stale: bool,
    /// When the status became what it is.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Why it is not up.
    message: Option<String>,
    /// Milliseconds.
    ping_ms: Option<u32>,
    /// The share of time that it was well, 0 to 1.
    uptime_24h: Option<f64>,
    uptime_30d: Option<f64>,
    certificate_days: Option<i64>,
}

/// Something that is wrong, in the words of an admin.
#[derive(Serialize, ToSchema)]
pub struct IncidentCard {
    title: String,
    content: String,
    /// `info`, `warning`, `danger`, `primary`, `light` or `dark`.
    style: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Timestamp>,
}

/// Planned work.
#[derive(Serialize, ToSchema)]
pub struct MaintenanceCard {
    title: String,
    description: String,
    /// Whether it is under way.
    now: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
}

impl MonitorsReport {
    fn of(report: &Arc<Report>, for_admin: bool) -> Self {
        let stale = report.is_stale();
        let cards =
            |monitors: &[Monitor]| monitors.iter().map(|monitor| MonitorCard::of(monitor, stale)).collect();
        let groups = report.groups.iter();
        let incidents = report.incidents.iter().map(|incident| IncidentCard {
            title: incident.title.clone(),
            content: incident.content.clone(),
            style: incident.style.clone(),
            created_at: incident.created_at,
        });
        let maintenance = report.maintenance.iter().map(|work| MaintenanceCard {
            title: work.title.clone(),
            description: work.description.clone(),
            now: work.is_now,
            starts_at: work.starts_at,
            ends_at: work.ends_at,
        });
        Self {
            service: report.service.clone(),
            at: report.at,
            stale,
            problem: report.problem.clone(),
            groups: groups
                .map(|group| MonitorGroup { name: group.name.clone(), monitors: cards(&group.monitors) })
                .collect(),
            unlisted: if for_admin { cards(&report.unlisted) } else { Vec::new() },
            incidents: incidents.collect(),
            maintenance: maintenance.collect(),
        }
    }
}

impl MonitorCard {
    fn of(monitor: &Monitor, is_report_stale: bool) -> Self {
        let known = &monitor.known;
        Self {
            key: known.key.clone(),
            name: known.name.clone(),
            kind: known.kind.clone(),
            status: known.status,
            stale: is_report_stale || monitor.is_stale,
            since: known.since,
            message: known.message.clone(),
            ping_ms: monitor.ping_ms,
            uptime_24h: monitor.uptime_day,
            uptime_30d: monitor.uptime_month,
            certificate_days: monitor.cert_days,
        }
    }
}

#[utoipa::path(
    get, path = "/api/v1/status", tag = "services", responses((status = 200, body = StatusReport))
)]
pub(super) async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let for_admin = visit.member()?.is_admin();
    let tiles = app.services.board().tiles();
    let report = StatusReport {
        services: tiles.iter().map(|tile| ServiceCard::of(tile, for_admin)).collect(),
        monitors: app.services.monitors().map(|report| MonitorsReport::of(&report, for_admin)),
    };
    Ok(json(StatusCode::OK, &report))
}

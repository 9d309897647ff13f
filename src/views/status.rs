//! Services as the house sees them: tiles, rows, and one sentence about all of them.

use std::sync::Arc;
use std::time::Duration;

use actors::monitor_board::Report;
use actors::status_board::Tile;
use askama::Template;
use domain::Timestamp;
use domain::service::{ServiceKind, ServiceStatus, UptimeBar};

use super::bars::Bars;
use super::human::{Ago, Millis, Percent, Since, Span};
use super::shell::Shell;

pub mod chart;
pub mod kuma;
pub mod verdict;

pub use chart::{Chart, Spark};
pub use kuma::{Kuma, KumaNews, KumaUnlisted};
pub use verdict::Verdict;

/// A service and what its monitor knows of it.
#[derive(Debug, Clone)]
pub struct Watched {
    pub name: String,
    pub kind: ServiceKind,
    /// Host and port, for admins; nothing else of the address is shown.
    pub address: String,
    pub status: ServiceStatus,
    /// When `status` became what it is.
    pub since: Timestamp,
    pub interval: Duration,
    /// Of the last answered probe.
    pub latency_ms: Option<u32>,
    /// Our own monitor is silent, so this is what we knew.
    pub stale: bool,
    /// Why the last probe failed.
    pub message: Option<String>,
    /// The last 24 hours, oldest first.
    pub day: Vec<UptimeBar>,
    pub uptime_day: Option<f64>,
    /// The last 30 days, one bar a day, oldest first.
    pub month: Vec<UptimeBar>,
    pub uptime_month: Option<f64>,
}

impl Watched {
    /// Whether a tile of the board counts as up.
    pub fn is_tile_up(tile: &Tile) -> bool {
        tile.service.status == ServiceStatus::Up && !tile.is_stale()
    }

    pub fn is_up(&self) -> bool {
        self.status == ServiceStatus::Up && !self.stale
    }

    /// The status as a word with a colour and a shape.
    pub fn pill(&self) -> Pill {
        pill(self.status, self.stale)
    }

    /// The words below the name when there is nothing to measure since when.
    fn plain_note(&self) -> Option<&str> {
        match self.status {
            _ if self.stale => Some("Our monitor is silent"),
            ServiceStatus::Down | ServiceStatus::Pending => self.message.as_deref(),
            ServiceStatus::Unknown => Some("First check is under way"),
            ServiceStatus::Paused => Some("Not checked"),
            ServiceStatus::Maintenance => Some("Planned work"),
            ServiceStatus::Up => None,
        }
    }

    fn since(&self) -> Since {
        Since(self.since)
    }

    fn day_bars(&self) -> Bars {
        Bars::day(&self.name, &self.day, self.uptime_day)
    }

    fn thin_bars(&self) -> Bars {
        Bars::thin_day(&self.name, &self.day, self.uptime_day)
    }

    fn day_share(&self) -> Option<Percent> {
        self.uptime_day.map(Percent)
    }

    fn month_share(&self) -> Option<Percent> {
        self.uptime_month.map(Percent)
    }

    fn latency(&self) -> Option<Millis> {
        self.latency_ms.map(Millis)
    }

    fn spark(&self) -> Spark {
        Spark::new(&self.day)
    }

    pub fn icon(&self) -> &'static str {
        kind_icon(self.kind)
    }

    pub fn tint(&self) -> &'static str {
        kind_tint(self.kind)
    }
}

impl From<&Tile> for Watched {
    fn from(tile: &Tile) -> Self {
        let service = &tile.service;
        Self {
            name: service.name.to_string(),
            kind: service.kind,
            address: host_and_port(&service.url),
            status: service.status,
            since: service.since,
            interval: service.interval,
            latency_ms: tile.latency_ms(),
            stale: tile.is_stale(),
            message: tile.message().map(str::to_owned),
            day: tile.day.clone(),
            uptime_day: tile.uptime_day,
            month: tile.month.clone(),
            uptime_month: tile.uptime_month,
        }
    }
}

/// Never trademark art: a neutral sign for each kind.
pub fn kind_icon(kind: ServiceKind) -> &'static str {
    match kind {
        ServiceKind::Http => "globe",
        ServiceKind::Plex => "play",
        ServiceKind::Overseerr => "sparkles",
        ServiceKind::UptimeKuma => "activity",
        ServiceKind::Tmdb => "database",
        ServiceKind::Youtube => "download",
    }
}

pub fn kind_tint(kind: ServiceKind) -> &'static str {
    match kind {
        ServiceKind::Http => "blue",
        ServiceKind::Plex => "amber",
        ServiceKind::Overseerr => "violet",
        ServiceKind::UptimeKuma => "green",
        ServiceKind::Tmdb => "",
        ServiceKind::Youtube => "red",
    }
}

/// `192.168.1.20:32400` of an address; user names, paths and queries may hold secrets.
pub fn host_and_port(address: &str) -> String {
    let Ok(address) = url::Url::parse(address) else { return String::new() };
    let host = address.host_str().unwrap_or_default();
    match address.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The word for a status, or for not knowing it any more.
pub fn pill(status: ServiceStatus, is_stale: bool) -> Pill {
    if is_stale {
        return Pill { class: "off ring", word: "Stale" };
    }
    match status {
        ServiceStatus::Up => Pill { class: "ok", word: "Up" },
        ServiceStatus::Down => Pill { class: "bad", word: "Down" },
        ServiceStatus::Pending => Pill { class: "warn ring", word: "Pending" },
        ServiceStatus::Maintenance => Pill { class: "info ring", word: "Maintenance" },
        ServiceStatus::Paused => Pill { class: "off ring", word: "Paused" },
        ServiceStatus::Unknown => Pill { class: "off ring", word: "Unknown" },
    }
}

/// A word with a colour and a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pill {
    pub class: &'static str,
    pub word: &'static str,
}

/// `#svc-<name>`: pushed with `outerMorph` when its service changes.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "_service_tile.html")]
pub struct ServiceTile<'a> {
    pub watched: &'a Watched,
}

/// `#tiles`: pushed with `outerMorph` when a service comes or goes.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "_service_tiles.html")]
pub struct ServiceTiles<'a> {
    pub services: &'a [Watched],
}

/// `#mon-<name>`: pushed with `outerMorph` when its service changes.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "_monitor_row.html")]
pub struct MonitorRow<'a> {
    pub watched: &'a Watched,
}

/// The page at `/status`.
#[derive(Debug, Template)]
#[template(path = "status.html")]
pub struct StatusPage {
    pub shell: Shell,
    pub services: Vec<Watched>,
    /// What Uptime Kuma says; absent when there is none.
    pub report: Option<Arc<Report>>,
    /// The newest changes of status first.
    pub history: Vec<Change>,
}

impl StatusPage {
    fn verdict(&self) -> Verdict {
        Verdict::of(&self.services).with(self.report.as_deref())
    }

    fn kuma(&self) -> Kuma {
        Kuma { report: self.report.clone() }
    }

    fn kuma_news(&self) -> KumaNews {
        KumaNews { report: self.report.clone() }
    }

    fn kuma_unlisted(&self) -> KumaUnlisted {
        KumaUnlisted { report: self.report.clone().filter(|_| self.shell.admin) }
    }

    fn longer_views(&self) -> impl Iterator<Item = LongerView<'_>> {
        self.services.iter().map(|watched| LongerView { watched })
    }

    fn interval(&self) -> Option<Span> {
        let first = self.services.first()?.interval;
        self.services.iter().all(|service| service.interval == first).then_some(Span(first))
    }
}

/// What a row shows when it is opened.
struct LongerView<'a> {
    watched: &'a Watched,
}

impl LongerView<'_> {
    fn row(&self) -> MonitorRow<'_> {
        MonitorRow { watched: self.watched }
    }

    fn month_bars(&self) -> Bars {
        Bars::month(&self.watched.name, &self.watched.month, self.watched.uptime_month)
    }

    fn chart(&self) -> Chart {
        Chart::new(&self.watched.name, &self.watched.day)
    }
}

/// A probe after which a service was seen differently.
#[derive(Debug, Clone)]
pub struct Change {
    pub service: String,
    pub at: Timestamp,
    pub status: ServiceStatus,
    pub message: Option<String>,
}

impl Change {
    fn pill(&self) -> Pill {
        match self.status {
            ServiceStatus::Up => Pill { class: "ok", word: "Back" },
            ServiceStatus::Down => Pill { class: "bad", word: "Down" },
            ServiceStatus::Pending => Pill { class: "warn ring", word: "Pending" },
            ServiceStatus::Maintenance => Pill { class: "info ring", word: "Maintenance" },
            ServiceStatus::Paused => Pill { class: "off ring", word: "Paused" },
            ServiceStatus::Unknown => Pill { class: "off ring", word: "Unknown" },
        }
    }

    fn ago(&self) -> Ago {
        Ago(self.at)
    }
}

fragment!(ServiceTile<'_>, ServiceTiles<'_>, MonitorRow<'_>);

//! What Uptime Kuma says, for pages that must not wait for it.
//!
//! ```text
//!    services/<name>/feed -- Report --> [monitor board] <-- one pointer read -- pages, API, fragments
//! ```
//!
//! A report is replaced and never changed. The board outlives the feed: when that is gone the
//! report grows old, and says so.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use domain::Timestamp;
use domain::monitor::{KnownMonitor, MonitorBar, MonitorChange};
use domain::service::{ServiceName, ServiceStatus};
use integrations::uptime_kuma::{Incident, Maintenance};

/// How many bars a day has.
pub const DAY_BARS: usize = 48;

/// The latest report. Shared as an `Arc`.
#[derive(Debug, Default)]
pub struct MonitorBoard(ArcSwapOption<Report>);

impl MonitorBoard {
    pub fn report(&self) -> Option<Arc<Report>> {
        self.0.load_full()
    }

    pub(crate) fn put(&self, report: Report) {
        self.0.store(Some(Arc::new(report)));
    }
}

/// Everything that is known of somebody else's monitors.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The service that keeps them.
    pub service: ServiceName,
    /// Of its status page.
    pub title: Option<String>,
    /// When it last told us; absent until it has.
    pub at: Option<Timestamp>,
    /// Why it has not told us since, in words for a person.
    pub problem: Option<String>,
    /// How often it is asked.
    pub interval: Duration,
    /// As on its status page; one without a name where there is none.
    pub groups: Vec<Group>,
    /// What is not on its status page, for admins only.
    pub unlisted: Vec<Monitor>,
    pub incidents: Vec<Incident>,
    pub maintenance: Vec<Maintenance>,
    /// When monitors turned, the newest first.
    pub changes: Vec<MonitorChange>,
}

impl Report {
    /// Whether it is too old to speak of now: three asks went unanswered.
    pub fn is_stale(&self) -> bool {
        self.at.is_none_or(|at| at.age() > self.interval * 3 + Duration::from_secs(15))
    }

    /// What everybody may see, without the groups that only sum up others.
    pub fn listed(&self) -> impl Iterator<Item = &Monitor> {
        self.groups.iter().flat_map(|group| &group.monitors).filter(|monitor| !monitor.is_group())
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub name: Option<String>,
    pub monitors: Vec<Monitor>,
}

/// A monitor as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Monitor {
    pub known: KnownMonitor,
    /// Nothing new was heard of it, so this is what we knew.
    pub is_stale: bool,
    /// Milliseconds.
    pub ping_ms: Option<u32>,
    /// From 0 to 1.
    pub uptime_day: Option<f64>,
    pub uptime_month: Option<f64>,
    /// Days until its certificate ends.
    pub cert_days: Option<i64>,
    /// The last 24 hours, oldest first.
    pub day: Vec<MonitorBar>,
}

impl Monitor {
    /// A group sums up others: counted too, they would count twice.
    pub fn is_group(&self) -> bool {
        self.known.kind == "group"
    }

    pub fn is_up(&self) -> bool {
        self.known.status == ServiceStatus::Up && !self.is_stale
    }
}

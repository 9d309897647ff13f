//! One service, as a page shows it.

use std::collections::VecDeque;
use std::time::Duration;

use domain::Timestamp;
use domain::service::{Heartbeat, Service, ServiceStatus, UptimeBar};

/// Half an hour each.
pub const DAY_BARS: usize = 48;

/// A day each.
pub const MONTH_BARS: usize = 30;

/// How many of the latest probes a tile keeps.
const BEATS: usize = 60;

/// A service with its status, the latest probes and the bars of a day and of a month.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// Status, since when, and the version that says which of two tiles is newer.
    pub service: Service,
    /// The latest probes, oldest first.
    pub beats: VecDeque<Heartbeat>,
    /// [`DAY_BARS`] bars of the last 24 hours, oldest first.
    pub day: Vec<UptimeBar>,
    /// [`MONTH_BARS`] bars of the last 30 days, oldest first.
    pub month: Vec<UptimeBar>,
    /// The share of good probes, 0 to 1; absent when there were none.
    pub uptime_day: Option<f64>,
    pub uptime_month: Option<f64>,
    /// When it was put on the board: a monitor that never looks is silent since then.
    watched_since: Timestamp,
}

impl Tile {
    pub(super) fn new(service: Service) -> Self {
        Self {
            service,
            beats: VecDeque::new(),
            day: vec![UptimeBar::default(); DAY_BARS],
            month: vec![UptimeBar::default(); MONTH_BARS],
            uptime_day: None,
            uptime_month: None,
            watched_since: Timestamp::now(),
        }
    }

    pub(super) fn reconfigure(&mut self, service: Service) {
        if service.enabled && !self.service.enabled {
            self.watched_since = Timestamp::now();
        }
        let is_same = service.id == self.service.id;
        // The board counts a flip before the row does.
        let version = if is_same { service.version.max(self.service.version) } else { service.version };
        self.service = Service { version, ..service };
    }

    pub(super) fn observe(&mut self, beat: &Heartbeat) {
        if self.beats.len() == BEATS {
            self.beats.pop_front();
        }
        self.beats.push_back(beat.clone());
        for bar in [self.day.last_mut(), self.month.last_mut()].into_iter().flatten() {
            count(bar, beat);
        }
        let (up, all) = self
            .day
            .iter()
            .fold((0u64, 0u64), |(up, all), bar| (up + u64::from(bar.up), all + u64::from(probes(bar))));
        self.uptime_day = (all > 0).then(|| up as f64 / all as f64);
    }

    /// The latest probe.
    pub fn latest(&self) -> Option<&Heartbeat> {
        self.beats.back()
    }

    /// Time to the latest answer, in milliseconds; absent when the latest probe got none.
    pub fn latency_ms(&self) -> Option<u32> {
        self.latest()?.latency_ms
    }

    /// Why the latest probe was not good, in words for a person.
    pub fn message(&self) -> Option<&str> {
        self.latest()?.message.as_deref()
    }

    /// Whether the monitor is silent: nothing was seen for two intervals and a timeout. What
    /// the tile says may be wrong then.
    pub fn is_stale(&self) -> bool {
        self.is_stale_at(Timestamp::now())
    }

    pub(crate) fn is_stale_at(&self, now: Timestamp) -> bool {
        let is_watched = self.service.enabled && self.service.status != ServiceStatus::Paused;
        let looked_at = self.latest().map_or(self.watched_since, |beat| beat.at.max(self.watched_since));
        is_watched && looked_at.until(now) > silence_allowed(&self.service)
    }
}

/// How long nothing may be seen of a service before its monitor counts as silent.
pub(crate) fn silence_allowed(service: &Service) -> Duration {
    service.interval * 2 + service.probe_timeout()
}

fn probes(bar: &UptimeBar) -> u32 {
    bar.up + bar.pending + bar.down
}

fn count(bar: &mut UptimeBar, beat: &Heartbeat) {
    match beat.status {
        ServiceStatus::Up => {
            if let Some(latency) = beat.latency_ms {
                let mean = u64::from(bar.latency_ms.unwrap_or(latency));
                let mean = (mean * u64::from(bar.up) + u64::from(latency)) / (u64::from(bar.up) + 1);
                bar.latency_ms = Some(mean as u32);
            }
            bar.up += 1;
        }
        ServiceStatus::Pending => bar.pending += 1,
        ServiceStatus::Down => bar.down += 1,
        ServiceStatus::Maintenance | ServiceStatus::Paused | ServiceStatus::Unknown => {}
    }
}

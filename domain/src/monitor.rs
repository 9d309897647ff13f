//! Monitors that somebody else keeps, such as those of Uptime Kuma.

use serde::Serialize;

use crate::Timestamp;
use crate::service::ServiceStatus;

/// A monitor as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownMonitor {
    /// What tells it from the others: its number, or `=` and its name where there are no numbers.
    pub key: String,
    pub name: String,
    /// In the words of whoever keeps it: `http`, `ping`, `group`.
    pub kind: String,
    pub status: ServiceStatus,
    /// When `status` became what it is.
    pub since: Timestamp,
    /// Why it is not up.
    pub message: Option<String>,
    /// When it was last told of.
    pub seen_at: Timestamp,
}

/// A monitor turned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MonitorChange {
    pub key: String,
    pub name: String,
    pub at: Timestamp,
    pub status: ServiceStatus,
    pub message: Option<String>,
}

/// What was seen of a monitor in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct MonitorBar {
    pub up: u32,
    pub pending: u32,
    pub down: u32,
    pub maintenance: u32,
    /// Mean, in milliseconds.
    pub ping_ms: Option<u32>,
}

/// Looks at one monitor, summed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorSums {
    pub key: String,
    /// Of the first of them.
    pub at: Timestamp,
    pub up: u32,
    pub pending: u32,
    pub down: u32,
    pub maintenance: u32,
    pub ping_sum_ms: u64,
    pub ping_count: u32,
}

impl MonitorSums {
    pub fn new(key: impl Into<String>, at: Timestamp) -> Self {
        let key = key.into();
        Self { key, at, up: 0, pending: 0, down: 0, maintenance: 0, ping_sum_ms: 0, ping_count: 0 }
    }

    /// Counts one look; one that found nothing out counts for nothing.
    pub fn count(&mut self, status: ServiceStatus, ping_ms: Option<u32>) {
        match status {
            ServiceStatus::Up => self.up += 1,
            ServiceStatus::Pending => self.pending += 1,
            ServiceStatus::Down => self.down += 1,
            ServiceStatus::Maintenance => self.maintenance += 1,
            ServiceStatus::Paused | ServiceStatus::Unknown => return,
        }
        if let Some(ping) = ping_ms {
            self.ping_sum_ms += u64::from(ping);
            self.ping_count += 1;
        }
    }
}

/// The share of time that something was well, 0 to 1, by the rule of Uptime Kuma: planned work
/// counts as up and a retry as down. Nothing where nothing was seen.
pub fn share_of(up: u64, pending: u64, down: u64, maintenance: u64) -> Option<f64> {
    let all = up + pending + down + maintenance;
    (all > 0).then(|| (up + maintenance) as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planned_work_counts_as_up_and_a_retry_as_down() {
        assert_eq!(share_of(0, 0, 0, 0), None);
        assert_eq!(share_of(6, 1, 1, 2), Some(0.8));
        assert_eq!(share_of(0, 0, 0, 3), Some(1.0));
    }

    #[test]
    fn what_found_nothing_out_counts_for_nothing() {
        let mut sums = MonitorSums::new("2", Timestamp::from_millis(0));
        sums.count(ServiceStatus::Up, Some(10));
        sums.count(ServiceStatus::Up, Some(20));
        sums.count(ServiceStatus::Paused, Some(999));
        sums.count(ServiceStatus::Unknown, None);

        assert_eq!((sums.up, sums.down, sums.ping_sum_ms, sums.ping_count), (2, 0, 30, 2));
    }
}

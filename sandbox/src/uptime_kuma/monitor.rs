//! A monitor and its beats.

use std::collections::VecDeque;
use std::time::Duration;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::world::scramble;

/// The status page shows so many beats at most.
const BEATS: usize = 100;

/// What a check found; the numbers are Uptime Kuma's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Down = 0,
    Up = 1,
    Pending = 2,
    Maintenance = 3,
}

impl Status {
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// What somebody sets up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewMonitor {
    pub name: String,
    /// `http`, `keyword`, `port`, `ping`, `push`, `group`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// `https://` where the kind has none, as in the real one.
    pub url: String,
    pub hostname: Option<String>,
    pub port: Option<u16>,
    /// The name of the group monitor it belongs to.
    pub parent: Option<String>,
    /// The heading on the status page. `None`: not on it.
    pub heading: Option<String>,
    /// Whether the status page tells its address.
    pub send_url: bool,
    /// Name and value.
    pub tags: Vec<(String, String)>,
    /// Days until the certificate ends.
    pub cert_days: Option<i64>,
    pub push_token: Option<String>,
    pub status: Option<Status>,
    pub paused: bool,
    /// How long it usually takes, in milliseconds.
    pub usual_ms: u32,
}

impl Default for NewMonitor {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: "http".to_owned(),
            url: "https://".to_owned(),
            hostname: None,
            port: None,
            parent: None,
            heading: Some("Other".to_owned()),
            send_url: false,
            tags: Vec::new(),
            cert_days: None,
            push_token: None,
            status: Some(Status::Up),
            paused: false,
            usual_ms: 12,
        }
    }
}

impl NewMonitor {
    /// An HTTP monitor under this heading of the status page.
    pub fn http(name: &str, url: &str, heading: &str) -> Self {
        let text = str::to_owned;
        Self { name: text(name), url: text(url), heading: Some(text(heading)), ..Self::default() }
    }

    fn under(self, parent: &str) -> Self {
        Self { parent: Some(parent.to_owned()), ..self }
    }

    fn of_kind(self, kind: &str) -> Self {
        Self { kind: kind.to_owned(), ..self }
    }

    /// What a household watches: all kinds, all states, one paused, one private.
    pub fn household() -> Vec<Self> {
        let prod = vec![("env".to_owned(), "prod".to_owned())];
        vec![
            Self::http("Media", "", "Media").of_kind("group"),
            Self {
                tags: prod,
                send_url: true,
                usual_ms: 9,
                ..Self::http("Plex", "http://attic.lan:32400/", "Media").under("Media")
            },
            Self { usual_ms: 31, ..Self::http("Requests", "http://attic.lan:5055/", "Media").under("Media") },
            Self { usual_ms: 18, ..Self::http("Sonarr", "http://attic.lan:8989/", "Media").under("Media") },
            Self { usual_ms: 17, ..Self::http("Radarr", "http://attic.lan:7878/", "Media").under("Media") },
            Self {
                cert_days: Some(61),
                usual_ms: 44,
                ..Self::http("Photos", "https://photos.household.example/", "Home")
            },
            Self {
                usual_ms: 26,
                ..Self::http("Home Assistant", "http://hall.lan:8123/", "Home").of_kind("keyword")
            },
            Self {
                hostname: Some("router.lan".to_owned()),
                port: Some(53),
                usual_ms: 2,
                ..Self::http("Name service", "https://", "Network").of_kind("port")
            },
            Self {
                hostname: Some("192.0.2.1".to_owned()),
                usual_ms: 7,
                ..Self::http("Internet", "https://", "Network").of_kind("ping")
            },
            Self {
                push_token: Some("bK3nightly7".to_owned()),
                ..Self::http("Nightly backup", "https://", "Home").of_kind("push")
            },
            Self { paused: true, ..Self::http("Old NAS", "http://old-nas.lan/", "Home") },
            Self { status: Some(Status::Down), ..Self::http("Printer", "http://printer.lan/", "Home") },
            Self { heading: None, ..Self::http("Router admin", "http://user:hunter2@router.lan/", "") },
        ]
    }
}

/// What one check found.
#[derive(Debug, Clone)]
pub(super) struct Beat {
    pub status: Status,
    pub at: Timestamp,
    pub message: String,
    pub ping: Option<f64>,
    /// When it was last down, told when it comes back.
    pub last_down: Option<Timestamp>,
}

/// A monitor as it is now.
#[derive(Debug)]
pub struct Monitor {
    pub id: i64,
    pub new: NewMonitor,
    pub is_active: bool,
    pub(super) has_series: bool,
    pub(super) beats: VecDeque<Beat>,
    /// Good checks and all checks, over all windows.
    pub(super) good: u64,
    pub(super) all: u64,
    last_down: Option<Timestamp>,
}

impl Monitor {
    pub(super) fn new(id: i64, new: NewMonitor, past: usize, now: Timestamp) -> Self {
        let mut monitor = Self {
            id,
            is_active: true,
            has_series: true,
            beats: VecDeque::new(),
            good: 0,
            all: 0,
            last_down: None,
            new,
        };
        let status = monitor.new.status.unwrap_or(Status::Up);
        for age in (0..past as u64).rev() {
            let at = now - Duration::from_secs(20 * age);
            // Each monitor had its own bad moment.
            let bad = age == 13 + id.unsigned_abs() % 9 && age > 3;
            let then = if bad || (age < 3 && status == Status::Down) { Status::Down } else { Status::Up };
            let beat = monitor.next_beat(if age == 0 { status } else { then }, None, None, at);
            monitor.store(beat);
        }
        if monitor.new.status.is_none() {
            monitor.beats.clear();
            monitor.has_series = false;
        }
        monitor.is_active = !monitor.new.paused;
        monitor
    }

    pub fn status(&self) -> Status {
        self.beats.back().map_or(self.new.status.unwrap_or(Status::Up), |beat| beat.status)
    }

    pub(super) fn next_beat(
        &self,
        status: Status,
        message: Option<String>,
        ping: Option<f64>,
        at: Timestamp,
    ) -> Beat {
        let words = match status {
            Status::Up if matches!(self.new.kind.as_str(), "http" | "keyword") => "200 - OK",
            Status::Up => "OK",
            Status::Down => "connect ECONNREFUSED 192.0.2.7:80",
            Status::Pending => "timeout of 16000ms exceeded",
            Status::Maintenance => "Monitor under maintenance",
        };
        let has_ping = status == Status::Up && self.new.kind != "push";
        let usual = f64::from(self.new.usual_ms);
        let around = f64::from((scramble(at.as_millis().unsigned_abs() / 7) % 100) as u32) / 100.0;
        let ping = ping.or(has_ping.then(|| (usual * (0.7 + 0.6 * around)).round()));
        let came_back = status == Status::Up && self.status() == Status::Down;
        let last_down = self.last_down.filter(|_| came_back);
        Beat { status, at, message: message.unwrap_or_else(|| words.to_owned()), ping, last_down }
    }

    /// Whether a beat of this status is one that notifications are sent for.
    pub(super) fn is_alert(&self, next: Status) -> bool {
        match (self.beats.back().map(|beat| beat.status), next) {
            (None, next) => next == Status::Down,
            (Some(Status::Up | Status::Pending | Status::Maintenance), Status::Down) => true,
            (Some(Status::Down), Status::Up) => true,
            _ => false,
        }
    }

    pub(super) fn store(&mut self, beat: Beat) {
        if beat.status == Status::Down {
            self.last_down = Some(beat.at);
        }
        self.all += 1;
        // Maintenance counts as up.
        self.good += u64::from(matches!(beat.status, Status::Up | Status::Maintenance));
        self.has_series = true;
        self.beats.push_back(beat);
        if self.beats.len() > BEATS {
            self.beats.pop_front();
        }
    }

    /// Between 0 and 1; 0 without a beat.
    pub(super) fn uptime(&self) -> f64 {
        if self.all == 0 { 0.0 } else { self.good as f64 / self.all as f64 }
    }

    pub(super) fn mean_ping(&self) -> Option<f64> {
        let pings: Vec<f64> = self.beats.iter().filter_map(|beat| beat.ping).collect();
        (!pings.is_empty()).then(|| pings.iter().sum::<f64>() / pings.len() as f64)
    }
}

//! Services that the portal watches and uses.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::user::Invalid;
use crate::{ServiceId, Timestamp};

/// What a service is, and so which client talks to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceKind {
    /// Any HTTP service: probed with GET, up when it answers below 400.
    Http,
    Plex,
    Overseerr,
    UptimeKuma,
    Tmdb,
    Youtube,
}

impl ServiceKind {
    pub const ALL: [ServiceKind; 6] = [
        ServiceKind::Http,
        ServiceKind::Plex,
        ServiceKind::Overseerr,
        ServiceKind::UptimeKuma,
        ServiceKind::Tmdb,
        ServiceKind::Youtube,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            ServiceKind::Http => "http",
            ServiceKind::Plex => "plex",
            ServiceKind::Overseerr => "overseerr",
            ServiceKind::UptimeKuma => "uptime-kuma",
            ServiceKind::Tmdb => "tmdb",
            ServiceKind::Youtube => "youtube",
        }
    }

    /// Whether a household has at most one of it. Only plain HTTP services may be many.
    pub fn is_single(self) -> bool {
        self != ServiceKind::Http
    }
}

impl fmt::Display for ServiceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ServiceKind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(Invalid("kind is one of http, plex, overseerr, uptime-kuma, tmdb, youtube"))
    }
}

/// What a monitor says of its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceStatus {
    Up,
    /// Two probes in a row failed.
    Down,
    /// One probe failed; the next one decides.
    Pending,
    Maintenance,
    /// Disabled by an admin: not probed.
    Paused,
    /// We do not know: before the first probe, or our own monitor is silent.
    Unknown,
}

impl ServiceStatus {
    pub const ALL: [ServiceStatus; 6] = [
        ServiceStatus::Up,
        ServiceStatus::Down,
        ServiceStatus::Pending,
        ServiceStatus::Maintenance,
        ServiceStatus::Paused,
        ServiceStatus::Unknown,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            ServiceStatus::Up => "up",
            ServiceStatus::Down => "down",
            ServiceStatus::Pending => "pending",
            ServiceStatus::Maintenance => "maintenance",
            ServiceStatus::Paused => "paused",
            ServiceStatus::Unknown => "unknown",
        }
    }
}

impl fmt::Display for ServiceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ServiceStatus {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(Invalid("not a service status"))
    }
}

/// The unique name of a service: a slug of 1 to 64 lower-case letters, digits and hyphens.
/// It is part of actor paths and addresses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ServiceName(String);

impl ServiceName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ServiceName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let right_length = (1..=64).contains(&text.len());
        let right_letters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if right_length && right_letters && !text.starts_with('-') && !text.ends_with('-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid(
                "a service name has 1 to 64 lower-case letters, digits and hyphens, such as home-assistant",
            ))
        }
    }
}

/// A configured service. Its API key stays in the store; `has_api_key` says that there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub id: ServiceId,
    pub name: ServiceName,
    pub kind: ServiceKind,
    pub url: String,
    /// Time between two probes, at least one second.
    pub interval: Duration,
    /// How long a probe may take; see [`Service::probe_timeout`].
    pub timeout: Option<Duration>,
    pub enabled: bool,
    pub has_api_key: bool,
    /// Settings of its kind only, such as where Plex sees our files; null when there are none.
    /// Never holds a secret.
    pub config: serde_json::Value,
    pub status: ServiceStatus,
    /// When `status` became what it is.
    pub since: Timestamp,
    /// Counts changes of `status` and of the row itself: a fragment of a lower version is old.
    pub version: i64,
    pub updated_at: Timestamp,
}

impl Service {
    /// At most 0.8 of the interval and at most ten seconds, so that probes never overlap.
    pub fn probe_timeout(&self) -> Duration {
        let longest = self.interval.mul_f64(0.8).min(Duration::from_secs(10));
        self.timeout.map_or(longest, |timeout| timeout.min(longest))
    }
}

/// The result of one probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Heartbeat {
    pub at: Timestamp,
    pub status: ServiceStatus,
    /// Time to the answer, in milliseconds; absent when none came.
    pub latency_ms: Option<u32>,
    /// Why it failed, in words for a person; absent when it did not.
    pub message: Option<String>,
}

/// One bar of an uptime chart: what was seen in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct UptimeBar {
    pub up: u32,
    pub pending: u32,
    pub down: u32,
    /// Mean of the answered probes, in milliseconds.
    pub latency_ms: Option<u32>,
}

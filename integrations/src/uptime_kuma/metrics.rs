//! The monitors in `/metrics`.

use std::collections::BTreeMap;
use std::fmt;

use domain::Timestamp;

use super::State;
use super::exposition::{Sample, sample};

/// Monitors that are read at most; more would be a mistake somewhere.
const MONITORS: usize = 2000;
/// The most characters of a name.
const NAME: usize = 120;

/// What tells one monitor from the other: its number, or before 2.0 only its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MonitorKey {
    Id(i64),
    Name(String),
}

/// `2`, or `=Plex` where there are only names.
impl fmt::Display for MonitorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MonitorKey::Id(id) => id.fmt(f),
            MonitorKey::Name(name) => write!(f, "={name}"),
        }
    }
}

/// A monitor as it is now. Its address is left out: there may be a password in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Monitor {
    pub key: MonitorKey,
    pub name: String,
    /// In the words of Uptime Kuma: `http`, `ping`, `push`, `group`.
    pub kind: String,
    pub state: State,
    /// Milliseconds.
    pub ping: Option<f64>,
    /// From 0 to 1; only from 2.1 on, as the two after it.
    pub uptime_day: Option<f64>,
    pub uptime_month: Option<f64>,
    pub uptime_year: Option<f64>,
    /// Days until the certificate ends; only of monitors that look at one.
    pub cert_days: Option<i64>,
    pub is_cert_valid: Option<bool>,
}

impl Monitor {
    /// A group only sums up others: counted too, they would count twice.
    pub fn is_group(&self) -> bool {
        self.kind == "group"
    }
}

/// What `/metrics` says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    /// In the order of their keys. Those of 1.23 that share a name are one, as bad as the worst.
    pub monitors: Vec<Monitor>,
    /// When Uptime Kuma started; for some minutes after it not every monitor has a series.
    pub started_at: Option<Timestamp>,
}

/// Nothing when this is not the text of metrics.
pub(super) fn read(text: &str) -> Option<Metrics> {
    let is_metrics = text.lines().any(|line| line.starts_with("# TYPE ") || line.starts_with("# HELP "));
    let samples = || text.lines().filter(|line| line.starts_with("monitor_")).filter_map(sample);
    let mut monitors: BTreeMap<MonitorKey, Monitor> = BTreeMap::new();
    for sample in samples().filter(|sample| sample.family == "monitor_status") {
        let Some(monitor) = monitor(&sample) else { continue };
        if let Some(known) = monitors.get_mut(&monitor.key) {
            known.state = known.state.worse(monitor.state);
        } else if monitors.len() < MONITORS {
            monitors.insert(monitor.key.clone(), monitor);
        }
    }
    for sample in samples() {
        if let Some(monitor) = key(&sample).and_then(|key| monitors.get_mut(&key)) {
            measure(monitor, &sample);
        }
    }
    let start = text.lines().find(|line| line.starts_with("process_start_time_seconds ")).and_then(sample);
    let started_at = start.map(|start| Timestamp::from_millis((start.value * 1000.0) as i64));
    let is_ours = is_metrics || !monitors.is_empty();
    is_ours.then(|| Metrics { monitors: monitors.into_values().collect(), started_at })
}

fn key(sample: &Sample<'_>) -> Option<MonitorKey> {
    match sample.label("monitor_id").and_then(|id| id.parse().ok()) {
        Some(id) => Some(MonitorKey::Id(id)),
        None => Some(MonitorKey::Name(shortened(sample.label("monitor_name")?))),
    }
}

fn monitor(sample: &Sample<'_>) -> Option<Monitor> {
    let is_number = sample.value.fract() == 0.0 && sample.value.abs() < 1e6;
    Some(Monitor {
        key: key(sample)?,
        name: shortened(sample.label("monitor_name")?),
        kind: shortened(sample.label("monitor_type").unwrap_or_default()),
        state: if is_number { State::from_number(sample.value as i64) } else { State::Other(-1) },
        ping: None,
        uptime_day: None,
        uptime_month: None,
        uptime_year: None,
        cert_days: None,
        is_cert_valid: None,
    })
}

fn measure(monitor: &mut Monitor, sample: &Sample<'_>) {
    let value = sample.value;
    let share = Some(value).filter(|share| (0.0..=1.0).contains(share));
    match (sample.family, sample.label("window")) {
        // -1 stands for no answer.
        ("monitor_response_time", _) => monitor.ping = Some(value).filter(|ms| ms.is_finite() && *ms >= 0.0),
        ("monitor_uptime_ratio", Some("1d")) => monitor.uptime_day = share,
        ("monitor_uptime_ratio", Some("30d")) => monitor.uptime_month = share,
        ("monitor_uptime_ratio", Some("365d")) => monitor.uptime_year = share,
        ("monitor_cert_days_remaining", _) if value.abs() < 1e6 => monitor.cert_days = Some(value as i64),
        ("monitor_cert_is_valid", _) => monitor.is_cert_valid = Some(value == 1.0),
        _ => {}
    }
}

/// Without what does not print.
fn shortened(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(NAME).collect()
}

//! What is known of the monitors, put together from what comes in.
//!
//! `/metrics` is the truth, but it leaves out what is paused, and for some minutes after a start
//! of Uptime Kuma also what is not. A webhook is ahead of it: it is sent before the beat is
//! stored. The status page has the groups, and beats that may be old.

mod out;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::Timestamp;
use domain::monitor::{KnownMonitor, MonitorBar, MonitorChange, MonitorSums};
use domain::service::ServiceStatus;
use integrations::uptime_kuma::webhook::AlertBeat;
use integrations::uptime_kuma::{Beats, Metrics, Monitor, PageMonitor, StatusPage};
use tokio::time::Instant;

use super::beats::{is_old, latest};

/// How long after a start of Uptime Kuma a monitor without a series may still get one.
const STARTING: Duration = Duration::from_secs(300);
/// How long what a webhook said stands against metrics that do not know it yet.
const AHEAD: Duration = Duration::from_secs(5);
/// How long a monitor is remembered that is nowhere any more.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// Who says how the monitors of the status page are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    /// The metrics were read just now.
    Metrics,
    /// There is nothing but the page.
    Page,
    /// The metrics are away for a moment: everything stays as it was.
    Neither,
}

/// A monitor turned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) change: MonitorChange,
    pub(super) from: ServiceStatus,
    /// When it became what it was.
    pub(super) since: Timestamp,
    pub(super) is_group: bool,
}

struct Watch {
    known: KnownMonitor,
    is_stale: bool,
    ping_ms: Option<u32>,
    uptime_day: Option<f64>,
    uptime_month: Option<f64>,
    cert_days: Option<i64>,
    /// Until then a webhook is right and metrics are late.
    ahead_until: Option<Instant>,
    /// When the latest beat was that a webhook told of.
    alerted_at: Option<Timestamp>,
}

/// What we worked out ourselves, from what is in the store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    pub(super) bars: BTreeMap<String, Vec<MonitorBar>>,
    pub(super) uptime_day: BTreeMap<String, f64>,
    pub(super) uptime_month: BTreeMap<String, f64>,
    pub(super) changes: Vec<MonitorChange>,
}

#[derive(Default)]
pub(super) struct Ledger {
    watches: BTreeMap<String, Watch>,
    page: Option<(StatusPage, Beats)>,
    /// When Uptime Kuma last seemed to have started.
    restarted: Option<Instant>,
    /// How many series there were last time.
    present: usize,
    /// What the store does not have yet.
    changed: BTreeSet<String>,
    gone: BTreeSet<String>,
    changes: Vec<MonitorChange>,
    sums: BTreeMap<String, MonitorSums>,
    pub(super) memory: Memory,
}

impl Ledger {
    /// As they were last seen, before we started.
    pub(super) fn remembering(known: Vec<KnownMonitor>) -> Self {
        let watch = |known: KnownMonitor| (known.key.clone(), Watch::new(known, true));
        Self { watches: known.into_iter().map(watch).collect(), ..Self::default() }
    }

    /// What `/metrics` said to somebody who asked at `asked`.
    pub(super) fn take_metrics(&mut self, metrics: &Metrics, asked: Instant) -> Vec<Turn> {
        let now = Timestamp::now();
        self.notice_restart(metrics, now);
        let mut turns = Vec::new();
        for monitor in &metrics.monitors {
            turns.extend(self.take_series(monitor, asked, now));
        }
        let here: BTreeSet<String> = metrics.monitors.iter().map(|m| m.key.to_string()).collect();
        let missing: Vec<String> = self.watches.keys().filter(|key| !here.contains(*key)).cloned().collect();
        for key in missing {
            turns.extend(self.take_silence(&key, &here, now));
        }
        turns
    }

    /// Either it says so itself, or most of its series went at once.
    fn notice_restart(&mut self, metrics: &Metrics, now: Timestamp) {
        let is_young = metrics.started_at.is_some_and(|at| at.until(now) < STARTING);
        let count = metrics.monitors.len();
        if is_young || (self.present >= 2 && count * 2 <= self.present) {
            self.restarted = Some(Instant::now());
        }
        self.present = count;
    }

    fn is_starting(&self) -> bool {
        self.restarted.is_some_and(|at| at.elapsed() < STARTING)
    }

    fn take_series(&mut self, monitor: &Monitor, asked: Instant, now: Timestamp) -> Option<Turn> {
        let key = monitor.key.to_string();
        let fresh = || KnownMonitor {
            key: key.clone(),
            name: monitor.name.clone(),
            kind: monitor.kind.clone(),
            status: ServiceStatus::Unknown,
            since: now,
            message: None,
            seen_at: now,
        };
        let watch = self.watches.entry(key.clone()).or_insert_with(|| Watch::new(fresh(), false));
        if watch.known.name != monitor.name || watch.known.kind != monitor.kind {
            watch.known.name.clone_from(&monitor.name);
            watch.known.kind.clone_from(&monitor.kind);
            self.changed.insert(key.clone());
        }
        watch.is_stale = false;
        watch.ping_ms = monitor.ping.map(|ms| ms.round() as u32);
        watch.uptime_day = monitor.uptime_day;
        watch.uptime_month = monitor.uptime_month;
        watch.cert_days = monitor.cert_days;
        self.sums
            .entry(key.clone())
            .or_insert_with(|| MonitorSums::new(&key, now))
            .count(monitor.state.status(), watch.ping_ms);
        // What was asked before the webhook came, or just after it, is older than the webhook.
        if watch.ahead_until.is_some_and(|until| asked < until) {
            return None;
        }
        self.turn(&key, monitor.state.status(), None, now, now)
    }

    /// A monitor that we know has no series.
    fn take_silence(&mut self, key: &str, here: &BTreeSet<String>, now: Timestamp) -> Option<Turn> {
        // With 2.0 every monitor got a number, and its name is no key any more.
        let has_other_keys = here.iter().any(|other| other.starts_with('=') != key.starts_with('='));
        let watch = self.watches.get_mut(key)?;
        let is_forgotten = watch.known.seen_at.until(now) > REMEMBERED && !self.is_on_page(key);
        if has_other_keys || is_forgotten {
            self.watches.remove(key);
            self.gone.insert(key.to_owned());
            return None;
        }
        if self.is_starting() {
            self.watches.get_mut(key)?.is_stale = true;
            return None;
        }
        self.watches.get_mut(key)?.is_stale = false;
        let seen_at = self.watches.get(key)?.known.seen_at;
        self.turn(key, ServiceStatus::Paused, None, now, seen_at)
    }

    /// What the status page says.
    pub(super) fn take_page(&mut self, page: StatusPage, beats: Beats, truth: Truth) -> Vec<Turn> {
        let now = Timestamp::now();
        let mut turns = Vec::new();
        for monitor in page.groups.iter().flat_map(|group| &group.monitors) {
            let key = self.key_of(monitor.id, Some(&monitor.name));
            let is_new = !self.watches.contains_key(&key);
            if truth == Truth::Page || (truth == Truth::Metrics && is_new) {
                turns.extend(self.take_beats(&key, monitor, &beats, truth, now));
            }
            let Some(watch) = self.watches.get_mut(&key) else { continue };
            watch.cert_days = watch.cert_days.or(monitor.cert_days);
            watch.uptime_day = watch.uptime_day.or(beats.uptime_day.get(&monitor.id).copied());
        }
        self.page = Some((page, beats));
        turns
    }

    /// A monitor that only the page tells of.
    fn take_beats(
        &mut self,
        key: &str,
        monitor: &PageMonitor,
        beats: &Beats,
        truth: Truth,
        now: Timestamp,
    ) -> Option<Turn> {
        let list = beats.beats.get(&monitor.id).map(Vec::as_slice).unwrap_or_default();
        let (status, at) = latest(list);
        // It stays listed with its last beat for ever, so that a paused one looks up.
        let is_old = is_old(list, now);
        // The metrics are there and do not have it.
        let is_paused = truth == Truth::Metrics && !self.is_starting();
        let fresh = || KnownMonitor {
            key: key.to_owned(),
            name: monitor.name.clone(),
            kind: monitor.kind.clone(),
            status: if is_paused { ServiceStatus::Paused } else { status },
            since: at.unwrap_or(now),
            message: None,
            seen_at: at.unwrap_or(now),
        };
        if !self.watches.contains_key(key) {
            self.changed.insert(key.to_owned());
        }
        let watch = self.watches.entry(key.to_owned()).or_insert_with(|| Watch::new(fresh(), false));
        watch.is_stale = is_old && !is_paused;
        watch.ping_ms = list.last().and_then(|beat| beat.ping).map(|ms| ms.round() as u32);
        if is_paused {
            return None;
        }
        watch.uptime_day = None;
        if is_old {
            return None;
        }
        let sums = self.sums.entry(key.to_owned()).or_insert_with(|| MonitorSums::new(key, now));
        sums.count(status, watch.ping_ms);
        if watch.alerted_at.is_some_and(|alerted| at.is_none_or(|at| at < alerted)) {
            return None;
        }
        self.turn(key, status, None, at.unwrap_or(now), now)
    }

    /// What a webhook said. Nothing when it is older than what we know, or says it again.
    pub(super) fn take_alert(&mut self, beat: &AlertBeat) -> Option<Turn> {
        let now = Timestamp::now();
        // A clock that is ahead must not silence what comes after it.
        let at = beat.at.unwrap_or(now).min(now);
        let key = self.key_of(beat.monitor, beat.name.as_deref());
        let (name, kind) = (beat.name.clone(), beat.kind.clone().unwrap_or_default());
        let fresh = || KnownMonitor {
            key: key.clone(),
            name: name.unwrap_or_else(|| format!("Monitor {}", beat.monitor)),
            kind,
            status: ServiceStatus::Unknown,
            since: at,
            message: None,
            seen_at: at,
        };
        let watch = self.watches.entry(key.clone()).or_insert_with(|| Watch::new(fresh(), false));
        if watch.alerted_at.is_some_and(|alerted| at <= alerted) {
            return None;
        }
        watch.alerted_at = Some(at);
        watch.ahead_until = Some(Instant::now() + AHEAD);
        watch.is_stale = false;
        watch.ping_ms = beat.ping.map(|ms| ms.round() as u32);
        let message = Some(beat.message.clone()).filter(|text| !text.is_empty());
        let status = beat.state.status();
        self.turn(&key, status, message.filter(|_| status != ServiceStatus::Up), at, now)
    }

    /// Numbers are keys from 2.0 on; before, and on its page, only the name is the same.
    fn key_of(&self, id: i64, name: Option<&str>) -> String {
        let (by_id, by_name) = (id.to_string(), name.map(|name| format!("={name}")));
        match by_name {
            Some(by_name) if !self.watches.contains_key(&by_id) && self.watches.contains_key(&by_name) => {
                by_name
            }
            _ => by_id,
        }
    }

    fn turn(
        &mut self,
        key: &str,
        status: ServiceStatus,
        message: Option<String>,
        at: Timestamp,
        seen_at: Timestamp,
    ) -> Option<Turn> {
        let watch = self.watches.get_mut(key)?;
        let known = &mut watch.known;
        known.seen_at = seen_at.max(known.seen_at);
        if known.status == status {
            if message.is_some() && known.message != message {
                known.message = message;
                self.changed.insert(key.to_owned());
            }
            return None;
        }
        let (from, since) = (known.status, known.since);
        known.status = status;
        known.since = at;
        known.message.clone_from(&message);
        self.changed.insert(key.to_owned());
        let change = MonitorChange { key: key.to_owned(), name: known.name.clone(), at, status, message };
        let is_group = known.kind == "group";
        // The first sight of a monitor is no turn.
        if from == ServiceStatus::Unknown {
            return None;
        }
        self.changes.push(change.clone());
        self.memory.changes.insert(0, change.clone());
        self.memory.changes.truncate(super::CHANGES);
        Some(Turn { change, from, since, is_group })
    }

    fn is_on_page(&self, key: &str) -> bool {
        let monitors = self.page.iter().flat_map(|(page, _)| &page.groups).flat_map(|group| &group.monitors);
        monitors.map(|monitor| self.key_of(monitor.id, Some(&monitor.name))).any(|listed| listed == key)
    }
}

impl Watch {
    fn new(known: KnownMonitor, is_stale: bool) -> Self {
        Self {
            known,
            is_stale,
            ping_ms: None,
            uptime_day: None,
            uptime_month: None,
            cert_days: None,
            ahead_until: None,
            alerted_at: None,
        }
    }
}

#[cfg(test)]
mod tests;

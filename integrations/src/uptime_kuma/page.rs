//! The public status page: groups, incidents, planned work, and the newest beats.

use std::collections::BTreeMap;

use domain::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{State, state};
use crate::tolerant;

/// Beats of one monitor that are kept.
const BEATS: usize = 100;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct StatusPage {
    pub title: Option<String>,
    pub groups: Vec<Group>,
    /// Open ones only.
    pub incidents: Vec<Incident>,
    pub maintenance: Vec<Maintenance>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub monitors: Vec<PageMonitor>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageMonitor {
    pub id: i64,
    pub name: String,
    pub kind: String,
    pub cert_days: Option<i64>,
}

/// Something that its admin tells everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    pub title: String,
    /// Markdown; shown as plain text.
    pub content: String,
    /// `info`, `warning`, `danger`, `primary`, `light` or `dark`.
    pub style: String,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}

/// Planned work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    pub title: String,
    pub description: String,
    /// Whether it is under way.
    pub is_now: bool,
    pub starts_at: Option<Timestamp>,
    pub ends_at: Option<Timestamp>,
}

/// Of every monitor of a status page, by its number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Beats {
    /// Oldest first, at most a hundred of each.
    pub beats: BTreeMap<i64, Vec<Beat>>,
    /// Of the last day, from 0 to 1.
    pub uptime_day: BTreeMap<i64, f64>,
}

/// One look of Uptime Kuma.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beat {
    pub state: State,
    pub at: Timestamp,
    /// Milliseconds.
    pub ping: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageWire {
    config: ConfigWire,
    /// From 2.1 on.
    #[serde(default, deserialize_with = "tolerant::list")]
    incidents: Vec<IncidentWire>,
    /// Before.
    #[serde(default, deserialize_with = "tolerant::maybe")]
    incident: Option<IncidentWire>,
    #[serde(default, deserialize_with = "tolerant::list")]
    public_group_list: Vec<GroupWire>,
    #[serde(default, deserialize_with = "tolerant::list")]
    maintenance_list: Vec<MaintenanceWire>,
}

#[derive(Debug, Deserialize)]
struct ConfigWire {
    #[serde(default, deserialize_with = "tolerant::text")]
    title: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct IncidentWire {
    #[serde(default, deserialize_with = "tolerant::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "tolerant::text")]
    content: Option<String>,
    #[serde(default, deserialize_with = "tolerant::text")]
    style: Option<String>,
    /// Missing before 2.1, where the one incident is open.
    #[serde(default)]
    active: Option<Value>,
    #[serde(default, deserialize_with = "tolerant::text")]
    created_date: Option<String>,
    #[serde(default, deserialize_with = "tolerant::text")]
    last_updated_date: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupWire {
    #[serde(default, deserialize_with = "tolerant::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "tolerant::list")]
    monitor_list: Vec<MonitorWire>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MonitorWire {
    #[serde(deserialize_with = "tolerant::integer")]
    id: Option<i64>,
    #[serde(default, deserialize_with = "tolerant::text")]
    name: Option<String>,
    #[serde(default, rename = "type", deserialize_with = "tolerant::text")]
    kind: Option<String>,
    /// Empty text where there is none.
    #[serde(default, deserialize_with = "tolerant::integer")]
    cert_expiry_days_remaining: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MaintenanceWire {
    #[serde(default, deserialize_with = "tolerant::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "tolerant::text")]
    description: Option<String>,
    #[serde(default, deserialize_with = "tolerant::text")]
    status: Option<String>,
    #[serde(default, deserialize_with = "tolerant::list")]
    timeslot_list: Vec<TimeslotWire>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TimeslotWire {
    #[serde(default, deserialize_with = "tolerant::text")]
    start_date: Option<String>,
    #[serde(default, deserialize_with = "tolerant::text")]
    end_date: Option<String>,
}

impl PageWire {
    pub(super) fn into_page(self) -> StatusPage {
        let incidents = self.incidents.into_iter().chain(self.incident);
        StatusPage {
            title: self.config.title,
            groups: self.public_group_list.into_iter().map(GroupWire::into_group).collect(),
            incidents: incidents.filter_map(IncidentWire::into_incident).collect(),
            maintenance: self
                .maintenance_list
                .into_iter()
                .filter_map(MaintenanceWire::into_maintenance)
                .collect(),
        }
    }
}

impl GroupWire {
    fn into_group(self) -> Group {
        let monitor = |wire: MonitorWire| {
            let (kind, cert_days) = (wire.kind.unwrap_or_default(), wire.cert_expiry_days_remaining);
            Some(PageMonitor { id: wire.id?, name: wire.name?, kind, cert_days })
        };
        let monitors = self.monitor_list.into_iter().filter_map(monitor).collect();
        Group { name: self.name.unwrap_or_default(), monitors }
    }
}

impl IncidentWire {
    fn into_incident(self) -> Option<Incident> {
        let is_open = self.active.is_none_or(|active| active != Value::Bool(false) && active != 0);
        is_open.then_some(Incident {
            title: self.title?,
            content: self.content.unwrap_or_default(),
            style: self.style.unwrap_or_default(),
            created_at: self.created_date.as_deref().and_then(state::time),
            updated_at: self.last_updated_date.as_deref().and_then(state::time),
        })
    }
}

impl MaintenanceWire {
    fn into_maintenance(self) -> Option<Maintenance> {
        let status = self.status.unwrap_or_default();
        let slot = self.timeslot_list.into_iter().next();
        let (starts, ends) = slot.map_or((None, None), |slot| (slot.start_date, slot.end_date));
        (status != "ended" && status != "inactive").then_some(Maintenance {
            title: self.title?,
            description: self.description.unwrap_or_default(),
            is_now: status == "under-maintenance",
            starts_at: starts.as_deref().and_then(state::time),
            ends_at: ends.as_deref().and_then(state::time),
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BeatsWire {
    heartbeat_list: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "tolerant::maybe")]
    uptime_list: Option<BTreeMap<String, Value>>,
}

#[derive(Debug, Deserialize)]
struct BeatWire {
    #[serde(deserialize_with = "tolerant::integer")]
    status: Option<i64>,
    #[serde(deserialize_with = "tolerant::text")]
    time: Option<String>,
    #[serde(default, deserialize_with = "tolerant::decimal")]
    ping: Option<f64>,
}

impl BeatWire {
    fn into_beat(self) -> Option<Beat> {
        let at = state::time(&self.time?)?;
        let ping = self.ping.filter(|ms| *ms >= 0.0);
        Some(Beat { state: State::from_number(self.status?), at, ping })
    }
}

impl BeatsWire {
    pub(super) fn into_beats(self) -> Beats {
        let beats = self.heartbeat_list.into_iter().filter_map(|(id, list)| {
            let list: Vec<BeatWire> = tolerant::list(list).ok()?;
            let skip = list.len().saturating_sub(BEATS);
            Some((id.parse().ok()?, list.into_iter().skip(skip).filter_map(BeatWire::into_beat).collect()))
        });
        let uptime = self.uptime_list.into_iter().flatten().filter_map(|(name, share)| {
            let id = name.strip_suffix("_24")?.parse().ok()?;
            Some((id, share.as_f64().filter(|share| (0.0..=1.0).contains(share))?))
        });
        Beats { beats: beats.collect(), uptime_day: uptime.collect() }
    }
}

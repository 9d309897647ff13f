//! The public status page: groups, incidents, maintenance, and the last beats; from a cache.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use http::StatusCode;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::monitor::Monitor;
use super::{Generation, House, Kuma};
use crate::lock;
use crate::server::{self, Request, Response};
use crate::stamps::{bare, bare_seconds};

const PAGE_KEPT: Duration = Duration::from_secs(5 * 60);
const BEATS_KEPT: Duration = Duration::from_secs(60);

/// Answers that are given again; the key has the query in it, so that another query is a new answer.
#[derive(Default)]
pub(super) struct Cache(BTreeMap<String, (Instant, Value)>);

impl Cache {
    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn get(&self, key: &str) -> Option<Value> {
        let (until, value) = self.0.get(key)?;
        (Instant::now() < *until).then(|| value.clone())
    }

    fn keep(&mut self, key: String, value: Value, kept: Duration) {
        if self.0.len() < 256 {
            self.0.insert(key, (Instant::now() + kept, value));
        }
    }
}

/// An announcement.
pub(super) struct Incident {
    id: i64,
    style: String,
    title: String,
    content: String,
    since: Timestamp,
    is_active: bool,
}

impl Incident {
    fn to_json(&self) -> Value {
        json!({
            "id": self.id, "style": self.style, "title": self.title, "content": self.content,
            "pin": self.is_active, "active": self.is_active,
            "createdDate": bare_seconds(self.since), "lastUpdatedDate": null, "status_page_id": 1,
        })
    }
}

/// Work that somebody announced.
pub(super) struct Maintenance {
    id: i64,
    title: String,
    description: String,
    monitors: Vec<i64>,
}

impl Maintenance {
    pub fn covers(&self, monitor: i64) -> bool {
        self.monitors.contains(&monitor)
    }

    fn to_json(&self) -> Value {
        let midnight = json!({ "hours": 0, "minutes": 0 });
        json!({
            "id": self.id, "title": self.title, "description": self.description, "strategy": "manual",
            "intervalDay": 1, "active": true, "dateRange": [null], "timeRange": [midnight, midnight],
            "weekdays": [], "daysOfMonth": [], "timeslotList": [], "cron": "", "durationMinutes": null,
            "timezone": "UTC", "timezoneOption": "SAME_AS_SERVER", "timezoneOffset": "+00:00",
            "status": "under-maintenance",
        })
    }
}

impl Kuma {
    pub(super) fn status_page(&self, slug: &str, request: &Request) -> Response {
        if slug != self.options.slug {
            let body = json!({ "status": "fail", "msg": "Status Page Not Found" });
            return server::json_as(StatusCode::NOT_FOUND, &body);
        }
        self.cached(request, PAGE_KEPT, |house| page(house, slug, self.options.generation))
    }

    /// An unknown slug is answered with 200 and nothing in it.
    pub(super) fn heartbeats(&self, slug: &str, request: &Request) -> Response {
        if slug != self.options.slug {
            return server::json(&json!({ "heartbeatList": {}, "uptimeList": {} }));
        }
        self.cached(request, BEATS_KEPT, beats)
    }

    pub(super) fn incident_history(&self, slug: &str) -> Response {
        if slug != self.options.slug || self.options.generation < Generation::V2_5 {
            let body = json!({ "ok": false, "msg": "Not found" });
            return server::json_as(StatusCode::NOT_FOUND, &body);
        }
        let incidents: Vec<Value> = lock(&self.house).incidents.iter().rev().map(Incident::to_json).collect();
        let total = incidents.len();
        server::json(&json!({
            "ok": true, "incidents": incidents, "total": total, "nextCursor": null, "hasMore": false,
        }))
    }

    fn cached(&self, request: &Request, kept: Duration, make: impl Fn(&House) -> Value) -> Response {
        let key = format!("{}?{}", request.path, request.raw_query);
        let mut house = lock(&self.house);
        let value = house.cache.get(&key).unwrap_or_else(|| {
            let value = make(&house);
            house.cache.keep(key, value.clone(), kept);
            value
        });
        server::json(&value)
    }

    pub(super) fn add_incident(&self, title: &str, content: &str, style: &str) -> i64 {
        let mut house = lock(&self.house);
        let id = house.next_id();
        let text = str::to_owned;
        house.incidents.push(Incident {
            id,
            style: text(style),
            title: text(title),
            content: text(content),
            since: Timestamp::now(),
            is_active: true,
        });
        house.cache.clear();
        id
    }

    pub(super) fn end_incident(&self, id: i64) {
        let mut house = lock(&self.house);
        for incident in house.incidents.iter_mut().filter(|incident| incident.id == id) {
            incident.is_active = false;
        }
        house.cache.clear();
    }

    pub(super) fn add_maintenance(&self, title: &str, description: &str, monitors: &[i64]) -> i64 {
        let mut house = lock(&self.house);
        let id = house.next_id();
        let (title, description) = (title.to_owned(), description.to_owned());
        house.maintenances.push(Maintenance { id, title, description, monitors: monitors.to_vec() });
        house.cache.clear();
        id
    }

    pub(super) fn end_maintenance(&self, id: i64) {
        let mut house = lock(&self.house);
        house.maintenances.retain(|maintenance| maintenance.id != id);
        house.cache.clear();
    }
}

fn page(house: &House, slug: &str, generation: Generation) -> Value {
    let mut groups: Vec<(&str, Vec<Value>)> = Vec::new();
    for monitor in house.monitors.values() {
        let Some(heading) = monitor.new.heading.as_deref() else { continue };
        let listed = listed(monitor, generation);
        match groups.iter_mut().find(|(name, _)| *name == heading) {
            Some((_, monitors)) => monitors.push(listed),
            None => groups.push((heading, vec![listed])),
        }
    }
    let groups: Vec<Value> = (1..)
        .zip(groups)
        .map(|(nth, (name, monitors))| json!({ "id": nth, "name": name, "weight": nth, "monitorList": monitors }))
        .collect();
    let maintenance: Vec<Value> = house.maintenances.iter().map(Maintenance::to_json).collect();
    let mut active = house.incidents.iter().rev().filter(|incident| incident.is_active);

    let mut page = json!({
        "config": {
            "slug": slug, "title": "Household", "description": "What runs at home", "icon": "/icon.svg",
            "autoRefreshInterval": 60, "theme": "auto", "published": true, "showTags": true,
            "customCSS": null, "footerText": null, "showPoweredBy": true, "analyticsId": null,
            "analyticsScriptUrl": null, "analyticsType": null, "showCertificateExpiry": true,
            "showOnlyLastHeartbeat": false, "rssTitle": null,
        },
        "publicGroupList": groups,
        "maintenanceList": maintenance,
    });
    if generation >= Generation::V2_5 {
        page["incidents"] = active.map(Incident::to_json).collect();
    } else {
        page["incident"] = active.next().map_or(Value::Null, Incident::to_json);
    }
    page
}

fn listed(monitor: &Monitor, generation: Generation) -> Value {
    let new = &monitor.new;
    let tags: Vec<Value> = (1..)
        .zip(&new.tags)
        .map(|(nth, (name, value))| {
            json!({ "id": nth, "monitor_id": monitor.id, "tag_id": nth, "value": value, "name": name, "color": "#059669" })
        })
        .collect();
    let mut listed = json!({
        "id": monitor.id, "name": new.name, "sendUrl": u8::from(new.send_url), "type": new.kind, "tags": tags,
    });
    if generation >= Generation::V2_0 {
        listed["certExpiryDaysRemaining"] = new.cert_days.map_or(json!(""), |days| json!(days));
        listed["validCert"] = json!(new.cert_days.is_some_and(|days| days > 0));
    }
    if new.send_url {
        listed["url"] = json!(new.url);
    }
    listed
}

fn beats(house: &House) -> Value {
    let (mut lists, mut uptimes) = (Map::new(), Map::new());
    for monitor in house.monitors.values().filter(|monitor| monitor.new.heading.is_some()) {
        let list: Vec<Value> = monitor
            .beats
            .iter()
            .map(|beat| json!({ "status": beat.status.number(), "time": bare(beat.at), "msg": "", "ping": beat.ping }))
            .collect();
        lists.insert(monitor.id.to_string(), json!(list));
        uptimes.insert(format!("{}_24", monitor.id), json!(monitor.uptime()));
    }
    json!({ "heartbeatList": lists, "uptimeList": uptimes })
}

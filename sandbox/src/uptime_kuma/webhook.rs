//! The notifications: what is sent where, and in which of its shapes.

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::monitor::{Beat, Monitor, Status};
use super::{Generation, House};
use crate::outgoing::Outgoing;
use crate::stamps::{bare, bare_seconds};

/// How the body travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The default.
    #[default]
    Json,
    /// One field `data` of a form.
    Form,
    /// A template of the user's own, which is JSON and called a form.
    Custom,
    /// In the query; from 2.1 on.
    Get,
}

/// A notification of the kind "webhook".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// What the user calls it.
    #[serde(default = "portal")]
    pub name: String,
    pub url: String,
    /// There is no signature: a secret goes in here, or into the address.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    #[serde(default)]
    pub mode: Mode,
}

fn portal() -> String {
    "portal hook".to_owned()
}

impl Hook {
    /// JSON to `url` with an `Authorization` header.
    pub fn new(url: &str, authorization: &str) -> Self {
        let headers = vec![("Authorization".to_owned(), authorization.to_owned())];
        Self { name: portal(), url: url.to_owned(), headers, mode: Mode::Json }
    }
}

const BOUNDARY: &str = "--------------------------48b616cfe1d3ffad74594402";

/// The fields of a monitor that never differ between ours.
const MONITOR: &str = include_str!("monitor.json");

pub(super) fn alerts(house: &House, monitor: &Monitor, beat: &Beat, generation: Generation) -> Vec<Outgoing> {
    let mark = if beat.status == Status::Up { "✅ Up" } else { "🔴 Down" };
    let body = json!({
        "heartbeat": heartbeat(monitor, beat, generation),
        "monitor": described(house, monitor),
        "msg": format!("[{}] [{mark}] {}", monitor.new.name, beat.message),
    });
    house.hooks.iter().filter_map(|hook| outgoing(hook, &body, generation)).collect()
}

pub(super) fn tests(house: &House, generation: Generation) -> Vec<Outgoing> {
    let body =
        |hook: &Hook| json!({ "heartbeat": null, "monitor": null, "msg": format!("{} Testing", hook.name) });
    house.hooks.iter().filter_map(|hook| outgoing(hook, &body(hook), generation)).collect()
}

/// The warning about a certificate, which names no monitor.
pub(super) fn certificate(house: &House, monitor: &Monitor, generation: Generation) -> Vec<Outgoing> {
    let days = monitor.new.cert_days.unwrap_or_default();
    let (name, url) = (&monitor.new.name, &monitor.new.url);
    let message = format!("[{name}][{url}] server certificate {name} will expire in {days} days");
    let body = json!({ "heartbeat": null, "monitor": null, "msg": message });
    house.hooks.iter().filter_map(|hook| outgoing(hook, &body, generation)).collect()
}

fn heartbeat(monitor: &Monitor, beat: &Beat, generation: Generation) -> Value {
    let mut heartbeat = json!({
        "monitorID": monitor.id,
        "status": beat.status.number(),
        "time": bare(beat.at),
        "msg": beat.message,
        "important": true,
        "retries": u8::from(beat.status == Status::Down),
        "timezone": "UTC",
        "timezoneOffset": "+00:00",
        "localDateTime": bare_seconds(beat.at),
    });
    if let Some(ping) = beat.ping {
        heartbeat["ping"] = json!(ping);
    }
    if monitor.new.kind == "push" {
        heartbeat["ping"] = json!(beat.ping);
        heartbeat["duration"] = json!(0);
    }
    if beat.status == Status::Down && monitor.new.kind == "http" && generation >= Generation::V2_5 {
        heartbeat["response"] = json!("<html><body>Service Unavailable</body></html>");
    }
    if let Some(last_down) = beat.last_down.filter(|_| generation >= Generation::V2_5) {
        heartbeat["lastDownTime"] = json!(bare(last_down));
    }
    heartbeat
}

fn described(house: &House, monitor: &Monitor) -> Value {
    let new = &monitor.new;
    let parent = house.monitors.values().find(|other| Some(&other.new.name) == new.parent.as_ref());
    let children: Vec<i64> = house
        .monitors
        .values()
        .filter(|other| new.kind == "group" && other.new.parent.as_ref() == Some(&new.name))
        .map(|other| other.id)
        .collect();
    let path: Vec<&str> = new.parent.iter().map(String::as_str).chain([new.name.as_str()]).collect();
    let tags: Vec<Value> = (1..)
        .zip(&new.tags)
        .map(|(nth, (name, value))| {
            json!({ "tag_id": nth, "monitor_id": monitor.id, "value": value, "name": name, "color": "#059669" })
        })
        .collect();
    let own = json!({
        "id": monitor.id, "name": new.name, "path": path, "pathName": path.join(" / "),
        "parent": parent.map(|parent| parent.id), "childrenIDs": children, "url": new.url,
        "hostname": new.hostname, "port": new.port, "type": new.kind, "tags": tags,
        "active": monitor.is_active, "maintenance": monitor.status() == Status::Maintenance,
        "interval": 20, "maxretries": 0, "notificationIDList": { "1": true },
    });
    let mut described: Value = serde_json::from_str(MONITOR).unwrap_or_default();
    if let (Some(described), Value::Object(own)) = (described.as_object_mut(), own) {
        described.extend(own);
    }
    described
}

/// `None`: this generation cannot send like that.
fn outgoing(hook: &Hook, body: &Value, generation: Generation) -> Option<Outgoing> {
    let version = match generation {
        Generation::V1_23 => "1.23.16",
        Generation::V2_0 => "2.0.2",
        Generation::V2_5 => "2.5.3",
    };
    let (method, url, media_type, bytes) = match hook.mode {
        Mode::Json => (Method::POST, hook.url.clone(), Some("application/json".to_owned()), body.to_string()),
        Mode::Form => {
            let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
            let part = "Content-Disposition: form-data; name=\"data\"";
            let form = format!("--{BOUNDARY}\r\n{part}\r\n\r\n{body}\r\n--{BOUNDARY}--\r\n");
            (Method::POST, hook.url.clone(), Some(media_type), form)
        }
        Mode::Custom => {
            let body = json!({ "title": "Kuma", "text": body["msg"], "hb": body["heartbeat"] });
            let media_type = "application/x-www-form-urlencoded".to_owned();
            (Method::POST, hook.url.clone(), Some(media_type), body.to_string())
        }
        Mode::Get if generation < Generation::V2_5 => return None,
        Mode::Get => (Method::GET, in_the_query(&hook.url, body), None, String::new()),
    };
    let mut headers = vec![("User-Agent".to_owned(), format!("Uptime-Kuma/{version}"))];
    headers.extend(media_type.map(|media_type| ("Content-Type".to_owned(), media_type)));
    headers.extend(hook.headers.iter().cloned());
    Some(Outgoing { method, url, headers, body: Bytes::from(bytes) })
}

fn in_the_query(url: &str, body: &Value) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("msg", body["msg"].as_str().unwrap_or_default());
    for name in ["heartbeat", "monitor"] {
        if !body[name].is_null() {
            query.append_pair(name, &body[name].to_string());
        }
    }
    format!("{url}?{}", query.finish())
}

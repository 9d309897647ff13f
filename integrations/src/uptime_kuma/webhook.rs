//! What Uptime Kuma sends at the moment a monitor goes down or comes back.
//!
//! Sent once, unsigned, before Uptime Kuma itself has stored the beat: so it is taken at its word
//! and nothing is read again. It comes as JSON, as a form with one field `data`, as JSON that is
//! called a form (a template of the admin), or in the query of a GET. A test, a certificate or a
//! domain that ends soon have only a message.

use domain::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{State, form, state};
use crate::tolerant;

/// The most characters of a message that are kept.
const MESSAGE: usize = 500;

#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// Absent in a test and in a warning of what ends soon.
    pub beat: Option<AlertBeat>,
    /// The whole line: `[Plex] [🔴 Down] Request failed with status code 503`.
    pub message: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertBeat {
    pub monitor: i64,
    /// Absent where the admin's template leaves the monitor out.
    pub name: Option<String>,
    /// `group` sums up others.
    pub kind: Option<String>,
    pub state: State,
    pub at: Option<Timestamp>,
    /// `Request failed with status code 503`. Never what the monitored service answered.
    pub message: String,
    /// Milliseconds.
    pub ping: Option<f64>,
}

/// It is no notification of Uptime Kuma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a notification of Uptime Kuma: it has neither a heartbeat nor a message")]
pub struct Malformed;

#[derive(Debug, Deserialize)]
struct BeatWire {
    #[serde(rename = "monitorID", deserialize_with = "tolerant::integer")]
    monitor_id: Option<i64>,
    #[serde(deserialize_with = "tolerant::integer")]
    status: Option<i64>,
    #[serde(default, deserialize_with = "tolerant::text")]
    time: Option<String>,
    #[serde(default, deserialize_with = "tolerant::text")]
    msg: Option<String>,
    #[serde(default, deserialize_with = "tolerant::decimal")]
    ping: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MonitorWire {
    #[serde(deserialize_with = "tolerant::text")]
    name: Option<String>,
    #[serde(rename = "type", deserialize_with = "tolerant::text")]
    kind: Option<String>,
}

impl Webhook {
    /// From the body of a POST.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn from_body(content_type: &str, body: &[u8]) -> Result<Self, Malformed> {
        // JSON is JSON, whatever it is called.
        if let Ok(Value::Object(object)) = serde_json::from_slice(body) {
            return Self::from_object(object);
        }
        let is_multipart = content_type.trim_start().to_ascii_lowercase().starts_with("multipart/form-data");
        let data =
            if is_multipart { form::field(content_type, body, "data") } else { form::pair(body, "data") };
        match data.and_then(|data| serde_json::from_str(&data).ok()) {
            Some(Value::Object(object)) => Self::from_object(object),
            _ => Err(Malformed),
        }
    }

    /// From the query of a GET: `msg`, and `heartbeat` and `monitor` as JSON.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn from_query(query: &str) -> Result<Self, Malformed> {
        let mut object = Map::new();
        for name in ["heartbeat", "monitor"] {
            let value = form::pair(query.as_bytes(), name).and_then(|text| serde_json::from_str(&text).ok());
            object.insert(name.to_owned(), value.unwrap_or_default());
        }
        if let Some(message) = form::pair(query.as_bytes(), "msg") {
            object.insert("msg".to_owned(), message.into_owned().into());
        }
        Self::from_object(object)
    }

    fn from_object(mut object: Map<String, Value>) -> Result<Self, Malformed> {
        let names = ["msg", "text", "message", "title"];
        let message = names.iter().find_map(|name| object.get(*name)?.as_str()).map(shortened);
        let monitor: MonitorWire =
            object.remove("monitor").and_then(|wire| serde_json::from_value(wire).ok()).unwrap_or_default();
        // A template may call the beat something else.
        let is_beat = |value: &Value| value.get("monitorID").is_some() && value.get("status").is_some();
        let beat = object.remove("heartbeat").filter(is_beat).or_else(|| object.into_values().find(is_beat));
        let beat = beat.and_then(|wire| beat_of(serde_json::from_value(wire).ok()?, monitor));
        match (beat, message) {
            (None, None) => Err(Malformed),
            (beat, message) => Ok(Self { beat, message: message.unwrap_or_default() }),
        }
    }
}

fn beat_of(wire: BeatWire, monitor: MonitorWire) -> Option<AlertBeat> {
    Some(AlertBeat {
        monitor: wire.monitor_id?,
        name: monitor.name.as_deref().map(shortened),
        kind: monitor.kind.as_deref().map(shortened),
        state: State::from_number(wire.status?),
        at: wire.time.as_deref().and_then(state::time),
        message: wire.msg.as_deref().map(shortened).unwrap_or_default(),
        ping: wire.ping.filter(|ms| *ms >= 0.0),
    })
}

fn shortened(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE).collect()
}

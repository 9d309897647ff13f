//! The frames that the media server pushes, by socket and by event stream.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderValue, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio_stream::wrappers::BroadcastStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::errands::Errand;
use super::library::{Kind, Section};
use super::stage::Stage;
use crate::server::{self, Request, Response};

/// What a timeline frame is about.
pub(super) struct Entry<'a> {
    pub section: &'a str,
    pub key: u64,
    pub kind: Kind,
    pub title: &'a str,
}

fn push(stage: &Stage, kind: &str, member: &str, entries: Value) {
    let frame = json!({ "NotificationContainer": { "type": kind, "size": 1, member: entries } });
    // Nobody listening is no error.
    let _ = stage.frames.send(frame.to_string());
}

/// Something happened to an item: 0 created, 1 to 4 in progress, 5 done, 9 deleted.
pub(super) fn timeline(stage: &Stage, entry: &Entry<'_>, state: i64, word: &str) {
    let entries = json!([{
        "identifier": "com.plexapp.plugins.library", "sectionID": entry.section, "itemID": entry.key.to_string(),
        "type": entry.kind.number(), "title": entry.title, "state": state, "metadataState": word,
        "updatedAt": domain::Timestamp::now().as_millis() / 1000,
    }]);
    push(stage, "timeline", "TimelineEntry", entries);
}

pub(super) fn activity(section: &Section, progress: u32) -> Value {
    json!({
        "uuid": format!("scan-{}-{}", section.key, section.changed), "type": "library.update.section",
        "cancellable": false, "userID": 1, "title": format!("Scanning {}", section.title), "subtitle": "",
        "progress": progress, "Context": { "librarySectionID": section.key },
    })
}

/// `started`, `updated`, `ended`.
pub(super) fn scanning(stage: &Stage, section: &Section, event: &str, progress: u32) {
    let activity = activity(section, progress);
    let entries = json!([{ "event": event, "uuid": activity["uuid"], "Activity": activity }]);
    push(stage, "activity", "ActivityNotification", entries);
}

pub(super) fn scanned(stage: &Stage) {
    let entries = json!([{
        "title": "Library scan complete", "description": "", "notificationName": "LIBRARY_UPDATE",
    }]);
    push(stage, "status", "StatusNotification", entries);
}

/// Somebody plays, pauses or stops.
pub(super) fn playing(stage: &Stage, session: usize, key: u64, state: &str) {
    let entries = json!([{
        "sessionKey": session.to_string(), "guid": "", "ratingKey": key.to_string(), "url": "",
        "key": format!("/library/metadata/{key}"), "viewOffset": 120_000, "state": state,
    }]);
    push(stage, "playing", "PlaySessionStateNotification", entries);
}

/// The types that `filters=timeline,activity` lets through; everything without it.
fn filters(request: &Request) -> Option<Vec<String>> {
    let asked = request.query.get("filters").or_else(|| request.query.get("filter"))?;
    Some(asked.split(',').map(str::to_owned).collect())
}

fn passes(filters: Option<&Vec<String>>, frame: &str) -> bool {
    filters.is_none_or(|wanted| wanted.iter().any(|kind| frame.contains(&format!("\"type\":\"{kind}\""))))
}

/// Says yes to a web socket and hands the connection over.
pub(super) fn socket(stage: &Arc<Stage>, mut request: Request) -> Response {
    let key = request.header("sec-websocket-key").to_owned();
    let Some(upgrade) = request.upgrade.take().filter(|_| !key.is_empty()) else {
        return server::text(StatusCode::BAD_REQUEST, "not a web socket\n");
    };
    let accept = derive_accept_key(key.as_bytes());
    stage.later(Errand::Socket { upgrade, frames: stage.frames.subscribe(), filters: filters(&request) });
    let mut response = server::text(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert("sec-websocket-accept", accept);
    }
    response
}

/// Sends frames until the other side has gone.
pub(super) async fn serve(upgrade: OnUpgrade, frames: Receiver<String>, filters: Option<Vec<String>>) {
    let Ok(connection) = upgrade.await else { return };
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(connection), Role::Server, None).await;
    let (mut sending, mut reading) = socket.split();
    let mut frames = BroadcastStream::new(frames);
    loop {
        tokio::select! {
            frame = frames.next() => match frame {
                Some(Ok(frame)) if passes(filters.as_ref(), &frame) => {
                    if sending.send(Message::text(frame)).await.is_err() {
                        return;
                    }
                }
                // Not wanted, or missed because the socket was too slow.
                Some(_) => {}
                None => return,
            },
            // Pings are answered by reading.
            said = reading.next() => if !matches!(said, Some(Ok(_))) { return },
        }
    }
}

/// The same frames as an event stream.
pub(super) fn event_source(stage: &Stage, request: &Request) -> Response {
    let filters = filters(request);
    let frames = BroadcastStream::new(stage.frames.subscribe()).filter_map(move |frame| {
        let frame = frame.ok().filter(|frame| passes(filters.as_ref(), frame));
        let event = frame.map(|frame| {
            let inside: Value = serde_json::from_str(&frame).unwrap_or_default();
            let kind = inside["NotificationContainer"]["type"].as_str().unwrap_or("message").to_owned();
            Ok::<_, io::Error>(Bytes::from(format!("event: {kind}\ndata: {frame}\n\n")))
        });
        std::future::ready(event)
    });
    server::stream("text/event-stream", frames)
}

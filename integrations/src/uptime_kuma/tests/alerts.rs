use domain::service::ServiceStatus;
use serde_json::Value;

use super::recorded;
use crate::uptime_kuma::State;
use crate::uptime_kuma::webhook::{Malformed, Webhook};

/// One recorded webhook, read as its door would.
fn webhook(file: &str) -> Webhook {
    let wire: Value = serde_json::from_slice(&recorded(&format!("webhooks/{file}.json"))).unwrap();
    if wire["method"] == "GET" {
        let url = wire["url"].as_str().unwrap();
        return Webhook::from_query(url.split_once('?').unwrap().1).unwrap();
    }
    let body = match &wire["body"] {
        Value::String(text) => text.clone(),
        json => json.to_string(),
    };
    let content_type = wire["headers"]["content-type"].as_str().unwrap();
    Webhook::from_body(content_type, body.as_bytes()).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn every_recorded_alert_says_who_and_how() {
    for (file, monitor, name, kind, status) in [
        ("http_plex_down", 2, Some("Plex"), Some("http"), ServiceStatus::Down),
        ("http_plex_up", 2, Some("Plex"), Some("http"), ServiceStatus::Up),
        ("http_overseerr_down", 3, Some("Overseerr"), Some("http"), ServiceStatus::Down),
        ("http_overseerr_up", 3, Some("Overseerr"), Some("http"), ServiceStatus::Up),
        ("group_media_down", 1, Some("Media"), Some("group"), ServiceStatus::Down),
        ("group_media_up", 1, Some("Media"), Some("group"), ServiceStatus::Up),
        ("push_push_down", 9, Some("Push job"), Some("push"), ServiceStatus::Down),
        ("push_push_up", 9, Some("Push job"), Some("push"), ServiceStatus::Up),
        ("custom_body_down", 2, None, None, ServiceStatus::Down),
        ("custom_body_up", 2, None, None, ServiceStatus::Up),
    ] {
        let webhook = webhook(file);
        let beat = webhook.beat.unwrap_or_else(|| panic!("{file}"));
        assert_eq!((beat.monitor, beat.state.status()), (monitor, status), "{file}");
        assert_eq!((beat.name.as_deref(), beat.kind.as_deref()), (name, kind), "{file}");
        assert!(beat.at.is_some() && !webhook.message.is_empty(), "{file}");
    }
}

#[test]
fn a_test_has_only_a_message_however_it_comes() {
    for file in ["test_notification_json", "test_notification_formdata", "test_notification_get"] {
        assert_eq!(webhook(file), Webhook { beat: None, message: "portal hook Testing".into() }, "{file}");
    }
}

#[test]
fn what_the_failing_service_answered_is_not_kept() {
    let wire: Value = serde_json::from_slice(&recorded("webhooks/http_plex_down.json")).unwrap();
    let mut body = wire["body"].clone();
    body["heartbeat"]["response"] = "token=secret".into();
    let webhook = Webhook::from_body("application/json", body.to_string().as_bytes()).unwrap();
    assert!(!format!("{webhook:?}").contains("secret"));
}

#[test]
fn an_urlencoded_form_and_a_query_work_too() {
    let json =
        r#"{"heartbeat":{"monitorID":"4","status":0,"msg":"a&b","ping":1.5},"monitor":null,"msg":"m"}"#;
    let encoded: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("data", json).finish();
    let form = Webhook::from_body("application/x-www-form-urlencoded", encoded.as_bytes()).unwrap();
    let beat = form.beat.unwrap();
    assert_eq!((beat.monitor, beat.message.as_str(), beat.ping, beat.at), (4, "a&b", Some(1.5), None));
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("msg", "[Plex] [Up]")
        .append_pair("heartbeat", r#"{"monitorID":2,"status":1}"#)
        .append_pair("monitor", r#"{"name":"Plex"}"#)
        .finish();
    let get = Webhook::from_query(&query).unwrap();
    let beat = get.beat.unwrap();
    assert_eq!((beat.state, beat.name.as_deref()), (State::Up, Some("Plex")));
}

#[test]
fn what_is_no_notification_is_refused_without_a_panic() {
    let deep = "[".repeat(100_000);
    for (content_type, body) in [
        ("application/json", &b""[..]),
        ("application/json", b"{}"),
        ("application/json", b"null"),
        ("application/json", b"[1]"),
        ("application/json", b"<html>"),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"{\"heartbeat\":null,\"monitor\":null}"),
        ("application/json", deep.as_bytes()),
        ("multipart/form-data", b"--x\r\n\r\n{}"),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{\r\n--x--",
        ),
        ("multipart/form-data; boundary=", b"anything"),
        ("application/x-www-form-urlencoded", b"data=%7B"),
        ("", b"data"),
    ] {
        let refused = Webhook::from_body(content_type, body);
        assert_eq!(
            refused,
            Err(Malformed),
            "{content_type} {:?}",
            String::from_utf8_lossy(&body[..body.len().min(60)])
        );
    }
    assert_eq!(Webhook::from_query(""), Err(Malformed));
    let odd = br#"{"heartbeat":{"monitorID":{},"status":0},"msg":"\u0007x"}"#;
    assert_eq!(Webhook::from_body("", odd), Ok(Webhook { beat: None, message: " x".into() }));
}

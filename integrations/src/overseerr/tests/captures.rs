//! Every recorded answer, whether we make the call or not.

use serde_json::Value;

use super::support::{Capture, folder};
use crate::overseerr::webhook::{NotificationType, Webhook};
use crate::overseerr::wire::{RequestWire, UserWire};
use domain::request::RemoteRequest;

/// Everything in `value` that is a request, a user or a card must be read as one.
fn read_all(value: &Value, found: &mut [usize; 3]) {
    match value {
        Value::Object(object) => {
            let has = |names: &[&str]| names.iter().all(|name| object.contains_key(*name));
            if has(&["requestedBy", "media", "is4k"]) {
                let wire: RequestWire = serde_json::from_value(value.clone()).unwrap();
                let request = wire.into_request().unwrap_or_else(|| panic!("no request: {value}"));
                assert!(!matches!(request.status, RemoteRequest::Other(_)), "{value}");
                assert!(request.created_at.is_some() && request.requested_by.is_some(), "{value}");
                found[0] += 1;
            }
            if has(&["plexUsername", "userType", "id"]) {
                let wire: UserWire = serde_json::from_value(value.clone()).unwrap();
                let user = wire.into_user().unwrap_or_else(|| panic!("no user: {value}"));
                assert!(!user.name.starts_with("User "), "{value}");
                found[1] += 1;
            }
            if has(&["mediaType", "posterPath", "overview"]) && !has(&["backdropPath", "seasons"]) {
                let page = serde_json::json!({ "results": [value] });
                let wire: crate::titles::TitlesWire = serde_json::from_value(page).unwrap();
                let titles = wire.into_titles(None).titles;
                assert_eq!(titles.len(), 1, "{value}");
                assert!(titles[0].poster.is_some() && titles[0].year.is_some(), "{value}");
                found[2] += 1;
            }
            object.values().for_each(|value| read_all(value, found));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| read_all(entry, found)),
        _ => {}
    }
}

#[test]
fn every_request_user_and_title_that_was_recorded_is_read() {
    let captures = Capture::all();
    let mut found = [0; 3];

    captures.iter().for_each(|capture| read_all(&capture.body, &mut found));

    assert_eq!(captures.len(), 148);
    assert!(found.iter().all(|count| *count > 30), "{found:?}");
}

#[test]
fn every_webhook_that_was_recorded_is_read() {
    let mut kinds = Vec::new();
    for file in std::fs::read_dir(folder().join("webhooks")).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().to_string_lossy().into_owned();
        if name.starts_with("default-webhook-template") {
            continue;
        }
        let wire: Value = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();

        let webhook = Webhook::parse(wire["body"].to_string().as_bytes()).expect(&name);

        assert!(!matches!(webhook.notification_type, NotificationType::Other(_)), "{name}");
        let is_test = webhook.notification_type == NotificationType::Test;
        assert_eq!(webhook.tmdb_id.is_none() && webhook.media_type.is_none(), is_test, "{name}");
        assert_eq!(webhook.request_id.is_some(), wire["body"]["request"].is_object(), "{name}");
        assert_eq!(webhook.issue_id.is_some(), wire["body"]["issue"].is_object(), "{name}");
        assert_eq!(webhook.comment.is_some(), wire["body"]["comment"].is_object(), "{name}");
        kinds.push(format!("{:?}", webhook.notification_type));
    }
    assert_eq!(kinds.len(), 23);
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds.len(), 11, "{kinds:?}");
}

#[test]
fn the_template_of_both_families_has_what_we_read() {
    for family in ["overseerr", "seerr"] {
        let file = folder().join(format!("webhooks/default-webhook-template.{family}.json"));
        let theirs: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let ours: Value = serde_json::from_str(include_str!("../webhook-template.json")).unwrap();
        for (key, value) in ours.as_object().unwrap() {
            match value.as_object() {
                None => assert_eq!(&theirs[key], value, "{family} {key}"),
                Some(fields) => {
                    fields
                        .iter()
                        .for_each(|(name, value)| assert_eq!(&theirs[key][name], value, "{key} {name}"));
                }
            }
        }
    }
}

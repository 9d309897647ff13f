//! The messages of the socket, as they come.

use serde::Deserialize;

use super::super::loose::{list, number, text};
use super::{Change, Notice};

const LIBRARY: &str = "com.plexapp.plugins.library";
const SCAN: &str = "library.update.section";

/// What matters in a message; nothing when it makes no sense.
pub(super) fn notices(message: &str) -> Vec<Notice> {
    let Ok(Message { container }) = serde_json::from_str(message) else { return Vec::new() };
    let items = container.timeline.into_iter().filter_map(of_timeline);
    let activities = container.activity.into_iter().filter_map(of_activity);
    let statuses = container.status.into_iter().filter_map(of_status);
    items.chain(activities).chain(statuses).collect()
}

fn of_timeline(entry: TimelineEntry) -> Option<Notice> {
    if entry.identifier.is_some_and(|identifier| identifier != LIBRARY) {
        return None;
    }
    let is_deleted = entry.kind == Some(-1)
        || entry.state == Some(9)
        || entry.metadata_state.as_deref() == Some("deleted");
    let change = match entry.state {
        _ if is_deleted => Change::Deleted,
        Some(5) => Change::Settled,
        _ => Change::Underway,
    };
    let section = entry.section_id.filter(|id| !id.starts_with('-')).and_then(|id| id.parse().ok());
    let item = entry.item_id.and_then(|id| id.parse().ok());
    Some(Notice::Item { section, item, change })
}

fn of_activity(notice: ActivityNotification) -> Option<Notice> {
    let activity = notice.activity.into_iter().next()?;
    if notice.event.as_deref() != Some("ended") || activity.kind.as_deref() != Some(SCAN) {
        return None;
    }
    let context = activity.context.into_iter().next().unwrap_or_default();
    Some(Notice::Scanned { section: context.section_id.and_then(|id| id.parse().ok()) })
}

fn of_status(status: StatusNotification) -> Option<Notice> {
    let is_scan = status.name.as_deref() == Some("LIBRARY_UPDATE");
    is_scan.then_some(Notice::Scanned { section: None })
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(rename = "NotificationContainer")]
    container: Container,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Container {
    #[serde(rename = "TimelineEntry", deserialize_with = "list")]
    timeline: Vec<TimelineEntry>,
    #[serde(rename = "ActivityNotification", deserialize_with = "list")]
    activity: Vec<ActivityNotification>,
    #[serde(rename = "StatusNotification", deserialize_with = "list")]
    status: Vec<StatusNotification>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TimelineEntry {
    #[serde(deserialize_with = "text")]
    identifier: Option<String>,
    #[serde(rename = "sectionID", deserialize_with = "text")]
    section_id: Option<String>,
    #[serde(rename = "itemID", deserialize_with = "text")]
    item_id: Option<String>,
    #[serde(rename = "type", deserialize_with = "number")]
    kind: Option<i64>,
    #[serde(deserialize_with = "number")]
    state: Option<i64>,
    #[serde(deserialize_with = "text")]
    metadata_state: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ActivityNotification {
    #[serde(deserialize_with = "text")]
    event: Option<String>,
    #[serde(rename = "Activity", deserialize_with = "list")]
    activity: Vec<Activity>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Activity {
    #[serde(rename = "type", deserialize_with = "text")]
    kind: Option<String>,
    #[serde(rename = "Context", deserialize_with = "list")]
    context: Vec<Context>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Context {
    #[serde(rename = "librarySectionID", deserialize_with = "text")]
    section_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StatusNotification {
    #[serde(rename = "notificationName", deserialize_with = "text")]
    name: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn timeline(entry: serde_json::Value) -> Vec<Notice> {
        let message =
            json!({ "NotificationContainer": { "type": "timeline", "size": 1, "TimelineEntry": [entry] } });
        notices(&message.to_string())
    }

    fn item(section: &str, item: &str, change: Change) -> Vec<Notice> {
        vec![Notice::Item { section: section.parse().ok(), item: item.parse().ok(), change }]
    }

    #[test]
    fn ids_are_text_or_numbers() {
        for entry in [
            json!({ "identifier": LIBRARY, "sectionID": "3", "itemID": "101", "type": 1, "state": 5 }),
            json!({ "identifier": LIBRARY, "sectionID": 3, "itemID": 101, "type": "1", "state": "5" }),
            json!({ "sectionID": 3, "itemID": 101, "state": 5, "title": "<b>", "new": [] }),
        ] {
            assert_eq!(timeline(entry), item("3", "101", Change::Settled));
        }
    }

    #[test]
    fn a_deletion_is_known_by_any_of_its_signs() {
        for entry in [
            json!({ "sectionID": "3", "itemID": "101", "type": 1, "state": 9, "metadataState": "deleted" }),
            json!({ "sectionID": "3", "itemID": "101", "type": -1, "state": 1 }),
            json!({ "sectionID": "3", "itemID": "101", "metadataState": "deleted" }),
        ] {
            assert_eq!(timeline(entry), item("3", "101", Change::Deleted));
        }
    }

    #[test]
    fn a_state_that_is_not_the_last_is_under_way_also_one_that_nobody_knows() {
        for state in [0, 1, 2, 3, 4, 17, -3] {
            let entry = json!({ "sectionID": "3", "itemID": "101", "type": 12, "state": state });
            assert_eq!(timeline(entry), item("3", "101", Change::Underway), "{state}");
        }
        assert_eq!(
            timeline(json!({ "sectionID": -1, "state": 5 })),
            [Notice::Item { section: None, item: None, change: Change::Settled }]
        );
    }

    #[test]
    fn a_scan_that_ends_is_noticed() {
        let ended = json!({ "NotificationContainer": { "type": "activity", "ActivityNotification": [{
            "event": "ended",
            "Activity": { "type": SCAN, "title": "Scanning", "Context": { "librarySectionID": "3" } },
        }] } });
        let status = json!({ "NotificationContainer": { "type": "status", "StatusNotification": {
            "title": "Library scan complete", "notificationName": "LIBRARY_UPDATE",
        } } });

        assert_eq!(notices(&ended.to_string()), [Notice::Scanned { section: "3".parse().ok() }]);
        assert_eq!(notices(&status.to_string()), [Notice::Scanned { section: None }]);
    }

    #[test]
    fn what_does_not_matter_is_dropped() {
        for message in [
            r#"{"NotificationContainer":{"type":"playing","PlaySessionStateNotification":[{"state":"playing"}]}}"#,
            r#"{"NotificationContainer":{"type":"timeline","TimelineEntry":[{"identifier":"tv.plex.provider","state":5}]}}"#,
            r#"{"NotificationContainer":{"type":"activity","ActivityNotification":[{"event":"updated","Activity":{"type":"library.update.section"}}]}}"#,
            r#"{"NotificationContainer":{"type":"activity","ActivityNotification":[{"event":"ended","Activity":{"type":"media.generate"}}]}}"#,
            r#"{"NotificationContainer":{"size":0}}"#,
            r#"{"NotificationContainer":null}"#,
            "{}",
            "",
            "not JSON",
            "<html>",
        ] {
            assert_eq!(notices(message), [], "{message}");
        }
    }
}

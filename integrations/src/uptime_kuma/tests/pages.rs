use serde_json::{Value, json};

use super::{Stage, recorded};
use crate::Error;
use crate::uptime_kuma::{Beats, State, StatusPage};

async fn page(body: Value) -> StatusPage {
    Stage::answering(200, body.to_string()).await.kuma.status_page("home").await.unwrap().unwrap()
}

#[tokio::test]
async fn the_recorded_page_has_its_groups_its_incident_and_its_work() {
    let page = page(serde_json::from_slice(&recorded("status-page.json")).unwrap()).await;

    assert_eq!(page.title.as_deref(), Some("Household"));
    let groups: Vec<(&str, usize)> =
        page.groups.iter().map(|group| (group.name.as_str(), group.monitors.len())).collect();
    assert_eq!(groups, [("Media", 3), ("Other", 8)]);
    assert_eq!((page.groups[0].monitors[1].id, page.groups[0].monitors[1].name.as_str()), (2, "Plex"));
    assert_eq!(page.groups[0].monitors[1].cert_days, None, "empty text is no number");
    let incident = &page.incidents[0];
    assert_eq!((incident.title.as_str(), incident.style.as_str()), ("Example incident", "warning"));
    assert_eq!(incident.created_at.unwrap().to_rfc3339(), "2026-11-22T15:27:00Z");
    assert_eq!((page.maintenance[0].title.as_str(), page.maintenance[0].is_now), ("Disk swap", true));
}

#[tokio::test]
async fn before_2_1_there_is_one_incident_or_none() {
    let incident = json!({"id": 1, "style": "info", "title": "Old", "content": "x", "createdDate": "2024-01-01 10:00:00"});
    let old = page(json!({"config": {"title": "t"}, "incident": incident, "publicGroupList": []})).await;
    assert_eq!((old.incidents.len(), old.incidents[0].title.as_str()), (1, "Old"));
    let none =
        page(json!({"config": {}, "incident": null, "publicGroupList": [], "maintenanceList": []})).await;
    assert_eq!(none, StatusPage::default());
    let over =
        json!([{"title": "Over", "active": false}, {"title": "Open", "active": 1}, {"active": true}, null]);
    let new = page(json!({"config": {}, "incidents": over})).await;
    assert_eq!(new.incidents.iter().map(|incident| incident.title.as_str()).collect::<Vec<_>>(), ["Open"]);
}

#[tokio::test]
async fn planned_work_has_its_time_and_is_forgotten_when_it_is_over() {
    let work = json!([
        {"title": "Tonight", "status": "scheduled", "timeslotList":
            [{"startDate": "2026-11-22 23:00:00", "endDate": "2026-11-23T00:30:00.000Z"}]},
        {"title": "Done", "status": "ended"}, {"title": "Off", "status": "inactive"},
    ]);
    let page = page(json!({"config": {}, "maintenanceList": work})).await;
    assert_eq!(page.maintenance.len(), 1);
    let tonight = &page.maintenance[0];
    assert!(!tonight.is_now && tonight.starts_at.unwrap() < tonight.ends_at.unwrap());
}

#[tokio::test]
async fn recorded_beats_are_read_oldest_first_with_all_four_states() {
    let early =
        Stage::answering(200, recorded("status-page-heartbeat.json")).await.kuma.beats("home").await.unwrap();
    assert_eq!(early.beats[&9].len(), 0, "a push monitor that never reported");
    assert_eq!(early.uptime_day[&9], 0.0);
    assert_eq!(early.beats[&2][0].ping, Some(12.0));

    let late = recorded("status-page-heartbeat-after-outages.json");
    let late = Stage::answering(200, late).await.kuma.beats("home").await.unwrap();
    let states: Vec<State> = late.beats.values().flatten().map(|beat| beat.state).collect();
    for state in [State::Down, State::Up, State::Pending, State::Maintenance] {
        assert!(states.contains(&state), "{state:?}");
    }
    assert!(late.beats.values().all(|beats| beats.len() <= 100 && beats.is_sorted_by_key(|beat| beat.at)));
    assert!(
        late.beats
            .values()
            .flatten()
            .filter(|beat| beat.state == State::Down)
            .all(|beat| beat.ping.is_none())
    );
}

#[tokio::test]
async fn an_unknown_slug_is_no_page_and_no_beats() {
    let unknown = Stage::answering(404, r#"{"status":"fail","msg":"Status Page Not Found"}"#).await;
    assert_eq!(unknown.kuma.status_page("nope").await, Ok(None));
    assert_eq!(unknown.gate.view().unwrap().failures, 0);
    let empty = Stage::answering(200, r#"{"heartbeatList":{},"uptimeList":{}}"#).await;
    assert_eq!(empty.kuma.beats("nope").await, Ok(Beats::default()));
    for slug in ["", "../admin", "a/b", "a?x=1", "a b", &"x".repeat(200)] {
        assert_eq!(empty.kuma.status_page(slug).await, Ok(None), "{slug}");
    }
}

#[tokio::test]
async fn more_beats_than_promised_are_cut_and_odd_ones_left_out() {
    let beat = |n: usize| json!({"status": 1, "time": format!("2026-11-22 15:{:02}:{:02}", n / 60, n % 60), "ping": n});
    let many: Vec<Value> = (0..500).map(beat).collect();
    let body = json!({"heartbeatList": {"1": many, "x": [], "2": [null, {"status": "up"}, {"status": 9, "time": "2026-11-22 15:00:00"}]},
        "uptimeList": {"1_24": 0.5, "1_720": 0.4, "2_24": 7, "x": 1}});
    let beats = Stage::answering(200, body.to_string()).await.kuma.beats("home").await.unwrap();
    assert_eq!((beats.beats[&1].len(), beats.beats[&1][99].ping), (100, Some(499.0)));
    assert_eq!(beats.beats[&2].iter().map(|beat| beat.state).collect::<Vec<_>>(), [State::Other(9)]);
    assert_eq!(beats.uptime_day.into_iter().collect::<Vec<_>>(), [(1, 0.5)]);
}

#[tokio::test]
async fn what_is_no_page_is_garbled() {
    for body in ["", "<html>secret</html>", "[]", "{}", "{\"config\":", "null"] {
        let stage = Stage::answering(200, body).await;
        for error in [stage.kuma.status_page("home").await.err(), stage.kuma.beats("home").await.err()] {
            let error = error.expect(body);
            assert!(matches!(error, Error::Garbled { .. } | Error::CircuitOpen { .. }), "{body}: {error}");
            assert!(!error.to_string().contains("secret"));
        }
    }
}

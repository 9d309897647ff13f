use integrations::uptime_kuma::{Beat, Group, MonitorKey, State};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn series(key: i64, state: State) -> Monitor {
    Monitor {
        key: MonitorKey::Id(key),
        name: format!("Monitor {key}"),
        kind: "http".into(),
        state,
        ping: Some(12.4),
        uptime_day: Some(0.5),
        uptime_month: None,
        uptime_year: None,
        cert_days: None,
        is_cert_valid: None,
    }
}

fn metrics(states: &[(i64, State)]) -> Metrics {
    let monitors = states.iter().map(|&(key, state)| series(key, state)).collect();
    Metrics { monitors, started_at: None }
}

fn alert(monitor: i64, state: State, at: Timestamp) -> AlertBeat {
    AlertBeat { monitor, name: None, kind: None, state, at: Some(at), message: "refused".into(), ping: None }
}

fn status(ledger: &Ledger, key: &str) -> (ServiceStatus, bool) {
    let watch = &ledger.watches[key];
    (watch.known.status, watch.is_stale)
}

fn page(ids: &[i64], ages: &[u64]) -> (StatusPage, Beats) {
    let monitor =
        |&id: &i64| PageMonitor { id, name: format!("Monitor {id}"), kind: "http".into(), cert_days: None };
    let group = Group { name: "Home".into(), monitors: ids.iter().map(monitor).collect() };
    let beat =
        |age: &u64| Beat { state: State::Up, at: Timestamp::now() - Duration::from_secs(*age), ping: None };
    let beats = ids.iter().map(|id| (*id, ages.iter().map(beat).collect())).collect();
    (StatusPage { groups: vec![group], ..StatusPage::default() }, Beats { beats, ..Beats::default() })
}

#[tokio::test(start_paused = true)]
async fn the_first_sight_is_no_turn_and_every_other_is() {
    let mut ledger = Ledger::default();
    assert!(ledger.take_metrics(&metrics(&[(1, State::Down)]), Instant::now()).is_empty());

    let turns = ledger.take_metrics(&metrics(&[(1, State::Up)]), Instant::now());

    assert_eq!((turns[0].from, turns[0].change.status), (ServiceStatus::Down, ServiceStatus::Up));
    let news = ledger.take_news();
    assert_eq!((news.seen.len(), news.changes.len(), news.sums[0].up, news.sums[0].down), (1, 1, 1, 1));
    assert!(ledger.take_news().is_empty());
    ledger.give_back(news.clone());
    assert_eq!(ledger.take_news(), news, "nothing is lost while the store is away");
}

#[tokio::test(start_paused = true)]
async fn a_webhook_is_ahead_of_the_metrics_and_then_they_are_right() {
    let mut ledger = Ledger::default();
    let up = metrics(&[(1, State::Up)]);
    ledger.take_metrics(&up, Instant::now());
    let asked_before = Instant::now();
    let now = Timestamp::now();

    let turn = ledger.take_alert(&alert(1, State::Down, now)).unwrap();

    assert_eq!((turn.change.status, turn.change.message.as_deref()), (ServiceStatus::Down, Some("refused")));
    assert!(ledger.take_metrics(&up, asked_before).is_empty(), "older than the webhook");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(ledger.take_metrics(&up, Instant::now()).is_empty(), "not stored there yet");
    assert_eq!(status(&ledger, "1"), (ServiceStatus::Down, false));
    tokio::time::advance(AHEAD).await;
    let turns = ledger.take_metrics(&up, Instant::now());
    assert_eq!(turns[0].change.status, ServiceStatus::Up, "the way back was missed");
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_comes_twice_or_late_changes_nothing() {
    let mut ledger = Ledger::default();
    ledger.take_metrics(&metrics(&[(1, State::Up)]), Instant::now());
    let now = Timestamp::now() - Duration::from_secs(10);

    assert!(ledger.take_alert(&alert(1, State::Down, now)).is_some());
    assert_eq!(ledger.take_alert(&alert(1, State::Down, now)), None, "again");
    assert!(ledger.take_alert(&alert(1, State::Up, now + Duration::from_secs(5))).is_some());
    assert_eq!(ledger.take_alert(&alert(1, State::Down, now + Duration::from_secs(1))), None, "out of order");
    assert_eq!(status(&ledger, "1"), (ServiceStatus::Up, false));
    let ahead = alert(1, State::Down, Timestamp::now() + Duration::from_secs(9999));
    assert!(ledger.take_alert(&ahead).is_some(), "a clock that is ahead");
    tokio::time::advance(AHEAD).await;
    assert_eq!(ledger.take_metrics(&metrics(&[(1, State::Up)]), Instant::now()).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_monitor_without_a_series_is_paused_unless_uptime_kuma_just_started() {
    let mut ledger = Ledger::default();
    let all: Vec<(i64, State)> = (1..=6).map(|id| (id, State::Up)).collect();
    ledger.take_metrics(&metrics(&all), Instant::now());

    let turns = ledger.take_metrics(&metrics(&all[1..]), Instant::now());
    assert_eq!((turns.len(), turns[0].change.status), (1, ServiceStatus::Paused));
    assert_eq!(status(&ledger, "1"), (ServiceStatus::Paused, false));

    assert!(ledger.take_metrics(&metrics(&all[4..]), Instant::now()).is_empty(), "most went at once");
    assert_eq!(status(&ledger, "2"), (ServiceStatus::Up, true));
    assert_eq!(status(&ledger, "6"), (ServiceStatus::Up, false));

    tokio::time::advance(STARTING + MINUTE).await;
    let turns = ledger.take_metrics(&metrics(&all[2..]), Instant::now());
    let paused: Vec<&str> = turns.iter().map(|turn| turn.change.key.as_str()).collect();
    assert_eq!(paused, ["2"], "the others came back in time");
    assert_eq!(status(&ledger, "3"), (ServiceStatus::Up, false));
}

#[tokio::test(start_paused = true)]
async fn it_may_say_itself_that_it_just_started() {
    let known = KnownMonitor {
        key: "1".into(),
        name: "NAS".into(),
        kind: "http".into(),
        status: ServiceStatus::Down,
        since: Timestamp::now(),
        message: None,
        seen_at: Timestamp::now(),
    };
    let mut ledger = Ledger::remembering(vec![known]);
    assert_eq!(status(&ledger, "1"), (ServiceStatus::Down, true), "until it is heard of");

    let young = Metrics { started_at: Some(Timestamp::now() - MINUTE), ..metrics(&[]) };
    ledger.take_metrics(&young, Instant::now());
    assert_eq!(status(&ledger, "1"), (ServiceStatus::Down, true));

    let turns = ledger.take_metrics(&metrics(&[(1, State::Up)]), Instant::now());
    assert_eq!(turns[0].from, ServiceStatus::Down, "it came back while we were away");
}

#[tokio::test(start_paused = true)]
async fn names_stop_being_keys_when_there_are_numbers() {
    let mut ledger = Ledger::default();
    let named = Monitor { key: MonitorKey::Name("Monitor 1".into()), ..series(1, State::Up) };
    ledger.take_metrics(&Metrics { monitors: vec![named], started_at: None }, Instant::now());
    let turn = ledger
        .take_alert(&AlertBeat { name: Some("Monitor 1".into()), ..alert(1, State::Down, Timestamp::now()) });
    assert_eq!(turn.unwrap().change.key, "=Monitor 1");

    ledger.take_metrics(&metrics(&[(1, State::Up)]), Instant::now());

    assert_eq!(ledger.watches.keys().collect::<Vec<_>>(), ["1"]);
    assert_eq!(ledger.take_news().gone, ["=Monitor 1"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_listed_without_a_series_is_paused_and_old_beats_are_stale() {
    let mut ledger = Ledger::default();
    ledger.take_metrics(&metrics(&[(1, State::Up), (3, State::Up)]), Instant::now());
    let (listed, beats) = page(&[1, 2], &[120, 60, 5]);
    assert!(ledger.take_page(listed, beats, Truth::Metrics).is_empty());
    assert_eq!(status(&ledger, "2"), (ServiceStatus::Paused, false), "its last beat says up");
    let (groups, unlisted) = ledger.groups();
    assert_eq!((groups[0].monitors.len(), unlisted.len()), (2, 1));
    assert_eq!(unlisted[0].known.key, "3");

    let (listed, beats) = page(&[1, 4], &[5]);
    assert!(ledger.take_page(listed, beats, Truth::Neither).is_empty());
    assert!(!ledger.watches.contains_key("4"), "nobody says how it is");

    let mut without_key = Ledger::default();
    let (listed, beats) = page(&[1], &[1000, 940, 880]);
    without_key.take_page(listed, beats, Truth::Page);
    assert_eq!(status(&without_key, "1"), (ServiceStatus::Up, true));
    let (listed, beats) = page(&[1], &[120, 60, 5]);
    without_key.take_page(listed, beats, Truth::Page);
    assert_eq!(status(&without_key, "1"), (ServiceStatus::Up, false));
    assert!(without_key.groups().0[0].monitors[0].day.iter().any(|bar| bar.up > 0));
}

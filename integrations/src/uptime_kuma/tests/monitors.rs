use super::{Stage, recorded};
use crate::Error;
use crate::uptime_kuma::{Monitor, MonitorKey, State};

async fn monitors(text: impl Into<bytes::Bytes>) -> Vec<Monitor> {
    Stage::answering(200, text).await.kuma.metrics().await.unwrap().monitors
}

fn find(monitors: &[Monitor], id: i64) -> Option<&Monitor> {
    monitors.iter().find(|monitor| monitor.key == MonitorKey::Id(id))
}

#[tokio::test]
async fn recorded_metrics_are_all_monitors_but_the_paused_one() {
    let monitors = monitors(recorded("metrics.txt")).await;

    assert_eq!(monitors.len(), 11);
    assert_eq!(find(&monitors, 10), None, "paused");
    let plex = find(&monitors, 2).unwrap();
    assert_eq!((plex.name.as_str(), plex.kind.as_str(), plex.state), ("Plex", "http", State::Up));
    assert_eq!((plex.ping, plex.uptime_day), (Some(2.0), Some(0.944_444_444_444_444_4)));
    assert_eq!((plex.cert_days, plex.is_cert_valid), (None, None));
    let push = find(&monitors, 9).unwrap();
    assert_eq!((push.state, push.ping), (State::Down, None), "-1 is no answer");
    assert_eq!(find(&monitors, 11).unwrap().state, State::Maintenance);
    let tls = find(&monitors, 8).unwrap();
    assert_eq!((tls.cert_days, tls.is_cert_valid), (Some(89), Some(false)));
    assert!(find(&monitors, 1).unwrap().is_group() && !plex.is_group());
    assert!(!format!("{monitors:?}").contains("http://"), "addresses may hold passwords");
    let metrics = Stage::answering(200, recorded("metrics.txt")).await.kuma.metrics().await.unwrap();
    assert_eq!(metrics.started_at.unwrap().to_rfc3339(), "2026-11-22T15:29:09Z");
}

#[tokio::test]
async fn before_2_0_a_name_is_the_key_and_the_worst_of_a_name_counts() {
    let text = r#"# HELP monitor_status Monitor Status
# TYPE monitor_status gauge
monitor_status{monitor_name="NAS",monitor_type="http",monitor_url="http://a/",monitor_port="null"} 1
monitor_status{monitor_name="NAS",monitor_type="http",monitor_url="http://b/",monitor_port="null"} 0
monitor_status{monitor_name="NAS",monitor_type="ping",monitor_url="",monitor_port="null"} 3
monitor_status{monitor_name="A \"quoted\" \\ one\nmore",monitor_type="http"} 2
monitor_response_time{monitor_name="NAS",monitor_type="http"} 12
process_cpu_user_seconds_total 9
"#;

    let monitors = monitors(text).await;

    assert_eq!(monitors.len(), 2);
    let nas = monitors.iter().find(|monitor| monitor.name == "NAS").unwrap();
    assert_eq!((nas.key.clone(), nas.state), (MonitorKey::Name("NAS".into()), State::Down));
    assert_eq!((nas.key.to_string(), nas.ping), ("=NAS".to_owned(), Some(12.0)));
    assert_eq!((nas.uptime_day, nas.uptime_year), (None, None), "ratios came with 2.1");
    assert_eq!(monitors[0].name, "A \"quoted\" \\ one more");
}

#[tokio::test]
async fn no_monitors_at_all_is_fine_and_unknown_numbers_survive() {
    assert!(
        monitors("# HELP process_cpu_user_seconds_total x\nprocess_cpu_user_seconds_total 1\n")
            .await
            .is_empty()
    );
    let text = "monitor_status{monitor_id=\"1\",monitor_name=\"a\"} 7\n\
                monitor_status{monitor_id=\"2\",monitor_name=\"b\"} NaN\n\
                monitor_status{monitor_id=\"3\",monitor_name=\"c\"} 1e300\n\
                monitor_uptime_ratio{monitor_id=\"1\",window=\"1d\"} 1.5\n\
                monitor_uptime_ratio{monitor_id=\"1\",window=\"7d\"} 0.5\n\
                monitor_response_time{monitor_id=\"1\"} +Inf\n\
                monitor_status{monitor_id=\"4\"} 1\nmonitor_status{monitor_id=\"5\",monitor_name=\"cut";
    let found = monitors(text).await;
    let states: Vec<State> = found.iter().map(|monitor| monitor.state).collect();
    assert_eq!(states, [State::Other(7), State::Other(-1), State::Other(-1)]);
    assert_eq!((found[0].uptime_day, found[0].ping), (None, None));
}

#[tokio::test]
async fn what_are_no_metrics_is_garbled_and_never_quoted() {
    for body in ["", "<!doctype html><title>secret</title>", "{\"secret\": 1}", "secret\u{0}\u{1}"] {
        let error = Stage::answering(200, body).await.kuma.metrics().await.unwrap_err();
        assert!(matches!(error, Error::Garbled { .. }) && !error.to_string().contains("secret"), "{error}");
    }
    let mut latin =
        b"# TYPE monitor_status gauge\nmonitor_status{monitor_id=\"1\",monitor_name=\"Caf".to_vec();
    latin.extend(b"\xe9\"} 1\n");
    assert_eq!(monitors(latin).await[0].name, "Caf\u{fffd}");
    let endless = vec![b'#'; 9 * 1024 * 1024];
    let error = Stage::answering(200, endless).await.kuma.metrics().await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn thousands_of_monitors_and_long_names_are_cut() {
    let line =
        |id: usize| format!("monitor_status{{monitor_id=\"{id}\",monitor_name=\"{}\"}} 1\n", "n".repeat(500));
    let text: String = (0..3000).map(line).collect();
    let found = monitors(text).await;
    assert_eq!((found.len(), found[0].name.len()), (2000, 120));
}

#[tokio::test]
async fn a_key_that_is_not_taken_is_no_outage() {
    for file in ["metrics-401-noauth.txt", "metrics-401-badkey.txt"] {
        assert!(String::from_utf8(recorded(file)).unwrap().starts_with("HTTP/1.1 401 "), "{file}");
        let stage = Stage::answering(401, "").await;
        let error = stage.kuma.metrics().await.unwrap_err();
        assert!(matches!(error, Error::AccessDenied { status: 401, .. }), "{error}");
        assert_eq!(stage.gate.view().unwrap().failures, 0);
    }
}

//! Monitors that somebody else keeps.

use std::time::Duration;

use domain::Timestamp;
use domain::event::{Event, Tone};
use domain::monitor::{KnownMonitor, MonitorBar, MonitorChange, MonitorSums};
use domain::service::{ServiceKind, ServiceName, ServiceStatus};
use store::{Error, MonitorNews, NewService};

use crate::house::{House, contract};

const TEN_MINUTES: Duration = Duration::from_secs(600);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn kuma(house: &House) -> ServiceName {
    let new = NewService {
        name: "kuma".parse().unwrap(),
        kind: ServiceKind::UptimeKuma,
        url: "http://10.0.0.7:3001".into(),
        interval: Duration::from_secs(20),
        timeout: None,
        api_key: None,
        enabled: true,
    };
    house.write.create_service(&new).await.unwrap().name
}

fn monitor(key: &str, status: ServiceStatus, since: Timestamp) -> KnownMonitor {
    let message = (status != ServiceStatus::Up).then(|| "no answer".to_owned());
    KnownMonitor {
        key: key.into(),
        name: format!("Monitor {key}"),
        kind: "http".into(),
        status,
        since,
        message,
        seen_at: since,
    }
}

fn change(key: &str, status: ServiceStatus, at: Timestamp) -> MonitorChange {
    MonitorChange { key: key.into(), name: format!("Monitor {key}"), at, status, message: None }
}

fn sums(key: &str, at: Timestamp, up: u32, down: u32) -> MonitorSums {
    MonitorSums { up, down, ping_sum_ms: u64::from(up) * 20, ping_count: up, ..MonitorSums::new(key, at) }
}

/// The start of the ten minutes before the present ones.
fn ten_minutes_ago() -> Timestamp {
    let span = TEN_MINUTES.as_millis() as i64;
    Timestamp::from_millis((Timestamp::now().as_millis() / span - 1) * span)
}

contract! {
    async fn a_monitor_is_kept_as_it_was_last_seen(house: House) {
        let (kuma, at) = (kuma(house).await, ten_minutes_ago());
        let [up, down] = [monitor("=Müller \"NAS\"", ServiceStatus::Up, at), monitor("2", ServiceStatus::Down, at)];
        let news = MonitorNews { seen: vec![up.clone(), down.clone()], ..MonitorNews::default() };
        house.write.record_monitors(&kuma, &news).await.unwrap();
        assert_eq!(house.read.monitors(&kuma).await.unwrap(), [down.clone(), up.clone()]);

        let back = monitor("2", ServiceStatus::Up, at + TEN_MINUTES);
        let news = MonitorNews { seen: vec![back.clone()], gone: vec![up.key], ..MonitorNews::default() };
        house.write.record_monitors(&kuma, &news).await.unwrap();
        assert_eq!(house.read.monitors(&kuma).await.unwrap(), [back]);

        house.write.delete_service(&kuma).await.unwrap();
        assert!(house.read.monitors(&kuma).await.unwrap().is_empty());
        assert!(matches!(house.write.record_monitors(&kuma, &news).await, Err(Error::NotFound("service"))));
    }

    async fn turns_are_listed_newest_first_and_counted_once(house: House) {
        let (kuma, at) = (kuma(house).await, ten_minutes_ago());
        let changes = vec![change("2", ServiceStatus::Down, at), change("3", ServiceStatus::Up, at + TEN_MINUTES)];
        let news = MonitorNews { changes: changes.clone(), ..MonitorNews::default() };
        for _ in 0..2 {
            house.write.record_monitors(&kuma, &news).await.unwrap();
        }
        assert_eq!(house.read.monitor_changes(&kuma, 10).await.unwrap(), [changes[1].clone(), changes[0].clone()]);
        assert_eq!(house.read.monitor_changes(&kuma, 1).await.unwrap().len(), 1);
    }

    async fn looks_add_up_to_bars_and_to_an_uptime(house: House) {
        let (kuma, at) = (kuma(house).await, ten_minutes_ago());
        let minute = Duration::from_secs(60);
        for sums in [sums("2", at, 3, 0), sums("2", at + minute, 0, 1), sums("2", at + TEN_MINUTES, 4, 0)] {
            house.write.record_monitors(&kuma, &MonitorNews { sums: vec![sums], ..MonitorNews::default() }).await.unwrap();
        }
        let work = MonitorSums { maintenance: 2, pending: 2, ..MonitorSums::new("3", at) };
        house.write.record_monitors(&kuma, &MonitorNews { sums: vec![work], ..MonitorNews::default() }).await.unwrap();

        let bars = house.read.monitor_bars(&kuma, at - TEN_MINUTES, at + TEN_MINUTES * 2, 3).await.unwrap();
        let bar = |up, down, ping_ms| MonitorBar { up, down, ping_ms, ..MonitorBar::default() };
        assert_eq!(bars["2"], [bar(0, 0, None), bar(3, 1, Some(20)), bar(4, 0, Some(20))]);
        let work = MonitorBar { maintenance: 2, pending: 2, ..MonitorBar::default() };
        assert_eq!(bars["3"][1], work);

        for since in [Timestamp::now() - DAY, Timestamp::now() - DAY * 30] {
            let uptimes = house.read.monitor_uptimes(&kuma, since).await.unwrap();
            assert_eq!(uptimes.into_iter().collect::<Vec<_>>(), [("2".to_owned(), 0.875), ("3".to_owned(), 0.5)]);
        }
    }

    async fn old_sums_and_turns_are_forgotten(house: House) {
        let (kuma, at) = (kuma(house).await, ten_minutes_ago());
        let (long_ago, last_month) = (at - DAY * 500, at - DAY * 30);
        let news = MonitorNews {
            changes: vec![change("2", ServiceStatus::Down, at - DAY * 91), change("2", ServiceStatus::Up, at)],
            sums: vec![sums("2", long_ago, 0, 1), sums("2", last_month, 0, 1), sums("2", at, 1, 0)],
            ..MonitorNews::default()
        };
        house.write.record_monitors(&kuma, &news).await.unwrap();

        // A turn, the day of long ago, and the ten minutes of both.
        assert_eq!(house.write.purge_monitors(Timestamp::now()).await.unwrap(), 4);

        assert_eq!(house.read.monitor_changes(&kuma, 10).await.unwrap().len(), 1);
        assert_eq!(house.read.monitor_uptimes(&kuma, long_ago).await.unwrap()["2"], 0.5);
    }

    async fn a_word_to_the_admins_reaches_each_of_them_and_nobody_else(house: House) {
        let [ana, ben] = [house.admin("ana").await, house.admin("ben").await];
        let member = house.member("tim").await;
        let before = house.read.outbox_pending(100).await.unwrap().len();

        house.write.tell_admins(Tone::Bad, "NAS is down", "no answer").await.unwrap();

        for (user, unread) in [(ana.id, 1), (ben.id, 1), (member.id, 0)] {
            assert_eq!(house.read.unread_notifications(user).await.unwrap(), unread);
        }
        let told = house.read.outbox_pending(100).await.unwrap().split_off(before);
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|row| matches!(&row.event, Some(Event::Notified { title, .. }) if title == "NAS is down")));
    }
}

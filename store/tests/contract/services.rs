//! Services, what was seen of them, and the events that tell of it.

use std::time::Duration;

use domain::event::{Event, Tone};
use domain::service::{Heartbeat, ServiceKind, ServiceName, ServiceStatus, UptimeBar};
use domain::{Secret, Timestamp};
use store::{Conflict, Error, NewService, ServicePatch};

use crate::house::{House, contract};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn name(text: &str) -> ServiceName {
    text.parse().unwrap()
}

fn new(text: &str, kind: ServiceKind) -> NewService {
    NewService {
        name: name(text),
        kind,
        url: format!("http://10.0.0.7/{text}"),
        interval: Duration::from_secs(20),
        timeout: None,
        api_key: None,
        enabled: true,
    }
}

fn beat(at: Timestamp, status: ServiceStatus, latency_ms: Option<u32>) -> Heartbeat {
    Heartbeat { at, status, latency_ms, message: latency_ms.is_none().then(|| "no answer".to_owned()) }
}

/// The start of the hour before the present one, so that sums do not straddle anything.
fn an_hour_ago() -> Timestamp {
    let hour = HOUR.as_millis() as i64;
    Timestamp::from_millis((Timestamp::now().as_millis() / hour - 1) * hour)
}

contract! {
    async fn a_service_is_configured_changed_and_forgotten(house: House) {
        let made = house.write.create_service(&new("nas", ServiceKind::Http)).await.unwrap();
        assert_eq!((made.status, made.version), (ServiceStatus::Unknown, 1));
        assert_eq!(house.read.service(&made.name).await.unwrap(), Some(made.clone()));

        let patch = ServicePatch {
            interval: Some(Duration::from_secs(5)),
            timeout: Some(Some(Duration::from_secs(1))),
            enabled: Some(false),
            config: Some(serde_json::json!({ "slug": "house" })),
            ..ServicePatch::default()
        };
        let changed = house.write.update_service(&made.name, &patch).await.unwrap();
        assert_eq!((changed.status, changed.version, changed.enabled), (ServiceStatus::Paused, 2, false));
        assert_eq!(changed.timeout, Some(Duration::from_secs(1)));
        assert_eq!(changed.config["slug"], "house");
        assert_eq!(house.read.services().await.unwrap(), [changed]);

        house.write.delete_service(&made.name).await.unwrap();
        assert_eq!(house.read.service(&made.name).await.unwrap(), None);
        assert!(matches!(house.write.delete_service(&made.name).await, Err(Error::NotFound("service"))));
        let versions: Vec<_> = house.read.outbox_pending(10).await.unwrap().into_iter().filter_map(|row| row.event).collect();
        assert_eq!(versions, [1, 2, 3].map(|version| Event::service_changed(&made.name, version)));
    }

    async fn a_household_has_one_plex_but_many_web_services(house: House) {
        for web in ["nas", "printer"] {
            house.write.create_service(&new(web, ServiceKind::Http)).await.unwrap();
        }
        house.write.create_service(&new("plex", ServiceKind::Plex)).await.unwrap();

        let second = house.write.create_service(&new("plex-2", ServiceKind::Plex)).await;
        assert!(matches!(second, Err(Error::Conflict(Conflict::ServiceKindTaken))));
        let same = house.write.create_service(&new("nas", ServiceKind::Http)).await;
        assert!(matches!(same, Err(Error::Conflict(Conflict::ServiceNameTaken))));
        assert_eq!(house.read.services().await.unwrap().len(), 3);
    }

    async fn an_api_key_is_encrypted_for_its_own_row(house: House) {
        let with_key = |text| NewService { api_key: Some(Secret::new(format!("key of {text}"))), ..new(text, ServiceKind::Http) };
        let (nas, printer) = (name("nas"), name("printer"));
        assert!(house.write.create_service(&with_key("nas")).await.unwrap().has_api_key);
        house.write.create_service(&with_key("printer")).await.unwrap();

        assert_eq!(house.read.service_secret(&nas).await.unwrap().unwrap().expose(), "key of nas");
        assert_eq!(house.sabotage("UPDATE service_config SET service_url = 'x' WHERE api_key LIKE '%key of%'").await.unwrap(), 0);

        house.sabotage("UPDATE service_config SET api_key = (SELECT api_key FROM service_config WHERE service_name = 'printer')").await.unwrap();
        assert!(matches!(house.read.service_secret(&nas).await, Err(Error::Unreadable("api_key"))));
        assert_eq!(house.read.service_secret(&printer).await.unwrap().unwrap().expose(), "key of printer");

        let without = ServicePatch { api_key: Some(None), ..ServicePatch::default() };
        assert!(!house.write.update_service(&nas, &without).await.unwrap().has_api_key);
        assert!(house.read.service_secret(&nas).await.unwrap().is_none());
        assert!(house.read.service_secret(&name("none")).await.unwrap().is_none());
    }

    async fn only_a_change_of_status_is_told(house: House) {
        let nas = house.write.create_service(&new("nas", ServiceKind::Http)).await.unwrap();
        let (first, later) = (nas.since + MINUTE, nas.since + 2 * MINUTE);

        let up = house.write.record_status(&nas.name, ServiceStatus::Up, first, None).await.unwrap();
        let again = house.write.record_status(&nas.name, ServiceStatus::Up, later, None).await.unwrap();

        assert_eq!((up, again), (2, 2));
        let row = house.read.service(&nas.name).await.unwrap().unwrap();
        assert_eq!((row.status, row.since, row.version), (ServiceStatus::Up, first, 2));
        assert_eq!(house.read.outbox_pending(10).await.unwrap().len(), 2);
        let nobody = house.write.record_status(&name("none"), ServiceStatus::Up, later, None).await;
        assert!(matches!(nobody, Err(Error::NotFound("service"))));
    }

    async fn beats_are_counted_once_in_every_sum(house: House) {
        let nas = house.write.create_service(&new("nas", ServiceKind::Http)).await.unwrap().name;
        let start = an_hour_ago();
        let batch: Vec<_> = [
            beat(start, ServiceStatus::Up, Some(10)),
            beat(start + MINUTE / 2, ServiceStatus::Up, Some(30)),
            beat(start + MINUTE, ServiceStatus::Pending, None),
            beat(start + 2 * MINUTE, ServiceStatus::Down, None),
            beat(start + 3 * MINUTE, ServiceStatus::Maintenance, Some(5)),
        ]
        .into_iter()
        .map(|beat| (nas.clone(), beat))
        .chain([(name("gone"), beat(start, ServiceStatus::Up, Some(1)))])
        .collect();

        house.write.record_heartbeats(&batch).await.unwrap();
        house.write.record_heartbeats(&batch).await.unwrap();

        let beats = house.read.beats(&nas, 3).await.unwrap();
        assert_eq!(beats.len(), 3);
        assert_eq!((beats[0].status, beats[2].status), (ServiceStatus::Pending, ServiceStatus::Maintenance));
        assert_eq!(beats[0].message.as_deref(), Some("no answer"));
        let expected = [
            UptimeBar { up: 2, pending: 0, down: 0, latency_ms: Some(20) },
            UptimeBar { up: 0, pending: 1, down: 0, latency_ms: None },
            UptimeBar { up: 0, pending: 0, down: 1, latency_ms: None },
            UptimeBar::default(),
        ];
        assert_eq!(house.read.bars(&nas, start, start + 4 * MINUTE, 4).await.unwrap(), expected);
        let all = UptimeBar { up: 2, pending: 1, down: 1, latency_ms: Some(20) };
        assert_eq!(house.read.bars(&nas, start, start + HOUR, 1).await.unwrap(), [all]);
        assert_eq!(house.read.uptime(&nas, start).await.unwrap(), Some(0.5));
        assert_eq!(house.read.uptime(&nas, start - 10 * 24 * HOUR).await.unwrap(), Some(0.5));
        assert_eq!(house.read.uptime(&nas, start - 200 * 24 * HOUR).await.unwrap(), Some(0.5));
        assert_eq!(house.read.uptime(&nas, start + HOUR).await.unwrap(), None);
    }

    async fn all_services_are_charted_at_once(house: House) {
        let start = an_hour_ago();
        let names = ["a", "b", "c"].map(name);
        for service in &names {
            house.write.create_service(&new(service.as_str(), ServiceKind::Http)).await.unwrap();
        }
        let batch = [
            (names[0].clone(), beat(start, ServiceStatus::Up, Some(10))),
            (names[1].clone(), beat(start + MINUTE, ServiceStatus::Down, None)),
        ];
        house.write.record_heartbeats(&batch).await.unwrap();

        let charts = house.read.bars_all(start, start + 2 * MINUTE, 2).await.unwrap();
        let uptimes = house.read.uptime_all(start).await.unwrap();

        let up = UptimeBar { up: 1, latency_ms: Some(10), ..UptimeBar::default() };
        let down = UptimeBar { down: 1, ..UptimeBar::default() };
        let nothing = UptimeBar::default();
        let [a, b, c] = names;
        assert_eq!(uptimes, [(a.clone(), 1.0), (b.clone(), 0.0)]);
        assert_eq!(charts, [(a, vec![up, nothing]), (b, vec![nothing, down]), (c, vec![nothing, nothing])]);
    }

    async fn what_is_too_old_is_forgotten_and_the_sums_stay_longer(house: House) {
        let nas = house.write.create_service(&new("nas", ServiceKind::Http)).await.unwrap().name;
        let start = an_hour_ago() - 10 * 24 * HOUR;
        house.write.record_heartbeats(&[(nas.clone(), beat(start, ServiceStatus::Up, Some(9)))]).await.unwrap();

        // The heartbeat and the sum of its minute.
        assert_eq!(house.write.purge_heartbeats(Timestamp::now()).await.unwrap(), 2);

        assert!(house.read.beats(&nas, 10).await.unwrap().is_empty());
        assert_eq!(house.read.uptime(&nas, start).await.unwrap(), Some(1.0));
        let bars = house.read.bars(&nas, start - HOUR, start + HOUR, 2).await.unwrap();
        assert_eq!(bars.iter().map(|bar| bar.up).sum::<u32>(), 1);
        house.write.delete_service(&nas).await.unwrap();
        assert!(house.read.uptime_all(start).await.unwrap().is_empty());
    }

    async fn odd_charts_are_drawn_without_a_panic(house: House) {
        let nas = house.write.create_service(&new("nas", ServiceKind::Http)).await.unwrap().name;
        let now = Timestamp::now();
        house.write.record_heartbeats(&[(nas.clone(), beat(now, ServiceStatus::Up, Some(9)))]).await.unwrap();

        assert_eq!(house.read.bars(&nas, now, now, 0).await.unwrap().len(), 1);
        assert_eq!(house.read.bars(&nas, now, now - HOUR, 5).await.unwrap().len(), 1);
        assert_eq!(house.read.bars(&nas, now - HOUR, now, 100_000).await.unwrap().len(), 60);
        assert_eq!(house.read.bars(&nas, Timestamp::from_millis(0), now, 48).await.unwrap().len(), 48);
    }

    async fn a_late_commit_is_not_skipped_by_the_outbox(house: House) {
        let ana = house.member("ana").await;
        let word = |body: &str| Event::Notified { user: ana.id, tone: Tone::Info, title: "hello".to_owned(), body: body.to_owned() };
        let mut changed = house.store.changed();
        for body in ["one", "two", "three"] {
            house.write.announce(&word(body)).await.unwrap();
        }
        changed.changed().await.unwrap();

        let rows = house.read.outbox_pending(2).await.unwrap();
        assert_eq!(rows.iter().filter_map(|row| row.event.as_ref()).collect::<Vec<_>>(), [&word("one"), &word("two")]);
        // The second is published first: the first is still found.
        house.write.mark_published(&[rows[1].id]).await.unwrap();
        let rows = house.read.outbox_pending(10).await.unwrap();
        assert_eq!(rows.iter().filter_map(|row| row.event.as_ref()).collect::<Vec<_>>(), [&word("one"), &word("three")]);

        house.write.mark_published(&rows.iter().map(|row| row.id).collect::<Vec<_>>()).await.unwrap();
        assert!(house.read.outbox_pending(10).await.unwrap().is_empty());
        assert_eq!(house.write.purge_outbox(Timestamp::now() + MINUTE).await.unwrap(), 3);
    }

    async fn an_event_of_another_version_holds_nobody_up(house: House) {
        let ana = house.member("ana").await;
        house
            .sabotage("INSERT INTO outbox (event, created_at) VALUES ('{\"type\":\"from-tomorrow\"}', 1)")
            .await
            .unwrap();
        let word = Event::Notified {
            user: ana.id,
            tone: Tone::Info,
            title: "hello".to_owned(),
            body: String::new(),
        };
        house.write.announce(&word).await.unwrap();

        let rows = house.read.outbox_pending(10).await.unwrap();

        assert_eq!(rows.iter().map(|row| row.event.as_ref()).collect::<Vec<_>>(), [None, Some(&word)]);
    }

    async fn a_word_to_one_person_waits_in_their_inbox(house: House) {
        let (ana, bo) = (house.member("ana").await, house.member("bo").await);
        for (user, body) in [(ana.id, "1"), (ana.id, "2"), (ana.id, "3"), (bo.id, "4"), (domain::UserId::generate(), "5")] {
            let event = Event::Notified { user, tone: Tone::Ok, title: "Ready".to_owned(), body: body.to_owned() };
            house.write.announce(&event).await.unwrap();
        }

        let page = house.read.notifications(ana.id, None, 2).await.unwrap();
        assert_eq!(page.items.iter().map(|word| word.body.as_str()).collect::<Vec<_>>(), ["3", "2"]);
        let rest = house.read.notifications(ana.id, page.next.as_ref(), 2).await.unwrap();
        assert_eq!(rest.items.iter().map(|word| word.body.as_str()).collect::<Vec<_>>(), ["1"]);
        assert_eq!((rest.next, rest.items[0].tone), (None, Tone::Ok));

        assert_eq!(house.read.unread_notifications(ana.id).await.unwrap(), 3);
        assert_eq!(house.write.read_notifications(ana.id, Timestamp::now()).await.unwrap(), 3);
        assert_eq!(house.read.unread_notifications(ana.id).await.unwrap(), 0);
        assert_eq!(house.read.unread_notifications(bo.id).await.unwrap(), 1);
        assert_eq!(house.write.purge_notifications(Timestamp::now() + MINUTE).await.unwrap(), 4);
    }
}

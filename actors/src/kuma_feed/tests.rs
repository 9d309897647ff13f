//! The feed with a real store, a real tree, and the stand-in for Uptime Kuma.

use domain::Secret;
use domain::event::Event;
use domain::service::ServiceKind;
use integrations::http::Transport;
use integrations::uptime_kuma::State as KumaState;
use integrations::uptime_kuma::webhook::AlertBeat;
use sandbox::UptimeKuma;
use sandbox::faults::{Fault, Kind};
use sandbox::uptime_kuma::{Generation, Options, Status};
use store::ephemeral::Ephemeral;
use store::{Keyring, NewService, ServicePatch, Store, StoreSettings};

use super::*;
use crate::monitor_board::Monitor;
use crate::runtime::System;
use crate::services::{PATH, Services, Surroundings};
use crate::supervisor::{Blueprint, Root, Tree, start};

const TREE: &str = r#"
name = "medianest"
strategy = "one_for_one"

[[children]]
name = "services"
strategy = "dynamic"
on_meltdown = "give_up"

[template.uptime-kuma]
strategy = "rest_for_one"

  [[template.uptime-kuma.children]]
  name = "breaker"

  [[template.uptime-kuma.children]]
  name = "monitor"

  [[template.uptime-kuma.children]]
  name = "client"

  [[template.uptime-kuma.children]]
  name = "feed"
"#;

struct House {
    services: Services,
    store: Store,
    kuma: UptimeKuma,
    _root: Root,
    _folder: tempfile::TempDir,
}

impl House {
    async fn with(generation: Generation, has_key: bool, slug: Option<&str>) -> Self {
        let kuma = UptimeKuma::start(Options { generation, ..Options::default() }).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let settings =
            StoreSettings { url: None, data_dir: folder.path().to_owned(), keys: Keyring::new([7; 32]) };
        let store = Store::open(&settings).await.unwrap();
        let system = System::new();
        let services = Services::new(
            &system,
            store.reader(),
            store.writer(),
            Transport::new().unwrap(),
            Surroundings {
                listen: "127.0.0.1:8484".parse().unwrap(),
                tmdb: None,
                ephemeral: Ephemeral::connect(None).await.unwrap(),
            },
        );
        let new = NewService {
            name: "kuma".parse().unwrap(),
            kind: ServiceKind::UptimeKuma,
            url: kuma.url(),
            interval: Duration::from_secs(20),
            timeout: None,
            api_key: has_key.then(|| Secret::new(kuma.api_key())),
            enabled: true,
        };
        let made = store.writer().create_service(&new).await.unwrap();
        let config = slug.map(|slug| json!({ "slug": slug }));
        let patch = ServicePatch { config, ..ServicePatch::default() };
        store.writer().update_service(&made.name, &patch).await.unwrap();
        let rehydrated = services.clone();
        let blueprint = Blueprint::new(&system).dynamic(PATH, move || {
            let services = rehydrated.clone();
            async move { services.rehydrate().await }
        });
        let root = start(Tree::parse("supervisor.toml", TREE).unwrap(), blueprint, &system).await.unwrap();
        Self { services, store, kuma, _root: root, _folder: folder }
    }

    fn find(&self, name: &str) -> Option<Monitor> {
        let report = self.services.monitors()?;
        let mut all = report.groups.iter().flat_map(|group| &group.monitors).chain(&report.unlisted);
        all.find(|monitor| monitor.known.name == name).cloned()
    }

    async fn until_status(&self, name: &str, status: ServiceStatus) {
        eventually(&format!("{name} is {status}"), || {
            self.find(name).is_some_and(|monitor| monitor.known.status == status && !monitor.is_stale)
        })
        .await;
    }

    async fn titles(&self) -> Vec<String> {
        let rows = self.store.reader().outbox_pending(100).await.unwrap();
        let title = |event| match event {
            Event::Notified { title, .. } => Some(title),
            _ => None,
        };
        rows.into_iter().filter_map(|row| title(row.event?)).collect()
    }

    fn alert(&self, name: &str, state: KumaState, ago: u64) -> Webhook {
        let beat = AlertBeat {
            monitor: self.kuma.id(name),
            name: Some(name.to_owned()),
            kind: Some("http".to_owned()),
            state,
            at: Some(Timestamp::now() - Duration::from_secs(ago)),
            message: "connection refused".to_owned(),
            ping: None,
        };
        Webhook { beat: Some(beat), message: String::new() }
    }

    async fn admin(&self) {
        let new = store::NewUser {
            username: &"ana".parse().unwrap(),
            email: None,
            role: domain::user::Role::Admin,
            password_hash: None,
        };
        self.store.writer().create_user(&new).await.unwrap();
    }
}

async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn every_generation_is_heard_with_its_groups_and_all_states() {
    for generation in [Generation::V1_23, Generation::V2_0, Generation::V2_5] {
        let house = House::with(generation, true, Some("home")).await;

        house.until_status("Plex", ServiceStatus::Up).await;
        house.until_status("Printer", ServiceStatus::Down).await;
        house.until_status("Old NAS", ServiceStatus::Paused).await;
        eventually("the page", || house.services.monitors().unwrap().groups.len() > 1).await;
        let report = house.services.monitors().unwrap();
        let groups: Vec<&str> = report.groups.iter().filter_map(|group| group.name.as_deref()).collect();
        assert_eq!(groups, ["Media", "Home", "Network"], "{generation:?}");
        assert!(report.unlisted.iter().any(|monitor| monitor.known.name == "Router admin"));
        assert!(report.listed().all(|monitor| monitor.known.name != "Media"), "a group only sums up");
        assert!(!format!("{report:?}").contains("hunter2"));
        assert!(!report.is_stale() && report.problem.is_none(), "{:?}", report.problem);
        let plex = house.find("Plex").unwrap();
        assert_eq!(plex.uptime_month.is_some(), generation == Generation::V2_5, "{generation:?}");
        assert!(plex.day.iter().any(|bar| bar.up > 0));
    }
}

#[tokio::test]
async fn without_a_key_the_status_page_is_enough() {
    let house = House::with(Generation::V2_5, false, Some("home")).await;
    house.until_status("Plex", ServiceStatus::Up).await;
    assert!(house.find("Router admin").is_none());
    assert_eq!(house.kuma.hits().of("GET /metrics"), 0);
    assert!(house.services.monitors().unwrap().at.is_some());
}

#[tokio::test]
async fn incidents_and_planned_work_are_heard() {
    let house = House::with(Generation::V2_5, true, Some("home")).await;
    house.until_status("Plex", ServiceStatus::Up).await;
    house.kuma.add_incident("Slow internet", "The provider knows.", "warning");
    house.kuma.add_maintenance("New disk", "No films tonight.", &[house.kuma.id("Plex")]);
    house.kuma.beat_all().await;

    eventually("the incident", || {
        house.services.look_at_uptime_kuma().unwrap();
        let report = house.services.monitors().unwrap();
        report.incidents.len() == 1 && report.maintenance.len() == 1
    })
    .await;
    house.until_status("Plex", ServiceStatus::Maintenance).await;
}

#[tokio::test]
async fn a_webhook_is_shown_at_once_kept_and_told_to_the_admins() {
    let house = House::with(Generation::V2_5, true, None).await;
    house.admin().await;
    house.until_status("Plex", ServiceStatus::Up).await;

    let webhook = house.alert("Plex", KumaState::Down, 2);
    for _ in 0..3 {
        house.services.tell_uptime_kuma(webhook.clone()).unwrap();
    }
    house.until_status("Plex", ServiceStatus::Down).await;

    assert_eq!(house.find("Plex").unwrap().known.message.as_deref(), Some("connection refused"));
    let deadline = Instant::now() + Duration::from_secs(10);
    while house.titles().await.is_empty() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    house.services.tell_uptime_kuma(house.alert("Plex", KumaState::Up, 0)).unwrap();
    house.until_status("Plex", ServiceStatus::Up).await;
    while house.titles().await.len() < 2 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(house.titles().await, ["Plex is down", "Plex is back"], "once each");
    let turns: Vec<ServiceStatus> =
        house.services.monitors().unwrap().changes.iter().map(|change| change.status).collect();
    assert_eq!(turns, [ServiceStatus::Up, ServiceStatus::Down]);
}

#[tokio::test]
async fn what_a_webhook_missed_is_found_by_asking() {
    let house = House::with(Generation::V2_5, true, None).await;
    house.admin().await;
    house.until_status("Plex", ServiceStatus::Up).await;
    house.kuma.set(house.kuma.id("Plex"), Status::Down, "503").await;
    house.kuma.set(house.kuma.id("Photos"), Status::Down, "503").await;

    eventually("both are down", || {
        house.services.look_at_uptime_kuma().unwrap();
        let is_down = |name| house.find(name).is_some_and(|m| m.known.status == ServiceStatus::Down);
        is_down("Plex") && is_down("Photos")
    })
    .await;

    let deadline = Instant::now() + Duration::from_secs(10);
    while house.titles().await.is_empty() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let titles = house.titles().await;
    assert!(titles.len() <= 2 && titles[0].contains("down"), "{titles:?}");
}

#[tokio::test]
async fn a_key_is_called_wrong_only_after_several_refusals() {
    let house = House::with(Generation::V2_5, true, None).await;
    house.until_status("Plex", ServiceStatus::Up).await;
    let refusal = || Fault::new(Kind::Status { status: 401 }).at("/metrics");
    let asked = || house.kuma.hits().of("GET /metrics");
    let before = asked();
    house.kuma.faults().add(refusal().times(2));
    eventually("it is taken again", || {
        house.services.look_at_uptime_kuma().unwrap();
        assert_eq!(house.services.monitors().unwrap().problem, None, "it may be the rate");
        asked() > before
    })
    .await;

    house.kuma.faults().add(refusal());
    eventually("the key is wrong", || {
        house.services.look_at_uptime_kuma().unwrap();
        house.services.monitors().unwrap().problem.as_ref().is_some_and(|problem| problem.contains("key"))
    })
    .await;
    assert_eq!(house.find("Plex").unwrap().known.status, ServiceStatus::Up, "as it was");

    house.kuma.faults().clear();
    eventually("all is well", || {
        house.services.look_at_uptime_kuma().unwrap();
        house.services.monitors().unwrap().problem.is_none()
    })
    .await;
}

#[tokio::test]
async fn a_paused_monitor_is_paused_and_a_restart_pauses_none() {
    let house = House::with(Generation::V2_5, true, None).await;
    house.until_status("Plex", ServiceStatus::Up).await;
    house.kuma.set_active(house.kuma.id("Photos"), false);
    eventually("Photos is paused", || {
        house.services.look_at_uptime_kuma().unwrap();
        house.find("Photos").is_some_and(|monitor| monitor.known.status == ServiceStatus::Paused)
    })
    .await;

    house.kuma.restart();
    eventually("Plex is silent", || {
        house.services.look_at_uptime_kuma().unwrap();
        house.find("Plex").is_some_and(|monitor| monitor.is_stale)
    })
    .await;
    assert_eq!(house.find("Plex").unwrap().known.status, ServiceStatus::Up);
    house.kuma.beat_all().await;
    house.services.look_at_uptime_kuma().unwrap();
    house.until_status("Plex", ServiceStatus::Up).await;
}

#[test]
fn settings_are_kept_within_bounds() {
    let service = |config| Service {
        id: domain::ServiceId::generate(),
        name: "kuma".parse().unwrap(),
        kind: ServiceKind::UptimeKuma,
        url: String::new(),
        interval: Duration::from_secs(20),
        timeout: None,
        enabled: true,
        has_api_key: false,
        config,
        status: ServiceStatus::Unknown,
        since: Timestamp::now(),
        version: 1,
        updated_at: Timestamp::now(),
    };
    for (config, seconds, slug) in [
        (Value::Null, 30, None),
        (json!({"poll_seconds": 1, "slug": " home "}), 15, Some("home")),
        (json!({"poll_seconds": 9999, "slug": ""}), 300, None),
        (json!({"poll_seconds": "x", "slug": 7}), 30, None),
    ] {
        let settings = FeedSettings::of(&service(config));
        assert_eq!((settings.every.as_secs(), settings.slug.as_deref()), (seconds, slug));
    }
}

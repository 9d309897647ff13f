//! Services with a real store, a real tree and real HTTP.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::Timestamp;
use domain::event::Event;
use domain::service::{ServiceKind, ServiceStatus};
use store::ephemeral::CachedStatus;
use store::{Keyring, NewService, ServicePatch, Store, StoreSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::*;
use crate::supervisor::{Blueprint, Root, Tree, start};

const TREE: &str = r#"
name = "medianest"
strategy = "one_for_one"

[[children]]
name = "services"
strategy = "dynamic"
on_meltdown = "give_up"

[template.service]
strategy = "rest_for_one"

  [[template.service.children]]
  name = "breaker"

  [[template.service.children]]
  name = "monitor"

[template.integration]
strategy = "rest_for_one"

  [[template.integration.children]]
  name = "breaker"

  [[template.integration.children]]
  name = "monitor"

  [[template.integration.children]]
  name = "client"
"#;

struct House {
    services: Services,
    store: Store,
    system: System,
    _root: Root,
    _folder: tempfile::TempDir,
}

async fn house() -> House {
    house_beside(Ephemeral::connect(None).await.unwrap()).await
}

async fn house_beside(ephemeral: Ephemeral) -> House {
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
        Surroundings { listen: "127.0.0.1:8484".parse().unwrap(), tmdb: None, ephemeral: ephemeral.clone() },
    );
    let rehydrated = services.clone();
    let blueprint = Blueprint::new(&system).dynamic(PATH, move || {
        let services = rehydrated.clone();
        async move { services.rehydrate().await }
    });
    let root = start(Tree::parse("supervisor.toml", TREE).unwrap(), blueprint, &system).await.unwrap();
    services.supervisor().running().await;
    House { services, store, system, _root: root, _folder: folder }
}

/// A web server that can be told to fail.
struct Site {
    url: String,
    is_well: Arc<AtomicBool>,
    _tasks: JoinSet<()>,
}

async fn site() -> Site {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let is_well = Arc::new(AtomicBool::new(true));
    let well = is_well.clone();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 2048];
            let _ = stream.read(&mut request).await;
            let status = if well.load(Ordering::SeqCst) { "200 OK" } else { "503 Service Unavailable" };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    Site { url, is_well, _tasks: tasks }
}

fn new_service(name: &str, url: &str) -> NewService {
    NewService {
        name: name.parse().unwrap(),
        kind: ServiceKind::Http,
        url: url.to_owned(),
        interval: Duration::from_secs(1),
        timeout: None,
        api_key: None,
        enabled: true,
    }
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds().await {
        assert!(Instant::now() < deadline, "not within ten seconds: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

impl House {
    async fn create(&self, name: &str, url: &str) -> ServiceName {
        let service = self.services.create(store::Actor::default(), new_service(name, url)).await.unwrap();
        service.name
    }

    fn shows(&self, name: &ServiceName) -> Option<ServiceStatus> {
        Some(self.services.board().tile(name)?.service.status)
    }

    async fn row(&self, name: &ServiceName) -> ServiceStatus {
        self.store.reader().service(name).await.unwrap().unwrap().status
    }

    fn monitor_runs(&self, name: &str) -> bool {
        let path = format!("services/{name}/monitor");
        self.system.handle::<crate::service_monitor::Message>(&path).is_running()
    }
}

#[tokio::test]
async fn a_service_that_fails_and_recovers_is_seen_written_and_told() {
    let house = house().await;
    let site = site().await;
    let nas = house.create("nas", &site.url).await;
    eventually("it is up", async || house.row(&nas).await == ServiceStatus::Up).await;

    site.is_well.store(false, Ordering::SeqCst);
    eventually("it is pending", async || house.row(&nas).await == ServiceStatus::Pending).await;
    let tile = house.services.board().tile(&nas).unwrap();
    let row = house.store.reader().service(&nas).await.unwrap().unwrap();
    assert_eq!((tile.service.version, tile.service.since), (row.version, row.since));
    let told = house.store.reader().outbox_pending(100).await.unwrap();
    assert_eq!(told.last().unwrap().event, Some(Event::service_changed(&nas, row.version)));
    let delay = row.since.until(told.last().unwrap().created_at);
    assert!(delay <= Duration::from_millis(250), "the event came {delay:?} after the probe");

    eventually("it is down", async || house.row(&nas).await == ServiceStatus::Down).await;
    assert_eq!(
        house.services.board().tile(&nas).unwrap().message(),
        Some("answered 503 Service Unavailable")
    );
    site.is_well.store(true, Ordering::SeqCst);
    eventually("it is up again", async || house.row(&nas).await == ServiceStatus::Up).await;
    eventually("probes are written", async || {
        house.store.reader().beats(&nas, 100).await.unwrap().len() >= 5
    })
    .await;
}

#[tokio::test]
async fn an_edit_is_watched_at_once() {
    let house = house().await;
    let site = site().await;
    let nas = house.create("nas", "http://127.0.0.1:9/").await;
    eventually("it is down", async || house.row(&nas).await == ServiceStatus::Down).await;

    let patch = ServicePatch { url: Some(site.url.clone()), ..ServicePatch::default() };
    house.services.update(store::Actor::default(), &nas, patch).await.unwrap();
    eventually("it is up", async || house.row(&nas).await == ServiceStatus::Up).await;

    let patch = ServicePatch { enabled: Some(false), ..ServicePatch::default() };
    house.services.update(store::Actor::default(), &nas, patch).await.unwrap();
    assert_eq!(house.shows(&nas), Some(ServiceStatus::Paused));
    assert!(!house.monitor_runs("nas"));

    let patch = ServicePatch { enabled: Some(true), ..ServicePatch::default() };
    house.services.update(store::Actor::default(), &nas, patch).await.unwrap();
    eventually("it is up again", async || house.row(&nas).await == ServiceStatus::Up).await;

    house.services.delete(store::Actor::default(), &nas).await.unwrap();
    assert_eq!(house.shows(&nas), None);
    assert!(!house.monitor_runs("nas"));
    assert!(house.services.gate(&nas).admit().is_err(), "nobody calls a service that is gone");
    let again = house.services.delete(store::Actor::default(), &nas).await;
    assert!(matches!(again, Err(Denied::NotFound)));
}

#[tokio::test]
async fn bad_input_names_its_field() {
    let house = house().await;
    house.create("nas", "http://127.0.0.1:9/").await;
    let good = new_service("other", "http://127.0.0.1:9/");
    for (new, field) in [
        (NewService { url: "http://169.254.169.254/".into(), ..good.clone() }, "url"),
        (NewService { url: "redis://127.0.0.1/".into(), ..good.clone() }, "url"),
        (NewService { url: "http://localhost:8484/".into(), ..good.clone() }, "url"),
        (NewService { interval: Duration::from_millis(999), ..good.clone() }, "interval"),
        (NewService { interval: Duration::from_secs(86_401), ..good.clone() }, "interval"),
        (NewService { timeout: Some(Duration::from_millis(1)), ..good.clone() }, "timeout"),
        (NewService { name: "nas".parse().unwrap(), ..good }, "name"),
    ] {
        let denied = house.services.create(store::Actor::default(), new).await.unwrap_err();
        assert_eq!(denied.field(), Some(field), "{denied}");
    }
    assert_eq!(house.services.board().tiles().len(), 1);
}

#[tokio::test]
async fn the_pairs_come_back_with_their_supervisor() {
    let house = house().await;
    let site = site().await;
    let nas = house.create("nas", &site.url).await;
    eventually("it is up", async || house.row(&nas).await == ServiceStatus::Up).await;
    let before = house.services.board().tile(&nas).unwrap().beats.len();

    assert!(house.system.kill(PATH));

    eventually("it looks again", async || {
        house.monitor_runs("nas") && house.services.board().tile(&nas).unwrap().beats.len() > before + 1
    })
    .await;
    assert_eq!(house.shows(&nas), Some(ServiceStatus::Up));
    assert!(house.services.gate(&nas).admit().is_ok());
}

#[tokio::test]
async fn monitors_do_not_need_the_store() {
    let house = house().await;
    let site = site().await;
    let nas = house.create("nas", &site.url).await;
    eventually("it is up", async || house.row(&nas).await == ServiceStatus::Up).await;

    house.store.close().await;
    site.is_well.store(false, Ordering::SeqCst);

    eventually("the board shows it", async || house.shows(&nas) == Some(ServiceStatus::Down)).await;
    let waiting = house.services.0.record.changes();
    assert_eq!(waiting.first().map(|(_, change)| change.status), Some(ServiceStatus::Down));
    assert!(house.monitor_runs("nas"));
}

#[tokio::test]
async fn the_board_is_filled_from_the_store() {
    let house = house().await;
    let nas = house.create("nas", "http://127.0.0.1:9/").await;
    let writer = house.store.writer();
    let now = Timestamp::now();
    let beats: Vec<_> = (0..20)
        .map(|n| {
            let at = now - Duration::from_secs(3600 * n + 1800);
            let beat = domain::service::Heartbeat {
                at,
                status: ServiceStatus::Up,
                latency_ms: Some(9),
                message: None,
            };
            (nas.clone(), beat)
        })
        .collect();
    writer.record_heartbeats(&beats).await.unwrap();

    let board = StatusBoard::new();
    board.sync(house.store.reader().services().await.unwrap());
    board.refresh(&house.store.reader()).await.unwrap();

    let tile = board.tile(&nas).unwrap();
    assert_eq!(tile.day.len(), crate::status_board::DAY_BARS);
    assert_eq!(tile.month.len(), crate::status_board::MONTH_BARS);
    assert!(tile.day.iter().map(|bar| bar.up).sum::<u32>() >= 20);
    assert!(tile.uptime_day.unwrap() > 0.8 && tile.uptime_month.unwrap() > 0.8);
}

#[tokio::test]
async fn what_was_seen_a_moment_ago_is_shown_before_the_first_probe() {
    let ephemeral = Ephemeral::connect(None).await.unwrap();
    let nas: ServiceName = "nas".parse().unwrap();
    let cached = CachedStatus {
        status: ServiceStatus::Unknown,
        since: Timestamp::now(),
        checked_at: Timestamp::now() + Duration::from_secs(1),
        latency_ms: Some(12),
        message: None,
    };
    ephemeral.status_put(&nas, &cached).await;
    let house = house_beside(ephemeral).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let service = house.store.writer().create_service(&new_service("nas", &url)).await.unwrap();

    house.services.rehydrate().await.unwrap();

    let tile = house.services.board().tile(&service.name).unwrap();
    assert_eq!(tile.latency_ms(), Some(12));
}

use std::sync::Mutex;

use domain::ServiceId;
use domain::breaker::{Rules, State as BreakerState};
use domain::service::ServiceKind;
use integrations::breaker::{Keeper, Outcome};

use super::*;
use crate::runtime::{Solo, System};

fn service(interval: u64, status: ServiceStatus) -> Service {
    Service {
        id: ServiceId::generate(),
        name: "nas".parse().unwrap(),
        kind: ServiceKind::Http,
        url: "http://127.0.0.1:1/".to_owned(),
        interval: Duration::from_secs(interval),
        timeout: None,
        enabled: true,
        has_api_key: false,
        config: serde_json::Value::Null,
        status,
        since: Timestamp::now(),
        version: 1,
        updated_at: Timestamp::now(),
    }
}

/// A monitor whose looks follow a script: `+` answers, `-` fails, `?` our own fault, `!` panics,
/// `~` never comes back, `s` answers after five seconds. The last one repeats.
struct Watched {
    board: Arc<StatusBoard>,
    record: Arc<Record>,
    gate: Gate,
    looks: Arc<Mutex<Vec<Instant>>>,
    began: Instant,
    _keeper: Keeper,
    solo: Solo<Message>,
}

async fn watch(script: &'static str, service: Service) -> Watched {
    let board = StatusBoard::new();
    board.put(service.clone());
    let record = Arc::<Record>::default();
    let gate = Gate::new();
    let keeper = gate.install(Rules::default(), |_| {});
    let looks = Arc::<Mutex<Vec<Instant>>>::default();
    let looked = looks.clone();
    let look: Look = Arc::new(move |_| {
        let number = {
            let mut looked = looked.lock().unwrap();
            looked.push(Instant::now());
            looked.len() - 1
        };
        let step = script.chars().nth(number).or(script.chars().last()).unwrap();
        Box::pin(async move {
            let good = Probed {
                verdict: Verdict::Good,
                latency: Some(Duration::from_millis(7)),
                message: None,
                outcome: Some(Outcome::Succeeded),
            };
            match step {
                '+' => good,
                's' => {
                    tokio::time::sleep(Duration::from_secs(5)).await;
                    good
                }
                '-' => Probed {
                    verdict: Verdict::Bad,
                    latency: None,
                    message: Some("connection refused".to_owned()),
                    outcome: Some(Outcome::Failed),
                },
                '?' => Probed::own_fault("too many open files"),
                '~' => std::future::pending().await,
                _ => panic!("the look breaks"),
            }
        })
    });
    let monitor =
        ServiceMonitor { service, look, gate: gate.clone(), board: board.clone(), record: record.clone() };
    let system = System::new();
    let began = Instant::now();
    let solo = system.solo("services/nas/monitor", monitor).await.unwrap();
    Watched { board, record, gate, looks, began, _keeper: keeper, solo }
}

impl Watched {
    /// Lets time pass up to `seconds` after the start, and half a second more.
    async fn at(&self, seconds: u64) -> Arc<crate::status_board::Tile> {
        tokio::time::sleep_until(self.began + Duration::from_millis(seconds * 1000 + 500)).await;
        self.board.tile(&"nas".parse().unwrap()).unwrap()
    }

    async fn status_at(&self, seconds: u64) -> ServiceStatus {
        self.at(seconds).await.service.status
    }

    fn looked_at(&self) -> Vec<u64> {
        self.looks.lock().unwrap().iter().map(|at| (*at - self.began).as_secs()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn one_bad_look_is_pending_two_are_down_and_two_good_ones_end_it() {
    use ServiceStatus::{Down, Pending, Unknown, Up};
    let watched = watch("+--++", service(30, Unknown)).await;

    assert_eq!(watched.status_at(0).await, Up);
    assert_eq!(watched.status_at(30).await, Pending);
    let tile = watched.at(60).await;
    assert_eq!((tile.service.status, tile.message()), (Down, Some("connection refused")));
    assert_eq!(watched.status_at(90).await, Down, "one good look is not a recovery yet");
    assert_eq!(watched.status_at(92).await, Up, "it is confirmed after two seconds");
    assert_eq!(watched.status_at(122).await, Up);
    assert_eq!(watched.looked_at(), [0, 30, 60, 90, 92, 122]);
}

#[tokio::test(start_paused = true)]
async fn a_flip_waits_for_the_recorder_with_the_version_that_the_tile_shows() {
    let watched = watch("+-", service(30, ServiceStatus::Unknown)).await;

    let tile = watched.at(30).await;

    let waiting = watched.record.changes();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].1.status, ServiceStatus::Pending);
    assert_eq!(waiting[0].1.message.as_deref(), Some("connection refused"));
    assert_eq!(tile.service.version, 3, "two flips after version 1");
    assert_eq!(watched.record.next_beats().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_flapping_service_never_goes_down() {
    let watched = watch("+-+-+-+-+-+", service(1, ServiceStatus::Unknown)).await;

    for second in 0..10 {
        assert_ne!(watched.status_at(second).await, ServiceStatus::Down);
    }
}

#[tokio::test(start_paused = true)]
async fn our_own_faults_are_never_an_outage() {
    for script in ["+?", "+!", "+~"] {
        let watched = watch(script, service(10, ServiceStatus::Unknown)).await;

        for second in [10, 20, 30, 40] {
            let status = watched.status_at(second + 9).await;
            assert_eq!(status, ServiceStatus::Unknown, "{script} after {second} s");
        }
        assert!(watched.looked_at().len() >= 5, "it goes on looking: {:?}", watched.looked_at());
        assert_eq!(watched.gate.view().unwrap().failures, 0, "{script}");
        assert!(watched.solo.handle().is_running());
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_does_not_shift_the_next_look() {
    let watched = watch("s", service(10, ServiceStatus::Unknown)).await;

    watched.at(35).await;

    assert_eq!(watched.looked_at(), [0, 10, 20, 30]);
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_looking_while_the_breaker_is_open_and_closes_it() {
    let watched = watch("------++", service(1, ServiceStatus::Up)).await;

    watched.at(5).await;
    assert_eq!(watched.gate.view().unwrap().state, BreakerState::Open);
    let tile = watched.at(7).await;

    assert_eq!(tile.service.status, ServiceStatus::Up);
    assert_eq!(watched.gate.view().unwrap().state, BreakerState::Closed, "clients need not wait for 30 s");
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_it_goes_on_from_the_known_status() {
    let watched = watch("+", service(30, ServiceStatus::Down)).await;

    assert_eq!(watched.status_at(0).await, ServiceStatus::Down);
    assert_eq!(watched.status_at(2).await, ServiceStatus::Up);
}

#[test]
fn a_tile_shows_when_its_monitor_is_silent() {
    let board = StatusBoard::new();
    let service = service(10, ServiceStatus::Unknown);
    let name = service.name.clone();
    board.put(service.clone());
    let now = Timestamp::now();
    let stale_after = |seconds| board.tile(&name).unwrap().is_stale_at(now + Duration::from_secs(seconds));
    assert!(!stale_after(27) && stale_after(30), "also before the first look");

    let beat = Heartbeat {
        at: now + Duration::from_secs(30),
        status: ServiceStatus::Up,
        latency_ms: Some(3),
        message: None,
    };
    board.observe(&name, &beat);

    assert!(!stale_after(57) && stale_after(60));
    board.put(Service { enabled: false, status: ServiceStatus::Paused, ..service });
    assert!(!stale_after(60), "nobody looks at a paused service");
}

#[test]
fn bars_and_uptime_move_with_every_look() {
    let board = StatusBoard::new();
    let service = service(10, ServiceStatus::Unknown);
    let name = service.name.clone();
    board.put(service);
    for (status, latency_ms) in [
        (ServiceStatus::Up, Some(10)),
        (ServiceStatus::Up, Some(20)),
        (ServiceStatus::Pending, None),
        (ServiceStatus::Down, None),
        (ServiceStatus::Unknown, None),
    ] {
        board.observe(&name, &Heartbeat { at: Timestamp::now(), status, latency_ms, message: None });
    }

    let tile = board.tile(&name).unwrap();
    let bar = tile.day.last().unwrap();
    assert_eq!((bar.up, bar.pending, bar.down, bar.latency_ms), (2, 1, 1, Some(15)));
    assert_eq!(tile.uptime_day, Some(0.5));
    assert_eq!(tile.beats.len(), 5);
}

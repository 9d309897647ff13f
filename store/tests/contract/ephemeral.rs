//! Ephemeral state, in the process and in Redis, and Redis that misbehaves.
//!
//! Redis is taken from `MEDIANEST_TEST_REDIS` (`redis://host:port`), where each test empties a
//! database of its own; without the variable that half prints that it is skipped.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::download::{Choice, Download, DownloadStatus, Failure, Phase, Preset, Progress};
use domain::event::{Event, Tone};
use domain::service::{ServiceName, ServiceStatus};
use domain::user::Role;
use domain::{DownloadId, Secret, SessionId, Timestamp, UserId};
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use redis::{AsyncTypedCommands, Client};
use store::ephemeral::{CachedSession, CachedStatus, Ephemeral};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);
/// More than the 300 ms that a hung Redis may cost, less than twice that.
const ONCE: Duration = Duration::from_millis(500);

/// The address of an empty database.
async fn redis() -> Option<String> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let Ok(server) = std::env::var("MEDIANEST_TEST_REDIS") else {
        eprintln!("SKIPPED on Redis: MEDIANEST_TEST_REDIS is not set");
        return None;
    };
    let url = format!("{}/{}", server.trim_end_matches('/'), NEXT.fetch_add(1, Ordering::Relaxed) % 16);
    let mut connection = raw(&url).await;
    redis::cmd("FLUSHDB").exec_async(&mut connection).await.unwrap();
    Some(url)
}

async fn raw(url: &str) -> redis::aio::MultiplexedConnection {
    Client::open(url)
        .unwrap()
        .get_multiplexed_async_connection()
        .await
        .expect("MEDIANEST_TEST_REDIS is reachable")
}

async fn connect(url: &str) -> Ephemeral {
    Ephemeral::connect(Some(&Secret::new(url))).await.unwrap()
}

/// Claims that hold in the process and in Redis.
macro_rules! everywhere {
    ($(async fn $name:ident($state:ident: $type:ty) $body:block)*) => {
        $(
            mod $name {
                use super::*;

                async fn claim($state: &$type) $body

                #[tokio::test]
                async fn in_process() {
                    claim(&Ephemeral::connect(None).await.unwrap()).await;
                }

                #[tokio::test]
                async fn in_redis() {
                    if let Some(url) = redis().await {
                        claim(&connect(&url).await).await;
                    }
                }
            }
        )*
    };
}

fn word(body: &str) -> Event {
    Event::Alerted { tone: Tone::Info, title: "hello".to_owned(), body: body.to_owned() }
}

fn session(expires_at: Timestamp) -> CachedSession {
    CachedSession {
        user_id: UserId::generate(),
        username: "ana".to_owned(),
        role: Role::User,
        epoch: 3,
        created_at: Timestamp::now(),
        expires_at,
    }
}

everywhere! {
    async fn of_a_hundred_at_once_the_limit_gets_through(state: Ephemeral) {
        let verdicts = join_all((0..100).map(|_| state.rate("api:ana", 30, MINUTE))).await;

        assert_eq!(verdicts.iter().filter(|verdict| verdict.allowed).count(), 30);
        let last = state.rate("api:ana", 30, MINUTE).await;
        assert_eq!((last.allowed, last.limit, last.remaining), (false, 30, 0));
        assert!(last.reset_in <= MINUTE && last.reset_in > MINUTE - Duration::from_secs(20));
        let other = state.rate("api:bo", 30, MINUTE).await;
        assert_eq!((other.allowed, other.remaining), (true, 29));
        assert!(state.rate("api:ana", 0, MINUTE).await.allowed);
    }

    async fn no_stretch_of_the_window_has_more_than_the_limit(state: Ephemeral) {
        let window = Duration::from_millis(400);
        let mut allowed = Vec::new();
        let end = Instant::now() + 3 * window;
        while Instant::now() < end {
            if state.rate("youtube:ana", 3, window).await.allowed {
                allowed.push(Instant::now());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }

        assert!(allowed.len() >= 6, "{}", allowed.len());
        // The moment of the answer is a little later than that of the decision.
        let slack = Duration::from_millis(50);
        assert!(allowed.windows(4).all(|four| four[3] - four[0] + slack >= window), "{allowed:?}");
    }

    async fn a_session_is_remembered_until_it_ends_or_is_evicted(state: Ephemeral) {
        let id = SessionId::generate();
        let known = session(Timestamp::now() + MINUTE);
        assert_eq!(state.session_get(id).await, None);

        state.session_put(id, &known).await;
        assert_eq!(state.session_get(id).await, Some(known));
        assert_eq!(state.session_get(SessionId::generate()).await, None);

        state.session_evict(id).await;
        assert_eq!(state.session_get(id).await, None);
        state.session_put(id, &session(Timestamp::now() - MINUTE)).await;
        assert_eq!(state.session_get(id).await, None);
    }

    async fn the_status_of_a_service_is_remembered(state: Ephemeral) {
        let name: ServiceName = "nas".parse().unwrap();
        let status = CachedStatus {
            status: ServiceStatus::Up,
            since: Timestamp::from_millis(5),
            checked_at: Timestamp::from_millis(6),
            latency_ms: Some(7),
            message: None,
        };

        state.status_put(&name, &status).await;

        assert_eq!(state.status_get(&name).await, Some(status));
        assert_eq!(state.status_get(&"none".parse().unwrap()).await, None);
    }

    async fn events_are_read_in_order_from_any_place(state: Ephemeral) {
        let mut ids = Vec::new();
        for body in ["one", "two", "three"] {
            ids.push(state.publish(&word(body)).await.unwrap());
        }

        let all = state.read_stream("0", Duration::from_millis(1)).await.unwrap();
        assert_eq!(all.entries.iter().map(|entry| &entry.id).collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());
        assert_eq!((&all.entries[0].event, &all.last), (&word("one"), &ids[2]));
        let rest = state.read_stream(&ids[1], Duration::from_millis(1)).await.unwrap();
        assert_eq!(rest.entries.len(), 1);
        let recent = state.recent_events(2).await.unwrap();
        assert_eq!((recent.entries.len(), &recent.entries[0].id, &recent.last), (2, &ids[1], &ids[2]));

        let nothing = state.read_stream(&ids[2], Duration::from_millis(50)).await.unwrap();
        assert_eq!((nothing.entries.len(), &nothing.last), (0, &ids[2]));
        // Whoever waits is woken, and holds nobody up.
        let started = Instant::now();
        let (read, published) = tokio::join!(state.read_stream(&ids[2], MINUTE), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert!(state.rate("api:ana", 5, MINUTE).await.allowed);
            state.publish(&word("four")).await.unwrap()
        });
        assert_eq!(read.unwrap().last, published);
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    async fn an_empty_stream_has_an_end_too(state: Ephemeral) {
        let recent = state.recent_events(10).await.unwrap();

        assert_eq!((recent.entries.len(), recent.last.as_str()), (0, "0-0"));
    }
}

#[tokio::test]
async fn two_instances_share_one_limit() {
    let Some(url) = redis().await else { return };
    let (one, two) = (connect(&url).await, connect(&url).await);

    let verdicts =
        join_all((0..60).map(|n| if n % 2 == 0 { &one } else { &two }.rate("api:ana", 20, MINUTE))).await;

    assert_eq!(verdicts.iter().filter(|verdict| verdict.allowed).count(), 20);
}

#[tokio::test]
async fn keys_have_the_names_and_lifetimes_that_are_documented() {
    let Some(url) = redis().await else { return };
    let state = connect(&url).await;
    let id = SessionId::generate();

    state.rate("api:ana", 100, MINUTE).await;
    state.session_put(id, &session(Timestamp::now() + 48 * 60 * MINUTE)).await;

    let mut connection = raw(&url).await;
    for (key, seconds) in [("rate:api:ana".to_owned(), 60), (format!("session:{id}"), 24 * 3600)] {
        let left: i64 = redis::cmd("TTL").arg(&key).query_async(&mut connection).await.unwrap();
        assert!((seconds - 5..=seconds).contains(&left), "{key} lives {left} s");
    }
}

#[tokio::test]
async fn what_somebody_else_wrote_is_dropped() {
    let Some(url) = redis().await else { return };
    let state = connect(&url).await;
    let id = SessionId::generate();
    let mut connection = raw(&url).await;
    connection.set("rate:api:ana", "not a list").await.unwrap();
    connection.set(format!("session:{id}"), "{\"half").await.unwrap();
    connection.lpush("status:nas", "a list").await.unwrap();
    connection.rpush("rate:api:bo", "not a time").await.unwrap();
    redis::cmd("XADD")
        .arg("mn:events")
        .arg("*")
        .arg("odd")
        .arg("1")
        .exec_async(&mut connection)
        .await
        .unwrap();
    let id_of_ours = state.publish(&word("ours")).await.unwrap();

    assert!(state.rate("api:ana", 1, MINUTE).await.allowed);
    assert!(!state.rate("api:ana", 1, MINUTE).await.allowed);
    assert!(state.rate("api:bo", 1, MINUTE).await.allowed);
    assert_eq!(state.session_get(id).await, None);
    assert_eq!(state.status_get(&"nas".parse().unwrap()).await, None);
    let page = state.read_stream("0", Duration::from_millis(1)).await.unwrap();
    assert_eq!((page.entries.len(), page.last), (1, id_of_ours));
    assert!(state.is_well());
}

#[tokio::test]
async fn progress_reaches_other_instances_and_not_ourselves() {
    let Some(url) = redis().await else { return };
    let (one, two) = (connect(&url).await, connect(&url).await);
    let progress = |owner| Event::DownloadProgressed {
        download: DownloadId::generate(),
        owner,
        progress: Progress::default(),
    };
    let (ours, theirs) = (progress(UserId::generate()), progress(UserId::generate()));
    let mut feed = one.subscribe_progress().await.unwrap();

    one.publish_progress(&ours).await;
    two.publish_progress(&theirs).await;

    // Channels are shared by all databases of the server, so others may be heard too.
    let heard = tokio::time::timeout(Duration::from_secs(5), async {
        loop {
            match feed.next().await.unwrap() {
                event if event == theirs => break,
                event => assert_ne!(event, ours),
            }
        }
    });
    heard.await.expect("the progress of the other instance");
}

#[tokio::test]
async fn a_redis_that_hangs_costs_once_and_this_process_goes_on() {
    // Accepts connections (the kernel does) and never answers.
    let hung = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", hung.local_addr().unwrap());
    let started = Instant::now();
    let state = connect(&url).await;
    assert!(!state.is_well());
    assert!(started.elapsed() < ONCE, "{:?}", started.elapsed());

    let started = Instant::now();
    let verdicts = join_all((0..50).map(|_| state.rate("api:ana", 10, MINUTE))).await;
    assert_eq!(verdicts.iter().filter(|verdict| verdict.allowed).count(), 10);
    assert_eq!(state.publish(&word("x")).await, None);
    let id = SessionId::generate();
    state.session_put(id, &session(Timestamp::now() + MINUTE)).await;
    assert!(state.session_get(id).await.is_some());
    assert!(started.elapsed() < Duration::from_millis(100), "{:?}", started.elapsed());
    assert!(state.read_stream("0", MINUTE).await.is_err());
    assert!(state.subscribe_progress().await.is_err());
}

#[tokio::test]
async fn a_redis_that_is_not_there_costs_nothing() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let started = Instant::now();

    let state = connect(&format!("redis://:hunter2@{gone}")).await;

    assert!(!state.is_well() && state.is_shared());
    assert!(state.rate("api:ana", 1, MINUTE).await.allowed);
    assert!(!state.rate("api:ana", 1, MINUTE).await.allowed);
    assert!(started.elapsed() < ONCE, "{:?}", started.elapsed());
    let bad = Ephemeral::connect(Some(&Secret::new("http://:hunter2@there"))).await;
    let Err(error) = bad else { panic!("that is no address of a Redis") };
    assert!(!error.to_string().contains("hunter2"));
}

#[tokio::test]
async fn a_connection_that_was_cut_is_made_anew_unnoticed() {
    let Some(url) = redis().await else { return };
    let state = connect(&url).await;
    let mut connection = raw(&url).await;

    for _ in 0..3 {
        redis::cmd("CLIENT")
            .arg("KILL")
            .arg("TYPE")
            .arg("NORMAL")
            .arg("SKIPME")
            .arg("YES")
            .exec_async(&mut connection)
            .await
            .unwrap();
        assert!(state.publish(&word("x")).await.is_some());
    }
}

#[tokio::test]
async fn a_redis_that_comes_back_is_noticed_by_whoever_reads() {
    let Some(url) = redis().await else { return };
    let server = url.trim_start_matches("redis://").split('/').next().unwrap().to_owned();
    let gate = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gate.local_addr().unwrap();
    let state = connect(&format!("redis://{address}")).await;
    assert!(!state.is_well(), "nobody opens the gate yet");

    // The connections of the driver; those that it gave up end by themselves.
    let open_gate = async {
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = gate.accept() => open.push(pass_on(accepted.unwrap().0, &server)),
                Some(()) = open.next(), if !open.is_empty() => {}
            }
        }
    };
    let notice = async {
        let deadline = Instant::now() + Duration::from_secs(5);
        while state.read_stream("0", Duration::from_millis(50)).await.is_err() {
            assert!(Instant::now() < deadline, "nobody noticed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(state.is_well());
        assert!(state.publish(&word("x")).await.is_some());
    };
    tokio::select! {
        () = open_gate => {}
        () = notice => {}
    }
}

async fn pass_on(mut inside: TcpStream, server: &str) {
    let mut outside = TcpStream::connect(server).await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
}

fn download(status: DownloadStatus, phase: Phase) -> Download {
    Download {
        id: DownloadId::generate(),
        user: UserId::generate(),
        url: "https://videos.example/1".to_owned(),
        choice: Choice::Preset(Preset::Best),
        title: Some("A video".to_owned()),
        items: Some(1),
        status,
        phase,
        progress: Progress { percent: Some(41.6), ..Progress::default() },
        failure: (status == DownloadStatus::Failed).then(|| Failure {
            code: "gone".to_owned(),
            message: "It is gone".to_owned(),
            retryable: false,
            detail: None,
        }),
        attempts: 2,
        run_at: (phase == Phase::RetryWait).then(|| Timestamp::now() + MINUTE),
        version: 5,
        created_at: Timestamp::now(),
        completed_at: status.is_over().then(Timestamp::now),
        files: Vec::new(),
    }
}

#[tokio::test]
async fn the_queue_is_shown_in_bullmqs_layout() {
    let Some(url) = redis().await else { return };
    let state = connect(&url).await;
    let mut connection = raw(&url).await;
    let jobs = [
        ("wait", download(DownloadStatus::Queued, Phase::Waiting)),
        ("active", download(DownloadStatus::Running, Phase::Downloading)),
        ("delayed", download(DownloadStatus::Queued, Phase::RetryWait)),
        ("completed", download(DownloadStatus::Completed, Phase::Over)),
        ("failed", download(DownloadStatus::Failed, Phase::Over)),
    ];
    let all: Vec<_> = jobs.iter().map(|(_, job)| job.clone()).collect();
    connection.rpush("bull:youtube:wait", "a stranger").await.unwrap();

    assert!(state.rebuild_projection(&all).await);
    // A change moves the job, and showing it twice shows it once.
    let moved = Download { status: DownloadStatus::Cancelled, phase: Phase::Over, ..all[0].clone() };
    for _ in 0..2 {
        assert!(state.project_download(&moved).await);
    }

    let list = async |name: &str, connection: &mut redis::aio::MultiplexedConnection| -> Vec<String> {
        let key = format!("bull:youtube:{name}");
        let command = if matches!(name, "wait" | "active") { "LRANGE" } else { "ZRANGE" };
        redis::cmd(command).arg(key).arg(0).arg(-1).query_async(connection).await.unwrap()
    };
    assert!(list("wait", &mut connection).await.is_empty());
    for (name, job) in &jobs[1..4] {
        assert_eq!(list(name, &mut connection).await, [job.id.to_string()], "{name}");
    }
    assert_eq!(list("failed", &mut connection).await.len(), 2);
    let failed = connection.hgetall(format!("bull:youtube:{}", all[4].id)).await.unwrap();
    assert_eq!((failed["failedReason"].as_str(), failed["progress"].as_str()), ("It is gone", "42"));
    assert_eq!((failed["name"].as_str(), failed["atm"].as_str()), ("download", "2"));
    assert!(failed.contains_key("finishedOn") && failed["data"].contains("A video"));

    assert!(state.unproject_download(all[3].id).await);
    assert!(list("completed", &mut connection).await.is_empty());
}

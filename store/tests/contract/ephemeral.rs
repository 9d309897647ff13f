//! Ephemeral state, in the process and in Redis.
//!
//! Redis is taken from `MEDIANEST_TEST_REDIS` (`redis://host:port`), where each test empties a
//! database of its own; without the variable that half prints that it is skipped.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::download::Progress;
use domain::event::{Event, Tone};
use domain::service::{ServiceName, ServiceStatus};
use domain::user::Role;
use domain::{DownloadId, Secret, SessionId, Timestamp, UserId};
use futures_util::future::join_all;
use redis::Client;
use store::ephemeral::{CachedSession, CachedStatus, Ephemeral};
use tokio::time::Instant;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// The address of an empty database.
pub(crate) async fn redis() -> Option<String> {
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

pub(crate) async fn raw(url: &str) -> redis::aio::MultiplexedConnection {
    Client::open(url)
        .unwrap()
        .get_multiplexed_async_connection()
        .await
        .expect("MEDIANEST_TEST_REDIS is reachable")
}

pub(crate) async fn connect(url: &str) -> Ephemeral {
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

pub(crate) fn word(body: &str) -> Event {
    Event::Alerted { tone: Tone::Info, title: "hello".to_owned(), body: body.to_owned() }
}

pub(crate) fn session(expires_at: Timestamp) -> CachedSession {
    CachedSession {
        user_id: UserId::generate(),
        username: "ana".to_owned(),
        role: Role::User,
        epoch: 3,
        created_at: Timestamp::now(),
        expires_at,
        checked_at: Timestamp::from_millis(5),
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

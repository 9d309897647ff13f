//! Redis that is away, hung, cut off or full of what somebody else wrote.

use std::time::Duration;

use domain::{Secret, SessionId, Timestamp};
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use redis::AsyncTypedCommands;
use store::ephemeral::Ephemeral;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::ephemeral::{MINUTE, connect, raw, redis, session, word};

/// More than the 300 ms that a hung Redis may cost, less than twice that.
const ONCE: Duration = Duration::from_millis(500);

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
    ::redis::cmd("XADD")
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

    let ours: i64 = ::redis::cmd("CLIENT").arg("ID").query_async(&mut connection).await.unwrap();
    let database = format!(" db={} ", url.rsplit('/').next().unwrap());

    for _ in 0..3 {
        // Only those of this test's database: others run at the same time.
        let clients: String = ::redis::cmd("CLIENT").arg("LIST").query_async(&mut connection).await.unwrap();
        let ids = clients
            .lines()
            .filter(|client| client.contains(&database))
            .filter_map(|client| client.strip_prefix("id=")?.split(' ').next()?.parse::<i64>().ok())
            .filter(|id| *id != ours);
        for id in ids {
            ::redis::cmd("CLIENT").arg("KILL").arg("ID").arg(id).exec_async(&mut connection).await.unwrap();
        }
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

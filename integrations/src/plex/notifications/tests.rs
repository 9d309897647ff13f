use std::sync::{Arc, Mutex};

use futures_util::SinkExt;
use http::{Request, header};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::*;
use crate::plex::tests::connect;
use crate::test_server::{Reply, TestServer, reply};

const SETTLED: &str =
    r#"{"NotificationContainer":{"TimelineEntry":[{"sectionID":"3","itemID":"7","state":5}]}}"#;

fn accept(request: &Request<Incoming>) -> Reply {
    let key = request.headers()[header::SEC_WEBSOCKET_KEY].as_bytes();
    let accept = derive_accept_key(key);
    reply(101, &[("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-accept", &accept)], "")
}

/// Accepts every socket and sends `messages` on it.
async fn telling(messages: Vec<Message>) -> TestServer {
    let tasks = Arc::new(Mutex::new(JoinSet::new()));
    TestServer::start(move |_, mut request| {
        let (answer, upgrade) = (accept(&request), hyper::upgrade::on(&mut request));
        let messages = messages.clone();
        tasks.lock().unwrap().spawn(async move {
            let io = TokioIo::new(upgrade.await.unwrap());
            let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
            for message in messages {
                socket.send(message).await.unwrap();
            }
            // Stays open until the other side goes.
            while socket.next().await.is_some_and(|message| message.is_ok()) {}
        });
        async move { answer }
    })
    .await
}

#[tokio::test]
async fn what_matters_is_heard_among_what_does_not() {
    let messages = ["not JSON", r#"{"NotificationContainer":{"type":"playing"}}"#, SETTLED];
    let mut messages: Vec<Message> = messages.into_iter().map(Message::text).collect();
    messages.insert(1, Message::binary(vec![0, 255]));
    let server = telling(messages).await;
    let (server, _keeper) = connect(&server);

    let mut notifications = server.notifications().await.unwrap();

    let notices = notifications.next().await.unwrap();
    let expected =
        Notice::Item { section: "3".parse().ok(), item: "7".parse().ok(), change: Change::Settled };
    assert_eq!(notices, [expected]);
}

#[tokio::test]
async fn the_token_travels_in_a_header_only() {
    let seen = Arc::new(Mutex::new(None));
    let heard = seen.clone();
    let server = TestServer::start(move |_, request| {
        let token = request.headers()["x-plex-token"].to_str().unwrap().to_owned();
        *heard.lock().unwrap() = Some((token, request.uri().to_string()));
        async { reply(401, &[], "<html>") }
    })
    .await;
    let (server, _keeper) = connect(&server);

    let error = server.notifications().await.unwrap_err();

    assert!(matches!(error, Error::AccessDenied { status: 401, .. }), "{error}");
    let (token, uri) = seen.lock().unwrap().take().unwrap();
    assert_eq!(token, "owner-token");
    assert_eq!(uri, "/:/websockets/notifications?filters=timeline,activity,status");
}

#[tokio::test]
async fn a_server_that_opens_no_socket_is_garbled() {
    for status in [200, 101] {
        let headers =
            [("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-accept", "wrong")];
        let server = TestServer::start(move |_, _| async move { reply(status, &headers, "") }).await;
        let (server, _keeper) = connect(&server);

        let error = server.notifications().await.unwrap_err();

        assert!(matches!(error, Error::Garbled { .. }), "{status}: {error}");
    }
}

#[tokio::test]
async fn a_message_without_end_is_not_read_to_its_end() {
    let huge = Message::text(" ".repeat(LARGEST + 1));
    let server = telling(vec![huge, Message::text(SETTLED)]).await;
    let (server, _keeper) = connect(&server);
    let mut notifications = server.notifications().await.unwrap();

    let error = notifications.next().await.unwrap_err();

    assert!(matches!(error, Error::BrokenOff { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_without_a_word_is_noticed() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let socket = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
    let mut notifications = Notifications { service: "plex".into(), socket };
    let began = Instant::now();

    let error = notifications.next().await.unwrap_err();

    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    assert_eq!(began.elapsed(), PING_AFTER + DEAD_AFTER);
    drop(theirs);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_only_silent_is_listened_to_on() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let socket = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
    let mut notifications = Notifications { service: "plex".into(), socket };
    let mut server = JoinSet::new();
    server.spawn(async move {
        let mut socket = WebSocketStream::from_raw_socket(theirs, Role::Server, None).await;
        for _ in 0..10 {
            assert!(matches!(socket.next().await, Some(Ok(Message::Ping(_)))));
        }
        socket.send(Message::text(SETTLED)).await.unwrap();
        socket
    });

    assert_eq!(notifications.next().await.unwrap().len(), 1);
}

//! The streams, as programs and pages see them.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode};
use sandbox::Services;
use sandbox::services::Mode;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};

use super::house::{Person, Portal};

const PATIENCE: Duration = Duration::from_secs(10);

/// An event stream, read frame by frame.
struct Stream {
    response: reqwest::Response,
    unread: String,
}

impl Stream {
    async fn open(person: &Person, path: &str) -> Self {
        let response = person.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self { response, unread: String::new() }
    }

    /// The next frame, or nothing when the portal ended the stream.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((frame, rest)) = self.unread.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.unread = rest;
                return Some(frame);
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("a frame in time").ok()??;
            self.unread += std::str::from_utf8(&chunk).unwrap();
        }
    }

    /// Reads on to the first frame that `is_it`.
    async fn until(&mut self, is_it: impl Fn(&str) -> bool) -> String {
        loop {
            let frame = self.next().await.expect("the stream goes on");
            if is_it(&frame) {
                return frame;
            }
        }
    }
}

fn id_of(frame: &str) -> &str {
    frame.lines().find_map(|line| line.strip_prefix("id: ")).unwrap_or_default()
}

fn data_of(frame: &str) -> Value {
    let data = frame.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    serde_json::from_str(data).unwrap()
}

async fn watch_music(admin: &Person) -> Services {
    let world = Services::start(&["music"]).await.unwrap();
    let body = json!({"name": "music", "url": world.url("music"), "interval": "1s"});
    admin.post("/api/v1/services", body).await.expect(StatusCode::CREATED);
    world
}

#[tokio::test]
async fn a_program_hears_of_every_change_and_of_none_that_is_not_its_own() {
    let (portal, admin) = Portal::start_unhurried().await;
    let ben = portal.new_person(&admin, "ben", "user").await;
    let mut bens = Stream::open(&ben, "/api/v1/events").await;
    let mut admins = Stream::open(&admin.with_token().await, "/api/v1/events").await;

    let body = json!({"url": "https://video.example/one"});
    admin.post("/api/v1/downloads", body).await.expect(StatusCode::ACCEPTED);
    let world = watch_music(&admin).await;

    admins.until(|frame| frame.contains("event: download:progress")).await;
    let up = |frame: &str| frame.contains("event: service:status") && frame.contains("\"status\":\"up\"");
    let shown = data_of(&admins.until(up).await);
    assert_eq!(shown["url"], world.url("music"));
    let mut bens_frames = String::new();
    let shown = data_of(&bens.until(|frame| up(frame) || frame.contains("download")).await);
    bens_frames += &shown.to_string();
    assert_eq!(shown["url"], Value::Null, "{bens_frames}");
    portal.stop().await;
}

#[tokio::test]
async fn a_page_gets_its_own_fragments_with_the_class_of_its_viewer() {
    let (portal, admin) = Portal::start_unhurried().await;
    let mut home = Stream::open(&admin, "/events?page=/").await;
    let mut status = Stream::open(&admin, "/events?page=/status").await;
    let mut account = Stream::open(&admin, "/events?page=/account").await;

    let world = watch_music(&admin).await;

    home.until(|frame| frame.contains("hx-target=\"#tiles\"")).await;
    home.until(|frame| frame.contains("hx-target=\"#svc-music\"") && frame.contains("data-status=\"up\""))
        .await;
    world.set("music", Mode::Refuse);
    status.until(|frame| frame.contains("#mon-music") && frame.contains("data-status=\"pending\"")).await;
    let count = account.until(|frame| frame.contains("data: ")).await;
    assert!(count.contains("#services-up") && !count.contains("#tiles"), "{count}");
    // A probe that changes nothing is shown, and is nothing to come back to.
    world.set("music", Mode::Up);
    let checked = home.until(|frame| frame.contains("#svc-music") && !frame.contains("id: ")).await;
    assert!(!checked.contains("#services-up"), "{checked}");
    portal.stop().await;
}

#[tokio::test]
async fn a_reader_that_was_away_gets_what_it_missed_or_is_told_to_read_again() {
    let (portal, admin) = Portal::start_unhurried().await;
    let mut stream = Stream::open(&admin, "/api/v1/events").await;
    let seen = id_of(&stream.next().await.unwrap()).to_owned();
    drop(stream);
    let _world = watch_music(&admin).await;
    Stream::open(&admin, "/api/v1/events").await;

    let mut back = Stream::open(&admin, &format!("/api/v1/events?since={seen}")).await;
    assert_eq!(id_of(&back.next().await.unwrap()), seen);
    back.until(|frame| frame.contains("service:status")).await;

    for forged in ["1-1", "99999999999999-1", "nonsense", "0-0"] {
        let mut lost = Stream::open(&admin, &format!("/api/v1/events?since={forged}")).await;
        let first = lost.next().await.unwrap();
        assert!(first.starts_with("event: resync"), "{forged}: {first}");
    }
    portal.stop().await;
}

#[tokio::test]
async fn a_stream_ends_within_a_second_of_its_right() {
    let (portal, admin) = Portal::start_unhurried().await;
    let ben = portal.new_person(&admin, "ben", "user").await;
    let program = ben.with_token().await;
    let id = ben.id().await;
    let mut page = Stream::open(&ben, "/events?page=/").await;
    let mut api = Stream::open(&program, "/api/v1/events").await;
    page.next().await;
    api.next().await;

    admin.patch(&format!("/api/v1/users/{id}"), json!({"enabled": false})).await.expect(StatusCode::OK);

    let began = Instant::now();
    while page.next().await.is_some() {}
    while api.next().await.is_some() {}
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    for path in ["/events?page=/", "/api/v1/events"] {
        ben.get(path).await.expect(StatusCode::UNAUTHORIZED);
    }
    portal.stop().await;
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn socket(person: &Person, origin: Option<&str>) -> Result<Socket, StatusCode> {
    let address = format!("{}/ws", person.address.replace("http://", "ws://"));
    let mut request = address.into_client_request().unwrap();
    let headers = request.headers_mut();
    if let Some(cookie) = &person.cookie {
        headers.insert("cookie", cookie.parse().unwrap());
    }
    if let Some(origin) = origin {
        headers.insert("origin", origin.parse().unwrap());
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(answer)) => Err(StatusCode::from_u16(answer.status().as_u16()).unwrap()),
        Err(error) => panic!("{error}"),
    }
}

async fn heard(socket: &mut Socket) -> Option<Message> {
    timeout(PATIENCE, socket.next()).await.expect("a message in time").and_then(Result::ok)
}

async fn text(socket: &mut Socket) -> Value {
    loop {
        match heard(socket).await.expect("the socket stays open") {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) => {}
            other => panic!("unexpected {other:?}"),
        }
    }
}

async fn close_code(socket: &mut Socket) -> Option<u16> {
    loop {
        match heard(socket).await {
            Some(Message::Close(frame)) => return frame.map(|frame| frame.code.into()),
            Some(_) => {}
            None => return None,
        }
    }
}

#[tokio::test]
async fn a_socket_says_what_it_was_asked_for() {
    let (portal, admin) = Portal::start_unhurried().await;
    let mut socket = socket(&admin, Some(&*admin.address)).await.unwrap();

    socket.send(Message::text(r#"{"type":"subscribe:status"}"#)).await.unwrap();
    assert_eq!(text(&mut socket).await, json!({"event": "subscribed", "data": {"topic": "status"}}));
    let _world = watch_music(&admin).await;
    let said = text(&mut socket).await;
    assert_eq!((&said["event"], &said["data"]["name"]), (&json!("service:status"), &json!("music")));

    socket.send(Message::text("{\"type\":\"subscribe:everything\"}")).await.unwrap();
    loop {
        let said = text(&mut socket).await;
        if said["event"] == "error" {
            break;
        }
    }
    portal.stop().await;
}

#[tokio::test]
async fn a_socket_is_only_for_our_own_pages_and_programs_that_behave() {
    let (portal, admin) = Portal::start_unhurried().await;
    let nobody = portal.anybody();

    assert_eq!(socket(&nobody, None).await.unwrap_err(), StatusCode::UNAUTHORIZED);
    for origin in ["http://evil.example", "null", "https://127.0.0.1"] {
        assert_eq!(socket(&admin, Some(origin)).await.unwrap_err(), StatusCode::FORBIDDEN, "{origin}");
    }
    let mut flood = socket(&admin, None).await.unwrap();
    for _ in 0..100 {
        let _ = flood.send(Message::text("{}")).await;
    }
    assert_eq!(close_code(&mut flood).await, Some(1008));
    let mut binary = socket(&admin, None).await.unwrap();
    binary.send(Message::binary(vec![0_u8; 8])).await.unwrap();
    assert_eq!(close_code(&mut binary).await, Some(1003));
    let mut big = socket(&admin, None).await.unwrap();
    let _ = big.send(Message::text("x".repeat(100_000))).await;
    assert_ne!(close_code(&mut big).await, Some(1000));

    let ben = portal.new_person(&admin, "ben", "user").await;
    let mut bens = socket(&ben, None).await.unwrap();
    ben.post("/api/v1/logout", json!({})).await;
    assert_eq!(close_code(&mut bens).await, Some(4401));
    portal.stop().await;
}

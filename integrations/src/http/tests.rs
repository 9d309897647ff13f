use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use domain::Secret;
use domain::address::AdminUrl;
use domain::breaker::{Rules, State};
use domain::service::ServiceKind;
use http::{HeaderName, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Client, MAX_BODY, Transport};
use crate::Error;
use crate::breaker::{Gate, Keeper};
use crate::probe::probe_http;
use crate::test_server::{TestServer, reply};
use crate::test_tls::{Authority, TlsServer};

fn client(base: &str, rules: Rules) -> (Client, Gate, Keeper) {
    let gate = Gate::new();
    let keeper = gate.install(rules, |_| {});
    let base = AdminUrl::parse(base).unwrap();
    (Client::new(&"plex".parse().unwrap(), base, Transport::new().unwrap(), gate.clone()), gate, keeper)
}

async fn get(client: &Client) -> Result<Value, Error> {
    client.get("status").interactive().json().await
}

#[tokio::test]
async fn a_dead_service_is_not_flooded_by_a_hundred_page_loads() {
    let server = TestServer::answering(500, &[], "").await;
    let (client, gate, _keeper) = client(&server.url("/"), Rules::default());
    let began = Instant::now();

    let mut pages = JoinSet::new();
    for _ in 0..100 {
        let client = client.clone();
        pages.spawn(async move { get(&client).await });
    }
    let results = pages.join_all().await;

    assert!(results.iter().all(|result| result.as_ref().is_err_and(Error::is_outage)));
    assert!(server.hits() <= 105, "{} hits", server.hits());
    assert!(began.elapsed() <= Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(gate.view().unwrap().state, State::Open);

    let before = server.hits();
    for _ in 0..50 {
        assert!(matches!(get(&client).await, Err(Error::CircuitOpen { .. })));
    }
    assert_eq!(server.hits(), before, "an open breaker lets nothing through");
}

#[tokio::test]
async fn an_open_breaker_ends_the_retry_loop() {
    let server = TestServer::answering(503, &[], "").await;
    let (client, _, _keeper) = client(&server.url("/"), Rules { min_volume: 1, ..Rules::default() });

    let error = get(&client).await.unwrap_err();

    assert!(matches!(error, Error::CircuitOpen { .. }), "{error}");
    assert_eq!(server.hits(), 1);
}

#[tokio::test]
async fn recovery_is_found_with_one_call() {
    let status = Arc::new(AtomicU16::new(500));
    let answer = status.clone();
    let server = TestServer::start(move |_, _| {
        let status = answer.load(Ordering::SeqCst);
        async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            reply(status, &[], "{}")
        }
    })
    .await;
    let rules = Rules { open_for: Duration::from_millis(100), ..Rules::default() };
    let (client, gate, _keeper) = client(&server.url("/"), rules);
    while gate.view().unwrap().state == State::Closed {
        let _ = client.get("status").once().send().await;
    }
    status.store(200, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(120)).await;
    let before = server.hits();

    let mut burst = JoinSet::new();
    for _ in 0..20 {
        let client = client.clone();
        burst.spawn(async move { client.get("status").once().send().await });
    }
    let results = burst.join_all().await;

    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(server.hits(), before + 1);
    assert_eq!(gate.view().unwrap().state, State::Closed);
}

#[tokio::test]
async fn a_service_that_asks_us_to_wait_is_left_alone_that_long() {
    let server = TestServer::start(|number, _| async move {
        if number == 1 { reply(429, &[("retry-after", "1")], "") } else { reply(200, &[], "{}") }
    })
    .await;
    let (client, gate, _keeper) = client(&server.url("/"), Rules::default());
    let began = Instant::now();

    let patient = client.get("status").json::<Value>();
    let impatient = async {
        while server.hits() == 0 {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        client.get("status").once().send().await
    };
    let (patient, impatient) = tokio::join!(patient, impatient);

    assert!(patient.is_ok());
    assert!(matches!(impatient, Err(Error::Throttled { .. })));
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(server.hits(), 2);
    assert_eq!(gate.view().unwrap().state, State::Closed);
}

#[tokio::test]
async fn what_was_asked_wrongly_is_no_outage_and_is_not_repeated() {
    for (status, is_expected) in [
        (401, (|error| matches!(error, Error::AccessDenied { status: 401, .. })) as fn(&Error) -> bool),
        (403, |error| matches!(error, Error::AccessDenied { status: 403, .. })),
        (404, |error| matches!(error, Error::Refused { status: 404, .. })),
        (422, |error| matches!(error, Error::Refused { status: 422, .. })),
    ] {
        let server = TestServer::answering(status, &[], "").await;
        let (client, gate, _keeper) = client(&server.url("/"), Rules::default());
        for _ in 0..10 {
            let error = get(&client).await.unwrap_err();
            assert!(is_expected(&error) && !error.is_outage(), "{status}: {error:?}");
        }
        assert_eq!(server.hits(), 10);
        assert_eq!(gate.view().unwrap().failures, 0, "{status}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_a_failure_without_a_quote() {
    for body in ["<html>secret</html>", "{\"secret\": ", "[\"secret\"]"] {
        let server = TestServer::answering(200, &[], body).await;
        let (client, gate, _keeper) = client(&server.url("/"), Rules::default());

        let error =
            client.get("status").once().json::<std::collections::HashMap<String, u32>>().await.unwrap_err();

        assert!(matches!(error, Error::Garbled { .. }) && error.is_outage(), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        assert_eq!(gate.view().unwrap().failures, 1);
    }
}

#[tokio::test]
async fn only_what_may_be_repeated_is_repeated() {
    let server = TestServer::answering(500, &[], "").await;
    let rules = Rules { min_volume: 1000, ..Rules::default() };
    let (client, _gate, _keeper) = client(&server.url("/"), rules);
    let hits_of = async |method: Method, repeatable: bool| {
        let before = server.hits();
        let call = client.request(method, "things").interactive().body(&json!({"a": 1}));
        let call = if repeatable { call.repeatable() } else { call };
        call.send().await.unwrap_err();
        server.hits() - before
    };

    assert_eq!(hits_of(Method::POST, false).await, 1);
    assert_eq!(hits_of(Method::PUT, false).await, 2);
    assert_eq!(hits_of(Method::POST, true).await, 2);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let server = TestServer::start(|_, _| async { reply(200, &[], vec![b' '; MAX_BODY + 1]) }).await;
    let (client, ..) = client(&server.url("/"), Rules::default());

    // The keeper is gone: nothing may be sent.
    assert!(matches!(get(&client).await, Err(Error::Unavailable { .. })));
    assert_eq!(server.hits(), 0);
    let (client, _gate, _keeper) = self::client(&server.url("/"), Rules::default());
    assert!(matches!(get(&client).await, Err(Error::TooLarge { .. })));
}

#[tokio::test]
async fn a_service_that_drips_is_cut_off_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
        while stream.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let (client, gate, _keeper) = client(&format!("http://{address}/"), Rules::default());
    let began = Instant::now();

    let error = client.get("status").interactive().once().send().await.unwrap_err();

    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_millis(1_900), "{:?}", began.elapsed());
    assert_eq!(gate.view().unwrap().counts.timed_out, 1);
}

#[tokio::test]
async fn nothing_follows_a_redirect_to_another_origin() {
    let other = TestServer::answering(200, &[], "{}").await;
    let target = other.url("/stolen");
    let server = TestServer::start(move |_, request| {
        let location = if request.uri().path() == "/status" { target.clone() } else { "/status".to_owned() };
        async move { reply(302, &[("location", &location)], "") }
    })
    .await;
    let (client, _gate, _keeper) = client(&server.url("/"), Rules::default());

    let error = client.get("inner").once().send().await.unwrap_err();

    assert!(matches!(error, Error::Redirected { .. }), "{error}");
    assert_eq!((server.hits(), other.hits()), (2, 0));
}

#[tokio::test]
async fn errors_never_hold_the_key_or_the_address() {
    let refused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (client, _gate, _keeper) = client(&format!("http://{refused}/base"), Rules::default());
    let client =
        client.with_secret_header(HeaderName::from_static("x-api-key"), &Secret::new("hunter2")).unwrap();

    let error = client.get("status?token=hunter2").once().send().await.unwrap_err();

    assert_eq!(error.to_string(), "plex could not be reached: connection refused");
    let printed = format!("{error:?} {client:?}");
    assert!(!printed.contains("hunter2") && !printed.contains("127.0.0.1"), "{printed}");
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_told_apart() {
    let (client, _gate, _keeper) = client("http://no-such-host.invalid/", Rules::default());

    let error = client.get("status").interactive().once().send().await.unwrap_err();

    assert_eq!(error.to_string(), "plex could not be reached: its name was not found");
}

#[tokio::test]
async fn a_query_is_encoded_so_that_the_strictest_service_takes_it() {
    let server = TestServer::start(|_, request| {
        let json = serde_json::to_string(&request.uri().to_string()).unwrap();
        async move { reply(200, &[], json) }
    })
    .await;
    let (client, _gate, _keeper) = client(&server.url("/"), Rules::default());

    let call = client.get("search?page=1").query(&[("query", "breaking bad: 1+1 é"), ("year>>", "2007")]);
    let line: String = call.json().await.unwrap();

    assert!(
        line.contains("/search?page=1&query=breaking%20bad%3A%201%2B1%20%C3%A9&year%3E%3E=2007"),
        "{line}"
    );
}

#[tokio::test]
async fn an_accepted_status_is_an_answer_and_a_success_for_the_breaker() {
    let server = TestServer::answering(500, &[], "{\"message\":\"Unable to retrieve movie.\"}").await;
    let (client, gate, _keeper) = client(&server.url("/"), Rules::default());

    for _ in 0..30 {
        let answer = client.get("movie/1").accept(|status| status == 500).send().await.unwrap();
        assert_eq!(answer.status, 500);
        assert!(answer.body.starts_with(b"{\"message\""));
    }
    assert_eq!(gate.view().unwrap().state, State::Closed);
    assert_eq!(server.hits(), 30, "an answer is not asked for again");
}

#[tokio::test]
async fn being_asked_to_wait_is_never_an_accepted_answer() {
    let server = TestServer::answering(429, &[("retry-after", "7")], "").await;
    let (client, _gate, _keeper) = client(&server.url("/"), Rules::default());

    let error = client.get("x").once().accept(|_| true).send().await.unwrap_err();

    assert!(matches!(error, Error::Throttled { retry_in, .. } if retry_in == Duration::from_secs(7)));
}

#[tokio::test]
async fn a_persons_token_replaces_that_of_the_service() {
    let server = TestServer::start(|_, request| {
        let token = format!("{:?}", request.headers().get_all("x-plex-token").iter().collect::<Vec<_>>());
        async move { reply(200, &[], token) }
    })
    .await;
    let (client, _gate, _keeper) = client(&server.url("/"), Rules::default());
    let name = HeaderName::from_static("x-plex-token");
    let client = client.with_secret_header(name.clone(), &Secret::new("of-the-service")).unwrap();

    let call = client.get("library").secret_header(name, &Secret::new("of-ana"));
    let text = call.send().await.unwrap().body;
    let text = String::from_utf8_lossy(&text).into_owned();

    assert!(text.contains("of-ana") && !text.contains("of-the-service"), "{text}");
}

#[tokio::test]
async fn the_limit_of_a_body_can_be_lower() {
    let server = TestServer::answering(200, &[], "0123456789").await;
    let (client, _gate, _keeper) = client(&server.url("/"), Rules::default());

    let error = client.with_max_body(9).get("x").once().send().await.unwrap_err();

    assert!(matches!(error, Error::TooLarge { limit: 9, .. }), "{error}");
}

#[tokio::test]
async fn a_bad_certificate_is_told_apart_from_a_service_that_is_away() {
    let ours = Authority::new();
    let year = |year| rcgen::date_time_ymd(year, 1, 1);
    let expired = TlsServer::start(&ours, "localhost", |params| {
        (params.not_before, params.not_after) = (year(2019), year(2020));
    })
    .await;
    let early = TlsServer::start(&ours, "localhost", |params| {
        (params.not_before, params.not_after) = (year(2090), year(2091));
    })
    .await;
    let elsewhere = TlsServer::start(&ours, "plex.example", |_| {}).await;
    let unknown = TlsServer::start(&Authority::new(), "localhost", |_| {}).await;
    let good = TlsServer::start(&ours, "localhost", |_| {}).await;
    let transport = Transport::trusting(&ours.pem());

    for (server, words) in [
        (expired, "its certificate has expired"),
        (early, "its certificate is not valid yet"),
        (elsewhere, "its certificate is for another name"),
        (unknown, "its certificate is signed by nobody we know"),
    ] {
        let gate = Gate::new();
        let _keeper = gate.install(Rules::default(), |_| {});
        let base = AdminUrl::parse(&format!("https://localhost:{}/", server.address.port())).unwrap();
        let client = Client::new(&"plex".parse().unwrap(), base.clone(), transport.clone(), gate);

        let error = client.get("identity").interactive().send().await.unwrap_err();

        assert!(matches!(&error, Error::Certificate { reason, .. } if reason == words), "{error}");
        let probed = probe_http(&transport, ServiceKind::Plex, &base, Duration::from_secs(2)).await;
        assert!(probed.message.as_deref().is_some_and(|message| message.contains(words)), "{probed:?}");
    }

    let base = AdminUrl::parse(&format!("https://localhost:{}/", good.address.port())).unwrap();
    let probed = probe_http(&transport, ServiceKind::Http, &base, Duration::from_secs(2)).await;
    assert_eq!(probed.message, None);
}

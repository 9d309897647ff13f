//! What every answer has in common.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use medianest::app::App;
use medianest::link::Base;
use medianest::problem::Problem;
use medianest::route::{self, Response, Route, Table, Visit, get};
use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::house::{Answer, Person, Portal};

const PATHS: [&str; 9] = [
    "/",
    "/nope",
    "/login",
    "/api/v1/me",
    "/api/v1/nope",
    "/healthz",
    "/readyz",
    "/metrics",
    "/assets/nope.js",
];

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let (portal, admin) = Portal::start().await;

    for person in [portal.anybody(), admin] {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS, Method::TRACE] {
            for path in PATHS {
                let answer = Answer::of(person.request(method.clone(), path)).await;
                let what = format!("{method} {path} {}", answer.status);
                assert!(answer.status.as_u16() < 500, "{what}");
                let policy = answer.header("content-security-policy").unwrap_or_default();
                for part in
                    ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
                {
                    assert!(policy.contains(part), "{what}: {policy}");
                }
                assert!(!policy.contains("unsafe"), "{what}");
                assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{what}");
                assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{what}");
                assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"), "{what}");
                assert!(answer.header("x-request-id").is_some(), "{what}");
                assert!(answer.header("cache-control").is_some(), "{what}");
                assert_eq!(answer.header("server"), None, "{what}");
            }
        }
    }
    portal.stop().await;
}

#[tokio::test]
async fn a_known_path_says_which_methods_it_knows() {
    let (portal, admin) = Portal::start().await;

    for (method, path, allow) in [
        (Method::DELETE, "/api/v1/me", "GET, HEAD"),
        (Method::TRACE, "/api/v1/users", "GET, POST, HEAD"),
        (Method::GET, "/api/v1/login", "POST"),
    ] {
        let answer = Answer::of(admin.request(method, path)).await;
        answer.expect(StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.header("allow"), Some(allow));
    }
    let head = Answer::of(admin.request(Method::HEAD, "/api/v1/me")).await;
    head.expect(StatusCode::OK);
    assert!(head.body.is_empty());
    portal.stop().await;
}

#[tokio::test]
async fn a_path_in_disguise_is_not_found_whoever_asks() {
    let (portal, admin) = Portal::start().await;

    for path in [
        "//api/v1/users",
        "/api//v1/users",
        "/api/v1/users/",
        "/API/v1/users",
        "/api/v1/users;x=1",
        "/api%2Fv1/users",
        "/api/v1/users%00",
        "/api/v1/%2e%2e/users",
        "/./api/v1/./nope",
    ] {
        let line = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {}\r\nConnection: close\r\n\r\n",
            admin.cookie.clone().unwrap()
        );
        let answer = raw(&portal, line.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer:.60}");
    }
    portal.stop().await;
}

#[tokio::test]
async fn a_request_that_two_servers_could_read_in_two_ways_is_refused() {
    let (portal, _) = Portal::start().await;

    for request in [
        "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "POST /api/v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        "GET /healthz\r\n\r\n",
        "GET /health z HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
    ] {
        let answer = raw(&portal, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400") || answer.is_empty(), "{request:?}: {answer:.80}");
    }
    portal.anybody().get("/healthz").await.expect(StatusCode::OK);
    portal.stop().await;
}

#[tokio::test]
async fn a_request_that_names_no_path_finds_nothing() {
    let (portal, _) = Portal::start().await;

    for request in [
        "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n",
        "GET healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let answer = raw(&portal, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{request:?}: {answer:.80}");
    }
    portal.stop().await;
}

#[tokio::test]
async fn nobody_holds_a_connection_without_asking_for_something() {
    let (portal, _) = Portal::start().await;
    let held = async |first: &[u8]| {
        let mut stream = TcpStream::connect(portal.inner.address).await.unwrap();
        stream.write_all(first).await.unwrap();
        let mut answer = Vec::new();
        // Ten seconds are given, and something for a busy machine.
        let reading = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
        (reading.is_err(), answer)
    };

    let ((silent, _), (http2, answer)) = tokio::join!(held(b""), held(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));

    assert!(!silent, "a silent connection stays open");
    assert!(!http2, "a connection of another protocol stays open");
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{answer:?}");
    portal.stop().await;
}

#[tokio::test]
async fn below_a_base_path_the_portal_answers_only_there() {
    let portal = Portal::with(|settings| settings.base = Base::parse("/medianest").unwrap()).await;
    let anybody = portal.anybody();
    assert!(anybody.address.ends_with("/medianest"), "{}", anybody.address);

    anybody.get("/healthz").await.expect(StatusCode::OK);
    let problem = anybody.get("/api/v1/me").await;
    problem.expect(StatusCode::UNAUTHORIZED);
    assert_eq!(problem.json()["instance"], "/medianest/api/v1/me");

    let root = format!("http://{}", portal.inner.address);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for (path, status) in
        [("/healthz", 200), ("/readyz", 200), ("/api/v1/me", 404), ("/login", 404), ("/medianest", 303)]
    {
        let answer = Answer::of(client.get(format!("{root}{path}"))).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        if status == 303 {
            assert_eq!(answer.header("location"), Some("/medianest/"));
        }
    }
    portal.stop().await;
}

#[tokio::test]
async fn health_says_no_more_than_it_must() {
    let (portal, _) = Portal::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = portal.anybody().get(path).await;
        answer.expect(StatusCode::OK);
        assert_eq!(answer.text(), "ok\n");
    }
    portal.stop().await;
}

#[tokio::test]
async fn metrics_are_for_the_token_of_an_admin_and_do_not_grow_with_paths() {
    let (portal, admin) = Portal::start().await;
    let member = portal.new_person(&admin, "ben", "user").await;
    portal.anybody().get("/metrics").await.expect(StatusCode::UNAUTHORIZED);
    admin.get("/metrics").await.expect(StatusCode::FORBIDDEN);
    member.with_token().await.get("/metrics").await.expect(StatusCode::FORBIDDEN);
    let program = admin.with_token().await;
    // Tests share the recorder of the process, so only series of paths without a route count.
    let series = |text: &str| text.lines().filter(|line| line.contains("route=\"none\"")).count();
    program.get("/metrics").await.expect(StatusCode::OK);
    portal.anybody().get("/nope-0").await;
    let before = program.get("/metrics").await;

    for number in 1..50 {
        portal.anybody().get(&format!("/nope-{number}")).await.expect(StatusCode::NOT_FOUND);
    }

    let after = program.get("/metrics").await.text();
    assert!(after.contains("medianest_http_requests_total"), "{after}");
    assert!(
        series(&after) <= series(&before.text()) + 40,
        "{} -> {}",
        series(&before.text()),
        series(&after)
    );
    assert!(!after.contains("nope-"), "{after}");
    portal.stop().await;
}

async fn raw(portal: &Portal, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(portal.inner.address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap_or(0);
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// A server of its own around one route that a test made, with the rest of `portal` behind it.
async fn serve(portal: &Portal, route: Route) -> (SocketAddr, JoinSet<()>) {
    let table = Arc::new(Table::new([route]));
    let filter = route::filter(table, portal.inner.app.clone(), medianest::pages::problem);
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(medianest::server::serve(listener, filter, std::future::pending()));
    (address, tasks)
}

async fn boom(_app: App, _visit: Visit) -> Result<Response, Problem> {
    panic!("canary {}", "/etc/secret");
}

async fn words(_app: App, _visit: Visit) -> Result<Response, Problem> {
    Ok(route::html("word ".repeat(10_000)))
}

#[tokio::test]
async fn a_handler_that_panics_is_a_500_that_says_nothing_and_the_next_request_is_served() {
    let (portal, _) = Portal::start().await;
    let (address, _tasks) = serve(&portal, get("/boom").public().then(boom)).await;
    let client = reqwest::Client::new();

    for accept in ["application/json", "text/html"] {
        let answer = Answer::of(client.get(format!("http://{address}/boom")).header("accept", accept)).await;
        answer.expect(StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!answer.text().contains("canary") && !answer.text().contains("secret"), "{}", answer.text());
        assert!(answer.header("content-security-policy").is_some());
    }
    portal.stop().await;
}

#[tokio::test]
async fn text_is_compressed_for_those_who_ask() {
    let (portal, _) = Portal::start().await;
    let (address, _tasks) = serve(&portal, get("/words").public().then(words)).await;
    let client = reqwest::Client::new();

    let plain = Answer::of(client.get(format!("http://{address}/words"))).await;
    let squeezed =
        Answer::of(client.get(format!("http://{address}/words")).header("accept-encoding", "gzip")).await;

    assert_eq!((plain.header("content-encoding"), plain.body.len()), (None, 50_000));
    assert_eq!(squeezed.header("content-encoding"), Some("gzip"));
    assert!(squeezed.body.len() < 1000, "{}", squeezed.body.len());
    assert!(squeezed.headers.get_all("vary").iter().any(|value| value == "accept-encoding"));
    portal.stop().await;
}

#[tokio::test]
async fn an_admin_is_told_more_about_health_than_others() {
    let (portal, admin) = Portal::start().await;
    let member = portal.new_person(&admin, "ben", "user").await;

    for person in [portal.anybody(), member] {
        assert_eq!(person.get("/readyz").await.text(), "ok\n");
    }
    for person in [admin.clone(), admin.with_token().await] {
        let details = person.get("/readyz").await.json();
        assert_eq!((&details["ready"], &details["failed_actors"]), (&true.into(), &serde_json::json!([])));
    }
    portal.stop().await;
}

#[tokio::test]
async fn looking_at_everything_changes_nothing() {
    let (portal, admin) = Portal::start_unhurried().await;
    let table = portal.inner.table.clone();
    let before = things(&admin).await;

    for route in table.routes().filter(|route| route.method == Method::GET) {
        if matches!(route.pattern, "/events" | "/api/v1/events" | "/ws") {
            continue;
        }
        let path = route.pattern.replace(":id", "01a20483-afc1-7548-b213-a87c963a5886").replace(':', "");
        for method in [Method::GET, Method::HEAD] {
            let answer = Answer::of(admin.request(method.clone(), &path)).await;
            assert!(answer.status.as_u16() < 500, "{method} {path}: {}", answer.status);
            assert!(answer.cookie().is_none(), "{method} {path} sets a cookie");
        }
    }

    assert_eq!(things(&admin).await, before);
    portal.stop().await;
}

/// Everything that a request could have changed.
async fn things(admin: &Person) -> Vec<serde_json::Value> {
    let mut things = Vec::new();
    for path in ["users", "services", "downloads?everybody=true", "tokens", "me"] {
        things.push(admin.get(&format!("/api/v1/{path}")).await.json());
    }
    things
}

//! What every answer has in common.

use medianest::link::Base;
use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{Answer, Portal};

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
async fn below_a_base_path_the_portal_answers_only_there() {
    let portal = Portal::with(|settings| settings.base = Base::parse("/medianest").unwrap()).await;
    let anybody = portal.anybody();
    assert!(anybody.origin().ends_with("/medianest"), "{}", anybody.origin());

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
    let series = |text: &str| text.lines().filter(|line| !line.starts_with('#')).count();
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

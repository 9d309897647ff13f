//! What nobody should send is answered with 4xx and the name of the field, and changes nothing.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::house::{Answer, PASSWORD, Portal};

#[tokio::test]
async fn every_wrong_field_is_named() {
    let (portal, admin) = Portal::start().await;
    let long = "x".repeat(70);
    let huge = "x".repeat(2000);
    let user = |name: &str, password: &str, role: Value| json!({"username": name, "password": password, "role": role});

    let cases: Vec<(Method, &str, Value, &str)> = vec![
        (Method::POST, "/api/v1/users", json!({"password": PASSWORD, "role": "user"}), "username"),
        (Method::POST, "/api/v1/users", user("", PASSWORD, json!("user")), "username"),
        (Method::POST, "/api/v1/users", user(&long, PASSWORD, json!("user")), "username"),
        (Method::POST, "/api/v1/users", user("a\u{202e}b", PASSWORD, json!("user")), "username"),
        (Method::POST, "/api/v1/users", user("ben", "short", json!("user")), "password"),
        (Method::POST, "/api/v1/users", user("ben", &huge, json!("user")), "password"),
        (Method::POST, "/api/v1/users", user("ben", PASSWORD, json!("root")), "role"),
        (Method::POST, "/api/v1/users", user("ben", PASSWORD, json!(1)), "role"),
        (
            Method::POST,
            "/api/v1/users",
            json!({"username": 5, "password": PASSWORD, "role": "user"}),
            "username",
        ),
        (
            Method::POST,
            "/api/v1/users",
            json!({"username": "ben", "password": PASSWORD, "role": "user", "id": "x"}),
            "id",
        ),
        (Method::POST, "/api/v1/users", json!([]), "body"),
        (Method::POST, "/api/v1/users", json!("x"), "body"),
        // Fields have names; their order means nothing.
        (Method::POST, "/api/v1/users", json!(["ben", PASSWORD, "user"]), "body"),
        (
            Method::PATCH,
            "/api/v1/users/01a20483-afc1-7548-b213-a87c963a5886",
            json!({"enabled": "yes"}),
            "enabled",
        ),
        (Method::PATCH, "/api/v1/users/01a20483-afc1-7548-b213-a87c963a5886", json!({"quota": 7}), "quota"),
        (Method::POST, "/api/v1/tokens", json!({"name": ""}), "name"),
        (Method::POST, "/api/v1/tokens", json!({"name": long}), "name"),
        (Method::POST, "/api/v1/tokens", json!({"name": null}), "name"),
        (Method::POST, "/api/v1/tokens", json!({"name": "x", "user": "y"}), "user"),
        (Method::POST, "/api/v1/login", json!({"username": "ana"}), "password"),
        (Method::POST, "/api/v1/login", json!({"username": "ana", "password": {"$ne": 1}}), "password"),
    ];
    for (method, path, body, field) in cases {
        let answer = admin.send(method.clone(), path, Some(body.clone())).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{method} {path} {body:.80}: {}",
            answer.text()
        );
        assert_eq!(answer.fields(), [field], "{method} {path} {body:.80}");
        let problem = answer.json();
        assert_eq!(problem["status"], 422);
        assert!(problem["request_id"].is_string() && problem["title"].is_string(), "{problem}");
    }

    let taken = admin.post("/api/v1/users", user("ANA", PASSWORD, json!("user"))).await;
    taken.expect(StatusCode::CONFLICT);
    assert_eq!(taken.fields(), ["username"]);

    let people = admin.get("/api/v1/users").await.json();
    assert_eq!(people["items"].as_array().unwrap().len(), 1);
    portal.stop().await;
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_by_its_kind() {
    let (portal, admin) = Portal::start().await;
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));

    for (content_type, body, status) in [
        ("application/json", "{\"name\":", 400),
        ("application/json", "", 400),
        ("application/json", "{\"name\":\"a\"} {}", 400),
        ("application/json", "{\"name\":\"\u{1}\"}", 400),
        ("application/json", deep.as_str(), 422),
        ("application/json; charset=utf-8", "nonsense", 400),
        ("text/plain", "{\"name\":\"a\"}", 415),
        ("application/xml", "<name/>", 415),
        ("multipart/form-data; boundary=x", "--x--", 415),
    ] {
        let request = admin.request(Method::POST, "/api/v1/tokens").header("content-type", content_type);
        let answer = Answer::of(request.body(body.to_owned())).await;
        assert_eq!(answer.status.as_u16(), status, "{content_type} {body:.40}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    let request = admin.request(Method::POST, "/api/v1/tokens").header("content-type", "application/json");
    let invalid_utf8 = Answer::of(request.body(b"{\"name\":\"\xff\xfe\"}".to_vec())).await;
    assert!(invalid_utf8.status.is_client_error(), "{}", invalid_utf8.status);
    portal.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_announced_or_not() {
    let (portal, admin) = Portal::start().await;
    let text = format!("{{\"name\":\"{}\"}}", "x".repeat(300 * 1024));

    let request = || admin.request(Method::POST, "/api/v1/tokens").header("content-type", "application/json");
    let announced = Answer::of(request().body(text.clone())).await;
    let chunks: Vec<Result<Vec<u8>, std::io::Error>> =
        text.as_bytes().chunks(8192).map(|c| Ok(c.to_vec())).collect();
    let streamed = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let chunked = Answer::of(request().body(streamed)).await;
    let squeezed = Answer::of(request().header("content-encoding", "gzip").body("x")).await;

    announced.expect(StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(announced.fields(), ["body"]);
    chunked.expect(StatusCode::PAYLOAD_TOO_LARGE);
    squeezed.expect(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    portal.stop().await;
}

#[tokio::test]
async fn ids_and_pages_that_cannot_be_are_4xx() {
    let (portal, admin) = Portal::start().await;
    for (path, status) in [
        ("/api/v1/users?limit=0", 422),
        ("/api/v1/users?limit=201", 422),
        ("/api/v1/users?limit=-1", 422),
        ("/api/v1/users?limit=9223372036854775808", 422),
        ("/api/v1/users?limit=x", 422),
        ("/api/v1/users?after=nonsense", 422),
        ("/api/v1/users?after=%00", 422),
    ] {
        let answer = admin.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
    }
    for id in
        ["x", "0", "..", "%2e%2e", "01a20483-afc1-7548-b213-a87c963a5886", "' OR 1=1 --", "%F0%9F%92%A9"]
    {
        let answer = admin.patch(&format!("/api/v1/users/{id}"), json!({"enabled": true})).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id}: {}", answer.text());
    }
    portal.stop().await;
}

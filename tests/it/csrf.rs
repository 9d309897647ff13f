//! What another site could make a browser send.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::house::{Answer, PASSWORD, Person, Portal};

const PATH: &str = "/api/v1/tokens";

async fn count(person: &Person) -> usize {
    person.get(PATH).await.json()["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_browser_on_another_site_changes_nothing() {
    let (portal, ana) = Portal::start().await;
    let ours = ana.address.to_string();
    let port = ours.rsplit(':').next().unwrap().to_owned();
    let same_site = format!("http://127.0.0.1:{}", port.parse::<u16>().unwrap() ^ 1);
    let https = ours.replace("http:", "https:");

    for (what, headers) in [
        ("another site", vec![("sec-fetch-site", "cross-site")]),
        ("another port", vec![("sec-fetch-site", "same-site")]),
        ("typed by hand", vec![("sec-fetch-site", "none")]),
        ("an old browser elsewhere", vec![("origin", "http://evil.example")]),
        ("a sandboxed frame", vec![("origin", "null")]),
        ("a port that differs", vec![("origin", same_site.as_str())]),
        ("a scheme that differs", vec![("origin", https.as_str())]),
        ("a liar", vec![("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")]),
    ] {
        let mut request = ana.request(Method::POST, PATH).json(&json!({"name": "x"}));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}");
        assert_eq!(answer.fields(), ["X-CSRF-Token"], "{what}");
    }

    assert_eq!(count(&ana).await, 0);
    portal.stop().await;
}

#[tokio::test]
async fn a_request_by_cookie_needs_the_token_of_its_session() {
    let (portal, ana) = Portal::start().await;
    let other = portal.sign_in("ana").await;
    let right = ana.csrf.clone().unwrap();

    for token in [None, Some(""), Some("x"), other.csrf.as_deref(), Some(&right[1..])] {
        let person = Person { csrf: token.map(Into::into), ..ana.clone() };
        person.post(PATH, json!({"name": "x"})).await.expect(StatusCode::FORBIDDEN);
    }
    assert_eq!(count(&ana).await, 0);

    ana.post(PATH, json!({"name": "x"})).await.expect(StatusCode::CREATED);
    let same_origin = ana.request(Method::POST, PATH).json(&json!({"name": "y"}));
    let same_origin = same_origin.header("sec-fetch-site", "same-origin").header("origin", &*ana.address);
    Answer::of(same_origin).await.expect(StatusCode::CREATED);
    portal.stop().await;
}

#[tokio::test]
async fn a_form_that_needs_no_preflight_is_refused_before_it_is_read() {
    let (portal, ana) = Portal::start().await;
    let careless = Person { csrf: None, ..ana.clone() };

    for content_type in
        ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""]
    {
        let request = careless.request(Method::POST, PATH).header("content-type", content_type);
        Answer::of(request.body("{\"name\":\"x\"}")).await.expect(StatusCode::FORBIDDEN);
    }
    assert_eq!(count(&ana).await, 0);
    portal.stop().await;
}

#[tokio::test]
async fn another_site_cannot_sign_a_browser_in() {
    let (portal, _) = Portal::start().await;
    let body = json!({"username": "ana", "password": PASSWORD});

    for (name, value) in
        [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site"), ("origin", "null")]
    {
        let request = portal.anybody().request(Method::POST, "/api/v1/login").header(name, value).json(&body);
        let answer = Answer::of(request).await;
        answer.expect(StatusCode::FORBIDDEN);
        assert!(answer.cookie().is_none());
    }
    portal.stop().await;
}

#[tokio::test]
async fn nothing_is_shared_with_other_origins() {
    let (portal, ana) = Portal::start().await;
    for origin in ["http://evil.example", "null"] {
        let answer = Answer::of(ana.request(Method::GET, "/api/v1/me").header("origin", origin)).await;
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    portal.stop().await;

    let portal =
        Portal::with(|settings| settings.cors_origins = vec!["https://app.example".to_owned()]).await;
    let request = portal.anybody().request(Method::GET, "/api/v1/me");
    let answer = Answer::of(request.header("origin", "https://app.example")).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let request = portal.anybody().request(Method::OPTIONS, "/api/v1/me");
    let request =
        request.header("origin", "https://app.example").header("access-control-request-method", "GET");
    Answer::of(request).await.expect(StatusCode::NO_CONTENT);
    portal.stop().await;
}

#[tokio::test]
async fn a_form_carries_the_token_as_a_hidden_field() {
    let (portal, ana) = Portal::start().await;
    let token = ana.csrf.clone().unwrap();
    let careless = Person { csrf: None, ..ana.clone() };
    let form = async |body: String| {
        let request = careless.request(Method::POST, "/logout");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        Answer::of(request.header("sec-fetch-site", "same-origin").body(body)).await
    };

    for body in ["", "_csrf=", "_csrf=x", "_csrf=x&x=1", "token=x"] {
        form(body.to_owned()).await.expect(StatusCode::FORBIDDEN);
    }
    ana.get("/api/v1/me").await.expect(StatusCode::OK);

    form(format!("_csrf={token}")).await.expect(StatusCode::SEE_OTHER);
    ana.get("/api/v1/me").await.expect(StatusCode::UNAUTHORIZED);
    portal.stop().await;
}

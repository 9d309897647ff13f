//! The description of the API covers the API.

use std::collections::BTreeSet;

use reqwest::StatusCode;

use super::house::Portal;

/// Described although they are not below `/api/v1`.
const DOORS: [&str; 5] = ["/events", "/ws", "/healthz", "/readyz", "/metrics"];

#[tokio::test]
async fn the_document_and_the_table_of_routes_name_the_same_routes() {
    let portal = Portal::fresh().await;

    let answer = portal.anybody().get("/api/v1/openapi.json").await;

    answer.expect(StatusCode::OK);
    let document = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(operation["responses"].is_object(), "{method} {path}");
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let braces = |pattern: &str| {
        let segment = |segment: &str| match segment.strip_prefix(':') {
            Some(name) => format!("{{{name}}}"),
            None => segment.to_owned(),
        };
        pattern.split('/').map(segment).collect::<Vec<_>>().join("/")
    };
    let served: BTreeSet<String> = portal
        .inner
        .table
        .routes()
        .filter(|route| route.pattern.starts_with("/api/v1/") || DOORS.contains(&route.pattern))
        .map(|route| format!("{} {}", route.method, braces(route.pattern)))
        .collect();
    assert_eq!(described, served);
    portal.stop().await;
}

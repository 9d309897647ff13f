//! Who may do what: every route of the portal, as everybody, against a table that is checked in.
//!
//! A route that the table does not know fails the test, and so does a line without a route.

use std::collections::BTreeMap;

use medianest::route::{Access, Route};
use reqwest::Method;
use serde_json::json;

use super::house::{Answer, Person, Portal};

/// `METHOD /pattern: anonymous member other disabled admin`, as status classes.
const TABLE: &str = include_str!("matrix.txt");

/// A path for `pattern` that names things which are not there.
fn path(pattern: &str) -> String {
    pattern
        .replace(":id", "01a20483-afc1-7548-b213-a87c963a5886")
        .replace(":name", "no-such-thing")
        .replace(":n", "1")
}

async fn ask(person: &Person, route: &Route) -> String {
    let mut request = person.request(route.method.clone(), &path(route.pattern));
    if route.method != Method::GET {
        request = request.header("content-type", "application/json").body(json!({}).to_string());
    }
    let answer = Answer::of(request).await;
    assert!(answer.status.as_u16() < 500, "{route:?}: {} {}", answer.status, answer.text());
    match answer.status.as_u16() {
        303 if answer.header("location").is_some_and(|to| to.contains("/login")) => "login".to_owned(),
        401 => "401".to_owned(),
        403 => "403".to_owned(),
        _ => "in".to_owned(),
    }
}

#[tokio::test]
async fn every_route_lets_in_whom_the_table_says_and_nobody_else() {
    let portal = Portal::with(|settings| settings.api_per_minute = None).await;
    let admin = portal.set_up().await;
    let member = portal.new_person(&admin, "ben", "user").await;
    let other = portal.new_person(&admin, "cleo", "user").await;
    let disabled = portal.new_person(&admin, "dora", "user").await;
    let id = disabled.id().await;
    admin.patch(&format!("/api/v1/users/{id}"), json!({"enabled": false})).await;
    let table = portal.inner.table.clone();

    let mut seen = BTreeMap::new();
    for route in table.routes().filter(|route| !is_stream(route)) {
        let mut line = Vec::new();
        for person in [&portal.anybody(), &member, &other, &disabled, &admin] {
            // Signing out would end the session that the next route needs.
            let guest = if is_logout(route) && person.cookie.is_some() && line.len() != 3 {
                None
            } else {
                Some(person)
            };
            line.push(match guest {
                Some(person) => ask(person, route).await,
                None => if route.access == Access::Admin { "403" } else { "in" }.to_owned(),
            });
        }
        seen.insert(format!("{} {}", route.method, route.pattern), line.join(" "));
    }

    let expected: BTreeMap<String, String> = TABLE
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(": ").expect("METHOD /pattern: words"))
        .map(|(route, words)| (route.to_owned(), words.split_whitespace().collect::<Vec<_>>().join(" ")))
        .collect();
    for (route, words) in &seen {
        assert_eq!(
            Some(words),
            expected.get(route),
            "{route} is not in the table with: {words}\n\n{}",
            print(&seen)
        );
    }
    for route in expected.keys() {
        assert!(seen.contains_key(route), "there is no route {route}");
    }
    portal.stop().await;
}

/// Streams don't end; their own tests ask who may listen.
fn is_stream(route: &Route) -> bool {
    matches!(route.pattern, "/events" | "/api/v1/events" | "/ws")
}

fn is_logout(route: &Route) -> bool {
    route.pattern.ends_with("/logout")
}

fn print(seen: &BTreeMap<String, String>) -> String {
    seen.iter().map(|(route, words)| format!("{route}: {words}\n")).collect()
}

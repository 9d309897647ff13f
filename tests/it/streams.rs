//! Who may listen to a stream, how many at a time, and for how long.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::json;
use tokio::time::timeout;

use super::house::{Answer, Person, Portal};

/// More streams than one person's programs may have.
const TOO_MANY: usize = 25;

async fn open(person: &Person, path: &str) -> Response {
    person.request(Method::GET, path).send().await.expect("the portal answers")
}

/// Whether the portal ends the stream soon.
async fn ends(mut stream: Response) -> bool {
    let reading = async { while let Ok(Some(_)) = stream.chunk().await {} };
    timeout(Duration::from_secs(5), reading).await.is_ok()
}

#[tokio::test]
async fn a_stranger_is_told_so_and_never_sent_to_another_page() {
    let (portal, _) = Portal::start().await;
    let anybody = portal.anybody();
    let stale = Person { bearer: Some("mn_nothing".into()), ..portal.anybody() };

    for person in [anybody, stale] {
        for path in ["/events?page=/", "/api/v1/events", "/ws"] {
            let answer = person.get(path).await;
            answer.expect(StatusCode::UNAUTHORIZED);
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
        }
    }
    portal.stop().await;
}

#[tokio::test]
async fn a_busy_stream_ends_too_when_its_token_is_worth_less() {
    let (portal, ana) = Portal::start().await;
    let ben = portal.new_person(&ana, "ben", "admin").await;
    let id = ben.id().await;
    let program = ben.with_token().await;
    // The inspector draws every second, at the moment when the token is looked at.
    let inspector = open(&program, "/events?page=/admin/actors").await;
    let events = open(&program, "/api/v1/events").await;
    assert_eq!((inspector.status(), events.status()), (StatusCode::OK, StatusCode::OK));

    ana.patch(&format!("/api/v1/users/{id}"), json!({"role": "user"})).await.expect(StatusCode::OK);

    let (inspector, events) = tokio::join!(ends(inspector), ends(events));
    assert!(inspector && events, "the inspector's stream ended: {inspector}, the events': {events}");
    portal.stop().await;
}

#[tokio::test]
async fn the_programs_of_one_person_cannot_take_every_stream() {
    let (portal, ana) = Portal::start().await;
    let program = ana.with_token().await;

    let mut streams = Vec::new();
    let refused = loop {
        assert!(streams.len() < TOO_MANY, "there are {} streams", streams.len());
        let stream = open(&program, "/api/v1/events").await;
        match stream.status() {
            StatusCode::OK => streams.push(stream),
            _ => break stream,
        }
    };
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key("retry-after"));

    // A stream that closed makes room for another.
    drop(streams);
    let again =
        || async { Some(open(&program, "/api/v1/events").await).filter(|one| one.status().is_success()) };
    super::house::eventually(Duration::from_secs(10), again).await;
    Answer::of(ana.request(Method::GET, "/api/v1/me")).await.expect(StatusCode::OK);
    portal.stop().await;
}

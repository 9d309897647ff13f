//! A hundred requests a minute for each person.

use futures_util::future::join_all;
use reqwest::StatusCode;

use super::house::{Answer, Portal};

#[tokio::test]
async fn the_101st_api_request_of_a_minute_is_refused_and_says_when_again() {
    let (portal, admin) = Portal::start().await;
    let ben = portal.new_person(&admin, "ben", "user").await;

    let answers = join_all((0..110).map(|_| ben.get("/api/v1/me"))).await;

    let passed = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert_eq!(passed, 100);
    let refused = answers.iter().find(|answer| answer.status != StatusCode::OK).unwrap();
    refused.expect(StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(refused.header("ratelimit-limit"), Some("100"));
    assert_eq!(refused.header("ratelimit-remaining"), Some("0"));

    admin.get("/api/v1/me").await.expect(StatusCode::OK);
    portal.stop().await;
}

#[tokio::test]
async fn a_forwarded_address_or_a_second_session_buys_no_more() {
    let portal = Portal::with(|settings| settings.api_per_minute = std::num::NonZeroU32::new(10)).await;
    let ana = portal.set_up().await;
    let again = portal.sign_in("ana").await;
    let mut passed = 0;

    for number in 0..20 {
        let person = if number % 2 == 0 { &ana } else { &again };
        let request = person.request(reqwest::Method::GET, "/api/v1/me");
        let answer = Answer::of(request.header("x-forwarded-for", format!("198.51.100.{number}"))).await;
        passed += usize::from(answer.status == StatusCode::OK);
    }

    assert_eq!(passed, 10);
    portal.stop().await;
}

#[tokio::test]
async fn no_limit_is_no_limit() {
    let portal = Portal::with(|settings| settings.api_per_minute = None).await;
    let ana = portal.set_up().await;

    let answers = join_all((0..150).map(|_| ana.get("/api/v1/me"))).await;

    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    portal.stop().await;
}

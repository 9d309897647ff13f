//! The ten reasons why the client of the portal before this one could never have worked.

use domain::Secret;
use domain::media::{MediaType, TmdbId};

use super::support::{Capture, Stage};
use crate::overseerr::webhook::{NotificationType, Webhook};
use crate::overseerr::{
    Created, ListRequests, NewRequest, PayloadEncoding, SeerrRequestId, SeerrUserId, WebhookTarget,
};

fn user() -> SeerrUserId {
    SeerrUserId::new(2).unwrap()
}

fn series(seasons: &[u32]) -> NewRequest {
    let (media_type, tmdb_id) = (MediaType::Tv, TmdbId(1396));
    NewRequest { media_type, tmdb_id, seasons: seasons.to_vec(), is_4k: false }
}

#[tokio::test]
async fn a_status_without_the_word_ok_is_a_status() {
    assert_eq!(Stage::replay("001").await.seerr.version().await.as_deref(), Ok("3.1.0"));
}

#[test]
fn the_keys_of_a_webhook_are_its_own_and_its_numbers_are_text() {
    let body = br#"{"notification_type":"MEDIA_AVAILABLE","event":"","subject":"Dune (2021)",
        "media":{"media_type":"movie","tmdbId":"438631","tvdbId":"","status":"AVAILABLE"},
        "request":{"request_id":"7","requestedBy_username":"friend"},"extra":[]}"#;

    let webhook = Webhook::parse(body).unwrap();

    assert_eq!(webhook.notification_type, NotificationType::MediaAvailable);
    assert_eq!(webhook.request_id, SeerrRequestId::new(7));
    assert_eq!((webhook.media_type, webhook.tmdb_id), (Some(MediaType::Movie), Some(TmdbId(438_631))));
}

#[tokio::test]
async fn a_space_is_never_a_plus() {
    let stage = Stage::replay("015").await;

    stage.seerr.search(" Dune: Part Two & more ", 1).await.unwrap();

    assert_eq!(stage.call().uri, "/api/v1/search?query=Dune%3A%20Part%20Two%20%26%20more&page=1");
}

#[tokio::test]
async fn no_parameter_is_sent_that_either_family_does_not_know() {
    let stage = Stage::replay("058").await;

    stage.seerr.search("dune", 2).await.unwrap();
    stage
        .seerr
        .requests(&ListRequests { requested_by: Some(user()), ..ListRequests::default() })
        .await
        .unwrap();

    let names = |uri: &str| -> Vec<String> {
        let query = uri.split_once('?').unwrap().1;
        query.split('&').map(|pair| pair.split('=').next().unwrap().to_owned()).collect()
    };
    let calls = stage.calls();
    assert_eq!(names(&calls[0].uri), ["query", "page"]);
    assert_eq!(names(&calls[1].uri), ["take", "skip", "sort", "requestedBy"]);
}

#[tokio::test]
async fn the_number_of_all_requests_is_called_results() {
    assert_eq!(Stage::replay("058").await.seerr.requests(&ListRequests::default()).await.unwrap().total, 8);
}

#[tokio::test]
async fn a_request_is_made_as_its_user_and_always_says_whether_it_is_4k() {
    for is_4k in [false, true] {
        let stage = Stage::replay("043").await;
        let new = NewRequest { media_type: MediaType::Movie, tmdb_id: TmdbId(1), seasons: vec![3], is_4k };

        stage.seerr.create_request(user(), &new).await.unwrap();

        let call = stage.call();
        assert_eq!(call.user(), Some("2"));
        assert_eq!(call.json(), serde_json::json!({"mediaType": "movie", "mediaId": 1, "is4k": is_4k}));
    }
    for text in ["abc", "", "-1", "0", "1e3", "9999999999999"] {
        assert!(text.parse::<SeerrUserId>().is_err(), "Seerr would exit: {text}");
    }
}

#[tokio::test]
async fn the_seasons_of_a_series_are_always_sent() {
    let stage = Stage::replay("047").await;
    assert_eq!(stage.seerr.create_request(user(), &series(&[])).await, Ok(Created::NothingToDo));
    assert!(stage.calls().is_empty());

    stage.seerr.create_request(user(), &series(&[1, 2])).await.unwrap();

    assert_eq!(stage.call().json()["seasons"], serde_json::json!([1, 2]));
    let details = Stage::replay("028").await.seerr.tv(TmdbId(1396)).await.unwrap().unwrap();
    assert_eq!((details.title.tmdb_id, details.seasons.len()), (TmdbId(1396), 6));
}

#[tokio::test]
async fn a_202_made_nothing() {
    let outcome = Stage::replay("048").await.seerr.create_request(user(), &series(&[1, 2])).await;
    assert_eq!(outcome, Ok(Created::NothingToDo));
}

#[tokio::test]
async fn what_proves_a_webhook_is_its_header_since_nothing_is_signed() {
    let target = WebhookTarget { url: "http://p/".into(), authorization: Secret::new("Bearer s") };
    let stage = Stage::answering(200, "{}").await;

    stage.seerr.save_webhook(&target, PayloadEncoding::Literal).await.unwrap();

    assert_eq!(stage.call().json()["options"]["authHeader"], "Bearer s");
    let recorded = std::fs::read(super::support::folder().join("webhooks/003-MEDIA_PENDING.json")).unwrap();
    let recorded: serde_json::Value = serde_json::from_slice(&recorded).unwrap();
    let names = recorded["headers"].as_object().unwrap();
    assert!(names.contains_key("authorization") && !names.keys().any(|name| name.contains("signature")));
}

#[tokio::test]
async fn a_reason_is_not_sent_where_it_would_be_lost() {
    let stage = Stage::replay("077").await;

    stage.seerr.decline(SeerrRequestId::new(1).unwrap()).await.unwrap();

    assert!(stage.call().body.is_empty());
    assert!(!Capture::of("077").body.to_string().contains("reason"));
}

//! What became of a request.

use domain::media::{MediaType, TmdbId};
use domain::request::{RemoteRequest, RequestStatus};
use http::Method;

use super::support::Stage;
use crate::Error;
use crate::overseerr::{Created, MediaRequest, NewRequest, SeerrRequestId, SeerrUserId};

fn movie() -> NewRequest {
    NewRequest { media_type: MediaType::Movie, tmdb_id: TmdbId(438_631), seasons: Vec::new(), is_4k: false }
}

fn series(seasons: &[u32]) -> NewRequest {
    let (media_type, tmdb_id) = (MediaType::Tv, TmdbId(1396));
    NewRequest { media_type, tmdb_id, seasons: seasons.to_vec(), is_4k: false }
}

fn user() -> SeerrUserId {
    SeerrUserId::new(2).unwrap()
}

fn id() -> SeerrRequestId {
    SeerrRequestId::new(1).unwrap()
}

#[tokio::test]
async fn every_recorded_outcome_is_told_apart() {
    for (number, new, expected) in [
        (
            "046",
            movie(),
            Created::NoPermission("You do not have permission to make 4K movie requests.".into()),
        ),
        ("044", movie(), Created::AlreadyRequested),
        ("048", series(&[1, 2]), Created::NothingToDo),
        ("105", movie(), Created::QuotaUsedUp),
        ("129", movie(), Created::Blocklisted),
        ("056", movie(), Created::UnknownTitle),
    ] {
        let stage = Stage::replay(number).await;

        assert_eq!(stage.seerr.create_request(user(), &new).await.as_ref(), Ok(&expected), "{number}");
        assert_eq!(stage.failures(), 0, "{number}: Overseerr itself is well");
    }
}

#[tokio::test]
async fn a_request_that_was_made_is_given_back() {
    for (number, new, status, seasons) in [
        ("043", movie(), RemoteRequest::Pending, 0),
        ("052", movie(), RemoteRequest::Approved, 0),
        ("047", series(&[1, 2]), RemoteRequest::Pending, 2),
        ("049", series(&[3, 4, 5]), RemoteRequest::Pending, 3),
        ("051", series(&[1]), RemoteRequest::Approved, 1),
        ("053", movie(), RemoteRequest::Approved, 0),
        ("057", movie(), RemoteRequest::Pending, 0),
    ] {
        let stage = Stage::replay(number).await;

        let made = stage.seerr.create_request(user(), &new).await.unwrap();

        let Created::Made(request) = made else { panic!("{number}: {made:?}") };
        assert_eq!((request.status, request.seasons.len()), (status, seasons), "{number}");
        assert_eq!(request.media_type, new.media_type, "{number}");
    }
}

#[tokio::test]
async fn what_is_no_outcome_is_an_error() {
    for (number, is_expected) in [
        ("006", (|error| matches!(error, Error::AccessDenied { status: 403, .. })) as fn(&Error) -> bool),
        ("005", |error| matches!(error, Error::AccessDenied { status: 401, .. })),
        ("054", |error| matches!(error, Error::Refused { status: 400, .. })),
        ("055", |error| matches!(error, Error::Refused { status: 400, .. })),
        ("050", |error| matches!(error, Error::Failed { status: 500, .. })),
        ("225", |error| matches!(error, Error::Failed { status: 500, .. })),
    ] {
        let stage = Stage::replay(number).await;

        let error = stage.seerr.create_request(user(), &movie()).await.unwrap_err();

        assert!(is_expected(&error), "{number}: {error}");
        assert_eq!(stage.calls().len(), 1, "{number}: never asked for twice");
    }
}

#[tokio::test]
async fn decisions_give_the_request_back_and_nothing_when_it_is_gone() {
    for (number, what, status) in [
        ("075", "approve", RemoteRequest::Approved),
        ("076", "approve", RemoteRequest::Approved),
        ("078", "approve", RemoteRequest::Approved),
        ("077", "decline", RemoteRequest::Declined),
        ("204", "decline", RemoteRequest::Declined),
        ("227", "decline", RemoteRequest::Declined),
        ("122", "retry", RemoteRequest::Failed),
    ] {
        let stage = Stage::replay(number).await;
        let request = match what {
            "approve" => stage.seerr.approve(id()).await,
            "decline" => stage.seerr.decline(id()).await,
            _ => stage.seerr.retry(id()).await,
        };

        assert_eq!(request.unwrap().map(|request| request.status), Some(status), "{number}");
        let call = stage.call();
        assert_eq!((call.method, call.uri), (Method::POST, format!("/api/v1/request/1/{what}")));
    }
    let gone = Stage::replay("073").await;
    assert_eq!(gone.seerr.approve(id()).await, Ok(None));
    assert_eq!(gone.seerr.retry(id()).await, Ok(None));
    assert_eq!(gone.seerr.request(id()).await, Ok(None));
    assert_eq!(gone.failures(), 0);
    let denied = Stage::replay("074").await;
    assert!(matches!(denied.seerr.approve(id()).await, Err(Error::AccessDenied { .. })));
}

#[tokio::test]
async fn deleting_says_whether_there_was_anything() {
    assert_eq!(Stage::replay("091").await.seerr.delete(id()).await, Ok(true));
    assert_eq!(Stage::replay("092").await.seerr.delete(id()).await, Ok(false));
    let denied = Stage::replay("090").await.seerr.delete(id()).await;
    assert!(matches!(denied, Err(Error::AccessDenied { status: 401, .. })), "{denied:?}");
}

fn is_done(request: &MediaRequest) -> bool {
    request.sighting().status() == Some(RequestStatus::Available)
}

#[tokio::test]
async fn done_is_one_rule_for_both_families() {
    let request = |status: u8, media: u8, media_4k: u8, is_4k: bool| {
        serde_json::json!({
            "id": 1, "status": status, "type": "movie", "is4k": is_4k,
            "media": { "tmdbId": 1, "status": media, "status4k": media_4k },
        })
    };
    for (body, expected) in [
        (request(5, 3, 1, false), true),
        (request(2, 5, 1, false), true),
        (request(2, 5, 1, true), false),
        (request(2, 1, 5, true), true),
        (request(2, 4, 1, false), false),
        (request(1, 5, 5, false), false),
        (request(3, 5, 5, false), false),
        (request(77, 5, 5, false), false),
    ] {
        let stage = Stage::answering(200, body.to_string()).await;
        let request = stage.seerr.request(id()).await.unwrap().unwrap();
        assert_eq!(is_done(&request), expected, "{body}");
    }
    // Overseerr never calls a part of a series done; its seasons say it.
    let series = serde_json::json!({
        "id": 1, "status": 2, "type": "tv", "seasons": [{"seasonNumber": 2, "status": 2}],
        "media": { "tmdbId": 1, "status": 4, "seasons": [
            {"seasonNumber": 1, "status": 1}, {"seasonNumber": 2, "status": 5}] },
    });
    let stage = Stage::answering(200, series.to_string()).await;
    assert!(is_done(&stage.seerr.request(id()).await.unwrap().unwrap()));
    assert!(is_done(&Stage::replay("086").await.seerr.request(id()).await.unwrap().unwrap()));
}

#[tokio::test]
async fn files_on_their_way_add_up_to_a_progress_with_an_end() {
    let body = serde_json::json!({
        "id": 1, "status": 2, "type": "tv", "is4k": false,
        "media": { "tmdbId": 1, "status": 3, "downloadStatus": [
            {"size": 1000, "sizeLeft": 250, "status": "downloading", "title": "One",
             "estimatedCompletionTime": "2026-11-22T16:00:00.000Z", "timeLeft": "00:10:00"},
            {"size": 1000.0, "sizeLeft": 1000, "status": "queued",
             "estimatedCompletionTime": "2026-11-22T17:00:00.000Z"},
            {"size": "much", "sizeLeft": -5, "status": null},
        ], "downloadStatus4k": [] },
    });
    let request = Stage::answering(200, body.to_string()).await.seerr.request(id()).await.unwrap().unwrap();

    let transfer = request.transfer().unwrap();

    assert_eq!((transfer.size, transfer.left, transfer.percent()), (2000, 1250, 37));
    assert_eq!(transfer.ready_at.unwrap().to_rfc3339(), "2026-11-22T17:00:00Z");
    assert_eq!(request.sighting().status(), Some(RequestStatus::Processing));
    assert_eq!(request.media.downloads[0].title.as_deref(), Some("One"));
    assert_eq!(MediaRequest { is_4k: true, ..request }.transfer(), None);
}

//! Answers that no Overseerr should give.

use bytes::Bytes;
use domain::media::{MediaStatus, MediaType, Row, TmdbId};
use domain::request::RemoteRequest;

use super::support::{Capture, Stage};
use crate::Error;
use crate::overseerr::webhook::{Malformed, NotificationType, Webhook};
use crate::overseerr::{Created, ListRequests, NewRequest, Overseerr, SeerrRequestId, SeerrUserId};

/// The errors of one call of each kind.
async fn errors(seerr: &Overseerr) -> Vec<Option<Error>> {
    let (id, user) = (SeerrRequestId::new(1).unwrap(), SeerrUserId::new(2).unwrap());
    let new =
        NewRequest { media_type: MediaType::Movie, tmdb_id: TmdbId(1), seasons: Vec::new(), is_4k: false };
    vec![
        seerr.version().await.err(),
        seerr.about().await.err(),
        seerr.search("x", 1).await.err(),
        seerr.discover(Row::Trending, 1).await.err(),
        seerr.movie(TmdbId(1)).await.err(),
        seerr.tv(TmdbId(1)).await.err(),
        seerr.genres(MediaType::Tv).await.err(),
        seerr.requests(&ListRequests::default()).await.err(),
        seerr.request(id).await.err(),
        seerr.create_request(user, &new).await.err(),
        seerr.approve(id).await.err(),
        seerr.users().await.err(),
        seerr.counts().await.err(),
        seerr.quota(user).await.err(),
        seerr.radarr().await.err(),
        seerr.webhook_settings().await.err(),
    ]
}

#[tokio::test]
async fn what_is_not_json_is_garbled_and_never_quoted() {
    let whole = Capture::of("058").bytes();
    let latin: Bytes = b"{\"results\": [], \"message\": \"secret caf\xe9\"}".to_vec().into();
    let bodies: [(&str, Bytes); 6] = [
        ("HTML", "<!doctype html><title>secret</title>".into()),
        ("nothing", Bytes::new()),
        ("truncated", whole.slice(..whole.len() / 2)),
        ("another charset", latin),
        ("binary", vec![0xff, 0xfe, 0, 1].into()),
        ("deep", "[".repeat(100_000).into()),
    ];
    for (what, body) in bodies {
        // A stage for each call would be slow, and the breaker opens within one: both are an error.
        let stage = Stage::answering(200, body).await;
        for (call, error) in errors(&stage.seerr).await.into_iter().enumerate() {
            let error = error.unwrap_or_else(|| panic!("call {call} took {what}"));
            assert!(matches!(error, Error::Garbled { .. } | Error::CircuitOpen { .. }), "{what}: {error}");
            assert!(!error.to_string().contains("secret"), "{what}: {error}");
        }
    }
}

#[tokio::test]
async fn json_of_another_shape_is_no_panic() {
    for body in
        ["null", "[]", "{}", "17", "\"text\"", "[null]", "{\"results\": {}}", "{\"results\": [null, 1]}"]
    {
        errors(&Stage::answering(200, body).await.seerr).await;
        let error = Stage::answering(200, body).await.seerr.movie(TmdbId(1)).await.unwrap_err();
        assert!(matches!(error, Error::Garbled { .. }), "{body}: {error}");
        let id = SeerrRequestId::new(1).unwrap();
        assert!(Stage::answering(200, body).await.seerr.request(id).await.is_err(), "{body}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let body: Bytes = vec![b' '; 9 * 1024 * 1024].into();
    let error = Stage::answering(200, body).await.seerr.search("x", 1).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn unknown_numbers_survive_and_a_bad_entry_spoils_nothing() {
    let mut body = Capture::of("058").body;
    body["results"][0]["status"] = 99.into();
    body["results"][0]["media"]["status"] = (-4).into();
    body["results"][1]["media"] = "gone".into();
    body["results"][2]["type"] = "book".into();
    body["results"][3]["requestedBy"] = serde_json::Value::Null;
    body["results"][4]["createdAt"] = "yesterday".into();
    let stage = Stage::answering(200, body.to_string()).await;

    let page = stage.seerr.requests(&ListRequests::default()).await.unwrap();

    assert_eq!((page.requests.len(), page.entries, page.total), (6, 8, 8));
    assert_eq!(page.requests[0].status, RemoteRequest::Other(99));
    assert_eq!(page.requests[0].media.status, MediaStatus::Other(-4));
    assert!(page.requests[1].requested_by.is_none());
    assert!(page.requests[2].created_at.is_none());
}

#[tokio::test]
async fn names_with_markup_are_only_text() {
    let mut body = Capture::of("026").body;
    body["title"] = "<script>alert(1)</script>".into();
    body["posterPath"] = "/../../etc/passwd".into();
    body["imdbId"] = "tt1/../x".into();
    body["externalIds"]["imdbId"] = "tt1\"><b>".into();
    body["relatedVideos"][0]["key"] = "a\"onclick=".into();

    let movie = Stage::answering(200, body.to_string()).await.seerr.movie(TmdbId(1)).await.unwrap().unwrap();

    assert_eq!(movie.title.name, "<script>alert(1)</script>", "escaped where it is shown");
    assert_eq!((movie.title.poster, movie.imdb_id, movie.trailer), (None, None, None));
}

#[tokio::test]
async fn an_overseerr_that_only_fails_is_an_outage() {
    for body in ["", "<html>", "{\"message\": \"no such table\"}"] {
        let stage = Stage::answering(500, body).await;
        let new = NewRequest {
            media_type: MediaType::Movie,
            tmdb_id: TmdbId(1),
            seasons: Vec::new(),
            is_4k: false,
        };
        let outcome: Result<Created, Error> =
            stage.seerr.create_request(SeerrUserId::new(2).unwrap(), &new).await;

        assert!(outcome.is_err_and(|error| error.is_outage()), "{body}");
        assert!(stage.seerr.movie(TmdbId(1)).await.is_err_and(|error| error.is_outage()), "{body}");
    }
}

#[test]
fn a_webhook_needs_nothing_but_its_type() {
    let least = Webhook::parse(br#"{"notification_type":"MEDIA_WISHED"}"#).unwrap();
    assert_eq!(least.notification_type, NotificationType::Other("MEDIA_WISHED".into()));
    let odd = br#"{"notification_type":"MEDIA_PENDING","media":"x","request":7.5,"issue":7,
        "comment":{"comment_message":{}},"extra":[{"name":1},{"name":"Requested Seasons","value":"1, two, 3"}]}"#;
    let odd = Webhook::parse(odd).unwrap();
    assert_eq!((odd.request_id, odd.tmdb_id, odd.comment), (None, None, None));
    assert_eq!(odd.seasons, [1, 3]);
    for request_id in ["0", "-1", "abc", "", "1;drop"] {
        let body = format!(r#"{{"notification_type":"X","request":{{"request_id":"{request_id}"}}}}"#);
        assert_eq!(Webhook::parse(body.as_bytes()).unwrap().request_id, None, "{request_id}");
    }
    let bodies: [&[u8]; 8] = [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"<html>",
        b"{\"notification_type\":1}",
        b"{\"notification_type\":\" \"}",
        b"\xff",
    ];
    for body in bodies {
        assert_eq!(Webhook::parse(body), Err(Malformed), "{body:?}");
    }
    assert_eq!(Webhook::parse("[".repeat(100_000).as_bytes()), Err(Malformed));
}

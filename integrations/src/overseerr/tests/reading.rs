//! Lists, titles, people and settings, from recorded answers.

use domain::Secret;
use domain::media::{ImagePath, ImageSize, MediaStatus, MediaType, Row, TmdbId};
use domain::request::RemoteRequest;

use super::support::{Capture, Stage};
use crate::Error;
use crate::overseerr::{
    Family, ListRequests, PayloadEncoding, RequestFilter, SeerrUserId, Version, WebhookTarget,
};

#[tokio::test]
async fn lists_of_requests_are_read_with_their_number() {
    for (number, filter, requests, total) in [
        ("042", None, 0, 0),
        ("058", None, 8, 8),
        ("059", None, 6, 6),
        ("060", None, 5, 8),
        ("061", Some(RequestFilter::Approved), 3, 3),
        ("062", Some(RequestFilter::Available), 0, 0),
        ("063", Some(RequestFilter::Pending), 5, 5),
        ("064", Some(RequestFilter::Processing), 3, 3),
        ("065", Some(RequestFilter::Unavailable), 5, 8),
        ("066", Some(RequestFilter::Failed), 0, 0),
        ("121", Some(RequestFilter::Failed), 1, 1),
    ] {
        let capture = Capture::of(number);
        let stage = Stage::replay(number).await;

        let page = stage.seerr.requests(&ListRequests { filter, ..ListRequests::default() }).await.unwrap();

        let recorded = capture.body["pageInfo"]["results"].as_u64().unwrap() as u32;
        assert_eq!(page.total, recorded, "{number}");
        assert_eq!(page.requests.len(), capture.body["results"].as_array().unwrap().len(), "{number}");
        assert_eq!((page.requests.len(), page.total), (requests, total), "{number}");
        let sent = stage.call().uri;
        assert_eq!(sent.contains("filter="), filter.is_some(), "{sent}");
    }
    let page = Stage::replay("121").await.seerr.requests(&ListRequests::default()).await.unwrap();
    assert_eq!(page.service_errors, ["Radarr"]);
    assert_eq!(page.requests[0].status, RemoteRequest::Failed);
}

#[tokio::test]
async fn rows_and_hits_are_cards() {
    for (number, row) in [
        ("021", Row::Trending),
        ("023", Row::Movies),
        ("024", Row::Tv),
        ("025", Row::UpcomingMovies),
        ("030", Row::Genre(MediaType::Movie, 28)),
    ] {
        let recorded = Capture::of(number).body["results"].as_array().unwrap().len();
        let stage = Stage::replay(number).await;

        let titles = stage.seerr.discover(row, 1).await.unwrap();

        assert_eq!(titles.titles.len(), recorded, "{number}");
        assert!(
            titles.titles.iter().all(|title| title.vote.is_some() && title.backdrop.is_some()),
            "{number}"
        );
    }
    let found = Stage::replay("083").await.seerr.search("dune", 1).await.unwrap();
    let state = found.titles[0].state.as_ref().unwrap();
    assert_eq!((state.status, state.status_4k), (MediaStatus::Processing, MediaStatus::Unknown));
    assert_eq!(found.titles[1].state, None);
    for number in ["013", "015", "017", "018", "020"] {
        assert!(
            !Stage::replay(number).await.seerr.search("x", 1).await.unwrap().titles.is_empty(),
            "{number}"
        );
    }
    for number in ["014", "016", "019"] {
        let refused = Stage::replay(number).await.seerr.search("x", 1).await;
        assert!(matches!(refused, Err(Error::Refused { status: 400, .. })), "{number}: {refused:?}");
    }
}

#[tokio::test]
async fn a_title_comes_with_everything_its_page_shows() {
    let movie = Stage::replay("081").await.seerr.movie(TmdbId(438_631)).await.unwrap().unwrap();
    assert_eq!((movie.title.name.as_str(), movie.title.year, movie.minutes), ("Dune", Some(2021), Some(155)));
    assert_eq!((movie.certification.as_deref(), movie.trailer.as_deref()), (Some("R"), Some("abc123")));
    assert_eq!(
        (movie.genres.len(), movie.cast.len(), movie.makers.as_slice()),
        (2, 1, &["Director One".into()][..])
    );
    assert_eq!(movie.imdb_id.as_deref(), Some("tt1160419"));
    assert_eq!(movie.title.state.map(|state| state.status), Some(MediaStatus::Processing));
    let unknown = Stage::replay("026").await.seerr.movie(TmdbId(438_631)).await.unwrap().unwrap();
    assert_eq!(unknown.title.state, None);

    let series = Stage::replay("082").await.seerr.tv(TmdbId(1396)).await.unwrap().unwrap();
    let numbers: Vec<u32> = series.seasons.iter().map(|season| season.number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
    let open: Vec<u32> = series.seasons.iter().filter(|s| s.is_open(false)).map(|s| s.number).collect();
    assert_eq!(open, [0], "all the others were asked for");
    assert_eq!((series.tvdb_id, series.certification.as_deref()), (Some(81189), Some("TV-MA")));
    let there = Stage::replay("089").await.seerr.tv(TmdbId(1396)).await.unwrap().unwrap();
    assert_eq!(there.title.state.map(|state| state.status), Some(MediaStatus::Available));

    let season = Stage::replay("029").await.seerr.season(TmdbId(1396), 1).await.unwrap().unwrap();
    assert_eq!((season.number, season.episodes.len()), (1, 7));
    assert_eq!(season.episodes[0].still, ImagePath::parse("/e1_1.jpg"), "a whole address, with two slashes");
}

#[tokio::test]
async fn an_unknown_title_is_nothing_and_does_not_count_against_overseerr() {
    for number in ["027", "222"] {
        let stage = Stage::replay(number).await;
        for _ in 0..20 {
            assert_eq!(stage.seerr.movie(TmdbId(999_999)).await, Ok(None), "{number}");
        }
        assert_eq!((stage.calls().len(), stage.failures()), (20, 0), "{number}");
    }
    let stage = Stage::replay("223").await;
    let error = stage.seerr.discover(Row::Trending, 1).await.unwrap_err();
    assert!(error.is_outage() && stage.failures() == 0, "{error}");
    assert_eq!(Stage::replay("221").await.seerr.search("dune", 1).await.unwrap().total, 0);
}

#[tokio::test]
async fn people_are_found_by_their_plex_account_then_by_their_address() {
    let users = Stage::replay("100").await.seerr.users().await.unwrap();
    let name = |plex_id, email| users.find(plex_id, email).map(|user| user.name.as_str());

    assert_eq!(name(Some(9001), None), Some("alice"));
    assert_eq!(name(Some(9002), Some("other@example.test")), Some("bob"));
    assert_eq!(name(Some(1), Some("Friend@Seerr.dev ")), Some("friend"), "two have this account");
    assert_eq!(name(Some(1), None), None);
    assert_eq!(name(Some(4711), Some("alice@example.test")), None, "that address has another account");
    assert_eq!(name(None, Some("ALICE@example.test")), Some("alice"));
    assert_eq!(name(None, None), None);
    assert_eq!(Stage::replay("093").await.seerr.users().await.unwrap().0.len(), 3);
    let blind = Stage::replay("094").await.seerr.users().await.unwrap();
    assert!(blind.0.iter().all(|user| user.plex_id.is_none() && user.email.is_none()));
}

#[tokio::test]
async fn users_are_read_page_by_page() {
    let user =
        |id: usize| serde_json::json!({"id": id, "displayName": format!("u{id}"), "plexId": id + 9000});
    let stage = Stage::start(move |_, number| {
        let ids = if number < 3 { (number - 1) * 100 + 1..number * 100 + 1 } else { 201..206 };
        let results: Vec<_> = ids.map(user).collect();
        let body = serde_json::json!({"pageInfo": {"results": 205}, "results": results});
        (200, "application/json".to_owned(), body.to_string().into())
    })
    .await;

    let users = stage.seerr.users().await.unwrap();

    assert_eq!(users.0.len(), 205);
    assert_eq!(users.find(Some(9205), None).map(|user| user.id), SeerrUserId::new(205));
    let asked: Vec<String> = stage.calls().into_iter().map(|call| call.uri).collect();
    assert_eq!(asked[2], "/api/v1/user?take=100&skip=200");
}

#[tokio::test]
async fn imports_quotas_counts_and_servers_are_read() {
    let stage = Stage::replay("097").await;
    assert_eq!(stage.seerr.import_from_plex(&[9002]).await, Ok(1));
    assert_eq!(stage.call().json(), serde_json::json!({"plexIds": ["9002"]}), "numbers as text");
    assert_eq!(stage.seerr.import_from_plex(&[]).await, Ok(0));
    assert!(stage.calls().is_empty(), "an empty list would import everybody");
    assert_eq!(Stage::replay("098").await.seerr.import_from_plex(&[9002]).await, Ok(0));

    let user = SeerrUserId::new(2).unwrap();
    let used_up = Stage::replay("104").await.seerr.quota(user).await.unwrap();
    assert_eq!((used_up.movie.limit, used_up.movie.used, used_up.movie.remaining), (Some(1), 2, Some(0)));
    assert!(used_up.movie.restricted && used_up.tv.restricted);
    let free = Stage::replay("101").await.seerr.quota(user).await.unwrap();
    assert_eq!((free.movie.limit, free.tv.remaining, free.tv.restricted), (None, None, false));

    let counts = Stage::replay("071").await.seerr.counts().await.unwrap();
    assert_eq!((counts.total, counts.pending, counts.approved), (8, 5, 3));
    let servers = Stage::replay("123").await.seerr.radarr().await.unwrap();
    assert_eq!((servers[0].name.as_str(), servers[0].is_default, servers[0].is_4k), ("Radarr", true, false));
    let genres = Stage::replay("033").await.seerr.genres(MediaType::Movie).await.unwrap();
    assert_eq!((genres.len(), genres[0].name.as_str()), (4, "Action"));
}

fn about(
    version: &'static str,
    public: serde_json::Value,
) -> impl Fn(&str, usize) -> (u16, String, bytes::Bytes) {
    move |path, _| {
        let body =
            if path.ends_with("/status") { serde_json::json!({"version": version}) } else { public.clone() };
        (200, "application/json".to_owned(), body.to_string().into())
    }
}

#[tokio::test]
async fn the_family_is_told_by_the_public_settings() {
    let seerr = Stage::start(about("3.1.0", Capture::of("004").body)).await.seerr.about().await.unwrap();
    assert_eq!((seerr.family, seerr.number()), (Family::Seerr, Some(Version(3, 1, 0))));
    assert!(seerr.takes_single_seasons && !seerr.is_4k_for_movies);
    assert!(seerr.warning().unwrap().contains("3.4"));

    let public = serde_json::json!({"initialized": true, "region": "", "movie4kEnabled": true});
    let stage = Stage::start(about("1.34.0", public)).await;
    let overseerr = stage.seerr.about().await.unwrap();
    assert_eq!((overseerr.family, overseerr.is_4k_for_movies), (Family::Overseerr, true));

    let other = Stage::start(about("9.9", serde_json::json!({"app": "other"}))).await.seerr.about().await;
    assert!(matches!(other, Err(Error::Garbled { .. })), "{other:?}");
}

#[tokio::test]
async fn pictures_come_through_the_proxy_of_the_family() {
    for (public, folder) in [
        (serde_json::json!({"initialized": true, "mediaServerType": 1}), "/imageproxy/tmdb/t/p/w342/x.jpg"),
        (serde_json::json!({"initialized": true, "region": ""}), "/imageproxy/t/p/w342/x.jpg"),
    ] {
        let settings = about("3.1.0", public);
        let stage = Stage::start(move |path, number| match path.starts_with("/imageproxy") {
            true => (200, "image/png".to_owned(), Capture::of("130").bytes()),
            false => settings(path, number),
        })
        .await;
        let path = ImagePath::parse("/x.jpg").unwrap();

        let image = stage.seerr.image(&path, ImageSize::Card).await.unwrap().unwrap();
        stage.seerr.image(&path, ImageSize::Card).await.unwrap();

        assert_eq!(image.content_type, "image/png");
        let asked: Vec<String> = stage.calls().into_iter().map(|call| call.uri).collect();
        assert_eq!(asked.len(), 4, "the family is asked for once: {asked:?}");
        assert_eq!((asked[2].as_str(), asked[3].as_str()), (folder, folder));
    }
}

#[tokio::test]
async fn the_webhook_is_pointed_at_us_in_either_encoding() {
    let target = WebhookTarget {
        url: "http://portal.test/api/webhooks/overseerr".into(),
        authorization: Secret::new("Bearer medianest-secret"),
    };
    let stage = Stage::replay("038").await;
    for encoding in [PayloadEncoding::Literal, PayloadEncoding::Raw] {
        stage.seerr.save_webhook(&target, encoding).await.unwrap();
        let sent = stage.call().json();
        assert_eq!(sent["options"]["authHeader"], "Bearer medianest-secret");
        assert_eq!((&sent["types"], &sent["enabled"]), (&8158.into(), &true.into()));
        let payload = sent["options"]["jsonPayload"].as_str().unwrap();
        let template = match encoding {
            PayloadEncoding::Literal => serde_json::from_str::<String>(payload).unwrap(),
            PayloadEncoding::Raw => payload.to_owned(),
        };
        assert!(serde_json::from_str::<serde_json::Value>(&template).is_ok(), "{template}");
    }
    assert_eq!(Stage::replay("039").await.seerr.test_webhook(&target, PayloadEncoding::Raw).await, Ok(true));
    for number in ["037", "040"] {
        let stage = Stage::replay(number).await;
        assert_eq!(stage.seerr.test_webhook(&target, PayloadEncoding::Raw).await, Ok(false), "{number}");
        assert_eq!((stage.calls().len(), stage.failures()), (1, 0), "{number}");
    }
    for (family, version, encoding) in [
        (Family::Overseerr, Some(Version(1, 34, 0)), PayloadEncoding::Literal),
        (Family::Seerr, Some(Version(3, 1, 0)), PayloadEncoding::Literal),
        (Family::Seerr, None, PayloadEncoding::Literal),
        (Family::Seerr, Some(Version(3, 3, 0)), PayloadEncoding::Raw),
    ] {
        assert_eq!(PayloadEncoding::likely(family, version), encoding, "{family} {version:?}");
        assert_eq!(encoding.other().other(), encoding);
    }
    let unset = Stage::replay("034").await.seerr.webhook_settings().await.unwrap();
    assert!(!unset.is_enabled && unset.url.is_none() && !unset.is_for(&target));
    let set = serde_json::json!({"enabled": true, "types": 8158,
        "options": {"webhookUrl": target.url, "authHeader": "Bearer medianest-secret"}});
    assert!(
        Stage::answering(200, set.to_string()).await.seerr.webhook_settings().await.unwrap().is_for(&target)
    );
}

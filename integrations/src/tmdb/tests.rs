use std::sync::{Arc, Mutex};

use domain::Secret;
use domain::address::AdminUrl;
use domain::breaker::Rules;
use domain::media::{ImagePath, ImageSize, MediaType, Row, TmdbId};
use serde_json::{Value, json};

use super::{Tmdb, image};
use crate::Error;
use crate::breaker::{Gate, Keeper};
use crate::http::{Client, Transport};
use crate::test_server::{TestServer, reply};

const V4: &str = "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJ0ZXN0In0.c2lnbmF0dXJl";

/// Address and `Authorization` of every call.
type Asked = Arc<Mutex<Vec<(String, Option<String>)>>>;

struct Stage {
    tmdb: Tmdb,
    http: Client,
    gate: Gate,
    asked: Asked,
    _server: TestServer,
    _keeper: Keeper,
}

impl Stage {
    async fn answering(
        key: &str,
        status: u16,
        content_type: &'static str,
        body: impl Into<bytes::Bytes>,
    ) -> Self {
        let asked: Asked = Arc::default();
        let (heard, body) = (asked.clone(), body.into());
        let server = TestServer::start(move |_, request| {
            let authorization =
                request.headers().get("authorization").map(|v| v.to_str().unwrap().to_owned());
            heard.lock().unwrap().push((request.uri().to_string(), authorization));
            let body = body.clone();
            async move { reply(status, &[("content-type", content_type)], body) }
        })
        .await;
        let gate = Gate::new();
        let keeper = gate.install(Rules::default(), |_| {});
        let base = AdminUrl::parse(&server.url("/3")).unwrap();
        let http = Client::new(&"tmdb".parse().unwrap(), base, Transport::new().unwrap(), gate.clone());
        let tmdb = Tmdb::new(http.clone(), &Secret::new(key));
        Self { tmdb, http, gate, asked, _server: server, _keeper: keeper }
    }

    async fn json(body: Value) -> Self {
        Self::answering("0123456789abcdef0123456789abcdef", 200, "application/json", body.to_string()).await
    }

    fn asked(&self) -> (String, Option<String>) {
        self.asked.lock().unwrap().pop().unwrap()
    }
}

fn movie() -> Value {
    json!({
        "id": 603, "title": "Matrix", "original_title": "Matrix", "release_date": "1999-03-31",
        "poster_path": "/p.jpg", "backdrop_path": null, "overview": "Words.", "vote_average": 8.2,
        "tagline": "", "runtime": 136, "status": "Released", "genres": [{"id": 28, "name": "Action"}],
        "production_companies": [{"id": 1, "name": "Studio"}],
        "credits": {"cast": [{"name": "B", "order": 1}, {"name": "A", "character": "Neo", "order": 0, "profile_path": "/a.jpg"}],
                    "crew": [{"name": "D", "job": "Director"}, {"name": "W", "job": "Writer"}]},
        "external_ids": {"imdb_id": "tt0133093"},
        "videos": {"results": [{"site": "YouTube", "type": "Clip", "key": "no"}, {"site": "YouTube", "type": "Trailer", "key": "vKQi3bBA1y8"}]},
        "release_dates": {"results": [{"iso_3166_1": "DE", "release_dates": [{"certification": "16"}]},
                                      {"iso_3166_1": "US", "release_dates": [{"certification": ""}, {"certification": "R"}]}]},
    })
}

#[tokio::test]
async fn a_key_goes_into_the_query_and_a_token_into_a_header() {
    let stage = Stage::json(json!({"images": {"base_url": "x"}})).await;
    stage.tmdb.check().await.unwrap();
    assert_eq!(stage.asked(), ("/3/configuration?api_key=0123456789abcdef0123456789abcdef".into(), None));

    let stage =
        Stage::answering(&format!(" {V4}\n"), 200, "application/json", "{\"images\":{\"a\":1}}").await;
    stage.tmdb.check().await.unwrap();
    assert_eq!(stage.asked(), ("/3/configuration".into(), Some(format!("Bearer {V4}"))));
    assert!(!format!("{:?}", stage.tmdb).contains("eyJ"));

    let refused =
        Stage::answering("x", 401, "application/json", r#"{"status_code":7,"success":false}"#).await;
    assert!(matches!(refused.tmdb.check().await, Err(Error::AccessDenied { .. })));
}

#[tokio::test]
async fn a_film_comes_with_everything_its_page_shows() {
    let stage = Stage::json(movie()).await;

    let film = stage.tmdb.movie(TmdbId::new(603).unwrap()).await.unwrap().unwrap();

    assert!(stage.asked().0.contains("append_to_response=credits%2Cexternal_ids%2Cvideos%2Crelease_dates"));
    assert_eq!((film.title.name.as_str(), film.title.year, film.minutes), ("Matrix", Some(1999), Some(136)));
    assert_eq!((film.certification.as_deref(), film.trailer.as_deref()), (Some("R"), Some("vKQi3bBA1y8")));
    assert_eq!(film.cast.iter().map(|member| member.name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!((film.makers, film.studios), (vec!["D".to_owned()], vec!["Studio".to_owned()]));
    assert_eq!((film.tagline, film.imdb_id.as_deref()), (None, Some("tt0133093")));
    assert_eq!(film.title.state, None);
}

#[tokio::test]
async fn a_series_has_seasons_in_order_and_a_season_has_episodes() {
    let series = json!({
        "id": 1396, "name": "Breaking Bad", "first_air_date": "2008-01-20", "last_air_date": "2013-09-29",
        "episode_run_time": [47], "created_by": [{"name": "C"}], "networks": [{"name": "AMC"}],
        "content_ratings": {"results": [{"iso_3166_1": "DE", "rating": "16"}]},
        "external_ids": {"imdb_id": null, "tvdb_id": 81189},
        "seasons": [{"season_number": 1, "name": "Season 1", "episode_count": 7, "air_date": "2008-01-20", "poster_path": "/s.jpg"},
                    {"season_number": 0, "name": "Specials", "episode_count": 9}, {"name": "none"}],
    });
    let stage = Stage::json(series).await;
    let series = stage.tmdb.tv(TmdbId::new(1396).unwrap()).await.unwrap().unwrap();
    let seasons: Vec<(u32, u32)> = series.seasons.iter().map(|s| (s.number, s.episode_count)).collect();
    assert_eq!(seasons, [(0, 9), (1, 7)]);
    assert_eq!(
        (series.minutes, series.tvdb_id, series.certification.as_deref()),
        (Some(47), Some(81189), Some("16"))
    );
    assert_eq!((series.makers, series.studios), (vec!["C".to_owned()], vec!["AMC".to_owned()]));

    let season = json!({"season_number": 1, "name": "Season 1", "episodes": [
        {"episode_number": 1, "name": "Pilot", "air_date": "2008-01-20", "still_path": "/e.jpg", "vote_average": 0}, {"name": "?"}]});
    let stage = Stage::json(season).await;
    let season = stage.tmdb.season(TmdbId::new(1396).unwrap(), 1).await.unwrap().unwrap();
    assert_eq!(
        (season.episode_count, season.episodes[0].name.as_str(), season.episodes[0].vote),
        (1, "Pilot", None)
    );
}

#[tokio::test]
async fn rows_ask_where_they_are_and_persons_are_left_out() {
    let page = json!({"page": 1, "total_pages": 3, "total_results": 55, "results": [
        {"id": 1, "media_type": "movie", "title": "M", "release_date": ""},
        {"id": 2, "media_type": "tv", "name": "T", "first_air_date": "2020-02-30"},
        {"id": 3, "media_type": "person", "name": "P"}, {"id": 4, "media_type": "movie"}, null]});
    let stage = Stage::json(page).await;
    for (row, path) in [
        (Row::Trending, "/3/trending/all/day?"),
        (Row::Movies, "/3/movie/popular?"),
        (Row::Tv, "/3/tv/popular?"),
        (Row::UpcomingMovies, "/3/movie/upcoming?"),
        (Row::UpcomingTv, "/3/tv/on_the_air?"),
        (Row::Genre(MediaType::Tv, 18), "/3/discover/tv?"),
    ] {
        let titles = stage.tmdb.discover(row, 9999).await.unwrap();
        assert_eq!((titles.titles.len(), titles.total, titles.pages), (2, 55, 3));
        assert_eq!((titles.titles[0].year, titles.titles[1].year), (None, Some(2020)));
        let asked = stage.asked().0;
        assert!(asked.starts_with(path) && asked.ends_with("page=500"), "{asked}");
    }
    stage.tmdb.search("a b", 1).await.unwrap();
    assert!(stage.asked().0.contains("query=a%20b"));
    assert_eq!(stage.tmdb.search("  ", 1).await.unwrap().total, 0);
    let genres = Stage::json(json!({"genres": [{"id": 18, "name": "Drama"}, {"id": -1, "name": "x"}]})).await;
    assert_eq!(genres.tmdb.genres(MediaType::Tv).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_unknown_title_is_nothing_and_garbage_is_garbled() {
    let id = TmdbId::new(1).unwrap();
    let unknown = Stage::answering("k", 404, "application/json", r#"{"status_code":34}"#).await;
    assert_eq!(unknown.tmdb.movie(id).await, Ok(None));
    assert_eq!(unknown.tmdb.season(id, 1).await, Ok(None));
    assert_eq!(unknown.gate.view().unwrap().failures, 0);
    for body in ["<html>secret", "", "{\"id\":", "{}", "[]", "{\"id\":1}", "\u{feff}{}"] {
        let stage = Stage::answering("k", 200, "text/html", body).await;
        let error = stage.tmdb.movie(id).await.unwrap_err();
        assert!(
            matches!(error, Error::Garbled { .. }) && !error.to_string().contains("secret"),
            "{body}: {error}"
        );
    }
}

#[tokio::test]
async fn only_a_picture_is_a_picture() {
    let path = ImagePath::parse("/x.jpg").unwrap();
    let stage = Stage::answering("k", 200, "image/jpeg", &b"\xff\xd8"[..]).await;
    let picture = image(&stage.http, &path, ImageSize::Card).await.unwrap().unwrap();
    assert_eq!((picture.content_type, picture.bytes.len()), ("image/jpeg", 2));
    assert_eq!(stage.asked(), ("/3/w342/x.jpg".into(), None), "needs no key");
    for (content_type, body) in [("image/svg+xml", "<svg/>"), ("text/html", "<html>"), ("image/png", "")] {
        let stage = Stage::answering("k", 200, content_type, body).await;
        assert!(image(&stage.http, &path, ImageSize::Card).await.is_err(), "{content_type}");
    }
    let none = Stage::answering("k", 404, "text/html", "").await;
    assert!(image(&none.http, &path, ImageSize::Small).await.unwrap().is_none());
}

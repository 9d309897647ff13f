//! What TMDB's API answers, and what it refuses.

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use sandbox::faults::Kind;
use sandbox::{Tmdb, World};
use serde_json::{Value, json};

struct Stage {
    tmdb: Tmdb,
    client: Client,
}

impl Stage {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(Duration::from_secs(5)).no_proxy().build().unwrap();
        Self { tmdb: Tmdb::start(&World::new()).await.unwrap(), client }
    }

    fn ask(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.tmdb.url()))
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.ask(path).bearer_auth(self.tmdb.token()).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

#[tokio::test]
async fn both_kinds_of_keys_open_and_others_have_words() {
    let stage = Stage::start().await;

    let refused = stage.ask("/configuration").send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let words = "Invalid API key: You must be granted a valid key.";
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body, json!({ "success": false, "status_code": 7, "status_message": words }));
    let v3 = stage.ask("/configuration").query(&[("api_key", stage.tmdb.api_key())]).send().await.unwrap();
    assert_eq!(v3.status(), 200);
    assert_eq!(stage.get("/configuration").await.0, 200);

    stage.tmdb.faults().all(Kind::TooMany { retry_after: 2 });
    assert_eq!(stage.ask("/configuration").send().await.unwrap().headers()["retry-after"], "2");
}

#[tokio::test]
async fn what_does_not_exist_is_numbered() {
    let stage = Stage::start().await;

    for (path, status, code) in [
        ("/movie/1", 404, 34),
        ("/movie/abc", 404, 6),
        ("/nope", 404, 34),
        ("/trending/all/day?page=0", 400, 22),
        ("/trending/all/day?page=501", 400, 22),
    ] {
        let (seen, body) = stage.get(path).await;
        assert_eq!((seen, &body["status_code"]), (status, &json!(code)), "{path}");
    }
    assert_eq!(stage.get("/search/movie?query=zzzz").await.1["results"], json!([]));
}

#[tokio::test]
async fn rows_pages_and_searches() {
    let stage = Stage::start().await;

    let (_, trending) = stage.get("/trending/all/week").await;
    assert_eq!(trending["results"].as_array().unwrap().len(), 20);
    assert!(trending["results"][0]["media_type"].is_string());
    let (_, second) = stage.get("/movie/popular?page=2").await;
    assert_eq!(second["page"], 2);
    assert!(second["results"][0].get("media_type").is_none());
    let (_, found) = stage.get("/search/multi?query=Glass%20Harbour").await;
    assert_eq!(found["results"][0]["title"], "Glass Harbour");
    let (_, upcoming) = stage.get("/movie/upcoming").await;
    assert!(!upcoming["results"].as_array().unwrap().is_empty());
    for path in
        ["/tv/popular", "/tv/on_the_air", "/discover/tv?with_genres=18", "/genre/movie/list", "/find/tt0"]
    {
        assert_eq!(stage.get(path).await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn a_title_comes_with_what_is_appended() {
    let stage = Stage::start().await;
    let world = World::new();
    let (film, show) = (&world.movies[0], &world.shows[0]);

    let path = format!("/movie/{}?append_to_response=credits,external_ids,release_dates,nonsense", film.tmdb);
    let (_, movie) = stage.get(&path).await;
    assert_eq!(movie["credits"]["cast"].as_array().unwrap().len(), 8);
    assert_eq!(movie["external_ids"]["imdb_id"], film.imdb());
    assert_eq!(movie["release_dates"]["results"][0]["release_dates"][0]["certification"], film.certificate);
    assert!(movie.get("nonsense").is_none() && movie.get("genre_ids").is_none());

    let (_, series) = stage.get(&format!("/tv/{}", show.tmdb)).await;
    assert_eq!(series["seasons"].as_array().unwrap().len(), show.seasons.len() + 1, "with specials");
    let (_, season) = stage.get(&format!("/tv/{}/season/1", show.tmdb)).await;
    assert_eq!(season["episodes"].as_array().unwrap().len(), show.seasons[0].episodes.len());

    let poster = stage
        .client
        .get(format!("{}/w342{}", stage.tmdb.image_url(), film.poster_path()))
        .send()
        .await
        .unwrap();
    assert_eq!(poster.headers()["content-type"], "image/jpeg");
    assert!(poster.bytes().await.unwrap().len() > 2000);
    let missing =
        stage.client.get(format!("{}/w342/nothing.jpg", stage.tmdb.image_url())).send().await.unwrap();
    assert_eq!(missing.status(), 404);
}

//! The stand-ins of one household tell one story.

use std::time::Duration;

use sandbox::Household;
use sandbox::household::Options;
use sandbox::seerr::{self, Arr};
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_asked_for_arrives_in_plex_and_seerr_knows_its_key() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let seerr =
        seerr::Options { arr: Arr::Downloads(Duration::from_millis(300)), ..seerr::Options::default() };
    let house = Household::start(Options { seerr, ..Options::default() }).await.unwrap();
    let film = house.world.movies.iter().find(|movie| !movie.library.is_here()).unwrap();
    let has = || house.plex.titles("1").iter().any(|(_, title)| title == film.title);
    assert!(!has());

    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build().unwrap();
    let api = |path: &str| format!("{}/api/v1{path}", house.seerr.url());
    let body = json!({ "mediaType": "movie", "mediaId": film.tmdb, "is4k": false });
    let asked = client
        .post(api("/request"))
        .header("x-api-key", house.seerr.api_key())
        .header("content-type", "application/json")
        .body(body.to_string());
    assert_eq!(asked.send().await.unwrap().status(), 201);

    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !has() {
        assert!(tokio::time::Instant::now() < deadline, "the film did not arrive");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let key = house.plex.rating_key(true, film.tmdb).unwrap().to_string();
    loop {
        let answer = client.get(api("/request/1")).header("x-api-key", house.seerr.api_key());
        let request: Value = answer.send().await.unwrap().json().await.unwrap();
        if request["media"]["ratingKey"] == json!(key) {
            assert_eq!((&request["status"], &request["media"]["status"]), (&json!(5), &json!(5)));
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{request}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let tmdb = house.addresses()["tmdb"]["url"].as_str().unwrap().to_owned();
    let url = format!("{tmdb}/movie/{}?api_key={}", film.tmdb, house.tmdb.api_key());
    let same: Value = client.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(same["title"], film.title);
}

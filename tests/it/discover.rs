//! Discovering titles and asking for them, as a browser without script does it.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use sandbox::faults::Kind;
use sandbox::seerr::{Arr, Options};
use sandbox::{Fault, Seerr, World};
use serde_json::json;
use tokio::time::Instant;

use super::house::{Answer, Person, Portal, eventually};

/// Overseerr, known to a portal.
async fn with_overseerr(admin: &Person, options: Options) -> Seerr {
    let seerr = Seerr::start(&World::new(), options).await.unwrap();
    let body = json!({
        "name": "seerr", "kind": "overseerr", "url": seerr.url(), "api_key": seerr.api_key(), "interval": "1s",
    });
    admin.post("/api/v1/services", body).await.expect(StatusCode::CREATED);
    // Its actor starts with it; the first answer may come a moment later.
    eventually(Duration::from_secs(10), || async {
        let answer = admin.get("/api/v1/discover/trending").await;
        (answer.status == StatusCode::OK).then_some(())
    })
    .await;
    seerr
}

async fn form(person: &Person, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = person.request(Method::POST, path);
    Answer::of(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
}

/// A film that the library does not have.
fn missing_film() -> (i64, String) {
    let world = World::new();
    let film = world.movies.iter().find(|film| !film.library.is_here()).unwrap();
    (film.tmdb, film.title.to_string())
}

#[tokio::test]
async fn titles_are_found_and_their_pages_say_what_is_here() {
    let (portal, admin) = Portal::start_unhurried().await;
    let nobody = admin.get("/discover").await;
    assert!(nobody.expect(StatusCode::OK).text().contains("Nothing to discover yet"));
    admin.get("/api/v1/discover/trending").await.expect(StatusCode::SERVICE_UNAVAILABLE);
    let _seerr = with_overseerr(&admin, Options::default()).await;
    let member = portal.new_person(&admin, "ben", "user").await;
    let (film, name) = missing_film();

    let row = member.get("/api/v1/discover/movies").await.json();
    assert!(!row["items"].as_array().unwrap().is_empty(), "{row}");
    assert_eq!((&row["page"], &row["stale"]), (&json!(1), &json!(null)));
    member.get("/api/v1/discover/nothing").await.expect(StatusCode::NOT_FOUND);
    assert_eq!(member.get("/api/v1/discover/movies?page=0").await.fields(), ["page"]);

    let grid = member.get("/discover/movies").await;
    assert!(grid.expect(StatusCode::OK).text().contains("class=\"posters\""));
    let title = member.get(&format!("/discover/movie/{film}")).await.expect(StatusCode::OK).text();
    assert!(title.contains("Not in the library") && title.contains("id=\"request-sheet\""), "{title}");
    let card = member.get(&format!("/api/v1/titles/movie/{film}")).await.json();
    assert_eq!(card["title"], name.as_str());
    member.get("/discover/movie/2000000001").await.expect(StatusCode::NOT_FOUND);
    member.get("/api/v1/titles/tv/2000000001").await.expect(StatusCode::NOT_FOUND);
    portal.stop().await;
}

#[tokio::test]
async fn a_row_that_hangs_keeps_nobody_waiting() {
    let (portal, admin) = Portal::start_unhurried().await;
    let seerr = with_overseerr(&admin, Options::default()).await;
    seerr.faults().add(Fault::new(Kind::Hang).at("*/discover/tv*"));

    let began = Instant::now();
    let page = admin.get("/discover").await;
    assert!(began.elapsed() < Duration::from_millis(1_500), "{:?}", began.elapsed());

    let text = page.expect(StatusCode::OK).text();
    let rail = |name: &str| text.split("<section id=\"rail-").find(|part| part.starts_with(name)).unwrap();
    assert!(rail("tv\"").contains("hx-trigger=\"load, heal\"") && rail("tv\"").contains("<noscript>"));
    assert!(rail("trending\"").contains("class=\"poster\""));

    let began = Instant::now();
    let request = admin.request(Method::GET, "/discover/rails/tv").header("hx-request", "true");
    let late = Answer::of(request).await;
    assert!(began.elapsed() < Duration::from_millis(2_200), "{:?}", began.elapsed());
    assert!(late.expect(StatusCode::OK).text().contains("data-ill"), "{}", late.text());
    portal.stop().await;
}

#[tokio::test]
async fn a_member_asks_joins_and_talks_and_an_admin_decides() {
    let (portal, admin) = Portal::start_unhurried().await;
    let _seerr = with_overseerr(&admin, Options { arr: Arr::OnCommand, ..Options::default() }).await;
    let ben = portal.new_person(&admin, "ben", "user").await;
    let cleo = portal.new_person(&admin, "cleo", "user").await;
    let (film, name) = missing_film();

    let asked = form(&ben, &format!("/discover/movie/{film}/request"), &[]).await;
    asked.expect(StatusCode::SEE_OTHER);
    let sheet = ben.get(&format!("/discover/movie/{film}")).await.text();
    assert!(sheet.contains("You asked") && sheet.contains("Take it back"), "{sheet}");
    let list = ben.get("/requests").await.text();
    let id = list.split("id=\"req-").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    assert!(list.contains(&name));

    assert!(!cleo.get("/requests").await.text().contains(&name), "it is not hers");
    cleo.get(&format!("/requests/{id}")).await.expect(StatusCode::NOT_FOUND);
    let seen = cleo.get(&format!("/discover/movie/{film}")).await.text();
    assert!(seen.contains("ben asked") && seen.contains("Me too"), "{seen}");
    form(&cleo, &format!("/requests/{id}/join"), &[]).await.expect(StatusCode::SEE_OTHER);
    assert!(cleo.get("/requests").await.text().contains(&name));

    let said = [("text", "<b>Saturday?</b>"), ("back", "/requests/x")];
    form(&cleo, &format!("/requests/{id}/comments"), &said).await.expect(StatusCode::SEE_OTHER);
    let talk = ben.get(&format!("/requests/{id}")).await.text();
    assert!(talk.contains("&#60;b&#62;Saturday?"), "{talk}");

    form(&cleo, &format!("/requests/{id}/approve"), &[]).await.expect(StatusCode::FORBIDDEN);
    let why = [("preset", "Not out yet"), ("reason", "Ask again in March.")];
    form(&admin, &format!("/requests/{id}/decline"), &why).await.expect(StatusCode::SEE_OTHER);
    let declined = ben.get(&format!("/requests/{id}")).await.text();
    assert!(declined.contains("Not out yet. Ask again in March."), "{declined}");
    let far = form(&admin, &format!("/requests/{id}/delete"), &[("back", "//evil.example")]).await;
    assert_eq!(far.header("location"), Some("/requests"));
    portal.stop().await;
}

#[tokio::test]
async fn a_household_without_overseerr_decides_by_itself() {
    let (portal, admin) = Portal::start_unhurried().await;
    let world = World::new();
    let tmdb = sandbox::Tmdb::start(&world).await.unwrap();
    let body = json!({ "name": "tmdb", "kind": "tmdb", "url": tmdb.url(), "api_key": tmdb.api_key(), "interval": "1s" });
    admin.post("/api/v1/services", body).await.expect(StatusCode::CREATED);
    let ben = portal.new_person(&admin, "ben", "user").await;
    let show = world.shows.iter().find(|show| show.seasons.len() > 1).unwrap();
    let path = format!("/discover/tv/{}", show.tmdb);
    eventually(Duration::from_secs(10), || async {
        ben.get(&path).await.text().contains("name=\"season-1\"").then_some(())
    })
    .await;

    let empty = form(&ben, &format!("{path}/request"), &[]).await;
    assert!(empty.expect(StatusCode::UNPROCESSABLE_ENTITY).text().contains("Check at least one season"));
    form(&ben, &format!("{path}/request"), &[("season-1", "on")]).await.expect(StatusCode::SEE_OTHER);
    let list = admin.get("/requests?show=waiting").await.text();
    let id = list.split("id=\"req-").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    assert!(list.contains("Approve season 1"), "{list}");
    form(&admin, &format!("/requests/{id}/approve"), &[]).await.expect(StatusCode::SEE_OTHER);
    assert!(admin.get("/requests").await.text().contains("It is there now"));
    form(&admin, &format!("/requests/{id}/finish"), &[]).await.expect(StatusCode::SEE_OTHER);

    let done = ben.get(&format!("/requests/{id}")).await.text();
    assert!(done.contains("data-status=\"available\""), "{done}");
    portal.stop().await;
}

//! The quirks of Seerr and Overseerr that the portal has to live with; see `contracts/overseerr.md`.

#[path = "support/stage.rs"]
mod stage;

use std::time::Duration;

use reqwest::StatusCode;
use sandbox::seerr::{Arr, Family, Limit, Options};
use sandbox::{Listener, World};
use serde_json::{Value, json};
use stage::{Stage, eventually};

/// A film that is not in the library, and another.
fn missing(nth: usize) -> i64 {
    let world = World::new();
    world.movies.iter().filter(|movie| !movie.library.is_here()).nth(nth).unwrap().tmdb
}

fn movie(tmdb: i64) -> Value {
    json!({ "mediaType": "movie", "mediaId": tmdb, "is4k": false })
}

/// A show with no season in the library.
fn show() -> (i64, usize) {
    let world = World::new();
    let show = world.shows.iter().find(|show| show.seasons.iter().all(|season| season.here == 0)).unwrap();
    (show.tmdb, show.seasons.len())
}

#[tokio::test]
async fn keys_open_and_users_are_acted_for() {
    let stage = Stage::usual().await;

    let (status, body) = stage.bare("/request", &[]).await;
    assert_eq!((status, &body["message"]), (401, &json!("cookie 'connect.sid' required")));
    let (status, body) = stage.bare("/request", &[("x-api-key", "wrong")]).await;
    assert_eq!(status, 403);
    assert_eq!(body["error"], "You do not have permission to access this endpoint");
    assert!(body.get("message").is_none());
    assert_eq!(stage.bare("/status", &[]).await.1["version"], "3.1.0");

    assert_eq!(stage.get("/auth/me").await.1["id"], 1);
    assert_eq!(stage.get_as(2, "/auth/me").await.1["permissions"], 32);
    assert_eq!(stage.get_as(99, "/auth/me").await.0, 403);
}

#[tokio::test]
async fn a_user_that_is_no_number_ends_the_process() {
    let stage = Stage::usual().await;
    let key = stage.seerr.api_key();

    let headers = [("x-api-key", key.as_str()), ("x-api-user", "abc")];
    assert!(stage.try_bare("/auth/me", &headers).await.is_err());
    assert!(stage.try_bare("/status", &[]).await.is_err());
    assert!(stage.seerr.has_crashed());

    stage.seerr.restart();
    assert_eq!(stage.bare("/status", &[]).await.0, 200);
}

#[tokio::test]
async fn queries_are_held_against_the_documentation() {
    let stage = Stage::usual().await;

    for refused in ["query=glass+harbour", "query=Glass:%20Harbour", "query=glass!"] {
        let (status, body) = stage.get(&format!("/search?{refused}")).await;
        assert_eq!(status, 400, "{refused}");
        assert!(body["message"].as_str().unwrap().contains("must be url encoded"));
    }
    let (_, body) = stage.get("/search?query=glass%20harbour&page=1&language=en").await;
    assert_eq!(body["results"][0]["title"], "Glass Harbour");
    assert_eq!(
        stage.get("/search?query=tmdb%3A1&type=movie").await.1["message"],
        "Unknown query parameter 'type'"
    );
    assert_eq!(stage.get("/search").await.1["errors"][0]["errorCode"], "required.openapi.validation");
    assert_eq!(stage.get("/request?take=ten").await.0, 400);
    let (status, body) = stage.get("/request?filter=declined").await;
    assert_eq!(status, 400);
    assert!(body["message"].as_str().unwrap().contains("all, approved, available"));
    assert_eq!(stage.get("/nope").await.0, 404);
}

#[tokio::test]
async fn the_same_film_again_is_a_conflict_unless_the_tier_is_missing() {
    let stage = Stage::usual().await;
    let film = missing(0);

    let (status, body) = stage.post_as(2, "/request", &movie(film)).await;
    assert_eq!((status, &body["status"], &body["media"]["status"]), (201, &json!(1), &json!(2)));
    assert_eq!(stage.post_as(2, "/request", &movie(film)).await.0, 409);
    let without = json!({ "mediaType": "movie", "mediaId": film });
    assert_eq!(stage.post_as(2, "/request", &without).await.0, 201);
    assert_eq!(stage.seerr.requests(), 2);
}

#[tokio::test]
async fn the_bare_key_approves_at_once_even_for_somebody_else() {
    let stage = Stage::usual().await;

    let (_, own) = stage.post("/request", &movie(missing(0))).await;
    let mut body = movie(missing(1));
    body["userId"] = json!(2);
    let (_, other) = stage.post("/request", &body).await;
    let (_, asked) = stage.post_as(2, "/request", &movie(missing(2))).await;

    assert_eq!((&own["status"], &own["requestedBy"]["id"]), (&json!(2), &json!(1)));
    assert_eq!((&other["status"], &other["requestedBy"]["id"]), (&json!(2), &json!(2)));
    assert_eq!((&asked["status"], &asked["requestedBy"]["id"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn seasons_that_are_asked_for_already_make_nothing() {
    let stage = Stage::usual().await;
    let (tmdb, seasons) = show();
    let body =
        |seasons: Value| json!({ "mediaType": "tv", "mediaId": tmdb, "seasons": seasons, "is4k": false });

    let (status, made) = stage.post_as(2, "/request", &body(json!([1]))).await;
    assert_eq!((status, &made["seasons"][0]["seasonNumber"]), (201, &json!(1)));
    let (status, none) = stage.post_as(2, "/request", &body(json!([1]))).await;
    assert_eq!((status, &none["message"]), (202, &json!("No seasons available to request")));
    if seasons > 1 {
        let (_, rest) = stage.post_as(2, "/request", &body(json!("all"))).await;
        assert_eq!(
            rest["seasonCount"].as_u64().unwrap_or(rest["seasons"].as_array().unwrap().len() as u64),
            seasons as u64 - 1
        );
    }
    let left_out = json!({ "mediaType": "tv", "mediaId": tmdb, "is4k": false });
    let (status, body) = stage.post_as(2, "/request", &left_out).await;
    assert_eq!(
        (status, &body["message"]),
        (500, &json!("Cannot read properties of undefined (reading 'filter')"))
    );
}

#[tokio::test]
async fn unknown_titles_and_an_absent_tmdb_are_errors_of_the_server() {
    let stage = Stage::usual().await;

    let (status, body) = stage.get("/movie/999999").await;
    assert_eq!((status, &body["message"]), (500, &json!("Unable to retrieve movie.")));
    let (status, body) = stage.post("/request", &movie(999_999)).await;
    assert_eq!(status, 500);
    assert!(body["message"].as_str().unwrap().ends_with("status code 404"));
    assert_eq!(stage.post("/request", &json!({ "mediaId": 1 })).await.0, 400);
    assert_eq!(stage.post("/request", &json!({ "mediaType": "movie", "mediaId": "1" })).await.0, 400);

    stage.seerr.set_tmdb_down(true);
    let (status, body) = stage.get("/search?query=glass").await;
    assert_eq!((status, &body["totalResults"]), (200, &json!(0)));
    assert_eq!(stage.get("/discover/trending").await.0, 500);
    assert_eq!(stage.get("/request").await.0, 200);
}

#[tokio::test]
async fn refusals_for_rights_and_quotas_have_words_of_their_own() {
    let stage = Stage::usual().await;
    let uhd = json!({ "mediaType": "movie", "mediaId": missing(0), "is4k": true });
    let (status, body) = stage.post_as(2, "/request", &uhd).await;
    assert_eq!(
        (status, &body["message"]),
        (403, &json!("You do not have permission to make 4K movie requests."))
    );

    assert_eq!(stage.get_as(2, "/user/2/quota").await.1["movie"], json!({ "used": 0, "restricted": false }));
    let week = |limit| Limit { limit: Some(limit), days: Some(7) };
    stage.seerr.set_quota(2, week(1), week(2));
    stage.post_as(2, "/request", &movie(missing(0))).await;
    let (_, quota) = stage.get_as(2, "/user/2/quota").await;
    assert_eq!(
        quota["movie"],
        json!({ "days": 7, "limit": 1, "used": 1, "remaining": 0, "restricted": true })
    );
    let (status, body) = stage.post_as(2, "/request", &movie(missing(1))).await;
    assert_eq!((status, &body["message"]), (403, &json!("Movie Quota exceeded.")));

    stage.seerr.set_permissions(2, 32 | 128);
    stage.seerr.set_quota(2, Limit::default(), Limit::default());
    assert_eq!(stage.post_as(2, "/request", &movie(missing(1))).await.1["status"], 2);
    let blocked = json!({ "mediaType": "movie", "tmdbId": missing(3) });
    assert_eq!(stage.post("/blocklist", &blocked).await.0, 201);
    assert_eq!(stage.post("/request", &movie(missing(3))).await.1["message"], "This media is blocklisted.");
}

#[tokio::test]
async fn decisions_answer_with_the_state_of_before_and_are_told_once() {
    let stage = Stage::usual().await;
    let listener = Listener::answering(StatusCode::INTERNAL_SERVER_ERROR).await.unwrap();
    stage.set_up_webhook(&listener.url("/hooks")).await;
    let (_, made) = stage.post_as(2, "/request", &movie(missing(0))).await;

    assert_eq!(stage.post_as(2, "/request/1/approve", &Value::Null).await.0, 403);
    let (_, approved) = stage.post("/request/1/approve", &Value::Null).await;
    assert_eq!((&approved["status"], &approved["media"]["status"]), (&json!(2), &json!(2)));
    assert_eq!(stage.post("/request/1/approve", &Value::Null).await.0, 200);
    assert_eq!(stage.post("/request/1/available", &Value::Null).await.0, 400);

    let (_, now) = stage.get("/request/1").await;
    assert_eq!(now["media"]["status"], 3);
    assert_eq!(now["updatedAt"], made["createdAt"], "it never moves");
    stage.seerr.arrive(1);
    assert_eq!(stage.seerr.status(1), Some((5, 5)));
    eventually(|| stage.seerr.delivered().len() == 3).await;
    let told = listener.taken();
    let kinds: Vec<Value> = told.iter().map(|sent| sent.json()["notification_type"].clone()).collect();
    for kind in ["MEDIA_PENDING", "MEDIA_APPROVED", "MEDIA_AVAILABLE"] {
        assert_eq!(kinds.iter().filter(|told| *told == kind).count(), 1, "{kinds:?}");
    }
    let approved =
        told.iter().map(|sent| sent.json()).find(|body| body["notification_type"] == "MEDIA_APPROVED");
    let approved = approved.unwrap();
    assert_eq!(approved["media"]["status"], "PENDING", "stale");
    assert_eq!(approved["request"]["request_id"], "1");
    assert_eq!(approved["event"], "Movie Request Approved");
    assert_eq!(approved["issue"], Value::Null);
    assert_eq!(approved["extra"], json!([]));
    assert_eq!(told[0].headers["authorization"], "Bearer s3cret");
    assert_eq!(told[0].headers["user-agent"], "axios/1.13.3");
    assert_eq!(stage.seerr.delivered(), [500, 500, 500], "one attempt each");
}

#[tokio::test]
async fn webhooks_are_lost_while_tmdb_is_away() {
    let stage = Stage::usual().await;
    let listener = Listener::answering(StatusCode::OK).await.unwrap();
    stage.post_as(2, "/request", &movie(missing(0))).await;
    stage.post_as(2, "/request", &movie(missing(1))).await;
    stage.set_up_webhook(&listener.url("/hooks")).await;

    stage.seerr.set_tmdb_down(true);
    assert_eq!(stage.post("/request/1/decline", &Value::Null).await.1["status"], 3);
    stage.seerr.set_tmdb_down(false);
    stage.post("/request/2/decline", &Value::Null).await;

    eventually(|| !listener.taken().is_empty()).await;
    let told = listener.taken();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].json()["request"]["request_id"], "2");
}

#[tokio::test]
async fn a_hanging_receiver_holds_up_nobody() {
    let stage = Stage::usual().await;
    let listener = Listener::start(|_| std::future::pending::<StatusCode>()).await.unwrap();
    stage.set_up_webhook(&listener.url("/hooks")).await;

    let began = tokio::time::Instant::now();
    let (status, _) = stage.post_as(2, "/request", &movie(missing(0))).await;

    assert_eq!(status, 201);
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn the_payload_of_the_webhook_is_encoded_twice() {
    let stage = Stage::usual().await;
    let listener = Listener::answering(StatusCode::OK).await.unwrap();
    let path = "/settings/notifications/webhook";
    let template = stage.get(path).await.1["options"]["jsonPayload"].clone();
    let text = template.as_str().expect("decoded when it is read");
    let settings = |payload: &str| {
        let options = json!({ "webhookUrl": listener.url("/hooks"), "authHeader": "Bearer s3cret", "jsonPayload": payload });
        json!({ "enabled": true, "types": 8158, "options": options })
    };

    // What was read, posted back as it is: saved, and never delivered.
    assert_eq!(stage.post(path, &settings(text)).await.0, 200);
    let (status, body) = stage.post(&format!("{path}/test"), &settings(text)).await;
    assert_eq!((status, &body["message"]), (500, &json!("Failed to send webhook notification.")));
    let twice = json!(text).to_string();
    assert_eq!(stage.post(path, &settings(&twice)).await.0, 200);
    assert_eq!(stage.post(&format!("{path}/test"), &settings(&twice)).await.0, 204);

    let test = listener.taken().pop().unwrap().json();
    assert_eq!(test["notification_type"], "TEST_NOTIFICATION");
    assert_eq!((&test["event"], &test["media"], &test["request"]), (&json!(""), &Value::Null, &Value::Null));
    let refused = settings(&twice)
        .to_string()
        .replace("/hooks", "/nobody")
        .replace("http://127.0.0.1:", "http://127.0.0.1:1");
    let refused: Value = serde_json::from_str(&refused).unwrap();
    assert_eq!(stage.post(&format!("{path}/test"), &refused).await.0, 500);
}

#[tokio::test]
async fn later_versions_take_the_payload_as_it_is_too() {
    let stage = Stage::start(Options { takes_raw_payload: true, ..Options::default() }).await;
    let listener = Listener::answering(StatusCode::OK).await.unwrap();
    let path = "/settings/notifications/webhook";
    let text = stage.get(path).await.1["options"]["jsonPayload"].as_str().unwrap().to_owned();

    let options = json!({ "webhookUrl": listener.url("/{{notification_type}}"), "jsonPayload": text, "supportVariables": true });
    let settings = json!({ "enabled": true, "types": 8158, "options": options });
    assert_eq!(stage.post(&format!("{path}/test"), &settings).await.0, 204);

    assert_eq!(listener.taken()[0].path, "/test", "variables of a test say test");
}

#[tokio::test]
async fn importing_takes_ids_as_text_and_tells_only_the_new() {
    let stage = Stage::usual().await;
    let world = World::new();
    let friend2 = world.member("friend2").unwrap().plex_id;
    let import = |ids: Value| stage.post_value("/user/import-from-plex", json!({ "plexIds": ids }));

    assert_eq!(import(json!([friend2])).await.0, 400);
    let (status, new) = import(json!([friend2.to_string()])).await;
    assert_eq!((status, new.as_array().unwrap().len()), (201, 1));
    assert!(new[0].get("plexId").is_none() && new[0].get("email").is_none());
    assert_eq!(import(json!([friend2.to_string()])).await.1, json!([]));

    let (_, users) = stage.get("/user?take=20").await;
    assert_eq!(users["pageInfo"]["results"], 3);
    assert_eq!(users["results"][2]["plexId"], friend2);
    let (_, seen) = stage.get_as(2, "/user?take=20").await;
    assert!(seen["results"][0].get("email").is_none() && seen["results"][0].get("plexId").is_none());
}

#[tokio::test]
async fn anybody_may_take_back_what_is_pending() {
    let stage = Stage::start(Options { users: vec!["friend", "friend2"], ..Options::default() }).await;
    stage.post_as(2, "/request", &movie(missing(0))).await;
    stage.post_as(2, "/request", &movie(missing(1))).await;
    stage.post("/request/2/approve", &Value::Null).await;

    assert_eq!(stage.delete_as(3, "/request/1").await.0, 204);
    assert_eq!(stage.delete_as(3, "/request/2").await.0, 401);
    assert_eq!(stage.delete_as(3, "/request/99").await.0, 404);
    assert_eq!(stage.get_as(3, "/request").await.1["pageInfo"]["results"], 0, "others' are not listed");
    let (_, all) = stage.get("/request?take=1").await;
    assert_eq!(all["pageInfo"], json!({ "pages": 1, "pageSize": 1, "results": 1, "page": 1 }));
    assert_eq!(all["serviceErrors"]["radarr"], json!([]));
}

#[tokio::test]
async fn downloads_move_and_end_as_available() {
    let stage = Stage::start(Options { arr: Arr::OnCommand, ..Options::default() }).await;
    let film = missing(0);
    stage.post("/request", &movie(film)).await;
    assert_eq!(stage.get("/request/1").await.1["media"]["downloadStatus"], json!([]));

    stage.seerr.set_progress(1, 0.25);
    let (_, request) = stage.get("/request/1").await;
    let download = &request["media"]["downloadStatus"][0];
    let (size, left) = (download["size"].as_f64().unwrap(), download["sizeLeft"].as_f64().unwrap());
    assert!(((size - left) / size - 0.25).abs() < 0.01, "{download}");
    assert!(download["estimatedCompletionTime"].as_str().unwrap().ends_with('Z'));

    stage.seerr.set_arr(Arr::Downloads(Duration::from_millis(300)));
    stage.post("/request", &movie(missing(1))).await;
    eventually(|| stage.seerr.status(2) == Some((5, 5))).await;
    stage.seerr.set_arr(Arr::Unreachable);
    stage.post("/request", &movie(missing(2))).await;
    assert_eq!(stage.seerr.status(3).unwrap().0, 4);
    let (_, failed) = stage.get("/request?filter=failed").await;
    assert_eq!(failed["serviceErrors"]["radarr"][0]["name"], "Radarr");
    let (_, details) = stage.get(&format!("/movie/{film}")).await;
    assert_eq!(details["mediaInfo"]["requests"][0]["id"], 1);
}

#[tokio::test]
async fn overseerr_is_older_in_what_it_knows() {
    let stage = Stage::start(Options { family: Family::Overseerr, ..Options::default() }).await;
    let (_, public) = stage.bare("/settings/public", &[]).await;
    assert!(public.get("mediaServerType").is_none() && public.get("region").is_some());
    let seerr = Stage::usual().await;
    assert_eq!(seerr.bare("/settings/public", &[]).await.1["mediaServerType"], 1);

    stage.post("/request", &movie(missing(0))).await;
    stage.seerr.arrive(1);
    assert_eq!(stage.seerr.status(1), Some((2, 5)), "it stays approved for ever");
    let (_, list) = stage.get("/request").await;
    assert!(list.get("serviceErrors").is_none() && list["results"][0].get("canRemove").is_none());
    assert_eq!(stage.get("/request?mediaType=movie").await.0, 400);
    assert_eq!(stage.get("/request?filter=completed").await.0, 400);
}

#[tokio::test]
async fn seasons_have_whole_addresses_with_a_slash_too_many_in_the_newer_one() {
    let path = format!("/tv/{}/season/1", show().0);
    let seerr = Stage::usual().await;
    let overseerr = Stage::start(Options { family: Family::Overseerr, ..Options::default() }).await;

    let still = seerr.get(&path).await.1["episodes"][0]["stillPath"].clone();
    assert!(still.as_str().unwrap().starts_with("https://image.tmdb.org/t/p/original//"), "{still}");
    let still = overseerr.get(&path).await.1["episodes"][0]["stillPath"].clone();
    assert!(still.as_str().unwrap().starts_with('/'));

    let poster = World::new().movies[0].poster_path();
    let image = |stage: &Stage, root: &str| {
        let url = format!("{}/imageproxy/{root}t/p/w300_and_h450_face{poster}", stage.seerr.url());
        let client = stage.client.clone();
        async move { client.get(url).send().await.unwrap().status().as_u16() }
    };
    assert_eq!(image(&seerr, "tmdb/").await, 200);
    assert_eq!(image(&overseerr, "").await, 200);
    assert_eq!(image(&overseerr, "tmdb/").await, 404);
}

#[tokio::test]
async fn issues_are_opened_answered_and_told() {
    let stage = Stage::usual().await;
    let listener = Listener::answering(StatusCode::OK).await.unwrap();
    stage.set_up_webhook(&listener.url("/hooks")).await;

    let issue = json!({ "issueType": 1, "message": "Picture is green", "mediaId": 1, "problemSeason": 0, "problemEpisode": 0 });
    assert_eq!(stage.post_as(2, "/issue", &issue).await.0, 200);
    stage.post("/issue/1/comment", &json!({ "message": "Looking" })).await;
    assert_eq!(stage.post("/issue/1/resolved", &Value::Null).await.1["status"], 2);

    eventually(|| listener.taken().len() == 3).await;
    let created = listener
        .taken()
        .iter()
        .map(|sent| sent.json())
        .find(|body| body["notification_type"] == "ISSUE_CREATED");
    let created = created.unwrap();
    assert_eq!(created["event"], "New Video Issue Reported");
    assert_eq!(created["issue"]["issue_type"], "VIDEO");
    assert_eq!(created["request"], Value::Null);
}

#[tokio::test]
async fn a_household_has_requests_in_every_stage() {
    let stage = Stage::usual().await;

    stage.seerr.fill();

    let (_, count) = stage.get("/request/count").await;
    assert!(count["pending"].as_u64() > Some(1) && count["declined"] == 1 && count["tv"] == 1, "{count}");
    let (_, list) = stage.get("/request?filter=processing").await;
    let moving =
        |request: &&Value| request["media"]["downloadStatus"].as_array().is_some_and(|d| !d.is_empty());
    assert!(list["results"].as_array().unwrap().iter().filter(moving).count() >= 1);
}

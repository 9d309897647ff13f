//! The media server: what is in its libraries, and who may see it.

use sandbox::plex::Options;
use serde_json::Value;

use super::support::{Server, titles};

#[tokio::test]
async fn identity_is_open_even_to_a_wrong_token_and_nothing_else_is() {
    let server = Server::start(Options::default()).await;
    let ask = async |path: &str| {
        let url = format!("{}{path}", server.plex.server_url);
        let answer = server.client.get(url).header("X-Plex-Token", "wrong").send().await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), kind, answer.text().await.unwrap())
    };

    assert_eq!(ask("/identity").await.0, 200);
    let (status, kind, page) = ask("/library/sections").await;
    assert_eq!((status, kind.as_str()), (401, "text/html; charset=utf-8"));
    assert!(page.contains("<h1>401 Unauthorized</h1>"), "{page}");
}

#[tokio::test]
async fn the_token_may_come_in_the_query() {
    let server = Server::start(Options::default()).await;
    let url = format!("{}/?X-Plex-Token={}", server.plex.server_url, server.plex.owner_token);

    let answer = server.client.get(url).send().await.unwrap();

    assert_eq!(answer.headers()["content-type"], "text/xml;charset=utf-8");
    assert!(answer.text().await.unwrap().contains("friendlyName=\"Attic\""));
}

#[tokio::test]
async fn a_friends_account_token_does_not_open_the_server() {
    let server = Server::start(Options::default()).await;
    let friend = server.world.member("friend").unwrap().account_token;

    let url = format!("{}/library/sections", server.plex.server_url);
    let answer = server.client.get(url).header("X-Plex-Token", friend).send().await.unwrap();

    assert_eq!(answer.status(), 401);
    assert_eq!(server.status("GET", "/library/sections", "friend").await, 200);
    server.plex.unshare("friend");
    assert_eq!(server.status("GET", "/library/sections", "friend").await, 401);
}

#[tokio::test]
async fn everybody_sees_only_their_own_libraries() {
    let server = Server::start(Options::default()).await;
    let show = "/library/metadata/10000";

    let sections = server.get_as("/library/sections", "friend2").await;
    assert_eq!(sections["size"], 1);
    assert_eq!(server.status("GET", show, "friend").await, 200);
    assert_eq!(server.status("GET", show, "friend2").await, 404);
    assert_eq!(server.status("GET", "/library/sections/2/all", "friend2").await, 404);
    assert_eq!(server.status("GET", "/hubs/search?query=tides&sectionId=2", "friend2").await, 404);
    let search = server.get_as("/hubs/search?query=tides", "friend2").await;
    assert!(search["Hub"].as_array().unwrap().iter().all(|hub| hub["size"] == 0), "{search}");
    let recent = server.get_as("/library/recentlyAdded", "friend2").await;
    assert!(recent["Metadata"].as_array().unwrap().iter().all(|item| item["librarySectionID"] == 1));
}

#[tokio::test]
async fn what_was_watched_is_everybodys_own() {
    let server = Server::start(Options::default()).await;
    let count = async |slug| {
        let item = server.get_as("/library/metadata/107", slug).await;
        item["Metadata"][0]["viewCount"].as_i64()
    };
    server.status("GET", "/:/unscrobble?key=107", "owner").await;
    server.status("GET", "/:/scrobble?key=107", "friend").await;

    assert_eq!(count("owner").await, None);
    assert_eq!(count("friend").await, Some(1));
    server.status("GET", "/:/scrobble?key=10000", "friend").await;
    let unwatched = server.get_as("/library/sections/2/all?type=2&unwatchedLeaves=1", "friend").await;
    assert!(!titles(&unwatched).contains(&"Eleven Tides") && titles(&unwatched).contains(&"Third Shift"));
}

#[tokio::test]
async fn pages_are_asked_for_by_header_or_query_and_may_be_cut() {
    let server = Server::start(Options { page_limit: 4, ..Options::default() }).await;
    let all = "/library/sections/1/all?sort=titleSort";

    let page = server.get(&format!("{all}&X-Plex-Container-Start=2&X-Plex-Container-Size=3")).await;
    assert_eq!((&page["size"], &page["offset"]), (&3.into(), &2.into()));
    assert_eq!(page["totalSize"], server.plex.titles("1").len());
    let call = server.client.get(format!("{}{all}", server.plex.server_url));
    let call = call.header("X-Plex-Token", &server.plex.owner_token).header("X-Plex-Container-Start", "2");
    let answer = call.header("X-Plex-Container-Size", "100").send().await.unwrap();
    assert_eq!(answer.headers()["x-plex-container-start"], "2");
    assert_eq!(
        answer.headers()["x-plex-container-total-size"],
        server.plex.titles("1").len().to_string().as_str()
    );
    assert_eq!(answer.text().await.unwrap().matches("<Video").count(), 4);
    let count = server.get(&format!("{all}&X-Plex-Container-Size=0")).await;
    assert!(count.get("Metadata").is_none() && count["totalSize"].as_u64() > Some(20), "{count}");
}

#[tokio::test]
async fn operators_stand_left_of_the_equals_sign() {
    let server = Server::start(Options::default()).await;
    let ask = async |filter: &str| {
        let container = server.get(&format!("/library/sections/1/all?{filter}")).await;
        titles(&container).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };

    assert_eq!(ask("title==Low%20Orbit").await, ["Low Orbit"]);
    assert_eq!(ask("title=orbit").await, ["Low Orbit"]);
    let newer = ask("year%3E%3E=2025").await;
    assert_eq!(newer, ask("year>>=2025").await);
    assert!(
        newer.contains(&"Glass Harbour".to_owned()) && !newer.contains(&"Low Orbit".to_owned()),
        "{newer:?}"
    );
    let genres = server.get("/library/sections/1/genre").await;
    let directory = genres["Directory"].as_array().unwrap();
    let horror = directory.iter().find(|genre| genre["title"] == "Horror").unwrap();
    assert_eq!(ask(&format!("genre={}", horror["key"].as_str().unwrap())).await, ["An Unlit Room"]);
    // An "or" is a comma.
    assert_eq!(ask("year=2018,2019").await, ["Copper Season", "Lantern House", "Little <Giants>"]);
    let letters = server.get("/library/sections/1/firstCharacter?type=1").await;
    assert_eq!(letters["Directory"][0]["title"], "#");
    assert_eq!(letters, server.get("/library/sections/1/firstCharacters?type=1").await);
    assert_eq!(ask("firstCharacter=%C3%9C").await, ["Überfahrt"]);
}

#[tokio::test]
async fn articles_do_not_count_when_titles_are_sorted() {
    let server = Server::start(Options::default()).await;
    let sorted = server.get("/library/sections/1/all?sort=titleSort:desc").await;
    let sorted = titles(&sorted);
    let place = |title| sorted.iter().position(|other| *other == title).unwrap();

    assert!(place("Mistral") < place("Low Orbit") && place("Low Orbit") < place("The Long Ferry"));
    assert!(place("The Long Ferry") < place("Little <Giants>"), "{sorted:?}");
}

#[tokio::test]
async fn the_seasons_of_a_show_come_with_one_that_is_none() {
    let server = Server::start(Options::default()).await;

    let children = server.get("/library/metadata/10000/children").await;
    assert_eq!(children["Directory"][0]["title"], "All episodes");
    assert_eq!(titles(&children), ["Season 1", "Season 2", "Season 3"]);
    let without = server.get("/library/metadata/10000/children?excludeAllLeaves=1").await;
    assert!(without.get("Directory").is_none());
    let third = &children["Metadata"][2];
    assert_eq!((&third["leafCount"], &third["parentTitle"]), (&6.into(), &"Eleven Tides".into()));
}

#[tokio::test]
async fn an_empty_list_is_no_list() {
    let server = Server::start(Options::default()).await;

    let sessions = server.get("/status/sessions").await;

    assert_eq!(sessions["size"], 0);
    assert!(sessions.get("Metadata").is_none());
    server.plex.play("friend", 101);
    let sessions = server.get("/status/sessions").await;
    assert_eq!(sessions["Metadata"][0]["User"]["title"], "Mia");
    assert_eq!(server.status("GET", "/status/sessions", "friend").await, 403);
}

#[tokio::test]
async fn a_collection_needs_a_first_item_and_goes_with_its_last() {
    let server = Server::start(Options::default()).await;
    let create = |title: &str, uri: &str| {
        format!("/library/collections?type=1&smart=0&sectionId=1&title={title}&uri={uri}")
    };
    assert_eq!(server.status("POST", &create("Empty", ""), "owner").await, 400);
    assert_eq!(server.status("POST", &create("Wrong", &server.uri("10000")), "owner").await, 400);
    assert_eq!(server.status("POST", &create("Theirs", &server.uri("101")), "friend").await, 403);

    let made = server.send("POST", &create("Rain%20%26%20Tea", &server.uri("101,103")), "owner").await;
    let made: Value = made.json().await.unwrap();
    let made = &made["MediaContainer"]["Metadata"][0];
    assert_eq!((&made["title"], &made["childCount"]), (&"Rain & Tea".into(), &"2".into()));
    let path = format!("/library/collections/{}", made["ratingKey"].as_str().unwrap());
    assert_eq!(titles(&server.get(&format!("{path}/items")).await), ["Glass Harbour", "Nightjar"]);
    assert_eq!(server.status("DELETE", &format!("{path}/items/105"), "owner").await, 400);
    assert_eq!(server.status("DELETE", &format!("{path}/items/101"), "owner").await, 200);
    assert_eq!(server.status("DELETE", &format!("{path}/items/103"), "owner").await, 200);
    assert_eq!(server.status("GET", &path, "owner").await, 404);
}

#[tokio::test]
async fn a_taken_title_is_a_conflict() {
    let server = Server::start(Options::default()).await;
    let collections = server.plex.collections("1");
    let rename =
        |key: u64, title: &str| format!("/library/sections/1/all?type=18&id={key}&title.value={title}");

    let taken = collections[1].1.replace(' ', "%20");
    assert_eq!(server.status("PUT", &rename(collections[0].0, &taken), "owner").await, 409);
    assert_eq!(server.status("PUT", &rename(collections[0].0, "Free"), "owner").await, 200);
    assert_eq!(server.plex.collections("1")[0].1, "Free");
}

#[tokio::test]
async fn pictures_are_scaled_and_only_the_servers_own() {
    let server = Server::start(Options::default()).await;
    let item = server.get("/library/metadata/101").await;
    let thumb = item["Metadata"][0]["thumb"].as_str().unwrap().replace('/', "%2F");
    let transcode =
        |url: &str| format!("/photo/:/transcode?url={url}&width=120&height=180&minSize=1&upscale=1");

    let answer = server.send("GET", &transcode(&thumb), "owner").await;
    assert_eq!(answer.headers()["content-type"], "image/jpeg");
    assert_eq!(answer.bytes().await.unwrap()[..2], [0xff, 0xd8]);
    assert_eq!(server.status("GET", "/photo/:/transcode?width=1&height=1", "owner").await, 400);
    assert_eq!(server.status("GET", &transcode("http%3A%2F%2F127.0.0.1%3A1%2Fx"), "owner").await, 403);
    assert_eq!(server.status("GET", &transcode("%2Flibrary%2Fmetadata%2F9%2Fthumb%2F1"), "owner").await, 404);
    let portrait = item["Metadata"][0]["Role"][0]["thumb"].as_str().unwrap().to_owned();
    assert_eq!(server.status("GET", &transcode(&portrait), "owner").await, 200);
}

#[tokio::test]
async fn titles_of_the_world_arrive_when_they_are_told_to() {
    let server = Server::start(Options::default()).await;
    assert_eq!(server.status("GET", "/library/metadata/104", "owner").await, 404);

    assert_eq!(server.plex.movie_arrives(900_104), Some(104));
    server.plex.season_arrives(910_101, 4).unwrap();

    let newest = server.get("/library/sections/1/all?sort=addedAt:desc&limit=1&includeGuids=1").await;
    assert_eq!(titles(&newest), ["Salt Meridian"]);
    assert_eq!(server.plex.rating_key(true, 900_104), Some(104));
    assert_eq!(server.plex.rating_key(false, 900_104), None);
    assert_eq!(newest["Metadata"][0]["Guid"][1]["id"], "tmdb://900104");
    assert_eq!(server.get("/library/metadata/10000/allLeaves").await["size"], 32);
}

//! Forms that published examples show and the recorded answers do not: numbers as text, Windows
//! paths, lists that are there and empty, people who watch.

use serde_json::json;

use super::connect;
use crate::plex::{ItemQuery, Kind, Server};
use crate::test_server::{TestServer, reply};

async fn answering(body: serde_json::Value) -> (Server, crate::breaker::Keeper, TestServer) {
    let body = body.to_string();
    let test_server = TestServer::start(move |_, _| {
        let body = body.clone();
        async move { reply(200, &[("content-type", "application/json")], body) }
    })
    .await;
    let (server, keeper) = connect(&test_server);
    (server, keeper, test_server)
}

#[tokio::test]
async fn a_server_on_windows_has_paths_of_its_own_kind() {
    let (server, _keeper, _test) = answering(json!({ "MediaContainer": {
        "size": 1, "allowSync": true,
        "Directory": [{
            "key": "2", "type": "artist", "title": "Songs", "agent": "tv.plex.agents.music",
            "scanner": "Plex Music", "hidden": false, "refreshing": 1, "contentChangedAt": "1233",
            "Location": [{ "id": 3, "path": "O:\\media\\Songs" }, { "id": "4", "path": "O:\\more" }],
        }],
    } }))
    .await;

    let sections = server.sections().await.unwrap();

    let section = &sections[0];
    assert_eq!((section.refreshing, section.hidden, section.content_changed_at), (true, false, 1233));
    let paths: Vec<&str> = section.locations.iter().map(|location| location.path.as_str()).collect();
    assert_eq!(paths, ["O:\\media\\Songs", "O:\\more"]);
}

#[tokio::test]
async fn sizes_and_ids_may_be_text() {
    let (server, _keeper, _test) = answering(json!({ "MediaContainer": {
        "size": "1", "totalSize": "311", "offset": "40", "librarySectionID": 26,
        "Metadata": [{
            "id": "1049", "ratingKey": 1049, "type": "movie", "title": "A Glass Harbour", "year": "2001",
            "rating": 6, "duration": "5129000", "viewCount": "2", "viewOffset": 60000, "lastViewedAt": "1434341184",
            "guid": "com.plexapp.agents.themoviedb://9398?lang=en",
            "Media": [{ "videoResolution": 1080, "Part": [{ "id": "827", "file": "O:\\a.mkv", "size": 4208219125_i64 }] }],
            "Role": [{ "id": 5, "tag": "Nora Ode", "role": "The Keeper", "thumb": "https://metadata-static.plex.tv/a.jpg" }],
            "Director": [{ "tag": "Sam Reed" }], "Image": [{ "type": "coverPoster" }],
        }],
    } }))
    .await;

    let page =
        server.items(&"26".parse().unwrap(), &ItemQuery { start: 40, ..ItemQuery::default() }).await.unwrap();

    assert_eq!((page.offset, page.total, page.next), (40, 311, Some(41)));
    let movie = &page.items[0];
    assert_eq!((movie.rating_key.as_str(), movie.year, movie.views), ("1049", Some(2001), 2));
    assert_eq!(movie.tmdb_id().map(|id| id.0), Some(9398));
    assert_eq!(movie.resolution.as_deref(), Some("1080"));
    assert_eq!(movie.parts[0].size, Some(4_208_219_125));
    assert_eq!(movie.cast[0].role.as_deref(), Some("The Keeper"));
    assert!(movie.is_watched());
    assert!((movie.progress().unwrap() - 0.0117).abs() < 0.001);
}

#[tokio::test]
async fn the_row_to_continue_is_found_among_others() {
    let (server, _keeper, _test) = answering(json!({ "MediaContainer": {
        "size": 2,
        "Hub": [
            { "hubIdentifier": "home.ondeck", "type": "episode", "title": "On Deck", "size": 0, "Metadata": [] },
            { "hubIdentifier": "home.continue", "type": "mixed", "title": "Continue Watching", "more": 0, "Metadata": [
                { "ratingKey": "7", "type": "episode", "title": "Low Tide", "index": 3, "parentIndex": 1,
                  "parentRatingKey": "6", "grandparentRatingKey": "5", "grandparentTitle": "Harbour" },
            ] },
        ],
    } }))
    .await;

    let items = server.continue_watching().await.unwrap();

    assert_eq!(items.len(), 1);
    assert_eq!(items[0].grandparent.as_ref().unwrap().title, "Harbour");
    assert_eq!(items[0].parent.as_ref().unwrap().index, Some(1));
}

#[tokio::test]
async fn old_servers_only_know_the_deck() {
    let test_server = TestServer::start(|_, request| {
        let is_deck = request.uri().path() == "/library/onDeck";
        let deck =
            r#"{"MediaContainer":{"size":1,"Metadata":[{"ratingKey":"7","type":"movie","title":"A"}]}}"#;
        async move { if is_deck { reply(200, &[], deck) } else { reply(404, &[], "<html>") } }
    })
    .await;
    let (server, _keeper) = connect(&test_server);

    assert_eq!(server.continue_watching().await.unwrap()[0].title, "A");
}

#[tokio::test]
async fn those_who_watch_have_a_name_and_a_device() {
    let (server, _keeper, _test) = answering(json!({ "MediaContainer": {
        "size": 2,
        "Metadata": [
            { "ratingKey": "7", "type": "movie", "title": "A", "sessionKey": "1",
              "User": { "id": "123456789", "title": "nora" },
              "Player": { "title": "Living room", "product": "Plex HTPC", "state": "playing", "local": true },
              "Session": { "id": "c", "bandwidth": 5212, "location": "lan" } },
            { "details": "omitted", "Player": [{ "state": "buffering", "local": "0" }] },
        ],
    } }))
    .await;

    let sessions = server.sessions().await.unwrap();

    assert_eq!((sessions[0].user.as_deref(), sessions[0].user_id), (Some("nora"), Some(123_456_789)));
    assert_eq!((sessions[0].player.as_str(), sessions[0].bandwidth), ("Living room", Some(5212)));
    assert_eq!((sessions[1].state.as_str(), &sessions[1].item), ("buffering", &None));
}

#[tokio::test]
async fn letters_say_where_they_begin() {
    let (server, _keeper, _test) = answering(json!({ "MediaContainer": {
        "size": 3,
        "Directory": [
            { "key": "%23", "title": "#", "size": 2 }, { "key": "A", "title": "A", "size": "5" },
            { "key": "B", "title": "B", "size": 1 },
        ],
    } }))
    .await;

    let letters = server.first_characters(&"1".parse().unwrap(), Some(&Kind::Movie)).await.unwrap();

    let seen: Vec<_> = letters.iter().map(|letter| (letter.title.as_str(), letter.offset)).collect();
    assert_eq!(seen, [("#", 0), ("A", 2), ("B", 7)]);
}

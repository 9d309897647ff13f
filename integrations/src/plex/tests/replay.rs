//! Every recorded answer parses, and gives everything that is in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use serde_json::Value;
use url::form_urlencoded;

use super::connect;
use super::xml::to_json;
use crate::Error;
use crate::breaker::Keeper;
use crate::plex::wire::Answer;
use crate::plex::{Collection, Hub, Item, ItemQuery, Kind, RatingKey, SectionId, Server, Sort};
use crate::test_server::{Reply, TestServer, reply};

fn data() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/plex"))
}

fn captures(prefix: &str) -> BTreeMap<String, Value> {
    let files = fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path());
    let named = files.filter_map(|path| {
        let name = path.file_stem()?.to_str()?.to_owned();
        let wanted = name.starts_with(prefix) && path.extension()? == "json";
        wanted.then(|| (name, serde_json::from_slice(&fs::read(&path).unwrap()).unwrap()))
    });
    named.collect()
}

/// The server gave as many things as it said, and each of them means something to us.
fn check_all_is_understood(name: &str, body: Value) {
    let said = body["MediaContainer"]["size"].clone();
    let said = said.as_u64().or_else(|| said.as_str()?.parse().ok()).unwrap_or(0) as usize;
    let answer: Answer =
        serde_json::from_value(body).unwrap_or_else(|error| panic!("{name} does not parse: {error}"));
    let container = answer.container;
    let hubs: Vec<Hub> = container.hub.into_iter().map(Hub::of).collect();
    let came = container.metadata.len() + container.directory.len() + container.activity.len() + hubs.len();
    if container.friendly_name.is_none() {
        assert_eq!(came, said, "{name} has more or less than it says");
    }
    for hub in hubs {
        assert!(!hub.identifier.is_empty() && !hub.title.is_empty(), "{name}: {hub:?}");
    }
    for wire in container.metadata {
        let kind = Kind::from(wire.kind.as_deref().unwrap_or_default());
        if kind == Kind::Collection {
            let collection =
                Collection::of(wire).unwrap_or_else(|| panic!("{name} has a strange collection"));
            assert!(collection.child_count > 0 && collection.section.is_some(), "{name}: {collection:?}");
        } else {
            let item = Item::of(wire).unwrap_or_else(|| panic!("{name} has a strange item"));
            assert!(!matches!(item.kind, Kind::Other(_)), "{name}: {item:?}");
            assert!(item.title != "Untitled" && item.added_at.is_some(), "{name}: {item:?}");
            let is_a_file = matches!(item.kind, Kind::Movie | Kind::Episode | Kind::Clip);
            assert_eq!(is_a_file, !item.parts.is_empty(), "{name}: {item:?}");
        }
    }
}

#[test]
fn everything_that_python_plexapi_was_sent_is_understood() {
    let mut understood = 0;
    for (name, capture) in captures("plexapi_pms_") {
        for exchange in capture["exchanges"].as_array().unwrap() {
            let Some(body) = exchange["response_body"].as_str().filter(|body| !body.is_empty()) else {
                continue;
            };
            if exchange["status"].as_u64().unwrap() >= 400 {
                assert!(serde_json::from_str::<Answer>(body).is_err(), "{name}: an error is no answer");
                continue;
            }
            let is_json = body.starts_with('{');
            let json = if is_json { serde_json::from_str(body).unwrap() } else { to_json(body) };
            check_all_is_understood(&name, json);
            understood += 1;
        }
    }
    assert!(understood > 60, "only {understood} answers were looked at");
}

#[test]
fn everything_that_was_recorded_as_json_is_understood() {
    let mut understood = 0;
    // What plex.tv says is understood in `plex_tv`.
    let of_plex_tv =
        |name: &str| ["json_pin", "json_user", "json_resources"].iter().any(|about| name.starts_with(about));
    for (name, capture) in captures("json_") {
        match &capture["response"] {
            _ if of_plex_tv(&name) => {}
            // Discovery of providers is not used; it must not be taken for something else.
            body @ Value::Object(_) if name == "json_providers" => {
                let answer: Answer = serde_json::from_value(body.clone()).unwrap();
                assert!(answer.container.metadata.is_empty());
            }
            body @ Value::Object(_) => {
                check_all_is_understood(&name, body.clone());
                understood += 1;
            }
            text => assert!(serde_json::from_str::<Answer>(text.as_str().unwrap()).is_err(), "{name}"),
        }
    }
    assert!(understood > 20, "only {understood} answers were looked at");
}

/// Gives the recorded answer to the recorded request only.
struct Recorded {
    server: Server,
    test_server: TestServer,
    _keeper: Keeper,
}

impl Recorded {
    async fn of(names: &[&str]) -> Self {
        let all = captures("json_");
        let captures: Vec<Value> = names.iter().map(|name| all[*name].clone()).collect();
        let captures = Arc::new(captures);
        let test_server = TestServer::start(move |_, request| {
            let captures = captures.clone();
            async move { answer(&captures, &request) }
        })
        .await;
        let (server, keeper) = connect(&test_server);
        Self { server, test_server, _keeper: keeper }
    }
}

fn answer(captures: &[Value], request: &Request<Incoming>) -> Reply {
    for capture in captures {
        let recorded = capture["request"]["path"].as_str().unwrap();
        let (path, query) = recorded.split_once('?').unwrap_or((recorded, ""));
        let sent = pairs(request.uri().query().unwrap_or_default());
        let is_it = capture["request"]["method"] == request.method().as_str()
            && path == request.uri().path()
            && pairs(query).iter().all(|pair| sent.contains(pair));
        if is_it {
            let body = match &capture["response"] {
                Value::String(text) => text.clone(),
                json => json.to_string(),
            };
            return reply(capture["status"].as_u64().unwrap() as u16, &[], body);
        }
    }
    panic!("no capture for {} {}", request.method(), request.uri());
}

fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn section(id: &str) -> SectionId {
    id.parse().unwrap()
}

fn key(key: &str) -> RatingKey {
    key.parse().unwrap()
}

#[tokio::test]
async fn the_server_says_who_it_is() {
    let recorded = Recorded::of(&["json_identity", "json_root", "json_sessions", "json_activities"]).await;
    let server = &recorded.server;

    let identity = server.identity().await.unwrap();
    let root = server.root().await.unwrap();

    assert!(identity.claimed);
    assert_eq!(identity.machine_identifier, root.machine_identifier);
    assert_eq!((root.friendly_name.as_str(), root.plex_pass), ("Fake Nest", false));
    assert_eq!(root.owner_features, ["collections", "webhooks"]);
    assert_eq!(server.sessions().await.unwrap(), []);
    let activities = server.activities().await.unwrap();
    assert_eq!((activities[0].kind.as_str(), activities[0].percent), ("library.update.section", Some(50)));
}

#[tokio::test]
async fn libraries_tell_their_folders() {
    let recorded = Recorded::of(&["json_sections"]).await;

    let sections = recorded.server.sections().await.unwrap();

    let seen: Vec<_> = sections
        .iter()
        .map(|section| (section.title.as_str(), &section.kind, section.is_other_videos()))
        .collect();
    assert_eq!(
        seen,
        [("Movies", &Kind::Movie, false), ("TV Shows", &Kind::Show, false), ("YouTube", &Kind::Movie, true)]
    );
    assert_eq!(sections[2].locations[0].path, "/media/youtube");
    assert_eq!(sections[2].content_changed_at, 1002);
}

#[tokio::test]
async fn a_library_is_read_in_parts() {
    let recorded = Recorded::of(&["json_section_all_page"]).await;
    let query = ItemQuery { kind: Some(Kind::Movie), size: 2, sort: Sort::NEWEST, ..ItemQuery::default() };

    let page = recorded.server.items(&section("1"), &query).await.unwrap();

    assert_eq!((page.total, page.offset, page.next), (4, 0, Some(2)));
    let bunny = &page.items[0];
    assert_eq!((bunny.title.as_str(), bunny.year), ("Big Buck Bunny", Some(2008)));
    assert_eq!(bunny.tmdb_id().map(|id| id.0), Some(10378));
    assert_eq!(bunny.parts[0].file, "/media/movies/Big Buck Bunny (2008)/Big Buck Bunny (2008).mp4");
    assert_eq!(bunny.section, Some(section("1")), "the container says it for all of them");
    assert_eq!(bunny.genres[0].name, "Animation");
}

#[tokio::test]
async fn the_operator_of_a_filter_stands_left_of_the_equals_sign() {
    let recorded = Recorded::of(&["json_section_all_since"]).await;
    let query = ItemQuery {
        kind: Some(Kind::Movie),
        sort: Sort::NEWEST,
        added_since: Some(domain::Timestamp::from_millis(1_000_000)),
        ..ItemQuery::default()
    };

    let page = recorded.server.items(&section("1"), &query).await.unwrap();

    assert_eq!((page.items.len(), page.total, page.next), (4, 4, None));
}

#[tokio::test]
async fn titles_are_opened_from_the_show_to_the_episode() {
    let names =
        ["json_metadata", "json_metadata_children", "json_metadata_all_leaves", "json_metadata_related"];
    let recorded = Recorded::of(&names).await;
    let server = &recorded.server;

    let movie = server.item(&key("102")).await.unwrap().unwrap();
    let seasons = server.children(&key("109"), 0, 50).await.unwrap();
    let episodes = server.all_leaves(&key("109"), 0, 50).await.unwrap();
    let related = server.related(&key("102")).await.unwrap();

    assert_eq!((movie.kind, movie.section_title.as_deref()), (Kind::Movie, Some("Movies")));
    let season = &seasons.items[0];
    assert_eq!((&season.kind, season.index, season.leaves), (&Kind::Season, Some(1), Some(3)));
    assert!(!season.is_watched());
    let episode = &episodes.items[0];
    assert_eq!(episode.kind, Kind::Episode);
    assert_eq!(episode.grandparent.as_ref().unwrap().title, "Caminandes");
    assert_eq!(episode.parent.as_ref().unwrap().index, Some(1));
    assert_eq!((related.len(), related[0].items.len()), (1, 3));
}

#[tokio::test]
async fn what_is_not_there_is_nothing_and_what_is_not_allowed_is_an_error() {
    let names = ["json_metadata_404", "json_refresh_as_friend", "json_on_deck"];
    let recorded = Recorded::of(&names).await;
    let server = &recorded.server;

    assert_eq!(server.item(&key("999999")).await.unwrap(), None);
    assert_eq!(server.on_deck().await.unwrap(), []);
    let denied = server.refresh(&section("3"), None).await.unwrap_err();
    assert!(matches!(denied, Error::AccessDenied { status: 403, .. }), "{denied}");
    let recorded = Recorded::of(&["json_root_401"]).await;
    let denied = recorded.server.root().await.unwrap_err();
    assert!(matches!(denied, Error::AccessDenied { status: 401, .. }), "{denied}");
}

#[tokio::test]
async fn search_answers_in_rows() {
    let recorded = Recorded::of(&["json_hubs_search", "json_hubs"]).await;

    let found = recorded.server.search("big", 5, None).await.unwrap();
    let front = recorded.server.hubs().await.unwrap();

    let movies = found.iter().find(|hub| hub.kind == Kind::Movie).unwrap();
    assert_eq!(movies.items[0].title, "Big Buck Bunny");
    assert!(front.iter().any(|hub| !hub.items.is_empty()));
}

#[tokio::test]
async fn a_collection_is_made_filled_changed_and_deleted() {
    let names = [
        "json_identity",
        "json_collection_create",
        "json_collection_add",
        "json_collection_items",
        "json_collection_move",
        "json_collection_remove",
        "json_collection_edit",
        "json_collections_list",
        "json_collection_delete",
    ];
    let recorded = Recorded::of(&names).await;
    let server = &recorded.server;
    let (movies, bunny) = (section("1"), key("102"));

    let made = server.create_collection(&movies, &Kind::Movie, "Family night", &bunny).await.unwrap();
    server.add_to_collection(&made.rating_key, &[key("108"), key("104")]).await.unwrap();
    server.move_in_collection(&made.rating_key, &key("104"), Some(&bunny)).await.unwrap();
    server.remove_from_collection(&made.rating_key, &key("108")).await.unwrap();
    server.rename_collection(&movies, &made.rating_key, "Renamed").await.unwrap();
    let listed = server.collections(&movies, 0, 50).await.unwrap();
    let items = server.collection_items(&made.rating_key, 0, 50).await.unwrap();
    server.delete_collection(&made.rating_key).await.unwrap();

    assert_eq!((made.rating_key.as_str(), made.child_count), ("128", 1));
    assert_eq!(listed.items[0].rating_key, made.rating_key);
    assert_eq!(items.items.len(), 3);
    assert_eq!(items.items[0].collections, ["Family night"]);
}

#[tokio::test]
async fn a_folder_is_scanned_by_the_path_that_the_server_sees() {
    let recorded = Recorded::of(&["json_refresh_path", "json_home_videos_all"]).await;
    let server = recorded.server.patient();

    server.refresh(&section("3"), Some("/media/youtube/New Channel")).await.unwrap();
    let page = server.items(&section("3"), &ItemQuery::default()).await.unwrap();

    let video = &page.items[0];
    assert_eq!((&video.kind, &video.subtype), (&Kind::Movie, &Some(Kind::Clip)));
    assert!(video.parts[0].file.ends_with("[abcdefghijk].mp4"));
    assert_eq!(recorded.test_server.hits(), 2);
}

//! Our clients of Plex and the stand-in understand each other, which the tests and the demo rest on.

use std::time::Duration;

use domain::Secret;
use domain::address::AdminUrl;
use domain::breaker::Rules;
use domain::media::TmdbId;
use http::HeaderName;
use integrations::breaker::{Gate, Keeper};
use integrations::http::{Client, Transport};
use integrations::plex::{Change, ItemQuery, Notice, Server, Sort};
use integrations::plex_tv::{Addresses, Error, PlexTv};
use sandbox::plex::Options;
use sandbox::{Plex, World};

const CLIENT: &str = "portal-1";

struct House {
    plex: Plex,
    world: World,
    server: Server,
    tv: PlexTv,
    _keepers: [Keeper; 2],
}

impl House {
    async fn start(options: Options) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let world = World::new();
        let plex = Plex::start(&world, options).await.unwrap();
        let (transport, gate, tv_gate) = (Transport::new().unwrap(), Gate::new(), Gate::new());
        let keepers = [&gate, &tv_gate].map(|gate| gate.install(Rules::default(), |_| {}));
        let url = |text: &str| AdminUrl::parse(text).unwrap();
        let http = Client::new(&"plex".parse().unwrap(), url(&plex.server_url), transport.clone(), gate);
        let token = Secret::new(plex.owner_token.as_str());
        let http = http.with_secret_header(HeaderName::from_static("x-plex-token"), &token).unwrap();
        let addresses =
            Addresses { tv: url(&plex.tv_url), clients: url(&plex.tv_url), auth: url(&plex.auth_url) };
        let tv = PlexTv::new(addresses, transport, tv_gate);
        Self { server: Server::new(http), tv, plex, world, _keepers: keepers }
    }
}

#[tokio::test]
async fn somebody_signs_in_and_reads_with_a_token_of_their_own() {
    let house = House::start(Options::default()).await;

    let pin = house.tv.create_pin(CLIENT, false).await.unwrap();
    assert!(house.tv.poll_pin(CLIENT, pin.number).await.unwrap().token.is_none());
    assert!(house.plex.approve(pin.code.expose(), "friend2"));
    let token = house.tv.poll_pin(CLIENT, pin.number).await.unwrap().token.unwrap();

    assert_eq!(house.tv.user(CLIENT, &token).await.unwrap().account.name, "jonas_b");
    let servers = house.tv.servers(CLIENT, &token).await.unwrap();
    let ours = servers.iter().find(|server| server.machine == house.plex.machine_id).unwrap();
    assert!(!ours.is_owned);
    let theirs = house.server.as_user(ours.token.clone().unwrap());
    let sections = theirs.sections().await.unwrap();
    assert_eq!(sections.iter().map(|section| section.title.as_str()).collect::<Vec<_>>(), ["Movies"]);
    house.tv.ping(CLIENT, &token).await.unwrap();
    house.plex.revoke("friend2");
    assert!(matches!(house.tv.ping(CLIENT, &token).await, Err(Error::TokenRefused)));
    assert!(matches!(house.tv.poll_pin("portal-2", pin.number).await, Err(Error::PinGone)));
}

#[tokio::test]
async fn the_owner_reads_with_whom_the_server_is_shared() {
    let house = House::start(Options::default()).await;
    let token = Secret::new(house.plex.owner_token.as_str());

    let guests = house.tv.guests(CLIENT, &token, &house.plex.machine_id).await.unwrap();

    let mut names: Vec<_> = guests.iter().map(|guest| guest.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Lotte", "jonas_b", "mia.k"]);
}

#[tokio::test]
async fn libraries_are_browsed_by_pages_letters_and_searches() {
    let house = House::start(Options::default()).await;
    let sections = house.server.sections().await.unwrap();
    let [movies, shows, videos] = &sections[..] else { panic!("three libraries") };
    assert!(videos.is_other_videos() && !movies.is_other_videos());

    let newest = ItemQuery { sort: Sort::NEWEST, size: 5, ..ItemQuery::default() };
    let page = house.server.items(&movies.id, &newest).await.unwrap();
    assert_eq!((page.items.len(), page.next), (5, Some(5)));
    assert_eq!(page.items[0].title, "Far Signal");
    let film = house.world.movies.iter().find(|film| film.title == "Far Signal").unwrap();
    assert_eq!(page.items[0].tmdb_id(), TmdbId::new(film.tmdb).ok());
    let letters = house.server.first_characters(&movies.id, None).await.unwrap();
    assert_eq!(letters.iter().map(|letter| letter.size).sum::<usize>(), page.total);
    for letter in &letters {
        let at = ItemQuery { start: letter.offset, size: 1, ..ItemQuery::default() };
        let first = house.server.items(&movies.id, &at).await.unwrap().items.remove(0);
        let title = first.title.strip_prefix("The ").unwrap_or(&first.title);
        let is_filed_there = title.starts_with(&letter.title) || letter.title == "#";
        assert!(is_filed_there || title.starts_with("An "), "{} under {}", first.title, letter.title);
    }
    let horror = house.server.genres(&movies.id).await.unwrap();
    let horror = horror.into_iter().find(|genre| genre.name == "Horror").unwrap();
    let query = ItemQuery { genre: horror.id, ..ItemQuery::default() };
    assert_eq!(house.server.items(&movies.id, &query).await.unwrap().items[0].title, "An Unlit Room");
    let found = house.server.search("low orb", 5, None).await.unwrap();
    assert!(found.iter().flat_map(|hub| &hub.items).any(|item| item.title == "Low Orbit"));
    let unwatched = ItemQuery { unwatched: true, ..ItemQuery::default() };
    let left = house.server.items(&shows.id, &unwatched).await.unwrap();
    assert!(left.items.iter().any(|show| show.title == "Eleven Tides"));
    assert!(!house.server.continue_watching().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_title_has_everything_its_page_shows() {
    let house = House::start(Options::default()).await;

    let item = house.server.item(&"101".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((item.title.as_str(), item.year), ("Glass Harbour", Some(2026)));
    assert_eq!(item.cast.len(), 8);
    let poster = house.server.image(item.thumb.as_deref().unwrap(), 120, 180).await.unwrap();
    assert_eq!(poster.content_type, "image/jpeg");
    let portrait = item.cast[0].thumb.as_deref().unwrap();
    assert_eq!(house.server.image(portrait, 120, 120).await.unwrap().content_type, "image/jpeg");
    assert!(!house.server.related(&item.rating_key).await.unwrap()[0].items.is_empty());
    let seasons = house.server.children(&"10000".parse().unwrap(), 0, 50).await.unwrap();
    assert_eq!(seasons.items.len(), 3);
    let episodes = house.server.all_leaves(&"10000".parse().unwrap(), 20, 50).await.unwrap();
    assert_eq!((episodes.items.len(), episodes.total), (6, 26));
    assert_eq!(episodes.items[0].grandparent.as_ref().unwrap().title, "Eleven Tides");
    assert!(house.server.item(&"999999".parse().unwrap()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_download_is_scanned_heard_of_named_and_collected() {
    let folder = tempfile::tempdir().unwrap();
    let videos = Some(folder.path().to_owned());
    let options = Options { videos, videos_as: Some("/media/videos".to_owned()), ..Options::default() };
    let house = House::start(options).await;
    let section = house.server.sections().await.unwrap().remove(2);
    let mut socket = house.server.notifications().await.unwrap();

    std::fs::create_dir(folder.path().join("A list")).unwrap();
    std::fs::write(folder.path().join("A list/One [abc].mp4"), b"film").unwrap();
    house.server.refresh(&section.id, Some("/media/videos/A list")).await.unwrap();
    let settled = async {
        loop {
            for notice in socket.next().await.unwrap() {
                if let Notice::Item { item: Some(item), change: Change::Settled, .. } = notice {
                    return item;
                }
            }
        }
    };
    let key = tokio::time::timeout(Duration::from_secs(10), settled).await.expect("the socket tells in time");

    let item = house.server.item(&key).await.unwrap().unwrap();
    assert_eq!(item.parts[0].file, "/media/videos/A list/One [abc].mp4");
    house.server.edit(&section.id, &key, &item.kind, Some("One & only"), Some("<b>Words</b>")).await.unwrap();
    let made =
        house.server.create_collection(&section.id, &item.kind, "A list, at 100 %", &key).await.unwrap();
    house.server.add_to_collection(&made.rating_key, std::slice::from_ref(&key)).await.unwrap();
    let inside = house.server.collection_items(&made.rating_key, 0, 50).await.unwrap();
    assert_eq!(inside.items.len(), 1);
    assert_eq!(
        (inside.items[0].title.as_str(), inside.items[0].summary.as_str()),
        ("One & only", "<b>Words</b>")
    );
    house.server.remove_from_collection(&made.rating_key, &key).await.unwrap();
    assert!(house.server.collection(&made.rating_key).await.unwrap().is_none());
}

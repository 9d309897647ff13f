//! Our clients and the stand-ins understand each other: what the tests and the demo rest on.

use std::time::Duration;

use domain::address::AdminUrl;
use domain::breaker::Rules;
use domain::media::{ImageSize, MediaType, Row, TmdbId};
use domain::service::ServiceStatus;
use domain::{Secret, Timestamp};
use http::{HeaderName, StatusCode};
use integrations::breaker::{Gate, Keeper};
use integrations::http::{Client, Transport};
use integrations::overseerr::webhook::Webhook;
use integrations::overseerr::{
    Created, Family, ListRequests, NewRequest, Overseerr, PayloadEncoding, SeerrUserId, WebhookTarget,
};
use integrations::tmdb::{self, Tmdb};
use integrations::uptime_kuma::UptimeKuma;
use sandbox::faults::Kind;
use sandbox::seerr::{self, Limit};
use sandbox::uptime_kuma::{Generation, Status};
use sandbox::{Fault, Listener, Seerr, World};

fn client(url: &str) -> (Client, Keeper) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let gate = Gate::new();
    let keeper = gate.install(Rules::default(), |_| {});
    let base = AdminUrl::parse(url).unwrap();
    (Client::new(&"service".parse().unwrap(), base, Transport::new().unwrap(), gate), keeper)
}

async fn overseerr(options: seerr::Options) -> (Seerr, Overseerr, Keeper) {
    let seerr = Seerr::start(&World::new(), options).await.unwrap();
    let (http, keeper) = client(&seerr.url());
    let key = Secret::new(seerr.api_key());
    let http = http.with_secret_header(HeaderName::from_static("x-api-key"), &key).unwrap();
    (seerr, Overseerr::new(http), keeper)
}

fn film(nth: usize) -> TmdbId {
    let world = World::new();
    let missing = world.movies.iter().filter(|movie| !movie.library.is_here()).nth(nth).unwrap();
    TmdbId::new(missing.tmdb).unwrap()
}

fn ask(tmdb_id: TmdbId) -> NewRequest {
    NewRequest { media_type: MediaType::Movie, tmdb_id, seasons: Vec::new(), is_4k: false }
}

#[tokio::test]
async fn both_families_are_told_apart_and_can_be_browsed() {
    for (family, expected) in
        [(seerr::Family::Seerr, Family::Seerr), (seerr::Family::Overseerr, Family::Overseerr)]
    {
        let (_seerr, overseerr, _keeper) =
            overseerr(seerr::Options { family, ..seerr::Options::default() }).await;

        let about = overseerr.about().await.unwrap();
        assert_eq!(about.family, expected);
        assert!(about.is_4k_for_movies && !about.is_4k_for_series);
        for row in [Row::Trending, Row::Movies, Row::Tv, Row::UpcomingMovies] {
            assert!(!overseerr.discover(row, 1).await.unwrap().titles.is_empty(), "{row}");
        }
        let found = overseerr.search("Glass Harbour", 1).await.unwrap();
        assert_eq!(found.titles[0].name, "Glass Harbour");
        let world = World::new();
        let show = TmdbId::new(world.shows[0].tmdb).unwrap();
        let details = overseerr.tv(show).await.unwrap().unwrap();
        assert!(details.seasons.len() >= world.shows[0].seasons.len());
        let season = overseerr.season(show, 1).await.unwrap().unwrap();
        assert!(season.episodes.len() > 3 && season.episodes[0].still.is_some());
        let poster = details.title.poster.unwrap();
        assert!(overseerr.image(&poster, ImageSize::Card).await.unwrap().unwrap().bytes.len() > 1000);
        assert_eq!(overseerr.movie(TmdbId::new(1).unwrap()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn every_outcome_of_asking_has_a_name() {
    let (seerr, overseerr, _keeper) = overseerr(seerr::Options::default()).await;
    let users = overseerr.users().await.unwrap();
    let world = World::new();
    let friend = users.find(Some(world.member("friend").unwrap().plex_id), None).unwrap().id;

    let made = overseerr.create_request(friend, &ask(film(0))).await.unwrap();
    let Created::Made(request) = made else { panic!("{made:?}") };
    assert_eq!(overseerr.create_request(friend, &ask(film(0))).await.unwrap(), Created::AlreadyRequested);
    let nobody = TmdbId::new(999_999).unwrap();
    assert_eq!(overseerr.create_request(friend, &ask(nobody)).await.unwrap(), Created::UnknownTitle);
    let uhd = NewRequest { is_4k: true, ..ask(film(1)) };
    let refused = overseerr.create_request(friend, &uhd).await.unwrap();
    assert!(matches!(refused, Created::NoPermission(_)), "{refused:?}");
    let show = world.shows.iter().find(|show| show.seasons.iter().all(|season| season.here == 0)).unwrap();
    let series = NewRequest {
        media_type: MediaType::Tv,
        tmdb_id: TmdbId::new(show.tmdb).unwrap(),
        seasons: vec![1],
        is_4k: false,
    };
    assert!(matches!(overseerr.create_request(friend, &series).await.unwrap(), Created::Made(_)));
    assert_eq!(overseerr.create_request(friend, &series).await.unwrap(), Created::NothingToDo);
    seerr.set_quota(friend.get(), Limit { limit: Some(1), days: Some(7) }, Limit::default());
    assert_eq!(overseerr.create_request(friend, &ask(film(1))).await.unwrap(), Created::QuotaUsedUp);
    assert_eq!(overseerr.quota(friend).await.unwrap().movie.used, 1);

    let approved = overseerr.approve(request.id).await.unwrap().unwrap();
    assert_eq!(approved.status, domain::request::RemoteRequest::Approved);
    seerr.set_progress(request.id.get(), 0.5);
    let moving = overseerr.request(request.id).await.unwrap().unwrap();
    assert_eq!(moving.transfer().unwrap().percent(), 50);
    seerr.arrive(request.id.get());
    let page = overseerr.requests(&ListRequests::default()).await.unwrap();
    assert_eq!(page.total, 2);
    assert!(
        page.requests.iter().any(|request| request.sighting().media == domain::media::MediaStatus::Available)
    );
    assert!(overseerr.delete(request.id).await.unwrap());
}

#[tokio::test]
async fn the_webhook_is_set_up_in_the_encoding_that_works() {
    let (_seerr, overseerr, _keeper) = overseerr(seerr::Options::default()).await;
    let listener = Listener::answering(StatusCode::OK).await.unwrap();
    let target = WebhookTarget { url: listener.url("/hook"), authorization: Secret::new("Bearer s3cret") };

    overseerr.save_webhook(&target, PayloadEncoding::Raw).await.unwrap();
    assert!(!overseerr.test_webhook(&target, PayloadEncoding::Raw).await.unwrap());
    overseerr.save_webhook(&target, PayloadEncoding::Literal).await.unwrap();
    assert!(overseerr.test_webhook(&target, PayloadEncoding::Literal).await.unwrap());
    assert!(overseerr.webhook_settings().await.unwrap().is_for(&target));
    overseerr.create_request(SeerrUserId::new(2).unwrap(), &ask(film(0))).await.unwrap();

    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    while listener.taken().len() < 2 {
        assert!(tokio::time::Instant::now() < deadline, "the webhook did not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let webhook = Webhook::parse(&listener.taken()[1].body).unwrap();
    assert_eq!(webhook.request_id.map(|id| id.get()), Some(1));
}

#[tokio::test]
async fn tmdb_is_read_with_both_kinds_of_keys() {
    let sandbox = sandbox::Tmdb::start(&World::new()).await.unwrap();
    for key in [sandbox.api_key(), sandbox.token()] {
        let (http, _keeper) = client(&sandbox.url());
        let tmdb = Tmdb::new(http, &Secret::new(key));

        tmdb.check().await.unwrap();
        for row in [Row::Trending, Row::Movies, Row::Tv, Row::UpcomingMovies, Row::UpcomingTv] {
            let titles = tmdb.discover(row, 1).await.unwrap().titles;
            assert!(!titles.is_empty() || row == Row::UpcomingTv, "{row}");
        }
        let details = tmdb.movie(film(0)).await.unwrap().unwrap();
        assert_eq!(details.cast.len(), 8);
        let (http, _keeper) = client(&sandbox.image_url());
        let poster = details.title.poster.unwrap();
        assert!(tmdb::image(&http, &poster, ImageSize::Card).await.unwrap().is_some());
        assert_eq!(tmdb.movie(TmdbId::new(1).unwrap()).await.unwrap(), None);
    }
    let (http, _keeper) = client(&sandbox.url());
    assert!(Tmdb::new(http, &Secret::new("0".repeat(32))).check().await.is_err());
}

#[tokio::test]
async fn uptime_kuma_is_read_in_all_generations() {
    for generation in [Generation::V1_23, Generation::V2_0, Generation::V2_5] {
        let options = sandbox::uptime_kuma::Options { generation, ..Default::default() };
        let sandbox = sandbox::UptimeKuma::start(options).await.unwrap();
        sandbox.add_incident("Disk swap", "An hour without films.", "warning");
        let (http, _keeper) = client(&sandbox.url());
        let kuma = UptimeKuma::new(http.with_basic("", &Secret::new(sandbox.api_key())).unwrap());

        sandbox.set(sandbox.id("Plex"), Status::Pending, "timeout").await;
        let monitors = kuma.metrics().await.unwrap().monitors;
        let of = |name: &str| {
            monitors.iter().find(|monitor| monitor.name == name).map(|monitor| monitor.state.status())
        };
        assert_eq!(of("Plex"), Some(ServiceStatus::Pending));
        assert_eq!(of("Printer"), Some(ServiceStatus::Down));
        assert_eq!(of("Old NAS"), None);
        let page = kuma.status_page(sandbox.slug()).await.unwrap().unwrap();
        assert_eq!(page.incidents[0].title, "Disk swap");
        assert!(page.groups.iter().any(|group| group.name == "Media"));
        let beats = kuma.beats(sandbox.slug()).await.unwrap();
        let last = beats.beats[&sandbox.id("Photos")].last().unwrap();
        assert!(last.at.until(Timestamp::now()) < Duration::from_secs(60));
        assert_eq!(kuma.status_page("nope").await.unwrap(), None);
    }
}

#[tokio::test]
async fn bad_answers_are_errors_and_never_more() {
    let (seerr, overseerr, _keeper) = overseerr(seerr::Options::default()).await;
    for kind in [
        Kind::Html,
        Kind::Garbage,
        Kind::Truncate { after: 40 },
        Kind::Charset,
        Kind::Huge { bytes: 50_000_000 },
        Kind::Reset,
        Kind::TooMany { retry_after: 1 },
    ] {
        // Once more than any client would try again.
        seerr.faults().add(Fault::new(kind.clone()).at("/api/v1/search"));
        let answer = overseerr.search("glass", 1).await;
        assert!(answer.is_err(), "{kind:?}: {answer:?}");
        seerr.faults().clear();
    }
}

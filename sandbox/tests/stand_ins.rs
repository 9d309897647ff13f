//! The stand-ins do what their tables say: a test that relies on a fault must get that fault.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use sandbox::services::Mode;
use sandbox::{Services, VideoSite, video_site::Fault};

const ANY_PORT: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

async fn video_site() -> VideoSite {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    VideoSite::start(&cache, SocketAddr::from(ANY_PORT))
        .await
        .expect("the video site starts; is ffmpeg there?")
}

async fn status_of(url: &str) -> Result<u16, reqwest::Error> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).no_proxy().build().unwrap();
    client.get(url).send().await.map(|answer| answer.status().as_u16())
}

async fn body_of(url: &str) -> Result<bytes::Bytes, reqwest::Error> {
    reqwest::get(url).await?.bytes().await
}

#[tokio::test]
async fn films_have_the_promised_sizes_and_come_in_ranges() {
    let site = video_site().await;

    for (film, from, to) in
        [("small", 200_000, 600_000), ("clip", 1_200_000, 2_000_000), ("large", 2_000_000, 3_500_000)]
    {
        let whole = body_of(&site.url(&format!("/files/{film}.mp4"))).await.unwrap();
        assert!((from..to).contains(&whole.len()), "{film} has {} bytes", whole.len());

        let url = site.url(&format!("/files/{film}-copy.mp4"));
        let part = reqwest::Client::new().get(url).header("range", "bytes=1000-1999").send().await.unwrap();
        assert_eq!(part.status(), 206);
        assert_eq!(part.headers()["content-range"], format!("bytes 1000-1999/{}", whole.len()).as_str());
        assert_eq!(part.bytes().await.unwrap(), whole.slice(1000..2000));
    }
    assert_eq!(site.hits("/files/small-copy.mp4"), 1);
}

#[tokio::test]
async fn a_slow_film_takes_its_time_and_is_whole() {
    let site = video_site().await;
    let whole = body_of(&site.url("/files/small.mp4")).await.unwrap();

    let began = tokio::time::Instant::now();
    let slow = body_of(&site.url("/slow/small.mp4?kbps=400")).await.unwrap();

    assert_eq!(slow, whole);
    let expected = Duration::from_secs_f64(whole.len() as f64 / 400_000.0);
    assert!(began.elapsed() > expected.mul_f64(0.8), "{:?} for {} bytes", began.elapsed(), whole.len());
}

#[tokio::test]
async fn a_cut_connection_is_cut_once_and_a_flaky_film_recovers() {
    let site = video_site().await;

    assert!(body_of(&site.url("/cut/small.mp4?after=50000")).await.is_err());
    assert!(body_of(&site.url("/cut/small.mp4?after=50000")).await.is_ok());

    let flaky = site.url("/flaky/small.mp4?fails=1&status=503");
    assert_eq!(status_of(&flaky).await.unwrap(), 503);
    assert_eq!(status_of(&flaky).await.unwrap(), 200);
}

#[tokio::test]
async fn every_link_of_the_index_page_leads_somewhere() {
    let site = video_site().await;
    let index = String::from_utf8(body_of(&site.url("/")).await.unwrap().to_vec()).unwrap();

    let links: Vec<&str> = index.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.len() > 10);
    for link in links {
        let expected = if link.starts_with("/status/404") { 404 } else { 200 };
        assert_eq!(status_of(&site.url(link)).await.unwrap(), expected, "{link}");
    }
}

#[tokio::test]
async fn lists_name_pieces_that_exist() {
    let site = video_site().await;

    for list in ["/hls/low.m3u8", "/hls/high.m3u8", "/live/index.m3u8"] {
        let text = String::from_utf8(body_of(&site.url(list)).await.unwrap().to_vec()).unwrap();
        let folder = &list[..=list.rfind('/').unwrap()];
        let pieces: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(pieces.len() >= 2, "{list}: {text}");
        for piece in pieces {
            assert_eq!(
                status_of(&site.url(&format!("{folder}{piece}"))).await.unwrap(),
                200,
                "{list}: {piece}"
            );
        }
    }
    let feed = body_of(&site.url("/feed.xml?n=3&bad=2")).await.unwrap();
    let feed = String::from_utf8(feed.to_vec()).unwrap();
    assert_eq!(feed.matches("<enclosure").count(), 3);
    assert_eq!(feed.matches("/status/404/").count(), 1);
}

#[tokio::test]
async fn refusals_carry_their_code_and_the_wish_to_be_left_alone() {
    let site = video_site().await;

    for code in [401, 403, 404, 429, 451, 500] {
        assert_eq!(status_of(&site.url(&format!("/status/{code}/film.mp4"))).await.unwrap(), code);
    }
    let busy = reqwest::get(site.url("/status/429/film.mp4?retry_after=7")).await.unwrap();
    assert_eq!(busy.headers()["retry-after"], "7");

    site.set_fault(Fault::Status { status: 503 });
    assert_eq!(status_of(&site.url("/files/small.mp4")).await.unwrap(), 503);
    site.set_fault(Fault::None);
    assert_eq!(status_of(&site.url("/files/small.mp4")).await.unwrap(), 200);
}

#[tokio::test]
async fn the_neighbour_tells_when_somebody_was_led_to_it() {
    let site = video_site().await;
    assert_eq!(site.neighbour_hits(), 0);

    let answer = reqwest::get(site.url("/redirect/private.mp4")).await.unwrap();

    assert_eq!(answer.url().port(), Some(site.neighbour().port()));
    assert_eq!(site.neighbour_hits(), 1);
}

#[tokio::test]
async fn a_service_goes_and_comes_back_at_the_same_address() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let services = Services::start(&["music", "photos"]).await.unwrap();
    let music = services.url("music");
    assert_eq!(status_of(&music).await.unwrap(), 200);

    services.set("music", Mode::Down);
    assert_eq!(status_of(&music).await.unwrap(), 503);
    assert_eq!(status_of(&services.url("photos")).await.unwrap(), 200);

    services.set("music", Mode::Hang);
    assert!(status_of(&music).await.unwrap_err().is_timeout());

    services.set("music", Mode::Refuse);
    eventually_status(&music, None).await;

    let control = format!("http://{}/_fault", services.control());
    let switch = r#"{"service": "music", "mode": "up"}"#;
    assert_eq!(reqwest::Client::new().post(control).body(switch).send().await.unwrap().status(), 204);
    eventually_status(&music, Some(200)).await;
}

/// Waits until `url` answers with `expected`; `None` is a refused connection.
async fn eventually_status(url: &str, expected: Option<u16>) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        let seen = match status_of(url).await {
            Ok(status) => Some(status),
            Err(error) if error.is_connect() => None,
            Err(error) => panic!("{error}"),
        };
        if seen == expected {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "still {seen:?} instead of {expected:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

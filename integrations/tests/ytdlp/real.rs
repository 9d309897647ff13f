//! The real yt-dlp against our own video site.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use domain::address::UserUrl;
use domain::download::{Choice, Preset};
use integrations::process::{descendants, kill_group_and_wait, started_ticks};
use integrations::ytdlp::{JobEvent, ProbeKind, Step};
use sandbox::VideoSite;
use sandbox::video_site::Fault;
use tokio::time::Instant;

use crate::both_ways;
use crate::support::{Bench, Story, Way, eventually, names, sha256, until};

both_ways! {
    a_plain_file_arrives_whole
    streams_of_pictures_and_sound_are_merged
    sound_alone_is_converted
    a_playlist_leaves_out_its_bad_entry_and_what_is_there
    failures_are_told_in_codes
    words_are_not_a_film
    a_killed_job_goes_on_where_it_was
    a_cancelled_job_is_gone_soon_and_keeps_its_parts
    a_stalled_job_is_ended
    a_broadcast_is_refused_and_when_allowed_dies_with_its_recorder
    a_link_can_be_looked_at
    subtitles_and_picture_come_along
    dropping_a_job_ends_it
}

pub fn program() -> PathBuf {
    std::env::var_os("MEDIANEST_YTDLP")
        .map(PathBuf::from)
        .expect("MEDIANEST_YTDLP must name a yt-dlp for these tests; scripts/test installs one and sets it")
}

pub async fn site() -> VideoSite {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("films");
    std::fs::create_dir_all(&cache).unwrap();
    VideoSite::start(&cache, ([127, 0, 0, 1], 0).into()).await.unwrap()
}

async fn bench(way: Way) -> (Bench, VideoSite) {
    (Bench::new(&program(), way).await, site().await)
}

async fn bytes_of(site: &VideoSite, path: &str) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let bytes = reqwest::get(site.url(path)).await.unwrap().bytes().await.unwrap();
    use sha2::Digest;
    sha2::Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn a_plain_file_arrives_whole(way: Way) {
    let (bench, site) = bench(way).await;

    let story = bench.run(bench.job("a", &site.url("/files/clip.mp4"))).await;

    assert_eq!((story.code(), story.exit.code, story.exit.done), (None, Some(0), 1));
    assert_eq!(sha256(story.the_file()), bytes_of(&site, "/files/clip.mp4").await);
    assert_eq!(story.the_file().file_name().unwrap(), "00001-clip.mp4");
    assert!(
        matches!(&story.events[0], JobEvent::ItemStarted { position: 1, title: Some(title), .. } if title == "clip")
    );
}

async fn streams_of_pictures_and_sound_are_merged(way: Way) {
    let (bench, site) = bench(way).await;

    for (name, path) in [("hls", "/hls/master.m3u8"), ("dash", "/dash/manifest.mpd")] {
        let mut spec = bench.job(name, &site.url(path));
        spec.choice = Choice::Preset(Preset::Mp4);
        let story = bench.run(spec).await;

        assert_eq!(story.code(), None, "{name}: {story:?}");
        assert!(story.percents().is_sorted(), "{name}: {:?}", story.percents());
        assert_eq!(story.the_file().extension().unwrap(), "mp4");
        assert!(names(story.the_file().parent().unwrap()).iter().all(|name| !name.ends_with(".part")));
        if name == "dash" {
            let merging = JobEvent::Processing { position: 1, what: Step::Merging };
            assert!(story.events.contains(&merging), "{story:?}");
        }
    }
}

async fn sound_alone_is_converted(way: Way) {
    let (bench, site) = bench(way).await;
    let mut spec = bench.job("a", &site.url("/watch/small"));
    spec.choice = Choice::Preset(Preset::Mp3);

    let story = bench.run(spec).await;

    assert_eq!(story.code(), None, "{story:?}");
    assert_eq!(story.the_file().extension().unwrap(), "mp3");
    assert!(story.events.contains(&JobEvent::Processing { position: 1, what: Step::Converting }));
}

async fn a_playlist_leaves_out_its_bad_entry_and_what_is_there(way: Way) {
    let (bench, site) = bench(way).await;
    let mut spec = bench.job("a", &site.url("/feed.xml?n=6&bad=3"));
    spec.skip = vec![1, 5];

    let story = bench.run(spec).await;

    let done: Vec<u32> = story.done().iter().map(|item| item.position).collect();
    assert_eq!((done, story.code()), (vec![2, 4, 6], None), "{story:?}");
    let list = JobEvent::Playlist { title: Some("The Sandbox Show".into()), items: 6, all: 6 };
    assert!(story.events.contains(&list), "{story:?}");
    let failed: Vec<(u32, &str)> = story
        .events
        .iter()
        .filter_map(|event| match event {
            JobEvent::ItemFailed { position, failure } => Some((*position, failure.code.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(failed, [(3, "not_found")]);
    assert_eq!(site.hits("/files/small-feed-1.mp4"), 0);
}

async fn failures_are_told_in_codes(way: Way) {
    let (bench, site) = bench(way).await;

    for (path, code, retryable) in [
        ("/status/404/x.mp4", "not_found", false),
        ("/status/403/x.mp4", "site_refused", false),
        ("/status/429/x.mp4", "rate_limited", true),
        ("/status/503/x.mp4", "site_error", true),
        ("/cut/clip.mp4?after=50000&times=0", "cut_off", true),
    ] {
        let story = bench.run(bench.job("a", &site.url(path))).await;

        let failure = story.exit.failure.as_ref().unwrap_or_else(|| panic!("{path}: {story:?}"));
        assert_eq!((failure.code.as_str(), failure.retryable), (code, retryable), "{path}: {failure:?}");
        assert!(!failure.detail.as_deref().unwrap_or_default().contains("127.0.0.1"), "{failure:?}");
    }
    let mut spec = bench.job("b", &site.url("/files/clip.mp4"));
    spec.choice = Choice::from_key("format:no-such").unwrap();
    assert_eq!(bench.run(spec).await.code(), Some("format_unavailable"));
    let mut spec = bench.job("c", &site.url("/files/clip.mp4"));
    spec.limits.file_bytes = Some(100_000);
    assert_eq!(bench.run(spec).await.code(), Some("too_large"));
}

async fn words_are_not_a_film(way: Way) {
    let (bench, site) = bench(way).await;

    let story = bench.run(bench.job("a", &site.url("/text"))).await;

    assert_eq!((story.code(), story.exit.done), (Some("not_media"), 0), "{story:?}");
}

async fn a_killed_job_goes_on_where_it_was(way: Way) {
    let (bench, site) = bench(way).await;
    let spec = bench.job("a", &site.url("/slow/clip.mp4?kbps=400"));
    let mut running = bench.launcher.start(spec.clone()).await.unwrap();
    until(&mut running, |event| matches!(event, JobEvent::Progress(progress) if progress.bytes > 500_000))
        .await;
    let group = running.group;
    drop(running);
    kill_group_and_wait(group, Duration::from_secs(5)).await.unwrap();

    let story = bench.run(spec).await;

    let first = story
        .events
        .iter()
        .find_map(|event| if let JobEvent::Progress(progress) = event { Some(progress.bytes) } else { None });
    assert!(first.is_none_or(|bytes| bytes > 400_000), "it began again: {first:?}");
    assert_eq!(sha256(story.the_file()), bytes_of(&site, "/files/clip.mp4").await);
}

async fn a_cancelled_job_is_gone_soon_and_keeps_its_parts(way: Way) {
    let (bench, site) = bench(way).await;
    let spec = bench.job("a", &site.url("/slow/clip.mp4?kbps=100"));
    let parts = spec.incoming.join("parts");
    let mut running = bench.launcher.start(spec).await.unwrap();
    until(&mut running, |event| matches!(event, JobEvent::Progress(_))).await;
    let began = Instant::now();

    running.ask_to_stop().await;
    let story = Story::of(running).await;

    assert!(story.exit.stopped && story.code().is_none(), "{story:?}");
    // Asked politely; who has not gone after three seconds is killed.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(names(&parts), ["00001-clip.mp4.part"]);
}

async fn a_stalled_job_is_ended(way: Way) {
    let (bench, site) = bench(way).await;
    let mut spec = bench.job("a", &site.url("/stall/clip.mp4?after=200000"));
    spec.limits.silence = Duration::from_secs(6);
    let began = Instant::now();

    let story = bench.run(spec).await;

    assert_eq!(story.code(), Some("stalled"), "{story:?}");
    assert!(began.elapsed() < Duration::from_secs(16), "{:?}", began.elapsed());
}

async fn a_broadcast_is_refused_and_when_allowed_dies_with_its_recorder(way: Way) {
    let (bench, site) = bench(way).await;
    let mut spec = bench.job("a", &site.url("/live/index.m3u8"));

    let story = bench.run(spec.clone()).await;

    assert_eq!(story.code(), Some("is_live"), "{story:?}");

    spec.limits.live = true;
    let running = bench.launcher.start(spec).await.unwrap();
    let group = running.group;
    let is_recording = || group.members().iter().any(|pid| name_of(*pid) == "ffmpeg");
    eventually("ffmpeg records", Duration::from_secs(30), is_recording).await;
    let members = group.members();
    let python =
        members.iter().copied().find(|pid| name_of(*pid).starts_with("python") || name_of(*pid) == "yt-dlp");
    Command::new("kill").args(["-9", &python.unwrap().to_string()]).status().unwrap();

    let began = Instant::now();
    let story = Story::of(running).await;
    assert_eq!(story.code(), Some("killed"), "{story:?}");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(members.iter().all(|pid| started_ticks(*pid).is_none()), "somebody lives");
}

pub fn name_of(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

async fn a_link_can_be_looked_at(way: Way) {
    let (bench, site) = bench(way).await;
    let probe = async |path: &str| {
        let url = UserUrl::parse(&site.url(path)).unwrap();
        bench.launcher.probe(&url, None, Duration::from_secs(30)).await
    };

    let watch = probe("/watch/small").await.unwrap();
    let feed = probe("/feed.xml?n=4").await.unwrap();
    let dash = probe("/dash/manifest.mpd").await.unwrap();
    let missing = probe("/status/404/x.mp4").await.unwrap_err();

    assert_eq!((watch.kind, watch.entries), (ProbeKind::Video, 1));
    assert!(watch.title.is_some() && watch.thumbnail.is_some(), "{watch:?}");
    assert_eq!(
        (feed.kind, feed.entries, feed.title.as_deref()),
        (ProbeKind::Playlist, 4, Some("The Sandbox Show"))
    );
    assert!(dash.formats.len() > 2, "{dash:?}");
    assert_eq!(missing.code, "not_found");
    site.set_fault(Fault::Hang);
    let slow = UserUrl::parse(&site.url("/watch/small")).unwrap();
    let slow = bench.launcher.probe(&slow, None, Duration::from_secs(2)).await.unwrap_err();
    assert_eq!(slow.code, "timed_out");
}

async fn subtitles_and_picture_come_along(way: Way) {
    let (bench, site) = bench(way).await;

    let story = bench.run(bench.job("a", &site.url("/watch/small"))).await;

    let endings: Vec<&str> = story.done()[0].sidecars.iter().map(|(_, ending)| ending.as_str()).collect();
    assert!(endings.contains(&"jpg") && endings.iter().any(|ending| ending.ends_with(".vtt")), "{endings:?}");
}

async fn dropping_a_job_ends_it(way: Way) {
    let (bench, site) = bench(way).await;
    let mut running =
        bench.launcher.start(bench.job("a", &site.url("/slow/clip.mp4?kbps=100"))).await.unwrap();
    until(&mut running, |event| matches!(event, JobEvent::Progress(_))).await;
    let group = running.group;
    assert!(!group.members().is_empty());

    drop(running);

    eventually("nobody is left", Duration::from_secs(4), || group.members().is_empty()).await;
}

#[tokio::test]
async fn a_helper_that_dies_fails_its_jobs_and_is_replaced() {
    let (bench, site) = bench(Way::Warm).await;
    let mut running =
        bench.launcher.start(bench.job("a", &site.url("/slow/clip.mp4?kbps=100"))).await.unwrap();
    until(&mut running, |event| matches!(event, JobEvent::Progress(_))).await;
    let helper = parent_of(running.group.pid);

    Command::new("kill").args(["-9", &helper.to_string()]).status().unwrap();

    assert_eq!(Story::of(running).await.code(), Some("killed"));
    let story = bench.run(bench.job("b", &site.url("/files/small.mp4"))).await;
    assert_eq!((story.code(), story.exit.done), (None, 1), "{story:?}");
}

fn parent_of(pid: u32) -> u32 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap();
    parent.trim().parse().unwrap()
}

#[tokio::test]
async fn jobs_of_one_helper_do_not_disturb_each_other() {
    let (bench, site) = bench(Way::Warm).await;
    let mut slow =
        bench.launcher.start(bench.job("slow", &site.url("/slow/clip.mp4?kbps=100"))).await.unwrap();
    until(&mut slow, |event| matches!(event, JobEvent::Progress(_))).await;

    let quick = bench.run(bench.job("quick", &site.url("/files/clip.mp4"))).await;

    assert_eq!(quick.code(), None);
    assert!(!slow.group.members().is_empty(), "the other job went along");
    assert!(descendants(parent_of(slow.group.pid)).len() == 1, "a fork was left behind");
    slow.cancel().await;
}

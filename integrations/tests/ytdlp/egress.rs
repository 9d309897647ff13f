//! Whatever yt-dlp and ffmpeg fetch goes through the egress proxy, and what that refuses is told.

use std::process::Command;
use std::time::Duration;

use domain::address::HostPolicy;
use integrations::egress::{Proxy, SystemResolver};
use integrations::ytdlp::JobEvent;
use sandbox::VideoSite;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::both_ways;
use crate::real::{name_of, program, site};
use crate::support::{Bench, Story, Way, eventually};

both_ways! {
    everything_is_fetched_through_the_proxy
    private_addresses_are_refused_in_words
    without_the_proxy_nothing_is_fetched
    ffmpeg_goes_through_the_proxy_too
}

struct Gate {
    proxy: Proxy,
    _serving: JoinSet<()>,
}

/// A proxy that lets jobs reach `site` and, apart from the internet, nothing else.
async fn gate(site: &VideoSite) -> Gate {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let policy = HostPolicy::parse(&site.addr().to_string(), "").unwrap();
    let proxy = Proxy::new(policy, SystemResolver, listener.local_addr().unwrap());
    let (serving, mut tasks) = (proxy.clone(), JoinSet::new());
    tasks.spawn(async move { serving.serve(listener).await.unwrap() });
    Gate { proxy, _serving: tasks }
}

async fn bench(way: Way) -> (Bench, VideoSite, Gate) {
    let site = site().await;
    let gate = gate(&site).await;
    (Bench::new(&program(), way).await, site, gate)
}

async fn everything_is_fetched_through_the_proxy(way: Way) {
    let (bench, site, gate) = bench(way).await;

    for (name, path) in
        [("watch", "/watch/small"), ("hls", "/hls/master.m3u8"), ("dash", "/dash/manifest.mpd")]
    {
        let mut spec = bench.job(name, &site.url(path));
        spec.proxy = Some(gate.proxy.admit(name));
        let before = gate.proxy.counts().received;
        let story = bench.run(spec).await;

        let bytes = story.done().iter().map(|item| item.bytes).sum::<u64>();
        assert_eq!(story.code(), None, "{name}: {story:?}");
        assert!(
            gate.proxy.counts().received - before > bytes * 9 / 10,
            "{name} did not come through the proxy"
        );
    }
}

async fn private_addresses_are_refused_in_words(way: Way) {
    let (bench, site, gate) = bench(way).await;

    for (name, path) in
        [("redirect", "/redirect/private.mp4"), ("feed", "/trap/feed.xml"), ("hls", "/trap/hls.m3u8")]
    {
        let mut spec = bench.job(name, &site.url(path));
        spec.proxy = Some(gate.proxy.admit(name));

        let story = bench.run(spec).await;

        assert_eq!(story.code(), Some("address_not_public"), "{name}: {story:?}");
    }
    assert_eq!(site.neighbour_hits(), 0);
    assert!(gate.proxy.counts().denied >= 3);
}

async fn without_the_proxy_nothing_is_fetched(way: Way) {
    let (bench, site, gate) = bench(way).await;
    let mut dismissed = bench.job("dismissed", &site.url("/files/small.mp4"));
    dismissed.proxy = Some(gate.proxy.admit("dismissed"));
    gate.proxy.dismiss("dismissed");
    let mut down = bench.job("down", &site.url("/files/small.mp4"));
    down.proxy = Some(gate.proxy.admit("down"));

    let story = bench.run(dismissed).await;
    assert_eq!(story.code(), Some("egress_down"), "{story:?}");
    drop(gate);
    let story = bench.run(down).await;
    assert_eq!(story.code(), Some("egress_down"), "{story:?}");

    assert_eq!(site.hits("/files/small.mp4"), 0);
}

async fn ffmpeg_goes_through_the_proxy_too(way: Way) {
    let (bench, site, gate) = bench(way).await;
    let mut spec = bench.job("live", &site.url("/live/index.m3u8"));
    spec.limits.live = true;
    spec.proxy = Some(gate.proxy.admit("live"));
    let running = bench.launcher.start(spec).await.unwrap();
    let group = running.group;
    let ffmpeg = || group.members().into_iter().find(|pid| name_of(*pid) == "ffmpeg");
    eventually("ffmpeg records", Duration::from_secs(30), || ffmpeg().is_some()).await;
    let before = gate.proxy.counts().received;

    eventually("pieces come through the proxy", Duration::from_secs(15), || {
        gate.proxy.counts().received > before + 50_000
    })
    .await;

    Command::new("kill").args(["-INT", &ffmpeg().unwrap().to_string()]).status().unwrap();
    let story = Story::of(running).await;
    assert!(story.events.iter().any(|event| matches!(event, JobEvent::ItemStarted { .. })), "{story:?}");
}

//! A portal that is killed: nobody of its downloads may be alive five seconds later, without
//! anybody's help (fault row 7).

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use integrations::process::started_ticks;

use crate::both_ways;
use crate::real::{name_of, program, site};
use crate::support::{Bench, Way, eventually};

both_ways! {
    a_killed_portal_leaves_no_download_behind
}

/// Set for the portal that the test starts: how to start jobs, and the address of a broadcast.
const WAY: &str = "PORTAL_OF_A_TEST_WAY";
const BROADCAST: &str = "PORTAL_OF_A_TEST_BROADCAST";

async fn a_killed_portal_leaves_no_download_behind(way: Way) {
    let site = site().await;
    let folder = tempfile::tempdir().unwrap();
    let mut portal = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", "portal::a_portal_that_waits_to_be_killed"])
        .env("TMPDIR", folder.path())
        .env(WAY, format!("{way:?}"))
        .env(BROADCAST, site.url("/live/index.m3u8"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(portal.stdout.take().unwrap());
    let reading = tokio::task::spawn_blocking(move || {
        stdout.lines().map_while(Result::ok).find_map(|line| Some(line.split_once("members: ")?.1.to_owned()))
    });
    let members = reading.await.unwrap().expect("the portal did not say whom it started");
    let members: Vec<u32> = members.split(' ').map(|pid| pid.parse().unwrap()).collect();
    assert!(members.len() >= 2 && members.iter().any(|pid| name_of(*pid) == "ffmpeg"), "{members:?}");

    portal.kill().unwrap();
    portal.wait().unwrap();

    eventually("nobody is left", Duration::from_secs(5), || {
        members.iter().all(|pid| started_ticks(*pid).is_none())
    })
    .await;
}

#[tokio::test]
#[ignore = "is the portal of the tests above, which start it themselves"]
async fn a_portal_that_waits_to_be_killed() {
    let (Ok(way), Ok(broadcast)) = (std::env::var(WAY), std::env::var(BROADCAST)) else { return };
    let bench = Bench::new(&program(), if way == "Warm" { Way::Warm } else { Way::Cold }).await;
    let mut spec = bench.job("a", &broadcast);
    spec.limits.live = true;
    let running = bench.launcher.start(spec).await.unwrap();

    let is_recording = || running.group.members().iter().any(|pid| name_of(*pid) == "ffmpeg");
    eventually("ffmpeg records", Duration::from_secs(30), is_recording).await;
    let members: Vec<String> = running.group.members().iter().map(u32::to_string).collect();
    println!("members: {}", members.join(" "));
    std::future::pending::<()>().await;
}

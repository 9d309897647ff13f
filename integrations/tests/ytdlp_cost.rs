//! What twenty small downloads cost: the reason for the warm helper.
//!
//! A test program of its own, because it counts the CPU of all processes that it waited for.

#[path = "ytdlp/support.rs"]
#[expect(dead_code, reason = "the contract uses more of it")]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sandbox::VideoSite;
use support::{Bench, Way};
use tokio::time::Instant;

const JOBS: usize = 20;

/// CPU seconds of the processes below us that are over and were waited for, by us or by those
/// that we waited for.
fn cpu_of_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    // cutime and cstime of proc_pid_stat(5), in hundredths of a second.
    fields[13..15].iter().map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

/// Also those that are over and were not waited for yet, whose time is not counted so far.
fn has_children() -> bool {
    let own = std::process::id().to_string();
    let is_child = |entry: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        Some(stat.rsplit_once(") ")?.1.split(' ').nth(1)? == own)
    };
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| is_child(entry).unwrap_or(false))
}

#[tokio::test]
async fn twenty_small_files_cost_a_third_of_twenty_programs() {
    let program =
        std::env::var_os("MEDIANEST_YTDLP").map(PathBuf::from).expect("MEDIANEST_YTDLP must name a yt-dlp");
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("films");
    std::fs::create_dir_all(&cache).unwrap();
    let site = VideoSite::start(&cache, ([127, 0, 0, 1], 0).into()).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let (before, began) = (cpu_of_children(), Instant::now());
    for number in 0..JOBS {
        let (program, folder, url) =
            (program.clone(), folder.path().to_owned(), site.url(&format!("/files/clip-plain-{number}.mp4")));
        let run = move || {
            Command::new(program).args(["--quiet", "--no-update", "-P"]).arg(folder).arg(url).status()
        };
        assert!(tokio::task::spawn_blocking(run).await.unwrap().unwrap().success());
    }
    let (programs, programs_took) = (cpu_of_children() - before, began.elapsed());

    let (before, began) = (cpu_of_children(), Instant::now());
    let bench = Bench::new(&program, Way::Warm).await;
    for number in 0..JOBS {
        let url = site.url(&format!("/files/clip-warm-{number}.mp4"));
        let story = bench.run(bench.job(&format!("job-{number}"), &url)).await;
        assert_eq!((story.code(), story.exit.done), (None, 1));
    }
    let warm_took = began.elapsed();
    drop(bench);
    let end = Instant::now() + Duration::from_secs(15);
    while has_children() {
        assert!(Instant::now() < end, "the helper is still there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let warm = cpu_of_children() - before;

    println!("programs: {programs:.2} CPU s in {programs_took:?}; warm: {warm:.2} CPU s in {warm_took:?}");
    assert!(warm <= programs / 3.0, "{warm:.2} of {programs:.2} CPU seconds");
    assert!(warm_took <= programs_took, "{warm_took:?} of {programs_took:?}");
}

//! A program that pretends to be yt-dlp: it tells how it was started, or misbehaves.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use domain::Secret;
use integrations::job_runner::GRACE;
use integrations::ytdlp::{JobEvent, Ytdlp};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::both_ways;
use crate::real::program;
use crate::support::{Bench, Story, Way, eventually, until};

both_ways! {
    arguments_are_ours_and_nothing_is_inherited
    a_file_is_looked_at_before_it_counts
    noise_does_not_drown_the_news
    who_ignores_the_interrupt_dies_with_its_children
    a_crash_of_python_is_told
}

/// A virtual environment with the pretender, in the likeness of an installed yt-dlp.
struct Pretender {
    _folder: TempDir,
    program: PathBuf,
}

impl Pretender {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let python = Ytdlp::locate(Some(&program())).await.unwrap().python.unwrap();
        let made = Command::new(python).args(["-m", "venv", "--without-pip"]).arg(folder.path()).status();
        assert!(made.unwrap().success());
        let packages = std::fs::read_dir(folder.path().join("lib")).unwrap().flatten().next().unwrap();
        let package = packages.path().join("site-packages/yt_dlp");
        std::fs::create_dir(&package).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fake_yt_dlp");
        for name in ["__init__.py", "version.py"] {
            std::fs::copy(source.join(name), package.join(name)).unwrap();
        }
        let python = folder.path().join("bin/python3");
        let script =
            format!("#!{}\nimport sys\nfrom yt_dlp import main\nsys.exit(main())\n", python.display());
        let program = folder.path().join("bin/yt-dlp");
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { _folder: folder, program }
    }
}

async fn bench(way: Way) -> (Bench, Pretender) {
    let pretender = Pretender::new().await;
    (Bench::new(&pretender.program, way).await, pretender)
}

fn url(what: &str) -> String {
    format!("http://video.example/{what}")
}

async fn arguments_are_ours_and_nothing_is_inherited(way: Way) {
    let (bench, _pretender) = bench(way).await;
    let mut spec = bench.job("a", &url("ok"));
    spec.proxy = Some(Secret::new("http://job:hunter2@127.0.0.1:9"));
    spec.limits.open_files = 321;
    spec.limits.file_bytes = Some(1 << 30);
    let incoming = spec.incoming.clone();

    let story = bench.run(spec).await;

    assert_eq!((story.code(), story.exit.done), (None, 1), "{story:?}");
    let told: Value = serde_json::from_slice(&std::fs::read(incoming.join("told.json")).unwrap()).unwrap();
    let arguments: Vec<&str> =
        told["arguments"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(arguments.starts_with(&["--ignore-config", "--no-update", "--no-plugin-dirs"]), "{arguments:?}");
    assert!(arguments.ends_with(&["--no-exec", "--", "http://video.example/ok"]), "{arguments:?}");
    assert!(!arguments.join(" ").contains("hunter2"));
    let environment = told["environment"].as_object().unwrap();
    let names: Vec<&str> =
        environment.keys().map(String::as_str).filter(|name| *name != "LC_CTYPE").collect();
    assert_eq!(names, ["HOME", "LANG", "LC_ALL", "PATH", "http_proxy", "https_proxy"]);
    assert_eq!(environment["HOME"], incoming.to_str().unwrap());
    assert_eq!(environment["https_proxy"], "http://job:hunter2@127.0.0.1:9");
    let born_with: Vec<&str> =
        told["born_with"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(born_with.iter().all(|name| names.contains(name)), "{born_with:?}");
    assert_eq!(told["folder"], incoming.to_str().unwrap());
    assert_eq!((told["umask"].as_u64(), told["core"].as_u64()), (Some(0o077), Some(0)));
    assert_eq!((told["open_files"].as_u64(), told["file_bytes"].as_u64()), (Some(321), Some(1 << 30)));
    assert_eq!(told["stdin"], "");
    let open: Vec<u64> = told["descriptors"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    let strangers: Vec<&u64> = open.iter().filter(|fd| **fd > 2 && !is_from_our_parent(**fd)).collect();
    assert!(strangers.is_empty(), "something of ours is open in there: {strangers:?}");
}

/// Whether a descriptor was handed to this test by whoever started it: all that we open ourselves
/// is closed on exec.
fn is_from_our_parent(fd: u64) -> bool {
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    flags
        .and_then(|flags| u64::from_str_radix(flags.trim(), 8).ok())
        .is_some_and(|flags| flags & 0o2_000_000 == 0)
}

async fn a_file_is_looked_at_before_it_counts(way: Way) {
    let (bench, _pretender) = bench(way).await;

    for (what, code, done) in [
        ("ok-but-1", None, 1),
        ("missing", Some("verify_failed"), 0),
        ("empty", Some("verify_failed"), 0),
        ("escape", Some("verify_failed"), 0),
        ("link", Some("verify_failed"), 0),
        ("desktop", Some("not_media"), 0),
        ("nothing", Some("nothing_downloaded"), 0),
    ] {
        let story = bench.run(bench.job(what, &url(what))).await;

        assert_eq!((story.code(), story.exit.done), (code, done), "{what}: {story:?}");
    }
}

async fn noise_does_not_drown_the_news(way: Way) {
    let (bench, _pretender) = bench(way).await;

    let story = bench.run(bench.job("a", &url("noise"))).await;

    assert_eq!((story.code(), story.exit.done), (None, 1), "{story:?}");
}

async fn who_ignores_the_interrupt_dies_with_its_children(way: Way) {
    let (bench, _pretender) = bench(way).await;
    let mut running = bench.launcher.start(bench.job("a", &url("stubborn"))).await.unwrap();
    until(&mut running, |event| matches!(event, JobEvent::ItemStarted { .. })).await;
    let group = running.group;
    let with_child = if way == Way::Cold { 3 } else { 2 };
    eventually("its child is up", Duration::from_secs(10), || group.members().len() >= with_child).await;
    let began = Instant::now();

    running.ask_to_stop().await;
    let story = Story::of(running).await;

    assert!(story.exit.stopped, "{story:?}");
    assert!(
        began.elapsed() >= GRACE && began.elapsed() < GRACE + Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

async fn a_crash_of_python_is_told(way: Way) {
    let (bench, _pretender) = bench(way).await;

    for (what, code) in [("traceback", "internal"), ("words", "not_found")] {
        let story = bench.run(bench.job(what, &url(what))).await;

        assert_eq!((story.code(), story.exit.code), (Some(code), Some(1)), "{what}: {story:?}");
    }
}

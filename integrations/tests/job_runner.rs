//! The promise of the runner: nobody below it outlives the one who holds its pipe.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use integrations::process::{ProcessGroup, descendants, kill_group_and_wait, started_ticks};
use tokio::time::Instant;

/// A runner of `sh -c script`, with our end of its pipe.
fn runner(options: &[&str], script: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_job-runner"))
        .arg("job-runner")
        .args(options)
        .args(["--", "sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

async fn eventually(what: &str, deadline: Duration, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + deadline;
    while !is_so() {
        assert!(Instant::now() < until, "{what}: not within {deadline:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

fn output(mut child: Child) -> (String, String, Option<i32>) {
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    (out, err, child.wait().unwrap().code())
}

#[test]
fn output_and_exit_code_are_those_of_the_program() {
    let (out, err, code) = output(runner(&[], "echo out; echo err >&2; exit 7"));

    assert_eq!((out.as_str(), err.as_str(), code), ("out\n", "err\n", Some(7)));
}

#[test]
fn death_by_a_signal_is_128_and_the_signal() {
    assert_eq!(output(runner(&[], "kill -9 $$")).2, Some(128 + 9));
}

#[test]
fn a_program_that_does_not_exist_is_an_error_in_words() {
    let child = Command::new(env!("CARGO_BIN_EXE_job-runner"))
        .args(["job-runner", "--", "/does/not/exist"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();

    let (_, err, code) = output(child);

    assert!(err.starts_with("ERROR: job-runner: could not start /does/not/exist"), "{err}");
    assert_eq!(code, Some(125));
}

#[test]
fn limits_mask_and_session_are_those_of_a_job() {
    let script = "ulimit -n; ulimit -c; umask; ps -o sid= -p $$; echo $PPID";
    let (out, ..) = output(runner(&["--open-files=77"], script));

    let lines: Vec<&str> = out.lines().map(str::trim).collect();
    assert_eq!(lines[..3], ["77", "0", "0077"]);
    assert_eq!(lines[3], lines[4], "the runner leads the session");
}

#[tokio::test]
async fn who_is_left_behind_is_killed_when_the_program_ends() {
    let mut child = runner(&[], "setsid sleep 71 & echo $!; exit 3");
    let orphan: u32 = first_line(&mut child).parse().unwrap();

    let (_, _, code) = output(child);

    assert_eq!(code, Some(3));
    assert_eq!(started_ticks(orphan), None, "the orphan lives");
}

#[tokio::test]
async fn closing_the_pipe_interrupts_politely() {
    // It starts nothing and waits for nothing: a dash can lose a signal while it does either.
    let mut child = runner(&[], "trap 'echo bye; exit 4' INT; echo up; while :; do :; done");
    assert_eq!(first_line(&mut child), "up");

    drop(child.stdin.take());

    let (out, _, code) = output(child);
    assert_eq!((out.as_str(), code), ("bye\n", Some(4)));
}

#[tokio::test]
async fn who_ignores_the_interrupt_is_killed_after_three_seconds() {
    let script = "trap '' INT; setsid sh -c 'trap \"\" INT; while :; do sleep 1; done' & echo up; while :; do sleep 1; done";
    let mut child = runner(&[], script);
    assert_eq!(first_line(&mut child), "up");
    let runner = child.id();
    eventually("the grandchild is up", Duration::from_secs(5), || descendants(runner).len() >= 3).await;
    let family: Vec<u32> = descendants(runner).iter().map(|process| process.pid).collect();
    let began = Instant::now();

    drop(child.stdin.take());

    let (_, _, code) = output(child);
    assert!(began.elapsed() >= Duration::from_secs(3) && began.elapsed() < Duration::from_secs(5));
    assert_eq!(code, Some(128 + 9));
    assert!(family.iter().all(|pid| started_ticks(*pid).is_none()), "somebody lives");
}

#[tokio::test]
async fn one_letter_kills_at_once() {
    let mut child = runner(&[], "trap '' INT; echo up; while :; do sleep 1; done");
    assert_eq!(first_line(&mut child), "up");
    let began = Instant::now();

    child.stdin.as_mut().unwrap().write_all(&[integrations::job_runner::KILL]).unwrap();

    assert_eq!(output(child).2, Some(128 + 9));
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_killed_portal_takes_everybody_with_it() {
    // A shell stands for the portal: it holds the pipe through which the runner would hear it.
    let exe = env!("CARGO_BIN_EXE_job-runner");
    let script = format!(
        "sleep 600 | {exe} job-runner -- sh -c 'trap \"\" INT; setsid sleep 601 & setsid sleep 602 & wait' & echo $!; wait"
    );
    let mut portal =
        Command::new("setsid").args(["sh", "-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
    let runner: u32 = first_line(&mut portal).parse().unwrap();
    eventually("the job is up", Duration::from_secs(5), || descendants(runner).len() >= 3).await;
    let family: Vec<u32> = descendants(runner).iter().map(|process| process.pid).chain([runner]).collect();

    let held: Vec<u32> = descendants(portal.id())
        .iter()
        .map(|process| process.pid)
        .filter(|pid| !family.contains(pid))
        .collect();
    for pid in held.into_iter().chain([portal.id()]) {
        let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
    }
    portal.wait().unwrap();

    eventually("all of the job are gone", Duration::from_secs(5), || {
        family.iter().all(|pid| started_ticks(*pid).is_none())
    })
    .await;
}

#[tokio::test]
async fn a_runner_that_was_killed_leaves_a_session_that_the_reaper_finds() {
    let mut child = runner(&[], "echo up; sleep 81 & sleep 82");
    assert_eq!(first_line(&mut child), "up");
    let group = ProcessGroup::of(child.id()).unwrap();
    eventually("both are up", Duration::from_secs(5), || group.members().len() >= 4).await;
    Command::new("kill").args(["-9", &child.id().to_string()]).status().unwrap();
    child.wait().unwrap();

    let killed = kill_group_and_wait(group, Duration::from_secs(5)).await.unwrap();

    assert!(killed >= 2, "only {killed} were found");
    assert!(group.members().is_empty());
}

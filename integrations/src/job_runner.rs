//! `medianest job-runner`: starts one program so that nothing of it can outlive the portal
//! (RULINGS 23).
//!
//!     portal == pipe (our stdin) ==> [job-runner] --> yt-dlp --> ffmpeg
//!                                     own session,     its own process group
//!                                     subreaper
//!
//! Only the portal holds the other end of the pipe. When it ends, because the portal closed it
//! or because the portal was killed, everybody below gets SIGINT, three seconds to leave the
//! partial files in order, and then SIGKILL. Orphans become our children, so none is missed, and
//! we are the last to go. The same happens without the three seconds when the program ends and
//! leaves somebody behind.
//!
//! It is a process of its own without threads of a runtime, and must be entered before one is
//! built. stdout and stderr are passed on untouched.

mod arguments;
mod limits;

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::time::Duration;

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process_group, set_child_subreaper, setsid, umask,
    wait,
};

use crate::process::descendants;
use arguments::Arguments;
pub use limits::ResourceLimits;

/// What the portal writes to the pipe to have everybody killed at once.
pub const KILL: u8 = b'K';

/// How long the program may take to end after SIGINT.
pub const GRACE: Duration = Duration::from_secs(3);

/// The runner itself failed, as opposed to the program it ran.
const COULD_NOT_RUN: i32 = 125;

/// Runs `job-runner [--forward-stdin] [--LIMIT=N …] -- PROGRAM ARGUMENTS…`, given what follows
/// `job-runner`. Returns the exit code: that of the program, or 128 + the signal that ended it,
/// or 125 when it could not be run. With `--forward-stdin` what comes through the pipe goes to
/// the program.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> i32 {
    match Arguments::parse(arguments).map_err(|error| error.to_string()).and_then(|arguments| run(&arguments))
    {
        Ok(code) => code,
        Err(error) => {
            // The portal reads it like an error of yt-dlp.
            let _ = writeln!(std::io::stderr(), "ERROR: job-runner: {error}");
            COULD_NOT_RUN
        }
    }
}

fn run(arguments: &Arguments) -> Result<i32, String> {
    // Fails only where we lead a session already.
    let _ = setsid();
    set_child_subreaper(Some(getpid())).map_err(|error| format!("could not adopt orphans: {error}"))?;
    umask(Mode::RWXG | Mode::RWXO);
    arguments.limits.apply().map_err(|error| format!("could not set limits: {error}"))?;

    let stdin = if arguments.forward_stdin { Stdio::piped() } else { Stdio::null() };
    let mut child = Command::new(&arguments.program)
        .args(&arguments.arguments)
        .stdin(stdin)
        // SIGINT is for the program and those it starts, not for us.
        .process_group(0)
        .spawn()
        .map_err(|error| format!("could not start {}: {error}", arguments.program.to_string_lossy()))?;
    let program = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or("the program has no pid")?;

    let input = child.stdin.take();
    std::thread::spawn(move || watch_the_portal(input));
    let status = wait_for(program);
    kill_all_descendants();
    Ok(code_of(status))
}

/// Ends everybody when the portal does.
fn watch_the_portal(mut input: Option<ChildStdin>) {
    let mut portal = std::io::stdin().lock();
    let mut buffer = [0; 16 * 1024];
    loop {
        match portal.read(&mut buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => break,
            Ok(read) => match &mut input {
                // If the program does not listen any more, it is about to end.
                Some(input) => drop(input.write_all(&buffer[..read])),
                None if buffer[..read].contains(&KILL) => kill_all_descendants(),
                None => {}
            },
        }
    }
    drop(input);
    interrupt_all_descendants();
    pause(GRACE);
    loop {
        // Until the main thread has nobody left to wait for and ends us.
        kill_all_descendants();
        pause(Duration::from_millis(20));
    }
}

/// Waits until the program ends, burying orphans on the way.
fn wait_for(program: Pid) -> Option<WaitStatus> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == program => return Some(status),
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}

/// SIGKILL to everybody below us, until there is nobody.
fn kill_all_descendants() {
    loop {
        let left = descendants(std::process::id());
        for process in &left {
            let _ = crate::process::signal(process.pid, Signal::KILL);
        }
        while let Ok(Some(_)) | Err(Errno::INTR) = wait(WaitOptions::NOHANG) {}
        if left.is_empty() {
            return;
        }
        pause(Duration::from_millis(5));
    }
}

/// SIGINT to each process group below us.
fn interrupt_all_descendants() {
    let mut groups: Vec<u32> =
        descendants(std::process::id()).into_iter().map(|process| process.group).collect();
    groups.sort_unstable();
    groups.dedup();
    let ours = std::process::id();
    let others = groups.into_iter().filter(|group| *group != ours);
    for group in others.filter_map(|group| i32::try_from(group).ok().and_then(Pid::from_raw)) {
        let _ = kill_process_group(group, Signal::INT);
    }
}

#[expect(clippy::disallowed_methods, reason = "there is no runtime in this process")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// As a shell says it; a program that vanished counts as killed.
fn code_of(status: Option<WaitStatus>) -> i32 {
    let Some(status) = status else { return 128 + 9 };
    status.exit_status().or_else(|| Some(128 + status.terminating_signal()?)).unwrap_or(COULD_NOT_RUN)
}

//! One process of yt-dlp per job, under a job-runner of its own.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::process::{Order, Output, PIECES, Process};
use crate::job_runner::KILL;
use crate::process::ProcessGroup;

/// Our end of the runner's pipe, and the task that reads its output.
pub(super) struct Reins {
    portal: Option<ChildStdin>,
    _reader: JoinSet<()>,
}

impl Reins {
    pub fn interrupt(&mut self) {
        self.portal = None;
    }

    pub async fn kill(&mut self) {
        if let Some(mut portal) = self.portal.take() {
            let _ = portal.write_all(&[KILL]).await;
        }
    }
}

/// The time for the last words when the runner is gone and somebody still holds its pipes.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Starts `exe job-runner … -- program …`.
pub(super) fn start(exe: &Path, program: &Path, order: &Order) -> io::Result<Process> {
    let mut child = runner(exe, order).arg("--").arg(program).args(&order.arguments).spawn()?;
    let (portal, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
        return Err(io::Error::other("the runner has no pipes"));
    };
    let group = group_of(&child);
    let (pieces, output) = mpsc::channel(PIECES);
    let mut reader = JoinSet::new();
    reader.spawn(read(child, stdout, stderr, group, pieces));
    let reins = super::process::Reins::Cold(Reins { portal, _reader: reader });
    Ok(Process { group, output, reins })
}

/// A command of the runner up to its own options.
pub(super) fn runner(exe: &Path, order: &Order) -> Command {
    let mut command = Command::new(exe);
    command
        .arg("job-runner")
        .args(order.limits.to_arguments())
        .env_clear()
        .envs(order.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&order.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The session that the runner leads, or is about to.
pub(super) fn group_of(child: &Child) -> ProcessGroup {
    let pid = child.id().unwrap_or(0);
    ProcessGroup::of(pid).unwrap_or(ProcessGroup { pid, started: u64::MAX })
}

async fn read(
    mut child: Child,
    mut stdout: ChildStdout,
    mut stderr: ChildStderr,
    group: ProcessGroup,
    pieces: mpsc::Sender<Output>,
) {
    let reading = pass_on(&mut stdout, &mut stderr, &pieces);
    tokio::pin!(reading);
    let status = tokio::select! {
        status = child.wait() => {
            // The runner is the last to go. If it was killed, the others are not.
            group.kill();
            let _ = timeout(LAST_WORDS, reading).await;
            status
        }
        () = &mut reading => child.wait().await,
    };
    let _ = pieces.send(ended(status.ok())).await;
}

async fn pass_on(stdout: &mut ChildStdout, stderr: &mut ChildStderr, pieces: &mpsc::Sender<Output>) {
    let (mut out, mut err) = (BytesMut::new(), BytesMut::new());
    let (mut out_is_open, mut err_is_open) = (true, true);
    while out_is_open || err_is_open {
        out.reserve(16 * 1024);
        err.reserve(16 * 1024);
        let piece = tokio::select! {
            read = stdout.read_buf(&mut out), if out_is_open => {
                out_is_open = read.is_ok_and(|bytes| bytes > 0);
                Output::Stdout(out.split().freeze())
            }
            read = stderr.read_buf(&mut err), if err_is_open => {
                err_is_open = read.is_ok_and(|bytes| bytes > 0);
                Output::Stderr(err.split().freeze())
            }
        };
        if pieces.send(piece).await.is_err() {
            return;
        }
    }
}

/// The runner says death by a signal as a shell does: 128 + the signal.
fn ended(status: Option<ExitStatus>) -> Output {
    let code = status.and_then(|status| status.code());
    let own_signal = status.and_then(|status| std::os::unix::process::ExitStatusExt::signal(&status));
    match code {
        Some(code @ 129..=192) => Output::Ended { code: None, signal: Some(code - 128) },
        code => Output::Ended { code, signal: own_signal },
    }
}

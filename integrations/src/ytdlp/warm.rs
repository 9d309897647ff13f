//! Jobs as forks of one Python process that has imported yt-dlp already (RULINGS 24).
//!
//!     [Helper] == JSON lines ==> job-runner --> warm.py --fork--> job, job, …
//!         ^                                        |
//!         +------------- frames -------------------+
//!
//! Started at the first job and gone after a minute without one, so it takes no memory while
//! nothing happens. It runs under one job-runner: when the portal dies, all forks die.

mod frame;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::process::{Order, Output, PIECES, Process};
use super::{cold, environment};
use crate::job_runner::ResourceLimits;
use crate::process::{ProcessGroup, kill_group_and_wait};
use frame::{Frame, Kind};

const SCRIPT: &str = include_str!("warm.py");

/// How long the import may take.
const IMPORT: Duration = Duration::from_secs(30);

/// The handle of a helper; it ends with the last one that holds it.
pub(super) struct Helper {
    commands: mpsc::Sender<Command>,
    _task: JoinSet<()>,
}

/// The helper is gone or cannot do it; a new one, or a process of its own, can.
#[derive(Debug)]
pub(super) struct Gone;

enum Command {
    Start { order: serde_json::Value, reply: oneshot::Sender<Process> },
    Interrupt(u32),
    Kill(u32),
}

/// The way to stop one fork.
pub(super) struct Reins {
    job: u32,
    commands: mpsc::Sender<Command>,
}

impl Reins {
    pub async fn interrupt(&mut self) {
        let _ = self.commands.send(Command::Interrupt(self.job)).await;
    }

    pub async fn kill(&mut self) {
        let _ = self.commands.send(Command::Kill(self.job)).await;
    }
}

impl Drop for Reins {
    /// For a job that is over this does nothing.
    fn drop(&mut self) {
        let _ = self.commands.try_send(Command::Interrupt(self.job));
    }
}

impl Helper {
    /// Starts a helper and waits until it has imported yt-dlp. It ends after `idle` without jobs.
    pub async fn start(exe: &Path, python: &Path, home: &Path, idle: Duration) -> io::Result<Self> {
        let order = Order {
            arguments: Vec::new(),
            environment: environment::basic(home),
            folder: home.to_owned(),
            limits: ResourceLimits::default(),
        };
        let mut command = cold::runner(exe, &order);
        command.args(["--forward-stdin", "--"]).arg(python).args(["-I", "-X", "utf8", "-c", SCRIPT]);
        let mut child = command.stderr(std::process::Stdio::null()).spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the runner has no pipes"));
        };
        let mut switchboard = Switchboard {
            group: cold::group_of(&child),
            child,
            stdin,
            stdout,
            read: BytesMut::new(),
            jobs: HashMap::new(),
            starting: HashMap::new(),
            last: 0,
        };
        match timeout(IMPORT, switchboard.next_frame()).await {
            Ok(Ok(Frame { kind: Kind::Ready, .. })) => {}
            Ok(Ok(_) | Err(_)) => return Err(io::Error::other("yt-dlp could not be imported")),
            Err(_) => return Err(io::ErrorKind::TimedOut.into()),
        }
        let (commands, received) = mpsc::channel(64);
        let mut task = JoinSet::new();
        task.spawn(switchboard.run(commands.downgrade(), received, idle));
        Ok(Self { commands, _task: task })
    }

    /// Forks a job.
    pub async fn fork(&self, order: &Order) -> Result<Process, Gone> {
        let order = encode(order).ok_or(Gone)?;
        let (reply, process) = oneshot::channel();
        self.commands.send(Command::Start { order, reply }).await.map_err(|_| Gone)?;
        process.await.map_err(|_| Gone)
    }
}

/// Nothing for a path that is not UTF-8, which JSON cannot say.
fn encode(order: &Order) -> Option<serde_json::Value> {
    let arguments: Option<Vec<&str>> = order.arguments.iter().map(|argument| argument.to_str()).collect();
    let environment: Option<HashMap<&str, &str>> =
        order.environment.iter().map(|(name, value)| Some((name.to_str()?, value.to_str()?))).collect();
    Some(json!({
        "op": "start",
        "arguments": arguments?,
        "environment": environment?,
        "folder": order.folder.to_str()?,
        "limits": order.limits,
    }))
}

/// Connects the jobs with the one process.
struct Switchboard {
    group: ProcessGroup,
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    read: BytesMut,
    jobs: HashMap<u32, mpsc::Sender<Output>>,
    starting: HashMap<u32, oneshot::Sender<Process>>,
    last: u32,
}

impl Switchboard {
    async fn run(
        mut self,
        own: mpsc::WeakSender<Command>,
        mut commands: mpsc::Receiver<Command>,
        idle: Duration,
    ) {
        let mut idle_since = Instant::now();
        loop {
            let is_idle = self.jobs.is_empty() && self.starting.is_empty();
            if !is_idle {
                idle_since = Instant::now();
            }
            let went_on = tokio::select! {
                frame = self.next_frame() => match frame {
                    Ok(frame) => self.take(frame, &own).await,
                    Err(_) => Err(Gone),
                },
                command = commands.recv() => match command {
                    Some(command) => self.obey(command).await,
                    None => Err(Gone),
                },
                () = sleep_until(idle_since + idle), if is_idle => Err(Gone),
            };
            if went_on.is_err() {
                break;
            }
        }
        self.end(commands).await;
    }

    /// Cancel-safe: what was read of a frame is kept.
    async fn next_frame(&mut self) -> io::Result<Frame> {
        loop {
            if let Some(frame) = Frame::take(&mut self.read)? {
                return Ok(frame);
            }
            if self.stdout.read_buf(&mut self.read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn take(&mut self, frame: Frame, own: &mpsc::WeakSender<Command>) -> Result<(), Gone> {
        let Frame { job, kind, data } = frame;
        let number = || std::str::from_utf8(&data).ok().and_then(|text| text.parse::<i64>().ok());
        let output = match kind {
            Kind::Ready => return Ok(()),
            Kind::Started => {
                let pid = number().and_then(|pid| u32::try_from(pid).ok()).ok_or(Gone)?;
                return self.started(job, pid, own).await;
            }
            Kind::Stdout => Output::Stdout(data),
            Kind::Stderr => Output::Stderr(data),
            Kind::Ended => {
                let code = number().and_then(|code| i32::try_from(code).ok()).ok_or(Gone)?;
                let (code, signal) = if code < 0 { (None, Some(-code)) } else { (Some(code), None) };
                if let Some(listener) = self.jobs.remove(&job) {
                    let _ = listener.send(Output::Ended { code, signal }).await;
                }
                return Ok(());
            }
        };
        let Some(listener) = self.jobs.get(&job) else { return Ok(()) };
        if listener.send(output).await.is_err() {
            // Nobody listens any more; the fork is on its way out, or is sent there now.
            self.write(&json!({ "op": "interrupt", "job": job })).await?;
        }
        Ok(())
    }

    async fn started(&mut self, job: u32, pid: u32, own: &mpsc::WeakSender<Command>) -> Result<(), Gone> {
        let (Some(reply), Some(commands)) = (self.starting.remove(&job), own.upgrade()) else {
            return self.write(&json!({ "op": "kill", "job": job })).await;
        };
        let group = ProcessGroup::of(pid).unwrap_or(ProcessGroup { pid, started: u64::MAX });
        let (listener, output) = mpsc::channel(PIECES);
        self.jobs.insert(job, listener);
        let reins = super::process::Reins::Warm(Reins { job, commands });
        // If nobody waits any more, dropping the process interrupts it.
        let _ = reply.send(Process { group, output, reins });
        Ok(())
    }

    async fn obey(&mut self, command: Command) -> Result<(), Gone> {
        match command {
            Command::Start { mut order, reply } => {
                self.last += 1;
                order["job"] = self.last.into();
                self.starting.insert(self.last, reply);
                self.write(&order).await
            }
            Command::Interrupt(job) if self.jobs.contains_key(&job) => {
                self.write(&json!({ "op": "interrupt", "job": job })).await
            }
            Command::Kill(job) if self.jobs.contains_key(&job) => {
                self.write(&json!({ "op": "kill", "job": job })).await
            }
            Command::Interrupt(_) | Command::Kill(_) => Ok(()),
        }
    }

    async fn write(&mut self, order: &serde_json::Value) -> Result<(), Gone> {
        let line = format!("{order}\n");
        self.stdin.write_all(line.as_bytes()).await.map_err(|_| Gone)
    }

    /// Nobody is left when this returns, and every job was told that it ended.
    async fn end(self, mut commands: mpsc::Receiver<Command>) {
        commands.close();
        let Self { group, mut child, stdin, stdout, jobs, starting, .. } = self;
        drop((stdin, stdout, starting));
        if timeout(Duration::from_secs(5), child.wait()).await.is_err() {
            let _ = kill_group_and_wait(group, Duration::from_secs(5)).await;
        }
        for listener in jobs.into_values() {
            let _ = listener.try_send(Output::Ended { code: None, signal: Some(9) });
        }
    }
}

//! Starts jobs and looks at links.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::Secret;
use domain::address::UserUrl;
use domain::download::Failure;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::failure::{classify, own};
use super::lines::Lines;
use super::process::{Order, Output, Process};
use super::warm::{Gone, Helper};
use super::{JobSpec, Probe, Running, Ytdlp, arguments, cold, environment};
use crate::job_runner::ResourceLimits;
use crate::process::kill_group_and_wait;

/// Starts yt-dlp, under a job-runner and as a fork of a warm helper where that is possible. Ends
/// the helper when the last clone is dropped; jobs end with their [`Running`].
#[derive(Clone)]
pub struct Launcher(Arc<Inner>);

struct Inner {
    ytdlp: Ytdlp,
    exe: PathBuf,
    scratch: PathBuf,
    idle: Duration,
    helper: Mutex<Warmth>,
}

enum Warmth {
    /// No interpreter, or it failed: one process per job.
    Impossible,
    /// Started when there is something to do.
    Cold,
    Warm(Helper),
}

/// The helper ends after so long without a job.
const IDLE: Duration = Duration::from_secs(60);

/// Bytes of a probe's answer that are read.
const MAX_PROBE: usize = 32 << 20;
/// Entries of a playlist that a probe lists.
const PROBE_ENTRIES: u32 = 2000;

impl Launcher {
    /// `own_exe` is a program that runs [`crate::job_runner`] when its first argument is
    /// `job-runner`, usually the portal itself. `scratch` is an absolute folder for what belongs
    /// to no job.
    pub fn new(ytdlp: Ytdlp, own_exe: PathBuf, scratch: PathBuf) -> Self {
        let helper = if ytdlp.python.is_some() { Warmth::Cold } else { Warmth::Impossible };
        Self(Arc::new(Inner { ytdlp, exe: own_exe, scratch, idle: IDLE, helper: Mutex::new(helper) }))
    }

    /// The same without the helper: one process per job, always.
    #[must_use]
    pub fn cold(self) -> Self {
        let Inner { ytdlp, exe, scratch, idle, .. } = &*self.0;
        let helper = Mutex::new(Warmth::Impossible);
        Self(Arc::new(Inner {
            ytdlp: ytdlp.clone(),
            exe: exe.clone(),
            scratch: scratch.clone(),
            idle: *idle,
            helper,
        }))
    }

    pub fn ytdlp(&self) -> &Ytdlp {
        &self.0.ytdlp
    }

    /// Starts one job. Everything that happens after that, the end included, is an event.
    ///
    /// # Errors
    ///
    /// `not_started`, if the folder or the programs are not there.
    pub async fn start(&self, spec: JobSpec) -> Result<Running, Failure> {
        if !spec.incoming.is_absolute() || !spec.incoming.is_dir() {
            return Err(own::not_started("the folder of the job is not there"));
        }
        let order = Order {
            arguments: arguments::download(&spec),
            environment: environment::of_job(&spec.incoming, spec.proxy.as_ref()),
            folder: spec.incoming.clone(),
            limits: ResourceLimits {
                file_bytes: spec.limits.file_bytes,
                memory_bytes: spec.limits.memory_bytes,
                open_files: Some(spec.limits.open_files),
                processes: None,
            },
        };
        let process = self.launch(&order).await?;
        Ok(Running::new(process, spec))
    }

    /// Looks at a link without downloading it.
    ///
    /// # Errors
    ///
    /// What yt-dlp said, in the words of [`JobEvent::Ended`](super::JobEvent); `timed_out` when
    /// `deadline` passes.
    pub async fn probe(
        &self,
        url: &UserUrl,
        proxy: Option<&Secret>,
        deadline: Duration,
    ) -> Result<Probe, Failure> {
        let deadline = Instant::now() + deadline;
        let order = Order {
            arguments: arguments::probe(url, PROBE_ENTRIES),
            environment: environment::of_job(&self.0.scratch, proxy),
            folder: self.0.scratch.clone(),
            limits: ResourceLimits {
                open_files: Some(1024),
                file_bytes: Some(1 << 20),
                ..ResourceLimits::default()
            },
        };
        let too_slow = |_| own::probe_too_slow();
        let mut process = timeout_at(deadline, self.launch(&order)).await.map_err(too_slow)??;
        let answer = timeout_at(deadline, collect(&mut process)).await;
        process.reins.kill().await;
        let _ = kill_group_and_wait(process.group, Duration::from_secs(5)).await;
        answer.map_err(too_slow)?
    }

    async fn launch(&self, order: &Order) -> Result<Process, Failure> {
        if let Some(process) = self.fork(order).await {
            return Ok(process);
        }
        let Inner { exe, ytdlp, .. } = &*self.0;
        cold::start(exe, &ytdlp.program, order).map_err(|error| own::not_started(&error.to_string()))
    }

    /// A fork of the helper, which is started if need be; nothing if there can be none.
    async fn fork(&self, order: &Order) -> Option<Process> {
        let mut helper = self.0.helper.lock().await;
        if let Warmth::Warm(warm) = &*helper {
            match warm.fork(order).await {
                Ok(process) => return Some(process),
                // It was idle for too long, or died; the next one is started below.
                Err(Gone) => *helper = Warmth::Cold,
            }
        }
        let Inner { exe, ytdlp, scratch, idle, .. } = &*self.0;
        let (Warmth::Cold, Some(python)) = (&*helper, &ytdlp.python) else { return None };
        match Helper::start(exe, python, scratch, *idle).await {
            Ok(warm) => {
                let process = warm.fork(order).await.ok();
                *helper = Warmth::Warm(warm);
                process
            }
            Err(error) => {
                tracing::warn!(%error, "yt-dlp cannot be kept warm, so each download starts one");
                *helper = Warmth::Impossible;
                None
            }
        }
    }
}

/// Reads everything that a probe says.
async fn collect(process: &mut Process) -> Result<Probe, Failure> {
    let mut json = Vec::new();
    let mut lines = Lines::default();
    let mut said: Vec<String> = Vec::new();
    let mut code = None;
    while let Some(output) = process.output.recv().await {
        match output {
            Output::Stdout(bytes) if json.len() + bytes.len() > MAX_PROBE => {
                return Err(own::probe_unreadable("the answer is too long"));
            }
            Output::Stdout(bytes) => json.extend_from_slice(&bytes),
            Output::Stderr(bytes) => said.extend(lines.push(&bytes)),
            Output::Ended { code: ended, .. } => {
                code = ended;
                break;
            }
        }
        said.truncate(200);
    }
    if let Some(probe) = Probe::parse(&json) {
        return Ok(probe);
    }
    let error = said.iter().find_map(|line| line.strip_prefix("ERROR:"));
    match (error, code) {
        (Some(error), _) => Err(classify(error.trim())),
        (None, Some(0)) => Err(own::nothing_downloaded()),
        (None, code) => Err(own::ended_without_a_word(code)),
    }
}

impl std::fmt::Debug for Launcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Launcher").field("ytdlp", &self.0.ytdlp).finish_non_exhaustive()
    }
}

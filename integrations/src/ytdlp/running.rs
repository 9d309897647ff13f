//! A running job, as its owner holds it.

mod silence;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::download::{Failure, Progress};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::failure::own;
use super::lines::Lines;
use super::media::{is_media, measure, sidecars};
use super::process::{Output, Process};
use super::tracker::{Claim, Fact, Finding, Pipe, Tracker};
use super::{JobEvent, JobSpec};
use crate::job_runner::GRACE;
use crate::process::{ProcessGroup, kill_group_and_wait};
use silence::Silence;

/// A started yt-dlp. Dropping it interrupts yt-dlp and kills it three seconds later, but nobody
/// waits for that: whoever starts another in the same folder first waits for the group to be
/// empty, with [`kill_group_and_wait`].
#[derive(Debug)]
pub struct Running {
    /// The session of yt-dlp and ffmpeg, to be recorded for the next portal.
    pub group: ProcessGroup,
    events: mpsc::Receiver<JobEvent>,
    demands: mpsc::Sender<Demand>,
    _driver: JoinSet<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    Cancel,
    Kill,
}

/// Events that wait for the owner; more wait inside, progress only as its latest.
const EVENTS: usize = 64;

/// How often progress is told, and time looked at.
const TICK: Duration = Duration::from_millis(250);

/// What the runner or the helper may take beyond the grace before we kill by ourselves.
const BEYOND_GRACE: Duration = Duration::from_secs(2);

impl Running {
    pub(super) fn new(process: Process, spec: JobSpec) -> Self {
        let (sender, events) = mpsc::channel(EVENTS);
        let (demands, demanded) = mpsc::channel(4);
        let group = process.group;
        let driver = Driver {
            process,
            tracker: Tracker::new(spec.limits.clone(), spec.skip),
            silence: Silence::new(spec.incoming.clone(), spec.limits.silence),
            folder: spec.incoming,
            lines: [Lines::default(), Lines::default()],
            waiting: VecDeque::new(),
            progress: None,
            halt: None,
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(driver.run(sender, demanded));
        Self { group, events, demands, _driver: tasks }
    }

    /// The next event; none after [`JobEvent::Ended`]. May be dropped and called again.
    pub async fn next(&mut self) -> Option<JobEvent> {
        self.events.recv().await
    }

    /// Asks yt-dlp to stop. The end comes as an event within some five seconds, with `stopped`
    /// set; no process is left then, and the partial files are.
    pub async fn ask_to_stop(&self) {
        let _ = self.demands.send(Demand::Cancel).await;
    }

    /// Stops yt-dlp politely and waits until no process is left; swallows all events.
    pub async fn cancel(&mut self) {
        self.ask_to_stop().await;
        while self.next().await.is_some() {}
    }

    /// The same at once, with SIGKILL.
    pub async fn kill(&mut self) {
        let _ = self.demands.send(Demand::Kill).await;
        while self.next().await.is_some() {}
    }
}

struct Driver {
    process: Process,
    tracker: Tracker,
    silence: Silence,
    folder: PathBuf,
    /// Of stdout and stderr.
    lines: [Lines; 2],
    waiting: VecDeque<JobEvent>,
    progress: Option<Progress>,
    halt: Option<Halt>,
}

/// It was told to stop, by the owner or because going on is of no use.
struct Halt {
    verdict: Option<Failure>,
    kill_at: Instant,
}

impl Driver {
    async fn run(mut self, events: mpsc::Sender<JobEvent>, mut demands: mpsc::Receiver<Demand>) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (code, signal) = loop {
            tokio::select! {
                output = self.process.output.recv() => match output {
                    Some(Output::Stdout(bytes)) => self.hear(Pipe::Stdout, &bytes).await,
                    Some(Output::Stderr(bytes)) => self.hear(Pipe::Stderr, &bytes).await,
                    Some(Output::Ended { code, signal }) => break (code, signal),
                    None => break (None, Some(9)),
                },
                Some(demand) = demands.recv() => self.obey(demand).await,
                permit = events.reserve(), if !self.waiting.is_empty() => match (permit, self.waiting.pop_front()) {
                    (Ok(permit), Some(event)) => permit.send(event),
                    _ => return,
                },
                _ = tick.tick() => self.look_at_the_clock().await,
            }
        };
        for event in self.end(code, signal).await {
            if events.send(event).await.is_err() {
                return;
            }
        }
    }

    async fn hear(&mut self, pipe: Pipe, bytes: &[u8]) {
        for line in self.lines[pipe as usize].push(bytes) {
            self.read(pipe, &line).await;
        }
    }

    async fn read(&mut self, pipe: Pipe, line: &str) {
        let facts = self.tracker.line(pipe, line);
        if !facts.is_empty() {
            self.silence.broken();
        }
        for fact in facts {
            self.learn(fact).await;
        }
    }

    async fn learn(&mut self, fact: Fact) {
        if self.was_demanded() {
            return;
        }
        match fact {
            Fact::Event(JobEvent::Progress(progress)) => self.progress = Some(progress),
            Fact::Event(event) => self.tell(event),
            Fact::Claimed(claim) => {
                let finding = verify(&claim, &self.folder).await;
                for fact in self.tracker.settle(claim, finding) {
                    if let Fact::Event(event) = fact {
                        self.tell(event);
                    }
                }
            }
            Fact::Hopeless(failure) => self.halt(Some(failure)).await,
        }
    }

    /// What is told makes the progress before it old, unless the item goes on.
    fn tell(&mut self, event: JobEvent) {
        let progress = self.progress.take();
        if matches!(event, JobEvent::Processing { .. }) {
            self.waiting.extend(progress.map(JobEvent::Progress));
        }
        self.waiting.push_back(event);
    }

    async fn obey(&mut self, demand: Demand) {
        if let Some(halt) = &mut self.halt {
            // A demand is no failure, whatever we stopped it for.
            halt.verdict = None;
        } else {
            self.halt(None).await;
        }
        self.waiting.clear();
        self.progress = None;
        if demand == Demand::Kill {
            self.process.reins.kill().await;
            self.process.group.kill();
        }
    }

    async fn halt(&mut self, verdict: Option<Failure>) {
        if self.halt.is_none() {
            self.halt = Some(Halt { verdict, kill_at: Instant::now() + GRACE + BEYOND_GRACE });
            self.process.reins.interrupt().await;
        }
    }

    fn was_demanded(&self) -> bool {
        self.halt.as_ref().is_some_and(|halt| halt.verdict.is_none())
    }

    async fn look_at_the_clock(&mut self) {
        self.waiting.extend(self.progress.take().map(JobEvent::Progress));
        match &self.halt {
            Some(halt) if Instant::now() > halt.kill_at => {
                self.process.group.kill();
            }
            Some(_) => {}
            None => {
                if self.silence.is_too_long() {
                    self.halt(Some(own::stalled(self.silence.limit()))).await;
                }
            }
        }
    }

    /// Nobody is left of the job when this returns.
    async fn end(mut self, code: Option<i32>, signal: Option<i32>) -> VecDeque<JobEvent> {
        for pipe in [Pipe::Stdout, Pipe::Stderr] {
            if let Some(line) = self.lines[pipe as usize].finish() {
                self.read(pipe, &line).await;
            }
        }
        if let Err(error) = kill_group_and_wait(self.process.group, Duration::from_secs(10)).await {
            tracing::error!(%error, "a download is over and its processes are not");
        }
        let stopped = self.was_demanded();
        let verdict = self.halt.and_then(|halt| halt.verdict);
        self.waiting.extend(self.tracker.finish(code, signal, verdict, stopped));
        self.waiting
    }
}

/// Looks at the file of a claim.
async fn verify(claim: &Claim, folder: &Path) -> Finding {
    let (path, folder) = (claim.path.clone(), folder.to_owned());
    let looked = spawn_blocking(move || {
        let bytes = measure(&path, &folder).map_err(own::not_verified)?;
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if !is_media(&extension.to_ascii_lowercase()) {
            return Err(own::not_media(extension));
        }
        Ok((bytes, sidecars(&path, &folder)))
    });
    looked.await.unwrap_or_else(|_| Err(own::not_verified("it could not be looked at")))
}

//! Which jobs run: slots are filled from the rows, and the tree says what runs already.

use std::collections::HashSet;
use std::time::Duration;

use domain::DownloadId;
use domain::download::Phase;
use tokio::time::{Instant, timeout};

use super::line::Pace;
use crate::download_board::{Room, Slots as Numbers};
use crate::download_job::{self, Outcome};
use crate::downloads::context::{Context, JOBS};
use crate::runtime::ActorState;
use crate::supervisor::DynamicError;

/// Waiting jobs that are looked at in one scan.
const LOOK_AHEAD: u32 = 500;

/// How often leftovers in `incoming/` are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(600);

#[derive(Default)]
pub(super) struct Slots {
    running: HashSet<DownloadId>,
    /// Jobs that said goodbye while the tree still had them.
    gone: HashSet<DownloadId>,
    waiting: usize,
    pace: Pace,
    swept_at: Option<Instant>,
}

impl Slots {
    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    pub(super) fn ended(&mut self, id: DownloadId, outcome: Outcome, after: Duration) {
        self.running.remove(&id);
        self.gone.insert(id);
        if outcome == Outcome::Completed {
            self.pace.took(after);
        }
    }

    /// Starts as many waiting jobs as there are free slots, and tells the board about the rest.
    /// A store that is away is tried again at the next scan.
    pub(super) async fn fill(&mut self, cx: &Context) {
        if let Err(error) = self.try_fill(cx).await {
            tracing::warn!(%error, "could not look for downloads to start");
        }
    }

    async fn try_fill(&mut self, cx: &Context) -> Result<(), store::Error> {
        self.look_at_the_tree(cx);
        let limit = cx.settings.slots;
        let room = cx.disk.has_room_again();
        // In the order in which they should run, fair between members.
        let runnable = cx.reader.runnable_jobs(LOOK_AHEAD).await?;
        let mut may_start = cx.launch.unavailable().is_none();
        let mut line = Vec::new();
        for job in runnable {
            if self.running.contains(&job.id) || (job.phase == Phase::NoSpace && !room) {
                continue;
            }
            let is_free = limit == 0 || self.running.len() < limit as usize;
            if may_start && is_free && !self.gone.contains(&job.id) {
                may_start = self.start(cx, job.id).await;
            } else {
                line.push(job.id);
            }
        }

        self.waiting = line.len();
        let numbers = Numbers { used: self.running.len() as u32, total: limit };
        cx.board.set_line(self.pace.places(&line, limit), numbers);
        Ok(())
    }

    /// Starts the actor of a job. Returns whether it makes sense to start others.
    async fn start(&mut self, cx: &Context, id: DownloadId) -> bool {
        match cx.system.dynamic(JOBS).start(download_job::child(cx, id)).await {
            Ok(()) => {
                self.running.insert(id);
                true
            }
            // It is being restarted, or was given up for now.
            Err(DynamicError::AlreadyRunning) => true,
            Err(error) => {
                tracing::warn!(%error, download = %id, "a download could not be started yet");
                matches!(error, DynamicError::StartFailed(_))
            }
        }
    }

    /// Finds the job actors by name: those that a queue before this one started, and those that
    /// are gone.
    fn look_at_the_tree(&mut self, cx: &Context) {
        let is_alive = |id: &DownloadId| {
            let snapshot = cx.system.snapshot(&format!("{JOBS}/{id}"));
            // One that was given up does not hold a slot.
            snapshot.is_some_and(|job| !matches!(job.state, ActorState::Failed | ActorState::Stopped))
        };
        let names = cx.system.dynamic(JOBS).names();
        let there: HashSet<DownloadId> =
            names.iter().filter_map(|name| name.parse().ok()).filter(is_alive).collect();
        self.gone.retain(|id| there.contains(id));
        self.running = there.difference(&self.gone).copied().collect();
    }

    /// Puts the room on the disk on the board.
    pub(super) async fn measure(&self, cx: &Context) {
        let disk = cx.disk.clone();
        let measured = timeout(
            Duration::from_secs(1),
            tokio::task::spawn_blocking(move || {
                let space = disk.space().ok()?;
                Some(Room { space, reserve: disk.reserve(space.total) })
            }),
        );
        if let Ok(Ok(room)) = measured.await {
            cx.board.set_room(room);
        }
    }

    /// The work of removing what is left in `incoming/` of jobs that are over, at the first scan
    /// and then every ten minutes.
    pub(super) fn sweep_when_due(
        &mut self,
        cx: &Context,
    ) -> Option<impl Future<Output = ()> + Send + 'static> {
        if self.swept_at.is_some_and(|at| at.elapsed() < SWEEP_EVERY) {
            return None;
        }
        self.swept_at = Some(Instant::now());
        let cx = cx.clone();
        Some(async move {
            if let Err(error) = sweep(&cx).await {
                tracing::warn!(error, "could not remove leftovers of downloads");
            }
        })
    }
}

async fn sweep(cx: &Context) -> Result<(), String> {
    let folders = cx.folders.clone();
    let found = tokio::task::spawn_blocking(move || folders.jobs_with_work()).await;
    let found = found.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    for id in found {
        let is_over = match cx.reader.download(id).await {
            Ok(job) => job.is_none_or(|job| job.status.is_over()),
            Err(error) => return Err(error.to_string()),
        };
        if is_over {
            tracing::info!(download = %id, "removing partial files of a download that is over");
            let folders = cx.folders.clone();
            let removed = tokio::task::spawn_blocking(move || folders.remove_job(id)).await;
            removed.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

//! The work on a download, from the lease to the end of it.

mod ends;

use std::path::PathBuf;

use domain::DownloadId;
use domain::address::{Refusal, UserUrl};
use domain::download::{Download, Failure};
use integrations::ytdlp::{JobEvent, JobSpec, Limits};
use store::{Lease, PreviousLease, ProcessRecord};
use tokio::sync::watch;
use tokio::time::{Duration, Instant, sleep};

use ends::{disk_failure, failure};

use super::items::{Items, PublishError, blocking};
use super::progress::Reporter;
use super::{Order, Outcome, lease};
use crate::downloads::context::Context;
use crate::downloads::launch::{IntoGroup as _, Run};
use crate::downloads::library;
use crate::egress;
use crate::runtime::Crash;

/// How often a job that waits for the proxy or for yt-dlp asks again.
const AGAIN: Duration = Duration::from_millis(500);

/// Works on `id` until it is over, postponed or no longer ours. `given` carries orders in,
/// `orders` is how the lease's keeper gives its own.
pub(super) async fn work(
    cx: &Context,
    id: DownloadId,
    given: watch::Receiver<Order>,
    orders: watch::Sender<Order>,
) -> Result<Outcome, Crash> {
    let timing = &cx.settings.timing;
    let since = Instant::now();
    // Names are unique in the tree, so a lease that is already ours is that of a life before.
    let leased = match cx.writer.retake_job(id, &cx.node, timing.lease).await {
        Ok(Some(leased)) => leased,
        Ok(None) => return Ok(Outcome::Fenced),
        Err(error) if error.is_outage() => return Ok(Outcome::StoreAway),
        Err(error) => return Err(error.into()),
    };
    let lease = leased.lease;
    let dir = cx.folders.work(id, lease.fence);
    let mut work = Work { cx, id, lease: lease.clone(), given, run: None, dir };
    tokio::select! {
        biased;
        outcome = work.until_over(&leased.download, leased.previous) => outcome,
        never = lease::keep(&cx.writer, &lease, since, timing, &orders) => match never {},
    }
}

struct Work<'a> {
    cx: &'a Context,
    id: DownloadId,
    lease: Lease,
    given: watch::Receiver<Order>,
    /// The yt-dlp that runs for it now.
    run: Option<Box<dyn Run>>,
    dir: PathBuf,
}

/// Why the work can't go on as planned.
enum Halt {
    Ordered(Order),
    Store(store::Error),
    /// This attempt failed, for a person to read.
    Failed(Failure),
}

impl From<store::Error> for Halt {
    fn from(error: store::Error) -> Self {
        Halt::Store(error)
    }
}

impl From<PublishError> for Halt {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Store(error) => Halt::Store(error),
            PublishError::Disk(error) => Halt::Failed(disk_failure(&error)),
            PublishError::NotMedia => Halt::Failed(failure(
                "not_media",
                "The link leads to something that is neither video nor audio.",
                false,
            )),
            PublishError::NoName => {
                Halt::Failed(failure("no_free_name", "Too many files have this name already.", false))
            }
        }
    }
}

impl Work<'_> {
    async fn until_over(
        &mut self,
        download: &Download,
        previous: Option<PreviousLease>,
    ) -> Result<Outcome, Crash> {
        let worked = match self.attempt(download, previous).await {
            Err(Halt::Failed(failure)) => self.fail(download, failure).await,
            other => other,
        };
        match worked {
            Ok(outcome) => Ok(outcome),
            Err(Halt::Ordered(order)) => self.obey(order).await,
            Err(Halt::Failed(_)) => unreachable!("a failure was settled above"),
            Err(Halt::Store(store::Error::Fenced | store::Error::NotFound(_))) => {
                self.obey(Order::Fenced { certain: true }).await
            }
            Err(Halt::Store(error)) => {
                self.kill().await;
                if error.is_outage() { Ok(Outcome::StoreAway) } else { Err(error.into()) }
            }
        }
    }

    /// One run of yt-dlp with everything around it.
    async fn attempt(
        &mut self,
        download: &Download,
        previous: Option<PreviousLease>,
    ) -> Result<Outcome, Halt> {
        let (cx, lease) = (self.cx, self.lease.clone());
        let user = cx.reader.user(download.user).await?.ok_or(store::Error::NotFound("user"))?;
        let items = cx.reader.items(self.id).await?;
        let mut items = Items::new(items, library::member_folder(&user), (cx.to_plex)());

        self.take_over(previous).await?;
        items.adopt(&cx.writer, &lease, &cx.folders, &self.dir).await?;
        if items.all_published(download.items) {
            return self.complete(&items).await;
        }
        if cx.disk.is_full() {
            return self.wait_for_space().await;
        }
        let proxy = self.proxy().await?;
        let spec = JobSpec {
            id: self.id,
            url: self.url(download)?,
            choice: download.choice.clone(),
            incoming: self.dir.clone(),
            proxy: Some(proxy),
            skip: items.published(),
            limits: Limits::default(),
        };
        let run = self.start(spec).await?;
        let group = run.group();
        self.run = Some(run);
        cx.writer.set_process(&lease, ProcessRecord { pid: group.pid, started: group.started }).await?;

        let followed = self.follow(download, &mut items).await;
        let refusal = egress::dismiss(&cx.egress(), self.id).await;
        match followed? {
            Followed::NoSpace => {
                self.stop_gently().await;
                self.wait_for_space().await
            }
            Followed::Ended(failure) => {
                self.run = None;
                self.settle(download, &items, failure).await.map_err(|halt| explain(halt, refusal))
            }
        }
    }

    /// Ends what an earlier owner left running and goes on in its folder.
    async fn take_over(&self, previous: Option<PreviousLease>) -> Result<(), Halt> {
        if let Some(previous) = previous.filter(|previous| previous.node == self.cx.node)
            && let Some(process) = previous.process
        {
            self.cx.launch.end(process.into_group()).await;
        }
        let (folders, id, fence, node) =
            (self.cx.folders.clone(), self.id, self.lease.fence, self.cx.node.to_string());
        let taken = blocking(move || folders.take_over(id, fence, &node)).await;
        taken.map(|_| ()).map_err(|error| Halt::Failed(disk_failure(&error)))
    }

    /// The proxy's address with the credential of this job. Without the proxy, and without a
    /// usable yt-dlp, the job waits: nothing is ever downloaded around the proxy, and what an
    /// admin has to repair does not use up attempts.
    async fn proxy(&mut self) -> Result<domain::Secret, Halt> {
        loop {
            if self.cx.launch.unavailable().is_none()
                && let Ok(proxy) = egress::admit(&self.cx.egress(), self.id).await
            {
                return Ok(proxy);
            }
            tokio::select! {
                order = ordered(&mut self.given) => return Err(Halt::Ordered(order)),
                () = sleep(AGAIN) => {}
            }
        }
    }

    async fn start(&mut self, spec: JobSpec) -> Result<Box<dyn Run>, Halt> {
        tokio::select! {
            biased;
            order = ordered(&mut self.given) => Err(Halt::Ordered(order)),
            started = self.cx.launch.start(spec) => started.map_err(Halt::Failed),
        }
    }

    fn url(&self, download: &Download) -> Result<UserUrl, Halt> {
        // The rules may have changed since it was submitted.
        let refused = |refusal: Refusal| {
            Halt::Failed(failure(refusal.code(), &format!("The link is refused: {refusal}."), false))
        };
        let url = UserUrl::parse(&download.url).map_err(refused)?;
        self.cx.settings.policy.judge_url(&url).map_err(refused)?;
        Ok(url)
    }

    /// Listens to yt-dlp until it ends, an order comes or the disk is full.
    async fn follow(&mut self, download: &Download, items: &mut Items) -> Result<Followed, Halt> {
        let (cx, lease) = (self.cx, self.lease.clone());
        let timing = &cx.settings.timing;
        let mut reporter = Reporter::new(cx, download);
        let mut ticks = tokio::time::interval(timing.progress);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut measured_at = Instant::now();
        loop {
            let Some(run) = self.run.as_mut() else { return Ok(Followed::Ended(None)) };
            let event = tokio::select! {
                biased;
                order = ordered(&mut self.given) => return Err(Halt::Ordered(order)),
                event = run.next() => event,
                _ = ticks.tick() => {
                    reporter.push();
                    reporter.save(&cx.writer, &lease).await?;
                    if measured_at.elapsed() >= timing.save {
                        measured_at = Instant::now();
                        if cx.disk.is_full() {
                            return Ok(Followed::NoSpace);
                        }
                    }
                    continue;
                }
            };
            match event {
                None => return Ok(Followed::Ended(None)),
                Some(JobEvent::Ended(exit)) => return Ok(Followed::Ended(exit.failure)),
                Some(JobEvent::Playlist { title, items: count, .. }) => {
                    items.playlist = Some(title.clone().unwrap_or_else(|| "Playlist".to_owned()));
                    cx.writer.set_job_title(&lease, title.as_deref(), Some(count)).await?;
                }
                Some(JobEvent::ItemStarted { position, title, .. }) => {
                    reporter.step(None);
                    if items.playlist.is_none() {
                        cx.writer.set_job_title(&lease, title.as_deref(), Some(1)).await?;
                    }
                    items.start(&cx.writer, &lease, position, title).await?;
                }
                Some(JobEvent::Progress(progress)) => {
                    reporter.progress(progress);
                    reporter.save(&cx.writer, &lease).await?;
                }
                Some(JobEvent::Processing { what, .. }) => reporter.step(Some(what.as_str())),
                Some(JobEvent::ItemFailed { position, failure }) => {
                    items.fail(&cx.writer, &lease, position, failure).await?;
                }
                Some(JobEvent::ItemDone(done)) => {
                    items.publish(&cx.writer, &lease, &cx.folders, done).await?
                }
            }
        }
    }
}

/// What the proxy refused says more than what yt-dlp made of it.
fn explain(halt: Halt, refusal: Option<Refusal>) -> Halt {
    match (halt, refusal) {
        (Halt::Failed(failed), Some(refusal)) => Halt::Failed(Failure {
            code: refusal.code().to_owned(),
            message: format!("The link leads where downloads may not go: {refusal}."),
            retryable: matches!(refusal, Refusal::Unresolvable(_)),
            detail: failed.detail,
        }),
        (halt, _) => halt,
    }
}

enum Followed {
    Ended(Option<Failure>),
    NoSpace,
}

/// Waits for an order to stop.
async fn ordered(given: &mut watch::Receiver<Order>) -> Order {
    match given.wait_for(|order| *order != Order::Work).await {
        Ok(order) => *order,
        Err(_) => Order::HandBack,
    }
}

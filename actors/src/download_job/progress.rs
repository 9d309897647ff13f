//! Telling the world how far a job is: at once to the board, once a second to browsers, now and
//! then to the row.

use domain::download::{Download, Progress};
use domain::event::Event;
use store::{Lease, Writer};
use tokio::time::Instant;

use crate::download_board::Live;
use crate::downloads::context::Context;

pub(super) struct Reporter<'a> {
    cx: &'a Context,
    download: &'a Download,
    live: Live,
    pushed_at: Option<Instant>,
    unpushed: bool,
    unsaved: bool,
    saved_at: Option<Instant>,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(cx: &'a Context, download: &'a Download) -> Self {
        let live = Live { progress: download.progress, step: None };
        cx.board.show(download.id, live);
        Self { cx, download, live, pushed_at: None, unpushed: false, unsaved: false, saved_at: None }
    }

    pub(super) fn progress(&mut self, progress: Progress) {
        self.live = Live { progress, step: None };
        self.changed();
    }

    pub(super) fn step(&mut self, step: Option<&'static str>) {
        if self.live.step != step {
            self.live.step = step;
            self.changed();
        }
    }

    fn changed(&mut self) {
        self.unpushed = true;
        self.unsaved = true;
        self.cx.board.show(self.download.id, self.live);
        self.push();
    }

    /// Announces the latest progress unless that was done less than a second ago; then the next
    /// tick does.
    pub(super) fn push(&mut self) {
        let too_soon = self.pushed_at.is_some_and(|at| at.elapsed() < self.cx.settings.timing.progress);
        if !self.unpushed || too_soon {
            return;
        }
        self.unpushed = false;
        self.pushed_at = Some(Instant::now());
        (self.cx.announce)(Event::DownloadProgressed {
            download: self.download.id,
            owner: self.download.user,
            progress: self.live.progress,
        });
    }

    /// Keeps the progress for whoever goes on after a crash: the first bytes at once, because
    /// they also say that the job gets somewhere, then every few seconds.
    pub(super) async fn save(&mut self, writer: &Writer, lease: &Lease) -> Result<(), store::Error> {
        let due = match self.saved_at {
            Some(at) => at.elapsed() >= self.cx.settings.timing.save,
            None => self.live.progress.bytes > 0,
        };
        if self.unsaved && due {
            self.unsaved = false;
            self.saved_at = Some(Instant::now());
            writer.save_progress(lease, &self.live.progress).await?;
        }
        Ok(())
    }
}

//! yt-dlp, found while the portal already serves.
//!
//! Asking a Python program for its version takes longer than everything else at the start, so
//! it is asked in the background. Who needs it before waits; when there is none it is looked for
//! again every minute, so that installing it needs no restart.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actors::downloads::launch::{Launch, Run, Tool};
use actors::downloads::ytdlp::NoYtdlp;
use domain::Secret;
use domain::address::UserUrl;
use domain::download::Failure;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use integrations::process::ProcessGroup;
use integrations::ytdlp::{JobSpec, Launcher, Probe, Ytdlp};
use tokio::sync::watch;

const AGAIN_AFTER: Duration = Duration::from_secs(60);

type Found = Option<Arc<dyn Launch>>;

/// Stands for the launcher until it is there.
#[derive(Clone)]
pub struct LateYtdlp(Arc<watch::Sender<Found>>);

/// What a search needs to know.
pub struct Search {
    /// The program of the settings; the first one on the path otherwise.
    pub program: Option<PathBuf>,
    /// Ourselves, as the job runner.
    pub own_exe: PathBuf,
    /// A folder for what belongs to no job.
    pub scratch: PathBuf,
}

impl LateYtdlp {
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// Looks for yt-dlp until it is found.
    pub async fn search(self, search: Search) {
        let Search { program, own_exe, scratch } = search;
        loop {
            let reason = match locate(program.as_deref()).await {
                Ok(ytdlp) => {
                    let launcher = Launcher::new(ytdlp, own_exe, scratch);
                    self.0.send_replace(Some(Arc::new(launcher)));
                    return;
                }
                Err(reason) => reason,
            };
            if self.tool() != (Tool::Broken { reason: reason.clone() }) {
                tracing::warn!("downloads do not work: {reason}");
            }
            self.0.send_replace(Some(Arc::new(NoYtdlp { reason })));
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    async fn found(&self) -> Arc<dyn Launch> {
        let mut changes = self.0.subscribe();
        let found = changes.wait_for(Option::is_some).await;
        match found.as_deref() {
            Ok(Some(launch)) => launch.clone(),
            // The search ended without a word, which only a stopping portal does.
            _ => Arc::new(NoYtdlp { reason: "the portal is stopping".to_owned() }),
        }
    }
}

async fn locate(program: Option<&Path>) -> Result<Ytdlp, String> {
    let ytdlp = Ytdlp::locate(program).await.map_err(|error| error.to_string())?;
    tracing::info!(version = %ytdlp.version, "downloads use {}", ytdlp.program.display());
    Ok(ytdlp)
}

impl Launch for LateYtdlp {
    fn tool(&self) -> Tool {
        self.0.borrow().as_ref().map_or(Tool::Unknown, |launch| launch.tool())
    }

    fn unavailable(&self) -> Option<String> {
        self.0.borrow().as_ref().and_then(|launch| launch.unavailable())
    }

    fn start(&self, spec: JobSpec) -> BoxFuture<'_, Result<Box<dyn Run>, Failure>> {
        async move { self.found().await.start(spec).await }.boxed()
    }

    fn probe<'a>(
        &'a self,
        url: &'a UserUrl,
        proxy: &'a Secret,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<Probe, Failure>> {
        async move { self.found().await.probe(url, proxy, deadline).await }.boxed()
    }

    fn end(&self, group: ProcessGroup) -> BoxFuture<'_, ()> {
        let nobody = NoYtdlp { reason: String::new() };
        async move { nobody.end(group).await }.boxed()
    }
}

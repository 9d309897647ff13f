//! The videos of a job: which are done, and how a finished one gets into the library.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use domain::download::{DownloadItem, DownloadStatus, Failure, Progress};
use integrations::ytdlp::FinishedItem;
use store::{Conflict, Lease, NewFile, Writer};

use crate::downloads::folders::Folders;
use crate::downloads::library;
use crate::downloads::publish::{Finished, Placed, was_placed};

/// Names that are tried for one file before we give up: `title (99).mp4`.
const NAMES: u32 = 99;

/// What is known of the videos of one job.
pub(super) struct Items {
    by_position: BTreeMap<u32, DownloadItem>,
    /// The folder in the library: whose.
    member: String,
    /// And of which playlist, which yt-dlp says again at every run.
    pub(super) playlist: Option<String>,
    /// Whether what is published goes to Plex too.
    to_plex: bool,
}

/// Why a finished item could not be published.
#[derive(Debug, thiserror::Error)]
pub(super) enum PublishError {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("could not move the file into the library: {0}")]
    Disk(#[from] io::Error),
    #[error("the file is neither video nor audio")]
    NotMedia,
    #[error("no free name was found for the file")]
    NoName,
}

impl Items {
    pub(super) fn new(items: Vec<DownloadItem>, member: String, to_plex: bool) -> Self {
        Self {
            by_position: items.into_iter().map(|item| (item.position, item)).collect(),
            member,
            playlist: None,
            to_plex,
        }
    }

    /// Positions that are in the library already.
    pub(super) fn published(&self) -> Vec<u32> {
        self.with_status(DownloadStatus::Completed).map(|item| item.position).collect()
    }

    /// What a job that is done shows: everything, with the size of all of it.
    pub(super) fn final_progress(&self) -> Progress {
        let bytes = self.with_status(DownloadStatus::Completed).filter_map(|item| item.bytes).sum();
        let items = self.by_position.len().max(1) as u32;
        Progress {
            percent: Some(100.0),
            bytes,
            total: Some(bytes),
            speed: None,
            eta_s: None,
            item: items,
            items,
        }
    }

    /// The failures of items that may go better another time come first.
    pub(super) fn failure(&self) -> Option<&Failure> {
        let failures = || self.with_status(DownloadStatus::Failed).filter_map(|item| item.failure.as_ref());
        failures().find(|failure| failure.retryable).or_else(|| failures().next())
    }

    fn with_status(&self, status: DownloadStatus) -> impl Iterator<Item = &DownloadItem> {
        self.by_position.values().filter(move |item| item.status == status)
    }

    /// Whether all of `expected` items are in the library.
    pub(super) fn all_published(&self, expected: Option<u32>) -> bool {
        expected.is_some_and(|expected| expected > 0 && self.published().len() >= expected as usize)
    }

    /// The item at `position`, made when it is new.
    pub(super) fn at(&mut self, position: u32) -> &mut DownloadItem {
        self.by_position.entry(position).or_insert_with(|| DownloadItem {
            position,
            title: None,
            status: DownloadStatus::Running,
            failure: None,
            target: None,
            bytes: None,
        })
    }

    /// Notes that yt-dlp began with an item.
    pub(super) async fn start(
        &mut self,
        writer: &Writer,
        lease: &Lease,
        position: u32,
        title: Option<String>,
    ) -> Result<(), store::Error> {
        let item = self.at(position);
        if item.status == DownloadStatus::Completed {
            return Ok(());
        }
        item.status = DownloadStatus::Running;
        item.title = title.or(item.title.take());
        writer.upsert_item(lease, item).await
    }

    /// Notes that an item failed while the others go on.
    pub(super) async fn fail(
        &mut self,
        writer: &Writer,
        lease: &Lease,
        position: u32,
        failure: Failure,
    ) -> Result<(), store::Error> {
        let item = self.at(position);
        if item.status == DownloadStatus::Completed {
            return Ok(());
        }
        item.status = DownloadStatus::Failed;
        item.failure = Some(failure);
        writer.upsert_item(lease, item).await
    }

    /// Ends what a crash interrupted: an item whose file reached the library before its rows
    /// were written. One that did not get there keeps its chosen name.
    pub(super) async fn adopt(
        &mut self,
        writer: &Writer,
        lease: &Lease,
        folders: &Folders,
        work: &Path,
    ) -> Result<(), PublishError> {
        let open: Vec<(u32, String, Option<u64>)> = self
            .by_position
            .values()
            .filter(|item| item.status != DownloadStatus::Completed)
            .filter_map(|item| Some((item.position, item.target.clone()?, item.bytes)))
            .collect();
        for (position, target, bytes) in open {
            let (work, path) = (work.to_owned(), folders.library().join(&target));
            let placed = blocking(move || Ok(was_placed(&work, &path, bytes))).await?;
            if placed {
                self.record(writer, lease, position, target, bytes.unwrap_or(0), None).await?;
            }
        }
        Ok(())
    }

    /// Moves a finished item into the library: the name is stored, the files are moved, the
    /// rows are written.
    pub(super) async fn publish(
        &mut self,
        writer: &Writer,
        lease: &Lease,
        folders: &Folders,
        done: FinishedItem,
    ) -> Result<(), PublishError> {
        if self.at(done.position).status == DownloadStatus::Completed {
            return Ok(());
        }
        let (extension, _) = library::media_type(&done.file).ok_or(PublishError::NotMedia)?;
        let base = library::base_name(done.title.as_deref(), &done.id);
        let (member, collection) =
            (self.member.clone(), library::collection_folder(self.playlist.as_deref()));
        let mut choices = (1..=NAMES).map(|n| library::target(&member, &collection, &base, extension, n));
        let item = self.at(done.position);
        item.bytes = Some(done.bytes);
        // The size first, so that after a crash the moved file is recognised.
        writer.upsert_item(lease, item).await?;
        let mut wanted = item.target.clone();
        let target = loop {
            let choice = match wanted.take() {
                Some(chosen) => chosen,
                None => choices.next().ok_or(PublishError::NoName)?,
            };
            if item.target.is_none() && folders.library().join(&choice).exists() {
                continue;
            }
            match writer.begin_publish(lease, done.position, &choice).await {
                Ok(chosen) => break chosen,
                Err(store::Error::Conflict(Conflict::TargetTaken)) => {}
                Err(error) => return Err(error.into()),
            }
        };
        item.target = Some(target.clone());
        let files = Finished { file: done.file, sidecars: done.sidecars };
        let path = folders.library().join(&target);
        match blocking(move || files.place(&path)).await? {
            Placed::There { bytes } => {
                self.record(writer, lease, done.position, target, bytes, done.description.as_deref()).await
            }
            Placed::Taken => Err(PublishError::NoName),
        }
    }

    async fn record(
        &mut self,
        writer: &Writer,
        lease: &Lease,
        position: u32,
        target: String,
        bytes: u64,
        description: Option<&str>,
    ) -> Result<(), PublishError> {
        let path = Path::new(&target);
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let file = NewFile {
            name: name.to_owned(),
            bytes,
            media_type: library::media_type(path)
                .map_or("application/octet-stream", |(_, kind)| kind)
                .to_owned(),
            path: target.clone(),
        };
        // A library of videos takes no music.
        if self.to_plex && file.media_type.starts_with("video/") {
            writer.finish_publish_for_plex(lease, position, &[file], description).await?;
        } else {
            writer.finish_publish(lease, position, &[file]).await?;
        }
        let item = self.at(position);
        item.status = DownloadStatus::Completed;
        item.failure = None;
        item.target = Some(target);
        item.bytes = Some(bytes);
        Ok(())
    }
}

/// Runs file work that may take long off the runtime's threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(gone) => Err(io::Error::other(gone)),
    }
}

//! Keeps the copy of the download queue that bull-board reads (`bull:youtube:*` in Redis). The
//! rows in SQL stay the truth: nobody of ours reads the copy.

use domain::download::Download;
use domain::event::Event;
use store::Reader;
use store::ephemeral::Ephemeral;

/// Finished downloads that a copy made anew shows.
const FINISHED: u32 = 200;

/// Shows what `event` changed. A Redis that is away loses it; the copy is made anew on its return.
pub(super) async fn follow(
    reader: &Reader,
    ephemeral: &Ephemeral,
    event: &Event,
) -> Result<(), store::Error> {
    let Event::DownloadChanged { download, .. } = event else { return Ok(()) };
    match reader.download(*download).await? {
        Some(row) => ephemeral.project_download(&row).await,
        None => ephemeral.unproject_download(*download).await,
    };
    Ok(())
}

/// Makes the copy anew. Says whether it is whole.
pub(super) async fn rebuild(reader: &Reader, ephemeral: &Ephemeral) -> Result<bool, store::Error> {
    let mut downloads: Vec<Download> = reader.downloads(None, None, FINISHED).await?.items;
    let active = reader.active_downloads(None).await?;
    let older: Vec<_> =
        active.into_iter().filter(|one| !downloads.iter().any(|known| known.id == one.id)).collect();
    downloads.extend(older);
    downloads.sort_by_key(|download| download.created_at);
    Ok(ephemeral.rebuild_projection(&downloads).await)
}

//! Brings finished downloads into Plex.
//!
//! ```text
//!    a video is published ── effect `plex-arrival`, one for each download
//!                                |
//!        scan its folder ──> find its file ──> title and summary ──> collection of the playlist
//!             ^                  |
//!             |                  v  not there yet: when Plex tells of a change, or 2, 4, 8 s later
//!             +------------------+
//! ```
//!
//! Every step is looked up before it is done, and written down after: however often the effect
//! is begun, an item is found once and a playlist has one collection. One effect does all of a
//! download, so that no two make its collection.

mod collection;
mod finding;
mod paths;

use std::path::PathBuf;
use std::time::Duration;

use domain::DownloadId;
use futures_util::future::BoxFuture;
use integrations::plex::{Kind, RatingKey, Section, Server};
use store::{ARRIVAL, ArrivalItem, ArrivalWork, Effect, Reader, Writer};

use crate::downloads::context::Context;
use crate::effects::{self, Handler, Trouble};
use crate::services::Services;
use paths::Placed;
pub use paths::{PathSettings, Paths};

/// How long one attempt looks for files that are not there yet. It is tried again soon, and
/// others are not kept waiting meanwhile.
const LOOK_FOR: Duration = Duration::from_secs(30);

/// So often in a row Plex may not find a file before a person is told: two minutes in all.
const ATTEMPTS: u32 = 4;

/// The handler of [`ARRIVAL`].
#[derive(Clone)]
pub struct PlexArrivals {
    pub services: Services,
    pub reader: Reader,
    pub writer: Writer,
    /// The folder that downloads are published to.
    pub library: PathBuf,
}

impl Handler for PlexArrivals {
    fn kind(&self) -> &'static str {
        ARRIVAL
    }

    fn run(&self, effect: Effect) -> BoxFuture<'static, Result<(), Trouble>> {
        let this = self.clone();
        Box::pin(async move { this.bring(&effect).await })
    }

    fn longest(&self) -> Duration {
        LOOK_FOR + Duration::from_secs(120)
    }

    fn gave_up(&self, effect: Effect, reason: String) -> BoxFuture<'static, Result<(), Trouble>> {
        let this = self.clone();
        Box::pin(async move {
            let id = id_of(&effect)?;
            Ok(this.writer.fail_arrival(id, &reason).await?)
        })
    }
}

/// A person wants a finished download in Plex, or wants it tried again.
///
/// # Errors
/// [`store::Error::NotFound`] when it was taken off the lists.
pub async fn bring_again(cx: &Context, id: DownloadId) -> Result<(), store::Error> {
    cx.writer.retry_arrival(id).await?;
    effects::nudge(&cx.system);
    Ok(())
}

/// One download on its way, and the server it goes to.
struct Journey<'a> {
    arrivals: &'a PlexArrivals,
    server: Server,
    sections: Vec<Section>,
    work: ArrivalWork,
}

impl PlexArrivals {
    async fn bring(&self, effect: &Effect) -> Result<(), Trouble> {
        let id = id_of(effect)?;
        // It was taken off the lists: whoever did that does not want it in Plex either.
        let Some(work) = self.reader.arrival_work(id).await? else { return Ok(()) };
        let direct = self.services.direct_plex().ok_or_else(not_set_up)?;
        let paths = PathSettings::of(&direct.service.config);
        let server = direct.connect().await?.patient();
        let machine = server.identity().await?.machine_identifier;
        let sections = server.sections().await?;
        let mut journey = Journey { arrivals: self, server, sections, work };

        let missing = journey.find_all(&paths).await?;
        journey.settle().await?;
        let found = journey.work.items.iter().find_map(|item| item.key.as_deref());
        if missing == 0 {
            self.writer.arrived(id, &machine, found).await?;
            return Ok(());
        }
        let reason = match missing {
            1 => "Plex has not found the file yet.".to_owned(),
            count => format!("Plex has not found {count} files yet."),
        };
        if effect.attempts >= ATTEMPTS {
            let hint =
                "Check that Plex may read the downloads folder, and the folders in the settings of Plex.";
            return Err(Trouble::Never(format!("{reason} {hint}")));
        }
        Err(Trouble::Later { reason, after: None })
    }
}

impl Journey<'_> {
    /// Gives each found item its title, and puts it into the collection of its playlist.
    async fn settle(&mut self) -> Result<(), Trouble> {
        let writer = &self.arrivals.writer;
        let ready: Vec<(ArrivalItem, RatingKey)> = self
            .work
            .items
            .iter()
            .filter(|item| !item.is_settled)
            .filter_map(|item| Some((item.clone(), item.key.as_deref()?.parse().ok()?)))
            .collect();
        let Some((_, first)) = ready.first() else { return Ok(()) };
        // All of a download is in one library: they are all below one folder.
        let Some(found) = self.server.item(first).await? else {
            return self.lost(ready[0].0.position).await;
        };
        let Some(section) = found.section else {
            return Err(Trouble::later("Plex did not say in which library a video is"));
        };
        for (item, key) in &ready {
            let (title, summary) = (item.title.as_deref(), item.summary.as_deref());
            if title.is_some() || summary.is_some() {
                self.server.edit(&section, key, &Kind::Movie, title, summary).await?;
            }
        }
        if self.work.is_playlist {
            let keys: Vec<RatingKey> = ready.iter().map(|(_, key)| key.clone()).collect();
            self.collect(&section, &keys).await?;
        }
        for (item, _) in &ready {
            writer.settle_item(self.work.id, item.position).await?;
        }
        Ok(())
    }

    /// What was found is not there any more, such as after a file was moved.
    async fn lost(&self, position: u32) -> Result<(), Trouble> {
        self.arrivals.writer.set_item_key(self.work.id, position, None).await?;
        Err(Trouble::later("a video has left Plex again"))
    }

    fn place(&self, paths: &PathSettings, item: &ArrivalItem) -> Result<Placed, Trouble> {
        let ours = self.arrivals.library.join(&item.path);
        paths.place(&ours, &self.sections).ok_or_else(|| {
            Trouble::Never(
                "None of Plex's libraries has the downloads folder. An admin can say what Plex calls it, \
                 in the settings of Plex."
                    .to_owned(),
            )
        })
    }
}

fn not_set_up() -> Trouble {
    Trouble::Never("Plex is not set up any more.".to_owned())
}

fn id_of(effect: &Effect) -> Result<DownloadId, Trouble> {
    effect.key.parse().map_err(|_| Trouble::Never("the effect names no download".to_owned()))
}

//! One person's downloads, read once for the page that shows them and for the push that
//! changes them.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use actors::event_hub::EventId;
use domain::download::{Download, DownloadStatus};
use domain::user::CurrentUser;
use domain::{Cursor, Timestamp, UserId};
use moka::sync::Cache;

use super::{home, requests};
use crate::app::App;
use crate::views::Around;
use crate::views::downloads::{DiskGauge, DownloadRow, QuotaGauge, Slots};
use crate::views::requests::{HomeRequests, OpenRequests};

/// Downloads on one page, besides those that are not over.
const SHOWN: u32 = 30;

/// What the hourly quota counts.
const HOUR: Duration = Duration::from_secs(3600);

/// Those that are not over, and a page of the others.
pub struct Mine {
    pub rows: Vec<DownloadRow>,
    pub running: usize,
    next: Option<Cursor>,
}

impl Mine {
    /// What `owner` sees; `after` is where an older page starts.
    pub async fn read(
        app: &App,
        around: &Around,
        owner: UserId,
        after: Option<&Cursor>,
    ) -> Result<Self, store::Error> {
        let listed = app.reader.downloads(Some(owner), after, SHOWN).await?;
        let active = app.reader.active_downloads(Some(owner)).await?;
        let running = active.iter().filter(|one| one.status == DownloadStatus::Running).count();
        let mut page = listed.items;
        if after.is_none() {
            // An old download may have been taken up again.
            let older: Vec<_> =
                active.into_iter().filter(|one| !page.iter().any(|known| known.id == one.id)).collect();
            page.extend(older);
        }
        let mut rows = Vec::with_capacity(page.len());
        for download in page {
            let is_open_playlist = download.status == DownloadStatus::Running && download.items > Some(1);
            rows.push(match is_open_playlist {
                true => whole_row(app, around, download).await?,
                false => row(app, around, download),
            });
        }
        Ok(Self { rows, running, next: listed.next })
    }

    /// The few that the dashboard shows: what needs a look comes first, then the newest.
    pub fn for_home(&self, around: &Around) -> Vec<DownloadRow> {
        let mut rows: Vec<&DownloadRow> = self.rows.iter().collect();
        rows.sort_by_key(|row| (row.is_finished(), row.is_waiting(), Reverse(row.download.id)));
        let shown = rows.into_iter().take(home::SHOWN).cloned();
        shown.map(|row| DownloadRow { around: around.clone(), ..row }).collect()
    }

    /// The query of the next older page.
    pub fn older(&self) -> Option<String> {
        self.next.as_ref().map(|Cursor(next)| super::query("after", next))
    }

    /// The hour of `owner`; the oldest of these downloads may fall out of it next.
    pub async fn quota(&self, app: &App, owner: UserId) -> Result<QuotaGauge, store::Error> {
        let since = Timestamp::now() - HOUR;
        let used = app.reader.count_started_since(owner, since).await?;
        let began = self.rows.iter().map(|row| row.download.created_at);
        let next_at = began.filter(|at| *at > since).min().map(|oldest| oldest + HOUR);
        Ok(QuotaGauge { used, limit: app.downloads.settings.per_hour, next_at })
    }
}

/// What the dashboard showed somebody a moment ago.
#[derive(Clone)]
pub struct Recent {
    mine: Arc<Mine>,
    requests: HomeRequests,
    /// The commits of this process, and the events of all, that it knows of.
    seen: (u64, EventId),
}

/// Dashboards of the last second: people reload it more often than anything happens to them.
pub type RecentlyRead = Cache<UserId, Recent>;

/// A place for [`RecentlyRead`] dashboards.
pub fn recently_read() -> RecentlyRead {
    Cache::builder().max_capacity(1_000).time_to_live(Duration::from_secs(1)).build()
}

/// What `me` sees now, read anew only if something was written since the last time. Also gives
/// the cursor from which the page's stream must start.
pub async fn latest(app: &App, me: &CurrentUser) -> Result<(Arc<Mine>, HomeRequests, EventId), store::Error> {
    let seen = (*app.store.changed().borrow(), app.cursor.latest());
    if let Some(recent) = app.recently_read.get(&me.id).filter(|recent| recent.seen == seen) {
        return Ok((recent.mine, recent.requests, seen.1));
    }
    let around = Around::pushed(&app.settings.base);
    let mine = Arc::new(Mine::read(app, &around, me.id, None).await?);
    let requests = requests::for_home(app, &around, me).await?;
    let recent = Recent { mine: mine.clone(), requests: requests.clone(), seen };
    app.recently_read.insert(me.id, recent);
    Ok((mine, requests, seen.1))
}

/// How many requests the navigation counted a moment ago, and what was known then.
pub type RecentlyCounted = Cache<UserId, (OpenRequests, (u64, EventId))>;

/// A place for [`RecentlyCounted`] requests.
pub fn recently_counted() -> RecentlyCounted {
    Cache::builder().max_capacity(1_000).time_to_live(Duration::from_secs(1)).build()
}

/// The count in the navigation, which every page has: counted anew only if something was written.
pub(super) async fn open_requests(app: &App, me: &CurrentUser) -> Result<OpenRequests, store::Error> {
    let seen = (*app.store.changed().borrow(), app.cursor.latest());
    if let Some((count, _)) = app.recently_counted.get(&me.id).filter(|(_, then)| *then == seen) {
        return Ok(count);
    }
    let count = requests::open_count(app, me).await?;
    app.recently_counted.insert(me.id, (count, seen));
    Ok(count)
}

/// A row with what is known of the job now.
pub fn row(app: &App, around: &Around, download: Download) -> DownloadRow {
    let id = download.id;
    let row = DownloadRow::new(around.clone(), download, Vec::new());
    let row = match app.downloads.board.live(id) {
        Some(live) => row.at(live.progress, live.step),
        None => row,
    };
    match app.downloads.board.place(id) {
        Some(place) => row.in_line(place.position, place.starts_in),
        None => row,
    }
}

/// A row with the videos of a playlist.
pub async fn whole_row(app: &App, around: &Around, download: Download) -> Result<DownloadRow, store::Error> {
    let items = app.reader.items(download.id).await?;
    Ok(DownloadRow { items, ..row(app, around, download) })
}

/// How many jobs run in the whole house.
pub fn slots(app: &App) -> Slots {
    let slots = app.downloads.board.slots();
    Slots { used: slots.used, total: slots.total }
}

/// The disk that downloads go to; absent while it can't be measured.
pub fn disk(app: &App) -> Option<DiskGauge> {
    let room = app.downloads.board.room()?;
    Some(DiskGauge { total: room.space.total, free: room.space.free, reserve: room.reserve })
}

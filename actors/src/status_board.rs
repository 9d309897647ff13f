//! What every service is doing now, for pages that must not wait for a query.
//!
//! ```text
//!    monitors         recorder: the store, each minute
//!       |  observe        |  refresh
//!       v                 v
//!    [status board: name -> Arc<Tile>] <-- tiles(), one pointer read -- pages, API, fragments
//! ```
//!
//! A tile is replaced and never changed, so whoever holds one may read it in peace. The board
//! lives longer than any monitor: a service whose monitor died shows as stale, because its last
//! look is too long ago.

mod tile;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use domain::Timestamp;
use domain::service::{Heartbeat, Service, ServiceName, ServiceStatus};
use store::Reader;

pub(crate) use tile::silence_allowed;
pub use tile::{DAY_BARS, MONTH_BARS, Tile};

type Tiles = BTreeMap<ServiceName, Arc<Tile>>;

const DAY: Duration = Duration::from_secs(24 * 3600);
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

/// All tiles. Shared as an `Arc`.
#[derive(Debug, Default)]
pub struct StatusBoard {
    tiles: ArcSwap<Tiles>,
    /// Held while a new map is made from the old one.
    changing: Mutex<()>,
}

impl StatusBoard {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Every configured service, sorted by name.
    pub fn tiles(&self) -> Vec<Arc<Tile>> {
        self.tiles.load().values().cloned().collect()
    }

    pub fn tile(&self, name: &ServiceName) -> Option<Arc<Tile>> {
        self.tiles.load().get(name).cloned()
    }

    /// A service was configured or changed; what was seen of it stays.
    pub(crate) fn put(&self, service: Service) {
        self.change(|tiles| {
            let tile =
                tiles.entry(service.name.clone()).or_insert_with(|| Arc::new(Tile::new(service.clone())));
            Arc::make_mut(tile).reconfigure(service);
        });
    }

    pub(crate) fn remove(&self, name: &ServiceName) {
        self.change(|tiles| {
            tiles.remove(name);
        });
    }

    /// A probe is over.
    pub(crate) fn observe(&self, name: &ServiceName, beat: &Heartbeat) {
        self.update(name, |tile| tile.observe(beat));
    }

    /// What was seen before we were there; nothing when we have seen for ourselves.
    pub(crate) fn recall(&self, name: &ServiceName, beat: &Heartbeat) {
        self.update(name, |tile| {
            if tile.beats.is_empty() {
                tile.beats.push_back(beat.clone());
            }
        });
    }

    /// The status flipped. The version is the one that the row is about to get.
    pub(crate) fn flip(&self, name: &ServiceName, status: ServiceStatus, at: Timestamp) {
        self.update(name, |tile| {
            tile.service.status = status;
            tile.service.since = at;
            tile.service.version += 1;
        });
    }

    /// The row has this version.
    pub(crate) fn confirm(&self, name: &ServiceName, version: i64) {
        self.update(name, |tile| tile.service.version = tile.service.version.max(version));
    }

    /// Makes the board agree with the rows: what came, changed or went elsewhere.
    pub(crate) fn sync(&self, services: Vec<Service>) {
        self.change(|tiles| {
            tiles.retain(|name, _| services.iter().any(|service| service.name == *name));
            for service in services {
                let tile =
                    tiles.entry(service.name.clone()).or_insert_with(|| Arc::new(Tile::new(service.clone())));
                // The board may be ahead of the rows, never behind for long.
                if service.version >= tile.service.version {
                    Arc::make_mut(tile).reconfigure(service);
                }
            }
        });
    }

    /// Reads bars and uptimes from the store: at start, and then each minute, so that they
    /// move on with the clock.
    ///
    /// # Errors
    /// Those of the store; the board stays as it was.
    pub(crate) async fn refresh(&self, reader: &Reader) -> Result<(), store::Error> {
        let now = Timestamp::now();
        let day = reader.bars_all(now - DAY, now, DAY_BARS).await?;
        let month = reader.bars_all(now - MONTH, now, MONTH_BARS).await?;
        let day_shares: BTreeMap<_, _> = reader.uptime_all(now - DAY).await?.into_iter().collect();
        let month_shares: BTreeMap<_, _> = reader.uptime_all(now - MONTH).await?.into_iter().collect();
        self.change(|tiles| {
            for (name, bars) in day {
                let Some(tile) = tiles.get_mut(&name) else { continue };
                let tile = Arc::make_mut(tile);
                tile.day = bars;
                tile.uptime_day = day_shares.get(&name).copied();
                tile.uptime_month = month_shares.get(&name).copied();
            }
            for (name, bars) in month {
                if let Some(tile) = tiles.get_mut(&name) {
                    Arc::make_mut(tile).month = bars;
                }
            }
        });
        Ok(())
    }

    fn update(&self, name: &ServiceName, act: impl FnOnce(&mut Tile)) {
        self.change(|tiles| {
            if let Some(tile) = tiles.get_mut(name) {
                act(Arc::make_mut(tile));
            }
        });
    }

    fn change(&self, act: impl FnOnce(&mut Tiles)) {
        let _only_one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tiles = Tiles::clone(&self.tiles.load());
        act(&mut tiles);
        self.tiles.store(Arc::new(tiles));
    }
}

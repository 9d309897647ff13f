//! The stand-ins of one household, wired as the real ones would be.
//!
//!     [Seerr] --- what has arrived ---> [Plex] --- rating keys ---> [Seerr]
//!     [TMDB] tells the same titles; [Uptime Kuma] watches all of it
//!
//! This is what `medianest demo` lives among, and what tests of whole journeys start.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::uptime_kuma::Status;
use crate::{Plex, Seerr, Tmdb, UptimeKuma, World, plex, seerr, uptime_kuma};

/// How the household starts.
#[derive(Clone, Default)]
pub struct Options {
    pub plex: plex::Options,
    /// `on_arrival` and `rating_keys` are filled in.
    pub seerr: seerr::Options,
    pub uptime_kuma: uptime_kuma::Options,
}

/// Running stand-ins; they end when this is dropped.
pub struct Household {
    pub world: World,
    pub plex: Plex,
    pub seerr: Seerr,
    pub tmdb: Tmdb,
    pub uptime_kuma: Arc<UptimeKuma>,
    living: JoinSet<()>,
}

impl Household {
    /// Starts all of them, each on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(options: Options) -> io::Result<Self> {
        let world = World::new();
        let plex = Plex::start(&world, options.plex).await?;
        let (shelf, keys) = (plex.shelf(), plex.shelf());
        let seerr = seerr::Options {
            on_arrival: Some(Arc::new(move |is_movie, tmdb, seasons: &[i64]| {
                if is_movie {
                    shelf.movie_arrives(tmdb);
                }
                for season in seasons {
                    shelf.season_arrives(tmdb, *season);
                }
            })),
            rating_keys: Some(Arc::new(move |is_movie, tmdb| {
                keys.rating_key(is_movie, tmdb).map(|key| key.to_string())
            })),
            ..options.seerr
        };
        Ok(Self {
            seerr: Seerr::start(&world, seerr).await?,
            tmdb: Tmdb::start(&world).await?,
            uptime_kuma: Arc::new(UptimeKuma::start(options.uptime_kuma).await?),
            plex,
            world,
            living: JoinSet::new(),
        })
    }

    /// From now on something happens by itself: a monitor goes down and comes back.
    pub fn liven(&mut self) {
        self.living.spawn(come_and_go(self.uptime_kuma.clone()));
    }

    /// Where everything is and what opens it, for whoever configures a portal.
    pub fn addresses(&self) -> Value {
        json!({
            "plex": {
                "tv_url": self.plex.tv_url, "auth_url": self.plex.auth_url,
                "server_url": self.plex.server_url, "machine_id": self.plex.machine_id,
                "owner_token": self.plex.owner_token,
            },
            "seerr": { "url": self.seerr.url(), "api_key": self.seerr.api_key() },
            "tmdb": {
                "url": self.tmdb.url(), "image_url": self.tmdb.image_url(),
                "api_key": self.tmdb.api_key(), "token": self.tmdb.token(),
            },
            "uptime_kuma": {
                "url": self.uptime_kuma.url(), "api_key": self.uptime_kuma.api_key(),
                "slug": self.uptime_kuma.slug(),
            },
        })
    }
}

const GOOD: Duration = Duration::from_secs(70);
const BAD: Duration = Duration::from_secs(25);
const RETRY: Duration = Duration::from_secs(5);

/// The monitor of the house's automation is restless: pending, down, and up again.
async fn come_and_go(kuma: Arc<UptimeKuma>) {
    let restless = kuma.id("Home Assistant");
    loop {
        tokio::time::sleep(GOOD).await;
        kuma.set(restless, Status::Pending, "timeout of 16000ms exceeded").await;
        tokio::time::sleep(RETRY).await;
        kuma.set(restless, Status::Down, "timeout of 16000ms exceeded").await;
        tokio::time::sleep(BAD).await;
        kuma.set(restless, Status::Up, "200 - OK").await;
    }
}

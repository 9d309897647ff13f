//! plex.tv and a Plex Media Server, as `contracts` found them, quirks included.
//!
//!     POST /api/v2/pins          /auth, /link                 drop a file
//!            |                        |                            |
//!      [plex.tv]  <--- claims --- [somebody]                [the folder]
//!            |                                                     | GET /library/sections/3/refresh
//!            +--- account token                                    v
//!                     |  resources: the server's own token   [media server] --- frames ---> /:/websockets
//!                     +--------------------------------------------^
//!
//! Two servers on free ports: one is plex.tv, clients.plex.tv and the sign-in page, the other is the
//! media server. Both tell the story of one [`World`]; what is invented there is in the libraries
//! `1` (films) and `2` (shows), and library `3` ("Other Videos", no agent) scans a real folder.
//!
//! Kept in memory: tokens, PINs, collections, what was watched, edits. A new start has the world anew.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

mod accounts;
mod clip;
mod errands;
mod handle;
mod library;
mod live;
mod pms;
mod stage;
mod tree;
mod tv;

pub use handle::Shelf;

use crate::faults::Faults;
use crate::hits::Hits;
use crate::server::Server;
use crate::world::World;
use stage::{Addresses, Stage};

/// How this Plex is.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of the library "Videos". `None`: the library is empty and stays so.
    pub videos: Option<PathBuf>,
    /// What the media server calls that folder, as if it ran in a container. `None`: by its real path.
    pub videos_as: Option<String>,
    /// How long a scan takes.
    pub scan: Duration,
    /// The last state of a new video's timeline. Without an agent some servers end at 1, not at 5.
    pub last_state: i64,
    /// How long a PIN is good. `None`: 15 minutes for a short one, 30 for a strong one.
    pub pin_lifetime: Option<Duration>,
    /// How many polls per second one client may make for its PINs together; six come free.
    pub polls_per_second: f64,
    /// No page of a list is longer, whatever size was asked for.
    pub page_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            videos: None,
            videos_as: None,
            scan: Duration::from_millis(200),
            last_state: 5,
            pin_lifetime: None,
            polls_per_second: 2.0,
            page_limit: 1000,
        }
    }
}

/// A running Plex; it ends when this is dropped.
pub struct Plex {
    /// For plex.tv and clients.plex.tv: `http://127.0.0.1:1234`.
    pub tv_url: String,
    /// The sign-in page.
    pub auth_url: String,
    /// The media server.
    pub server_url: String,
    pub machine_id: String,
    /// Opens plex.tv and the media server, with all rights.
    pub owner_token: String,
    /// What goes wrong at plex.tv.
    pub tv_faults: Faults,
    /// What goes wrong at the media server.
    pub server_faults: Faults,
    /// What plex.tv was asked.
    pub tv_hits: Hits,
    /// What the media server was asked.
    pub server_hits: Hits,
    shelf: Shelf,
    _servers: [Server; 2],
    _errands: JoinSet<()>,
}

impl Plex {
    /// Starts both servers on free ports of 127.0.0.1. What is in the folder of videos is found at once.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(world: &World, options: Options) -> io::Result<Self> {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (errands, inbox) = mpsc::unbounded_channel();
        let stage = Arc::new(Stage::new(world.clone(), options, errands));
        let (tv_faults, server_faults) = (Faults::default(), Faults::default());
        let (tv_hits, server_hits) = (Hits::default(), Hits::default());
        let tv = Server::start(loopback, tv_hits.counted(tv_faults.guard(tv::handler(&stage)))).await?;
        let guarded = server_faults.guard(pms::handler(&stage));
        let pms = Server::start(loopback, server_hits.counted(guarded)).await?;
        let addresses = Addresses { tv: tv.addr, pms: pms.addr };
        stage.open(addresses);
        let mut runner = JoinSet::new();
        runner.spawn(errands::run(stage.clone(), inbox));
        let tv_url = addresses.tv_url();
        Ok(Self {
            auth_url: format!("{tv_url}/auth"),
            tv_url,
            server_url: addresses.pms_url(),
            machine_id: world.machine_id.to_owned(),
            owner_token: world.owner().account_token.to_owned(),
            tv_faults,
            server_faults,
            tv_hits,
            server_hits,
            shelf: Shelf::new(stage),
            _servers: [tv, pms],
            _errands: runner,
        })
    }

    /// What other stand-ins and tests may do behind the scenes; cheap to clone, and safe to keep.
    pub fn shelf(&self) -> Shelf {
        self.shelf.clone()
    }
}

impl std::ops::Deref for Plex {
    type Target = Shelf;
    fn deref(&self) -> &Shelf {
        &self.shelf
    }
}

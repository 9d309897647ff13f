//! What pages show of downloads without asking an actor or the store: live progress, places in
//! the line, slots and the disk.
//!
//! Written by the download actors, read by anybody. Nothing in it is the truth: a restart
//! empties it and the actors fill it again within seconds.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::DownloadId;
use domain::download::Progress;

use crate::downloads::disk::Space;

/// A job that runs here, as of its last sign of life.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Live {
    pub progress: Progress,
    /// What happens after the bytes have arrived, such as "merging".
    pub step: Option<&'static str>,
}

/// Where a waiting job is in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub position: u32,
    /// A guess from how long jobs took lately; absent until one has finished.
    pub starts_in: Option<Duration>,
}

/// How many jobs run here, of how many that may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slots {
    pub used: u32,
    /// 0 means no limit.
    pub total: u32,
}

/// Room on the disk of the downloads folder, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Room {
    pub space: Space,
    /// What stays free: below it downloads wait.
    pub reserve: u64,
}

impl Room {
    pub fn is_full(&self) -> bool {
        self.space.free < self.reserve
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct DownloadBoard(Mutex<Facts>);

#[derive(Debug, Default)]
struct Facts {
    live: HashMap<DownloadId, Live>,
    line: HashMap<DownloadId, Place>,
    slots: Slots,
    room: Option<Room>,
}

impl DownloadBoard {
    /// The progress of a job that runs here; for any other the row has what was last known.
    pub fn live(&self, id: DownloadId) -> Option<Live> {
        self.facts().live.get(&id).copied()
    }

    pub fn place(&self, id: DownloadId) -> Option<Place> {
        self.facts().line.get(&id).copied()
    }

    pub fn slots(&self) -> Slots {
        self.facts().slots
    }

    /// Absent until it was first measured, or when it can't be.
    pub fn room(&self) -> Option<Room> {
        self.facts().room
    }

    pub(crate) fn show(&self, id: DownloadId, live: Live) {
        self.facts().live.insert(id, live);
    }

    pub(crate) fn forget(&self, id: DownloadId) {
        self.facts().live.remove(&id);
    }

    pub(crate) fn set_line(&self, line: HashMap<DownloadId, Place>, slots: Slots) {
        let mut facts = self.facts();
        facts.line = line;
        facts.slots = slots;
    }

    pub(crate) fn set_room(&self, room: Option<Room>) {
        self.facts().room = room;
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

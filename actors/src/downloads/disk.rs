//! How much room is left where downloads go, and how much of it we leave alone.

use std::io;
use std::path::{Path, PathBuf};

const GIB: u64 = 1 << 30;

/// Room on the file system of the downloads folder, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Space {
    /// What an ordinary user may still write.
    pub free: u64,
    pub total: u64,
}

/// Where the room is read; tests hand in a disk that fills up when they say so.
pub type Meter = std::sync::Arc<dyn Fn() -> io::Result<Space> + Send + Sync>;

/// Decides whether a download may write; the disk is never filled to the last byte, because
/// the database usually lives on it too.
#[derive(Clone)]
pub struct DiskGuard {
    meter: Meter,
    reserve: Option<u64>,
}

impl DiskGuard {
    /// Guards the file system of `folder`. Without `reserve` (bytes) it keeps 1 GiB free, or
    /// 5 % of a disk smaller than 20 GiB.
    pub fn new(folder: &Path, reserve: Option<u64>) -> Self {
        let folder = folder.to_owned();
        Self { meter: std::sync::Arc::new(move || measure(&folder)), reserve }
    }

    pub fn with_meter(meter: Meter, reserve: Option<u64>) -> Self {
        Self { meter, reserve }
    }

    pub fn space(&self) -> io::Result<Space> {
        (self.meter)()
    }

    /// Bytes that stay free on a disk of `total` bytes.
    pub fn reserve(&self, total: u64) -> u64 {
        self.reserve.unwrap_or_else(|| GIB.min(total / 20))
    }

    /// Whether a running download must stop. A disk that can't be measured doesn't stop one:
    /// the write itself will say what is wrong.
    pub fn is_full(&self) -> bool {
        self.space().is_ok_and(|space| space.free < self.reserve(space.total))
    }

    /// Whether a download that waits for room may go on: a tenth above the reserve, so that it
    /// does not stop again at once.
    pub fn has_room_again(&self) -> bool {
        self.space().map_or(true, |space| {
            let reserve = self.reserve(space.total);
            space.free >= reserve + reserve / 10
        })
    }
}

fn measure(folder: &PathBuf) -> io::Result<Space> {
    let numbers = rustix::fs::statvfs(folder)?;
    Ok(Space { free: numbers.f_bavail * numbers.f_frsize, total: numbers.f_blocks * numbers.f_frsize })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(free: u64, total: u64, reserve: Option<u64>) -> DiskGuard {
        DiskGuard::with_meter(std::sync::Arc::new(move || Ok(Space { free, total })), reserve)
    }

    #[test]
    fn a_gibibyte_or_a_twentieth_of_the_disk_stays_free() {
        assert_eq!(guard(0, 0, None).reserve(1000 * GIB), GIB);
        assert_eq!(guard(0, 0, None).reserve(10 * GIB), GIB / 2);
        assert_eq!(guard(0, 0, Some(7)).reserve(1000 * GIB), 7);
    }

    #[test]
    fn a_download_stops_below_the_reserve_and_goes_on_only_clearly_above_it() {
        for (free, full, room_again) in
            [(99, true, false), (100, false, false), (109, false, false), (110, false, true)]
        {
            let guard = guard(free, 10_000, Some(100));
            assert_eq!((guard.is_full(), guard.has_room_again()), (full, room_again), "{free} bytes free");
        }
    }

    #[test]
    fn the_room_of_a_real_folder_is_known() {
        let folder = tempfile::tempdir().unwrap();

        let space = DiskGuard::new(folder.path(), None).space().unwrap();

        assert!(space.total > 0 && space.free <= space.total, "{space:?}");
    }
}

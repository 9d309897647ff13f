//! Notices that a job stands still: neither a word nor a byte (trust row 71).
//!
//! ffmpeg says nothing while it records, merges or converts, so words alone are not enough: a
//! file that grows in the folder of the job counts as well.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

pub(super) struct Silence {
    folder: PathBuf,
    limit: Duration,
    since: Instant,
    looked_at: Instant,
    bytes: u64,
}

/// Looks at the folder are no closer together.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);

impl Silence {
    pub fn new(folder: PathBuf, limit: Duration) -> Self {
        let now = Instant::now();
        Self { folder, limit, since: now, looked_at: now, bytes: 0 }
    }

    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Something was said.
    pub fn broken(&mut self) {
        self.since = Instant::now();
    }

    /// Whether it has lasted for too long. Looks at the folder now and then.
    pub fn is_too_long(&mut self) -> bool {
        let now = Instant::now();
        let is_quiet = now - self.since >= self.limit / 4;
        if is_quiet && now - self.looked_at >= BETWEEN_LOOKS.min(self.limit / 4) {
            self.looked_at = now;
            let bytes = bytes_below(&self.folder);
            if bytes != self.bytes {
                self.bytes = bytes;
                self.since = now;
            }
        }
        now - self.since >= self.limit
    }
}

/// Bytes in the folder and the folders in it.
fn bytes_below(folder: &Path) -> u64 {
    let bytes_in = |folder: &Path| -> (u64, Vec<PathBuf>) {
        let (mut bytes, mut folders) = (0, Vec::new());
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(data) if data.is_dir() => folders.push(entry.path()),
                Ok(data) => bytes += data.len(),
                Err(_) => {}
            }
        }
        (bytes, folders)
    };
    let (bytes, folders) = bytes_in(folder);
    bytes + folders.iter().map(|folder| bytes_in(folder).0).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(120);

    async fn wait(silence: &mut Silence, time: Duration) -> bool {
        let until = Instant::now() + time;
        while Instant::now() < until {
            tokio::time::advance(Duration::from_millis(250)).await;
            if silence.is_too_long() {
                return true;
            }
        }
        false
    }

    #[tokio::test(start_paused = true)]
    async fn it_lasts_two_minutes_from_the_last_word() {
        let folder = tempfile::tempdir().unwrap();
        let mut silence = Silence::new(folder.path().to_owned(), LIMIT);

        assert!(!wait(&mut silence, Duration::from_secs(100)).await);
        silence.broken();
        assert!(!wait(&mut silence, Duration::from_secs(119)).await);
        assert!(wait(&mut silence, Duration::from_secs(2)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_grows_is_a_sign_of_life() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("parts")).unwrap();
        let mut silence = Silence::new(folder.path().to_owned(), LIMIT);

        for bytes in 1..5 {
            std::fs::write(folder.path().join("parts/film.part"), vec![0; bytes]).unwrap();
            assert!(!wait(&mut silence, Duration::from_secs(100)).await);
        }

        assert!(wait(&mut silence, LIMIT + Duration::from_secs(10)).await);
    }
}

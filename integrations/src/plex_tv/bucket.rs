//! How often plex.tv may be asked, by everybody together.

use std::sync::{Mutex as Lock, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

/// Calls that may be made at once after a quiet time.
const SIZE: f64 = 12.0;

/// Of these, how many are kept for calls that a person waits for.
const RESERVE: f64 = 6.0;

/// plex.tv answered 429 to two calls a second over some time; this is slower.
const EVERY: Duration = Duration::from_millis(700);

/// A token bucket. Whoever nobody waits for stands in line, so that none of them starves.
pub(super) struct Bucket {
    tokens: Lock<(f64, Instant)>,
    line: Mutex<()>,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { tokens: Lock::new((SIZE, Instant::now())), line: Mutex::default() }
    }
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bucket")
    }
}

impl Bucket {
    /// Waits until one more call may be made.
    pub(super) async fn take(&self, is_patient: bool) {
        let floor = if is_patient { RESERVE } else { 0.0 };
        let _turn = if is_patient { Some(self.line.lock().await) } else { None };
        while let Err(wait) = self.try_take(floor) {
            sleep(wait).await;
        }
    }

    fn try_take(&self, floor: f64) -> Result<(), Duration> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (left, at) = *tokens;
        let grown = (now - at).as_secs_f64() / EVERY.as_secs_f64();
        let left = (left + grown).min(SIZE);
        if left - 1.0 >= floor {
            *tokens = (left - 1.0, now);
            return Ok(());
        }
        *tokens = (left, now);
        let missing = floor + 1.0 - left;
        Err(EVERY.mul_f64(missing).max(Duration::from_millis(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_in_person_is_served_before_those_who_poll() {
        let bucket = Bucket::default();
        for _ in 0..6 {
            bucket.take(true).await;
        }

        let began = Instant::now();
        for _ in 0..6 {
            bucket.take(false).await;
        }
        assert_eq!(began.elapsed(), Duration::ZERO, "the reserve is there");
        bucket.take(true).await;
        assert!(began.elapsed() >= EVERY * 6, "pollers wait until the reserve is full again");
    }

    #[tokio::test(start_paused = true)]
    async fn no_poller_starves_beside_another() {
        let bucket = std::sync::Arc::new(Bucket::default());
        let counts = std::sync::Arc::new(Lock::new([0_u32; 3]));
        let mut tasks = tokio::task::JoinSet::new();
        for poller in 0..3 {
            let (bucket, counts) = (bucket.clone(), counts.clone());
            tasks.spawn(async move {
                loop {
                    bucket.take(true).await;
                    counts.lock().unwrap()[poller] += 1;
                    sleep(Duration::from_secs(1)).await;
                }
            });
        }

        sleep(Duration::from_secs(70)).await;

        let counts = *counts.lock().unwrap();
        let all: u32 = counts.iter().sum();
        assert!((90..=110).contains(&all), "{counts:?}");
        assert!(counts.iter().all(|count| (30..=38).contains(count)), "{counts:?}");
    }
}

//! What happened in the last ten seconds, in ten buckets that need no timer.

use std::time::Duration;

const BUCKETS: usize = 10;

/// Counts of calls and failures by second. A bucket is reused when its second comes round.
#[derive(Debug, Default)]
pub(super) struct Window([Bucket; BUCKETS]);

#[derive(Debug, Default, Clone, Copy)]
struct Bucket {
    second: u64,
    calls: u32,
    failures: u32,
}

impl Window {
    pub(super) fn add(&mut self, now: Duration, failed: bool) {
        let second = now.as_secs();
        let bucket = &mut self.0[(second % BUCKETS as u64) as usize];
        if bucket.second != second {
            *bucket = Bucket { second, ..Bucket::default() };
        }
        bucket.calls += 1;
        bucket.failures += u32::from(failed);
    }

    /// Calls and failures of this second and the nine before it.
    pub(super) fn sum(&self, now: Duration) -> (u32, u32) {
        let second = now.as_secs();
        self.0
            .iter()
            .filter(|bucket| bucket.second <= second && second - bucket.second < BUCKETS as u64)
            .fold((0, 0), |(calls, failures), bucket| (calls + bucket.calls, failures + bucket.failures))
    }
}

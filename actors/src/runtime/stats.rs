//! Timings per kind of message, in fixed buckets.

use std::time::Duration;

use super::MessageStats;

/// Two buckets per octave from 1 µs to about 1 s; the last one takes the rest.
const BUCKETS: usize = 40;

/// How often a duration of a certain size was seen.
#[derive(Debug, Clone)]
struct Histogram {
    counts: [u32; BUCKETS],
    max_us: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], max_us: 0 }
    }
}

impl Histogram {
    fn record(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.max_us = self.max_us.max(micros);
        let count = &mut self.counts[bucket(micros)];
        *count = count.saturating_add(1);
    }

    /// The upper edge, in µs, of the bucket in which `share` of all values is reached.
    fn quantile(&self, share: f64) -> u64 {
        let total: u64 = self.counts.iter().map(|count| u64::from(*count)).sum();
        let wanted = (total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= wanted.max(1) {
                return upper_edge(index).min(self.max_us);
            }
        }
        0
    }
}

fn bucket(micros: u64) -> usize {
    let micros = micros.max(1);
    let octave = micros.ilog2() as usize;
    let upper_half = octave > 0 && micros & (1 << (octave - 1)) != 0;
    (octave * 2 + usize::from(upper_half)).min(BUCKETS - 1)
}

fn upper_edge(bucket: usize) -> u64 {
    if bucket == BUCKETS - 1 {
        return u64::MAX;
    }
    let start = 1_u64 << (bucket / 2);
    if bucket.is_multiple_of(2) { start + start / 2 } else { start * 2 }
}

/// What is known of one kind of message in one actor.
#[derive(Debug, Clone)]
struct KindStats {
    kind: &'static str,
    count: u64,
    errors: u64,
    handling: Histogram,
    waiting: Histogram,
}

/// What is known of all kinds of messages in one actor; takes no room until the first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stats(Vec<KindStats>);

impl Stats {
    pub(crate) fn record(&mut self, kind: &'static str, waited: Duration, took: Duration, failed: bool) {
        let stats = self.of(kind);
        stats.count += 1;
        stats.errors += u64::from(failed);
        stats.handling.record(took);
        stats.waiting.record(waited);
    }

    fn of(&mut self, kind: &'static str) -> &mut KindStats {
        let known = self.0.iter().position(|stats| stats.kind == kind);
        let index = known.unwrap_or_else(|| {
            self.0.push(KindStats {
                kind,
                count: 0,
                errors: 0,
                handling: Histogram::default(),
                waiting: Histogram::default(),
            });
            self.0.len() - 1
        });
        &mut self.0[index]
    }

    pub(crate) fn table(&self) -> Vec<MessageStats> {
        self.0
            .iter()
            .map(|stats| MessageStats {
                kind: stats.kind,
                count: stats.count,
                errors: stats.errors,
                p50_us: stats.handling.quantile(0.50),
                p95_us: stats.handling.quantile(0.95),
                max_us: stats.handling.max_us,
                wait_p95_us: stats.waiting.quantile(0.95),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_lies_within_its_bucket() {
        for micros in [0, 1, 2, 3, 4, 5, 6, 7, 8, 1_000, 65_535, 400_000, 900_000] {
            let index = bucket(micros);

            assert!(micros <= upper_edge(index), "{micros} µs is above bucket {index}");
            assert!(
                index == 0 || micros.max(1) >= upper_edge(index - 1),
                "{micros} µs is below bucket {index}"
            );
        }
    }

    #[test]
    fn quantiles_come_from_the_buckets_and_the_maximum_is_exact() {
        let mut stats = Stats::default();

        for micros in 1..=100 {
            stats.record("Probe", Duration::from_micros(5), Duration::from_micros(micros), false);
        }
        stats.record("Probe", Duration::from_micros(5), Duration::from_secs(70), true);

        let table = stats.table();
        assert_eq!((table[0].kind, table[0].count, table[0].errors), ("Probe", 101, 1));
        assert!((48..=64).contains(&table[0].p50_us), "p50 is {}", table[0].p50_us);
        assert!((95..=128).contains(&table[0].p95_us), "p95 is {}", table[0].p95_us);
        assert_eq!(table[0].max_us, 70_000_000);
        assert_eq!(table[0].wait_p95_us, 5);
    }
}

//! How far one item is, when it comes as several streams.
//!
//! DASH and HLS come as pictures and sound, each going from 0 to 100 % (contracts/yt-dlp.md A1).
//! The streams are weighed by their sizes, where these are known, so that the item as a whole
//! goes from 0 to 100 once. The size of a stream in fragments is a wild guess for its first two
//! fragments; until then nothing is said.

use std::collections::BTreeMap;

/// A stream as the start of an item announced it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stream {
    pub id: String,
    /// Bytes, perhaps estimated by the site.
    pub bytes: Option<u64>,
}

/// One `progress` line.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tick {
    pub stream: String,
    pub bytes: u64,
    pub total: Option<u64>,
    pub estimate: Option<u64>,
    /// Index and count of fragments.
    pub fragment: Option<(u64, u64)>,
    pub is_finished: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reading {
    /// 0 to 1 of the item.
    pub fraction: Option<f32>,
    pub bytes: u64,
    pub total: Option<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Meter {
    streams: Vec<Stream>,
    finished: BTreeMap<String, u64>,
    highest: f32,
}

/// Fragments after which the guess of the whole is good.
const ENOUGH_FRAGMENTS: u64 = 2;

impl Meter {
    pub fn new(streams: Vec<Stream>) -> Self {
        Self { streams, finished: BTreeMap::new(), highest: 0.0 }
    }

    /// Takes the line in. The fraction never goes back.
    pub fn tick(&mut self, tick: &Tick) -> Reading {
        let current = self.fraction_of_stream(tick);
        let others: u64 =
            self.finished.iter().filter(|(id, _)| **id != tick.stream).map(|(_, bytes)| bytes).sum();
        let reading = Reading {
            fraction: self.fraction_of_item(tick, current),
            bytes: others + tick.bytes,
            total: self.total(tick, others),
        };
        if tick.is_finished {
            self.finished.insert(tick.stream.clone(), tick.bytes);
        }
        reading
    }

    fn fraction_of_stream(&self, tick: &Tick) -> Option<f32> {
        if tick.is_finished {
            return Some(1.0);
        }
        if let Some((index, count)) = tick.fragment {
            let is_known = index >= ENOUGH_FRAGMENTS && count > 0;
            return is_known.then(|| ratio(index, count));
        }
        let total = tick.total.or(tick.estimate).filter(|total| *total > 0)?;
        Some(ratio(tick.bytes, total))
    }

    fn fraction_of_item(&mut self, tick: &Tick, current: Option<f32>) -> Option<f32> {
        let before: f32 = self
            .streams
            .iter()
            .filter(|stream| stream.id != tick.stream && self.finished.contains_key(&stream.id))
            .map(|stream| self.share(&stream.id))
            .sum();
        if current.is_none() && before == 0.0 {
            return None;
        }
        let now = before + self.share(&tick.stream) * current.unwrap_or(0.0);
        self.highest = self.highest.max(now.min(1.0));
        Some(self.highest)
    }

    /// What part of the item a stream is: by size, or by custom (pictures come first and are the
    /// most).
    fn share(&self, id: &str) -> f32 {
        let Some(place) = self.streams.iter().position(|stream| stream.id == id) else { return 1.0 };
        let sizes: Option<Vec<u64>> = self.streams.iter().map(|stream| stream.bytes).collect();
        match sizes {
            Some(sizes) if sizes.iter().sum::<u64>() > 0 => ratio(sizes[place], sizes.iter().sum()),
            _ if self.streams.len() == 2 => [0.88, 0.12][place],
            _ => 1.0 / self.streams.len() as f32,
        }
    }

    fn total(&self, tick: &Tick, others: u64) -> Option<u64> {
        let is_good_guess = tick.fragment.is_none_or(|(index, _)| index >= ENOUGH_FRAGMENTS);
        let current = tick.total.or(tick.estimate.filter(|_| is_good_guess))?;
        let to_come: Option<u64> = self
            .streams
            .iter()
            .filter(|stream| stream.id != tick.stream && !self.finished.contains_key(&stream.id))
            .map(|stream| stream.bytes)
            .sum();
        Some(others + current + to_come?)
    }
}

fn ratio(part: u64, whole: u64) -> f32 {
    (part as f64 / whole as f64).min(1.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(id: &str, bytes: Option<u64>) -> Stream {
        Stream { id: id.to_owned(), bytes }
    }

    fn tick(stream: &str, bytes: u64) -> Tick {
        Tick { stream: stream.to_owned(), bytes, ..Tick::default() }
    }

    #[test]
    fn a_plain_file_is_measured_by_its_bytes() {
        let mut meter = Meter::new(vec![stream("mp4", None)]);

        let reading = meter.tick(&Tick { total: Some(1000), ..tick("mp4", 250) });

        assert_eq!(reading, Reading { fraction: Some(0.25), bytes: 250, total: Some(1000) });
    }

    #[test]
    fn nothing_is_said_while_the_size_is_a_guess() {
        let mut meter = Meter::new(vec![stream("0", None), stream("3", None)]);

        let first = meter.tick(&Tick { estimate: Some(13_232), fragment: Some((0, 16)), ..tick("0", 827) });
        let later =
            meter.tick(&Tick { estimate: Some(5_787_792), fragment: Some((4, 16)), ..tick("0", 1_909_302) });

        assert_eq!((first.fraction, first.total), (None, None));
        assert_eq!(later.fraction, Some(0.88 * 0.25));
    }

    #[test]
    fn two_streams_fill_one_bar_by_their_sizes() {
        let mut meter = Meter::new(vec![stream("0", Some(900)), stream("3", Some(100))]);

        let video = meter.tick(&Tick { total: Some(900), is_finished: true, ..tick("0", 900) });
        let audio = meter.tick(&Tick { total: Some(100), ..tick("3", 50) });

        assert_eq!(video, Reading { fraction: Some(0.9), bytes: 900, total: Some(1000) });
        assert_eq!((audio.bytes, audio.total), (950, Some(1000)));
        assert!((audio.fraction.unwrap() - 0.95).abs() < 0.001);
    }

    #[test]
    fn the_bar_never_goes_back() {
        let mut meter = Meter::new(vec![stream("x", None)]);

        let high = meter.tick(&Tick { estimate: Some(100), ..tick("x", 50) });
        let low = meter.tick(&Tick { estimate: Some(1000), ..tick("x", 60) });

        assert_eq!(high.fraction, Some(0.5));
        assert_eq!(low.fraction, Some(0.5));
    }
}

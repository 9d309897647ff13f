//! Where a waiting job is in the line, and when it will probably start.

use std::collections::HashMap;
use std::time::Duration;

use domain::DownloadId;

use crate::download_board::Place;

/// How long jobs took lately, as a moving average.
#[derive(Debug, Default)]
pub(super) struct Pace(Option<Duration>);

impl Pace {
    pub(super) fn took(&mut self, duration: Duration) {
        self.0 = Some(self.0.map_or(duration, |mean| (mean * 3 + duration) / 4));
    }

    /// The places of `order` while `slots` jobs run at a time; 0 means no limit.
    pub(super) fn places(&self, order: &[DownloadId], slots: u32) -> HashMap<DownloadId, Place> {
        let place = |index: usize| {
            let rounds = (index as u32 / slots.max(1)) + 1;
            Place { position: index as u32 + 1, starts_in: self.0.map(|mean| mean * rounds) }
        };
        order.iter().enumerate().map(|(index, id)| (*id, place(index))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one_and_guess_a_start_once_a_job_has_ended() {
        let order: Vec<_> = (0..3).map(|_| DownloadId::generate()).collect();
        let mut pace = Pace::default();

        assert_eq!(pace.places(&order, 2)[&order[2]], Place { position: 3, starts_in: None });
        pace.took(Duration::from_secs(60));
        let places = pace.places(&order, 2);
        assert_eq!(places[&order[0]].starts_in, Some(Duration::from_secs(60)));
        assert_eq!(places[&order[2]].starts_in, Some(Duration::from_secs(120)));
    }
}

//! What leaves the ledger: news for the store, and what is shown.

use std::collections::BTreeSet;

use domain::Timestamp;
use integrations::uptime_kuma::{Beat, StatusPage};

use super::{Ledger, Watch};
use crate::kuma_feed::beats::merge_day;
use crate::monitor_board as board;

/// Turns that wait for the store at most.
const WAITING: usize = 5000;

impl Ledger {
    /// What the store should be told; it is ours again with [`Ledger::give_back`].
    pub(in crate::kuma_feed) fn take_news(&mut self) -> store::MonitorNews {
        let seen = std::mem::take(&mut self.changed);
        store::MonitorNews {
            seen: seen.iter().filter_map(|key| Some(self.watches.get(key)?.known.clone())).collect(),
            gone: std::mem::take(&mut self.gone).into_iter().collect(),
            changes: std::mem::take(&mut self.changes),
            sums: std::mem::take(&mut self.sums).into_values().collect(),
        }
    }

    /// The store was away.
    pub(in crate::kuma_feed) fn give_back(&mut self, news: store::MonitorNews) {
        self.changed.extend(news.seen.into_iter().map(|known| known.key));
        self.gone.extend(news.gone);
        self.changes.splice(0..0, news.changes);
        self.changes.truncate(WAITING);
        for old in news.sums {
            match self.sums.get_mut(&old.key) {
                Some(sums) => {
                    sums.at = old.at;
                    sums.up += old.up;
                    sums.pending += old.pending;
                    sums.down += old.down;
                    sums.maintenance += old.maintenance;
                    sums.ping_sum_ms += old.ping_sum_ms;
                    sums.ping_count += old.ping_count;
                }
                None => drop(self.sums.insert(old.key.clone(), old)),
            }
        }
    }

    /// Every key, for what the store should be asked.
    pub(in crate::kuma_feed) fn len(&self) -> usize {
        self.watches.len()
    }

    /// The groups of the page, or all in one; then what is on no page; incidents; planned work.
    pub(in crate::kuma_feed) fn groups(&self) -> (Vec<board::Group>, Vec<board::Monitor>) {
        let Some((page, beats)) = &self.page else {
            let monitors = self.watches.values().map(|watch| self.show(watch, &[])).collect();
            return (vec![board::Group { name: None, monitors }], Vec::new());
        };
        let mut listed = BTreeSet::new();
        let mut groups = Vec::new();
        for group in &page.groups {
            let mut monitors = Vec::new();
            for monitor in &group.monitors {
                let key = self.key_of(monitor.id, Some(&monitor.name));
                let list = beats.beats.get(&monitor.id).map(Vec::as_slice).unwrap_or_default();
                monitors.extend(self.watches.get(&key).map(|watch| self.show(watch, list)));
                listed.insert(key);
            }
            let name = Some(group.name.clone()).filter(|name| !name.is_empty());
            groups.push(board::Group { name, monitors });
        }
        let unlisted = self.watches.iter().filter(|(key, _)| !listed.contains(*key));
        (groups, unlisted.map(|(_, watch)| self.show(watch, &[])).collect())
    }

    pub(in crate::kuma_feed) fn page(&self) -> Option<&StatusPage> {
        self.page.as_ref().map(|(page, _)| page)
    }

    fn show(&self, watch: &Watch, beats: &[Beat]) -> board::Monitor {
        let key = &watch.known.key;
        let own = self.memory.bars.get(key).cloned().unwrap_or_default();
        board::Monitor {
            known: watch.known.clone(),
            is_stale: watch.is_stale,
            ping_ms: watch.ping_ms,
            uptime_day: watch.uptime_day.or(self.memory.uptime_day.get(key).copied()),
            uptime_month: watch.uptime_month.or(self.memory.uptime_month.get(key).copied()),
            cert_days: watch.cert_days,
            day: merge_day(own, beats, Timestamp::now()),
        }
    }
}

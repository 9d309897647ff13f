//! Sections that changed and are not quiet yet.

use std::collections::BTreeMap;
use std::time::Duration;

use integrations::plex::SectionId;
use tokio::time::Instant;

/// No change for this long: a section is quiet.
const QUIET: Duration = Duration::from_secs(5);

/// A section that does not become quiet is announced all the same after this.
const LONGEST: Duration = Duration::from_secs(10);

/// Sections; absent stands for all of them.
#[derive(Debug, Default)]
pub(super) struct Changes(BTreeMap<Option<SectionId>, Restless>);

#[derive(Debug)]
struct Restless {
    first: Instant,
    latest: Instant,
}

impl Restless {
    fn due(&self) -> Instant {
        (self.latest + QUIET).min(self.first + LONGEST)
    }
}

impl Changes {
    pub fn note(&mut self, section: Option<SectionId>, now: Instant) {
        let entry = self.0.entry(section).or_insert(Restless { first: now, latest: now });
        entry.latest = now;
    }

    /// Takes what can be announced. When all of them changed, the single ones say nothing new.
    pub fn take_quiet(&mut self, now: Instant) -> Vec<Option<SectionId>> {
        let quiet: Vec<Option<SectionId>> =
            self.0.iter().filter(|(_, restless)| restless.due() <= now).map(|(key, _)| key.clone()).collect();
        for section in &quiet {
            self.0.remove(section);
        }
        if quiet.contains(&None) { vec![None] } else { quiet }
    }

    /// When the next one may be quiet.
    pub fn next(&self) -> Option<Instant> {
        self.0.values().map(Restless::due).min()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

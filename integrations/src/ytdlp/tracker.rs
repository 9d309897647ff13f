//! Makes the story of a job out of the lines of yt-dlp.
//!
//!     stdout:  seen, start, progress…, done, playlist_done
//!     stderr:  pp…, ERROR: …                    (no order between the two)
//!
//! Keeps which items there are and what became of each. It does no input or output: a file that
//! is said to be done is handed out as a [`Claim`] and comes back as settled or not.

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::download::{Failure, Progress};

use super::blame::Blame;
use super::failure::{classify, concerns_the_whole_job, own};
use super::job::{Exit, FinishedItem, JobEvent, Limits, Step};
use super::media::is_media;
use super::meter::Meter;
use super::report::{Item, List, Report};

/// Which pipe a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pipe {
    Stdout,
    Stderr,
}

/// What follows from a line.
#[derive(Debug, PartialEq)]
pub(crate) enum Fact {
    Event(JobEvent),
    /// An item says it is done: look at its file and call [`Tracker::settle`].
    Claimed(Claim),
    /// Going on is of no use: stop yt-dlp.
    Hopeless(Failure),
}

/// A file that should be there.
#[derive(Debug, PartialEq)]
pub(crate) struct Claim {
    pub position: u32,
    id: String,
    title: Option<String>,
    pub path: PathBuf,
    duration_s: Option<u32>,
}

/// What was found of a claim: bytes and sidecars, or what is wrong.
pub(crate) type Finding = Result<(u64, Vec<(PathBuf, String)>), Failure>;

pub(crate) struct Tracker {
    limits: Limits,
    skip: Vec<u32>,
    playlist: Option<List>,
    playlist_is_over: bool,
    items: BTreeMap<Item, Entry>,
    meter: Meter,
    blame: Blame,
    errors: Vec<Failure>,
    /// Errors from before it was known whether this is a playlist, with whose they would be.
    early: Vec<(u32, Failure)>,
    /// The last line of stderr that was neither a report nor a warning.
    last_words: Option<String>,
    /// What the site says of the item at that position, which is done next.
    about: Option<(u32, String)>,
    progress: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    position: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Seen { is_live: bool },
    Started,
    Done,
    Failed,
}

impl Tracker {
    pub fn new(limits: Limits, skip: Vec<u32>) -> Self {
        Self {
            blame: Blame::new(skip.clone()),
            limits,
            skip,
            playlist: None,
            playlist_is_over: false,
            items: BTreeMap::new(),
            meter: Meter::default(),
            errors: Vec::new(),
            early: Vec::new(),
            last_words: None,
            about: None,
            progress: Progress::default(),
        }
    }

    pub fn line(&mut self, pipe: Pipe, line: &str) -> Vec<Fact> {
        match Report::parse(line) {
            Some(report) => self.report(report),
            None if pipe == Pipe::Stderr => self.words(line.trim()),
            None => Vec::new(),
        }
    }

    fn report(&mut self, report: Report) -> Vec<Fact> {
        let mut facts = Vec::new();
        match report {
            Report::Seen { item, is_live, list } => {
                if item.index.is_some() {
                    facts.extend(self.is_playlist(list));
                }
                self.entry(&item).state = State::Seen { is_live };
            }
            Report::Start { item, title, duration_s, extension, streams } => {
                self.meter = Meter::new(streams);
                let position = self.mark(&item, State::Started);
                facts.push(Fact::Event(JobEvent::ItemStarted { position, id: item.id, title, duration_s }));
                if self.playlist.is_none() && !is_media(&extension) {
                    facts.push(Fact::Hopeless(own::not_media(&extension)));
                }
            }
            Report::Progress { item, tick, speed, eta_s } => {
                let reading = self.meter.tick(&tick);
                let position = self.entry(&item).position;
                self.progress = Progress {
                    percent: self.percent(reading.fraction),
                    bytes: reading.bytes,
                    total: reading.total,
                    speed,
                    eta_s,
                    item: position,
                    items: self.wanted().max(position),
                };
                facts.push(Fact::Event(JobEvent::Progress(self.progress)));
            }
            Report::Postprocess { item, name, is_finished } => {
                // The playlist itself is postprocessed too, and has no index.
                let is_item = item.index.is_some() || self.playlist.is_none();
                if is_item && name != "Concat" {
                    let position = self.entry(&item).position;
                    self.blame.worked_on(position, is_finished && name == "MoveFiles");
                    let what = Step::of_postprocessor(&name).filter(|_| !is_finished);
                    facts.extend(what.map(|what| Fact::Event(JobEvent::Processing { position, what })));
                }
            }
            Report::About { item, description } => {
                self.about = Some((self.entry(&item).position, description));
            }
            Report::Done { item, title, path, duration_s } => {
                let position = self.entry(&item).position;
                let path = PathBuf::from(path);
                facts.push(Fact::Claimed(Claim { position, id: item.id, title, path, duration_s }));
            }
            Report::PlaylistDone(list) => {
                facts.extend(self.is_playlist(list));
                self.playlist_is_over = true;
            }
        }
        facts
    }

    /// The file of a claim was looked at.
    pub fn settle(&mut self, claim: Claim, finding: Finding) -> Vec<Fact> {
        let Claim { position, id, title, path: file, duration_s } = claim;
        let (bytes, sidecars) = match finding {
            Ok(found) => found,
            Err(failure) => return self.fail(position, failure),
        };
        self.set(position, State::Done);
        let about = self.about.take().filter(|(whose, _)| *whose == position);
        let description = about.map(|(_, description)| description);
        let item = FinishedItem { position, id, title, file, bytes, sidecars, duration_s, description };
        vec![Fact::Event(JobEvent::ItemDone(item))]
    }

    fn words(&mut self, line: &str) -> Vec<Fact> {
        if line.is_empty() || line.starts_with("WARNING:") {
            return Vec::new();
        }
        let Some(message) = line.strip_prefix("ERROR:") else {
            self.last_words = Some(line.to_owned());
            return Vec::new();
        };
        let failure = classify(message.trim());
        let position = self.blame.next();
        if self.playlist.is_none() {
            self.early.push((position, failure));
            return Vec::new();
        }
        self.blame(position, failure)
    }

    fn blame(&mut self, position: u32, failure: Failure) -> Vec<Fact> {
        if concerns_the_whole_job(&failure) {
            vec![Fact::Hopeless(failure)]
        } else {
            self.fail(position, failure)
        }
    }

    fn fail(&mut self, position: u32, failure: Failure) -> Vec<Fact> {
        self.set(position, State::Failed);
        self.errors.push(failure.clone());
        let is_playlist = self.playlist.is_some();
        let told = is_playlist.then_some(Fact::Event(JobEvent::ItemFailed { position, failure }));
        told.into_iter().collect()
    }

    /// Tells it once, and then whose errors the earlier ones were.
    fn is_playlist(&mut self, list: List) -> Vec<Fact> {
        if self.playlist.is_some() {
            return Vec::new();
        }
        let title = list.title.clone();
        self.playlist = Some(list);
        let (items, all) = (self.wanted(), self.all());
        let mut facts = vec![Fact::Event(JobEvent::Playlist { title, items, all })];
        for (position, failure) in std::mem::take(&mut self.early) {
            facts.extend(self.blame(position, failure));
        }
        facts
    }

    /// What is left to say when all lines are read. `verdict` is why we stopped it, if we did so
    /// for a reason other than a demand.
    pub fn finish(
        &mut self,
        code: Option<i32>,
        signal: Option<i32>,
        verdict: Option<Failure>,
        stopped: bool,
    ) -> Vec<JobEvent> {
        let mut events = Vec::new();
        if !stopped && verdict.is_none() && signal.is_none() && self.playlist.is_some() {
            events = self.give_up_on_the_rest();
        }
        let done = self.count(State::Done);
        let failure = if stopped { None } else { verdict.or_else(|| self.verdict(code, signal, done)) };
        events.push(JobEvent::Ended(Exit { code, signal, stopped, done, failure }));
        events
    }

    /// Items that began and were passed over without a word.
    fn give_up_on_the_rest(&mut self) -> Vec<JobEvent> {
        let unfinished: Vec<(u32, Failure)> = self
            .items
            .values()
            .filter_map(|entry| match entry.state {
                State::Seen { is_live: true } => Some((entry.position, own::is_live())),
                State::Started if self.limits.file_bytes.is_some() => {
                    Some((entry.position, own::too_large()))
                }
                State::Started if self.playlist_is_over => {
                    Some((entry.position, own::ended_without_a_word(None)))
                }
                _ => None,
            })
            .collect();
        let facts = unfinished.into_iter().flat_map(|(position, failure)| self.fail(position, failure));
        facts.filter_map(|fact| if let Fact::Event(event) = fact { Some(event) } else { None }).collect()
    }

    fn verdict(&self, code: Option<i32>, signal: Option<i32>, done: u32) -> Option<Failure> {
        let is_playlist = self.playlist.is_some();
        let everything_came = if is_playlist { self.playlist_is_over } else { done > 0 };
        let something_is_there = done > 0 || is_playlist && !self.skip.is_empty();
        if everything_came && something_is_there {
            return None;
        }
        if let Some(signal) = signal {
            return Some(own::killed(signal));
        }
        let mut spoken = self.early.iter().map(|(_, failure)| failure).chain(&self.errors);
        if let Some(failure) = spoken.next() {
            return Some(failure.clone());
        }
        let is_there = |wanted: fn(State) -> bool| self.items.values().any(|entry| wanted(entry.state));
        if is_there(|state| state == State::Seen { is_live: true }) {
            return Some(own::is_live());
        }
        let was_passed_over = code == Some(0) && is_there(|state| state == State::Started);
        if was_passed_over && self.limits.file_bytes.is_some() {
            return Some(own::too_large());
        }
        match (&self.last_words, code) {
            (_, Some(0)) => Some(own::nothing_downloaded()),
            (Some(words), _) => Some(classify(words)),
            (None, code) => Some(own::ended_without_a_word(code)),
        }
    }

    /// The entry of an item, made at first sight. Positions in a playlist are those of the site;
    /// in playlists within a playlist they come twice, and the second one moves to the end.
    fn entry(&mut self, item: &Item) -> &mut Entry {
        if !self.items.contains_key(item) {
            let wanted = item.index.unwrap_or(1);
            let is_taken = self.items.values().any(|entry| entry.position == wanted);
            let last = self.items.values().map(|entry| entry.position).max().unwrap_or(0);
            let position = if is_taken { last.max(self.wanted()) + 1 } else { wanted };
            self.items.insert(item.clone(), Entry { position, state: State::Seen { is_live: false } });
        }
        self.items.get_mut(item).expect("it was put in above")
    }

    fn mark(&mut self, item: &Item, state: State) -> u32 {
        let entry = self.entry(item);
        entry.state = state;
        entry.position
    }

    fn set(&mut self, position: u32, state: State) {
        match self.items.values_mut().find(|entry| entry.position == position) {
            Some(entry) => entry.state = state,
            None => {
                let item = Item { index: Some(position), id: String::new() };
                self.items.insert(item, Entry { position, state });
            }
        }
    }

    fn count(&self, state: State) -> u32 {
        self.items.values().filter(|entry| entry.state == state).count() as u32
    }

    fn all(&self) -> u32 {
        let list = self.playlist.as_ref();
        let skipped = self.skip.len() as u32;
        list.and_then(|list| list.all.or(list.wanted.map(|wanted| wanted + skipped))).unwrap_or(1)
    }

    /// How many items this job is about, those in the library included.
    fn wanted(&self) -> u32 {
        self.all().min(self.limits.items)
    }

    /// Of the whole job: items that are over, and the present one.
    fn percent(&self, fraction: Option<f32>) -> Option<f32> {
        let Some(_) = &self.playlist else { return fraction.map(|fraction| fraction * 100.0) };
        let over = self.count(State::Done) + self.count(State::Failed) + self.skip.len() as u32;
        let percent = (over as f32 + fraction.unwrap_or(0.0)) * 100.0 / self.wanted().max(1) as f32;
        Some(percent.min(100.0))
    }
}

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;

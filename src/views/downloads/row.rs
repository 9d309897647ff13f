//! One download as one row, in every state it can be in.

use std::fmt::Write;
use std::time::Duration;

use askama::Template;
use domain::Timestamp;
use domain::download::{
    ArrivalState, Choice, Download, DownloadItem, DownloadStatus, Phase, Preset, Progress,
};

use crate::views::Around;
use crate::views::human::{About, Ago, Bytes, Count};
use crate::views::status::Pill;

/// How many items of a playlist a row lists.
const ITEMS_SHOWN: usize = 100;

/// `#dl-<id>`: pushed with `outerMorph` when the download changes or progresses.
#[derive(Debug, Clone, Template)]
#[template(path = "_download_row.html")]
pub struct DownloadRow {
    pub around: Around,
    pub download: Download,
    pub items: Vec<DownloadItem>,
    /// What happens after the bytes have arrived, such as "merging".
    pub step: Option<&'static str>,
    /// The place in the line, from 1.
    pub position: Option<u32>,
    pub starts_in: Option<Duration>,
}

fragment!(DownloadRow);

impl DownloadRow {
    pub fn new(around: Around, download: Download, items: Vec<DownloadItem>) -> Self {
        Self { around, download, items, step: None, position: None, starts_in: None }
    }

    /// With what is known of a job that runs now.
    pub fn at(mut self, progress: Progress, step: Option<&'static str>) -> Self {
        self.download.progress = progress;
        self.step = step;
        self
    }

    /// With its place in the line.
    pub fn in_line(mut self, position: u32, starts_in: Option<Duration>) -> Self {
        self.position = Some(position);
        self.starts_in = starts_in;
        self
    }

    pub fn is_running(&self) -> bool {
        self.download.status == DownloadStatus::Running && !self.is_held()
    }

    /// Failed: nothing more happens without a person.
    pub fn needs_you(&self) -> bool {
        self.download.status == DownloadStatus::Failed
    }

    pub fn is_waiting(&self) -> bool {
        !self.download.status.is_over() && !self.is_running()
    }

    pub fn is_finished(&self) -> bool {
        matches!(self.download.status, DownloadStatus::Completed | DownloadStatus::Cancelled)
    }

    /// Not at work, though it is not over and has been started before.
    fn is_held(&self) -> bool {
        matches!(self.download.phase, Phase::RetryWait | Phase::NoSpace)
    }

    pub fn title(&self) -> &str {
        let without_scheme = || {
            let url = self.download.url.as_str();
            url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or(url)
        };
        self.download.title.as_deref().filter(|title| !title.trim().is_empty()).unwrap_or_else(without_scheme)
    }

    fn is_playlist(&self) -> bool {
        self.download.items.is_some_and(|items| items > 1)
    }

    pub fn choice(&self) -> &str {
        match &self.download.choice {
            Choice::Preset(preset) => preset_word(*preset),
            Choice::Format(format) => format.as_str(),
        }
    }

    fn icon(&self) -> &'static str {
        match self.download.choice {
            _ if self.is_playlist() => "list-video",
            Choice::Preset(Preset::Mp3 | Preset::M4a) => "music",
            _ => "film",
        }
    }

    fn pill(&self) -> Pill {
        match (self.download.status, self.download.phase) {
            (DownloadStatus::Completed, _) => Pill { class: "ok", word: "Done" },
            (DownloadStatus::Failed, _) => Pill { class: "bad", word: "Failed" },
            (DownloadStatus::Cancelled, _) => Pill { class: "off ring", word: "Cancelled" },
            (_, Phase::RetryWait) => Pill { class: "warn ring", word: "Trying again" },
            (_, Phase::NoSpace) => Pill { class: "warn ring", word: "No room" },
            (DownloadStatus::Queued, _) => Pill { class: "off ring", word: "Queued" },
            (_, Phase::Publishing) => Pill { class: "acc", word: "Saving" },
            (DownloadStatus::Running, _) => Pill { class: "acc", word: "Running" },
        }
    }

    /// 0 to 100 while it is known.
    fn percent(&self) -> Option<u32> {
        let percent = self.download.progress.percent.filter(|percent| percent.is_finite())?;
        Some(percent.clamp(0.0, 100.0) as u32)
    }

    /// The line below the title.
    fn note(&self) -> String {
        let mut note = if self.is_playlist() { "Playlist · ".to_owned() } else { String::new() };
        match (self.download.status, self.download.phase) {
            (DownloadStatus::Failed, _) => note = tries(self.download.attempts),
            (_, Phase::NoSpace) => note.push_str("Waits for room on the disk, then goes on by itself"),
            (_, Phase::RetryWait) => note.push_str(&self.next_try()),
            (DownloadStatus::Queued, _) => self.write_place(&mut note),
            (DownloadStatus::Running, _) => self.write_progress(&mut note),
            (DownloadStatus::Completed | DownloadStatus::Cancelled, _) => self.write_result(&mut note),
        }
        note
    }

    fn write_place(&self, note: &mut String) {
        match (self.position, self.starts_in) {
            (Some(place), Some(wait)) => _ = write!(note, "Place {place} · starts in {} · ", About(wait)),
            (Some(place), None) => _ = write!(note, "Place {place} · "),
            (None, _) => note.push_str("Waiting for a free slot · "),
        }
        note.push_str(self.choice());
    }

    fn write_progress(&self, note: &mut String) {
        let progress = &self.download.progress;
        if self.is_playlist() {
            _ = write!(note, "{} of {} · ", progress.item, progress.items.max(progress.item));
        } else {
            _ = write!(note, "{} · ", self.choice());
        }
        if let Some(step) = self.step {
            note.push_str(step);
            return;
        }
        match progress.total {
            _ if progress.bytes == 0 => note.push_str("getting started"),
            Some(total) => {
                _ = write!(note, "{} of {}", Bytes(progress.bytes), Bytes(total.max(progress.bytes)))
            }
            None => _ = write!(note, "{} so far", Bytes(progress.bytes)),
        }
        if let Some(speed) = progress.speed.filter(|speed| *speed > 0) {
            _ = write!(note, " · {}/s", Bytes(speed));
        }
        if let Some(eta) = progress.eta_s {
            _ = write!(note, " · {} left", About(Duration::from_secs(eta.into())));
        }
    }

    fn write_result(&self, note: &mut String) {
        note.push_str(self.choice());
        let bytes: u64 = self.download.files.iter().map(|file| file.bytes).sum();
        if bytes > 0 {
            _ = write!(note, " · {}", Bytes(bytes));
        }
        if self.download.files.len() > 1 {
            _ = write!(note, " · {}", Count(self.download.files.len() as u64, "file"));
        }
    }

    fn next_try(&self) -> String {
        let wait = self.download.run_at.map(|at| Timestamp::now().until(at)).unwrap_or_default();
        format!("Tries again in {}", About(wait))
    }

    /// When it ended or, before that, when it was asked for.
    fn ago(&self) -> Ago {
        Ago(self.download.completed_at.unwrap_or(self.download.created_at))
    }

    /// `13 done · 1 running · 1 failed · 7 wait`.
    fn item_summary(&self) -> String {
        let count = |status| self.items.iter().filter(|item| item.status == status).count();
        let known = [
            (count(DownloadStatus::Completed), "done"),
            (count(DownloadStatus::Running), "running"),
            (count(DownloadStatus::Failed), "failed"),
            (count(DownloadStatus::Queued), "wait"),
        ];
        let parts: Vec<_> =
            known.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        parts.join(" · ")
    }

    fn items_shown(&self) -> &[DownloadItem] {
        &self.items[..self.items.len().min(ITEMS_SHOWN)]
    }

    fn items_hidden(&self) -> usize {
        self.items.len().saturating_sub(ITEMS_SHOWN)
    }

    fn item_size(&self, item: &DownloadItem) -> Option<Bytes> {
        item.bytes.map(Bytes)
    }

    fn item_look(&self, item: &DownloadItem) -> (&'static str, &'static str) {
        match item.status {
            DownloadStatus::Completed => ("ok", "circle-check"),
            DownloadStatus::Running => ("acc", "loader"),
            DownloadStatus::Failed => ("bad", "circle-alert"),
            DownloadStatus::Queued | DownloadStatus::Cancelled => ("off", "circle-dashed"),
        }
    }

    /// Generated art stands where a still would: always the same for the same download.
    fn art(&self) -> Art {
        Art {
            seed: self
                .download
                .id
                .to_string()
                .bytes()
                .fold(7, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte)),
        }
    }

    /// The address of a file, which is saved by it.
    pub(super) fn file(&self, n: &u32) -> String {
        self.around.link(&format!("/api/v1/downloads/{}/files/{n}", self.download.id))
    }

    /// The page of it in the library, once Plex has it.
    fn in_plex(&self) -> Option<String> {
        let arrival = self.download.plex.as_ref().filter(|plex| plex.state == ArrivalState::There)?;
        let key = arrival.key.as_deref()?;
        let page = if arrival.is_collection { "collection" } else { "title" };
        Some(self.around.link(&format!("/library/{page}/{key}")))
    }

    fn waits_for_plex(&self) -> bool {
        self.download.plex.as_ref().is_some_and(|plex| plex.state == ArrivalState::Waiting)
    }

    /// Why it is not in Plex, when it will not get there by itself.
    fn not_in_plex(&self) -> Option<&str> {
        let arrival = self.download.plex.as_ref().filter(|plex| plex.state == ArrivalState::Failed)?;
        Some(arrival.failure.as_deref().unwrap_or("Plex did not take it."))
    }

    fn path(&self, action: &str) -> String {
        self.around.link(&format!("/downloads/{}{action}", self.download.id))
    }
}

/// `Failed after 3 tries`.
fn tries(attempts: u32) -> String {
    if attempts > 1 { format!("Failed after {attempts} tries") } else { "Failed".to_owned() }
}

/// The word for a preset on a row and in the form.
pub fn preset_word(preset: Preset) -> &'static str {
    match preset {
        Preset::Best => "Best",
        Preset::Hd1080 => "1080p",
        Preset::Hd720 => "720p",
        Preset::Mp3 => "mp3",
        Preset::M4a => "m4a",
        Preset::Mp4 => "mp4",
        Preset::Mkv => "mkv",
    }
}

/// A small landscape out of a number.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "_art.html")]
struct Art {
    seed: u8,
}

impl Art {
    fn hue(&self) -> u8 {
        self.seed % 6
    }

    fn sun(&self) -> (u8, u8, u8) {
        (18 + self.seed % 56, 14 + self.seed / 16, 8 + self.seed / 32)
    }

    fn hills(&self) -> [&'static str; 2] {
        const HILLS: [[&str; 2]; 3] = [
            ["M0 30 14 24 30 33 48 22 66 31 80 26 92 30V52H0Z", "M0 42 18 36 34 43 58 35 74 42 92 38V52H0Z"],
            ["M0 26 20 33 36 25 52 34 70 27 92 34V52H0Z", "M0 40 24 44 44 37 62 43 92 36V52H0Z"],
            ["M0 33 22 22 40 31 60 26 76 34 92 25V52H0Z", "M0 37 16 42 40 38 56 44 78 37 92 42V52H0Z"],
        ];
        HILLS[usize::from(self.seed) % HILLS.len()]
    }
}

fragment!(Art);

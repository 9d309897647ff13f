//! Downloads: the list by sections, the form, and what one download became.

use askama::Template;

use super::Around;
use super::human::{Bytes, Moment};
use super::shell::Shell;

pub mod form;
pub mod gauges;
pub mod row;

pub use form::{Probed, StartForm};
pub use gauges::{DiskGauge, QuotaGauge, ToolCard};
pub use row::DownloadRow;

/// The page at `/downloads`.
#[derive(Debug, Template)]
#[template(path = "downloads.html")]
pub struct DownloadsPage {
    pub shell: Shell,
    pub form: StartForm,
    pub rows: Vec<DownloadRow>,
    pub slots: Slots,
    pub quota: QuotaGauge,
    pub disk: Option<DiskGauge>,
    /// For admins.
    pub tool: Option<ToolCard>,
    /// The query of the next page of finished downloads.
    pub older: Option<String>,
}

impl DownloadsPage {
    pub fn sections(&self) -> DownloadSections<'_> {
        let Self { rows, slots, older, .. } = self;
        DownloadSections { around: &self.shell.around, rows, slots: *slots, older: older.as_deref() }
    }
}

/// How many jobs run in the whole house, of how many that may; 0 means no limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Slots {
    pub used: u32,
    pub total: u32,
}

/// `#downloads`: pushed with `innerMorph` when a row comes, goes or moves to another section.
#[derive(Debug, Clone, Template)]
#[template(path = "_download_sections.html")]
pub struct DownloadSections<'a> {
    pub around: &'a Around,
    pub rows: &'a [DownloadRow],
    pub slots: Slots,
    pub older: Option<&'a str>,
}

impl DownloadSections<'_> {
    fn running(&self) -> Vec<&DownloadRow> {
        self.rows.iter().filter(|row| row.is_running()).collect()
    }

    fn needs_you(&self) -> Vec<&DownloadRow> {
        self.rows.iter().filter(|row| row.needs_you()).collect()
    }

    fn waiting(&self) -> Vec<&DownloadRow> {
        let mut waiting: Vec<_> = self.rows.iter().filter(|row| row.is_waiting()).collect();
        waiting.sort_by_key(|row| (row.position.unwrap_or(u32::MAX), row.download.id));
        waiting
    }

    fn finished(&self) -> Vec<&DownloadRow> {
        self.rows.iter().filter(|row| row.is_finished()).collect()
    }

    /// `2 of 3 slots · 11.4 MB/s together`.
    fn pace(&self) -> String {
        let speed: u64 = self.running().iter().filter_map(|row| row.download.progress.speed).sum();
        let mut pace = match self.slots {
            Slots { total: 0, .. } => String::new(),
            Slots { used, total } => format!("{used} of {total} slots"),
        };
        if speed > 0 {
            let gap = if pace.is_empty() { "" } else { " · " };
            pace = format!("{pace}{gap}{}/s together", Bytes(speed));
        }
        pace
    }
}

/// `#home-downloads`: the same rows on the dashboard, the newest few.
#[derive(Debug, Clone, Template)]
#[template(path = "_home_downloads.html")]
pub struct HomeDownloads<'a> {
    pub around: &'a Around,
    pub rows: &'a [DownloadRow],
}

/// The page at `/downloads/:id`.
#[derive(Debug, Template)]
#[template(path = "download.html")]
pub struct DownloadPage {
    pub shell: Shell,
    pub row: DownloadRow,
}

impl DownloadPage {
    fn files(&self) -> DownloadFiles<'_> {
        DownloadFiles { row: &self.row }
    }

    fn asked(&self) -> Moment {
        Moment(self.row.download.created_at)
    }

    fn ended(&self) -> Option<Moment> {
        self.row.download.completed_at.map(Moment)
    }

    /// A link is followed only when it is one: the text was typed by a person.
    fn is_link(&self) -> bool {
        let url = &self.row.download.url;
        url.starts_with("https://") || url.starts_with("http://")
    }
}

/// `#files`: pushed with `outerMorph` when the download changes.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "_download_files.html")]
pub struct DownloadFiles<'a> {
    pub row: &'a DownloadRow,
}

impl DownloadFiles<'_> {
    /// Where a file is saved from.
    fn address(&self, n: &u32) -> String {
        self.row.file(n)
    }

    /// Where a player takes it from.
    fn inline(&self, n: &u32) -> String {
        format!("{}?inline=true", self.row.file(n))
    }

    fn size(&self, bytes: &u64) -> Bytes {
        Bytes(*bytes)
    }
}

/// `#dl-<id>` taken away: pushed as it is when a download was removed.
pub fn gone(id: domain::DownloadId) -> String {
    format!("<hx-partial hx-target=\"#dl-{id}\" hx-swap=\"delete\"></hx-partial>")
}

fragment!(DownloadSections<'_>, HomeDownloads<'_>, DownloadFiles<'_>);

//! The dashboard.

use askama::Template;

use super::downloads::{DownloadRow, HomeDownloads};
use super::human::Count;
use super::library::HomeShelves;
use super::requests::HomeRequests;
use super::shell::Shell;
use super::status::{ServiceTiles, Verdict, Watched};

/// The page at `/`.
#[derive(Debug, Template)]
#[template(path = "home.html")]
pub struct HomePage {
    pub shell: Shell,
    pub services: Vec<Watched>,
    /// Running and waiting jobs first, then the newest that ended.
    pub downloads: Vec<DownloadRow>,
    /// This person's requests, and those that they joined.
    pub requests: HomeRequests,
    /// What is new in the library; comes after the page.
    pub shelves: HomeShelves,
}

impl HomePage {
    fn tiles(&self) -> ServiceTiles<'_> {
        ServiceTiles { services: &self.services }
    }

    fn downloads(&self) -> HomeDownloads<'_> {
        HomeDownloads { around: &self.shell.around, rows: &self.downloads }
    }

    fn name(&self) -> &str {
        self.shell.person.as_ref().map_or("you", |person| &person.name)
    }

    /// What changed, in one line below the greeting.
    fn news(&self) -> String {
        let running = self.downloads.iter().filter(|row| row.is_running()).count() as u64;
        let failed = self.downloads.iter().filter(|row| row.needs_you()).count() as u64;
        let mut news = Vec::new();
        if failed > 0 {
            let verb = if failed == 1 { "needs" } else { "need" };
            news.push(format!("{} {verb} you.", Count(failed, "download")));
        }
        let moving = self.requests.moving() as u64;
        if moving > 0 {
            let verb = if moving == 1 { "is" } else { "are" };
            news.push(format!("{} {verb} on the way.", Count(moving, "request")));
        }
        if running > 0 {
            let verb = if running == 1 { "is" } else { "are" };
            news.push(format!("{} {verb} running.", Count(running, "download")));
        }
        if !self.services.is_empty() {
            news.push(Verdict::of(&self.services).title);
        } else if news.is_empty() {
            news.push("It is quiet here.".to_owned());
        }
        news.join(" ")
    }
}

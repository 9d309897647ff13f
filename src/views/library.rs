//! The library: its front page, a whole library, titles and collections.

use std::time::Duration;

use askama::Template;
use domain::Timestamp;

use super::Around;
use super::human::{About, Ago, Thousands};
use super::poster::{Artwork, Poster};
use super::shell::Shell;

pub mod collection;
pub mod look;
pub mod section;
pub mod title;

pub use collection::{CollectionPage, CollectionsPage};
pub use look::Look;
pub use section::{SectionPage, Titles};
pub use title::TitlePage;

/// What is wrong with what a page shows, in one sentence above it.
#[derive(Debug, Clone, Template)]
#[template(path = "library/_upset.html")]
pub struct Upset {
    pub around: Around,
    /// In words for a person.
    pub reason: String,
    /// When what is shown was true; absent when there is nothing to show.
    pub at: Option<Timestamp>,
    pub retry_in: Option<Duration>,
    /// It passes by itself.
    pub will_pass: bool,
}

impl Upset {
    fn age(&self) -> Option<Ago> {
        self.at.map(Ago)
    }

    fn wait(&self) -> Option<About> {
        self.retry_in.map(About)
    }
}

/// Stands where nothing can be shown.
#[derive(Debug, Clone, Template)]
#[template(path = "library/_nothing.html")]
pub struct Nothing {
    pub around: Around,
    pub icon: &'static str,
    pub title: &'static str,
    pub detail: String,
    /// A way on: address and words.
    pub way: Option<(String, &'static str)>,
    pub will_pass: bool,
}

/// A row of posters.
#[derive(Debug, Clone, Template)]
#[template(path = "library/_shelf.html")]
pub struct Shelf {
    pub id: String,
    pub heading: String,
    /// Where all of it is.
    pub all: Option<String>,
    pub posters: Vec<Poster>,
    /// When it was true, if that is not now, and why it is not newer.
    pub stale: Option<(Timestamp, String)>,
    /// Why it is not there.
    pub failed: Option<String>,
}

impl Shelf {
    fn age(&self) -> Option<(Ago, &str)> {
        self.stale.as_ref().map(|(at, why)| (Ago(*at), why.as_str()))
    }
}

/// A library in the line of chips.
#[derive(Debug, Clone)]
pub struct Tab {
    pub href: String,
    pub title: String,
    pub current: bool,
}

/// The page at `/library`.
#[derive(Debug, Template)]
#[template(path = "library/index.html")]
pub struct LibraryPage {
    pub shell: Shell,
    pub tabs: Vec<Tab>,
    pub upset: Option<Upset>,
    /// Instead of everything else.
    pub nothing: Option<Nothing>,
    pub hero: Option<Hero>,
    pub shelves: Vec<Shelf>,
    /// Why there is no "continue watching", for whoever might look for it.
    pub hint: Option<&'static str>,
}

/// The title at the top of a page.
#[derive(Debug, Clone, Template)]
#[template(path = "library/_hero.html")]
pub struct Hero {
    pub pill: String,
    pub title: String,
    pub summary: String,
    pub facts: String,
    pub image: Option<String>,
    /// Its page; absent on that page itself.
    pub href: Option<String>,
    /// Opens it in Plex.
    pub plex: Option<String>,
    /// Why it can't be opened now.
    pub plex_away: Option<String>,
    pub watched: Option<u8>,
    pub tall: bool,
}

impl Hero {
    fn art(&self) -> Artwork<'_> {
        Artwork::wide(&self.title)
    }
}

/// The rails of the dashboard, which come after it.
#[derive(Debug, Clone, Template)]
#[template(path = "library/_home.html")]
pub struct HomeShelves {
    pub around: Around,
    pub shelves: Vec<Shelf>,
    /// Not asked yet: the browser does.
    pub loading: bool,
    pub ill: bool,
}

impl HomeShelves {
    /// What the dashboard has before the browser has asked.
    pub fn loading(around: Around) -> Self {
        Self { around, shelves: Vec::new(), loading: true, ill: false }
    }
}

fragment!(Upset, Nothing, Shelf, Hero, HomeShelves);

/// `1,284 titles`.
fn titles(count: usize) -> String {
    format!("{} {}", Thousands(count as u64), if count == 1 { "title" } else { "titles" })
}

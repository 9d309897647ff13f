//! A whole library: posters in a grid, sorted and filtered, page after page.

use askama::Template;
use integrations::plex::{ItemQuery, Letter, Sort, Tag};

use super::{Nothing, Tab, Upset};
use crate::views::poster::Poster;
use crate::views::shell::Shell;

/// The orders that the page offers, with their words.
const ORDERS: [(&str, &str); 7] = [
    ("title", "Title"),
    ("added:desc", "Recently added"),
    ("year:desc", "Newest"),
    ("year", "Oldest"),
    ("audienceRating:desc", "Best rated"),
    ("duration", "Shortest"),
    ("random", "Surprise me"),
];

/// The page at `/library/:section`.
#[derive(Debug, Template)]
#[template(path = "library/section.html")]
pub struct SectionPage {
    pub shell: Shell,
    pub title: String,
    /// Its address without a query.
    pub path: String,
    pub tabs: Vec<Tab>,
    pub upset: Option<Upset>,
    pub nothing: Option<Nothing>,
    pub query: ItemQuery,
    pub sort: String,
    pub genres: Vec<Tag>,
    pub letters: Vec<Letter>,
    /// What was watched is known, so it can be left out.
    pub is_own: bool,
    pub total: usize,
    pub titles: Titles,
}

/// Some posters of a grid, and the way to the ones before and after them.
#[derive(Debug, Clone, Template)]
#[template(path = "library/_titles.html")]
pub struct Titles {
    pub posters: Vec<Poster>,
    /// Addresses of whole pages, for whoever has no script.
    pub next: Option<String>,
    pub before: Option<String>,
    /// Buttons on the posters, for whoever may change the collection that they are in.
    pub removing: Option<Removing>,
}

/// Where a title is taken out of its collection.
#[derive(Debug, Clone)]
pub struct Removing {
    pub action: String,
    pub csrf: Option<std::sync::Arc<str>>,
    /// The keys of the posters, in the same order.
    pub keys: Vec<String>,
}

fragment!(Titles);

impl Titles {
    pub fn empty() -> Self {
        Self { posters: Vec::new(), next: None, before: None, removing: None }
    }

    /// The address of the next part alone.
    fn more(&self) -> Option<String> {
        self.next
            .as_ref()
            .map(|next| format!("{next}{}part=more", if next.contains('?') { "&" } else { "?" }))
    }

    fn lines(&self) -> impl Iterator<Item = (&Poster, Option<&str>)> {
        let key = |n: usize| self.removing.as_ref()?.keys.get(n).map(String::as_str);
        self.posters.iter().enumerate().map(move |(n, poster)| (poster, key(n)))
    }

    fn action(&self) -> &str {
        self.removing.as_ref().map_or("", |removing| removing.action.as_str())
    }

    fn token(&self) -> Option<&str> {
        self.removing.as_ref()?.csrf.as_deref()
    }
}

impl SectionPage {
    fn count(&self) -> String {
        super::titles(self.total)
    }

    fn orders(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> + '_ {
        ORDERS.iter().map(|(value, words)| (*value, *words, *value == self.sort))
    }

    fn is_genre(&self, genre: &Tag) -> bool {
        self.query.genre.is_some() && self.query.genre == genre.id
    }

    /// Letters say where a title begins, which is so in one order only, and of all titles.
    fn shown_letters(&self) -> &[Letter] {
        let plain = ItemQuery {
            start: 0,
            size: self.query.size,
            kind: self.query.kind.clone(),
            ..ItemQuery::default()
        };
        let current = ItemQuery { start: 0, ..self.query.clone() };
        if self.query.sort == Sort::default() && plain == current { &self.letters } else { &[] }
    }

    fn letter(&self, letter: &Letter) -> String {
        format!("{}?start={}", self.path, letter.offset)
    }

    fn is_filtered(&self) -> bool {
        let query = &self.query;
        query.unwatched || query.genre.is_some() || query.year.is_some() || query.title.is_some()
    }

    fn words(&self) -> &str {
        self.query.title.as_deref().unwrap_or_default()
    }

    fn year(&self) -> String {
        self.query.year.map(|year| year.to_string()).unwrap_or_default()
    }
}

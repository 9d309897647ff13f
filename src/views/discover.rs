//! Discover: rows of titles that the house could have, a whole row as a grid, and the page of a
//! title.

use std::time::Duration;

use askama::Template;
use domain::Timestamp;
use domain::media::{Genre, ImageSize, MediaStatus, MediaType, Row, Title};

use super::Around;
use super::human::{About, Ago};
use super::poster::{Artwork, Mark, Poster};
use super::requests::Away;
use super::shell::Shell;

pub mod sheet;
pub mod title;

pub use sheet::Sheet;
pub use title::TitlePage;

/// The page at `/discover`.
#[derive(Debug, Template)]
#[template(path = "discover.html")]
pub struct DiscoverPage {
    pub shell: Shell,
    pub kind: Option<MediaType>,
    /// Genres of films, or of series when only series are shown.
    pub genres: Vec<Genre>,
    pub hero: Option<Hero>,
    pub rails: Vec<Rail>,
    /// Neither Overseerr nor TMDB is set up: there is nothing to ask.
    pub nobody_to_ask: bool,
    /// Overseerr does not answer: the rows are what we knew.
    pub away: Option<Away>,
}

impl DiscoverPage {
    fn genre_path(&self, genre: &Genre) -> String {
        let kind = self.kind.unwrap_or(MediaType::Movie);
        self.shell.link(&format!("/discover/{}", Row::Genre(kind, genre.id)))
    }

    fn is_kind(&self, kind: MediaType) -> bool {
        self.kind == Some(kind)
    }
}

/// How old something is, and why it is not newer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    pub at: Timestamp,
    pub reason: String,
}

impl Stale {
    pub fn age(&self) -> Ago {
        Ago(self.at)
    }
}

/// One row of the page: each comes by itself, so that a slow one keeps nobody waiting.
#[derive(Debug, Clone, Template)]
#[template(path = "_rail.html")]
pub struct Rail {
    pub around: Around,
    pub row: Row,
    /// Only known for a genre.
    pub genre: Option<String>,
    pub state: RailState,
}

/// What a row has to show.
#[derive(Debug, Clone)]
pub enum RailState {
    /// Not answered yet: the browser asks for it by itself.
    Loading,
    Shown {
        posters: Vec<Poster>,
        stale: Option<Stale>,
    },
    /// Nothing, and nothing from before either; in words for a person.
    Failed {
        reason: String,
        retry_in: Option<Duration>,
    },
}

fragment!(Rail);

impl Rail {
    pub fn loading(around: Around, row: Row, genre: Option<String>) -> Self {
        Self { around, row, genre, state: RailState::Loading }
    }

    fn is_loading(&self) -> bool {
        matches!(self.state, RailState::Loading)
    }

    /// What it shows is not what it should be: it is asked for again by itself.
    fn is_ill(&self) -> bool {
        matches!(self.state, RailState::Failed { .. } | RailState::Shown { stale: Some(_), .. })
    }

    fn heading(&self) -> String {
        heading(self.row, self.genre.as_deref())
    }

    fn all(&self) -> String {
        self.around.link(&format!("/discover/{}", self.row))
    }

    fn itself(&self) -> String {
        let name = self.genre.as_deref().map(|genre| format!("?{}", super::query("name", genre)));
        self.around.link(&format!("/discover/rails/{}{}", self.row, name.unwrap_or_default()))
    }
}

fn about(wait: &Duration) -> About {
    About(*wait)
}

/// What a row is called.
pub fn heading(row: Row, genre: Option<&str>) -> String {
    match row {
        Row::Trending => "Trending this week".to_owned(),
        Row::Movies => "Popular films".to_owned(),
        Row::Tv => "Popular shows".to_owned(),
        Row::UpcomingMovies => "Films that come soon".to_owned(),
        Row::UpcomingTv => "Shows that come soon".to_owned(),
        Row::Genre(kind, _) => {
            let things = if kind == MediaType::Movie { "films" } else { "shows" };
            match genre {
                Some(genre) => format!("{genre}: {things}"),
                None => format!("More {things}"),
            }
        }
    }
}

/// A whole row, page after page.
#[derive(Debug, Template)]
#[template(path = "discover_row.html")]
pub struct RowPage {
    pub shell: Shell,
    pub heading: String,
    pub grid: Result<PosterGrid, String>,
    pub stale: Option<Stale>,
}

/// One page of a row: posters, and the way to the next page. The browser puts it where the way
/// to it was.
#[derive(Debug, Clone, Template)]
#[template(path = "_poster_grid.html")]
pub struct PosterGrid {
    pub posters: Vec<Poster>,
    /// The address of the next page.
    pub next: Option<String>,
}

fragment!(PosterGrid);

/// The title at the top of the page.
#[derive(Debug, Clone, Template)]
#[template(path = "_hero.html")]
pub struct Hero {
    pub around: Around,
    pub title: Title,
}

fragment!(Hero);

impl Hero {
    /// The first title of a row that has a picture and something to say and is not here yet.
    pub fn of(around: &Around, titles: &[Title]) -> Option<Self> {
        let tells = |title: &&Title| title.backdrop.is_some() && !title.overview.is_empty();
        let new = titles.iter().filter(tells).find(|title| mark(title) == Mark::None);
        let title = new.or_else(|| titles.iter().find(tells)).or(titles.first())?.clone();
        Some(Self { around: around.clone(), title })
    }

    fn backdrop(&self) -> Option<String> {
        self.title.backdrop.as_ref().map(|path| self.around.picture(ImageSize::Backdrop, path))
    }

    fn art(&self) -> Artwork<'_> {
        Artwork::wide(&self.title.name)
    }

    fn path(&self) -> String {
        title_path(&self.around, self.title.media_type, self.title.tmdb_id)
    }

    fn pill(&self) -> (&'static str, &'static str) {
        presence(&self.title)
    }

    fn facts(&self) -> String {
        let kind = if self.title.media_type == MediaType::Movie { "Film" } else { "Show" };
        let mut facts: Vec<String> = self.title.year.map(|year| year.to_string()).into_iter().collect();
        facts.push(kind.to_owned());
        facts.extend(self.title.vote.map(|vote| format!("{vote:.1}")));
        facts.join(" · ")
    }
}

/// The address of a title's page.
pub fn title_path(around: &Around, media_type: MediaType, id: domain::media::TmdbId) -> String {
    around.link(&format!("/discover/{media_type}/{id}"))
}

/// A title as a poster; `soon` puts its day into the corner.
pub fn poster(around: &Around, title: &Title, soon: bool) -> Poster {
    let year = title.year.map(|year| year.to_string());
    let kind = if title.media_type == MediaType::Tv { "Show" } else { "Film" };
    let note = year.map_or_else(|| kind.to_owned(), |year| format!("{year} · {kind}"));
    Poster {
        image: title.poster.as_ref().map(|path| around.picture(ImageSize::Card, path)),
        tag: title.released.as_deref().filter(|_| soon).and_then(day),
        mark: mark(title),
        ..Poster::new(title_path(around, title.media_type, title.tmdb_id), title.name.clone(), note)
    }
}

/// How much of a title is here, in the better of its two qualities.
pub fn mark(title: &Title) -> Mark {
    let Some(state) = &title.state else { return Mark::None };
    let each = [state.status, state.status_4k];
    if each.contains(&MediaStatus::Available) {
        Mark::Here
    } else if each.contains(&MediaStatus::PartiallyAvailable) {
        Mark::Partly
    } else if each.iter().any(|one| matches!(one, MediaStatus::Pending | MediaStatus::Processing)) {
        Mark::Asked
    } else {
        Mark::None
    }
}

/// The tone and the words of how much of a title is here.
fn presence(title: &Title) -> (&'static str, &'static str) {
    match mark(title) {
        Mark::Here => ("", "In your library"),
        Mark::Partly => ("warn", "Partly in your library"),
        Mark::Asked => ("warn", "Requested"),
        Mark::None => ("info", "Not in the library"),
    }
}

/// `4 Dec` out of `2026-12-04`.
pub fn day(date: &str) -> Option<String> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = date.split('-').skip(1);
    let month: usize = parts.next()?.parse().ok()?;
    let day: u8 = parts.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    Some(format!("{day} {}", MONTHS.get(month.checked_sub(1)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_short_and_nonsense_is_left_out() {
        assert_eq!(day("2026-12-04").as_deref(), Some("4 Dec"));
        for nonsense in ["", "2026", "2026-13-01", "2026-00-01", "2026-01-40", "soon"] {
            assert_eq!(day(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn rows_have_names() {
        assert_eq!(heading(Row::Genre(MediaType::Tv, 18), Some("Drama")), "Drama: shows");
        assert_eq!(heading(Row::Trending, None), "Trending this week");
    }
}

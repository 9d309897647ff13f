//! The world as a catalogue: what the stand-ins of TMDB and Seerr list and find.

use domain::Timestamp;

use crate::world::{Genre, Movie, Show, World};

/// A film or a show.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Title<'a> {
    Movie(&'a Movie),
    Show(&'a Show),
}

/// What somebody wants to see of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Only {
    Everything,
    Movies,
    Shows,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    Popular,
    TopRated,
    /// Not out yet, the nearest first.
    Upcoming,
}

/// TMDB's page.
pub(crate) const PAGE: usize = 20;

impl<'a> Title<'a> {
    pub fn tmdb(self) -> i64 {
        match self {
            Self::Movie(movie) => movie.tmdb,
            Self::Show(show) => show.tmdb,
        }
    }

    pub fn name(self) -> &'a str {
        match self {
            Self::Movie(movie) => movie.title,
            Self::Show(show) => show.title,
        }
    }

    pub fn genres(self) -> &'a [Genre] {
        match self {
            Self::Movie(movie) => movie.genres,
            Self::Show(show) => show.genres,
        }
    }

    fn popularity(self) -> f64 {
        match self {
            Self::Movie(movie) => movie.popularity,
            Self::Show(show) => show.popularity,
        }
    }

    fn rating(self) -> f64 {
        match self {
            Self::Movie(movie) => movie.rating,
            Self::Show(show) => show.rating,
        }
    }

    /// The day it comes out, or for a show its next or latest episode.
    fn day(self) -> &'a str {
        match self {
            Self::Movie(movie) => &movie.released,
            Self::Show(show) => show.last_aired(),
        }
    }

    pub fn genre_ids(self) -> Vec<i64> {
        self.genres().iter().map(|genre| genre.id).collect()
    }
}

/// Films and shows, each where it may be.
pub(crate) fn titles(world: &World, only: Only) -> Vec<Title<'_>> {
    let movies = world.movies.iter().map(Title::Movie).filter(|_| only != Only::Shows);
    let shows = world.shows.iter().map(Title::Show).filter(|_| only != Only::Movies);
    movies.chain(shows).collect()
}

pub(crate) fn row(world: &World, only: Only, row: Row) -> Vec<Title<'_>> {
    let mut titles = titles(world, only);
    match row {
        Row::Popular => titles.sort_by(|a, b| b.popularity().total_cmp(&a.popularity())),
        Row::TopRated => titles.sort_by(|a, b| b.rating().total_cmp(&a.rating())),
        Row::Upcoming => {
            let now = Timestamp::from_millis(world.now * 1000).to_rfc3339();
            titles.retain(|title| *title.day() > now[..10]);
            titles.sort_by_key(|title| title.day());
        }
    }
    titles
}

/// Those whose name has all the words, the nearest name first.
pub(crate) fn search<'a>(world: &'a World, only: Only, query: &str) -> Vec<Title<'a>> {
    let words: Vec<String> = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let mut found: Vec<Title<'a>> = titles(world, only)
        .into_iter()
        .filter(|title| {
            let name = title.name().to_lowercase();
            !words.is_empty() && words.iter().all(|word| name.contains(word.as_str()))
        })
        .collect();
    found.sort_by_key(|title| (title.name().len(), title.tmdb()));
    found
}

/// Others with the same first genre.
pub(crate) fn similar<'a>(world: &'a World, to: Title<'_>) -> Vec<Title<'a>> {
    let only = if matches!(to, Title::Movie(_)) { Only::Movies } else { Only::Shows };
    let first = to.genre_ids().first().copied();
    let mut others = row(world, only, Row::Popular);
    others.retain(|other| other.tmdb() != to.tmdb());
    others.sort_by_key(|other| !first.is_some_and(|genre| other.genre_ids().contains(&genre)));
    others.truncate(12);
    others
}

/// The page of this number (from 1), and how many there are.
pub(crate) fn page<T: Copy>(all: &[T], number: usize) -> (Vec<T>, usize) {
    let pages = all.len().div_ceil(PAGE).max(1);
    let on_it = all.iter().skip((number.max(1) - 1).saturating_mul(PAGE)).take(PAGE);
    (on_it.copied().collect(), pages)
}

/// Painted pictures under TMDB's paths, `w342/900101-poster.jpg`, in the size that is asked for.
pub(crate) fn image(world: &World, size: &str, file: &str) -> Option<bytes::Bytes> {
    let picture = world.picture(file)?;
    let numbers: Vec<u32> = size
        .split(|character: char| !character.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect();
    match (size.chars().next()?, numbers.as_slice()) {
        ('o', []) => Some(picture.jpeg(780)),
        ('w', [width]) => Some(picture.jpeg(*width)),
        ('w', [width, height]) => Some(picture.jpeg_of(*width, *height)),
        ('h', [height]) => Some(picture.jpeg(height * 2 / 3)),
        _ => None,
    }
}

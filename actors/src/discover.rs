//! Titles that the house could have, from whoever describes them.
//!
//! ```text
//!    pages, API, search
//!         |  row, details, related, genres, search
//!         v
//!     Overseerr's desk when one is set up, else TMDB's: cached there, one call for all who ask
//! ```
//!
//! Keeps nothing itself. What is described is the same for everybody; what a person may ask for
//! is told by `requests`.

use std::time::Duration;

use domain::media::{Genre, MediaType, Row, TitleDetails, Titles, TmdbId};
use integrations::overseerr::Overseerr;
use integrations::tmdb::Tmdb;

use crate::services::Services;
use crate::upstream::{Desk, Scope, Seen, Unwell};

/// How long lists and descriptions are taken as they are.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// How long genres are: they change once in years.
const GENRES: Duration = Duration::from_secs(24 * 3600);

/// How long hits of a search are.
const HITS: Duration = Duration::from_secs(60);

/// Whom we ask.
enum Source {
    Overseerr(Desk<Overseerr>),
    Tmdb(Desk<Tmdb>),
}

/// Where titles are asked for.
#[derive(Clone)]
pub struct Discover {
    services: Services,
}

/// Asks whoever is the source; both clients answer alike.
macro_rules! ask {
    ($self:ident, $key:expr, $ttl:expr, |$client:ident| $call:expr) => {
        match $self.source() {
            None => Err(Unwell::NotSetUp),
            Some(Source::Overseerr(desk)) => {
                desk.read(Scope::Everyone, $key, $ttl, move |$client| async move { $call.await }).await
            }
            Some(Source::Tmdb(desk)) => {
                desk.read(Scope::Everyone, $key, $ttl, move |$client| async move { $call.await }).await
            }
        }
    };
}

impl Discover {
    pub fn new(services: Services) -> Self {
        Self { services }
    }

    fn source(&self) -> Option<Source> {
        let overseerr = self.services.overseerr().map(Source::Overseerr);
        overseerr.or_else(|| self.services.tmdb().map(Source::Tmdb))
    }

    /// Whether there is anybody to ask.
    pub fn is_possible(&self) -> bool {
        self.source().is_some()
    }

    /// One page of a row, counted from 1.
    ///
    /// # Errors
    /// [`Unwell`], when nobody answers and nobody ever did.
    pub async fn row(&self, row: Row, page: u32) -> Result<Seen<Titles>, Unwell> {
        ask!(self, format!("row:{row}:{page}"), FRESH, |client| client.discover(row, page))
    }

    /// All that is known of a title; nothing when there is none of that number.
    ///
    /// # Errors
    /// [`Unwell`], as [`Discover::row`].
    pub async fn details(&self, kind: MediaType, id: TmdbId) -> Result<Seen<Option<TitleDetails>>, Unwell> {
        ask!(self, format!("title:{kind}:{id}"), FRESH, |client| client.details(kind, id))
    }

    /// Titles for those who like this one.
    ///
    /// # Errors
    /// [`Unwell`], as [`Discover::row`].
    pub async fn related(&self, kind: MediaType, id: TmdbId) -> Result<Seen<Titles>, Unwell> {
        ask!(self, format!("related:{kind}:{id}"), FRESH, |client| client.recommendations(kind, id, 1))
    }

    /// The genres of films, or of series.
    ///
    /// # Errors
    /// [`Unwell`], as [`Discover::row`].
    pub async fn genres(&self, kind: MediaType) -> Result<Seen<Vec<Genre>>, Unwell> {
        ask!(self, format!("genres:{kind}"), GENRES, |client| client.genres(kind))
    }

    /// Titles with these words in their names. Overseerr finds nothing when TMDB is away, so an
    /// empty answer is no proof.
    ///
    /// # Errors
    /// [`Unwell`], as [`Discover::row`].
    pub async fn search(&self, words: &str, page: u32) -> Result<Seen<Titles>, Unwell> {
        let words = words.to_owned();
        ask!(self, format!("search:{page}:{words}"), HITS, |client| client.search(&words, page))
    }

    /// Something about the title changed here: its descriptions are asked for again.
    pub fn outdate(&self, kind: MediaType, id: TmdbId) {
        if let Some(desk) = self.services.overseerr() {
            desk.outdate(None, &format!("title:{kind}:{id}"));
            desk.outdate(None, "row:");
        }
    }
}

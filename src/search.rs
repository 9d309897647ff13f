//! One question to everything that the portal knows, each source by itself.
//!
//! ```text
//!     words --+--> library    (Plex, as this person sees it)
//!             +--> discover   (Overseerr or TMDB)
//!             +--> requests   (this person's; everybody's for an admin)
//!             +--> downloads  (this person's)
//!             +--> people     (for admins)
//! ```
//!
//! A source that is slow or broken says so and keeps nobody waiting: pages ask for each of them
//! with a request of its own, and whoever wants all at once gets what came within a deadline.

use std::time::Duration;

use domain::user::CurrentUser;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;

mod recent;
mod sources;

pub use recent::Searched;

/// The longest words that are searched for, in characters.
pub const MAX_WORDS: usize = 100;

/// What is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Library,
    Discover,
    Requests,
    Downloads,
    People,
}

impl Source {
    pub const ALL: [Source; 5] =
        [Source::Library, Source::Discover, Source::Requests, Source::Downloads, Source::People];

    pub fn word(self) -> &'static str {
        match self {
            Source::Library => "library",
            Source::Discover => "discover",
            Source::Requests => "requests",
            Source::Downloads => "downloads",
            Source::People => "people",
        }
    }

    pub fn heading(self) -> &'static str {
        match self {
            Source::Library => "Library",
            Source::Discover => "Films and shows to ask for",
            Source::Requests => "Requests",
            Source::Downloads => "Downloads",
            Source::People => "People",
        }
    }

    /// Whether this person may search it.
    pub fn is_for(self, user: &CurrentUser) -> bool {
        self != Source::People || user.is_admin()
    }

    /// Whether it answers from our own store, in no time.
    pub fn is_ours(self) -> bool {
        !matches!(self, Source::Library | Source::Discover)
    }
}

impl std::str::FromStr for Source {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|source| source.word() == text).ok_or(())
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// `movie`, `show`, `episode`, `collection`, `request`, `download` or `person`.
    pub kind: &'static str,
    pub title: String,
    /// A few words more, such as the year.
    pub note: String,
    /// How it stands: a tone and a word.
    pub state: Option<(&'static str, &'static str)>,
    /// A path of ours.
    pub path: String,
    /// The address of a picture at our own proxy.
    pub picture: Option<String>,
}

/// What one source says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Hits {
        hits: Vec<Hit>,
        /// Why they are old, and how old they are.
        stale: Option<String>,
    },
    /// Nobody set it up.
    NotSetUp,
    /// In words for a person.
    Failed(String),
}

/// The words that are searched for, tidied; nothing when there are none.
pub fn words(text: &str) -> Option<String> {
    let words: String = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .filter(|letter| !letter.is_control())
        .take(MAX_WORDS)
        .collect();
    (!words.is_empty()).then_some(words)
}

/// What `source` has for `user`. Always answers within about two seconds.
pub async fn ask(app: &App, user: &CurrentUser, source: Source, words: &str) -> Found {
    match source {
        Source::Library => sources::library(app, user, words).await,
        Source::Discover => sources::discover(app, words).await,
        Source::Requests => sources::requests(app, user, words).await,
        Source::Downloads => sources::downloads(app, user, words).await,
        Source::People => sources::people(app, user, words).await,
    }
}

/// The same, with nothing when it takes longer than `patience`.
pub async fn ask_within(
    app: &App,
    user: &CurrentUser,
    source: Source,
    words: &str,
    patience: Duration,
) -> Option<Found> {
    tokio::time::timeout(patience, ask(app, user, source, words)).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_tidied_and_bounded() {
        assert_eq!(words("  glass \n harbour "), Some("glass harbour".to_owned()));
        assert_eq!(words(" \t"), None);
        assert_eq!(words("\u{0}\u{7}"), None);
        assert_eq!(words(&"ü".repeat(500)).unwrap().chars().count(), MAX_WORDS);
    }

    #[test]
    fn a_source_is_known_by_its_word() {
        for source in Source::ALL {
            assert_eq!(source.word().parse(), Ok(source));
        }
        assert!("services".parse::<Source>().is_err());
    }
}

//! Requests as Overseerr keeps them, in our own words.

use std::fmt;
use std::str::FromStr;

use domain::Timestamp;
use domain::media::{MediaStatus, MediaType, TmdbId};
use domain::request::{RemoteRequest, Sighting, Transfer};
use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(u32);

        impl $name {
            /// Nothing for what is not a positive number.
            pub fn new(number: i64) -> Option<Self> {
                u32::try_from(number).ok().filter(|number| *number > 0).map(Self)
            }

            pub fn get(self) -> i64 {
                self.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                text.trim().parse().ok().and_then(Self::new).ok_or(())
            }
        }
    };
}

number!(
    /// A user of Overseerr. A number and nothing else: Seerr exits when it is told to act as
    /// somebody whose number is a word.
    SeerrUserId
);
number!(
    /// A request in Overseerr.
    SeerrRequestId
);

/// Somebody asked for something.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaRequest {
    pub id: SeerrRequestId,
    pub status: RemoteRequest,
    pub media_type: MediaType,
    pub is_4k: bool,
    pub created_at: Option<Timestamp>,
    /// On SQLite this never changes: of no use to find what is new.
    pub updated_at: Option<Timestamp>,
    pub requested_by: Option<Person>,
    /// Who approved or declined it.
    pub modified_by: Option<Person>,
    /// Of a series; empty for a film.
    pub seasons: Vec<RequestedSeason>,
    pub media: Media,
}

impl MediaRequest {
    /// What this amounts to is for the domain to say, by one rule for both families.
    pub fn sighting(&self) -> Sighting {
        Sighting {
            request: self.status,
            media: self.media.status_of(self.is_4k),
            has_all_seasons: self.are_seasons_there(),
            is_downloading: !self.files().is_empty(),
        }
    }

    fn are_seasons_there(&self) -> bool {
        let is_there = |asked: &RequestedSeason| {
            let mut known = self.media.seasons.iter().filter(|season| season.number == asked.number);
            known.any(|season| season.status_of(self.is_4k) == MediaStatus::Available)
        };
        !self.seasons.is_empty() && self.seasons.iter().all(is_there)
    }

    /// How much of its files has arrived; nothing when none are on their way.
    pub fn transfer(&self) -> Option<Transfer> {
        let files = self.files();
        let sum = |bytes: fn(&Download) -> u64| files.iter().map(bytes).fold(0, u64::saturating_add);
        let (size, left) = (sum(|file| file.size), sum(|file| file.left.min(file.size)));
        let ready_at = files.iter().filter_map(|file| file.eta).max();
        (!files.is_empty()).then_some(Transfer { size, left, ready_at })
    }

    fn files(&self) -> &[Download] {
        if self.is_4k { &self.media.downloads_4k } else { &self.media.downloads }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestedSeason {
    pub number: u32,
    pub status: RemoteRequest,
}

/// Who asked or decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: SeerrUserId,
    pub name: String,
    pub email: Option<String>,
    pub plex_id: Option<i64>,
}

/// The title of a request. It has neither name nor poster: those are in the title's details.
#[derive(Debug, Clone, PartialEq)]
pub struct Media {
    pub tmdb_id: TmdbId,
    pub tvdb_id: Option<i64>,
    pub imdb_id: Option<String>,
    pub status: MediaStatus,
    pub status_4k: MediaStatus,
    /// `ratingKey` in the Plex library.
    pub plex_key: Option<String>,
    pub plex_key_4k: Option<String>,
    pub downloads: Vec<Download>,
    pub downloads_4k: Vec<Download>,
    /// Empty in a list of requests.
    pub seasons: Vec<MediaSeason>,
}

impl Media {
    pub fn status_of(&self, is_4k: bool) -> MediaStatus {
        if is_4k { self.status_4k } else { self.status }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaSeason {
    pub number: u32,
    pub status: MediaStatus,
    pub status_4k: MediaStatus,
}

impl MediaSeason {
    pub fn status_of(self, is_4k: bool) -> MediaStatus {
        if is_4k { self.status_4k } else { self.status }
    }
}

/// One file that Radarr or Sonarr is fetching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// In the words of the download client: `downloading`, `paused`, `warning`.
    pub status: Option<String>,
    pub title: Option<String>,
    /// Bytes.
    pub size: u64,
    /// Bytes still to come.
    pub left: u64,
    pub eta: Option<Timestamp>,
}

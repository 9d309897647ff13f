//! Films and series as their catalogues describe them, whoever was asked: one shape for the
//! discover rows, the search and the title pages.

use serde::Serialize;

use super::{ImagePath, MediaType, TmdbId};

/// A card: what a row or a list of hits shows of a title.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Title {
    pub media_type: MediaType,
    pub tmdb_id: TmdbId,
    pub name: String,
    /// Of the release, or of the first episode.
    pub year: Option<u16>,
    /// Day of the release or of the first episode, as `2021-09-15`.
    pub released: Option<String>,
    pub poster: Option<ImagePath>,
    pub backdrop: Option<ImagePath>,
    /// Empty when the catalogue has none.
    pub overview: String,
    /// Mean vote from 0 to 10; absent while nobody voted.
    pub vote: Option<f32>,
    /// What the household has of it; absent when nobody ever asked for it, and always when the
    /// catalogue is TMDB itself.
    pub state: Option<MediaState>,
}

/// How far a title, or one season of it, is on its way into the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaStatus {
    Unknown,
    Pending,
    Processing,
    PartiallyAvailable,
    Available,
    /// An admin does not want it asked for.
    Blocklisted,
    Deleted,
    /// A number that this version does not know.
    Other(i64),
}

impl MediaStatus {
    /// From the number that Overseerr and Seerr use.
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => MediaStatus::Unknown,
            2 => MediaStatus::Pending,
            3 => MediaStatus::Processing,
            4 => MediaStatus::PartiallyAvailable,
            5 => MediaStatus::Available,
            6 => MediaStatus::Blocklisted,
            7 => MediaStatus::Deleted,
            other => MediaStatus::Other(other),
        }
    }

    pub fn number(self) -> i64 {
        match self {
            MediaStatus::Unknown => 1,
            MediaStatus::Pending => 2,
            MediaStatus::Processing => 3,
            MediaStatus::PartiallyAvailable => 4,
            MediaStatus::Available => 5,
            MediaStatus::Blocklisted => 6,
            MediaStatus::Deleted => 7,
            MediaStatus::Other(number) => number,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            MediaStatus::Unknown | MediaStatus::Other(_) => "unknown",
            MediaStatus::Pending => "pending",
            MediaStatus::Processing => "processing",
            MediaStatus::PartiallyAvailable => "partially_available",
            MediaStatus::Available => "available",
            MediaStatus::Blocklisted => "blocklisted",
            MediaStatus::Deleted => "deleted",
        }
    }
}

impl Serialize for MediaStatus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What the household has of a title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MediaState {
    pub status: MediaStatus,
    pub status_4k: MediaStatus,
    /// `ratingKey` of the item in the Plex library, once it is there.
    pub plex_key: Option<String>,
    pub plex_key_4k: Option<String>,
}

impl MediaState {
    /// The status in ordinary quality, or in 4K.
    pub fn of(&self, is_4k: bool) -> MediaStatus {
        if is_4k { self.status_4k } else { self.status }
    }
}

/// One page of a list of titles. Pages count from 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Titles {
    pub titles: Vec<Title>,
    pub page: u32,
    pub pages: u32,
    pub total: u64,
}

/// Everything that a title page shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TitleDetails {
    pub title: Title,
    pub tagline: Option<String>,
    pub genres: Vec<String>,
    /// Of the film, or of an ordinary episode, in minutes.
    pub minutes: Option<u32>,
    /// In the words of the catalogue: `Released`, `Ended`.
    pub production: Option<String>,
    /// Age rating of the first country that has one, such as `R` or `TV-MA`.
    pub certification: Option<String>,
    /// In billing order, at most twenty.
    pub cast: Vec<CastMember>,
    /// Directors of a film, creators of a series.
    pub makers: Vec<String>,
    /// Studios of a film, networks of a series.
    pub studios: Vec<String>,
    /// Key of a trailer on YouTube.
    pub trailer: Option<String>,
    pub imdb_id: Option<String>,
    pub tvdb_id: Option<i64>,
    /// Of a series, in order, specials (0) first; without their episodes.
    pub seasons: Vec<Season>,
    pub last_aired: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CastMember {
    pub name: String,
    pub role: Option<String>,
    pub picture: Option<ImagePath>,
}

/// A season of a series. Number 0 are the specials.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Season {
    pub number: u32,
    pub name: String,
    pub overview: String,
    /// Day of the first episode, as `2008-01-20`.
    pub aired: Option<String>,
    pub poster: Option<ImagePath>,
    pub episode_count: u32,
    pub status: MediaStatus,
    pub status_4k: MediaStatus,
    /// Whether somebody asked for it and was not declined.
    pub is_requested: bool,
    pub is_requested_4k: bool,
    /// Empty in a list of seasons.
    pub episodes: Vec<Episode>,
}

impl Season {
    /// Whether it can still be asked for.
    pub fn is_open(&self, is_4k: bool) -> bool {
        let (status, is_requested) =
            if is_4k { (self.status_4k, self.is_requested_4k) } else { (self.status, self.is_requested) };
        let is_taken = matches!(
            status,
            MediaStatus::Pending
                | MediaStatus::Processing
                | MediaStatus::PartiallyAvailable
                | MediaStatus::Available
                | MediaStatus::Blocklisted
        );
        !is_requested && !is_taken
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Episode {
    pub number: u32,
    pub name: String,
    pub overview: String,
    pub aired: Option<String>,
    pub still: Option<ImagePath>,
    pub vote: Option<f32>,
}

/// A genre of one kind of title; the numbers differ between films and series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Genre {
    pub id: u32,
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_we_do_not_know_is_kept() {
        assert_eq!(MediaStatus::from_number(5), MediaStatus::Available);
        for number in -1..10 {
            assert_eq!(MediaStatus::from_number(number).number(), number);
        }
        assert_eq!(MediaStatus::from_number(42), MediaStatus::Other(42));
        assert_eq!(serde_json::to_string(&MediaStatus::Other(42)).unwrap(), "\"unknown\"");
    }

    #[test]
    fn a_season_is_open_until_somebody_asks_for_it() {
        let season = Season {
            number: 1,
            name: "Season 1".into(),
            overview: String::new(),
            aired: None,
            poster: None,
            episode_count: 7,
            status: MediaStatus::Unknown,
            status_4k: MediaStatus::Available,
            is_requested: false,
            is_requested_4k: false,
            episodes: Vec::new(),
        };

        assert!(season.is_open(false) && !season.is_open(true));
        assert!(!Season { is_requested: true, ..season.clone() }.is_open(false));
        assert!(
            Season { status: MediaStatus::Deleted, ..season }.is_open(false),
            "it may be asked for again"
        );
    }
}

//! A page of cards.

use domain::media::{ImagePath, MediaState, MediaStatus, MediaType, Title, Titles, TmdbId};
use serde::Deserialize;

use super::{day, vote, year};
use crate::tolerant;

#[derive(Debug, Deserialize)]
pub(crate) struct TitlesWire {
    #[serde(default, deserialize_with = "tolerant::integer")]
    page: Option<i64>,
    #[serde(default, rename = "totalPages", alias = "total_pages", deserialize_with = "tolerant::integer")]
    total_pages: Option<i64>,
    #[serde(
        default,
        rename = "totalResults",
        alias = "total_results",
        deserialize_with = "tolerant::integer"
    )]
    total_results: Option<i64>,
    #[serde(deserialize_with = "tolerant::list")]
    results: Vec<TitleWire>,
}

impl TitlesWire {
    /// Persons and collections are left out, and so is what has no name. `media_type` is what
    /// entries are that do not say so.
    pub(crate) fn into_titles(self, media_type: Option<MediaType>) -> Titles {
        let positive = |number: Option<i64>| number.and_then(|n| u32::try_from(n).ok());
        Titles {
            page: positive(self.page).unwrap_or(1).max(1),
            pages: positive(self.total_pages).unwrap_or(1),
            total: self.total_results.and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
            titles: self.results.into_iter().filter_map(|entry| entry.into_title(media_type)).collect(),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct TitleWire {
    #[serde(default, deserialize_with = "tolerant::integer")]
    id: Option<i64>,
    #[serde(default, rename = "mediaType", alias = "media_type", deserialize_with = "tolerant::text")]
    media_type: Option<String>,
    /// Of a film.
    #[serde(default, deserialize_with = "tolerant::text")]
    title: Option<String>,
    /// Of a series.
    #[serde(default, deserialize_with = "tolerant::text")]
    name: Option<String>,
    #[serde(default, rename = "releaseDate", alias = "release_date", deserialize_with = "tolerant::text")]
    release_date: Option<String>,
    #[serde(default, rename = "firstAirDate", alias = "first_air_date", deserialize_with = "tolerant::text")]
    first_air_date: Option<String>,
    #[serde(default, rename = "posterPath", alias = "poster_path", deserialize_with = "tolerant::text")]
    poster_path: Option<String>,
    #[serde(default, rename = "backdropPath", alias = "backdrop_path", deserialize_with = "tolerant::text")]
    backdrop_path: Option<String>,
    #[serde(default, deserialize_with = "tolerant::text")]
    overview: Option<String>,
    #[serde(default, rename = "voteAverage", alias = "vote_average", deserialize_with = "tolerant::decimal")]
    vote_average: Option<f64>,
    #[serde(default, rename = "mediaInfo", deserialize_with = "tolerant::maybe")]
    pub(super) media_info: Option<MediaInfoWire>,
}

impl TitleWire {
    pub(super) fn into_title(self, expected: Option<MediaType>) -> Option<Title> {
        let media_type = match self.media_type.as_deref() {
            Some(text) => text.parse().ok()?,
            None => expected?,
        };
        let (name, released) = match media_type {
            MediaType::Movie => (self.title.or(self.name), day(self.release_date)),
            MediaType::Tv => (self.name.or(self.title), day(self.first_air_date)),
        };
        Some(Title {
            media_type,
            tmdb_id: TmdbId(self.id?),
            name: name?,
            year: year(released.as_deref()),
            released,
            poster: self.poster_path.as_deref().and_then(ImagePath::parse),
            backdrop: self.backdrop_path.as_deref().and_then(ImagePath::parse),
            overview: self.overview.unwrap_or_default(),
            vote: vote(self.vote_average),
            state: self.media_info.map(|media| media.state()),
        })
    }
}

/// What Overseerr knows of a title that somebody asked for, or that is in the library.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MediaInfoWire {
    #[serde(deserialize_with = "tolerant::integer")]
    status: Option<i64>,
    #[serde(deserialize_with = "tolerant::integer")]
    status4k: Option<i64>,
    #[serde(deserialize_with = "tolerant::text")]
    rating_key: Option<String>,
    #[serde(deserialize_with = "tolerant::text")]
    rating_key4k: Option<String>,
    #[serde(deserialize_with = "tolerant::list")]
    pub(super) seasons: Vec<MediaSeasonWire>,
    #[serde(deserialize_with = "tolerant::list")]
    pub(super) requests: Vec<RequestWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MediaSeasonWire {
    #[serde(deserialize_with = "tolerant::integer")]
    pub(super) season_number: Option<i64>,
    #[serde(deserialize_with = "tolerant::integer")]
    pub(super) status: Option<i64>,
    #[serde(deserialize_with = "tolerant::integer")]
    pub(super) status4k: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct RequestWire {
    #[serde(rename = "is4k", deserialize_with = "tolerant::flag")]
    pub(super) is_4k: bool,
    #[serde(deserialize_with = "tolerant::list")]
    pub(super) seasons: Vec<MediaSeasonWire>,
}

impl MediaInfoWire {
    fn state(&self) -> MediaState {
        MediaState {
            status: status(self.status),
            status_4k: status(self.status4k),
            plex_key: self.rating_key.clone(),
            plex_key_4k: self.rating_key4k.clone(),
        }
    }
}

pub(super) fn status(number: Option<i64>) -> MediaStatus {
    number.map_or(MediaStatus::Unknown, MediaStatus::from_number)
}

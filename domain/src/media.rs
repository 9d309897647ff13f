//! Films and series: what they are called outside, and what is known of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::user::Invalid;

mod image;
mod row;
mod title;

pub use image::{ImagePath, ImageSize};
pub use row::Row;
pub use title::{CastMember, Episode, Genre, MediaState, MediaStatus, Season, Title, TitleDetails, Titles};

/// A film or a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaType {
    Movie,
    Tv,
}

impl MediaType {
    pub fn as_str(self) -> &'static str {
        match self {
            MediaType::Movie => "movie",
            MediaType::Tv => "tv",
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MediaType {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "movie" => Ok(MediaType::Movie),
            "tv" => Ok(MediaType::Tv),
            _ => Err(Invalid("media_type is movie or tv")),
        }
    }
}

/// The number of a title at The Movie Database. Films and series are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TmdbId(pub i64);

impl fmt::Display for TmdbId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

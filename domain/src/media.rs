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

impl TmdbId {
    /// The largest number that Overseerr's database can hold.
    pub const MAX: i64 = i32::MAX as i64;

    /// A number that The Movie Database could have given.
    pub fn new(number: i64) -> Result<Self, Invalid> {
        if (1..=Self::MAX).contains(&number) {
            Ok(Self(number))
        } else {
            Err(Invalid("tmdb_id is a whole number from 1 to 2147483647"))
        }
    }
}

impl FromStr for TmdbId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if is_number { text.parse().unwrap_or_default() } else { 0 };
        Self::new(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_nobody_gave_is_refused() {
        for text in ["", "0", "-1", "+5", "1.5", "0x10", " 7", "2147483648", "99999999999999999999", "abc"] {
            assert!(text.parse::<TmdbId>().is_err(), "{text:?} was accepted");
        }
        assert_eq!("603".parse::<TmdbId>().unwrap(), TmdbId(603));
    }
}

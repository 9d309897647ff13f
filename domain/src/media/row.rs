//! The rows of the discover page.

use std::fmt;
use std::str::FromStr;

use super::MediaType;
use crate::user::Invalid;

/// A list of titles that somebody else keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Row {
    Trending,
    Movies,
    Tv,
    UpcomingMovies,
    UpcomingTv,
    Genre(MediaType, u32),
}

impl Row {
    /// The rows that every household has, in the order of the page.
    pub const MAIN: [Row; 5] = [Row::Trending, Row::Movies, Row::Tv, Row::UpcomingMovies, Row::UpcomingTv];

    /// What its titles are where they do not say so themselves.
    pub fn media_type(self) -> Option<MediaType> {
        match self {
            Row::Trending => None,
            Row::Movies | Row::UpcomingMovies => Some(MediaType::Movie),
            Row::Tv | Row::UpcomingTv => Some(MediaType::Tv),
            Row::Genre(media_type, _) => Some(media_type),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Row::Trending => f.write_str("trending"),
            Row::Movies => f.write_str("movies"),
            Row::Tv => f.write_str("tv"),
            Row::UpcomingMovies => f.write_str("upcoming-movies"),
            Row::UpcomingTv => f.write_str("upcoming-tv"),
            Row::Genre(media_type, id) => write!(f, "{media_type}-genre-{id}"),
        }
    }
}

impl FromStr for Row {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if let Some(row) = Self::MAIN.into_iter().find(|row| row.to_string() == text) {
            return Ok(row);
        }
        let genre = |(media_type, id): (&str, &str)| {
            Some(Row::Genre(media_type.parse().ok()?, id.parse().ok().filter(|id| *id > 0)?))
        };
        text.split_once("-genre-").and_then(genre).ok_or(Invalid(
            "a row is one of trending, movies, tv, upcoming-movies, upcoming-tv, movie-genre-<number>, tv-genre-<number>",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_is_written() {
        for row in
            Row::MAIN.into_iter().chain([Row::Genre(MediaType::Movie, 28), Row::Genre(MediaType::Tv, 18)])
        {
            assert_eq!(row.to_string().parse::<Row>().ok(), Some(row));
        }
        for text in ["", "popular", "music-genre-1", "movie-genre-", "movie-genre-x", "movie-genre--1"] {
            assert!(text.parse::<Row>().is_err(), "{text}");
        }
    }
}

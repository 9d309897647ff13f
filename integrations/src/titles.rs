//! Films and series in JSON. Overseerr hands on what TMDB says with its names in camelCase, so
//! both are read here.

mod credits;
mod details;
mod list;
mod season;

pub(crate) use details::DetailsWire;
pub(crate) use list::TitlesWire;
pub(crate) use season::SeasonWire;

use bytes::Bytes;
use domain::media::Genre;
use http::header;
use serde::Deserialize;

use crate::http::Answer;
use crate::tolerant;

/// A picture as it came.
#[derive(Debug, Clone)]
pub struct Image {
    /// What the server calls it; always a kind of picture that is no program.
    pub content_type: &'static str,
    pub bytes: Bytes,
}

impl Image {
    /// Nothing when the answer is no picture.
    pub(crate) fn from_answer(answer: Answer) -> Option<Self> {
        let sent = answer.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let sent = sent.split(';').next().unwrap_or_default().trim();
        let kinds = ["image/jpeg", "image/png", "image/webp", "image/avif"];
        let content_type = kinds.into_iter().find(|kind| kind.eq_ignore_ascii_case(sent))?;
        (!answer.body.is_empty()).then_some(Self { content_type, bytes: answer.body })
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct GenreWire {
    #[serde(default, deserialize_with = "tolerant::integer")]
    id: Option<i64>,
    #[serde(default, deserialize_with = "tolerant::text")]
    name: Option<String>,
}

impl GenreWire {
    pub(crate) fn into_genre(self) -> Option<Genre> {
        Some(Genre { id: u32::try_from(self.id?).ok()?, name: self.name? })
    }
}

/// The day of `2021-09-15`, and of the start of a longer time.
fn day(text: Option<String>) -> Option<String> {
    let text = text?;
    let day = text.get(..10)?;
    let is_day = day.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    is_day.then(|| day.to_owned())
}

fn year(day: Option<&str>) -> Option<u16> {
    day?.get(..4)?.parse().ok().filter(|year| *year > 0)
}

/// A vote; 0 means that nobody voted.
fn vote(vote: Option<f64>) -> Option<f32> {
    vote.filter(|vote| *vote > 0.0 && *vote <= 10.0).map(|vote| vote as f32)
}

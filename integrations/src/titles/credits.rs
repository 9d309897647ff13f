//! Who is in a title and who made it, its rating and its trailer.

use domain::media::{CastMember, ImagePath};
use serde::Deserialize;

use crate::tolerant;

/// The most people that a page shows.
const CAST: usize = 20;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CreditsWire {
    #[serde(deserialize_with = "tolerant::list")]
    cast: Vec<PersonWire>,
    #[serde(deserialize_with = "tolerant::list")]
    crew: Vec<PersonWire>,
}

#[derive(Debug, Deserialize)]
struct PersonWire {
    name: String,
    #[serde(default, deserialize_with = "tolerant::text")]
    character: Option<String>,
    #[serde(default, deserialize_with = "tolerant::text")]
    job: Option<String>,
    #[serde(default, deserialize_with = "tolerant::integer")]
    order: Option<i64>,
    #[serde(default, rename = "profilePath", alias = "profile_path", deserialize_with = "tolerant::text")]
    profile_path: Option<String>,
}

impl CreditsWire {
    pub(super) fn directors(&self) -> Vec<String> {
        let directors = self.crew.iter().filter(|person| person.job.as_deref() == Some("Director"));
        directors.map(|person| person.name.clone()).collect()
    }

    pub(super) fn into_cast(mut self) -> Vec<CastMember> {
        self.cast.sort_by_key(|person| person.order.unwrap_or(i64::MAX));
        let member = |person: PersonWire| CastMember {
            name: person.name,
            role: person.character,
            picture: person.profile_path.as_deref().and_then(ImagePath::parse),
        };
        self.cast.into_iter().take(CAST).map(member).collect()
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct NamedWire {
    pub(super) name: String,
}

pub(super) fn names(list: Vec<NamedWire>) -> Vec<String> {
    list.into_iter().map(|named| named.name).filter(|name| !name.is_empty()).collect()
}

/// A list behind a field `results`.
#[derive(Debug, Deserialize)]
pub(super) struct ResultsWire<T: serde::de::DeserializeOwned> {
    #[serde(deserialize_with = "tolerant::list", bound = "")]
    pub(super) results: Vec<T>,
}

/// Ratings of one country: of a film one per release, of a series one.
#[derive(Debug, Deserialize)]
pub(super) struct RatingWire {
    #[serde(default, deserialize_with = "tolerant::text")]
    iso_3166_1: Option<String>,
    #[serde(default, deserialize_with = "tolerant::text")]
    rating: Option<String>,
    #[serde(default, deserialize_with = "tolerant::list")]
    release_dates: Vec<CertificationWire>,
}

#[derive(Debug, Deserialize)]
struct CertificationWire {
    #[serde(default, deserialize_with = "tolerant::text")]
    certification: Option<String>,
}

impl RatingWire {
    fn text(&self) -> Option<String> {
        self.rating.clone().or_else(|| self.release_dates.iter().find_map(|date| date.certification.clone()))
    }
}

/// That of the United States, which is the one most often given; else the first there is.
pub(super) fn certification(ratings: &[RatingWire]) -> Option<String> {
    let of_home = ratings.iter().filter(|rating| rating.iso_3166_1.as_deref() == Some("US"));
    of_home.chain(ratings).find_map(RatingWire::text)
}

#[derive(Debug, Deserialize)]
pub(super) struct VideoWire {
    #[serde(default, deserialize_with = "tolerant::text")]
    site: Option<String>,
    #[serde(default, deserialize_with = "tolerant::text")]
    key: Option<String>,
    #[serde(default, rename = "type", deserialize_with = "tolerant::text")]
    kind: Option<String>,
}

/// The key of the first trailer on YouTube; it becomes a part of an address.
pub(super) fn trailer(videos: Vec<VideoWire>) -> Option<String> {
    let is_key = |key: &String| {
        key.len() <= 20 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let mut trailers = videos
        .into_iter()
        .filter(|video| video.site.as_deref() == Some("YouTube") && video.kind.as_deref() == Some("Trailer"));
    trailers.find_map(|video| video.key.filter(is_key))
}

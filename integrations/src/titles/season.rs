//! A season with its episodes, and the short form in the details of a series.

use domain::media::{Episode, ImagePath, MediaStatus, Season};
use serde::Deserialize;

use super::list::{MediaInfoWire, status};
use super::{day, vote};
use crate::tolerant;

/// Declined and completed requests do not keep a season from being asked for again, as Overseerr
/// judges it.
const IS_OVER: [i64; 2] = [3, 5];

#[derive(Debug, Deserialize)]
pub(crate) struct SeasonWire {
    #[serde(
        default,
        rename = "seasonNumber",
        alias = "season_number",
        deserialize_with = "tolerant::integer"
    )]
    season_number: Option<i64>,
    #[serde(default, deserialize_with = "tolerant::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "tolerant::text")]
    overview: Option<String>,
    #[serde(default, rename = "airDate", alias = "air_date", deserialize_with = "tolerant::text")]
    air_date: Option<String>,
    #[serde(default, rename = "posterPath", alias = "poster_path", deserialize_with = "tolerant::text")]
    poster_path: Option<String>,
    #[serde(
        default,
        rename = "episodeCount",
        alias = "episode_count",
        deserialize_with = "tolerant::integer"
    )]
    episode_count: Option<i64>,
    #[serde(default, deserialize_with = "tolerant::list")]
    episodes: Vec<EpisodeWire>,
}

#[derive(Debug, Deserialize)]
struct EpisodeWire {
    #[serde(
        default,
        rename = "episodeNumber",
        alias = "episode_number",
        deserialize_with = "tolerant::integer"
    )]
    episode_number: Option<i64>,
    #[serde(default, deserialize_with = "tolerant::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "tolerant::text")]
    overview: Option<String>,
    #[serde(default, rename = "airDate", alias = "air_date", deserialize_with = "tolerant::text")]
    air_date: Option<String>,
    #[serde(default, rename = "stillPath", alias = "still_path", deserialize_with = "tolerant::text")]
    still_path: Option<String>,
    #[serde(default, rename = "voteAverage", alias = "vote_average", deserialize_with = "tolerant::decimal")]
    vote_average: Option<f64>,
}

impl SeasonWire {
    /// `number` is the one that was asked for; `media` is what Overseerr says of the series.
    pub(crate) fn into_season(self, number: Option<u32>, media: Option<&MediaInfoWire>) -> Option<Season> {
        let number = self.season_number.and_then(|number| u32::try_from(number).ok()).or(number)?;
        let episodes: Vec<Episode> =
            self.episodes.into_iter().filter_map(EpisodeWire::into_episode).collect();
        let counted = self.episode_count.and_then(|count| u32::try_from(count).ok());
        let mut season = Season {
            number,
            name: self.name.unwrap_or_else(|| format!("Season {number}")),
            overview: self.overview.unwrap_or_default(),
            aired: day(self.air_date),
            poster: self.poster_path.as_deref().and_then(ImagePath::parse),
            episode_count: counted.unwrap_or(episodes.len() as u32),
            status: MediaStatus::Unknown,
            status_4k: MediaStatus::Unknown,
            is_requested: false,
            is_requested_4k: false,
            episodes,
        };
        if let Some(media) = media {
            join(&mut season, media);
        }
        Some(season)
    }
}

fn join(season: &mut Season, media: &MediaInfoWire) {
    let number = Some(i64::from(season.number));
    if let Some(known) = media.seasons.iter().find(|known| known.season_number == number) {
        season.status = status(known.status);
        season.status_4k = status(known.status4k);
    }
    let is_asked = |is_4k: bool| {
        let requests = media.requests.iter().filter(|request| request.is_4k == is_4k);
        let mut seasons = requests.flat_map(|request| &request.seasons);
        seasons.any(|asked| {
            asked.season_number == number && !asked.status.is_some_and(|status| IS_OVER.contains(&status))
        })
    };
    season.is_requested = is_asked(false);
    season.is_requested_4k = is_asked(true);
}

impl EpisodeWire {
    fn into_episode(self) -> Option<Episode> {
        let number = u32::try_from(self.episode_number?).ok()?;
        Some(Episode {
            number,
            name: self.name.unwrap_or_else(|| format!("Episode {number}")),
            overview: self.overview.unwrap_or_default(),
            aired: day(self.air_date),
            still: self.still_path.as_deref().and_then(ImagePath::parse),
            vote: vote(self.vote_average),
        })
    }
}

//! Everything about one title.

use domain::media::{MediaType, Season, TitleDetails};
use serde::Deserialize;

use super::credits::{
    CreditsWire, NamedWire, RatingWire, ResultsWire, VideoWire, certification, names, trailer,
};
use super::day;
use super::list::TitleWire;
use super::season::SeasonWire;
use crate::tolerant;

#[derive(Debug, Deserialize)]
pub(crate) struct DetailsWire {
    #[serde(flatten)]
    card: TitleWire,
    #[serde(default, deserialize_with = "tolerant::text")]
    tagline: Option<String>,
    #[serde(default, deserialize_with = "tolerant::list")]
    genres: Vec<NamedWire>,
    #[serde(default, deserialize_with = "tolerant::integer")]
    runtime: Option<i64>,
    #[serde(
        default,
        rename = "episodeRunTime",
        alias = "episode_run_time",
        deserialize_with = "tolerant::list"
    )]
    episode_run_time: Vec<i64>,
    #[serde(default, deserialize_with = "tolerant::text")]
    status: Option<String>,
    #[serde(default, deserialize_with = "tolerant::maybe")]
    credits: Option<CreditsWire>,
    #[serde(default, rename = "createdBy", alias = "created_by", deserialize_with = "tolerant::list")]
    created_by: Vec<NamedWire>,
    #[serde(
        default,
        rename = "productionCompanies",
        alias = "production_companies",
        deserialize_with = "tolerant::list"
    )]
    production_companies: Vec<NamedWire>,
    #[serde(default, deserialize_with = "tolerant::list")]
    networks: Vec<NamedWire>,
    #[serde(default, alias = "release_dates", deserialize_with = "tolerant::maybe")]
    releases: Option<ResultsWire<RatingWire>>,
    #[serde(
        default,
        rename = "contentRatings",
        alias = "content_ratings",
        deserialize_with = "tolerant::maybe"
    )]
    content_ratings: Option<ResultsWire<RatingWire>>,
    /// In Overseerr.
    #[serde(default, rename = "relatedVideos", deserialize_with = "tolerant::list")]
    related_videos: Vec<VideoWire>,
    /// In TMDB.
    #[serde(default, deserialize_with = "tolerant::maybe")]
    videos: Option<ResultsWire<VideoWire>>,
    #[serde(default, rename = "externalIds", alias = "external_ids", deserialize_with = "tolerant::maybe")]
    external_ids: Option<ExternalIdsWire>,
    #[serde(default, deserialize_with = "tolerant::list")]
    seasons: Vec<SeasonWire>,
    #[serde(default, rename = "lastAirDate", alias = "last_air_date", deserialize_with = "tolerant::text")]
    last_air_date: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct ExternalIdsWire {
    #[serde(default, rename = "imdbId", alias = "imdb_id", deserialize_with = "tolerant::text")]
    imdb_id: Option<String>,
    #[serde(default, rename = "tvdbId", alias = "tvdb_id", deserialize_with = "tolerant::integer")]
    tvdb_id: Option<i64>,
}

impl DetailsWire {
    /// Nothing when it has no number or no name.
    pub(crate) fn into_details(self, media_type: MediaType) -> Option<TitleDetails> {
        let media = self.card.media_info.as_ref();
        let season = |wire: SeasonWire| wire.into_season(None, media);
        let mut seasons: Vec<Season> = self.seasons.into_iter().filter_map(season).collect();
        seasons.sort_by_key(|season| season.number);
        let credits = self.credits.unwrap_or_default();
        let ids = self.external_ids.unwrap_or_default();
        let minutes = self.runtime.or(self.episode_run_time.first().copied());
        let ratings = self.releases.or(self.content_ratings).map(|ratings| ratings.results);
        let mut videos = self.related_videos;
        videos.extend(self.videos.into_iter().flat_map(|videos| videos.results));
        let (makers, studios) = match media_type {
            MediaType::Movie => (credits.directors(), self.production_companies),
            MediaType::Tv => (names(self.created_by), self.networks),
        };
        Some(TitleDetails {
            title: self.card.into_title(Some(media_type))?,
            tagline: self.tagline,
            genres: names(self.genres),
            minutes: minutes.and_then(|minutes| u32::try_from(minutes).ok()).filter(|minutes| *minutes > 0),
            production: self.status,
            certification: certification(&ratings.unwrap_or_default()),
            cast: credits.into_cast(),
            makers,
            studios: names(studios),
            trailer: trailer(videos),
            imdb_id: ids.imdb_id.filter(|id| is_imdb_id(id)),
            tvdb_id: ids.tvdb_id,
            seasons,
            last_aired: day(self.last_air_date),
        })
    }
}

/// It becomes a part of an address.
fn is_imdb_id(id: &str) -> bool {
    id.strip_prefix("tt")
        .is_some_and(|digits| (1..=12).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}

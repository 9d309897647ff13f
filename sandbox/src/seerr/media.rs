//! What Seerr keeps of a title: its state, its seasons, and what is being downloaded.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use serde_json::{Value, json};

use super::{Family, State, status};
use crate::stamps::{iso, iso_seconds};
use crate::world::{Library, Show, World};

/// How far a download is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Progress {
    /// Stays where it was put.
    Fixed(f64),
    /// Moves by itself.
    Timed { since: Timestamp, takes: Duration },
}

impl Progress {
    /// Between 0 and 1.
    pub fn done(self) -> f64 {
        match self {
            Self::Fixed(done) => done.clamp(0.0, 1.0),
            Self::Timed { since, takes } => {
                (since.age().as_secs_f64() / takes.as_secs_f64().max(0.001)).min(1.0)
            }
        }
    }

    fn left(self) -> Duration {
        match self {
            Self::Fixed(done) => Duration::from_secs_f64((1.0 - done.clamp(0.0, 1.0)) * 900.0),
            Self::Timed { since, takes } => takes.saturating_sub(since.age()),
        }
    }
}

/// A download in Radarr or Sonarr.
#[derive(Debug, Clone)]
pub(super) struct Download {
    pub request: i64,
    pub is_4k: bool,
    pub title: String,
    pub size: u64,
    pub progress: Progress,
}

/// The state of one title, or of one season of it, in both tiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tiers {
    pub usual: i64,
    pub uhd: i64,
}

impl Default for Tiers {
    fn default() -> Self {
        Self { usual: status::UNKNOWN, uhd: status::UNKNOWN }
    }
}

impl Tiers {
    pub fn of(self, is_4k: bool) -> i64 {
        if is_4k { self.uhd } else { self.usual }
    }

    pub fn set(&mut self, is_4k: bool, status: i64) {
        *(if is_4k { &mut self.uhd } else { &mut self.usual }) = status;
    }
}

/// A title that Seerr knows.
#[derive(Debug, Clone)]
pub(super) struct Media {
    pub id: i64,
    pub is_movie: bool,
    pub tmdb: i64,
    pub tvdb: Option<i64>,
    pub tiers: Tiers,
    pub seasons: BTreeMap<i64, Tiers>,
    pub since: Timestamp,
    pub rating_key: Option<String>,
    pub downloads: Vec<Download>,
}

impl Media {
    pub fn new(id: i64, is_movie: bool, tmdb: i64, tvdb: Option<i64>) -> Self {
        Self {
            id,
            is_movie,
            tmdb,
            tvdb,
            tiers: Tiers::default(),
            seasons: BTreeMap::new(),
            since: Timestamp::now(),
            rating_key: None,
            downloads: Vec::new(),
        }
    }
}

/// What the scan of the Plex library has found.
pub(super) fn in_the_library(world: &World) -> Vec<Media> {
    let mut found = Vec::new();
    for movie in &world.movies {
        if let Library::Here { days, uhd } = movie.library {
            let mut media = Media::new(0, true, movie.tmdb, None);
            media.tiers.usual = status::AVAILABLE;
            if uhd {
                media.tiers.uhd = status::AVAILABLE;
            }
            media.since = ago(world, days);
            found.push(media);
        }
    }
    for show in &world.shows {
        if let Library::Here { days, .. } = show.library {
            found.push(show_in_the_library(show, ago(world, days)));
        }
    }
    found
}

fn show_in_the_library(show: &Show, since: Timestamp) -> Media {
    let mut media = Media::new(0, false, show.tmdb, Some(show.tvdb()));
    media.since = since;
    for season in show.seasons.iter().filter(|season| season.here > 0) {
        let whole = season.here >= season.episodes.len();
        let usual = if whole { status::AVAILABLE } else { status::PARTIALLY };
        media.seasons.insert(season.number, Tiers { usual, ..Tiers::default() });
    }
    let all = show.seasons.iter().all(|season| {
        media.seasons.get(&season.number).is_some_and(|tiers| tiers.usual == status::AVAILABLE)
    });
    media.tiers.usual = if all { status::AVAILABLE } else { status::PARTIALLY };
    media
}

fn ago(world: &World, days: i64) -> Timestamp {
    Timestamp::from_millis((world.now - days * 86400) * 1000)
}

impl State {
    pub fn media_of(&self, is_movie: bool, tmdb: i64) -> Option<&Media> {
        self.media.values().find(|media| media.is_movie == is_movie && media.tmdb == tmdb)
    }

    /// Without its requests.
    pub fn media_json(&self, media: &Media) -> Value {
        let since = iso_seconds(media.since);
        let mut json = json!({
            "downloadStatus": downloads(media, false), "downloadStatus4k": downloads(media, true),
            "id": media.id, "mediaType": if media.is_movie { "movie" } else { "tv" }, "tmdbId": media.tmdb,
            "tvdbId": media.tvdb, "imdbId": null, "status": media.tiers.usual, "status4k": media.tiers.uhd,
            "createdAt": since, "updatedAt": since, "lastSeasonChange": since, "mediaAddedAt": since,
            "serviceId": null, "serviceId4k": null, "externalServiceId": null, "externalServiceId4k": null,
            "externalServiceSlug": null, "externalServiceSlug4k": null,
            "ratingKey": media.rating_key, "ratingKey4k": null,
        });
        if self.family == Family::Seerr {
            json["jellyfinMediaId"] = Value::Null;
            json["jellyfinMediaId4k"] = Value::Null;
        }
        if let Some(key) = &media.rating_key {
            let machine = self.world.machine_id;
            json["mediaUrl"] = json!(format!(
                "https://app.plex.tv/desktop#!/server/{machine}/details?key=%2Flibrary%2Fmetadata%2F{key}"
            ));
        }
        json
    }

    pub fn seasons_json(&self, media: &Media) -> Value {
        let since = iso_seconds(media.since);
        let seasons: Vec<Value> = media
            .seasons
            .iter()
            .map(|(number, tiers)| {
                json!({
                    "id": media.id * 100 + number, "seasonNumber": number, "status": tiers.usual,
                    "status4k": tiers.uhd, "createdAt": since, "updatedAt": since,
                })
            })
            .collect();
        json!(seasons)
    }
}

fn downloads(media: &Media, is_4k: bool) -> Value {
    let downloads: Vec<Value> = media
        .downloads
        .iter()
        .filter(|download| download.is_4k == is_4k)
        .map(|download| {
            let left = download.progress.left();
            let size_left = (download.size as f64 * (1.0 - download.progress.done())) as u64;
            let seconds = left.as_secs();
            let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
            json!({
                "mediaType": if media.is_movie { "movie" } else { "tv" }, "externalId": media.tmdb % 1000,
                "size": download.size, "sizeLeft": size_left,
                "status": if size_left == 0 { "completed" } else { "downloading" },
                "timeLeft": clock, "estimatedCompletionTime": iso(Timestamp::now() + left),
                "title": download.title, "downloadId": format!("SABnzbd_nzo_{:06x}", download.request),
            })
        })
        .collect();
    json!(downloads)
}

//! The JSON of requests and users, and what becomes of it.

use domain::Timestamp;
use domain::media::{MediaStatus, TmdbId};
use domain::request::RemoteRequest;
use serde::Deserialize;

use super::model::{
    Download, Media, MediaRequest, MediaSeason, Person, RequestedSeason, SeerrRequestId, SeerrUserId,
};
use super::people::SeerrUser;
use super::permissions::Permissions;
use crate::tolerant;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RequestWire {
    #[serde(deserialize_with = "tolerant::integer")]
    id: Option<i64>,
    #[serde(deserialize_with = "tolerant::integer")]
    status: Option<i64>,
    #[serde(rename = "type", deserialize_with = "tolerant::text")]
    kind: Option<String>,
    #[serde(rename = "is4k", deserialize_with = "tolerant::flag")]
    is_4k: bool,
    #[serde(deserialize_with = "tolerant::time")]
    created_at: Option<Timestamp>,
    #[serde(deserialize_with = "tolerant::time")]
    updated_at: Option<Timestamp>,
    #[serde(deserialize_with = "tolerant::maybe")]
    requested_by: Option<UserWire>,
    #[serde(deserialize_with = "tolerant::maybe")]
    modified_by: Option<UserWire>,
    #[serde(deserialize_with = "tolerant::list")]
    seasons: Vec<SeasonWire>,
    #[serde(deserialize_with = "tolerant::maybe")]
    media: Option<MediaWire>,
}

impl RequestWire {
    /// Nothing without a number, a status, a title or a kind that we know.
    pub(super) fn into_request(self) -> Option<MediaRequest> {
        let media = self.media?;
        let kind = self.kind.or_else(|| media.media_type.clone())?;
        Some(MediaRequest {
            id: SeerrRequestId::new(self.id?)?,
            status: RemoteRequest::from_number(self.status?),
            media_type: kind.parse().ok()?,
            is_4k: self.is_4k,
            created_at: self.created_at,
            updated_at: self.updated_at,
            requested_by: self.requested_by.and_then(UserWire::into_person),
            modified_by: self.modified_by.and_then(UserWire::into_person),
            seasons: self.seasons.into_iter().filter_map(SeasonWire::into_requested).collect(),
            media: media.into_media()?,
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct MediaWire {
    #[serde(deserialize_with = "tolerant::text")]
    media_type: Option<String>,
    #[serde(deserialize_with = "tolerant::integer")]
    tmdb_id: Option<i64>,
    #[serde(deserialize_with = "tolerant::integer")]
    tvdb_id: Option<i64>,
    #[serde(deserialize_with = "tolerant::text")]
    imdb_id: Option<String>,
    #[serde(deserialize_with = "tolerant::integer")]
    status: Option<i64>,
    #[serde(deserialize_with = "tolerant::integer")]
    status4k: Option<i64>,
    #[serde(deserialize_with = "tolerant::text")]
    rating_key: Option<String>,
    #[serde(deserialize_with = "tolerant::text")]
    rating_key4k: Option<String>,
    #[serde(deserialize_with = "tolerant::list")]
    download_status: Vec<DownloadWire>,
    #[serde(deserialize_with = "tolerant::list")]
    download_status4k: Vec<DownloadWire>,
    #[serde(deserialize_with = "tolerant::list")]
    seasons: Vec<SeasonWire>,
}

impl MediaWire {
    fn into_media(self) -> Option<Media> {
        let downloads = |list: Vec<DownloadWire>| list.into_iter().map(DownloadWire::into_download).collect();
        Some(Media {
            tmdb_id: TmdbId(self.tmdb_id?),
            tvdb_id: self.tvdb_id,
            imdb_id: self.imdb_id,
            status: media_status(self.status),
            status_4k: media_status(self.status4k),
            plex_key: self.rating_key,
            plex_key_4k: self.rating_key4k,
            downloads: downloads(self.download_status),
            downloads_4k: downloads(self.download_status4k),
            seasons: self.seasons.into_iter().filter_map(SeasonWire::into_media).collect(),
        })
    }
}

fn media_status(number: Option<i64>) -> MediaStatus {
    number.map_or(MediaStatus::Unknown, MediaStatus::from_number)
}

/// Of a request (where `status` is that of a request) or of a title.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SeasonWire {
    #[serde(deserialize_with = "tolerant::integer")]
    season_number: Option<i64>,
    #[serde(deserialize_with = "tolerant::integer")]
    status: Option<i64>,
    #[serde(deserialize_with = "tolerant::integer")]
    status4k: Option<i64>,
}

impl SeasonWire {
    fn into_requested(self) -> Option<RequestedSeason> {
        let number = u32::try_from(self.season_number?).ok()?;
        Some(RequestedSeason { number, status: RemoteRequest::from_number(self.status?) })
    }

    fn into_media(self) -> Option<MediaSeason> {
        let number = u32::try_from(self.season_number?).ok()?;
        let (status, status_4k) = (media_status(self.status), media_status(self.status4k));
        Some(MediaSeason { number, status, status_4k })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DownloadWire {
    #[serde(deserialize_with = "tolerant::text")]
    status: Option<String>,
    #[serde(deserialize_with = "tolerant::text")]
    title: Option<String>,
    #[serde(deserialize_with = "tolerant::decimal")]
    size: Option<f64>,
    #[serde(deserialize_with = "tolerant::decimal")]
    size_left: Option<f64>,
    #[serde(deserialize_with = "tolerant::time")]
    estimated_completion_time: Option<Timestamp>,
}

impl DownloadWire {
    fn into_download(self) -> Download {
        // A cast from below zero or beyond the largest ends at the nearest number.
        let bytes = |number: Option<f64>| number.unwrap_or_default() as u64;
        let (size, left) = (bytes(self.size), bytes(self.size_left));
        let eta = self.estimated_completion_time;
        Download { status: self.status, title: self.title, size, left, eta }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UserWire {
    #[serde(deserialize_with = "tolerant::integer")]
    id: Option<i64>,
    #[serde(deserialize_with = "tolerant::text")]
    display_name: Option<String>,
    #[serde(deserialize_with = "tolerant::text")]
    username: Option<String>,
    #[serde(deserialize_with = "tolerant::text")]
    plex_username: Option<String>,
    #[serde(deserialize_with = "tolerant::text")]
    email: Option<String>,
    #[serde(deserialize_with = "tolerant::integer")]
    plex_id: Option<i64>,
    #[serde(deserialize_with = "tolerant::integer")]
    permissions: Option<i64>,
    #[serde(deserialize_with = "tolerant::integer")]
    request_count: Option<i64>,
}

impl UserWire {
    pub(super) fn into_user(self) -> Option<SeerrUser> {
        let permissions = Permissions::from_bits(self.permissions.unwrap_or_default());
        let request_count =
            self.request_count.and_then(|count| u32::try_from(count).ok()).unwrap_or_default();
        let Person { id, name, email, plex_id } = self.into_person()?;
        Some(SeerrUser { id, name, email, plex_id, permissions, request_count })
    }

    fn into_person(self) -> Option<Person> {
        let id = SeerrUserId::new(self.id?)?;
        let name = self.display_name.or(self.username).or(self.plex_username);
        Some(Person {
            id,
            name: name.unwrap_or_else(|| format!("User {id}")),
            email: self.email,
            plex_id: self.plex_id.filter(|id| *id > 0),
        })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct PageWire<T: serde::de::DeserializeOwned> {
    #[serde(default, rename = "pageInfo")]
    pub(super) page_info: PageInfoWire,
    #[serde(deserialize_with = "tolerant::list", bound = "")]
    pub(super) results: Vec<T>,
    #[serde(default, rename = "serviceErrors", deserialize_with = "tolerant::maybe")]
    pub(super) service_errors: Option<ServiceErrorsWire>,
}

/// `results` is how many there are in all.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PageInfoWire {
    #[serde(deserialize_with = "tolerant::integer")]
    pub(super) results: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServiceErrorsWire {
    #[serde(deserialize_with = "tolerant::list")]
    pub(super) radarr: Vec<NamedWire>,
    #[serde(deserialize_with = "tolerant::list")]
    pub(super) sonarr: Vec<NamedWire>,
}

#[derive(Debug, Deserialize)]
pub(super) struct NamedWire {
    pub(super) name: String,
}

/// What an answer that is not good says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MessageWire {
    #[serde(deserialize_with = "tolerant::text")]
    pub(super) message: Option<String>,
}

//! What it is, and what it is set up to do.

use std::sync::PoisonError;

use serde::Deserialize;

use super::{Family, Overseerr, Version};
use crate::Error;
use crate::tolerant;

/// What the server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub family: Family,
    /// As it says it: `3.1.0`, or `develop-…` for a build of the day.
    pub version: String,
    /// The name that its admin gave it.
    pub title: Option<String>,
    pub is_4k_for_movies: bool,
    pub is_4k_for_series: bool,
    /// Whether single seasons may be asked for.
    pub takes_single_seasons: bool,
    /// Whether specials count as a season that may be asked for.
    pub takes_specials: bool,
}

impl About {
    /// What an admin should know, in words; nothing when all is well.
    pub fn warning(&self) -> Option<&'static str> {
        self.number()?.warning(self.family)
    }

    /// The version as numbers; nothing for a build of the day.
    pub fn number(&self) -> Option<Version> {
        self.version.parse().ok()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PublicWire {
    initialized: Option<serde_json::Value>,
    #[serde(deserialize_with = "tolerant::text")]
    application_title: Option<String>,
    /// Only Jellyseerr and Seerr have it.
    media_server_type: Option<serde_json::Value>,
    #[serde(rename = "movie4kEnabled", deserialize_with = "tolerant::flag")]
    movie_4k_enabled: bool,
    #[serde(rename = "series4kEnabled", deserialize_with = "tolerant::flag")]
    series_4k_enabled: bool,
    #[serde(deserialize_with = "tolerant::flag")]
    partial_requests_enabled: bool,
    #[serde(deserialize_with = "tolerant::flag")]
    enable_special_episodes: bool,
}

#[derive(Debug, Deserialize)]
struct StatusWire {
    version: String,
}

impl Overseerr {
    /// The version it runs, as it says it. Needs no key.
    ///
    /// # Errors
    /// [`Error::Garbled`] when something else answers there, and what every call may give.
    pub async fn version(&self) -> Result<String, Error> {
        let status: StatusWire = self.http.get("api/v1/status").interactive().json().await?;
        Ok(status.version)
    }

    /// What it is and what it is set up to do. Needs no key.
    ///
    /// # Errors
    /// As [`Overseerr::version`].
    pub async fn about(&self) -> Result<About, Error> {
        let public = self.http.get("api/v1/settings/public").interactive().json::<PublicWire>();
        let (version, public) = tokio::try_join!(self.version(), public)?;
        if public.initialized.is_none() {
            let reason = "these are not the settings of Overseerr or Seerr".to_owned();
            return Err(Error::Garbled { service: self.http.service().clone(), reason });
        }
        let family = if public.media_server_type.is_some() { Family::Seerr } else { Family::Overseerr };
        *self.family.lock().unwrap_or_else(PoisonError::into_inner) = Some(family);
        Ok(About {
            family,
            version,
            title: public.application_title,
            is_4k_for_movies: public.movie_4k_enabled,
            is_4k_for_series: public.series_4k_enabled,
            takes_single_seasons: public.partial_requests_enabled,
            takes_specials: public.enable_special_episodes,
        })
    }

    /// What it is, asked for only once.
    pub(super) async fn family(&self) -> Result<Family, Error> {
        let known = *self.family.lock().unwrap_or_else(PoisonError::into_inner);
        match known {
            Some(family) => Ok(family),
            None => Ok(self.about().await?.family),
        }
    }
}

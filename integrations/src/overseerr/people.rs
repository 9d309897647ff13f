//! The users of Overseerr, and how much they may still ask for.

use http::Method;
use serde::Deserialize;

use super::Overseerr;
use super::model::SeerrUserId;
use super::permissions::Permissions;
use super::wire::{PageWire, UserWire};
use crate::{Error, tolerant};

/// Users that are read at once.
const PAGE: usize = 100;
/// Pages that are read at most.
const PAGES: usize = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeerrUser {
    pub id: SeerrUserId,
    pub name: String,
    pub email: Option<String>,
    /// Number of the account at plex.tv.
    pub plex_id: Option<i64>,
    pub permissions: Permissions,
    pub request_count: u32,
}

/// Everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Users(pub Vec<SeerrUser>);

impl Users {
    /// Whoever has this Plex account. Where several have it, the one of them with the address;
    /// where nobody has, somebody with the address and without a Plex account.
    pub fn find(&self, plex_id: Option<i64>, email: Option<&str>) -> Option<&SeerrUser> {
        let has_address = |user: &&SeerrUser| match (&user.email, email) {
            (Some(theirs), Some(email)) => theirs.to_lowercase() == email.trim().to_lowercase(),
            _ => false,
        };
        let same: Vec<&SeerrUser> =
            self.0.iter().filter(|user| plex_id.is_some() && user.plex_id == plex_id).collect();
        match same.as_slice() {
            [] => self.0.iter().filter(|user| user.plex_id.is_none() || plex_id.is_none()).find(has_address),
            [only] => Some(only),
            several => several.iter().copied().find(has_address),
        }
    }
}

/// How much a user may ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quota {
    pub movie: Allowance,
    /// Counts seasons.
    pub tv: Allowance,
}

/// Without a limit there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Allowance {
    /// Days after which a request counts no more.
    #[serde(deserialize_with = "count")]
    pub days: Option<u32>,
    #[serde(deserialize_with = "count")]
    pub limit: Option<u32>,
    #[serde(deserialize_with = "count_or_none")]
    pub used: u32,
    #[serde(deserialize_with = "count")]
    pub remaining: Option<u32>,
    /// Whether it is used up.
    #[serde(deserialize_with = "tolerant::flag")]
    pub restricted: bool,
}

fn count<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    // More than the limit may be used, so what remains may be below zero.
    Ok(tolerant::integer(deserializer)?.map(|number| number.clamp(0, i64::from(u32::MAX)) as u32))
}

fn count_or_none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Ok(count(deserializer)?.unwrap_or_default())
}

#[derive(Debug, Deserialize)]
struct QuotaWire {
    #[serde(default)]
    movie: Option<Allowance>,
    #[serde(default)]
    tv: Option<Allowance>,
}

impl Overseerr {
    /// Everybody, read page by page. There is no way to ask for somebody by their Plex account.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn users(&self) -> Result<Users, Error> {
        let mut users: Vec<SeerrUser> = Vec::new();
        for page in 0..PAGES {
            let (take, skip) = (PAGE.to_string(), (page * PAGE).to_string());
            let call = self.http.get("api/v1/user").query(&[("take", &take), ("skip", &skip)]);
            let page: PageWire<tolerant::Lenient<UserWire>> = call.interactive().json().await?;
            let entries = page.results.len();
            users.extend(page.results.into_iter().filter_map(|entry| entry.0?.into_user()));
            if entries < PAGE {
                break;
            }
        }
        users.sort_by_key(|user| user.id);
        users.dedup_by_key(|user| user.id);
        Ok(Users(users))
    }

    /// Makes users of these people with whom the Plex server is shared, and says how many are new.
    /// Who they are is in [`Overseerr::users`] afterwards: the answer leaves it out.
    ///
    /// # Errors
    /// What every call may give; [`Error::Failed`] also while Overseerr cannot reach plex.tv.
    pub async fn import_from_plex(&self, plex_ids: &[i64]) -> Result<usize, Error> {
        // An empty list would import everybody.
        if plex_ids.is_empty() {
            return Ok(0);
        }
        // They must be text.
        let ids: Vec<String> = plex_ids.iter().map(i64::to_string).collect();
        let call = self.http.request(Method::POST, "api/v1/user/import-from-plex").interactive();
        let made: Vec<serde_json::Value> =
            call.repeatable().body(&serde_json::json!({ "plexIds": ids })).json().await?;
        Ok(made.len())
    }

    /// # Errors
    /// What every call may give.
    pub async fn quota(&self, user: SeerrUserId) -> Result<Quota, Error> {
        let quota: QuotaWire =
            self.http.get(&format!("api/v1/user/{user}/quota")).interactive().json().await?;
        Ok(Quota { movie: quota.movie.unwrap_or_default(), tv: quota.tv.unwrap_or_default() })
    }
}

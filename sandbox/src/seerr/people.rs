//! The accounts of Seerr: rights, quotas, and where they came from.

use domain::Timestamp;
use serde_json::{Value, json};

use super::{Family, State};
use crate::stamps::iso_seconds;
use crate::world::{Member, Relation, World};

pub const ADMIN: u64 = 2;
pub const MANAGE_USERS: u64 = 8;
pub const MANAGE_REQUESTS: u64 = 16;
pub const REQUEST: u64 = 32;
pub const AUTO_APPROVE: u64 = 128;
pub const AUTO_APPROVE_MOVIE: u64 = 256;
pub const AUTO_APPROVE_TV: u64 = 512;
pub const REQUEST_4K: u64 = 1024;
pub const REQUEST_4K_MOVIE: u64 = 2048;
pub const REQUEST_4K_TV: u64 = 4096;
pub const REQUEST_VIEW: u64 = 16384;
pub const AUTO_APPROVE_4K: u64 = 32768;
pub const AUTO_APPROVE_4K_MOVIE: u64 = 65536;
pub const AUTO_APPROVE_4K_TV: u64 = 131_072;
pub const REQUEST_MOVIE: u64 = 262_144;
pub const REQUEST_TV: u64 = 524_288;

/// What somebody may ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limit {
    pub limit: Option<i64>,
    pub days: Option<i64>,
}

/// An account.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub id: i64,
    pub name: String,
    pub email: String,
    /// `None`: a local account.
    pub plex_id: Option<i64>,
    pub permissions: u64,
    pub movies: Limit,
    pub seasons: Limit,
    pub since: Timestamp,
}

impl User {
    pub fn of(member: &Member, id: i64, permissions: u64) -> Self {
        Self {
            id,
            name: member.username.to_owned(),
            email: member.email.to_owned(),
            plex_id: Some(member.plex_id),
            permissions,
            movies: Limit::default(),
            seasons: Limit::default(),
            since: Timestamp::now(),
        }
    }

    /// Whether one of the `rights` is there; the admin has all.
    pub fn may(&self, rights: &[u64]) -> bool {
        self.permissions & ADMIN != 0 || rights.iter().any(|right| self.permissions & right != 0)
    }

    pub fn avatar(&self) -> String {
        match self.plex_id {
            Some(id) => format!("https://plex.tv/users/{id:x}/avatar"),
            None => format!("https://gravatar.com/avatar/{:032x}?default=mm&size=200", self.id),
        }
    }
}

/// Who shares the server and can be imported: managed profiles have no e-mail and cannot.
pub(super) fn importable(world: &World) -> impl Iterator<Item = &Member> {
    world.members.iter().filter(|member| member.relation == Relation::Friend)
}

impl State {
    /// A user as `viewer` sees one: e-mail and Plex id only for managers and oneself.
    pub fn user_json(&self, user: &User, viewer: &User) -> Value {
        let mut json = self.bare_user(user);
        if viewer.id == user.id || viewer.may(&[MANAGE_USERS]) {
            json["email"] = json!(user.email);
            json["plexId"] = json!(user.plex_id);
        }
        let requests = self.requests.values().filter(|request| request.by == user.id).count();
        json["requestCount"] = json!(requests);
        json["displayName"] = json!(user.name);
        json
    }

    /// As `import-from-plex` answers: no e-mail, no Plex id, no name to show.
    pub fn bare_user(&self, user: &User) -> Value {
        let mut json = json!({
            "permissions": user.permissions, "warnings": [], "id": user.id,
            "plexUsername": user.plex_id.map(|_| user.name.as_str()),
            "username": user.plex_id.is_none().then_some(user.name.as_str()),
            "recoveryLinkExpirationDate": null, "userType": if user.plex_id.is_some() { 1 } else { 2 },
            "avatar": user.avatar(),
            "movieQuotaLimit": user.movies.limit, "movieQuotaDays": user.movies.days,
            "tvQuotaLimit": user.seasons.limit, "tvQuotaDays": user.seasons.days,
            "createdAt": iso_seconds(user.since), "updatedAt": iso_seconds(user.since),
        });
        if self.family == Family::Seerr {
            for absent in ["jellyfinUsername", "jellyfinUserId", "avatarETag", "avatarVersion"] {
                json[absent] = Value::Null;
            }
        }
        json
    }

    /// How many films and seasons `user` has asked for in the days of the quota.
    pub fn used(&self, user: &User) -> (i64, i64) {
        let within = |limit: Limit, since: Timestamp| {
            limit.days.is_none_or(|days| since.age().as_secs() < u64::try_from(days).unwrap_or(0) * 86400)
        };
        let own = || self.requests.values().filter(|request| request.by == user.id && request.status != 3);
        let movies = own().filter(|request| request.is_movie && within(user.movies, request.since)).count();
        let seasons: usize = own()
            .filter(|request| !request.is_movie && within(user.seasons, request.since))
            .map(|request| request.seasons.len())
            .sum();
        (i64::try_from(movies).unwrap_or(i64::MAX), i64::try_from(seasons).unwrap_or(i64::MAX))
    }

    pub fn quota(&self, user: &User) -> Value {
        let (movies, seasons) = self.used(user);
        json!({ "movie": allowance(user.movies, movies), "tv": allowance(user.seasons, seasons) })
    }
}

/// Without a limit only zeros, as the real one has it.
fn allowance(limit: Limit, used: i64) -> Value {
    match limit.limit {
        None | Some(0) => json!({ "used": 0, "restricted": false }),
        Some(most) => {
            let remaining = (most - used).max(0);
            json!({
                "days": limit.days, "limit": most, "used": used, "remaining": remaining,
                "restricted": remaining == 0,
            })
        }
    }
}

//! Overseerr and Seerr: one family, one client.
//!
//! ```text
//!   titles     search, rows, details, seasons, pictures      (as the owner of the key)
//!   requests   list, make, approve, decline, retry, delete   (made as the user, by X-API-User)
//!   people     users, quotas, import from Plex
//!   settings   version, servers, the outgoing webhook
//!   webhook    what it sends us
//! ```
//!
//! What the servers do was taken from a running Seerr 3.1 and the source of Overseerr 1.34. The
//! rules that bite: every query is percent-encoded, `is4k` and `seasons` are always sent, a bare
//! key approves everything, 202 is no request, and 500 is the answer to an unknown title.

mod about;
mod family;
mod model;
mod people;
mod permissions;
mod requests;
mod settings;
mod titles;
pub mod webhook;
mod wire;

#[cfg(test)]
mod tests;

pub use about::About;
pub use family::{Family, Version};
pub use model::{
    Download, Media, MediaRequest, MediaSeason, Person, RequestedSeason, SeerrRequestId, SeerrUserId,
};
pub use people::{Allowance, Quota, SeerrUser, Users};
pub use permissions::Permissions;
pub use requests::{Counts, Created, ListRequests, NewRequest, RequestFilter, RequestPage};
pub use settings::{PayloadEncoding, Server, WebhookSettings, WebhookTarget};

use std::sync::{Arc, Mutex};

use ::http::HeaderName;

use crate::http::Client;

/// What its key is sent in.
pub const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A client for one Overseerr or Seerr. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Overseerr {
    http: Client,
    /// What it turned out to be when it was last asked.
    family: Arc<Mutex<Option<Family>>>,
}

impl Overseerr {
    /// `http` carries the address and the key.
    pub fn new(http: Client) -> Self {
        Self { http, family: Arc::default() }
    }
}

//! The nouns and rules of MediaNest: no tokio, no input or output.
//!
//! Everything here can be tested with a table of values. The other crates give these
//! nouns a life: `store` remembers them, `integrations` fetches them, `actors` keeps
//! them moving and the portal shows them.

pub mod address;
pub mod breaker;
pub mod download;
pub mod event;
pub mod flip;
pub mod id;
pub mod media;
pub mod monitor;
pub mod page;
pub mod path_map;
pub mod picture;
pub mod plex;
pub mod request;
pub mod retry;
pub mod secret;
pub mod service;
pub mod timestamp;
pub mod user;

pub use id::{ApiTokenId, DownloadId, PlexPinId, RequestId, ServiceId, SessionId, UserId};
pub use page::{Cursor, Page};
pub use secret::Secret;
pub use timestamp::Timestamp;

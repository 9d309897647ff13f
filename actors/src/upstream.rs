//! What outside services say, for whoever shows it.
//!
//! ```text
//!    pages, API, other actors
//!        |  Desk::read(scope, key, ttl, fetch)        |  Desk::act(change)
//!        v                                            v
//!    services/<name>/client ---- one task per key ----> the service, behind its breaker
//!        |        ^
//!        v        | Fetched
//!    [ shelf ]  fresh: answered at once; old: asked again, and answered with the old value and
//!               its age when the service does not answer soon
//! ```
//!
//! One actor per enabled service that has an interface. Whoever edits the service replaces it,
//! so a new address or key counts at once. The shelf outlives the actor's crashes and goes with
//! the address or the key. A thousand pages that want the same thing cause one call.

mod client;
mod desk;
mod direct;
mod kinds;
mod shelf;

use std::sync::Arc;
use std::time::Duration;

use domain::service::{Service, ServiceKind};
use domain::{Secret, Timestamp, UserId};
use integrations::http;

pub use client::Message;
pub(crate) use client::UpstreamClient;
pub use desk::Desk;
pub(crate) use direct::Direct;
pub(crate) use shelf::Shelf;

/// The typed interface of one kind of service.
pub trait Upstream: Clone + Send + Sync + Sized + 'static {
    const KIND: ServiceKind;

    /// A client that calls through `http`; `key` is what the admin typed, if anything.
    ///
    /// # Errors
    /// Why no call can be made, such as a key that cannot be sent.
    fn connect(
        service: &Service,
        http: http::Client,
        key: Option<&Secret>,
    ) -> Result<Self, integrations::Error>;
}

/// Whose answer it is. What depends on the person must say [`Scope::User`]: the two are never
/// mixed, whatever the rest of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    Everyone,
    User(UserId),
}

/// An answer, and how old it is.
#[derive(Debug)]
pub struct Seen<T> {
    pub value: Arc<T>,
    /// When the service said so.
    pub at: Timestamp,
    /// Why it is not newer, in words for a person; absent when it is as new as it should be.
    pub stale: Option<String>,
}

impl<T> Clone for Seen<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), at: self.at, stale: self.stale.clone() }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unwell {
    /// No service of that kind is set up, or it is disabled.
    #[error("it is not set up")]
    NotSetUp,
    /// Its actor is not running, or has too much to do.
    #[error("{service} is not connected at the moment")]
    Away { service: Arc<str> },
    /// Nothing came within the time that a page has.
    #[error("{service} has not answered within {} s", .after.as_secs_f32())]
    Slow { service: Arc<str>, after: Duration },
    #[error(transparent)]
    Failed(#[from] integrations::Error),
}

impl Unwell {
    /// When asking again may help, where that is known.
    pub fn retry_in(&self) -> Option<Duration> {
        match self {
            Unwell::Failed(error) => error.retry_in(),
            _ => None,
        }
    }

    /// Whether the service is unwell, rather than that it refused what was asked.
    pub fn is_outage(&self) -> bool {
        match self {
            Unwell::Failed(error) => error.is_outage(),
            Unwell::NotSetUp => false,
            Unwell::Away { .. } | Unwell::Slow { .. } => true,
        }
    }
}

/// The actor that calls a service as a `C`.
pub(crate) fn client<C: Upstream>(direct: Direct<C>, shelf: Arc<Shelf>) -> UpstreamClient {
    let (service, reader, gate) = (direct.service.clone(), direct.reader.clone(), direct.gate.clone());
    let connect = move |key: Option<&Secret>| -> Result<client::AnyClient, integrations::Error> {
        Ok(Arc::new(direct.connect_with(key)?))
    };
    UpstreamClient { service, reader, gate, shelf, connect: Arc::new(connect) }
}

#[cfg(test)]
#[path = "upstream/tests.rs"]
mod tests;

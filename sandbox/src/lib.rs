//! Stand-ins for the world outside: real HTTP servers with fault switches.
//!
//! They serve the tests, `medianest demo` and somebody at a desk (`cargo run -p sandbox`). A stand-in
//! speaks as `contracts` found the real thing to speak, counts what it is asked, and fails on demand.
//! Each server dies with the value that holds it.
//!
//! Invariant: nothing in here knows the portal; of our crates it names `domain` at most.

pub mod art;
mod catalogue;
pub mod faults;
pub mod hits;
pub mod household;
pub mod listener;
mod outgoing;
pub mod plex;
pub mod seerr;
mod server;
pub mod services;
mod stamps;
pub mod tmdb;
pub mod uptime_kuma;
pub mod video_site;
pub mod world;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use faults::{Fault, Faults};
pub use household::Household;
pub use listener::Listener;
pub use plex::Plex;
pub use seerr::Seerr;
pub use services::Services;
pub use tmdb::Tmdb;
pub use uptime_kuma::UptimeKuma;
pub use video_site::VideoSite;
pub use world::World;

/// A poisoned lock still holds counters and switches that are right.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The outside services and programs: what is sent to them, and what their answers mean.
//!
//! Nothing here knows of actors, of the store or of pages. Everything that leaves the process
//! has a deadline, and every call to a service passes the gate of its circuit breaker.

pub mod breaker;
pub mod egress;
pub mod error;
pub mod http;
pub mod job_runner;
pub mod overseerr;
pub mod plex;
pub mod plex_tv;
pub mod probe;
pub mod process;
mod titles;
pub mod tmdb;
mod tolerant;
pub mod uptime_kuma;
pub mod ytdlp;

#[cfg(test)]
pub(crate) mod test_server;
#[cfg(test)]
pub(crate) mod test_tls;

pub use error::Error;
pub use titles::Image;

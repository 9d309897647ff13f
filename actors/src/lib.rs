//! Everything that lives: the supervisor and the actors under it.

pub mod circuit_breaker;
pub mod discover;
pub mod download_board;
pub mod download_job;
pub mod download_queue;
pub mod downloads;
pub mod effects;
pub mod egress;
pub mod event_hub;
pub mod library;
pub mod maintenance;
pub mod outbox_relay;
pub mod pictures;
pub mod plex_arrivals;
mod plex_live;
pub mod requests;
pub mod runtime;
pub mod service_monitor;
pub mod services;
pub mod session;
pub mod sessions;
pub mod sign_in;
pub mod sign_ins;
pub mod status_board;
pub mod stream_reader;
pub mod supervisor;
pub mod upstream;

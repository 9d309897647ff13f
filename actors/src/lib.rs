//! Everything that lives: the supervisor and the actors under it.

pub mod downloads;
pub mod event_hub;
pub mod maintenance;
pub mod outbox_relay;
pub mod runtime;
pub mod session;
pub mod sessions;
pub mod stream_reader;
pub mod supervisor;

//! Everything that lives: the supervisor and the actors under it.

pub mod downloads;
pub mod event_hub;
pub mod runtime;
pub mod session;
pub mod supervisor;

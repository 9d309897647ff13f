//! Everything that lives: the supervisor and the actors under it.

pub mod downloads;
pub mod runtime;

//! The portal from outside: real HTTP against a whole portal in this process.
//!
//! Each test starts a portal of its own on a free port with a data folder of its own; see
//! `house`. Names of tests are claims about what somebody sees. What depends on where the state
//! is runs twice: embedded, and on PostgreSQL with Redis when `MEDIANEST_TEST_POSTGRES` and
//! `MEDIANEST_TEST_REDIS` name servers (each portal gets a schema of its own).
#![expect(clippy::duplicate_mod, reason = "the same tests run on both kinds of state")]

/// Everything in one folder.
#[path = "."]
mod embedded {
    pub const SHARED: bool = false;

    mod bad_input;
    mod csrf;
    mod discover;
    mod downloads;
    mod front_door;
    mod house;
    mod library;
    mod live;
    mod matrix;
    mod openapi;
    mod plex;
    mod plex_sign_in;
    mod rate_limit;
    mod requests;
    mod services;
    mod sign_in;
    mod status;
    mod streams;
    mod webhooks;
}

/// The state on servers that instances share.
#[path = "."]
mod shared {
    pub const SHARED: bool = true;

    mod downloads;
    mod house;
    mod live;
    mod plex_sign_in;
    mod rate_limit;
    mod requests;
    mod services;
    mod sign_in;
    mod status;
    mod streams;
    mod webhooks;
}

//! One suite for every repository function, run on SQLite and on PostgreSQL.
//!
//! PostgreSQL is taken from `MEDIANEST_TEST_POSTGRES` (`postgres://user@host:port/database`), where each
//! test makes a schema of its own; without the variable that half prints that it is skipped.

mod arrivals;
mod crash;
mod downloads;
mod duties;
mod ephemeral;
mod house;
mod monitors;
mod people;
mod plex;
mod projection;
mod redis_trouble;
mod requests;
mod services;
mod sign_in;
mod start;
mod webhooks;
mod work;

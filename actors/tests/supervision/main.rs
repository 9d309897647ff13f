//! The supervision tree, case by case.
//!
//! The cases are those that Erlang/OTP's own supervisor suite covers, in our own words,
//! and those that Rust adds: panics in every place, blocked threads, destructors. All of
//! it runs on a paused clock; nothing waits for real.

mod stage;

mod starting;

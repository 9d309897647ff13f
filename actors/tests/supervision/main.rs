//! The supervision tree, case by case.
//!
//! The cases are those that Erlang/OTP's own supervisor suite covers, in our own words,
//! and those that Rust adds: panics in every place, blocked threads, destructors. They
//! run on a paused clock, except where a thread really has to be blocked.

mod stage;

mod crashing;
mod dynamic;
mod handles;
mod inspecting;
mod meltdown;
mod nesting;
mod restarting;
mod starting;
mod stopping;
mod strategies;

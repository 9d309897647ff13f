//! The supervision tree: declared in `supervisor.toml`, kept alive by supervisors.
//!
//! ```text
//!   supervisor.toml --Tree::parse--> Tree --+
//!                                           +--start--> Root
//!   Blueprint: what to run at each path ----+             |
//!                                                         v
//!      [supervisor] --starts, in order; stops, in reverse--> [actor] [actor] ...
//!           ^                                                   |
//!           +------------- ended: an error, a panic, a kill ----+
//! ```
//!
//! The semantics are those of Erlang/OTP's supervisors: the strategies `one_for_one`,
//! `one_for_all`, `rest_for_one` and `dynamic`, children that are `permanent`,
//! `transient` or `temporary`, and a meltdown when there are *more* than `intensity`
//! restarts within `period`. Where this differs, it is on purpose:
//!
//! - A restart waits: the first one is immediate, the following ones back off with
//!   jitter. The wait does not count as time in the window, so it never hides a meltdown.
//! - A failed start is a restart like any other, also the very first one, so that the
//!   portal outlives a database that comes up after it.
//! - `on_meltdown = "give_up"` leaves the one child as `failed` and tries again every five
//!   minutes, where OTP's `escalate` ends the supervisor and asks its parent.
//! - A dynamic supervisor asks what should run each time that it starts, so that its
//!   children come back with it.
//!
//! A supervisor never waits inside a handler: starts, stops and pauses are tasks and
//! timers that report back, so it can always be asked to shut down.

mod admin;
mod backoff;
mod blueprint;
mod child;
mod children;
mod dynamic;
pub mod intensity;
mod keeper;
mod parse;
mod print;
mod resolve;
mod root;
mod spec;

pub use admin::AdminError;
pub use blueprint::Blueprint;
pub use child::Child;
pub use dynamic::{Dynamic, DynamicError};
pub use keeper::{Message, RETRY_FAILED_AFTER};
pub use parse::{Problem, SpecError};
pub use root::{Root, StartError, start};
pub use spec::{Backoff, Body, Node, OnMeltdown, Restart, Shutdown, Strategy, Supervision, Tree};

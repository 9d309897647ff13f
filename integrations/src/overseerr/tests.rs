//! The client against answers that were recorded from a running Seerr, and against worse ones.

mod bad_input;
mod captures;
mod lessons;
mod outcomes;
mod reading;
mod support;

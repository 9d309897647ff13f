//! The portal from outside: real HTTP against a whole portal in this process.
//!
//! Each test starts a portal of its own on a free port with a data folder of its own; see
//! [`house`]. Names of tests are claims about what somebody sees.

mod bad_input;
mod csrf;
mod downloads;
mod front_door;
mod house;
mod matrix;
mod openapi;
mod rate_limit;
mod services;
mod sign_in;

//! The portal: warp, the pages, the API and the wiring of everything that lives.
//!
//!     main -> cli -> wiring -> supervision tree (actors)
//!                      |
//!                      +-> server -> route::front_door -> pages, api, live
//!
//! The only crate that names warp. A route reads the store or asks an actor; it changes nothing
//! itself.

pub mod api;
pub mod app;
pub mod assets;
pub mod auth;
pub mod cli;
pub mod cors;
pub mod csrf;
pub mod headers;
pub mod health;
pub mod limits;
pub mod link;
pub mod live;
pub mod logging;
pub mod metrics_door;
pub mod pages;
pub mod pictures;
pub mod problem;
pub mod route;
pub mod search;
pub mod server;
pub mod settings;
pub mod views;
pub mod web;
mod webhooks;
pub mod wiring;

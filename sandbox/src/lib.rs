//! Stand-ins for the world outside: real HTTP servers with fault switches.
//!
//! They serve the tests, `medianest demo` and somebody at a desk (`cargo run -p sandbox`). A stand-in
//! speaks as `contracts` found the real thing to speak, counts what it is asked, and fails on demand.
//! Each server dies with the value that holds it.
//!
//! Invariant: nothing in here knows the portal; of our crates it names `domain` at most.

pub mod art;
mod server;
pub mod services;
pub mod video_site;
pub mod world;

pub use services::Services;
pub use video_site::VideoSite;
pub use world::World;

//! The Plex Media Server of the household.
//!
//! ```text
//!    pages, actors ──> Server ──> http::Client ──> PMS      JSON, one call each
//!                        |
//!                        └── as_user(token): what that person may see
//! ```
//!
//! A [`Server`] sends the token of the owner unless it was made with [`Server::as_user`]; the
//! server itself then hides what that person may not see. Nothing is cached here.
//!
//! Its JSON wobbles: numbers as text, flags as 0 and 1, lists that are left out when they are
//! empty. Only [`wire`] knows; the [`model`] has one form of everything. Titles are somebody
//! else's text: they may hold markup.

mod browse;
mod collections;
mod image;
mod item;
mod loose;
pub mod model;
pub mod notifications;
mod query;
mod server;
mod watch;
mod wire;

pub use image::Image;
pub use item::{Item, Leaf, Part, Role, Tag};
pub use model::{
    Activity, Collection, Hub, Identity, Kind, Letter, Location, Paged, PlaySession, RatingKey, Root,
    Section, SectionId, open_in_plex,
};
pub use notifications::{Change, Notice, Notifications};
pub use query::{ItemQuery, Sort, SortField};
pub use server::{Server, TOKEN};

#[cfg(test)]
mod tests;

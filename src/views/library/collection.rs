//! Collections, and one of them.

use askama::Template;

use super::section::Titles;
use super::{Nothing, Shelf, Tab, Upset};
use crate::views::shell::Shell;

/// The page at `/library/collections`: one grid for each library.
#[derive(Debug, Template)]
#[template(path = "library/collections.html")]
pub struct CollectionsPage {
    pub shell: Shell,
    pub tabs: Vec<Tab>,
    pub upset: Option<Upset>,
    pub nothing: Option<Nothing>,
    pub shelves: Vec<Shelf>,
}

/// The page at `/library/collection/:id`.
#[derive(Debug, Template)]
#[template(path = "library/collection.html")]
pub struct CollectionPage {
    pub shell: Shell,
    pub title: String,
    pub path: String,
    pub note: String,
    pub summary: String,
    pub upset: Option<Upset>,
    pub nothing: Option<Nothing>,
    pub titles: Titles,
    /// For admins, when it is not one that fills itself.
    pub tools: Option<Tools>,
}

/// What an admin can do with a collection.
#[derive(Debug, Clone)]
pub struct Tools {
    pub section: String,
    /// Why it can't be done now.
    pub away: Option<String>,
    pub error: Option<String>,
}

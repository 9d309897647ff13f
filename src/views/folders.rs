//! What Plex calls the folder of the downloads: what is so, and what it may be.

use actors::plex_arrivals::Paths;
use askama::Template;

use super::shell::Shell;

/// The page at `/admin/services/:name/folders`.
#[derive(Debug, Template)]
#[template(path = "admin/folders.html")]
pub struct FoldersPage {
    pub shell: Shell,
    pub service: String,
    pub ours: String,
    /// Or why Plex does not say.
    pub paths: Result<Paths, String>,
    /// What was typed and not taken.
    pub typed: Option<String>,
    pub error: Option<String>,
}

impl FoldersPage {
    /// What stands in the field.
    fn theirs(&self) -> &str {
        match (&self.typed, &self.paths) {
            (Some(typed), _) => typed,
            (None, Ok(paths)) => &paths.theirs,
            (None, Err(_)) => "",
        }
    }
}

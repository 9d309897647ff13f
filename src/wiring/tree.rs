//! Which declaration of the supervision tree is in force.

use std::path::Path;

use actors::supervisor::Tree;

use super::StartError;
use crate::settings::Settings;

/// In the folder that the portal was started in.
const FILE: &str = "supervisor.toml";
/// The copy that every program carries.
const EMBEDDED: &str = include_str!("../../supervisor.toml");

/// The tree that `MEDIANEST_SUPERVISOR` names, else `./supervisor.toml`, else the built-in copy.
///
/// # Errors
///
/// What is wrong, with file, line and key.
pub fn tree(settings: &Settings) -> Result<Tree, StartError> {
    let (name, text) = match &settings.supervisor {
        Some(path) => (path.display().to_string(), read(path)?),
        None if Path::new(FILE).exists() => (FILE.to_owned(), read(Path::new(FILE))?),
        None => ("supervisor.toml (built in)".to_owned(), EMBEDDED.to_owned()),
    };
    Tree::parse(&name, &text).map_err(|error| StartError::Tree(error.to_string()))
}

fn read(path: &Path) -> Result<String, StartError> {
    std::fs::read_to_string(path).map_err(|error| {
        StartError::Tree(format!("MEDIANEST_SUPERVISOR: could not read {}: {error}", path.display()))
    })
}

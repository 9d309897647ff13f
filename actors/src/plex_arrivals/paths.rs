//! Where Plex has our files.

use std::path::Path;

use domain::path_map::{LibraryFolder, PathMap, Suggestion, folder_of};
use integrations::plex::{Section, SectionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the settings of a Plex service say of folders: `{"path_map": [{"ours", "theirs"}]}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PathSettings {
    pub path_map: PathMap,
}

/// A file of ours, as Plex has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub section: SectionId,
    /// The file, by their name.
    pub file: String,
}

impl Placed {
    /// What is scanned.
    pub fn folder(&self) -> &str {
        folder_of(&self.file)
    }
}

impl PathSettings {
    /// From the settings of a service; what makes no sense there counts as not said.
    pub fn of(config: &Value) -> Self {
        serde_json::from_value(config.clone()).unwrap_or_default()
    }

    pub(super) fn place(&self, ours: &Path, sections: &[Section]) -> Option<Placed> {
        let folders = folders_of(sections);
        let place = self.path_map.place(ours.to_str()?, &folders)?;
        let section = place.folder.section.parse().ok()?;
        Some(Placed { section, file: place.theirs })
    }
}

/// What an admin sees of the folders: where downloads would be, and what else they may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Our library folder.
    pub ours: String,
    /// What Plex calls it, as far as it was told.
    pub theirs: String,
    /// The library that holds it; nothing when none does.
    pub held_by: Option<LibraryFolder>,
    /// What else it may be called, the likeliest first.
    pub suggestions: Vec<Suggestion>,
}

impl Paths {
    /// With `settings` and the libraries as they are.
    pub fn new(library: &Path, settings: &PathSettings, sections: &[Section]) -> Self {
        let folders = folders_of(sections);
        let ours = library.to_string_lossy().into_owned();
        let place = settings.path_map.place(&ours, &folders);
        Self {
            theirs: settings.path_map.to_theirs(&ours),
            held_by: place.map(|place| place.folder.clone()),
            suggestions: PathMap::suggest(&ours, &folders),
            ours,
        }
    }
}

/// The folders of all libraries that can hold videos as they are.
fn folders_of(sections: &[Section]) -> Vec<LibraryFolder> {
    let videos = sections.iter().filter(|section| section.kind == integrations::plex::Kind::Movie);
    videos
        .flat_map(|section| {
            section.locations.iter().map(|location| LibraryFolder {
                section: section.id.to_string(),
                title: section.title.clone(),
                is_other_videos: section.is_other_videos(),
                path: location.path.clone(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_that_make_no_sense_map_nothing() {
        for config in
            [json!(null), json!({}), json!({ "path_map": 7 }), json!({ "path_map": [{ "ours": "/a" }] })]
        {
            assert_eq!(PathSettings::of(&config), PathSettings::default(), "{config}");
        }
        let settings =
            PathSettings::of(&json!({ "path_map": [{ "ours": "/a", "theirs": "/b" }], "other": 1 }));
        assert_eq!(settings.path_map.to_theirs("/a/x"), "/b/x");
    }
}

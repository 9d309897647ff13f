//! Guesses what they call our folder.

use super::{LibraryFolder, Mapping, PathMap, parts};

/// A guess, and which library downloads would be in with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Absent when they call our folder what we call it.
    pub mapping: Option<Mapping>,
    pub folder: LibraryFolder,
}

impl PathMap {
    /// What our library folder `root` may be called by them, the likeliest first: by the same
    /// name, or a folder of a library for videos as they are, or one whose last names are those
    /// of ours.
    pub fn suggest(root: &str, folders: &[LibraryFolder]) -> Vec<Suggestion> {
        let mut ranked: Vec<(usize, Suggestion)> =
            folders.iter().filter_map(|folder| guess(root, folder)).collect();
        // Stable: equals stay as the server sorts its libraries.
        ranked.sort_by_key(|(likelihood, _)| std::cmp::Reverse(*likelihood));
        ranked.into_iter().map(|(_, suggestion)| suggestion).collect()
    }
}

fn guess(root: &str, folder: &LibraryFolder) -> Option<(usize, Suggestion)> {
    if folder.holds(root) {
        let likelihood = 1000 + usize::from(folder.is_other_videos);
        return Some((likelihood, Suggestion { mapping: None, folder: folder.clone() }));
    }
    let same_names = parts(root)
        .rev()
        .zip(parts(&folder.path).rev())
        .take_while(|(ours, theirs)| ours.eq_ignore_ascii_case(theirs))
        .count();
    let likelihood = 10 * usize::from(folder.is_other_videos) + same_names;
    let mapping = Mapping::new(root, &folder.path).ok()?;
    Some((likelihood, Suggestion { mapping: Some(mapping), folder: folder.clone() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(title: &str, is_other_videos: bool, path: &str) -> LibraryFolder {
        LibraryFolder {
            section: title.to_owned(),
            title: title.to_owned(),
            is_other_videos,
            path: path.to_owned(),
        }
    }

    fn titles(root: &str, folders: &[LibraryFolder]) -> Vec<String> {
        PathMap::suggest(root, folders).into_iter().map(|suggestion| suggestion.folder.title).collect()
    }

    #[test]
    fn a_library_for_videos_as_they_are_is_the_likeliest() {
        let folders = [
            folder("films", false, "/media/films"),
            folder("library", false, "/mnt/library"),
            folder("tube", true, "/media/tube"),
        ];

        assert_eq!(titles("/srv/portal/library", &folders), ["tube", "library", "films"]);
        let first = PathMap::suggest("/srv/portal/library", &folders).remove(0);
        assert_eq!(first.mapping, Mapping::new("/srv/portal/library", "/media/tube").ok());
    }

    #[test]
    fn a_folder_of_the_same_name_needs_no_mapping() {
        let folders = [folder("tube", true, "/media/tube"), folder("all", false, "/srv")];

        let suggestions = PathMap::suggest("/srv/portal/library", &folders);

        assert_eq!((suggestions[0].folder.title.as_str(), &suggestions[0].mapping), ("all", &None));
        assert_eq!(titles("/srv/portal/library", &[]), [""; 0]);
    }
}

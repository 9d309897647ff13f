//! The folders that libraries are made of, and which of them holds a path.

use super::{PathMap, is_windows, parts};

/// A folder of one of their libraries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryFolder {
    /// The library's key and name.
    pub section: String,
    pub title: String,
    /// Whether it takes videos as they are: where downloads belong.
    pub is_other_videos: bool,
    pub path: String,
}

impl LibraryFolder {
    /// Whether `theirs` is this folder or lies in it.
    pub(super) fn holds(&self, theirs: &str) -> bool {
        let is_windows = is_windows(&self.path);
        let mut rest = parts(theirs);
        is_windows == super::is_windows(theirs)
            && parts(&self.path).all(|part| {
                rest.next().is_some_and(|other| {
                    if is_windows { part.to_lowercase() == other.to_lowercase() } else { part == other }
                })
            })
    }

    fn depth(&self) -> usize {
        parts(&self.path).count()
    }
}

/// Where they have one of our paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place<'a> {
    pub folder: &'a LibraryFolder,
    pub theirs: String,
}

impl PathMap {
    /// The library that holds `ours`, by what they call it; nothing when no library does. Of
    /// several the most exact one, and then one for videos as they are.
    pub fn place<'a>(&self, ours: &str, folders: &'a [LibraryFolder]) -> Option<Place<'a>> {
        let theirs = self.to_theirs(ours);
        let holding = folders.iter().filter(|folder| folder.holds(&theirs));
        let folder = holding.max_by_key(|folder| (folder.depth(), folder.is_other_videos))?;
        Some(Place { folder, theirs })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Mapping;
    use super::*;

    fn folder(section: &str, is_other_videos: bool, path: &str) -> LibraryFolder {
        LibraryFolder {
            section: section.to_owned(),
            title: section.to_owned(),
            is_other_videos,
            path: path.to_owned(),
        }
    }

    fn place(mappings: &[(&str, &str)], ours: &str) -> Option<(String, String)> {
        let folders = [
            folder("movies", false, "/media"),
            folder("youtube", true, "/media/youtube"),
            folder("mixed", false, "/media/youtube"),
            folder("windows", true, "D:\\Media\\Tube"),
        ];
        let map = PathMap::new(mappings.iter().map(|(a, b)| Mapping::new(a, b).unwrap()).collect());
        map.place(ours, &folders).map(|place| (place.folder.section.clone(), place.theirs))
    }

    #[test]
    fn the_most_exact_library_holds_a_path() {
        for (mappings, ours, expected) in [
            (&[("/srv", "/media/youtube")][..], "/srv/n/a.mp4", Some(("youtube", "/media/youtube/n/a.mp4"))),
            (&[("/srv", "/media/other")], "/srv/a.mp4", Some(("movies", "/media/other/a.mp4"))),
            (&[("/srv", "d:\\media\\TUBE")], "/srv/a.mp4", Some(("windows", "d:\\media\\TUBE\\a.mp4"))),
            (&[("/srv", "/mediathek")], "/srv/a.mp4", None),
            (&[("/srv", "D:\\Media")], "/srv/a.mp4", None),
            (&[], "/media/youtube/a.mp4", Some(("youtube", "/media/youtube/a.mp4"))),
            (&[], "/srv/a.mp4", None),
        ] {
            let expected = expected.map(|(section, theirs)| (section.to_owned(), theirs.to_owned()));
            assert_eq!(place(mappings, ours), expected, "{mappings:?} {ours}");
        }
    }
}

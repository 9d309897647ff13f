//! Where our downloads are, as another machine sees them.
//!
//! ```text
//!    /srv/portal/library/nora/Harbour/A [x].mp4      ours
//!    /srv/portal/library  ->  /media/youtube         a mapping
//!    /media/youtube/nora/Harbour/A [x].mp4           theirs
//! ```
//!
//! Plex often runs in a container, or on Windows, and has its own names for our folders. A map
//! is right when what it makes of our library folder lies in a folder of one of the libraries.

mod folder;
mod suggest;

use serde::{Deserialize, Serialize};

use crate::user::Invalid;

pub use folder::{LibraryFolder, Place};
pub use suggest::Suggestion;

/// One of our folders, and what they call it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mapping {
    ours: String,
    theirs: String,
}

impl Mapping {
    /// # Errors
    /// When one of them is not a whole path.
    pub fn new(ours: &str, theirs: &str) -> Result<Self, Invalid> {
        let (ours, theirs) = (ours.trim(), theirs.trim());
        if !ours.starts_with('/') || ours.split('/').any(|part| part == "..") {
            return Err(Invalid("our folder is a whole path, such as /srv/medianest/library"));
        }
        let is_whole = theirs.starts_with('/') || is_windows(theirs);
        if !is_whole || parts(theirs).any(|part| part == "..") {
            return Err(Invalid(
                "their folder is a whole path, such as /media/youtube or D:\\Media\\YouTube",
            ));
        }
        if ours.len() > 1024
            || theirs.len() > 1024
            || ours.chars().chain(theirs.chars()).any(char::is_control)
        {
            return Err(Invalid("a folder has at most 1024 characters and no control characters"));
        }
        Ok(Self { ours: trimmed(ours).to_owned(), theirs: trimmed(theirs).to_owned() })
    }

    pub fn ours(&self) -> &str {
        &self.ours
    }

    pub fn theirs(&self) -> &str {
        &self.theirs
    }
}

/// All that is known of how they call our folders. Empty when they see the same disk by the
/// same names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PathMap(Vec<Mapping>);

impl PathMap {
    pub fn new(mappings: Vec<Mapping>) -> Self {
        Self(mappings)
    }

    pub fn mappings(&self) -> &[Mapping] {
        &self.0
    }

    /// What they call `ours`: the longest mapping that fits decides; without one, the same.
    pub fn to_theirs(&self, ours: &str) -> String {
        let fitting = self.0.iter().filter_map(|mapping| Some((mapping, below(ours, &mapping.ours)?)));
        match fitting.max_by_key(|(mapping, _)| mapping.ours.len()) {
            Some((mapping, rest)) => join(&mapping.theirs, rest),
            None => ours.to_owned(),
        }
    }
}

/// Whether two paths of theirs mean the same file. Windows knows no upper and lower case, and
/// both slashes.
pub fn is_same_file(one: &str, other: &str) -> bool {
    let is_windows = is_windows(one) || is_windows(other);
    let same = |(one, other): (&str, &str)| {
        if is_windows { one.to_lowercase() == other.to_lowercase() } else { one == other }
    };
    let (one, other): (Vec<&str>, Vec<&str>) = (parts(one).collect(), parts(other).collect());
    one.len() == other.len() && one.into_iter().zip(other).all(same)
}

/// The folder of a path of theirs.
pub fn folder_of(path: &str) -> &str {
    let is_separator = |c: char| c == '/' || (is_windows(path) && c == '\\');
    match path.trim_end_matches(is_separator).rfind(is_separator) {
        Some(0) => "/",
        Some(end) => &path[..end],
        None => path,
    }
}

/// `D:\Media`, `D:/Media` or `\\nas\media`.
fn is_windows(path: &str) -> bool {
    let mut letters = path.chars();
    let has_drive = letters.next().is_some_and(|c| c.is_ascii_alphabetic()) && letters.next() == Some(':');
    has_drive || path.starts_with("\\\\")
}

fn parts(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    let is_windows = is_windows(path);
    path.split(move |c| c == '/' || (is_windows && c == '\\')).filter(|part| !part.is_empty())
}

fn trimmed(path: &str) -> &str {
    let end = path.trim_end_matches(['/', '\\']);
    if end.is_empty() { "/" } else { end }
}

/// What follows `folder` in `path`, when it lies there: whole names only.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder == "/" {
        return path.strip_prefix('/');
    }
    let rest = path.strip_prefix(folder)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
}

fn join(folder: &str, rest: &str) -> String {
    let (separator, rest) = if folder.contains('\\') || (is_windows(folder) && !folder.contains('/')) {
        ('\\', rest.replace('/', "\\"))
    } else {
        ('/', rest.to_owned())
    };
    if rest.is_empty() {
        return folder.to_owned();
    }
    format!("{}{separator}{rest}", folder.trim_end_matches(separator))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(mappings: &[(&str, &str)]) -> PathMap {
        PathMap::new(mappings.iter().map(|(ours, theirs)| Mapping::new(ours, theirs).unwrap()).collect())
    }

    #[test]
    fn a_path_is_told_as_they_call_it() {
        for (mappings, ours, theirs) in [
            (
                &[("/srv/library", "/media/youtube")][..],
                "/srv/library/n/A [x].mp4",
                "/media/youtube/n/A [x].mp4",
            ),
            (&[("/srv/library/", "/media/youtube/")], "/srv/library/n", "/media/youtube/n"),
            (&[("/srv/library", "/media/youtube")], "/srv/library", "/media/youtube"),
            (&[("/srv/library", "D:\\Media\\Tube")], "/srv/library/n/a b.mp4", "D:\\Media\\Tube\\n\\a b.mp4"),
            (&[("/srv/library", "D:/Media")], "/srv/library/n/a.mp4", "D:/Media/n/a.mp4"),
            (&[("/srv/library", "\\\\nas\\tube")], "/srv/library/n", "\\\\nas\\tube\\n"),
            (&[("/srv", "/a"), ("/srv/library", "/b")], "/srv/library/x", "/b/x"),
            (&[("/srv/library", "/b"), ("/srv", "/a")], "/srv/other/x", "/a/other/x"),
            (&[("/", "/host")], "/srv/x", "/host/srv/x"),
            (&[("/srv/lib", "/a")], "/srv/library/x", "/srv/library/x"),
            (&[], "/srv/library/x", "/srv/library/x"),
        ] {
            assert_eq!(map(mappings).to_theirs(ours), theirs, "{mappings:?}");
        }
    }

    #[test]
    fn half_a_path_is_refused() {
        for (ours, theirs) in [
            ("library", "/media"),
            ("", "/media"),
            ("/srv/../etc", "/media"),
            ("/srv", "media"),
            ("/srv", ""),
            ("/srv", "D:\\a\\..\\b"),
            ("/srv", "/a\nb"),
        ] {
            assert!(Mapping::new(ours, theirs).is_err(), "{ours} {theirs}");
        }
    }

    #[test]
    fn the_same_file_is_recognised_in_their_notation() {
        assert!(is_same_file("/media/a//b.mp4", "/media/a/b.mp4"));
        assert!(is_same_file("D:\\Media\\A.mp4", "d:/media/a.MP4"));
        assert!(!is_same_file("/media/A.mp4", "/media/a.mp4"));
        assert!(!is_same_file("/media/a", "/media/a/b"));
        assert!(!is_same_file("/media/a\\b", "/media/a/b"));
    }

    #[test]
    fn a_folder_is_what_is_scanned() {
        for (path, folder) in [
            ("/media/n/a.mp4", "/media/n"),
            ("/a.mp4", "/"),
            ("D:\\Media\\n\\a.mp4", "D:\\Media\\n"),
            ("/media/n\\o/a.mp4", "/media/n\\o"),
        ] {
            assert_eq!(folder_of(path), folder);
        }
    }
}

//! Which page a stream is for, and so which fragments it carries.

use domain::DownloadId;

/// From `?page=`, a path of ours. A page that shows nothing live gets words and counts only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Page {
    Home,
    Downloads,
    Download(DownloadId),
    Status,
    /// The tree, and the actor that is shown beside it.
    Actors(Option<String>),
    Other,
}

impl Page {
    pub fn parse(path: &str) -> Self {
        match path {
            "/" => Page::Home,
            "/downloads" => Page::Downloads,
            "/status" => Page::Status,
            "/admin/actors" => Page::Actors(None),
            _ => Self::with_id(path),
        }
    }

    fn with_id(path: &str) -> Self {
        if let Some(id) = path.strip_prefix("/downloads/") {
            return id.parse().map_or(Page::Other, Page::Download);
        }
        match path.strip_prefix("/admin/actors/") {
            // Longer than any path of an actor; it would only fill our memory.
            Some(actor) if actor.len() <= 256 => Page::Actors(Some(actor.to_owned())),
            _ => Page::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_its_path_says_and_nothing_more() {
        let id = DownloadId::generate();
        for (path, page) in [
            ("/", Page::Home),
            ("/status", Page::Status),
            ("/downloads", Page::Downloads),
            (&format!("/downloads/{id}"), Page::Download(id)),
            ("/downloads/7", Page::Other),
            ("/admin/actors", Page::Actors(None)),
            ("/admin/actors/services/nas/monitor", Page::Actors(Some("services/nas/monitor".into()))),
            ("", Page::Other),
            ("//evil.example", Page::Other),
        ] {
            assert_eq!(Page::parse(path), page);
        }
        assert_eq!(Page::parse(&format!("/admin/actors/{}", "x".repeat(300))), Page::Other);
    }
}

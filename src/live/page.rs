//! Which page a stream is for, and so which fragments it carries.

use domain::media::{MediaType, TmdbId};
use domain::{DownloadId, RequestId};

/// From `?page=`, a path of ours. A page that shows nothing live gets words and counts only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Page {
    Home,
    Downloads,
    Download(DownloadId),
    /// The list of requests, or one of them.
    Requests,
    Request(RequestId),
    /// A title that could be asked for.
    Title(MediaType, TmdbId),
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
            "/requests" => Page::Requests,
            "/status" => Page::Status,
            "/admin/actors" => Page::Actors(None),
            _ => Self::with_id(path),
        }
    }

    fn with_id(path: &str) -> Self {
        if let Some(id) = path.strip_prefix("/downloads/") {
            return id.parse().map_or(Page::Other, Page::Download);
        }
        if let Some(id) = path.strip_prefix("/requests/") {
            return id.parse().map_or(Page::Other, Page::Request);
        }
        if let Some(title) = path.strip_prefix("/discover/") {
            return Self::title(title).unwrap_or(Page::Other);
        }
        match path.strip_prefix("/admin/actors/") {
            // Longer than any path of an actor; it would only fill our memory.
            Some(actor) if actor.len() <= 256 => Page::Actors(Some(actor.to_owned())),
            _ => Page::Other,
        }
    }

    /// `movie/603`.
    fn title(path: &str) -> Option<Self> {
        let (kind, id) = path.split_once('/')?;
        Some(Page::Title(kind.parse().ok()?, id.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_its_path_says_and_nothing_more() {
        let id = DownloadId::generate();
        let request = RequestId::generate();
        for (path, page) in [
            ("/", Page::Home),
            ("/status", Page::Status),
            ("/downloads", Page::Downloads),
            (&format!("/downloads/{id}"), Page::Download(id)),
            ("/downloads/7", Page::Other),
            ("/requests", Page::Requests),
            (&format!("/requests/{request}"), Page::Request(request)),
            ("/requests/7", Page::Other),
            ("/discover/movie/603", Page::Title(MediaType::Movie, TmdbId(603))),
            ("/discover/music/603", Page::Other),
            ("/discover/tv/x", Page::Other),
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

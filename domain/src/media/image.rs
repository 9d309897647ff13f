//! The name of a picture in the catalogue, and the sizes that it comes in.

use std::fmt;

use serde::Serialize;

/// Where a picture is at TMDB, such as `/p438631.jpg`: one file name and nothing else, so that
/// it can be put behind an address without leading elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct ImagePath(String);

impl ImagePath {
    /// Takes `/x.jpg`, `x.jpg` and the full address on TMDB's picture server that Seerr gives for
    /// episodes. Nothing for another host, another folder, or a name with anything else in it.
    pub fn parse(text: &str) -> Option<Self> {
        let name = match text.strip_prefix("https://image.tmdb.org/t/p/") {
            Some(rest) => rest.split_once('/')?.1,
            None => text,
        };
        let name = name.trim_start_matches('/');
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b == b'.';
        let is_name = (3..=100).contains(&name.len()) && name.bytes().all(is_plain);
        let has_ending = name.rsplit_once('.').is_some_and(|(stem, ending)| {
            !stem.is_empty() && !stem.starts_with('.') && ["jpg", "jpeg", "png", "webp"].contains(&ending)
        });
        (is_name && has_ending && !name.contains("..")).then(|| Self(format!("/{name}")))
    }

    /// With its leading slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How large a picture should be. Every size is one that TMDB and the proxies before it have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageSize {
    /// 185 pixels wide: a face, a poster in a list.
    Small,
    /// 342 pixels wide: a poster in a grid.
    Card,
    /// 780 pixels wide: a large poster, a still.
    Large,
    /// 1280 pixels wide: what is behind a title page.
    Backdrop,
}

impl ImageSize {
    pub const ALL: [ImageSize; 4] =
        [ImageSize::Small, ImageSize::Card, ImageSize::Large, ImageSize::Backdrop];

    /// The folder at TMDB.
    pub fn as_str(self) -> &'static str {
        match self {
            ImageSize::Small => "w185",
            ImageSize::Card => "w342",
            ImageSize::Large => "w780",
            ImageSize::Backdrop => "w1280",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_plain_file_name_is_a_picture() {
        for (text, path) in [
            ("/p438631.jpg", Some("/p438631.jpg")),
            ("p-4_3.png", Some("/p-4_3.png")),
            ("https://image.tmdb.org/t/p/original//e1_1.jpg", Some("/e1_1.jpg")),
            ("https://image.tmdb.org/t/p/w342/e1_1.jpg", Some("/e1_1.jpg")),
            ("https://artworks.example/banners/x.jpg", None),
            ("//evil.example/x.jpg", None),
            ("/../secret.jpg", None),
            ("/a%2fb.jpg", None),
            ("/a/b.jpg", None),
            ("/x..jpg", None),
            ("/.jpg", None),
            ("/x.svg", None),
            ("/x", None),
            ("", None),
            ("/\u{1F600}.jpg", None),
        ] {
            assert_eq!(ImagePath::parse(text).as_ref().map(ImagePath::as_str), path, "{text}");
        }
        assert_eq!(ImagePath::parse(&format!("/{}.jpg", "x".repeat(200))), None);
    }
}

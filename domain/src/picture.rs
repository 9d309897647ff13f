//! The pictures that the portal shows: which there are, and the path of each below `/images/`.
//!
//! A picture is named by a grammar of our own, so a browser never sees the address of a service
//! or a token, and nothing but a picture can be asked for through it.
//!
//! ```text
//!    tmdb/w342/kqjL17yufvn9OVLyXYpvtyrFfak.jpg
//!    plex/poster/metadata/1204/thumb/1763800000
//!    plex/face/people/1/photo/5d776826880197001ec90ae0.jpg
//! ```

use std::fmt;

/// One picture in one size.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Picture {
    /// A file of TMDB's image server.
    Tmdb { size: TmdbSize, file: FileName },
    /// What a Plex Media Server shows of an item.
    Plex { size: PlexSize, of: PlexShelf, key: u64, what: PlexArt, stamp: u64 },
    /// The photo of a person, from Plex's own metadata.
    PlexPerson { size: PlexSize, file: FileName },
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$about])* $variant),* }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == text)
            }
        }
    };
}

words! {
    /// The widths of TMDB that we ask for; `w342` is a poster, `w1280` a backdrop.
    TmdbSize {
        W92 = "w92", W154 = "w154", W185 = "w185", W300 = "w300",
        W342 = "w342", W500 = "w500", W780 = "w780", W1280 = "w1280",
    }
}

words! {
    /// The sizes that we ask Plex for.
    PlexSize {
        /// Beside a line of text.
        Thumb = "thumb",
        /// On a shelf.
        Poster = "poster",
        /// A still of an episode.
        Wide = "wide",
        /// Behind the head of a page.
        Art = "art",
        /// Somebody of the cast.
        Face = "face",
    }
}

words! {
    PlexShelf { Metadata = "metadata", Collections = "collections" }
}

words! {
    PlexArt { Thumb = "thumb", Art = "art", Composite = "composite", Banner = "banner" }
}

impl PlexSize {
    /// Width and height in pixels.
    pub const fn pixels(self) -> (u32, u32) {
        match self {
            Self::Thumb => (120, 180),
            Self::Poster => (360, 540),
            Self::Wide => (640, 360),
            Self::Art => (1280, 720),
            Self::Face => (200, 200),
        }
    }
}

/// A name that can only be a picture's: letters, digits, `-` and `_`, with a known ending.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileName(String);

impl FileName {
    /// Takes `abc.jpg`; nothing that could be a path, and no SVG, which may hold scripts.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, ending) = text.split_once('.')?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let good = (1..=64).contains(&name.len())
            && name.bytes().all(plain)
            && matches!(ending, "jpg" | "jpeg" | "png" | "webp" | "avif");
        good.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Picture {
    /// From a `poster_path`, `backdrop_path` or `profile_path` of TMDB: `/abc.jpg`.
    pub fn tmdb(size: TmdbSize, path: &str) -> Option<Self> {
        let file = FileName::parse(path.strip_prefix('/').unwrap_or(path))?;
        Some(Self::Tmdb { size, file })
    }

    /// From a `thumb`, `art` or `composite` of Plex, which is a path on the server, or the
    /// address of a person's photo; nothing for anything else.
    pub fn plex(size: PlexSize, address: &str) -> Option<Self> {
        const PEOPLE: &str = "://metadata-static.plex.tv/people/";
        const TMDB: &str = "://image.tmdb.org/t/p/original/";
        let after = |start| {
            address.strip_prefix("https").or_else(|| address.strip_prefix("http"))?.strip_prefix(start)
        };
        if let Some(file) = after(PEOPLE) {
            return Some(Self::PlexPerson { size, file: FileName::parse(file)? });
        }
        if let Some(file) = after(TMDB) {
            return Self::tmdb(TmdbSize::W185, file);
        }
        let path = address.split_once('?').map_or(address, |(path, _)| path);
        let mut parts = path.strip_prefix("/library/")?.split('/');
        let of = PlexShelf::parse(parts.next()?)?;
        let key = number(parts.next()?)?;
        let what = PlexArt::parse(parts.next()?)?;
        // The stamp says when the art changed; a server may leave it out.
        let stamp = parts.next().map_or(Some(0), number)?;
        parts.next().is_none().then_some(Self::Plex { size, of, key, what, stamp })
    }

    /// From the path below `/images/`.
    pub fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        match parts[..] {
            ["tmdb", size, file] => {
                Some(Self::Tmdb { size: TmdbSize::parse(size)?, file: FileName::parse(file)? })
            }
            ["plex", size, "people", "1", "photo", file] => {
                Some(Self::PlexPerson { size: PlexSize::parse(size)?, file: FileName::parse(file)? })
            }
            ["plex", size, of, key, what, stamp] => Some(Self::Plex {
                size: PlexSize::parse(size)?,
                of: PlexShelf::parse(of)?,
                key: number(key)?,
                what: PlexArt::parse(what)?,
                stamp: number(stamp)?,
            }),
            _ => None,
        }
    }

    /// Where it is on its own server: a path, or for the photo of a person an address that the
    /// media server fetches.
    pub fn upstream(&self) -> String {
        match self {
            Self::Tmdb { size, file } => format!("/{}/{}", size.word(), file.0),
            Self::Plex { of, key, what, stamp: 0, .. } => {
                format!("/library/{}/{key}/{}", of.word(), what.word())
            }
            Self::Plex { of, key, what, stamp, .. } => {
                format!("/library/{}/{key}/{}/{stamp}", of.word(), what.word())
            }
            Self::PlexPerson { file, .. } => format!("https://metadata-static.plex.tv/people/{}", file.0),
        }
    }

    /// Width and height that a placeholder should have.
    pub fn shape(&self) -> (u32, u32) {
        match self {
            Self::Plex { size, .. } | Self::PlexPerson { size, .. } => size.pixels(),
            Self::Tmdb { size: TmdbSize::W300 | TmdbSize::W780 | TmdbSize::W1280, .. } => (640, 360),
            Self::Tmdb { .. } => (360, 540),
        }
    }
}

/// The path below `/images/`.
impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tmdb { size, file } => write!(f, "tmdb/{}/{}", size.word(), file.0),
            Self::Plex { size, of, key, what, stamp } => {
                write!(f, "plex/{}/{}/{key}/{}/{stamp}", size.word(), of.word(), what.word())
            }
            Self::PlexPerson { size, file } => write!(f, "plex/{}/people/1/photo/{}", size.word(), file.0),
        }
    }
}

/// What a browser is told that the bytes are: found in the bytes themselves, never taken from
/// what a service says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    Jpeg,
    Png,
    Webp,
    Avif,
}

impl PictureKind {
    /// Nothing when it is none of the four, such as an error page or an SVG.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f' | b's', ..] => Some(Self::Avif),
            _ => None,
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
        }
    }
}

/// Digits only, in the one way to write them.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_survives_a_round_trip() {
        for path in [
            "tmdb/w342/kqjL17yufvn9OVLyXYpvtyrFfak.jpg",
            "plex/poster/metadata/1204/thumb/1763800000",
            "plex/poster/collections/7/composite/0",
            "plex/face/people/1/photo/5d776826880197001ec90ae0.jpg",
        ] {
            assert_eq!(Picture::parse(path).unwrap().to_string(), path);
        }
    }

    #[test]
    fn what_is_no_picture_is_not_asked_for() {
        for path in [
            "",
            "tmdb",
            "tmdb/original/a.jpg",
            "tmdb/w342/..",
            "tmdb/w342/a.svg",
            "tmdb/w342/a.jpg.svg",
            "tmdb/w342/a/b.jpg",
            "tmdb/w342/%2e%2e.jpg",
            "tmdb/w342/.jpg",
            "plex/poster/metadata/-1/thumb/1",
            "plex/poster/metadata/+1/thumb/1",
            "plex/poster/metadata/01/thumb/1",
            "plex/poster/metadata/99999999999999999999999/thumb/1",
            "plex/poster/metadata/1/children/1",
            "plex/poster/sections/1/thumb/1",
            "plex/huge/metadata/1/thumb/1",
            "plex/poster/metadata/1/thumb/1/2",
            "plex/face/people/2/photo/a.jpg",
        ] {
            assert_eq!(Picture::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_picture_is_what_its_bytes_say() {
        for (bytes, kind) in [
            (&b"\xff\xd8\xff\xe0\x00\x10JFIF"[..], Some(PictureKind::Jpeg)),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Some(PictureKind::Png)),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Some(PictureKind::Webp)),
            (b"\0\0\0\x1cftypavif\0\0\0\0", Some(PictureKind::Avif)),
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script>", None),
            (b"<!doctype html><title>404</title>", None),
            (b"GIF89a", None),
            (b"RIFF\x24\0\0\0WAVEfmt ", None),
            (b"", None),
        ] {
            assert_eq!(PictureKind::of(bytes), kind);
        }
    }

    #[test]
    fn what_a_server_says_becomes_a_picture_of_ours() {
        for (address, ours, upstream) in [
            (
                "/library/metadata/12/thumb/1700",
                "plex/poster/metadata/12/thumb/1700",
                "/library/metadata/12/thumb/1700",
            ),
            ("/library/metadata/12/art", "plex/poster/metadata/12/art/0", "/library/metadata/12/art"),
            (
                "/library/collections/9/composite/17?width=400&height=600",
                "plex/poster/collections/9/composite/17",
                "/library/collections/9/composite/17",
            ),
            (
                "https://metadata-static.plex.tv/people/5d77.jpg",
                "plex/poster/people/1/photo/5d77.jpg",
                "https://metadata-static.plex.tv/people/5d77.jpg",
            ),
            ("http://image.tmdb.org/t/p/original/xY_-9.jpg", "tmdb/w185/xY_-9.jpg", "/w185/xY_-9.jpg"),
        ] {
            let picture = Picture::plex(PlexSize::Poster, address).unwrap();
            assert_eq!(picture.to_string(), ours);
            assert_eq!(picture.upstream(), upstream);
        }
        for address in [
            "/:/resources/movie.png",
            "/library/metadata/12/thumb/1700/../../../security/token",
            "/library/metadata/12/file/1700",
            "https://evil.example/people/a.jpg",
            "https://metadata-static.plex.tv/people/../x.jpg",
            "https://metadata-static.plex.tv.evil.example/people/a.jpg",
            "",
        ] {
            assert_eq!(Picture::plex(PlexSize::Poster, address), None, "{address}");
        }
        assert_eq!(Picture::tmdb(TmdbSize::W342, "//evil.example/a.jpg"), None);
    }
}

//! The nouns of a Plex Media Server, in one form each.

use std::fmt;
use std::str::FromStr;

use domain::Timestamp;
use url::form_urlencoded;

use super::item::Item;

/// What cannot be the key of anything on a Plex Media Server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is not a key of Plex")]
pub struct NotAKey;

macro_rules! key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAKey;

            /// Keys are numbers today. Whatever else they become, they stand in a path, so they
            /// are short and hold nothing that has a meaning there.
            fn from_str(text: &str) -> Result<Self, NotAKey> {
                let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
                if (1..=64).contains(&text.len()) && text.bytes().all(is_plain) {
                    Ok(Self(text.into()))
                } else {
                    Err(NotAKey)
                }
            }
        }
    };
}

key!(
    /// Names an item or a collection.
    RatingKey
);
key!(
    /// Names a library.
    SectionId
);

/// What something is. New kinds keep their name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Kind {
    Movie,
    Show,
    Season,
    Episode,
    Artist,
    Album,
    Track,
    Clip,
    Photo,
    Playlist,
    Collection,
    Other(Box<str>),
}

impl Kind {
    pub fn as_str(&self) -> &str {
        match self {
            Kind::Movie => "movie",
            Kind::Show => "show",
            Kind::Season => "season",
            Kind::Episode => "episode",
            Kind::Artist => "artist",
            Kind::Album => "album",
            Kind::Track => "track",
            Kind::Clip => "clip",
            Kind::Photo => "photo",
            Kind::Playlist => "playlist",
            Kind::Collection => "collection",
            Kind::Other(name) => name,
        }
    }

    /// The number that stands for it in `type=`.
    pub fn number(&self) -> Option<u32> {
        Some(match self {
            Kind::Movie => 1,
            Kind::Show => 2,
            Kind::Season => 3,
            Kind::Episode => 4,
            Kind::Artist => 8,
            Kind::Album => 9,
            Kind::Track => 10,
            Kind::Clip => 12,
            Kind::Photo => 13,
            Kind::Playlist => 15,
            Kind::Collection => 18,
            Kind::Other(_) => return None,
        })
    }
}

impl From<&str> for Kind {
    fn from(name: &str) -> Self {
        match name {
            "movie" => Kind::Movie,
            "show" => Kind::Show,
            "season" => Kind::Season,
            "episode" => Kind::Episode,
            "artist" => Kind::Artist,
            "album" => Kind::Album,
            "track" => Kind::Track,
            "clip" => Kind::Clip,
            "photo" => Kind::Photo,
            "playlist" => Kind::Playlist,
            "collection" => Kind::Collection,
            other => Kind::Other(other.into()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who the server is; told to anybody, so it proves only that it can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub machine_identifier: String,
    pub version: String,
    /// Whether it belongs to an account.
    pub claimed: bool,
}

/// What the server tells those whose token it accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    pub friendly_name: String,
    pub machine_identifier: String,
    pub version: String,
    pub platform: Option<String>,
    /// Whether its owner has a Plex Pass.
    pub plex_pass: bool,
    pub owner_features: Vec<String>,
}

/// A library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub id: SectionId,
    /// Movie, show, artist or photo.
    pub kind: Kind,
    pub title: String,
    pub agent: String,
    pub scanner: String,
    pub language: Option<String>,
    pub uuid: Option<String>,
    /// Whether it is being scanned.
    pub refreshing: bool,
    pub hidden: bool,
    pub art: Option<String>,
    pub composite: Option<String>,
    pub scanned_at: Option<Timestamp>,
    /// Grows with every change of its contents. Not a time on every server.
    pub content_changed_at: i64,
    /// The folders that it is made of, as the server sees them. Empty for people who do not
    /// own the server.
    pub locations: Vec<Location>,
}

impl Section {
    /// Whether it takes files as they are, without looking for their titles: a library of
    /// "Other Videos", where downloads belong.
    pub fn is_other_videos(&self) -> bool {
        self.kind == Kind::Movie && self.agent == "com.plexapp.agents.none"
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    pub id: Option<String>,
    /// A path on the server's machine, in its own notation.
    pub path: String,
}

/// Part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paged<T> {
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: usize,
    /// How many come before the first of `items`.
    pub offset: usize,
    /// The offset of the next part; absent when this is the last one. The server decides how
    /// many it gives, so do not compute it.
    pub next: Option<usize>,
}

/// A first letter of titles, and where it begins in the library when it is sorted by title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// `A`, or `#` for all that begins with no letter.
    pub title: String,
    pub size: usize,
    /// [`super::ItemQuery::start`] of the first one.
    pub offset: usize,
}

/// A row of items that the server put together.
#[derive(Debug, Clone, PartialEq)]
pub struct Hub {
    pub identifier: String,
    pub title: String,
    pub kind: Kind,
    /// Whether there are more than these.
    pub more: bool,
    pub items: Vec<Item>,
}

/// A collection of items of one library. Everybody who sees the library sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    pub rating_key: RatingKey,
    pub title: String,
    pub summary: String,
    /// What is in it: movies, shows, …
    pub kind: Option<Kind>,
    /// Filled by a filter: nothing can be added or removed.
    pub smart: bool,
    pub child_count: usize,
    pub thumb: Option<String>,
    pub art: Option<String>,
    pub section: Option<SectionId>,
    pub section_title: Option<String>,
    pub min_year: Option<i32>,
    pub max_year: Option<i32>,
    pub labels: Vec<String>,
    pub added_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}

/// Something that the server is busy with, such as a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    pub uuid: String,
    /// As `library.update.section`.
    pub kind: String,
    pub title: String,
    pub subtitle: String,
    /// Of 100; absent while it is unknown.
    pub percent: Option<u8>,
}

/// Somebody is watching something now.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaySession {
    /// What is played; absent when it is not of the library.
    pub item: Option<Item>,
    pub user: Option<String>,
    /// The person's number at plex.tv.
    pub user_id: Option<i64>,
    /// The device.
    pub player: String,
    pub product: String,
    /// As `playing` and `paused`.
    pub state: String,
    pub local: bool,
    /// In kilobits per second.
    pub bandwidth: Option<u64>,
}

/// The address that opens an item in the web player at `base`, such as
/// `https://app.plex.tv/desktop`.
pub fn open_in_plex(base: &str, machine_identifier: &str, key: &RatingKey) -> String {
    let base = base.trim_end_matches('/');
    let machine: String = form_urlencoded::byte_serialize(machine_identifier.as_bytes()).collect();
    format!("{base}/#!/server/{machine}/details?key=%2Flibrary%2Fmetadata%2F{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_holds_nothing_that_means_something_in_a_path() {
        for good in ["1", "10141", "a-b_C"] {
            assert_eq!(good.parse::<RatingKey>().unwrap().as_str(), good);
        }
        let long = "1".repeat(65);
        for bad in ["", "../1", "1/children", "1,2", "1?x", "%31", "é", long.as_str()] {
            assert_eq!(bad.parse::<RatingKey>(), Err(NotAKey), "{bad}");
        }
    }

    #[test]
    fn a_kind_that_is_not_known_survives() {
        for name in ["movie", "collection", "hologram"] {
            assert_eq!(Kind::from(name).as_str(), name);
        }
        assert_eq!(Kind::from("hologram").number(), None);
    }

    #[test]
    fn the_web_player_is_told_the_server_and_the_item() {
        assert_eq!(
            open_in_plex("https://app.plex.tv/desktop/", "abc", &"12".parse().unwrap()),
            "https://app.plex.tv/desktop/#!/server/abc/details?key=%2Flibrary%2Fmetadata%2F12"
        );
    }
}

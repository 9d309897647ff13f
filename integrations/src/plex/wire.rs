//! What the server sends, as it sends it.

use serde::Deserialize;

use super::loose::{flag, fraction, list, number, object, text};

/// Every answer. An answer without a container is not one of a Plex Media Server.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    #[serde(rename = "MediaContainer", deserialize_with = "object")]
    pub container: Container,
}

/// What an answer holds: of the lists, only those that were asked for and are not empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Container {
    #[serde(deserialize_with = "number")]
    pub size: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub total_size: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub offset: Option<i64>,
    #[serde(rename = "librarySectionID", deserialize_with = "text")]
    pub section_id: Option<String>,
    #[serde(rename = "librarySectionTitle", deserialize_with = "text")]
    pub section_title: Option<String>,
    #[serde(rename = "Metadata", deserialize_with = "list")]
    pub metadata: Vec<Metadata>,
    #[serde(rename = "Directory", deserialize_with = "list")]
    pub directory: Vec<Directory>,
    #[serde(rename = "Hub", deserialize_with = "list")]
    pub hub: Vec<Hub>,
    #[serde(rename = "Activity", deserialize_with = "list")]
    pub activity: Vec<Activity>,

    // Of `/` and `/identity`.
    #[serde(deserialize_with = "text")]
    pub friendly_name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub machine_identifier: Option<String>,
    #[serde(deserialize_with = "text")]
    pub version: Option<String>,
    #[serde(deserialize_with = "text")]
    pub platform: Option<String>,
    #[serde(deserialize_with = "flag")]
    pub my_plex_subscription: bool,
    #[serde(deserialize_with = "text")]
    pub owner_features: Option<String>,
    #[serde(deserialize_with = "flag")]
    pub claimed: bool,
    #[serde(deserialize_with = "number")]
    pub updated_at: Option<i64>,
}

/// A movie, show, season, episode, clip or collection, or something newer.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    #[serde(deserialize_with = "text")]
    pub rating_key: Option<String>,
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "text")]
    pub subtype: Option<String>,
    #[serde(deserialize_with = "text")]
    pub guid: Option<String>,
    #[serde(deserialize_with = "text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "text")]
    pub original_title: Option<String>,
    #[serde(deserialize_with = "text")]
    pub summary: Option<String>,
    #[serde(deserialize_with = "text")]
    pub tagline: Option<String>,
    #[serde(deserialize_with = "text")]
    pub studio: Option<String>,
    #[serde(deserialize_with = "text")]
    pub content_rating: Option<String>,
    #[serde(deserialize_with = "text")]
    pub originally_available_at: Option<String>,
    #[serde(deserialize_with = "number")]
    pub year: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub min_year: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub max_year: Option<i64>,
    #[serde(deserialize_with = "fraction")]
    pub rating: Option<f64>,
    #[serde(deserialize_with = "fraction")]
    pub audience_rating: Option<f64>,
    #[serde(deserialize_with = "text")]
    pub thumb: Option<String>,
    #[serde(deserialize_with = "text")]
    pub art: Option<String>,
    #[serde(deserialize_with = "number")]
    pub duration: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub added_at: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub updated_at: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub last_viewed_at: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub view_count: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub view_offset: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub index: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub child_count: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub leaf_count: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub viewed_leaf_count: Option<i64>,
    #[serde(deserialize_with = "flag")]
    pub smart: bool,

    #[serde(deserialize_with = "text")]
    pub parent_rating_key: Option<String>,
    #[serde(deserialize_with = "text")]
    pub parent_title: Option<String>,
    #[serde(deserialize_with = "number")]
    pub parent_index: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub parent_thumb: Option<String>,
    #[serde(deserialize_with = "text")]
    pub grandparent_rating_key: Option<String>,
    #[serde(deserialize_with = "text")]
    pub grandparent_title: Option<String>,
    #[serde(deserialize_with = "text")]
    pub grandparent_thumb: Option<String>,
    #[serde(deserialize_with = "text")]
    pub grandparent_art: Option<String>,
    #[serde(rename = "librarySectionID", deserialize_with = "text")]
    pub section_id: Option<String>,
    #[serde(rename = "librarySectionTitle", deserialize_with = "text")]
    pub section_title: Option<String>,

    #[serde(rename = "Guid", deserialize_with = "list")]
    pub guids: Vec<Guid>,
    #[serde(rename = "Media", deserialize_with = "list")]
    pub media: Vec<Media>,
    #[serde(rename = "Genre", deserialize_with = "list")]
    pub genre: Vec<Tag>,
    #[serde(rename = "Country", deserialize_with = "list")]
    pub country: Vec<Tag>,
    #[serde(rename = "Director", deserialize_with = "list")]
    pub director: Vec<Tag>,
    #[serde(rename = "Writer", deserialize_with = "list")]
    pub writer: Vec<Tag>,
    #[serde(rename = "Role", deserialize_with = "list")]
    pub role: Vec<Tag>,
    #[serde(rename = "Collection", deserialize_with = "list")]
    pub collection: Vec<Tag>,
    #[serde(rename = "Label", deserialize_with = "list")]
    pub label: Vec<Tag>,

    // Of a session.
    #[serde(deserialize_with = "text")]
    pub session_key: Option<String>,
    #[serde(rename = "User", deserialize_with = "list")]
    pub user: Vec<User>,
    #[serde(rename = "Player", deserialize_with = "list")]
    pub player: Vec<Player>,
    #[serde(rename = "Session", deserialize_with = "list")]
    pub session: Vec<Session>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Guid {
    #[serde(deserialize_with = "text")]
    pub id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tag {
    #[serde(deserialize_with = "text")]
    pub id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub tag: Option<String>,
    #[serde(deserialize_with = "text")]
    pub role: Option<String>,
    #[serde(deserialize_with = "text")]
    pub thumb: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Media {
    #[serde(deserialize_with = "text")]
    pub video_resolution: Option<String>,
    #[serde(rename = "Part", deserialize_with = "list")]
    pub part: Vec<Part>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    #[serde(deserialize_with = "text")]
    pub file: Option<String>,
    #[serde(deserialize_with = "number")]
    pub size: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub container: Option<String>,
}

/// A library, a genre, or a letter of the alphabet.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Directory {
    #[serde(deserialize_with = "text")]
    pub key: Option<String>,
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "number")]
    pub size: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub agent: Option<String>,
    #[serde(deserialize_with = "text")]
    pub scanner: Option<String>,
    #[serde(deserialize_with = "text")]
    pub language: Option<String>,
    #[serde(deserialize_with = "text")]
    pub uuid: Option<String>,
    #[serde(deserialize_with = "text")]
    pub art: Option<String>,
    #[serde(deserialize_with = "text")]
    pub composite: Option<String>,
    #[serde(deserialize_with = "flag")]
    pub refreshing: bool,
    #[serde(deserialize_with = "flag")]
    pub hidden: bool,
    #[serde(deserialize_with = "number")]
    pub scanned_at: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub content_changed_at: Option<i64>,
    #[serde(rename = "Location", deserialize_with = "list")]
    pub location: Vec<Location>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Location {
    #[serde(deserialize_with = "text")]
    pub id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub path: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Hub {
    #[serde(deserialize_with = "text")]
    pub hub_identifier: Option<String>,
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "flag")]
    pub more: bool,
    #[serde(rename = "Metadata", deserialize_with = "list")]
    pub metadata: Vec<Metadata>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Activity {
    #[serde(deserialize_with = "text")]
    pub uuid: Option<String>,
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "text")]
    pub subtitle: Option<String>,
    #[serde(deserialize_with = "number")]
    pub progress: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct User {
    #[serde(deserialize_with = "text")]
    pub id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub title: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Player {
    #[serde(deserialize_with = "text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "text")]
    pub product: Option<String>,
    #[serde(deserialize_with = "text")]
    pub state: Option<String>,
    #[serde(deserialize_with = "flag")]
    pub local: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Session {
    #[serde(deserialize_with = "number")]
    pub bandwidth: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub location: Option<String>,
}

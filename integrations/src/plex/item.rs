//! A movie, show, season, episode or clip.

use std::time::Duration;

use domain::Timestamp;
use domain::media::TmdbId;

use super::model::{Collection, Hub, Kind, PlaySession, RatingKey, SectionId};
use super::wire;

#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub rating_key: RatingKey,
    pub kind: Kind,
    /// Clip for what lies in a library of "Other Videos".
    pub subtype: Option<Kind>,
    pub title: String,
    pub original_title: Option<String>,
    pub summary: String,
    pub tagline: Option<String>,
    pub studio: Option<String>,
    /// As `PG-13`.
    pub content_rating: Option<String>,
    pub year: Option<i32>,
    /// Day of the first showing, as `2008-05-30`.
    pub released: Option<String>,
    /// Of 10.
    pub rating: Option<f64>,
    pub audience_rating: Option<f64>,
    /// Paths of pictures, for [`super::Server::image`].
    pub thumb: Option<String>,
    pub art: Option<String>,
    pub duration: Option<Duration>,
    pub added_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,

    /// How often the person of the token watched it to its end.
    pub views: u32,
    /// How far that person got.
    pub view_offset: Option<Duration>,
    pub last_viewed_at: Option<Timestamp>,

    /// Number of the episode in its season, or of the season in its show.
    pub index: Option<i32>,
    /// The season of an episode, or the show of a season.
    pub parent: Option<Leaf>,
    /// The show of an episode.
    pub grandparent: Option<Leaf>,
    /// Seasons of a show, or items of a collection.
    pub children: Option<usize>,
    /// Episodes of a show or season.
    pub leaves: Option<usize>,
    pub viewed_leaves: Option<usize>,

    pub section: Option<SectionId>,
    pub section_title: Option<String>,
    /// Where other places know it, as `tmdb://10378`.
    pub guids: Vec<String>,
    pub genres: Vec<Tag>,
    pub countries: Vec<Tag>,
    pub directors: Vec<Tag>,
    pub writers: Vec<Tag>,
    pub cast: Vec<Role>,
    /// The names of the collections that it is in.
    pub collections: Vec<String>,
    /// As `1080` and `4k`.
    pub resolution: Option<String>,
    pub parts: Vec<Part>,
}

/// What an item belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    pub rating_key: RatingKey,
    pub title: String,
    pub index: Option<i32>,
    pub thumb: Option<String>,
    pub art: Option<String>,
}

/// A genre, a country or a person. The id filters a list; it is not always told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub id: Option<String>,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub name: String,
    /// Who they play.
    pub role: Option<String>,
    /// An address on the web, or a path for [`super::Server::image`].
    pub thumb: Option<String>,
}

/// A file, at its path on the server's machine. Not for the eyes of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub file: String,
    pub size: Option<u64>,
    pub container: Option<String>,
}

impl Item {
    /// Its number at TMDB, also from the agents of old libraries.
    pub fn tmdb_id(&self) -> Option<TmdbId> {
        self.guids.iter().find_map(|guid| {
            let (agent, rest) = guid.split_once("://")?;
            let is_tmdb = agent == "tmdb" || agent == "com.plexapp.agents.themoviedb";
            let digits = rest.split(['?', '/']).next().unwrap_or_default();
            is_tmdb.then(|| digits.parse().ok().map(TmdbId)).flatten()
        })
    }

    /// Whether the person of the token has seen all of it.
    pub fn is_watched(&self) -> bool {
        match (self.leaves, self.viewed_leaves) {
            (Some(leaves), Some(viewed)) => leaves > 0 && viewed >= leaves,
            _ => self.views > 0,
        }
    }

    /// How much of it the person of the token has seen, from 0 to 1; absent when it was not
    /// begun.
    pub fn progress(&self) -> Option<f64> {
        let (offset, duration) = (self.view_offset?, self.duration?);
        (!duration.is_zero()).then(|| (offset.as_secs_f64() / duration.as_secs_f64()).clamp(0.0, 1.0))
    }

    /// Nothing when it has no key: such a thing cannot be opened.
    pub(super) fn of(wire: wire::Metadata) -> Option<Self> {
        let section = wire.section_id.as_deref().and_then(|id| id.parse().ok());
        let parent =
            leaf(wire.parent_rating_key, wire.parent_title, wire.parent_index, wire.parent_thumb, None);
        let grandparent = leaf(
            wire.grandparent_rating_key,
            wire.grandparent_title,
            None,
            wire.grandparent_thumb,
            wire.grandparent_art,
        );
        let guids = wire.guids.into_iter().filter_map(|guid| guid.id).chain(wire.guid).collect();
        let resolution = wire.media.iter().find_map(|media| media.video_resolution.clone());
        Some(Self {
            rating_key: wire.rating_key?.parse().ok()?,
            kind: wire.kind.as_deref().unwrap_or_default().into(),
            subtype: wire.subtype.as_deref().map(Kind::from),
            title: wire.title.unwrap_or_else(|| "Untitled".to_owned()),
            original_title: wire.original_title,
            summary: wire.summary.unwrap_or_default(),
            tagline: wire.tagline,
            studio: wire.studio,
            content_rating: wire.content_rating,
            year: wire.year.and_then(small),
            released: wire.originally_available_at,
            rating: wire.rating,
            audience_rating: wire.audience_rating,
            thumb: wire.thumb,
            art: wire.art,
            duration: wire.duration.and_then(millis),
            added_at: wire.added_at.map(moment),
            updated_at: wire.updated_at.map(moment),
            views: wire.view_count.and_then(count).unwrap_or(0).try_into().unwrap_or(u32::MAX),
            view_offset: wire.view_offset.and_then(millis),
            last_viewed_at: wire.last_viewed_at.map(moment),
            index: wire.index.and_then(small),
            parent,
            grandparent,
            children: wire.child_count.and_then(count),
            leaves: wire.leaf_count.and_then(count),
            viewed_leaves: wire.viewed_leaf_count.and_then(count),
            section,
            section_title: wire.section_title,
            guids,
            genres: tags(wire.genre),
            countries: tags(wire.country),
            directors: tags(wire.director),
            writers: tags(wire.writer),
            cast: wire.role.into_iter().filter_map(role).collect(),
            collections: wire.collection.into_iter().filter_map(|tag| tag.tag).collect(),
            resolution,
            parts: wire.media.into_iter().flat_map(|media| media.part).filter_map(part).collect(),
        })
    }
}

impl Collection {
    pub(super) fn of(wire: wire::Metadata) -> Option<Self> {
        Some(Self {
            rating_key: wire.rating_key?.parse().ok()?,
            title: wire.title.unwrap_or_else(|| "Untitled".to_owned()),
            summary: wire.summary.unwrap_or_default(),
            kind: wire.subtype.as_deref().map(Kind::from),
            smart: wire.smart,
            child_count: wire.child_count.and_then(count).unwrap_or(0),
            thumb: wire.thumb,
            art: wire.art,
            section: wire.section_id.as_deref().and_then(|id| id.parse().ok()),
            section_title: wire.section_title,
            min_year: wire.min_year.and_then(small),
            max_year: wire.max_year.and_then(small),
            labels: wire.label.into_iter().filter_map(|tag| tag.tag).collect(),
            added_at: wire.added_at.map(moment),
            updated_at: wire.updated_at.map(moment),
        })
    }
}

impl Hub {
    pub(super) fn of(wire: wire::Hub) -> Self {
        Self {
            identifier: wire.hub_identifier.unwrap_or_default(),
            title: wire.title.unwrap_or_default(),
            kind: wire.kind.as_deref().unwrap_or_default().into(),
            more: wire.more,
            items: wire.metadata.into_iter().filter_map(Item::of).collect(),
        }
    }
}

impl PlaySession {
    pub(super) fn of(mut wire: wire::Metadata) -> Self {
        let user = std::mem::take(&mut wire.user).into_iter().next().unwrap_or_default();
        let player = std::mem::take(&mut wire.player).into_iter().next().unwrap_or_default();
        let session = std::mem::take(&mut wire.session).into_iter().next().unwrap_or_default();
        Self {
            item: Item::of(wire),
            user: user.title,
            user_id: user.id.and_then(|id| id.parse().ok()),
            player: player.title.unwrap_or_default(),
            product: player.product.unwrap_or_default(),
            state: player.state.unwrap_or_default(),
            local: player.local || session.location.as_deref() == Some("lan"),
            bandwidth: session.bandwidth.and_then(|kilobits| kilobits.try_into().ok()),
        }
    }
}

fn leaf(
    key: Option<String>,
    title: Option<String>,
    index: Option<i64>,
    thumb: Option<String>,
    art: Option<String>,
) -> Option<Leaf> {
    let rating_key = key?.parse().ok()?;
    Some(Leaf { rating_key, title: title.unwrap_or_default(), index: index.and_then(small), thumb, art })
}

fn tags(wire: Vec<wire::Tag>) -> Vec<Tag> {
    wire.into_iter().filter_map(|tag| Some(Tag { id: tag.id, name: tag.tag? })).collect()
}

fn role(wire: wire::Tag) -> Option<Role> {
    Some(Role { name: wire.tag?, role: wire.role, thumb: wire.thumb })
}

fn part(wire: wire::Part) -> Option<Part> {
    let size = wire.size.and_then(|size| size.try_into().ok());
    Some(Part { file: wire.file?, size, container: wire.container })
}

/// The server counts seconds.
pub(super) fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1000))
}

pub(super) fn count(number: i64) -> Option<usize> {
    usize::try_from(number).ok()
}

fn millis(number: i64) -> Option<Duration> {
    u64::try_from(number).ok().map(Duration::from_millis)
}

fn small(number: i64) -> Option<i32> {
    i32::try_from(number).ok()
}

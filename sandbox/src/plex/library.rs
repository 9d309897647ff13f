//! What the media server keeps: libraries, their items, collections, and what was watched.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Options;
use crate::art::Picture;
use crate::world::{Genre, Member, Role, World};

mod fill;
mod watched;

pub(super) use watched::View;

/// The number of a genre's tag: the first one of [`Genre::ALL`] has this.
pub(super) const FIRST_GENRE: i64 = 500;

/// What an item is. The numbers are those of `type=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Movie,
    Show,
    Season,
    Episode,
    Collection,
}

impl Kind {
    pub const fn number(self) -> i64 {
        match self {
            Self::Movie => 1,
            Self::Show => 2,
            Self::Season => 3,
            Self::Episode => 4,
            Self::Collection => 18,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Movie => "movie",
            Self::Show => "show",
            Self::Season => "season",
            Self::Episode => "episode",
            Self::Collection => "collection",
        }
    }

    /// From `type=2` or a field such as `show.title`.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Movie, Self::Show, Self::Season, Self::Episode, Self::Collection];
        all.into_iter().find(|kind| kind.name() == text || kind.number().to_string() == text)
    }
}

/// A library.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub key: String,
    /// Movie or show.
    pub kind: Kind,
    pub title: &'static str,
    pub agent: &'static str,
    pub scanner: &'static str,
    pub language: &'static str,
    pub uuid: &'static str,
    /// As the media server sees it.
    pub location: String,
    /// Where that really is, where it is real.
    pub folder: Option<PathBuf>,
    pub refreshing: bool,
    pub created: i64,
    pub scanned: i64,
    /// Counts up with every change.
    pub changed: i64,
}

impl Section {
    /// "Other Videos": no agent, nothing but what is in the files.
    pub fn is_videos(&self) -> bool {
        self.agent == "com.plexapp.agents.none"
    }
}

/// A film, show, season, episode or video.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub key: u64,
    pub section: String,
    pub kind: Kind,
    pub title: String,
    pub sort_title: String,
    pub summary: String,
    pub tagline: &'static str,
    pub guid: String,
    /// `tmdb://900101` and so on.
    pub guids: Vec<String>,
    pub year: Option<i64>,
    pub released: String,
    /// Milliseconds.
    pub duration: i64,
    pub rating: Option<f64>,
    pub certificate: &'static str,
    pub studio: &'static str,
    pub genres: &'static [Genre],
    pub cast: Vec<Role>,
    pub director: Option<(i64, &'static str)>,
    pub added: i64,
    pub updated: i64,
    /// The show of a season, the season of an episode.
    pub parent: Option<u64>,
    /// The number of a season or episode.
    pub index: i64,
    pub thumb: Picture,
    pub art: Picture,
    pub file: Option<File>,
    /// Fields that a person has edited.
    pub locked: Vec<String>,
}

/// The file of an item.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// As the media server sees it.
    pub shown: String,
    /// Where it really is; invented films have no real file.
    pub real: Option<PathBuf>,
    pub size: u64,
    pub uhd: bool,
}

/// A collection, in the order of its items.
#[derive(Debug, Clone)]
pub(super) struct Collection {
    pub key: u64,
    pub section: String,
    pub title: String,
    pub summary: String,
    pub items: Vec<u64>,
    pub added: i64,
    pub updated: i64,
}

pub(super) struct Library {
    pub sections: Vec<Section>,
    pub items: BTreeMap<u64, Item>,
    pub collections: BTreeMap<u64, Collection>,
    /// By account and item.
    pub views: BTreeMap<(i64, u64), View>,
    /// Who plays what just now.
    pub playing: Vec<(&'static str, u64)>,
    next_key: u64,
}

/// Film keys are their TMDB id less this.
const FILMS: i64 = 900_000;
/// Invented keys are all below.
const FIRST_FREE_KEY: u64 = 2_000_001;

impl Library {
    pub fn new(world: &World, options: &Options) -> Self {
        let mut library = Self {
            sections: fill::sections(world, options),
            items: BTreeMap::new(),
            collections: BTreeMap::new(),
            views: BTreeMap::new(),
            playing: Vec::new(),
            next_key: FIRST_FREE_KEY,
        };
        for movie in world.movies.iter().filter(|movie| movie.library.is_here()) {
            library.put(fill::movie(world, movie, None));
        }
        for show in &world.shows {
            for season in &show.seasons {
                fill::season(&mut library, world, show, season, season.here, None);
            }
        }
        fill::collections(&mut library, world);
        watched::invent(&mut library, world);
        library
    }

    pub fn put(&mut self, item: Item) {
        self.items.insert(item.key, item);
    }

    pub fn new_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key - 1
    }

    pub fn section(&self, key: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.key == key)
    }

    /// The library changed.
    pub fn touch(&mut self, key: &str, now: i64) {
        if let Some(section) = self.sections.iter_mut().find(|section| section.key == key) {
            section.changed += 1;
            section.scanned = now;
        }
    }

    /// What `member` may see of it.
    pub fn item_for(&self, member: &Member, key: u64) -> Option<&Item> {
        self.items.get(&key).filter(|item| member.may_see(&item.section))
    }

    pub fn collection_for(&self, member: &Member, key: u64) -> Option<&Collection> {
        self.collections.get(&key).filter(|collection| member.may_see(&collection.section))
    }

    /// Seasons of a show, episodes of a season; by number.
    pub fn children(&self, key: u64) -> Vec<&Item> {
        let mut children: Vec<&Item> = self.items.values().filter(|item| item.parent == Some(key)).collect();
        children.sort_by_key(|item| item.index);
        children
    }

    /// The episodes of a show or season.
    pub fn leaves(&self, key: u64) -> Vec<&Item> {
        let below = self.children(key).into_iter();
        below
            .flat_map(|child| if child.kind == Kind::Episode { vec![child] } else { self.leaves(child.key) })
            .collect()
    }

    /// The collections that hold this item.
    pub fn collections_of(&self, key: u64) -> impl Iterator<Item = &Collection> {
        self.collections.values().filter(move |collection| collection.items.contains(&key))
    }

    /// Removes an item wherever it is named.
    pub fn forget(&mut self, key: u64) -> Option<Item> {
        for collection in self.collections.values_mut() {
            collection.items.retain(|item| *item != key);
        }
        self.collections.retain(|_, collection| !collection.items.is_empty());
        self.items.remove(&key)
    }

    /// A film of the world comes to the library; its key, unless the world has none such.
    pub fn add_movie(&mut self, world: &World, tmdb: i64, now: i64) -> Option<u64> {
        let item = fill::movie(world, world.movie(tmdb)?, Some(now));
        let key = item.key;
        self.put(item);
        self.touch("1", now);
        Some(key)
    }

    /// All episodes of a season come to the library; the keys of the season and its episodes.
    pub fn add_season(&mut self, world: &World, tmdb: i64, number: i64, now: i64) -> Option<Vec<u64>> {
        let show = world.show(tmdb)?;
        let season = show.season(number)?;
        let keys = fill::season(self, world, show, season, season.episodes.len(), Some(now));
        self.touch("2", now);
        Some(keys)
    }
}

/// The rating key of a film of the world.
pub(super) fn movie_key(tmdb: i64) -> u64 {
    (tmdb - FILMS).unsigned_abs()
}

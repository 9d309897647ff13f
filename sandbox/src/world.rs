//! The invented household and its films: one world that every stand-in tells the same story about.
//!
//! Titles, people, ids and texts are made up and never change; only dates are counted back from the
//! day the world is made, so that "added yesterday" stays true. What is in the Plex library and what
//! only TMDB knows is part of the world: a request makes sense when a title is missing.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

mod genres;
mod members;
mod movies;
mod people;
mod shows;
mod words;

pub use genres::Genre;
pub use members::{Member, Relation};
pub use movies::Movie;
pub use people::{Person, Role};
pub use shows::{Episode, Season, Show};

use crate::art::{Kind, Picture};

/// Where a title stands in the Plex library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// TMDB knows it, Plex does not have it.
    Missing,
    /// In Plex, added so many days ago.
    Here { days: i64, uhd: bool },
}

impl Library {
    pub fn is_here(self) -> bool {
        self != Self::Missing
    }
}

/// Everything there is. Cheap to clone.
#[derive(Debug, Clone)]
pub struct World(Arc<Inside>);

#[derive(Debug)]
pub struct Inside {
    /// Seconds since 1970 at which this world was made; the ages in it count from here.
    pub now: i64,
    pub movies: Vec<Movie>,
    pub shows: Vec<Show>,
    pub people: Vec<Person>,
    pub members: Vec<Member>,
    /// The Plex Media Server's machine identifier: 40 hex digits.
    pub machine_id: &'static str,
    /// What the owner calls the server.
    pub server_name: &'static str,
}

impl std::ops::Deref for World {
    type Target = Inside;
    fn deref(&self) -> &Inside {
        &self.0
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// The world as of this hour.
    pub fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(since.as_secs()).unwrap_or_default();
        Self::at(now - now % 3600)
    }

    /// The world as of `now`, in seconds since 1970.
    pub fn at(now: i64) -> Self {
        let people = people::all();
        Self(Arc::new(Inside {
            now,
            movies: movies::all(&people),
            shows: shows::all(&people),
            people,
            members: members::all(),
            machine_id: "5f3c9a1e7b20d84c6a9e1f0b37d2c58e4a6b1d90",
            server_name: "Attic",
        }))
    }

    pub fn movie(&self, tmdb: i64) -> Option<&Movie> {
        self.movies.iter().find(|movie| movie.tmdb == tmdb)
    }

    pub fn show(&self, tmdb: i64) -> Option<&Show> {
        self.shows.iter().find(|show| show.tmdb == tmdb)
    }

    pub fn person(&self, tmdb: i64) -> Option<&Person> {
        self.people.iter().find(|person| person.tmdb == tmdb)
    }

    /// By the name that tests and the approval page use: `owner friend friend2 stranger child`.
    pub fn member(&self, slug: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.slug == slug)
    }

    /// The owner of the server.
    ///
    /// # Panics
    /// Never: every world has one.
    pub fn owner(&self) -> &Member {
        self.member("owner").expect("the world has an owner")
    }

    /// What an image path such as `/900101-poster.jpg` shows. `None`: no such image.
    pub fn picture(&self, path: &str) -> Option<Picture> {
        let name = path.trim_start_matches('/');
        let name = name.strip_suffix(".jpg").or_else(|| name.strip_suffix(".png")).unwrap_or(name);
        let (id, kind) = name.split_once('-')?;
        let id: i64 = id.parse().ok()?;
        let seed = id.unsigned_abs();
        let title = || {
            let movie = self.movie(id).map(|movie| movie.title.to_owned());
            movie.or_else(|| self.show(id).map(|show| show.title.to_owned()))
        };
        match kind {
            "poster" => Some(Picture { kind: Kind::Poster, seed, title: Some(title()?) }),
            "backdrop" => Some(Picture { kind: Kind::Backdrop, seed, title: None }),
            "still" => Some(Picture { kind: Kind::Still, seed, title: None }),
            "profile" => Some(Picture { kind: Kind::Portrait, seed, title: None }),
            season => {
                let number: u64 = season.strip_prefix("season")?.parse().ok()?;
                let line = format!("{} {number}", self.show(id)?.title);
                Some(Picture { kind: Kind::Poster, seed: seed + number * 7919, title: Some(line) })
            }
        }
    }
}

/// The path of an image of `id`, as TMDB writes it; [`World::picture`] paints it.
pub(crate) fn image_path(id: i64, kind: &str) -> String {
    format!("/{id}-{kind}.jpg")
}

/// "The Long Ferry" is filed under "Long Ferry".
pub fn sort_title(title: &str) -> &str {
    ["The ", "A ", "An "].iter().find_map(|article| title.strip_prefix(article)).unwrap_or(title)
}

/// A number that looks arbitrary and is always the same for the same `seed`.
pub(crate) fn scramble(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_every_image_can_be_painted() {
        let world = World::new();

        let mut ids = BTreeSet::new();
        for movie in &world.movies {
            assert!(ids.insert(movie.tmdb), "{} has the id of another", movie.title);
            assert!(world.picture(&movie.poster_path()).is_some());
        }
        for show in &world.shows {
            assert!(ids.insert(show.tmdb), "{} has the id of another", show.title);
            for season in &show.seasons {
                assert!(world.picture(&season.poster_path()).is_some());
                assert!(season.episodes.iter().all(|episode| ids.insert(episode.tmdb)));
            }
        }
        assert!(world.people.iter().all(|person| ids.insert(person.tmdb)));
        assert!(world.picture("/1-poster.jpg").is_none());
    }

    #[test]
    fn some_titles_are_in_the_library_and_some_are_not() {
        let world = World::new();

        let here = world.movies.iter().filter(|movie| movie.library.is_here()).count();
        assert!(here >= 20 && world.movies.len() - here >= 12, "{here} of {}", world.movies.len());
        let partly =
            world.shows.iter().find(|show| show.title == "Eleven Tides").expect("the show of the mocks");
        assert_eq!(partly.seasons.iter().map(|season| season.here).collect::<Vec<_>>(), [10, 10, 6, 0]);
    }
}

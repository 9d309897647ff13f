//! Genres: the numbers and names are TMDB's.

/// One genre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Genre {
    pub id: i64,
    pub name: &'static str,
}

const fn genre(id: i64, name: &'static str) -> Genre {
    Genre { id, name }
}

pub(crate) const ADVENTURE: Genre = genre(12, "Adventure");
pub(crate) const FANTASY: Genre = genre(14, "Fantasy");
pub(crate) const ANIMATION: Genre = genre(16, "Animation");
pub(crate) const DRAMA: Genre = genre(18, "Drama");
pub(crate) const HORROR: Genre = genre(27, "Horror");
pub(crate) const COMEDY: Genre = genre(35, "Comedy");
pub(crate) const HISTORY: Genre = genre(36, "History");
pub(crate) const THRILLER: Genre = genre(53, "Thriller");
pub(crate) const CRIME: Genre = genre(80, "Crime");
pub(crate) const DOCUMENTARY: Genre = genre(99, "Documentary");
pub(crate) const SCIENCE_FICTION: Genre = genre(878, "Science Fiction");
pub(crate) const MYSTERY: Genre = genre(9648, "Mystery");
pub(crate) const MUSIC: Genre = genre(10402, "Music");
pub(crate) const ROMANCE: Genre = genre(10749, "Romance");
pub(crate) const FAMILY: Genre = genre(10751, "Family");

impl Genre {
    /// Every genre a film can have, in the order of their ids.
    pub const ALL: [Self; 15] = [
        ADVENTURE,
        FANTASY,
        ANIMATION,
        DRAMA,
        HORROR,
        COMEDY,
        HISTORY,
        THRILLER,
        CRIME,
        DOCUMENTARY,
        SCIENCE_FICTION,
        MYSTERY,
        MUSIC,
        ROMANCE,
        FAMILY,
    ];
}

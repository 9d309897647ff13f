//! The shows, with their seasons and episodes.

use super::genres::{
    ANIMATION, COMEDY, CRIME, DOCUMENTARY, DRAMA, FAMILY, FANTASY, MYSTERY, SCIENCE_FICTION, THRILLER,
};
use super::people::{cast, maker};
use super::words::{episode_story, episode_title};
use super::{Genre, Library, Person, Role, image_path, scramble};

/// A show.
#[derive(Debug, Clone)]
pub struct Show {
    pub tmdb: i64,
    pub title: &'static str,
    /// The year of the first episode.
    pub year: i64,
    pub minutes: i64,
    pub genres: &'static [Genre],
    /// Of ten.
    pub rating: f64,
    pub votes: i64,
    pub popularity: f64,
    pub certificate: &'static str,
    pub tagline: &'static str,
    pub overview: &'static str,
    pub network: &'static str,
    /// Whether there will be no more episodes.
    pub has_ended: bool,
    /// When the newest of its episodes came to the library.
    pub library: Library,
    pub seasons: Vec<Season>,
    pub cast: Vec<Role>,
    pub creator: Person,
}

/// A season.
#[derive(Debug, Clone)]
pub struct Season {
    pub tmdb: i64,
    /// Of which show.
    pub show: i64,
    pub number: i64,
    pub year: i64,
    pub episodes: Vec<Episode>,
    /// How many of the episodes, from the first on, are in the Plex library.
    pub here: usize,
}

/// An episode.
#[derive(Debug, Clone)]
pub struct Episode {
    pub tmdb: i64,
    pub number: i64,
    pub title: String,
    pub overview: &'static str,
    /// `2022-03-04`.
    pub aired: String,
    pub minutes: i64,
}

impl Show {
    /// TheTVDB's number, which Sonarr and Plex use.
    pub fn tvdb(&self) -> i64 {
        self.tmdb + 50_000
    }

    pub fn imdb(&self) -> String {
        format!("tt{:09}", 990_000_000 + self.tmdb)
    }

    pub fn poster_path(&self) -> String {
        image_path(self.tmdb, "poster")
    }

    pub fn backdrop_path(&self) -> String {
        image_path(self.tmdb, "backdrop")
    }

    /// The day of the first episode.
    pub fn first_aired(&self) -> &str {
        self.seasons.first().and_then(|season| season.episodes.first()).map_or("", |episode| &episode.aired)
    }

    /// The day of the last episode that is known of.
    pub fn last_aired(&self) -> &str {
        self.seasons.last().and_then(|season| season.episodes.last()).map_or("", |episode| &episode.aired)
    }

    pub fn season(&self, number: i64) -> Option<&Season> {
        self.seasons.iter().find(|season| season.number == number)
    }
}

impl Season {
    pub fn poster_path(&self) -> String {
        image_path(self.show, &format!("season{}", self.number))
    }

    /// The day of its first episode.
    pub fn aired(&self) -> &str {
        self.episodes.first().map_or("", |episode| &episode.aired)
    }
}

impl Episode {
    pub fn still_path(&self) -> String {
        image_path(self.tmdb, "still")
    }
}

/// Title, minutes, genres, rating, certificate, ended, tagline, overview, days since the last
/// addition, and the seasons: (year, month, episodes, of them in the library). The id of a show is
/// its place in the table.
struct Line(
    &'static str,
    i64,
    &'static [Genre],
    f64,
    &'static str,
    bool,
    &'static str,
    &'static str,
    i64,
    &'static [(i64, u8, u8, usize)],
);

const NETWORKS: [&str; 4] = ["Channel Nine Oaks", "Fjord TV", "Lantern+", "Second Reel"];

const TABLE: &[Line] = &[
    Line(
        "Eleven Tides",
        52,
        &[MYSTERY, DRAMA],
        8.4,
        "TV-14",
        false,
        "Mind the causeway.",
        "Eleven times a year the causeway floods, and the island keeps one secret more than it has doors.",
        0,
        &[(2022, 3, 10, 10), (2023, 4, 10, 10), (2025, 9, 8, 6), (2026, 11, 6, 0)],
    ),
    Line(
        "The Switchboard",
        44,
        &[DRAMA, CRIME],
        8.0,
        "TV-14",
        true,
        "Please hold.",
        "Five operators of a 1950s telephone exchange hear everything and may repeat nothing.",
        30,
        &[(2019, 1, 8, 8), (2020, 2, 8, 8), (2021, 2, 8, 8)],
    ),
    Line(
        "Slow Planet",
        58,
        &[DOCUMENTARY],
        8.7,
        "TV-G",
        false,
        "It moves when you wait.",
        "Glaciers, roots, tides and continents, filmed at their own speed.",
        2,
        &[(2023, 10, 6, 6), (2025, 10, 6, 6)],
    ),
    Line(
        "Third Shift",
        28,
        &[COMEDY],
        7.9,
        "TV-14",
        false,
        "Open all night. Reluctantly.",
        "A bakery, a police desk and a bus depot share one coffee machine between midnight and six.",
        4,
        &[(2021, 9, 12, 12), (2022, 9, 12, 12), (2023, 9, 12, 12), (2024, 9, 12, 4)],
    ),
    Line(
        "Copperline",
        49,
        &[CRIME, THRILLER],
        7.6,
        "TV-MA",
        false,
        "Follow the wire.",
        "An insurance investigator and a thief disagree about which of them is the criminal.",
        16,
        &[(2024, 1, 8, 8), (2025, 1, 8, 0)],
    ),
    Line(
        "Moss & Pebble",
        11,
        &[ANIMATION, FAMILY],
        8.1,
        "TV-Y",
        false,
        "Small things, slowly.",
        "A snail and a stone go on very short journeys.",
        7,
        &[(2022, 5, 20, 20), (2024, 5, 20, 20)],
    ),
    Line(
        "Outpost Thirteen",
        54,
        &[SCIENCE_FICTION, DRAMA],
        8.2,
        "TV-14",
        false,
        "Twelve did not answer.",
        "The crew of a relay station learns that theirs is the only one left that has not moved.",
        1,
        &[(2024, 4, 8, 8), (2026, 4, 8, 8)],
    ),
    Line(
        "The Paper Kingdom",
        47,
        &[FANTASY, FAMILY],
        7.8,
        "TV-PG",
        true,
        "Rule 1: keep it dry.",
        "Heirs to a country that exists only on paper, four cousins try to govern it.",
        90,
        &[(2020, 11, 10, 10), (2021, 11, 10, 10)],
    ),
    Line(
        "Night Ward",
        43,
        &[DRAMA],
        7.7,
        "TV-14",
        false,
        "Visiting hours are over.",
        "The quietest hours of a city hospital and the people who choose them.",
        0,
        &[(2022, 1, 10, 0), (2023, 1, 10, 0)],
    ),
    Line(
        "Harbour Police",
        45,
        &[CRIME],
        7.2,
        "TV-14",
        false,
        "The tide brings it in.",
        "Two boats, five officers, and four hundred miles of coast.",
        0,
        &[(2018, 3, 8, 0), (2019, 3, 8, 0), (2020, 3, 8, 0)],
    ),
    Line(
        "The Weather Room",
        31,
        &[COMEDY, DRAMA],
        8.3,
        "TV-PG",
        false,
        "Chance of everything.",
        "The forecasters of a very small country with very large weather.",
        0,
        &[(2026, 9, 8, 0)],
    ),
    Line(
        "Ghost Platform",
        50,
        &[MYSTERY, SCIENCE_FICTION],
        7.9,
        "TV-14",
        false,
        "Mind the gap.",
        "A metro line runs one station longer every night.",
        0,
        &[(2025, 3, 8, 0), (2026, 3, 8, 0)],
    ),
    Line(
        "Kitchen Table Physics",
        24,
        &[DOCUMENTARY, FAMILY],
        8.0,
        "TV-G",
        false,
        "Bring a spoon.",
        "Everything that can be proved with what is in the drawer.",
        22,
        &[(2023, 2, 10, 10)],
    ),
];

pub(crate) fn all(people: &[Person]) -> Vec<Show> {
    (910_101..).zip(TABLE).map(|(tmdb, line)| show(people, tmdb, line)).collect()
}

fn show(people: &[Person], tmdb: i64, line: &'static Line) -> Show {
    let &Line(title, minutes, genres, rating, certificate, has_ended, tagline, overview, days, seasons) =
        line;
    let chance = scramble(tmdb.unsigned_abs());
    let spread = i64::try_from(chance % 1000).unwrap_or_default();
    let is_here = seasons.iter().any(|season| season.3 > 0);
    Show {
        tmdb,
        title,
        year: seasons[0].0,
        minutes,
        genres,
        rating,
        votes: 240 + spread * 5,
        popularity: f64::from(i32::try_from(spread).unwrap_or_default()) / 15.0 + 20.0,
        certificate,
        tagline,
        overview,
        network: NETWORKS[usize::try_from(chance % 4).unwrap_or_default()],
        has_ended,
        library: if is_here { Library::Here { days, uhd: false } } else { Library::Missing },
        seasons: (1..).zip(seasons).map(|(number, line)| season(tmdb, number, minutes, *line)).collect(),
        cast: cast(people, tmdb),
        creator: maker(people, tmdb),
    }
}

fn season(show: i64, number: i64, minutes: i64, line: (i64, u8, u8, usize)) -> Season {
    let (year, month, episodes, here) = line;
    let nth_show = show - 910_100;
    let tmdb = 20_000_000 + nth_show * 100 + number;
    let episodes = (1..=i64::from(episodes))
        .map(|nth| {
            let tmdb = 30_000_000 + nth_show * 10_000 + number * 100 + nth;
            let seed = tmdb.unsigned_abs();
            let (month, day) = week(month, nth);
            Episode {
                tmdb,
                number: nth,
                title: episode_title(seed),
                overview: episode_story(seed),
                aired: format!("{year}-{month:02}-{day:02}"),
                minutes,
            }
        })
        .collect();
    Season { tmdb, show, number, year, episodes, here }
}

/// One episode a week, four a month, and nothing after Christmas.
fn week(month: u8, nth: i64) -> (i64, i64) {
    let month = i64::from(month) + (nth - 1) / 4;
    if month > 12 { (12, 28) } else { (month, 1 + (nth - 1) % 4 * 7) }
}

//! From the world to the library.

use super::super::Options;
use super::{Collection, File, Item, Kind, Library, Section, movie_key};
use crate::art::{Kind as Art, Picture};
use crate::world::{Library as Place, Movie, Season, Show, World, scramble, sort_title};

const DAY: i64 = 86_400;
/// Keys of shows are 10,000 apart: room for 99 seasons of 99 episodes.
const PER_SHOW: i64 = 10_000;

pub(super) fn sections(world: &World, options: &Options) -> Vec<Section> {
    let section = |key: &str, kind, title, agent, scanner, uuid, location: String| Section {
        key: key.to_owned(),
        kind,
        title,
        agent,
        scanner,
        language: "en-US",
        uuid,
        location,
        folder: None,
        refreshing: false,
        created: world.now - 500 * DAY,
        scanned: world.now,
        changed: 1000,
    };
    let real = options.videos.as_ref().map(|folder| folder.display().to_string());
    let shown = options.videos_as.clone().or(real).unwrap_or_else(|| "/media/videos".to_owned());
    vec![
        section(
            "1",
            Kind::Movie,
            "Movies",
            "tv.plex.agents.movie",
            "Plex Movie",
            "1f0c2ad4-6a55-4c7e-9d38-0b5f1c7e2a01",
            "/media/movies".to_owned(),
        ),
        section(
            "2",
            Kind::Show,
            "TV Shows",
            "tv.plex.agents.series",
            "Plex TV Series",
            "2e1d3be5-7b66-4d8f-8e49-1c602d8f3b02",
            "/media/tv".to_owned(),
        ),
        Section {
            language: "xn",
            folder: options.videos.clone(),
            ..section(
                "3",
                Kind::Movie,
                "Videos",
                "com.plexapp.agents.none",
                "Plex Video Files Scanner",
                "3d2e4cf6-8c77-4e90-9f5a-2d713e904c03",
                shown,
            )
        },
    ]
}

fn added(world: &World, place: Place, seed: u64) -> i64 {
    let days = match place {
        Place::Missing => 0,
        Place::Here { days, .. } => days,
    };
    // Not everything arrives on the hour.
    let minutes = i64::try_from(scramble(seed) % 700).unwrap_or_default();
    world.now - days * DAY - minutes * 60
}

/// A Plex guid ends in 24 hex digits.
fn guid(kind: &str, id: i64) -> String {
    let seed = id.unsigned_abs();
    format!("plex://{kind}/{:016x}{:08x}", scramble(seed), scramble(seed ^ 1) >> 32)
}

pub(super) fn movie(world: &World, movie: &Movie, added_at: Option<i64>) -> Item {
    let key = movie_key(movie.tmdb);
    let uhd = matches!(movie.library, Place::Here { uhd: true, .. });
    let name = format!("{} ({})", file_name(movie.title), movie.year);
    let added = added_at.unwrap_or_else(|| added(world, movie.library, key));
    Item {
        key,
        section: "1".to_owned(),
        kind: Kind::Movie,
        title: movie.title.to_owned(),
        sort_title: sort_title(movie.title).to_owned(),
        summary: movie.overview.to_owned(),
        tagline: movie.tagline,
        guid: guid("movie", movie.tmdb),
        guids: vec![format!("imdb://{}", movie.imdb()), format!("tmdb://{}", movie.tmdb)],
        year: Some(movie.year),
        released: movie.released.clone(),
        duration: movie.minutes * 60_000,
        rating: Some(movie.rating),
        certificate: movie.certificate,
        studio: movie.studio,
        genres: movie.genres,
        cast: movie.cast.clone(),
        director: Some((movie.director.tmdb, movie.director.name)),
        added,
        updated: added,
        parent: None,
        index: 0,
        thumb: picture(world, &movie.poster_path()),
        art: picture(world, &movie.backdrop_path()),
        file: Some(File {
            shown: format!("/media/movies/{name}/{name}.mkv"),
            real: None,
            size: 1 << 20,
            uhd,
        }),
        locked: Vec::new(),
    }
}

/// What may stand in a file name everywhere.
fn file_name(title: &str) -> String {
    title.chars().filter(|c| !r#"<>:"/\|?*"#.contains(*c)).collect()
}

fn picture(world: &World, path: &str) -> Picture {
    world.picture(path).unwrap_or(Picture { kind: Art::Still, seed: 1, title: None })
}

/// Puts the first `count` episodes of a season into the library, with the season and the show around
/// them; the keys of the season and of what is new in it.
pub(super) fn season(
    library: &mut Library,
    world: &World,
    show: &Show,
    season: &Season,
    count: usize,
    now: Option<i64>,
) -> Vec<u64> {
    if count == 0 {
        return Vec::new();
    }
    let show_key = (show.tmdb - 910_100) * PER_SHOW;
    let season_key = show_key + season.number * 100;
    let (show_key, season_key) = (show_key.unsigned_abs(), season_key.unsigned_abs());
    // The newest season came when the show was last added to; the others half a year before each.
    let last = show.seasons.iter().rev().find(|season| season.here > 0).map_or(1, |season| season.number);
    let added = now.unwrap_or_else(|| {
        let earlier = (last - season.number).max(0) * 180 * DAY;
        added(world, show.library, season_key) - earlier
    });
    let of_show = Item {
        key: show_key,
        section: "2".to_owned(),
        kind: Kind::Show,
        title: show.title.to_owned(),
        sort_title: sort_title(show.title).to_owned(),
        summary: show.overview.to_owned(),
        tagline: show.tagline,
        guid: guid("show", show.tmdb),
        guids: vec![
            format!("imdb://{}", show.imdb()),
            format!("tmdb://{}", show.tmdb),
            format!("tvdb://{}", show.tvdb()),
        ],
        year: Some(show.year),
        released: show.first_aired().to_owned(),
        duration: show.minutes * 60_000,
        rating: Some(show.rating),
        certificate: show.certificate,
        studio: show.network,
        genres: show.genres,
        cast: show.cast.clone(),
        director: None,
        added,
        updated: added,
        parent: None,
        index: 1,
        thumb: picture(world, &show.poster_path()),
        art: picture(world, &show.backdrop_path()),
        file: None,
        locked: Vec::new(),
    };
    let of_season = Item {
        key: season_key,
        kind: Kind::Season,
        title: format!("Season {}", season.number),
        sort_title: format!("Season {}", season.number),
        summary: String::new(),
        tagline: "",
        guid: guid("season", season.tmdb),
        guids: vec![format!("tmdb://{}", season.tmdb)],
        year: Some(season.year),
        rating: None,
        genres: &[],
        cast: Vec::new(),
        parent: Some(show_key),
        index: season.number,
        thumb: picture(world, &season.poster_path()),
        ..of_show.clone()
    };
    let mut keys = vec![season_key];
    for episode in season.episodes.iter().take(count) {
        let key = season_key + episode.number.unsigned_abs();
        let name = format!("{} - S{:02}E{:02}", file_name(show.title), season.number, episode.number);
        if library.items.contains_key(&key) {
            continue;
        }
        keys.push(key);
        library.put(Item {
            key,
            kind: Kind::Episode,
            title: episode.title.clone(),
            sort_title: sort_title(&episode.title).to_owned(),
            summary: episode.overview.to_owned(),
            guid: guid("episode", episode.tmdb),
            guids: vec![format!("tmdb://{}", episode.tmdb)],
            released: episode.aired.clone(),
            duration: episode.minutes * 60_000,
            director: Some((show.creator.tmdb, show.creator.name)),
            added: added + episode.number,
            parent: Some(season_key),
            index: episode.number,
            thumb: picture(world, &episode.still_path()),
            file: Some(File {
                shown: format!("/media/tv/{}/Season {:02}/{name}.mkv", file_name(show.title), season.number),
                real: None,
                size: 1 << 20,
                uhd: false,
            }),
            ..of_season.clone()
        });
    }
    library.items.entry(season_key).or_insert(of_season);
    let entry = library.items.entry(show_key).or_insert(of_show);
    entry.updated = entry.updated.max(added);
    keys
}

pub(super) fn collections(library: &mut Library, world: &World) {
    let by_genre = |library: &Library, section: &str, genre: &str| -> Vec<u64> {
        let has = |item: &&Item| {
            item.section == section
                && item.genres.iter().any(|tag| tag.name == genre)
                && item.parent.is_none()
        };
        library.items.values().filter(has).map(|item| item.key).collect()
    };
    let wanted = [
        ("1", "Evenings for Everybody", "Nobody has to leave the room.", "Family"),
        ("1", "Not of This Earth", "Signals, orbits, second suns.", "Science Fiction"),
        ("1", "Who Was It?", "Films to guess along with.", "Mystery"),
        ("2", "Learned Something", "Shows that were not a waste of time.", "Documentary"),
    ];
    for (section, title, summary, genre) in wanted {
        let items = by_genre(library, section, genre);
        let key = library.new_key();
        let added = world.now - 30 * DAY;
        let collection = Collection {
            key,
            section: section.to_owned(),
            title: title.to_owned(),
            summary: summary.to_owned(),
            items,
            added,
            updated: added,
        };
        library.collections.insert(key, collection);
    }
}

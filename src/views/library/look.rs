//! How an item of the library looks on a page: its poster, its picture, its words.

use std::fmt::Write;
use std::time::Duration;

use domain::picture::{Picture, PlexSize};
use integrations::plex::{Collection, Item, Kind};

use crate::pictures::Pictures;
use crate::views::Around;
use crate::views::poster::Poster;

/// For how long a title is new.
const NEW_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// Makes addresses for one page.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub around: &'a Around,
    pub pictures: &'a Pictures,
}

impl Look<'_> {
    /// The address of a picture of Plex, in a size; nothing for what is none.
    pub fn picture(&self, size: PlexSize, path: Option<&str>) -> Option<String> {
        let picture = Picture::plex(size, path?)?;
        Some(self.pictures.link(&self.around.base, &picture))
    }

    /// The page of a title.
    pub fn title(&self, key: &integrations::plex::RatingKey) -> String {
        self.around.link(&format!("/library/title/{key}"))
    }

    pub fn section(&self, id: &integrations::plex::SectionId) -> String {
        self.around.link(&format!("/library/{id}"))
    }

    pub fn collection(&self, key: &integrations::plex::RatingKey) -> String {
        self.around.link(&format!("/library/collection/{key}"))
    }

    /// On a shelf: an episode stands there as its show.
    pub fn poster(&self, item: &Item) -> Poster {
        let thumb = match item.kind {
            Kind::Episode => {
                let show = item.grandparent.as_ref().and_then(|show| show.thumb.as_deref());
                show.or(item.thumb.as_deref())
            }
            _ => item.thumb.as_deref(),
        };
        let tag = match item.resolution.as_deref() {
            Some("4k") => Some("4K".to_owned()),
            _ if item.added_at.is_some_and(|at| at.age() < NEW_FOR) => Some("New".to_owned()),
            _ => None,
        };
        Poster {
            image: self.picture(PlexSize::Poster, thumb),
            tag,
            watched: percent(item),
            ..Poster::new(self.title(&item.rating_key), name(item), note(item))
        }
    }

    pub fn collection_poster(&self, collection: &Collection) -> Poster {
        let count = super::titles(collection.child_count);
        let note = match (&collection.section_title, collection.smart) {
            (_, true) => format!("{count} · fills itself"),
            (Some(section), false) => format!("{count} · {section}"),
            (None, false) => count,
        };
        Poster {
            image: self.picture(PlexSize::Poster, collection.thumb.as_deref()),
            ..Poster::new(self.collection(&collection.rating_key), collection.title.clone(), note)
        }
    }
}

/// What it is called on a shelf.
pub fn name(item: &Item) -> String {
    match (&item.kind, &item.grandparent, &item.parent) {
        (Kind::Episode, Some(show), _) => show.title.clone(),
        (Kind::Season, _, Some(show)) => show.title.clone(),
        _ => item.title.clone(),
    }
}

/// The line below its name on a shelf.
pub fn note(item: &Item) -> String {
    match item.kind {
        Kind::Episode => format!("{} {}", number(item), item.title).trim().to_owned(),
        Kind::Season => item.title.clone(),
        Kind::Show => {
            let seasons = item.children.filter(|count| *count > 0).map(seasons);
            let year = item.year.map(|year| year.to_string());
            year.into_iter().chain(seasons).collect::<Vec<_>>().join(" · ")
        }
        _ => item.year.map(|year| year.to_string()).unwrap_or_default(),
    }
}

/// `S2 E5` of an episode.
pub fn number(item: &Item) -> String {
    let mut number = String::new();
    if let Some(season) = item.parent.as_ref().and_then(|parent| parent.index) {
        _ = write!(number, "S{season} ");
    }
    if let Some(index) = item.index {
        _ = write!(number, "E{index}");
    }
    number.trim_end().to_owned()
}

/// `3 seasons`.
pub fn seasons(count: usize) -> String {
    if count == 1 { "1 season".to_owned() } else { format!("{count} seasons") }
}

/// How far somebody is in it; nothing before it was begun and after it was seen.
pub fn percent(item: &Item) -> Option<u8> {
    let part = match (item.leaves, item.viewed_leaves) {
        (Some(leaves), Some(viewed)) if leaves > 0 => viewed as f64 / leaves as f64,
        _ => item.progress()?,
    };
    let percent = (part * 100.0) as u8;
    (1..=98).contains(&percent).then_some(percent)
}

/// `2026 · 2 h 4 min · Drama · 8.1 · PG-13`.
pub fn facts(item: &Item) -> String {
    let mut facts: Vec<String> = Vec::new();
    match item.kind {
        Kind::Episode => {
            facts.push(number(item));
            facts.extend(item.released.clone());
        }
        _ => facts.extend(item.year.map(|year| year.to_string())),
    }
    if item.kind == Kind::Show {
        facts.extend(item.children.filter(|count| *count > 0).map(seasons));
    }
    facts.extend(item.duration.filter(|_| item.kind != Kind::Show).map(length));
    let genres: Vec<&str> = item.genres.iter().take(2).map(|genre| genre.name.as_str()).collect();
    if !genres.is_empty() {
        facts.push(genres.join(", "));
    }
    facts.extend(item.audience_rating.or(item.rating).map(|rating| format!("{rating:.1}")));
    facts.extend(item.content_rating.clone());
    facts.retain(|fact| !fact.is_empty());
    facts.join(" · ")
}

/// `2 h 4 min`.
pub fn length(duration: Duration) -> String {
    let minutes = duration.as_secs().div_ceil(60);
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes:02} min"),
    }
}

/// `4K`, `1080p`.
pub fn resolution(text: &str) -> String {
    match text {
        "4k" => "4K".to_owned(),
        "sd" => "SD".to_owned(),
        lines if lines.bytes().all(|byte| byte.is_ascii_digit()) => format!("{lines}p"),
        other => other.to_owned(),
    }
}

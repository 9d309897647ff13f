//! The page of a film, a show, a season or an episode.

use askama::Template;
use domain::picture::PlexSize;
use integrations::plex::{Collection, Item, Kind, Role};

use super::look::{self, Look};
use super::{Hero, Nothing, Upset};
use crate::views::human::Bytes;
use crate::views::poster::Poster;
use crate::views::shell::{Person, Shell};

/// How many people of the cast are shown.
const CAST: usize = 24;

/// The page at `/library/title/:key`.
#[derive(Debug, Template)]
#[template(path = "library/title.html")]
pub struct TitlePage {
    pub shell: Shell,
    /// What it is called in the browser's title.
    pub name: String,
    pub upset: Option<Upset>,
    pub nothing: Option<Nothing>,
    /// From the library down to what it belongs to: words and addresses.
    pub trail: Vec<(String, String)>,
    pub hero: Option<Hero>,
    pub summary: String,
    pub tagline: Option<String>,
    /// Seasons of a show or episodes of a season.
    pub parts: Parts,
    pub cast: Vec<Face>,
    pub related: Vec<Poster>,
    pub facts: Vec<(&'static str, String)>,
    /// The collections that it is in.
    pub collections: Vec<(String, Option<String>)>,
    /// For admins: put it into a collection.
    pub adding: Option<Adding>,
}

/// What a show or a season is made of.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    pub heading: &'static str,
    pub note: String,
    pub lines: Vec<Part>,
    /// Why they are not shown.
    pub failed: Option<String>,
    pub next: Option<String>,
    /// Episodes have stills, seasons do not.
    pub stills: bool,
}

/// A season or an episode.
#[derive(Debug, Clone)]
pub struct Part {
    pub href: String,
    pub title: String,
    pub note: String,
    pub summary: String,
    pub image: Option<String>,
    pub plex: Option<String>,
    /// Of how many how many were seen; absent when that is not known.
    pub seen: Option<(usize, usize)>,
    pub watched: bool,
    pub percent: Option<u8>,
}

/// Somebody of the cast.
#[derive(Debug, Clone)]
pub struct Face {
    pub person: Person,
    pub role: Option<String>,
    pub picture: Option<String>,
}

/// The form that puts a title into a collection.
#[derive(Debug, Clone)]
pub struct Adding {
    pub item: String,
    /// Collections that take titles, and do not have it yet.
    pub collections: Vec<Collection>,
    /// Why it can't be done now.
    pub away: Option<String>,
    pub error: Option<String>,
    pub title: String,
}

impl Parts {
    fn of_seasons(&self) -> bool {
        !self.stills
    }
}

impl Part {
    /// A season or an episode of a list; `plex` opens it there.
    pub fn of(look: Look<'_>, item: &Item, plex: Option<String>) -> Self {
        let is_season = item.kind == Kind::Season;
        let seen = item.leaves.zip(item.viewed_leaves);
        let title = match item.index {
            Some(index) if !is_season => format!("{index}. {}", item.title),
            _ => item.title.clone(),
        };
        let note = if is_season {
            let episodes =
                item.leaves.map(|n| if n == 1 { "1 episode".to_owned() } else { format!("{n} episodes") });
            let seen = match seen {
                Some((leaves, viewed)) if leaves > 0 && viewed >= leaves => Some("watched".to_owned()),
                Some((leaves, viewed)) if viewed > 0 => Some(format!("{} left to watch", leaves - viewed)),
                _ => None,
            };
            episodes.into_iter().chain(seen).collect::<Vec<_>>().join(" · ")
        } else {
            let length = item.duration.map(look::length);
            let seen = item.is_watched().then(|| "watched".to_owned());
            item.released.clone().into_iter().chain(length).chain(seen).collect::<Vec<_>>().join(" · ")
        };
        let size = if is_season { PlexSize::Thumb } else { PlexSize::Wide };
        Self {
            href: look.title(&item.rating_key),
            title,
            note,
            summary: item.summary.clone(),
            image: look.picture(size, item.thumb.as_deref()),
            plex,
            seen,
            watched: item.is_watched(),
            percent: look::percent(item),
        }
    }
}

impl Face {
    pub fn of(look: Look<'_>, role: &Role) -> Self {
        Self {
            person: Person::new(role.name.clone()),
            role: role.role.clone().filter(|role| !role.is_empty()),
            picture: look.picture(PlexSize::Face, role.thumb.as_deref()),
        }
    }

    pub fn all(look: Look<'_>, cast: &[Role]) -> Vec<Self> {
        cast.iter().take(CAST).map(|role| Self::of(look, role)).collect()
    }
}

/// What is known of an item and its file; its path is for admins.
pub fn facts(item: &Item, is_admin: bool) -> Vec<(&'static str, String)> {
    let names = |tags: &[integrations::plex::Tag]| {
        let names: Vec<&str> = tags.iter().take(4).map(|tag| tag.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let bytes: u64 = item.parts.iter().filter_map(|part| part.size).sum();
    let all = [
        ("Original title", item.original_title.clone()),
        ("Directed by", names(&item.directors)),
        ("Written by", names(&item.writers)),
        ("Genres", names(&item.genres)),
        ("Studio", item.studio.clone()),
        ("Country", names(&item.countries)),
        ("First shown", item.released.clone()),
        ("Library", item.section_title.clone()),
        ("Quality", item.resolution.as_deref().map(look::resolution)),
        ("Container", item.parts.first().and_then(|part| part.container.clone())),
        ("Size", (bytes > 0).then(|| Bytes(bytes).to_string())),
        ("Added", item.added_at.map(|at| at.to_rfc3339().get(..10).unwrap_or_default().to_owned())),
        ("File", item.parts.first().filter(|_| is_admin).map(|part| part.file.clone())),
    ];
    all.into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
        .collect()
}

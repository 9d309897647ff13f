//! The page of one title: what it is about, what the house has of it, and the sheet to ask for it.

use std::time::Duration;

use askama::Template;
use domain::media::{CastMember, ImageSize, MediaStatus, MediaType, Season, TitleDetails};

use super::{Sheet, Stale, day, presence};
use crate::views::Around;
use crate::views::human::{Count, Span};
use crate::views::poster::{Artwork, Mark, Poster};
use crate::views::shell::{Person, Shell};

/// The page at `/discover/movie/:id` and `/discover/tv/:id`.
#[derive(Debug, Template)]
#[template(path = "title.html")]
pub struct TitlePage {
    pub shell: Shell,
    pub details: TitleDetails,
    pub stale: Option<Stale>,
    pub sheet: Sheet,
    /// Where it is in our own library.
    pub library: Option<String>,
}

impl TitlePage {
    fn name(&self) -> &str {
        &self.details.title.name
    }

    fn art(&self) -> Artwork<'_> {
        Artwork::wide(self.name())
    }

    fn backdrop(&self) -> Option<String> {
        let path = self.details.title.backdrop.as_ref()?;
        Some(self.shell.around.picture(ImageSize::Backdrop, path))
    }

    fn is_tv(&self) -> bool {
        self.details.title.media_type == MediaType::Tv
    }

    /// The tone and the words on the picture.
    fn pill(&self) -> (&'static str, String) {
        let (tone, word) = presence(&self.details.title);
        let seasons = self.regular_seasons();
        let here = seasons.iter().filter(|season| is_here(season)).count();
        if self.is_tv() && here > 0 && here < seasons.len() {
            return ("warn", format!("Partly in your library · {here} of {} seasons", seasons.len()));
        }
        (tone, word.to_owned())
    }

    fn regular_seasons(&self) -> Vec<&Season> {
        self.details.seasons.iter().filter(|season| season.number > 0).collect()
    }

    fn years(&self) -> Option<String> {
        let first = self.details.title.year?;
        let last = self.details.last_aired.as_deref().and_then(|day| day.get(..4)?.parse::<u16>().ok());
        match last.filter(|last| self.is_tv() && *last > first) {
            Some(last) => Some(format!("{first} to {last}")),
            None => Some(first.to_string()),
        }
    }

    /// `2027 · 1 h 52 min · Thriller · 7.9`.
    fn facts(&self) -> String {
        let details = &self.details;
        let seasons = self.regular_seasons().len() as u64;
        let minutes = details.minutes.filter(|minutes| *minutes > 0);
        let facts = [
            self.years(),
            (seasons > 0).then(|| Count(seasons, "season").to_string()),
            minutes.map(|minutes| Span(Duration::from_secs(u64::from(minutes) * 60)).to_string()),
            details.genres.first().cloned(),
            details.title.vote.map(|vote| format!("{vote:.1}")),
            details.certification.clone(),
        ];
        facts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    fn ask(&self) -> &'static str {
        if self.is_tv() { "Request seasons" } else { "Request" }
    }

    fn seasons(&self) -> Vec<SeasonLine<'_>> {
        self.details.seasons.iter().map(|season| SeasonLine { season }).collect()
    }

    fn season_count(&self) -> String {
        let seasons = self.regular_seasons();
        let here = seasons.iter().filter(|season| is_here(season)).count();
        format!("{here} of {} here", Count(seasons.len() as u64, "season"))
    }

    fn cast(&self) -> Vec<Face> {
        self.details.cast.iter().map(|member| Face::new(&self.shell.around, member)).collect()
    }

    /// Label and text of what else is known.
    fn more(&self) -> Vec<(&'static str, String)> {
        let details = &self.details;
        let makers = if self.is_tv() { "Created by" } else { "Directed by" };
        let studios = if self.is_tv() { "Shown on" } else { "Made by" };
        let released = details.title.released.clone();
        let lines = [
            (makers, details.makers.join(", ")),
            ("Genres", details.genres.join(", ")),
            ("Released", released.unwrap_or_default()),
            ("State", details.production.clone().unwrap_or_default()),
            (studios, details.studios.join(", ")),
        ];
        lines.into_iter().filter(|(_, text)| !text.is_empty()).collect()
    }

    fn related(&self) -> String {
        let title = &self.details.title;
        self.shell.link(&format!("/discover/{}/{}/related", title.media_type, title.tmdb_id))
    }
}

fn is_here(season: &Season) -> bool {
    season.status == MediaStatus::Available || season.status_4k == MediaStatus::Available
}

/// A season on the page.
struct SeasonLine<'a> {
    season: &'a Season,
}

impl SeasonLine<'_> {
    fn name(&self) -> String {
        season_name(self.season)
    }

    fn aired(&self) -> Option<String> {
        let aired = self.season.aired.as_deref()?;
        let year = aired.get(..4)?;
        let is_soon = aired > domain::Timestamp::now().to_rfc3339().get(..10)?;
        Some(if is_soon { format!("from {} {year}", day(aired)?) } else { year.to_owned() })
    }

    fn episodes(&self) -> Count {
        Count(u64::from(self.season.episode_count), "episode")
    }

    fn pill(&self) -> (&'static str, &'static str) {
        let season = self.season;
        let each = [season.status, season.status_4k];
        if is_here(season) {
            ("ok", "In Plex")
        } else if each.contains(&MediaStatus::PartiallyAvailable) {
            ("warn", "Partly in Plex")
        } else if each.contains(&MediaStatus::Processing) {
            ("acc", "On its way")
        } else if each.contains(&MediaStatus::Pending) || season.is_requested || season.is_requested_4k {
            ("warn", "Requested")
        } else {
            ("off ring", "Not here")
        }
    }

    fn can_be_asked_for(&self) -> bool {
        self.season.is_open(false)
    }
}

/// `Season 3`, `Specials`, or the name that it was given.
pub fn season_name(season: &Season) -> String {
    match season.number {
        0 => "Specials".to_owned(),
        number if season.name.trim().is_empty() => format!("Season {number}"),
        _ => season.name.clone(),
    }
}

/// Somebody of the cast.
struct Face {
    person: Person,
    role: Option<String>,
    picture: Option<String>,
}

impl Face {
    fn new(around: &Around, member: &CastMember) -> Self {
        Self {
            person: Person::new(member.name.clone()),
            role: member.role.clone().filter(|role| !role.is_empty()),
            picture: member.picture.as_ref().map(|path| around.picture(ImageSize::Small, path)),
        }
    }
}

/// More titles of the same kind: comes by itself after the page. Empty when nobody knows any.
#[derive(Debug, Template)]
#[template(path = "_related.html")]
pub struct Related {
    pub posters: Vec<Poster>,
}

fragment!(Related);

impl Related {
    /// What is here already stands first: it can be watched at once.
    pub fn new(mut posters: Vec<Poster>) -> Self {
        posters.sort_by_key(|poster| poster.mark != Mark::Here);
        Self { posters }
    }
}

/// Instead of the page, when nobody could be asked what the title is.
#[derive(Debug, Template)]
#[template(path = "title_away.html")]
pub struct TitleAwayPage {
    pub shell: Shell,
    pub reason: String,
    pub retry_in: Option<Duration>,
}

impl TitleAwayPage {
    fn wait(&self) -> Option<crate::views::human::About> {
        self.retry_in.map(crate::views::human::About)
    }
}

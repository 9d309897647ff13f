//! The sheet beside a title: who asked for it already, and the form to ask for it.

use askama::Template;
use domain::media::{MediaStatus, MediaType, Season, TitleDetails, TmdbId};
use domain::request::{MediaRequest, RequestStatus};

use super::title::season_name;
use crate::views::Around;
use crate::views::human::Count;
use crate::views::requests::wording;

/// `#request-sheet`: answered whole after every change, as `outerHTML`.
#[derive(Debug, Clone, Template)]
#[template(path = "_request_sheet.html")]
pub struct Sheet {
    pub around: Around,
    pub media_type: MediaType,
    pub tmdb_id: TmdbId,
    pub name: String,
    /// Of a series, what can be asked for and what not.
    pub seasons: Vec<SeasonChoice>,
    /// Requests for this title that are still of interest, newest first.
    pub asked: Vec<Asked>,
    pub quality: Quality,
    pub quota: Option<Quota>,
    /// Why nothing can be asked for now, for a person.
    pub closed: Option<String>,
    /// Why the last try was refused.
    pub refusal: Option<String>,
    /// Whether requests of this person wait for an admin; absent when nobody knows.
    pub needs_approval: Option<bool>,
}

fragment!(Sheet);

/// One season in the form.
#[derive(Debug, Clone)]
pub struct SeasonChoice {
    pub number: u32,
    pub name: String,
    pub note: String,
    pub is_open: bool,
    pub is_checked: bool,
    icon: &'static str,
}

/// Whether 4K can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// Everything is here or on its way.
    Nothing,
    /// Overseerr has no place for 4K, or this person may not ask for it.
    OnlyHd,
    /// HD can't be asked for any more, 4K can.
    Only4k,
    Both,
}

impl Quality {
    fn is_4k_only(self) -> bool {
        self == Quality::Only4k
    }
}

/// What this person may still ask for, in titles or seasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub used: u32,
    pub limit: u32,
    /// How many days count together.
    pub days: Option<u32>,
}

impl Quota {
    pub fn left(&self) -> u32 {
        self.limit.saturating_sub(self.used)
    }
}

/// A request for this title as whoever looks at the sheet sees it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub request: MediaRequest,
    pub by: String,
    pub is_mine: bool,
    /// This person is told too.
    pub is_followed: bool,
}

impl Asked {
    /// `You asked`, `Ana asked`.
    fn who(&self) -> String {
        if self.is_mine { "You asked".to_owned() } else { format!("{} asked", self.by) }
    }

    fn what(&self) -> String {
        wording::scope(&self.request)
    }

    fn state(&self) -> String {
        wording::state(&self.request)
    }

    fn pill(&self) -> crate::views::status::Pill {
        wording::pill(&self.request)
    }

    fn can_be_taken_back(&self) -> bool {
        self.is_mine && self.request.status == RequestStatus::Pending
    }

    fn can_be_joined(&self) -> bool {
        !self.is_mine && !self.is_followed && !self.request.status.is_over()
    }
}

impl Sheet {
    /// What can be asked for of `details`; the caller adds what it knows of the person.
    pub fn new(around: Around, details: &TitleDetails) -> Self {
        let title = &details.title;
        Self {
            around,
            media_type: title.media_type,
            tmdb_id: title.tmdb_id,
            name: title.name.clone(),
            seasons: details.seasons.iter().map(SeasonChoice::new).collect(),
            asked: Vec::new(),
            quality: Quality::OnlyHd,
            quota: None,
            closed: None,
            refusal: None,
            needs_approval: None,
        }
    }

    fn is_tv(&self) -> bool {
        self.media_type == MediaType::Tv
    }

    /// Whether the form is there.
    pub fn is_open(&self) -> bool {
        self.closed.is_none() && self.something_is_left()
    }

    /// Whether anything of the title can still be asked for.
    fn something_is_left(&self) -> bool {
        let some_season = !self.is_tv() || self.seasons.iter().any(|season| season.is_open);
        self.quality != Quality::Nothing && some_season
    }

    /// Marks the seasons that our own requests ask for, which nobody else may know of yet.
    pub fn take(&mut self, request: &MediaRequest, by: &str) {
        if matches!(
            request.status,
            RequestStatus::Declined | RequestStatus::Cancelled | RequestStatus::Failed
        ) || request.is_4k
        {
            return;
        }
        for season in self.seasons.iter_mut().filter(|one| request.seasons.contains(&one.number)) {
            if season.is_open {
                season.close(format!("{by} asked"), "clock");
            }
        }
    }

    /// Checks the newest season that can be asked for, which is what most people come for.
    pub fn suggest(&mut self) {
        if let Some(season) = self.seasons.iter_mut().rev().find(|season| season.is_open && season.number > 0)
        {
            season.is_checked = true;
        }
    }

    fn heading(&self) -> &'static str {
        if self.is_tv() { "Request seasons" } else { "Request" }
    }

    fn path(&self) -> String {
        self.around.link(&format!("/discover/{}/{}/request", self.media_type, self.tmdb_id))
    }

    fn request_path(&self, asked: &&Asked, action: &str) -> String {
        self.around.link(&format!("/requests/{}{action}", asked.request.id))
    }

    /// Where an action on a request comes back to.
    fn back(&self) -> String {
        format!("/discover/{}/{}", self.media_type, self.tmdb_id)
    }

    fn unit(&self) -> &'static str {
        if self.is_tv() { "seasons" } else { "films" }
    }

    /// The quota once the request is made, as far as the form knows: one more.
    fn after(&self, quota: &Quota) -> u32 {
        (quota.used + 1).min(quota.limit)
    }

    fn period(&self, quota: &Quota) -> String {
        match quota.days {
            Some(7) => "this week".to_owned(),
            Some(1) => "today".to_owned(),
            Some(days) => format!("in {}", Count(u64::from(days), "day")),
            None => "in all".to_owned(),
        }
    }

    fn offers_4k(&self) -> bool {
        self.quality == Quality::Both
    }
}

impl SeasonChoice {
    fn new(season: &Season) -> Self {
        let episodes = Count(u64::from(season.episode_count), "episode").to_string();
        let mut choice = Self {
            number: season.number,
            name: season_name(season),
            note: episodes,
            is_open: true,
            is_checked: false,
            icon: "",
        };
        match season.status {
            MediaStatus::Available => choice.close("Already in Plex".to_owned(), "check"),
            MediaStatus::PartiallyAvailable => {
                choice.close("Partly in Plex, the rest follows".to_owned(), "clock")
            }
            MediaStatus::Processing => choice.close("On its way".to_owned(), "clock"),
            MediaStatus::Blocklisted => choice.close("Not wanted in this house".to_owned(), "ban"),
            _ if !season.is_open(false) => choice.close("Somebody asked for it".to_owned(), "clock"),
            _ if season.episode_count == 0 => choice.close("No episodes yet".to_owned(), "clock"),
            _ => {}
        }
        choice
    }

    fn close(&mut self, note: String, icon: &'static str) {
        (self.note, self.icon, self.is_open, self.is_checked) = (note, icon, false, false);
    }
}

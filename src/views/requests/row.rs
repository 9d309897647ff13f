//! One request, in every state it can be in and for everybody who may see it.

use askama::Template;
use domain::media::ImageSize;
use domain::request::{MediaRequest, RequestStatus};

use super::{Said, wording};
use crate::views::Around;
use crate::views::human::{Ago, Moment};
use crate::views::poster::Thumb;
use crate::views::shell::Person;
use crate::views::status::Pill;

/// `#req-<id>`.
#[derive(Debug, Clone, Template)]
#[template(path = "_request_row.html")]
pub struct RequestRow {
    pub around: Around,
    pub request: MediaRequest,
    /// Who asked.
    pub by: String,
    pub is_mine: bool,
    /// This person said "me too".
    pub is_followed: bool,
    pub is_admin: bool,
    /// Who else is told, by name.
    pub followers: Vec<String>,
    pub said: Vec<Said>,
    /// Who approved or declined it.
    pub decided_by: Option<String>,
    /// Where it is in our library.
    pub library: Option<String>,
    /// Why it can't be decided now: whoever should be told does not answer.
    pub away: Option<String>,
    /// With its comments open, on its own page.
    pub is_alone: bool,
    /// There is no Overseerr: an admin says when it is there.
    pub portal_decides: bool,
}

fragment!(RequestRow);

/// One of the four steps.
struct Step {
    class: &'static str,
    icon: &'static str,
    word: &'static str,
    note: Note,
    is_now: bool,
}

/// What stands below a step.
enum Note {
    Nothing,
    Words(String),
    At(Moment),
}

impl RequestRow {
    pub fn title(&self) -> &str {
        &self.request.title
    }

    pub(super) fn poster(&self) -> Option<String> {
        let path = self.request.poster.as_ref()?;
        Some(self.around.picture(ImageSize::Small, path))
    }

    pub(super) fn thumb<'a>(&'a self, image: &'a Option<String>, size: &'static str) -> Thumb<'a> {
        Thumb { title: self.title(), image: image.as_deref(), size }
    }

    pub(super) fn pill(&self) -> Pill {
        wording::pill(&self.request)
    }

    pub(super) fn percent(&self) -> Option<u8> {
        let is_coming = self.request.status == RequestStatus::Processing;
        self.request.transfer.filter(|_| is_coming).map(|transfer| transfer.percent())
    }

    fn scope(&self) -> String {
        let scope = wording::scope(&self.request);
        match self.request.year {
            Some(year) => format!("{scope} · {year}"),
            None => scope,
        }
    }

    fn asker(&self) -> &str {
        if self.is_mine { "you" } else { &self.by }
    }

    fn asked(&self) -> Ago {
        Ago(self.request.created_at)
    }

    fn steps(&self) -> [Step; 4] {
        let step = |class, icon, word, note| Step { class, icon, word, note, is_now: class == "now" };
        let later = |word| step("", "circle-dashed", word, Note::Nothing);
        let request = &self.request;
        let asked_at = Note::At(Moment(request.created_at));
        let decider = || match &self.decided_by {
            Some(name) => Note::Words(format!("by {name}")),
            None => Note::Nothing,
        };
        let asked = step("done", "check", "Asked", asked_at);
        let approved = || step("done", "check", "Approved", decider());
        match request.status {
            RequestStatus::Pending => {
                let whom = if self.is_admin { "waiting for you" } else { "an admin decides" };
                let now = step("now", "loader", "Approval", Note::Words(whom.to_owned()));
                [asked, now, later("Download"), later("In Plex")]
            }
            RequestStatus::Declined => {
                [asked, step("stop", "x", "Declined", decider()), later("Download"), later("In Plex")]
            }
            RequestStatus::Cancelled => {
                let stop = step("stop", "x", "Taken back", Note::Nothing);
                [asked, stop, later("Download"), later("In Plex")]
            }
            RequestStatus::Failed => {
                let stop = step("stop", "x", "Failed", Note::Words("not fetched".to_owned()));
                [asked, approved(), stop, later("In Plex")]
            }
            RequestStatus::Approved => {
                let note = if wording::is_stuck(request) { "no copy yet" } else { "looking for a copy" };
                let now = step("now", "loader", "Download", Note::Words(note.to_owned()));
                [asked, approved(), now, later("In Plex")]
            }
            RequestStatus::Processing => {
                let note = wording::transfer(request).unwrap_or_else(|| "getting started".to_owned());
                let now = step("now", "loader", "Downloading", Note::Words(note));
                [asked, approved(), now, later("In Plex")]
            }
            RequestStatus::Available => {
                let good = |word, note| step("good", "circle-check", word, note);
                let ready = request.completed_at.map_or(Note::Nothing, |at| Note::At(Moment(at)));
                [
                    good("Asked", Note::At(Moment(request.created_at))),
                    good("Approved", decider()),
                    good("Downloaded", Note::Nothing),
                    good("In Plex", ready),
                ]
            }
        }
    }

    /// How many of the four steps are done, for the short bar.
    pub(super) fn reached(&self) -> usize {
        match self.request.status {
            RequestStatus::Pending | RequestStatus::Declined | RequestStatus::Cancelled => 1,
            RequestStatus::Approved | RequestStatus::Failed => 2,
            RequestStatus::Processing => 3,
            RequestStatus::Available => 4,
        }
    }

    pub(super) fn bars(&self) -> [&'static str; 4] {
        [1, 2, 3, 4].map(|step| self.bar(step))
    }

    fn bar(&self, step: usize) -> &'static str {
        let reached = self.reached();
        let stopped = matches!(self.request.status, RequestStatus::Declined | RequestStatus::Failed);
        match self.request.status {
            RequestStatus::Available => "all",
            _ if step <= reached => "x",
            _ if stopped && step == reached + 1 => "stop",
            _ => "",
        }
    }

    /// The line on the dashboard: `Seasons 1 and 2 · waits for approval`.
    pub(super) fn line(&self) -> String {
        format!("{} · {}", wording::scope(&self.request), wording::state(&self.request))
    }

    fn trouble(&self) -> Option<String> {
        wording::trouble(&self.request)
    }

    /// `You, Ben and Mia hear when it is ready`.
    fn listeners(&self) -> String {
        let mut names = vec![if self.is_mine { "You".to_owned() } else { self.by.clone() }];
        if self.is_followed {
            names.insert(0, "You".to_owned());
        }
        names.extend(self.followers.iter().take(3).cloned());
        let more = self.followers.len().saturating_sub(3);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        let verb = if names.len() == 1 && names[0] != "You" { "hears" } else { "hear" };
        format!("{} {verb} when it is ready", wording::listed(&names))
    }

    /// Everybody who is told, as marks; the first is who asked.
    fn people(&self) -> Vec<Person> {
        let names = std::iter::once(&self.by).chain(&self.followers);
        names.take(4).map(|name| Person::new(name.clone())).collect()
    }

    fn wants(&self) -> u32 {
        self.request.followers
    }

    fn is_waiting(&self) -> bool {
        self.request.status == RequestStatus::Pending
    }

    fn can_be_joined(&self) -> bool {
        !self.is_mine && !self.request.status.is_over()
    }

    fn can_decide(&self) -> bool {
        self.is_admin && self.is_waiting()
    }

    fn can_be_finished(&self) -> bool {
        let is_coming = matches!(self.request.status, RequestStatus::Approved | RequestStatus::Processing);
        self.is_admin && self.portal_decides && is_coming && self.request.overseerr_id.is_none()
    }

    fn can_retry(&self) -> bool {
        // It could not be handed over, and nobody is trying any more.
        let is_given_up = self.request.problem.is_some() && self.request.step.is_none();
        let is_stranded = self.is_waiting() && is_given_up && !self.can_decide();
        (self.is_admin || self.is_mine) && (self.request.status == RequestStatus::Failed || is_stranded)
    }

    fn can_be_taken_back(&self) -> bool {
        self.is_mine && self.is_waiting()
    }

    fn can_be_deleted(&self) -> bool {
        let is_done_with = self.request.status.is_over() || self.request.status == RequestStatus::Failed;
        !self.can_be_taken_back() && (self.is_admin || (self.is_mine && is_done_with))
    }

    /// What an approval is for.
    fn approve(&self) -> String {
        match (self.request.is_4k, self.request.seasons.as_slice()) {
            (true, _) => "Approve 4K".to_owned(),
            (false, [_]) => format!("Approve {}", wording::seasons(&self.request.seasons).to_lowercase()),
            (false, []) => "Approve".to_owned(),
            (false, seasons) => format!("Approve {} seasons", seasons.len()),
        }
    }

    /// Changes with every comment of whoever looks, so that the box is empty again after one.
    fn box_key(&self) -> usize {
        self.said.iter().filter(|said| said.is_mine).count()
    }

    pub(super) fn path(&self, action: &str) -> String {
        self.around.link(&format!("/requests/{}{action}", self.request.id))
    }

    /// The page that an action comes back to.
    fn back(&self) -> String {
        if self.is_alone { format!("/requests/{}", self.request.id) } else { "/requests".to_owned() }
    }

    fn about(&self) -> String {
        self.around.link(&format!("/discover/{}/{}", self.request.media_type, self.request.tmdb_id))
    }
}

/// Reasons that are one click away.
pub const REASONS: [&str; 4] = ["Not out yet", "No space", "We have it", "Not for this house"];

//! Signing in with Plex: waiting for it, being refused, and what an admin sees of it.

use actors::sign_ins::{OwnerToken, Status, Step, TokenHealth};
use askama::Template;
use domain::Timestamp;
use domain::plex::{Membership, PinPurpose, PinRefusal, PlexId};

use super::Around;
use super::human::{Ago, Moment};
use super::shell::{Person, Shell};

/// How far a sign-in is; the page includes it, and the browser asks for it again every second.
#[derive(Debug, Template)]
#[template(path = "_plex_wait.html")]
pub struct PlexWait {
    pub around: Around,
    pub purpose: PinPurpose,
    pub step: Step,
    /// The short code, when it is typed.
    pub code: Option<String>,
    /// Where it is approved.
    pub address: String,
    /// Where it is typed, as one says it.
    pub words: String,
    pub expires_at: Timestamp,
}

impl PlexWait {
    pub fn new(around: Around, status: Status, words: String) -> Self {
        let Status { purpose, step, expires_at, code, address, .. } = status;
        let code = code.map(|code| code.expose().to_owned());
        Self { around, purpose, step, code, address, words, expires_at }
    }

    fn link(&self, path: &str) -> String {
        self.around.link(path)
    }

    /// `14 min 32 s`.
    fn left(&self) -> String {
        let seconds = Timestamp::now().until(self.expires_at).as_secs();
        match (seconds / 60, seconds % 60) {
            (0, seconds) => format!("{seconds} s"),
            (minutes, seconds) => format!("{minutes} min {seconds} s"),
        }
    }

    fn is_approved(&self) -> bool {
        matches!(self.step, Step::Approved | Step::Waiting { is_approved: true, .. })
    }

    fn trouble(&self) -> Option<&str> {
        match &self.step {
            Step::Waiting { trouble, .. } => trouble.as_deref(),
            _ => None,
        }
    }

    pub fn refusal(&self) -> Option<Refusal> {
        match self.step {
            Step::Refused(refusal) => {
                Some(Refusal { around: self.around.clone(), refusal, is_sign_in: self.is_sign_in() })
            }
            _ => None,
        }
    }

    pub fn is_over(&self) -> bool {
        self.step == Step::Over
    }

    fn is_sign_in(&self) -> bool {
        self.purpose == PinPurpose::SignIn
    }

    /// `K 7 Q D`, for whoever hears the page.
    pub fn spelled(&self) -> String {
        let letters = self.code.iter().flat_map(|code| code.chars()).map(String::from);
        letters.collect::<Vec<_>>().join(" ")
    }
}

fragment!(PlexWait, Refusal);

/// Why somebody who has a Plex account does not come in.
#[derive(Debug, Template)]
#[template(path = "_plex_refused.html")]
pub struct Refusal {
    pub around: Around,
    pub refusal: PinRefusal,
    pub is_sign_in: bool,
}

/// The page without script on the way to Plex: a form may not lead there, a link may.
#[derive(Debug, Template)]
#[template(path = "plex_go.html")]
pub struct PlexGoPage {
    pub shell: Shell,
    pub address: String,
    pub purpose: PinPurpose,
}

/// The page to which Plex sends somebody back.
#[derive(Debug, Template)]
#[template(path = "plex_back.html")]
pub struct PlexBackPage {
    pub shell: Shell,
    /// Nothing when the sign-in belongs to another browser.
    pub wait: Option<PlexWait>,
}

/// The card of the Plex account on the account page.
#[derive(Debug)]
pub struct PlexCard {
    pub name: Option<String>,
    pub membership: Membership,
    pub checked_at: Option<Timestamp>,
    pub has_password: bool,
    /// The house has a Plex server.
    pub is_offered: bool,
    pub error: Option<String>,
}

impl PlexCard {
    pub fn checked(&self) -> Option<Ago> {
        self.checked_at.map(Ago)
    }
}

/// The card of the owner's token beside the Plex service.
#[derive(Debug)]
pub struct OwnerCard {
    /// The name of the Plex service.
    pub service: String,
    pub token: OwnerToken,
    pub error: Option<String>,
}

impl OwnerCard {
    pub fn valid(&self) -> Option<Ago> {
        match self.token.health {
            TokenHealth::Valid { at } => Some(Ago(at)),
            _ => None,
        }
    }

    pub fn refused(&self) -> Option<Moment> {
        match self.token.health {
            TokenHealth::Refused { since } => Some(Moment(since)),
            _ => None,
        }
    }

    pub fn unknown(&self) -> Option<Ago> {
        match self.token.health {
            TokenHealth::Unknown { since, .. } => Some(Ago(since)),
            _ => None,
        }
    }

    pub fn last_valid(&self) -> Option<Ago> {
        match self.token.health {
            TokenHealth::Unknown { last_valid, .. } => last_valid.map(Ago),
            _ => None,
        }
    }
}

/// The page at `/admin/users/plex`: who could be imported.
#[derive(Debug, Template)]
#[template(path = "admin/plex_people.html")]
pub struct PlexPeoplePage {
    pub shell: Shell,
    pub guests: Vec<GuestLine>,
    /// Why nobody can be shown, or why nothing was imported.
    pub refusal: Option<String>,
}

/// Somebody with whom the server is shared.
#[derive(Debug)]
pub struct GuestLine {
    pub id: PlexId,
    pub name: String,
    pub email: Option<String>,
    /// What they are called here, when they are here.
    pub username: Option<String>,
}

impl GuestLine {
    fn person(&self) -> Person {
        Person::new(self.name.clone())
    }
}

impl PlexBackPage {
    /// Where it began.
    fn home(&self) -> &'static str {
        match self.wait.as_ref().map(|wait| wait.purpose) {
            Some(PinPurpose::Link(_)) => "/account",
            Some(PinPurpose::Server(_)) => "/admin/services",
            Some(PinPurpose::SignIn) | None => "/",
        }
    }
}

impl PlexPeoplePage {
    fn new_ones(&self) -> usize {
        self.guests.iter().filter(|guest| guest.username.is_none()).count()
    }
}

//! The people of the house, for an admin.

use askama::Template;
use domain::UserId;
use domain::plex::Membership;
use domain::user::{Role, User};

use super::human::Ago;
use super::shell::{Person, Shell};
use super::status::Pill;

/// The page at `/admin/users`.
#[derive(Debug, Template)]
#[template(path = "admin/people.html")]
pub struct PeoplePage {
    pub shell: Shell,
    pub me: UserId,
    /// The house has a Plex server.
    pub has_plex: bool,
    pub people: Vec<User>,
    /// The query of the next page.
    pub next: Option<String>,
    pub form: NewPerson,
    /// Why a change of a row was refused.
    pub refusal: Option<String>,
}

/// The form that adds somebody.
#[derive(Debug, Default)]
pub struct NewPerson {
    pub username: String,
    pub is_admin: bool,
    pub username_error: Option<String>,
    pub password_error: Option<String>,
    /// Show the form opened: it was sent and refused.
    pub open: bool,
}

impl PeoplePage {
    fn person(&self, user: &User) -> Person {
        Person::new(user.username.clone())
    }

    fn is_me(&self, user: &User) -> bool {
        user.id == self.me
    }

    fn is_admin(&self, user: &User) -> bool {
        user.role == Role::Admin
    }

    fn seen(&self, user: &User) -> Option<Ago> {
        user.last_login_at.map(Ago)
    }

    /// What plex.tv says, when that is not simply that they may.
    fn plex_note(&self, user: &User) -> Option<&'static str> {
        match user.plex.as_ref()?.membership {
            Membership::Member => None,
            Membership::Unknown => Some("has not signed in yet"),
            Membership::NotShared => Some("server not shared"),
            Membership::SignInAgain => Some("must sign in again"),
        }
    }

    fn pill(&self, user: &User) -> Pill {
        if user.enabled {
            Pill { class: "ok", word: "Active" }
        } else {
            Pill { class: "off ring", word: "Disabled" }
        }
    }
}

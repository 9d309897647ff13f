//! The pages before somebody is signed in.

use askama::Template;

use super::plex::{PlexWait, Refusal};
use super::shell::Shell;

/// The page at `/login`.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    pub shell: Shell,
    pub username: String,
    /// Why signing in failed, beside the password.
    pub error: Option<String>,
    /// Where to go afterwards, below the base path.
    pub next: String,
    /// A word on how somebody came here, such as after signing out.
    pub notice: Option<String>,
    /// The way in with Plex, when the house has a server.
    pub plex: Option<PlexDoor>,
}

/// The way in with Plex, as the sign-in page shows it.
#[derive(Debug)]
pub struct PlexDoor {
    /// Why it could not begin.
    pub error: Option<String>,
    /// The code that is typed at the moment.
    pub wait: Option<PlexWait>,
    pub refusal: Option<Refusal>,
    /// Where a code is typed, as one says it.
    pub words: String,
}

impl PlexDoor {
    /// Shows a code, or what came of it.
    pub fn show(&mut self, wait: PlexWait) {
        match wait.refusal() {
            Some(refusal) => self.refusal = Some(refusal),
            None if wait.is_over() => {}
            None => self.wait = Some(wait),
        }
    }
}

/// The page at `/setup`, until there is an admin.
#[derive(Debug, Default)]
pub struct SetupForm {
    pub token: String,
    pub username: String,
    pub token_error: Option<String>,
    pub username_error: Option<String>,
    pub password_error: Option<String>,
}

#[derive(Debug, Template)]
#[template(path = "setup.html")]
pub struct SetupPage {
    pub shell: Shell,
    pub form: SetupForm,
}

/// What `/setup` shows once the first admin exists and is signed in.
#[derive(Debug, Template)]
#[template(path = "setup_done.html")]
pub struct SetupDonePage {
    pub shell: Shell,
    pub username: String,
}

//! What is in the house's Plex, through the eyes of one person.
//!
//! ```text
//!    pages, API                                      Plex Media Server
//!        |  look(user) -> Eyes                            ^
//!        v                                                |
//!    [ Eyes: whose token, whose cache ] --- Desk --> services/<name>/client
//!        |
//!        +-- change: the server, then the audit log, then everybody hears of it
//! ```
//!
//! Who signed in with Plex asks with a token of their own, so the server hides what they may
//! not see, and their answers are kept apart from everybody else's. Who never did sees what the
//! owner sees, without what the owner watched. Whoever had a token that does not count any more
//! sees nothing until they sign in again: they must not see more than before.

mod change;
mod read;

use std::sync::Arc;
use std::time::Duration;

use domain::event::Event;
use domain::user::CurrentUser;
use domain::{Secret, UserId};
use integrations::plex::Server;
use store::Reader;
use tokio::time::Instant;

use crate::services::Services;
use crate::upstream::{Desk, Scope, Unwell};

pub use change::{Change, Denied};
pub use read::Found;

/// What the keys of all answers begin with, for whoever knows that the library has changed.
pub const KEYS: &str = "library/";

/// How long one look may take, whatever is asked: a page is there within two seconds.
const PATIENCE: Duration = Duration::from_millis(1800);

/// Cheap to clone.
#[derive(Clone)]
pub struct Library {
    services: Services,
    reader: Reader,
    announce: Arc<dyn Fn(Event) + Send + Sync>,
}

/// One person's look at the library; made for each request.
#[derive(Clone)]
pub struct Eyes {
    desk: Desk<Server>,
    scope: Scope,
    token: Option<Secret>,
    /// No answer is waited for any longer.
    until: Instant,
    announce: Arc<dyn Fn(Event) + Send + Sync>,
}

/// Why there is nothing to be seen, in words for a person.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Blind {
    /// Their token does not count any more.
    #[error("Plex does not accept your sign-in any more. Sign in with Plex again.")]
    SignInAgain,
    #[error("{}", words(.0))]
    Unwell(#[from] Unwell),
    #[error("The portal's own database does not answer.")]
    Store,
}

fn words(unwell: &Unwell) -> String {
    match unwell {
        Unwell::NotSetUp => "Plex is not set up.".to_owned(),
        Unwell::Away { .. } => "Plex is not connected at the moment.".to_owned(),
        Unwell::Slow { .. } => "Plex is slow and has not answered yet.".to_owned(),
        Unwell::Failed(error) => {
            let text = error.to_string();
            let mut letters = text.chars();
            let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>());
            format!("{}{}.", first.unwrap_or_default(), letters.as_str())
        }
    }
}

impl Blind {
    /// When asking again may help, where that is known.
    pub fn retry_in(&self) -> Option<Duration> {
        match self {
            Blind::Unwell(unwell) => unwell.retry_in(),
            Blind::SignInAgain | Blind::Store => None,
        }
    }

    /// Whether it will pass by itself.
    pub fn is_outage(&self) -> bool {
        match self {
            Blind::Unwell(unwell) => unwell.is_outage(),
            Blind::Store => true,
            Blind::SignInAgain => false,
        }
    }

    pub fn is_not_set_up(&self) -> bool {
        matches!(self, Blind::Unwell(Unwell::NotSetUp))
    }
}

impl Library {
    /// `announce` tells everybody that the library has changed.
    pub fn new(services: Services, reader: Reader, announce: Arc<dyn Fn(Event) + Send + Sync>) -> Self {
        Self { services, reader, announce }
    }

    /// How `user` sees the library.
    ///
    /// # Errors
    /// Plex is not set up, or the person has to sign in with it again.
    pub async fn look(&self, user: &CurrentUser) -> Result<Eyes, Blind> {
        let desk = self.services.plex().ok_or(Blind::Unwell(Unwell::NotSetUp))?;
        let (scope, token) = self.token(user.id).await?;
        let until = Instant::now() + PATIENCE;
        Ok(Eyes { desk, scope, token, until, announce: self.announce.clone() })
    }

    async fn token(&self, user: UserId) -> Result<(Scope, Option<Secret>), Blind> {
        let away = |error| {
            tracing::warn!(%error, "could not read a token for Plex");
            Blind::Store
        };
        if let Some(access) = self.reader.plex_access(user).await.map_err(away)? {
            return Ok((Scope::User(user), Some(access.server_token)));
        }
        if self.reader.ways_in(user).await.map_err(away)?.is_some_and(|ways| ways.has_plex) {
            return Err(Blind::SignInAgain);
        }
        Ok((Scope::Everyone, None))
    }
}

impl Eyes {
    /// Whether what was watched is this person's own.
    pub fn is_own(&self) -> bool {
        self.token.is_some()
    }

    fn server(&self) -> impl FnOnce(Server) -> Server + Clone + use<> {
        let token = self.token.clone();
        move |server| match token {
            Some(token) => server.as_user(token),
            None => server,
        }
    }
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Library")
    }
}

//! Requests for films and series, and where they stand in Overseerr.
//!
//! ```text
//!    pages, API                        webhooks            our own timer
//!        |  ask, approve, join, …          |  heard             |
//!        v                                 v                    v
//!    [requests/tracker] ------------- looks again at Overseerr -+
//!        |                                 |
//!        |  row, step, event and notice    |  what was seen
//!        v                                 v
//!      store --> effects: `overseerr-request` --> Overseerr, as the one who asked
//!        |
//!        +-----> [requests/notifier] --> everybody's inbox
//! ```
//!
//! The row is the truth here, Overseerr is the truth outside, and a webhook is only a reason to
//! look. Without Overseerr a request lives in the portal alone, and an admin ends it.

mod hookup;
mod notifier;
mod office;
mod people;
mod reconcile;
mod sight;
mod standing;
mod steps;
mod tracker;
mod wishes;
mod words;

use std::sync::Arc;
use std::time::Duration;

use domain::media::{MediaType, TmdbId};
use domain::request::MediaRequest;
use domain::user::CurrentUser;
use domain::{RequestId, Secret, Timestamp, UserId};
use futures_util::future::BoxFuture;
use store::{NodeId, Store};
use tokio::sync::watch;

use crate::runtime::{AskError, Handle, System};
use crate::services::Services;
use crate::upstream::Unwell;

pub use hookup::Hooked;
pub use notifier::Notifier;
use office::{DeskOffice, Office};
pub use standing::{Allowance, Standing};
pub use steps::Steps;
pub use tracker::{Message, Tracker, heard};

/// Where the tracker stands in the tree.
pub const TRACKER: &str = "requests/tracker";
/// Where the notifier stands in the tree.
pub const NOTIFIER: &str = "requests/notifier";

/// How long an answer may take, a look at the title included.
const DEADLINE: Duration = Duration::from_secs(4);
/// A set-up tries two ways and waits for a test each time.
const SET_UP_DEADLINE: Duration = Duration::from_secs(20);

/// What everything about requests is made with. Clones are the same one.
#[derive(Clone)]
pub struct Requests(Arc<Parts>);

struct Parts {
    store: Store,
    node: NodeId,
    system: System,
    tracker: Handle<Message>,
    office: Arc<dyn Office>,
    /// Requests that everybody may make in an hour; 0 for no limit.
    per_hour: u32,
    /// Counts the tests that Overseerr sent us.
    tests: watch::Sender<u64>,
}

impl Requests {
    /// `per_hour` is how many requests a person may make in an hour, 0 for no limit.
    pub fn new(system: &System, store: &Store, node: NodeId, services: &Services, per_hour: u32) -> Self {
        Self::with_office(system, store, node, Arc::new(DeskOffice(services.clone())), per_hour)
    }

    fn with_office(
        system: &System,
        store: &Store,
        node: NodeId,
        office: Arc<dyn Office>,
        per_hour: u32,
    ) -> Self {
        Self(Arc::new(Parts {
            store: store.clone(),
            node,
            system: system.clone(),
            tracker: system.handle(TRACKER),
            office,
            per_hour,
            tests: watch::Sender::new(0),
        }))
    }

    /// Where webhooks go.
    pub fn tracker(&self) -> &Handle<Message> {
        &self.0.tracker
    }

    /// Whether Overseerr is set up; without it the portal decides alone.
    pub fn has_overseerr(&self) -> bool {
        self.0.office.is_set_up()
    }

    /// Lets the tracker do it, and waits for what came of it.
    async fn through<T: Send + 'static>(
        &self,
        kind: &'static str,
        deadline: Duration,
        work: BoxFuture<'static, Result<T, Denied>>,
    ) -> Result<T, Denied> {
        let tell = |reply: crate::runtime::Reply<_>| {
            Message::work(kind, Box::pin(async move { reply.send(work.await) }))
        };
        self.0.tracker.ask(deadline, tell).await?
    }
}

impl std::fmt::Debug for Requests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Requests")
    }
}

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub media_type: MediaType,
    pub tmdb_id: TmdbId,
    /// Of a series; empty for all of it. Empty for a film.
    pub seasons: Vec<u32>,
    pub is_4k: bool,
}

/// Why something was not done, as an answer for a person.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Denied {
    #[error("{limit} requests an hour are possible")]
    QuotaReached { limit: u32, again_at: Timestamp },
    /// This one is under way for it: one can join it.
    #[error("somebody asked for it already")]
    Duplicate(RequestId),
    #[error("it is in the library already")]
    AlreadyThere,
    /// One field of the wish is wrong.
    #[error("{reason}")]
    Invalid { field: &'static str, reason: String },
    /// It is nobody's, or somebody else's.
    #[error("there is no such request")]
    NotFound,
    #[error("only an admin may do that")]
    NotAllowed,
    #[error("it is under way, only an admin can stop it now")]
    UnderWay,
    /// It makes no sense (any more), with the reason in words.
    #[error("{0}")]
    Conflict(String),
    /// Not possible now, with the reason in words.
    #[error("{0}")]
    Unavailable(String),
}

impl Denied {
    /// The field that is wrong.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Denied::Invalid { field, .. } => Some(field),
            _ => None,
        }
    }
}

impl From<AskError> for Denied {
    fn from(error: AskError) -> Self {
        let reason = match error {
            AskError::TimedOut => "the answer took too long, look at the list of requests",
            AskError::Full | AskError::Dropped => {
                "too much is being asked at the same time, try again in a moment"
            }
            AskError::NotRunning => "requests are being restarted, try again",
        };
        Denied::Unavailable(reason.to_owned())
    }
}

impl From<store::Error> for Denied {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound(_) => Denied::NotFound,
            store::Error::Conflict(conflict) => Denied::Conflict(conflict.to_string()),
            error => {
                tracing::error!(%error, "the store refused something about requests");
                Denied::Unavailable("the portal's database is not available".to_owned())
            }
        }
    }
}

impl From<Unwell> for Denied {
    fn from(unwell: Unwell) -> Self {
        Denied::Unavailable(unwell.to_string())
    }
}

/// Asks for a title. What others asked for already is left out of a series.
///
/// # Errors
/// [`Denied`].
pub async fn ask(requests: &Requests, user: &CurrentUser, wish: Wish) -> Result<MediaRequest, Denied> {
    let (this, user) = (requests.clone(), user.clone());
    requests.through("Ask", DEADLINE, Box::pin(async move { this.ask(&user, wish).await })).await
}

macro_rules! client_functions {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, ($($argument:ident: $type:ty),*);)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// [`Denied`].
            pub async fn $name(
                requests: &Requests,
                user: &CurrentUser,
                id: RequestId,
                $($argument: $type),*
            ) -> Result<MediaRequest, Denied> {
                let (this, user) = (requests.clone(), user.clone());
                let work = Box::pin(async move { this.$name(&user, id, $($argument),*).await });
                requests.through($kind, DEADLINE, work).await
            }
        )*
    };
}

client_functions! {
    /// Says yes; for admins.
    approve, "Approve", ();
    /// Says no, with a reason for the one who asked; for admins.
    decline, "Decline", (reason: Option<String>);
    /// Tries again what failed; for admins and the one who asked.
    retry, "Retry", ();
    /// It is in the library; for admins, and requests that Overseerr does not know.
    finish, "Finish", ();
    /// "Me too": is told of it from now on.
    join, "Join", ();
    /// Is not told of it any more.
    leave, "Leave", ();
    /// Takes it back, or off the lists when it is over.
    delete, "Delete", ();
    /// Says something about it.
    comment, "Comment", (text: String);
}

/// What a person may ask for, and how much of it. Kept for a minute.
///
/// # Errors
/// [`Unwell`] when Overseerr is set up and neither answers nor ever did.
pub async fn standing(requests: &Requests, user: UserId, is_admin: bool) -> Result<Standing, Unwell> {
    requests.standing(user, is_admin).await
}

/// Points the webhook of Overseerr at `url`, and waits for a test to arrive there.
///
/// # Errors
/// [`Denied::Unavailable`] with what went wrong.
pub async fn set_up_webhook(requests: &Requests, url: String, secret: Secret) -> Result<Hooked, Denied> {
    let this = requests.clone();
    let work = Box::pin(async move { this.hook_up(url, secret).await });
    requests.through("SetUpWebhook", SET_UP_DEADLINE, work).await
}

#[cfg(test)]
#[path = "requests/tests.rs"]
mod tests;

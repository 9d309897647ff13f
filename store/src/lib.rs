//! What the household remembers.
//!
//! ```text
//!   pages, API          actors
//!      |  Reader          |  Writer                 everybody
//!      v                  v                             |
//!   [ rows in SQLite or PostgreSQL ]   outbox      [ephemeral]  in process or Redis:
//!     users, sessions, services,  ------------->    rate limits, session cache,
//!     heartbeats, downloads, …                      event stream, progress
//! ```
//!
//! The rows are the truth; everything in [`ephemeral`] may be lost at any time. [`Reader`] has
//! no writing methods. Every change of a row that others show writes its event into the outbox
//! in the same transaction ([`Store::changed`] wakes whoever publishes it).

mod audit;
mod data_dir;
mod downloads;
mod effects;
mod engine;
pub mod ephemeral;
mod error;
mod heartbeats;
mod keyring;
mod monitors;
mod nodes;
mod notifications;
mod open;
mod outbox;
mod paging;
mod plex_accounts;
mod plex_pins;
pub mod requests;
mod services;
mod sessions;
mod settings;
mod tokens;
mod users;
mod webhooks;

pub use audit::{Actor, AuditEntry, AuditVerdict};
pub use data_dir::{DataDir, DataDirLock, NodeId};
pub use downloads::{
    ARRIVAL, ArrivalItem, ArrivalWork, Lease, Leased, NewDownload, NewFile, PreviousLease, ProcessRecord,
    Quota, RunnableJob, Submitted,
};
pub use effects::{Effect, EffectLease, NewEffect};
pub use error::{Conflict, Error};
pub use keyring::{Keyring, Place};
pub use monitors::MonitorNews;
pub use nodes::NodeRow;
pub use notifications::Notification;
pub use open::{Engine, Store, StoreSettings};
pub use outbox::OutboxRow;
pub use plex_accounts::{PlexAccess, PlexSignIn, WaysIn};
pub use plex_pins::{NewPlexPin, PlexPinRow, PlexPinState};
pub use requests::{
    Adopted, Asked, Decision, Look, NewRequest, Notice, RequestFilter, SeerrPerson, StepEnd, Whose,
};
pub use services::{NewService, ServicePatch};
pub use sessions::{NewSession, SessionRow};
pub use tokens::ApiTokenRow;
pub use users::{NewUser, UserPatch};

use engine::{Db, Pen};

/// Reads rows; can't change any. Cloning is cheap.
#[derive(Clone)]
pub struct Reader {
    db: Db,
    /// Connections of their own for signing in and checking sessions, so that a dashboard that
    /// is slow today does not lock people out.
    sign_in: Db,
    keys: Keyring,
}

/// Changes rows. Cloning is cheap.
///
/// A method that is cancelled (its future dropped) has either committed or changed nothing.
#[derive(Clone)]
pub struct Writer {
    db: Db,
    pen: Pen,
}

impl Writer {
    /// A writer that names `actor` in the audit log.
    pub fn acting(&self, actor: Actor) -> Writer {
        Writer { db: self.db.clone(), pen: Pen { actor, ..self.pen.clone() } }
    }
}

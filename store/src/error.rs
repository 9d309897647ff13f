//! Everything that can go wrong with the store.

use std::io;
use std::path::PathBuf;

use domain::DownloadId;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The row that the call names does not exist (any more).
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The call makes sense but a rule of the household forbids it; see [`Conflict`].
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// Somebody else holds the lease by now, or the job is over: stop working on it.
    #[error("the lease is lost")]
    Fenced,
    /// The cursor is not one that we gave out.
    #[error("the cursor is not one of ours")]
    BadCursor,
    /// The database was encrypted with another key.
    #[error(
        "the database was encrypted with another key (its fingerprint is {expected}, ours is {ours}): set \
         MEDIANEST_SECRET_KEY to the key that it was made with, or put secret.key back into the data folder"
    )]
    WrongKey { expected: String, ours: String },
    /// The setting is no key: it must be 32 bytes in base64.
    #[error("{0} must be 32 bytes in base64, such as `openssl rand -base64 32` prints")]
    BadKey(String),
    /// An encrypted value was changed, moved to another row or made with a key that we lack.
    #[error("could not decrypt {0}")]
    Unreadable(&'static str),
    /// A row holds what we never write.
    #[error("the {table} row {id} is damaged: {reason}")]
    Corrupt { table: &'static str, id: String, reason: String },
    /// Another process works with this data folder.
    #[error("another medianest already uses {}", .0.display())]
    AlreadyRunning(PathBuf),
    /// A file of the data folder could not be used.
    #[error("could not use {}: {source}", .path.display())]
    File { path: PathBuf, source: io::Error },
    /// The address of the database is unusable.
    #[error("DATABASE_URL is not usable: {0}")]
    BadAddress(String),
    /// The tables could not be brought up to date.
    #[error("could not migrate the database: {0}")]
    Migration(#[source] Box<sqlx::migrate::MigrateError>),
    /// The database is away, busy or too slow; trying again later may help.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The database refused a statement: our mistake.
    #[error("the database refused: {0}")]
    Refused(#[source] sqlx::Error),
    /// Redis is away, busy or too slow; see [`crate::ephemeral`].
    #[error("redis is not available: {0}")]
    RedisUnavailable(String),
}

/// A rule that the call would break. An answer for a person rather than a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    #[error("the portal is set up already")]
    AlreadySetUp,
    #[error("that user name is taken")]
    UsernameTaken,
    #[error("somebody else here has that Plex account")]
    PlexAccountTaken,
    #[error("another Plex account is linked already")]
    HasPlexAccount,
    #[error("without a password the Plex account is the only way in")]
    NoOtherWayIn,
    #[error("the last enabled admin stays an enabled admin")]
    LastAdmin,
    #[error("that service name is taken")]
    ServiceNameTaken,
    #[error("there is a service of that kind already")]
    ServiceKindTaken,
    /// The same person downloads the same link in the same quality just now.
    #[error("that link is being downloaded already")]
    DuplicateDownload(DownloadId),
    #[error("the download is over already")]
    DownloadIsOver,
    #[error("the download is not over yet")]
    DownloadIsNotOver,
    #[error("another video has that file name")]
    TargetTaken,
    #[error("it is your own request")]
    OwnRequest,
    #[error("the request is over already")]
    RequestIsOver,
    #[error("the request is not over yet")]
    RequestIsNotOver,
    #[error("that was decided already")]
    RequestIsDecided,
    #[error("the request has not failed")]
    RequestHasNotFailed,
}

impl Error {
    /// Whether the store is unwell, rather than that it was asked wrongly.
    pub fn is_outage(&self) -> bool {
        matches!(self, Error::Unavailable(_) | Error::RedisUnavailable(_))
    }

    pub(crate) fn corrupt(table: &'static str, id: &str, reason: impl std::fmt::Display) -> Self {
        Error::Corrupt { table, id: id.to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Error::File { path, source }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if is_passing(&error) { Error::Unavailable(error) } else { Error::Refused(error) }
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(error) if is_passing(&error) => Error::Unavailable(error),
            error => Error::Migration(Box::new(error)),
        }
    }
}

/// Whether the same statement may succeed later.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            if code.len() == 5 {
                // PostgreSQL: connection lost, rolled back to be repeated, out of resources,
                // cancelled by a time limit or shutting down, waited too long for a lock.
                ["08", "40", "53", "57", "55P03"].iter().any(|class| code.starts_with(class))
            } else {
                // SQLite: busy, locked, input or output error, disk full, and their kinds.
                code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13))
            }
        }),
        _ => false,
    }
}

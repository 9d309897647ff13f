//! Opening the store: connections, migrations and the check of the key.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use domain::Secret;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::watch;

use crate::audit::Actor;
use crate::data_dir::private;
use crate::engine::{Db, Pen, on};
use crate::{Error, Keyring, Reader, Writer};

const DATABASE_FILE: &str = "medianest.db";
const FINGERPRINT: &str = "key_fingerprint";

static SQLITE_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/postgres");

/// Where the rows are and how their secrets are encrypted.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// `postgres://…`; absent for SQLite in the data folder.
    pub url: Option<Secret>,
    pub data_dir: PathBuf,
    pub keys: Keyring,
}

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// The open store. Hand out [`Store::reader`] and [`Store::writer`].
#[derive(Clone)]
pub struct Store {
    reader: Reader,
    writer: Writer,
}

impl Store {
    /// Connects, brings the tables up to date (once, however many start together) and checks
    /// that the key is the one that the database was made with.
    ///
    /// # Errors
    /// [`Error::BadAddress`], [`Error::Unavailable`], [`Error::Migration`], [`Error::WrongKey`],
    /// [`Error::File`].
    pub async fn open(settings: &StoreSettings) -> Result<Self, Error> {
        let (db, readers, sign_in) = match &settings.url {
            Some(url) => open_postgres(url).await?,
            None => open_sqlite(&settings.data_dir).await?,
        };
        let keys = settings.keys.clone();
        let pen = Pen { keys: keys.clone(), changes: watch::Sender::new(0), actor: Actor::default() };
        let store = Self { reader: Reader { db: readers, sign_in, keys }, writer: Writer { db, pen } };
        store.check_key().await?;
        Ok(store)
    }

    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    pub fn writer(&self) -> Writer {
        self.writer.clone()
    }

    pub fn engine(&self) -> Engine {
        match self.writer.db {
            Db::Sqlite(_) => Engine::Sqlite,
            Db::Postgres(_) => Engine::Postgres,
        }
    }

    /// Changes whenever this process committed a row to the outbox. A change between two waits
    /// is not lost.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.writer.pen.changes.subscribe()
    }

    /// Closes every connection; on SQLite this also folds the write-ahead log into the file.
    pub async fn close(&self) {
        on!(&self.reader.db, pool => pool.close().await);
        on!(&self.reader.sign_in, pool => pool.close().await);
        on!(&self.writer.db, pool => pool.close().await);
    }

    /// Whether the database answers, for the readiness door. Reads and does not write.
    pub async fn is_alive(&self) -> bool {
        let answer: Result<i64, sqlx::Error> = on!(&self.reader.sign_in, pool => {
            sqlx::query_scalar("SELECT now FROM clock").fetch_one(pool).await
        });
        answer.is_ok()
    }

    async fn check_key(&self) -> Result<(), Error> {
        let keys = &self.writer.pen.keys;
        if self.reader.setting(FINGERPRINT).await?.is_none() {
            // The file comes first: a crash in between leaves a key without a database rather
            // than a database without its key.
            keys.save()?;
            self.writer.add_setting(FINGERPRINT, keys.fingerprint()).await?;
        }
        // Asked again, as another instance may have been first.
        let expected = self.reader.setting(FINGERPRINT).await?.unwrap_or_default();
        if expected != keys.fingerprint() {
            return Err(Error::WrongKey { expected, ours: keys.fingerprint().to_owned() });
        }
        Ok(())
    }
}

/// One connection that writes and four that read: SQLite has one writer at a time anyway, and
/// waiting for our own queue is fair where waiting for its lock is not.
async fn open_sqlite(data_dir: &Path) -> Result<(Db, Db, Db), Error> {
    let path = data_dir.join(DATABASE_FILE);
    // Made by us for its mode; SQLite gives its other files the mode of this one.
    private().create(true).truncate(false).open(&path).map_err(Error::file(&path))?;
    let common =
        SqliteConnectOptions::new().filename(&path).foreign_keys(true).busy_timeout(Duration::from_secs(5));
    let writing = common.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(5))
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(writing)
        .await?;
    SQLITE_MIGRATIONS.run(&writer).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(2))
        .max_lifetime(None)
        .connect_lazy_with(common.read_only(true));
    Ok((Db::Sqlite(writer), Db::Sqlite(readers.clone()), Db::Sqlite(readers)))
}

/// Twenty connections: eighteen for everything and two for signing in.
async fn open_postgres(url: &Secret) -> Result<(Db, Db, Db), Error> {
    // The parser's own words may quote the address with its password.
    let options = PgConnectOptions::from_str(url.expose())
        .map_err(|_| Error::BadAddress("it must look like postgres://user:password@host/name".to_owned()))?
        .application_name("medianest");
    migrate_postgres(options.clone()).await?;
    let options = options.options([
        ("statement_timeout", "5s"),
        ("lock_timeout", "3s"),
        ("idle_in_transaction_session_timeout", "10s"),
    ]);
    let main = postgres_pool(18).connect_lazy_with(options.clone());
    let sign_in = postgres_pool(2).connect_lazy_with(options);
    Ok((Db::Postgres(main.clone()), Db::Postgres(main), Db::Postgres(sign_in)))
}

/// Over a connection without time limits: instances that start together wait for one another
/// (the migrator holds an advisory lock), and a migration may take its time.
async fn migrate_postgres(options: PgConnectOptions) -> Result<(), Error> {
    let pool = postgres_pool(1).connect_with(options).await?;
    let migrated = POSTGRES_MIGRATIONS.run(&pool).await;
    pool.close().await;
    Ok(migrated?)
}

fn postgres_pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new().max_connections(connections).acquire_timeout(Duration::from_secs(2))
}

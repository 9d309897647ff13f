//! The two databases behind one set of statements.
//!
//! A repository function is written once. [`on!`] expands its body once for SQLite and once for
//! PostgreSQL, so both are statically typed by their native drivers; what the dialects do not
//! share (the clock, triggers, identity columns) lives in the migrations.

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool};
use tokio::sync::watch;

use crate::audit::Actor;
use crate::{Error, Keyring};

/// One of the two engines.
#[derive(Clone)]
pub(crate) enum Db {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Runs `$body` with `$pool` bound to the pool of whichever engine it is.
macro_rules! on {
    ($db:expr, $pool:ident => $body:expr) => {
        match $db {
            $crate::engine::Db::Sqlite($pool) => $body,
            $crate::engine::Db::Postgres($pool) => $body,
        }
    };
}

/// Runs `$body` in a transaction and gives its value after the commit. Leaving it early, with
/// `?` or `return`, rolls back.
macro_rules! in_transaction {
    ($writer:expr, $tx:ident => $body:expr) => {
        match &$writer.db {
            $crate::engine::Db::Sqlite(pool) => {
                let mut $tx = $crate::engine::Tx::<sqlx::Sqlite>::begin(pool, $writer).await?;
                let value = $body;
                $tx.commit().await?;
                value
            }
            $crate::engine::Db::Postgres(pool) => {
                let mut $tx = $crate::engine::Tx::<sqlx::Postgres>::begin(pool, $writer).await?;
                let value = $body;
                $tx.commit().await?;
                value
            }
        }
    };
}

/// Instantiates methods of [`Tx`] for both engines.
macro_rules! in_both {
    ($($item:item)*) => {
        impl $crate::engine::Tx<sqlx::Sqlite> { $($item)* }
        impl $crate::engine::Tx<sqlx::Postgres> { $($item)* }
    };
}

pub(crate) use {in_both, in_transaction, on};

/// What a writer needs besides the pool.
#[derive(Clone)]
pub(crate) struct Pen {
    pub(crate) keys: Keyring,
    /// Counts commits that left something in the outbox.
    pub(crate) changes: watch::Sender<u64>,
    /// Who is written into the audit log.
    pub(crate) actor: Actor,
}

/// A transaction that knows whether it wrote to the outbox.
pub(crate) struct Tx<DB: sqlx::Database> {
    inner: sqlx::Transaction<'static, DB>,
    pub(crate) pen: Pen,
    pub(crate) has_events: bool,
}

macro_rules! transaction {
    ($engine:ty, $begin:literal) => {
        impl Tx<$engine> {
            pub(crate) async fn begin(
                pool: &sqlx::Pool<$engine>,
                writer: &crate::Writer,
            ) -> Result<Self, Error> {
                let inner = pool.begin_with($begin).await?;
                Ok(Self { inner, pen: writer.pen.clone(), has_events: false })
            }

            pub(crate) async fn commit(self) -> Result<(), Error> {
                self.inner.commit().await?;
                if self.has_events {
                    self.pen.changes.send_modify(|count| *count += 1);
                }
                Ok(())
            }
        }

        impl std::ops::Deref for Tx<$engine> {
            type Target = <$engine as sqlx::Database>::Connection;

            fn deref(&self) -> &Self::Target {
                &self.inner
            }
        }

        impl std::ops::DerefMut for Tx<$engine> {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.inner
            }
        }
    };
}

// A transaction of SQLite takes the write lock at once: one that reads first and writes later
// fails when somebody else wrote in between, and no waiting helps.
transaction!(Sqlite, "BEGIN IMMEDIATE");
transaction!(Postgres, "BEGIN");

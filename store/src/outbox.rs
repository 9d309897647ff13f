//! Facts on their way to the browsers.
//!
//! An event is written in the transaction of the change it tells of, and published later by
//! whoever holds the lease `outbox-relay`. Rows are found by `published_at IS NULL` and not by
//! a remembered id: a transaction that commits late has a low id and must not be skipped.

use domain::Timestamp;
use domain::event::Event;

use crate::engine::{in_both, in_transaction, on};
use crate::{Error, Reader, Writer};

/// An event that waits to be published.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxRow {
    pub id: i64,
    /// Absent when we can't read it: another version of the portal wrote it.
    pub event: Option<Event>,
    pub created_at: Timestamp,
}

in_both! {
    /// Writes an event; it becomes visible, and the relay is woken, with the commit. A word to a
    /// person is kept in their inbox too.
    pub(crate) async fn tell(&mut self, event: &Event) -> Result<(), Error> {
        let now = Timestamp::now().as_millis();
        let json = serde_json::to_string(event).expect("an event is plain data");
        sqlx::query("INSERT INTO outbox (event, created_at) VALUES ($1, $2)")
            .bind(json)
            .bind(now)
            .execute(&mut **self)
            .await?;
        if let Event::Notified { user, tone, title, body } = event {
            self.keep_notification(*user, *tone, title, body).await?;
        }
        self.has_events = true;
        Ok(())
    }
}

impl Reader {
    /// The oldest events that nobody published yet, in the order in which they are published.
    pub async fn outbox_pending(&self, limit: u32) -> Result<Vec<OutboxRow>, Error> {
        let rows: Vec<(i64, String, i64)> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT id, event, created_at FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT $1",
            )
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await?
        });
        let read = |id: i64, event: &str| {
            serde_json::from_str(event)
                .inspect_err(|error| tracing::warn!(id, %error, "passed over an event that is not ours"))
                .ok()
        };
        let row = |(id, event, created_at): (i64, String, i64)| OutboxRow {
            id,
            event: read(id, &event),
            created_at: Timestamp::from_millis(created_at),
        };
        Ok(rows.into_iter().map(row).collect())
    }
}

impl Writer {
    /// Announces something that no row of ours tells, such as an alert about the system.
    pub async fn announce(&self, event: &Event) -> Result<(), Error> {
        in_transaction!(self, tx => tx.tell(event).await?);
        Ok(())
    }

    /// Takes events off the list of those to publish.
    pub async fn mark_published(&self, ids: &[i64]) -> Result<(), Error> {
        let now = Timestamp::now().as_millis();
        in_transaction!(self, tx => {
            for id in ids {
                sqlx::query("UPDATE outbox SET published_at = $2 WHERE id = $1")
                    .bind(id)
                    .bind(now)
                    .execute(&mut *tx)
                    .await?;
            }
        });
        Ok(())
    }

    /// Forgets events that were published before `before`, for the maintenance. Gives their number.
    pub async fn purge_outbox(&self, before: Timestamp) -> Result<u64, Error> {
        Ok(on!(&self.db, pool => {
            sqlx::query("DELETE FROM outbox WHERE published_at < $1")
                .bind(before.as_millis())
                .execute(pool)
                .await?
                .rows_affected()
        }))
    }
}

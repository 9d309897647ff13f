//! Everybody's inbox: the words that were pushed to them, for when they were away.

use domain::event::Tone;
use domain::{Cursor, Page, Timestamp, UserId};

use crate::engine::{in_both, on};
use crate::paging::{self, Newest, clamp};
use crate::{Error, Reader, Writer};

/// One word to one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    pub id: String,
    pub user: UserId,
    pub tone: Tone,
    pub title: String,
    pub body: String,
    pub created_at: Timestamp,
    pub read_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct NotificationRow {
    id: String,
    user_id: String,
    tone: String,
    title: String,
    body: String,
    created_at: i64,
    read_at: Option<i64>,
}

impl TryFrom<NotificationRow> for Notification {
    type Error = Error;

    fn try_from(row: NotificationRow) -> Result<Self, Error> {
        let user = row.user_id.parse().map_err(|error| Error::corrupt("notifications", &row.id, error))?;
        let tone = serde_json::from_value(row.tone.into())
            .map_err(|error| Error::corrupt("notifications", &row.id, error))?;
        Ok(Notification {
            user,
            tone,
            id: row.id,
            title: row.title,
            body: row.body,
            created_at: Timestamp::from_millis(row.created_at),
            read_at: row.read_at.map(Timestamp::from_millis),
        })
    }
}

in_both! {
    pub(crate) async fn keep_notification(
        &mut self,
        user: UserId,
        tone: Tone,
        title: &str,
        body: &str,
    ) -> Result<(), Error> {
        let tone = match serde_json::to_value(tone) {
            Ok(serde_json::Value::String(word)) => word,
            _ => "info".to_owned(),
        };
        // Nothing is inserted for a person who is gone.
        sqlx::query(
            "INSERT INTO notifications (id, user_id, tone, title, body, created_at)
             SELECT $1, id, $3, $4, $5, $6 FROM users WHERE id = $2",
        )
        .bind(uuid::Uuid::now_v7().to_string())
        .bind(user.to_string())
        .bind(tone)
        .bind(title)
        .bind(body)
        .bind(Timestamp::now().as_millis())
        .execute(&mut **self)
        .await?;
        Ok(())
    }
}

impl Reader {
    /// A person's inbox, the newest first.
    pub async fn notifications(
        &self,
        user: UserId,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Notification>, Error> {
        let (limit, after) = (clamp(limit), Newest::after(after)?);
        let rows: Vec<NotificationRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT id, user_id, tone, title, body, created_at, read_at FROM notifications
                 WHERE user_id = $1 AND (created_at, id) < ($2, $3)
                 ORDER BY created_at DESC, id DESC LIMIT $4",
            )
            .bind(user.to_string())
            .bind(after.at)
            .bind(after.id)
            .bind(i64::from(limit) + 1)
            .fetch_all(pool)
            .await?
        });
        let page =
            paging::page(rows, limit, |last| Newest { at: last.created_at, id: last.id.clone() }.cursor());
        let items = page.items.into_iter().map(Notification::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, next: page.next })
    }

    /// How many words a person has not read.
    pub async fn unread_notifications(&self, user: UserId) -> Result<u32, Error> {
        let unread: i64 = on!(&self.db, pool => {
            sqlx::query_scalar("SELECT COUNT(*) FROM notifications WHERE user_id = $1 AND read_at IS NULL")
                .bind(user.to_string())
                .fetch_one(pool)
                .await?
        });
        Ok(unread as u32)
    }
}

impl Writer {
    /// Marks everything up to `until` in a person's inbox as read. Gives the number of words.
    pub async fn read_notifications(&self, user: UserId, until: Timestamp) -> Result<u64, Error> {
        Ok(on!(&self.db, pool => {
            sqlx::query(
                "UPDATE notifications SET read_at = $3
                 WHERE user_id = $1 AND created_at <= $2 AND read_at IS NULL",
            )
            .bind(user.to_string())
            .bind(until.as_millis())
            .bind(Timestamp::now().as_millis())
            .execute(pool)
            .await?
            .rows_affected()
        }))
    }

    /// Forgets words from before `before`, for the maintenance. Gives their number.
    pub async fn purge_notifications(&self, before: Timestamp) -> Result<u64, Error> {
        Ok(on!(&self.db, pool => {
            sqlx::query("DELETE FROM notifications WHERE created_at < $1")
                .bind(before.as_millis())
                .execute(pool)
                .await?
                .rows_affected()
        }))
    }
}

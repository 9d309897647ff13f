//! Small facts about the household, by name.

use domain::Timestamp;

use crate::engine::on;
use crate::{Error, Reader, Writer};

impl Reader {
    /// The value of a setting, or nothing when it was never set.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, Error> {
        Ok(on!(&self.db, pool => {
            sqlx::query_scalar("SELECT value FROM settings WHERE key = $1").bind(key).fetch_optional(pool).await?
        }))
    }
}

impl Writer {
    /// Sets a value, whatever it was.
    pub async fn set_setting(&self, key: &str, value: &str) -> Result<(), Error> {
        on!(&self.db, pool => {
            sqlx::query(
                "INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
            )
            .bind(key)
            .bind(value)
            .bind(Timestamp::now().as_millis())
            .execute(pool)
            .await?;
        });
        Ok(())
    }

    /// Sets a value that was never set. Says whether this call did it; among many that try at
    /// the same time exactly one does.
    pub async fn add_setting(&self, key: &str, value: &str) -> Result<bool, Error> {
        let added = on!(&self.db, pool => {
            sqlx::query(
                "INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING",
            )
            .bind(key)
            .bind(value)
            .bind(Timestamp::now().as_millis())
            .execute(pool)
            .await?
            .rows_affected()
        });
        Ok(added == 1)
    }
}

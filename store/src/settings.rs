//! Small facts about the household, by name.

use domain::{Secret, Timestamp};

use crate::engine::on;
use crate::keyring::Place;
use crate::{Error, Reader, Writer};

fn place(key: &str) -> Place<'_> {
    Place { table: "settings", column: "value", row: key }
}

impl Reader {
    /// A value that was kept encrypted.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when the row was tampered with, or was never encrypted.
    pub async fn secret_setting(&self, key: &str) -> Result<Option<Secret>, Error> {
        self.setting(key).await?.map(|sealed| self.keys.open(place(key), &sealed)).transpose()
    }

    /// The value of a setting, or nothing when it was never set.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, Error> {
        Ok(on!(&self.db, pool => {
            sqlx::query_scalar("SELECT value FROM settings WHERE key = $1").bind(key).fetch_optional(pool).await?
        }))
    }
}

impl Writer {
    /// Sets a value, encrypted for this key alone, or takes it away.
    pub async fn set_secret_setting(&self, key: &str, value: Option<&Secret>) -> Result<(), Error> {
        let Some(value) = value else {
            on!(&self.db, pool => {
                sqlx::query("DELETE FROM settings WHERE key = $1").bind(key).execute(pool).await?;
            });
            return Ok(());
        };
        self.set_setting(key, &self.pen.keys.seal(place(key), value)).await
    }

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

//! The secrets of webhook doors, and what was heard there. Only the SHA-256 of a secret is kept.

use domain::Timestamp;
use domain::service::{ServiceKind, ServiceName};
use serde_json::json;

use crate::engine::{in_transaction, on};
use crate::{Error, Reader, Writer};

impl Reader {
    /// The SHA-256 of the secret that the service of this kind sends; nothing when none was made.
    pub async fn webhook_hash(&self, kind: ServiceKind) -> Result<Option<[u8; 32]>, Error> {
        let hash: Option<Vec<u8>> = on!(&self.db, pool => {
            sqlx::query_scalar(
                "SELECT w.hash FROM webhook_secrets w JOIN service_config s ON s.id = w.service_id
                 WHERE s.kind = $1",
            )
            .bind(kind.as_str())
            .fetch_optional(pool)
            .await?
        });
        let damaged = |_| Error::corrupt("webhook_secrets", kind.as_str(), "not a SHA-256");
        hash.map(|hash| <[u8; 32]>::try_from(hash).map_err(damaged)).transpose()
    }
}

impl Writer {
    /// Sets the secret of a service's webhook; the one before opens nothing any more.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_webhook_hash(&self, service: &ServiceName, hash: &[u8; 32]) -> Result<(), Error> {
        in_transaction!(self, tx => {
            tx.line_up().await?;
            let set = sqlx::query(
                "INSERT INTO webhook_secrets (service_id, hash, created_at)
                 SELECT id, $2, $3 FROM service_config WHERE service_name = $1
                 ON CONFLICT (service_id) DO UPDATE SET hash = excluded.hash, created_at = excluded.created_at",
            )
            .bind(service.as_str())
            .bind(hash.as_slice())
            .bind(Timestamp::now().as_millis())
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if set == 0 {
                return Err(Error::NotFound("service"));
            }
            tx.audit("service.webhook", &format!("service {service}"), json!({ "secret": "changed" })).await?;
        });
        Ok(())
    }

    /// Notes the SHA-256 of a body that came from `source`. Says whether it is new.
    pub async fn note_webhook(&self, source: &str, hash: &[u8; 32]) -> Result<bool, Error> {
        let noted = on!(&self.db, pool => {
            sqlx::query(
                "INSERT INTO webhook_receipts (source, hash, received_at) VALUES ($1, $2, $3)
                 ON CONFLICT (source, hash) DO NOTHING",
            )
            .bind(source)
            .bind(hash.as_slice())
            .bind(Timestamp::now().as_millis())
            .execute(pool)
            .await?
            .rows_affected()
        });
        Ok(noted == 1)
    }

    /// Forgets bodies from before `before`, for the maintenance. Gives their number.
    pub async fn purge_webhooks(&self, before: Timestamp) -> Result<u64, Error> {
        Ok(on!(&self.db, pool => {
            sqlx::query("DELETE FROM webhook_receipts WHERE received_at < $1")
                .bind(before.as_millis())
                .execute(pool)
                .await?
                .rows_affected()
        }))
    }
}

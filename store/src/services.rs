//! The services that the portal watches and uses.

use std::time::Duration;

use domain::event::Event;
use domain::service::{Service, ServiceKind, ServiceName, ServiceStatus};
use domain::{Secret, ServiceId, Timestamp};
use serde_json::{Value, json};

use crate::engine::{in_both, in_transaction, on};
use crate::keyring::Place;
use crate::{Conflict, Error, Reader, Writer};

/// A service that is about to be configured.
#[derive(Debug, Clone)]
pub struct NewService {
    pub name: ServiceName,
    pub kind: ServiceKind,
    pub url: String,
    pub interval: Duration,
    pub timeout: Option<Duration>,
    pub api_key: Option<Secret>,
    pub enabled: bool,
}

/// What an admin changes of a service; absent fields stay.
#[derive(Debug, Clone, Default)]
pub struct ServicePatch {
    pub url: Option<String>,
    pub interval: Option<Duration>,
    /// `Some(None)` goes back to the default.
    pub timeout: Option<Option<Duration>>,
    /// `Some(None)` takes the key away.
    pub api_key: Option<Option<Secret>>,
    pub enabled: Option<bool>,
    /// Replaces the settings of its kind as a whole.
    pub config: Option<Value>,
}

#[derive(sqlx::FromRow)]
struct ServiceRow {
    id: String,
    service_name: String,
    kind: String,
    service_url: String,
    interval_ms: i64,
    timeout_ms: Option<i64>,
    enabled: bool,
    has_api_key: bool,
    config_data: Option<String>,
    status: String,
    status_since: i64,
    version: i64,
    updated_at: i64,
}

impl TryFrom<ServiceRow> for Service {
    type Error = Error;

    fn try_from(row: ServiceRow) -> Result<Self, Error> {
        let corrupt = |reason: &dyn std::fmt::Display| Error::corrupt("service_config", &row.id, reason);
        Ok(Service {
            id: row.id.parse().map_err(|error: uuid::Error| corrupt(&error))?,
            name: row.service_name.parse().map_err(|error: domain::user::Invalid| corrupt(&error))?,
            kind: row.kind.parse().map_err(|error: domain::user::Invalid| corrupt(&error))?,
            status: row.status.parse().map_err(|error: domain::user::Invalid| corrupt(&error))?,
            url: row.service_url,
            interval: millis(row.interval_ms),
            timeout: row.timeout_ms.map(millis),
            enabled: row.enabled,
            has_api_key: row.has_api_key,
            config: match &row.config_data {
                Some(text) => serde_json::from_str(text).map_err(|error| corrupt(&error))?,
                None => Value::Null,
            },
            since: Timestamp::from_millis(row.status_since),
            version: row.version,
            updated_at: Timestamp::from_millis(row.updated_at),
        })
    }
}

fn millis(millis: i64) -> Duration {
    Duration::from_millis(millis.max(0) as u64)
}

fn place(row: &str) -> Place<'_> {
    Place { table: "service_config", column: "api_key", row }
}

impl Reader {
    /// Every configured service, sorted by name.
    pub async fn services(&self) -> Result<Vec<Service>, Error> {
        let rows: Vec<ServiceRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT id, service_name, kind, service_url, interval_ms, timeout_ms, enabled,
                        api_key IS NOT NULL AS has_api_key, config_data, status, status_since, version, updated_at
                 FROM service_config ORDER BY service_name",
            )
            .fetch_all(pool)
            .await?
        });
        rows.into_iter().map(Service::try_from).collect()
    }

    /// A service by name.
    pub async fn service(&self, name: &ServiceName) -> Result<Option<Service>, Error> {
        let row: Option<ServiceRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT id, service_name, kind, service_url, interval_ms, timeout_ms, enabled,
                        api_key IS NOT NULL AS has_api_key, config_data, status, status_since, version, updated_at
                 FROM service_config WHERE service_name = $1",
            )
            .bind(name.as_str())
            .fetch_optional(pool)
            .await?
        });
        row.map(Service::try_from).transpose()
    }

    /// The API key of a service, decrypted.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when the row was tampered with.
    pub async fn service_secret(&self, name: &ServiceName) -> Result<Option<Secret>, Error> {
        let row: Option<(String, Option<String>)> = on!(&self.db, pool => {
            sqlx::query_as("SELECT id, api_key FROM service_config WHERE service_name = $1")
                .bind(name.as_str())
                .fetch_optional(pool)
                .await?
        });
        match row {
            Some((id, Some(sealed))) => self.keys.open(place(&id), &sealed).map(Some),
            _ => Ok(None),
        }
    }
}

in_both! {
    /// Locks the row until the end of the transaction and reads it.
    async fn lock_service(&mut self, name: &ServiceName) -> Result<Service, Error> {
        let row: Option<ServiceRow> = sqlx::query_as(
            "UPDATE service_config SET version = version + 1 WHERE service_name = $1
             RETURNING id, service_name, kind, service_url, interval_ms, timeout_ms, enabled,
                       api_key IS NOT NULL AS has_api_key, config_data, status, status_since, version, updated_at",
        )
        .bind(name.as_str())
        .fetch_optional(&mut **self)
        .await?;
        row.ok_or(Error::NotFound("service"))?.try_into()
    }
}

impl Writer {
    /// Configures a service.
    ///
    /// # Errors
    /// [`Conflict::ServiceNameTaken`]; [`Conflict::ServiceKindTaken`] for a second one of a kind
    /// that a household has once.
    pub async fn create_service(&self, new: &NewService) -> Result<Service, Error> {
        let now = Timestamp::now();
        let service = Service {
            id: ServiceId::generate(),
            name: new.name.clone(),
            kind: new.kind,
            url: new.url.clone(),
            interval: new.interval,
            timeout: new.timeout,
            enabled: new.enabled,
            has_api_key: new.api_key.is_some(),
            config: Value::Null,
            status: status_of(new.enabled),
            since: now,
            version: 1,
            updated_at: now,
        };
        let id = service.id.to_string();
        let sealed = new.api_key.as_ref().map(|key| self.pen.keys.seal(place(&id), key));
        in_transaction!(self, tx => {
            let inserted = sqlx::query(
                "INSERT INTO service_config (id, service_name, kind, service_url, api_key, enabled,
                     interval_ms, timeout_ms, status, status_since, created_at, updated_at, updated_by)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10, $11)
                 ON CONFLICT DO NOTHING",
            )
            .bind(&id)
            .bind(service.name.as_str())
            .bind(service.kind.as_str())
            .bind(&service.url)
            .bind(sealed)
            .bind(service.enabled)
            .bind(service.interval.as_millis() as i64)
            .bind(service.timeout.map(|timeout| timeout.as_millis() as i64))
            .bind(service.status.as_str())
            .bind(now.as_millis())
            .bind(self.pen.actor.user.map(|user| user.to_string()))
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if inserted == 0 {
                let same_name: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM service_config WHERE service_name = $1")
                    .bind(service.name.as_str())
                    .fetch_one(&mut *tx)
                    .await?;
                let taken =
                    if same_name > 0 { Conflict::ServiceNameTaken } else { Conflict::ServiceKindTaken };
                return Err(taken.into());
            }
            let detail = json!({
                "kind": service.kind, "url": service.url, "enabled": service.enabled,
                "interval_ms": service.interval.as_millis() as u64, "api_key": service.has_api_key,
            });
            tx.audit("service.create", &format!("service {}", service.name), detail).await?;
            tx.tell(&Event::service_changed(&service.name, service.version)).await?;
        });
        Ok(service)
    }

    /// Changes a service. A new address or switching it on makes its status `unknown` until
    /// the next probe; switching it off makes it `paused`.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn update_service(&self, name: &ServiceName, patch: &ServicePatch) -> Result<Service, Error> {
        let now = Timestamp::now();
        Ok(in_transaction!(self, tx => {
            let before = tx.lock_service(name).await?;
            let mut after = Service { updated_at: now, ..before.clone() };
            if let Some(url) = &patch.url {
                after.url.clone_from(url);
            }
            after.interval = patch.interval.unwrap_or(before.interval);
            after.timeout = patch.timeout.unwrap_or(before.timeout);
            after.enabled = patch.enabled.unwrap_or(before.enabled);
            if let Some(config) = &patch.config {
                after.config = config.clone();
            }
            if after.enabled != before.enabled || after.url != before.url {
                after.status = status_of(after.enabled);
                after.since = if after.status == before.status { before.since } else { now };
            }
            sqlx::query(
                "UPDATE service_config
                 SET service_url = $2, interval_ms = $3, timeout_ms = $4, enabled = $5, status = $6,
                     status_since = $7, updated_at = $8, updated_by = $9, config_data = $10
                 WHERE service_name = $1",
            )
            .bind(name.as_str())
            .bind(&after.url)
            .bind(after.interval.as_millis() as i64)
            .bind(after.timeout.map(|timeout| timeout.as_millis() as i64))
            .bind(after.enabled)
            .bind(after.status.as_str())
            .bind(after.since.as_millis())
            .bind(now.as_millis())
            .bind(self.pen.actor.user.map(|user| user.to_string()))
            .bind((!after.config.is_null()).then(|| after.config.to_string()))
            .execute(&mut *tx)
            .await?;
            if let Some(api_key) = &patch.api_key {
                let id = before.id.to_string();
                let sealed = api_key.as_ref().map(|key| self.pen.keys.seal(place(&id), key));
                after.has_api_key = sealed.is_some();
                sqlx::query("UPDATE service_config SET api_key = $2 WHERE id = $1")
                    .bind(id)
                    .bind(sealed)
                    .execute(&mut *tx)
                    .await?;
            }
            let side = |service: &Service| {
                json!({
                    "url": service.url, "enabled": service.enabled,
                    "interval_ms": service.interval.as_millis() as u64,
                    "timeout_ms": service.timeout.map(|timeout| timeout.as_millis() as u64),
                })
            };
            let detail = json!({
                "before": side(&before), "after": side(&after),
                "api_key": if patch.api_key.is_some() { "changed" } else { "unchanged" },
            });
            tx.audit("service.update", &format!("service {name}"), detail).await?;
            tx.tell(&Event::service_changed(name, after.version)).await?;
            after
        }))
    }

    /// Forgets a service and everything that was seen of it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete_service(&self, name: &ServiceName) -> Result<(), Error> {
        in_transaction!(self, tx => {
            let service = tx.lock_service(name).await?;
            sqlx::query("DELETE FROM service_config WHERE id = $1")
                .bind(service.id.to_string())
                .execute(&mut *tx)
                .await?;
            tx.audit("service.delete", &format!("service {name}"), json!({ "url": service.url })).await?;
            tx.tell(&Event::service_changed(name, service.version)).await?;
        });
        Ok(())
    }

    /// Remembers what the monitor says, and tells everybody when that is a change. Gives the
    /// version of the row.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn record_status(
        &self,
        name: &ServiceName,
        status: ServiceStatus,
        at: Timestamp,
        message: Option<&str>,
    ) -> Result<i64, Error> {
        Ok(in_transaction!(self, tx => {
            let changed: Option<i64> = sqlx::query_scalar(
                "UPDATE service_config
                 SET status_since = CASE WHEN status = $2 THEN status_since ELSE $3 END,
                     status = $2, status_message = $4, version = version + 1
                 WHERE service_name = $1
                   AND (status <> $2 OR COALESCE(status_message, '') <> COALESCE($4, ''))
                 RETURNING version",
            )
            .bind(name.as_str())
            .bind(status.as_str())
            .bind(at.as_millis())
            .bind(message)
            .fetch_optional(&mut *tx)
            .await?;
            match changed {
                Some(version) => {
                    tx.tell(&Event::service_changed(name, version)).await?;
                    version
                }
                None => {
                    let version: Option<i64> =
                        sqlx::query_scalar("SELECT version FROM service_config WHERE service_name = $1")
                            .bind(name.as_str())
                            .fetch_optional(&mut *tx)
                            .await?;
                    version.ok_or(Error::NotFound("service"))?
                }
            }
        }))
    }
}

fn status_of(enabled: bool) -> ServiceStatus {
    if enabled { ServiceStatus::Unknown } else { ServiceStatus::Paused }
}

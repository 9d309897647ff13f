//! Things to do outside because of something that happened here: a scan, a submission, a
//! delivery. Each is queued once by kind and key, in the transaction of what caused it, and
//! done at least once; leases and fences are those of downloads.

use std::time::Duration;

use domain::Timestamp;
use serde_json::Value;

use crate::engine::{in_both, in_transaction, on};
use crate::{Error, NodeId, Reader, Writer};

/// Something to do outside.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEffect {
    /// What, such as `plex-scan`.
    pub kind: String,
    /// For what, such as the id of the download. Kind and key together happen once.
    pub key: String,
    pub payload: Value,
    /// Not before then; absent for at once.
    pub run_at: Option<Timestamp>,
}

/// An effect that waits to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    pub id: String,
    pub kind: String,
    pub key: String,
    pub payload: Value,
    /// How often it was begun.
    pub attempts: u32,
    pub run_at: Timestamp,
}

/// The right to work on an effect.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectLease {
    pub effect: Effect,
    pub fence: i64,
}

#[derive(sqlx::FromRow)]
struct EffectRow {
    id: String,
    kind: String,
    key: String,
    payload: String,
    attempts: i64,
    run_at: i64,
    fence: i64,
}

impl TryFrom<EffectRow> for EffectLease {
    type Error = Error;

    fn try_from(row: EffectRow) -> Result<Self, Error> {
        let payload =
            serde_json::from_str(&row.payload).map_err(|error| Error::corrupt("effects", &row.id, error))?;
        let effect = Effect {
            id: row.id,
            kind: row.kind,
            key: row.key,
            payload,
            attempts: row.attempts as u32,
            run_at: Timestamp::from_millis(row.run_at),
        };
        Ok(EffectLease { effect, fence: row.fence })
    }
}

in_both! {
    /// Queues an effect. Says whether it is new.
    pub(crate) async fn enqueue(&mut self, new: &NewEffect) -> Result<bool, Error> {
        let now = Timestamp::now();
        let queued = sqlx::query(
            "INSERT INTO effects (id, kind, key, payload, run_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (kind, key) DO NOTHING",
        )
        .bind(uuid::Uuid::now_v7().to_string())
        .bind(&new.kind)
        .bind(&new.key)
        .bind(new.payload.to_string())
        .bind(new.run_at.unwrap_or(now).as_millis())
        .bind(now.as_millis())
        .execute(&mut **self)
        .await?
        .rows_affected();
        Ok(queued == 1)
    }
}

in_both! {
    /// Queues an effect, also one that was done or given up before. One that is being done now
    /// is done once more when its payload is another one.
    pub(crate) async fn queue_again(&mut self, new: &NewEffect) -> Result<(), Error> {
        let now = Timestamp::now();
        sqlx::query(
            "INSERT INTO effects (id, kind, key, payload, run_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (kind, key) DO UPDATE SET
                 payload = excluded.payload, run_at = excluded.run_at, failure = NULL, finished_at = NULL,
                 attempts = 0, status = 'pending'",
        )
        .bind(uuid::Uuid::now_v7().to_string())
        .bind(&new.kind)
        .bind(&new.key)
        .bind(new.payload.to_string())
        .bind(new.run_at.unwrap_or(now).as_millis())
        .bind(now.as_millis())
        .execute(&mut **self)
        .await?;
        Ok(())
    }
}

impl Reader {
    /// Effects that may be begun now, the most overdue first.
    pub async fn due_effects(&self, limit: u32) -> Result<Vec<Effect>, Error> {
        let rows: Vec<EffectRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT id, kind, key, payload, attempts, run_at, fence FROM effects
                 WHERE status = 'pending' AND run_at <= (SELECT now FROM clock)
                   AND (lease_until IS NULL OR lease_until < (SELECT now FROM clock))
                 ORDER BY run_at, id LIMIT $1",
            )
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await?
        });
        rows.into_iter().map(|row| EffectLease::try_from(row).map(|lease| lease.effect)).collect()
    }

    /// Whether an effect of the same kind, whose key begins with `prefix`, was queued before this
    /// one and is not done.
    pub async fn has_earlier_effect(&self, effect: &Effect, prefix: &str) -> Result<bool, Error> {
        let earlier: i64 = on!(&self.db, pool => {
            sqlx::query_scalar(
                "SELECT COUNT(*) FROM effects
                 WHERE status = 'pending' AND kind = $1 AND id < $2 AND substr(key, 1, $4) = $3",
            )
            .bind(&effect.kind)
            .bind(&effect.id)
            .bind(prefix)
            .bind(prefix.chars().count() as i32)
            .fetch_one(pool)
            .await?
        });
        Ok(earlier > 0)
    }
}

impl Writer {
    /// Queues an effect by itself. Says whether it is new.
    pub async fn enqueue_effect(&self, new: &NewEffect) -> Result<bool, Error> {
        Ok(in_transaction!(self, tx => tx.enqueue(new).await?))
    }

    /// Takes an effect for `ttl` from now; nothing when somebody else was faster.
    pub async fn lease_effect(
        &self,
        id: &str,
        node: &NodeId,
        ttl: Duration,
    ) -> Result<Option<EffectLease>, Error> {
        let row: Option<EffectRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "UPDATE effects
                 SET node_id = $2, fence = fence + 1, attempts = attempts + 1,
                     lease_until = (SELECT now FROM clock) + $3
                 WHERE id = $1 AND status = 'pending' AND run_at <= (SELECT now FROM clock)
                   AND (lease_until IS NULL OR lease_until < (SELECT now FROM clock))
                 RETURNING id, kind, key, payload, attempts, run_at, fence",
            )
            .bind(id)
            .bind(node.as_str())
            .bind(ttl.as_millis() as i64)
            .fetch_optional(pool)
            .await?
        });
        row.map(EffectLease::try_from).transpose()
    }

    /// Keeps the effect for `ttl` from now.
    ///
    /// # Errors
    /// [`Error::Fenced`].
    pub async fn renew_effect(&self, lease: &EffectLease, ttl: Duration) -> Result<(), Error> {
        let renewed = on!(&self.db, pool => {
            sqlx::query(
                "UPDATE effects SET lease_until = (SELECT now FROM clock) + $3
                 WHERE id = $1 AND fence = $2 AND status = 'pending'",
            )
            .bind(&lease.effect.id)
            .bind(lease.fence)
            .bind(ttl.as_millis() as i64)
            .execute(pool)
            .await?
            .rows_affected()
        });
        if renewed == 1 { Ok(()) } else { Err(Error::Fenced) }
    }

    /// It is done, unless it was queued again with another payload meanwhile.
    ///
    /// # Errors
    /// [`Error::Fenced`].
    pub async fn finish_effect(&self, lease: &EffectLease) -> Result<(), Error> {
        let again = on!(&self.db, pool => {
            sqlx::query(
                "UPDATE effects SET lease_until = NULL, attempts = 0
                 WHERE id = $1 AND fence = $2 AND status = 'pending' AND payload <> $3",
            )
            .bind(&lease.effect.id)
            .bind(lease.fence)
            .bind(lease.effect.payload.to_string())
            .execute(pool)
            .await?
            .rows_affected()
        });
        if again == 1 { Ok(()) } else { self.end_effect(lease, "done", None, None).await }
    }

    /// It did not work; again at `run_at`.
    ///
    /// # Errors
    /// [`Error::Fenced`].
    pub async fn retry_effect(
        &self,
        lease: &EffectLease,
        run_at: Timestamp,
        reason: &str,
    ) -> Result<(), Error> {
        self.end_effect(lease, "pending", Some(run_at), Some(reason)).await
    }

    /// It will never work.
    ///
    /// # Errors
    /// [`Error::Fenced`].
    pub async fn fail_effect(&self, lease: &EffectLease, reason: &str) -> Result<(), Error> {
        self.end_effect(lease, "failed", None, Some(reason)).await
    }

    async fn end_effect(
        &self,
        lease: &EffectLease,
        status: &'static str,
        run_at: Option<Timestamp>,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        let ended = on!(&self.db, pool => {
            sqlx::query(
                "UPDATE effects
                 SET status = $3, run_at = COALESCE($4, run_at), failure = $5, lease_until = NULL,
                     finished_at = CASE WHEN $3 = 'pending' THEN NULL ELSE $6 END
                 WHERE id = $1 AND fence = $2 AND status = 'pending'",
            )
            .bind(&lease.effect.id)
            .bind(lease.fence)
            .bind(status)
            .bind(run_at.map(Timestamp::as_millis))
            .bind(reason)
            .bind(Timestamp::now().as_millis())
            .execute(pool)
            .await?
            .rows_affected()
        });
        if ended == 1 { Ok(()) } else { Err(Error::Fenced) }
    }

    /// At start: the effects that this node had begun may be begun again at once.
    pub async fn void_effect_leases_of(&self, node: &NodeId) -> Result<u64, Error> {
        Ok(on!(&self.db, pool => {
            sqlx::query(
                "UPDATE effects SET lease_until = NULL
                 WHERE node_id = $1 AND status = 'pending' AND lease_until IS NOT NULL",
            )
            .bind(node.as_str())
            .execute(pool)
            .await?
            .rows_affected()
        }))
    }

    /// Forgets effects that ended before `before`, for the maintenance. Gives their number. An
    /// effect that is forgotten could be queued again, so keep them longer than their causes.
    pub async fn purge_effects(&self, before: Timestamp) -> Result<u64, Error> {
        Ok(on!(&self.db, pool => {
            sqlx::query("DELETE FROM effects WHERE finished_at < $1")
                .bind(before.as_millis())
                .execute(pool)
                .await?
                .rows_affected()
        }))
    }
}

//! Which portals run, and which of them does what only one may do.
//!
//! A named lease (`outbox-relay`, `maintenance`, a monitor) has one owner at a time by the
//! database's clock, and a fence that grows with every change of owner, so that what a paused
//! owner still writes can be told from what the present one writes.

use std::time::Duration;

use domain::Timestamp;

use crate::engine::on;
use crate::{Error, NodeId, Reader, Writer};

/// A portal that reports itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    pub id: NodeId,
    pub version: String,
    /// Where others reach it, such as `10.0.0.7:8484`.
    pub address: Option<String>,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
}

impl Reader {
    /// Portals that reported themselves within `within`, sorted by name.
    pub async fn live_nodes(&self, within: Duration) -> Result<Vec<NodeRow>, Error> {
        let rows: Vec<(String, String, Option<String>, i64, i64)> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT id, version, address, started_at, seen_at FROM nodes
                 WHERE seen_at >= (SELECT now FROM clock) - $1 ORDER BY id",
            )
            .bind(within.as_millis() as i64)
            .fetch_all(pool)
            .await?
        });
        let node = |(id, version, address, started_at, seen_at)| NodeRow {
            id: NodeId(id),
            version,
            address,
            started_at: Timestamp::from_millis(started_at),
            seen_at: Timestamp::from_millis(seen_at),
        };
        Ok(rows.into_iter().map(node).collect())
    }
}

impl Writer {
    /// Takes or keeps the lease `name` for `ttl` from now. Gives its fence, or nothing while it
    /// is somebody else's.
    pub async fn acquire_lease(
        &self,
        name: &str,
        owner: &NodeId,
        ttl: Duration,
    ) -> Result<Option<i64>, Error> {
        Ok(on!(&self.db, pool => {
            sqlx::query_scalar(
                "INSERT INTO leases (name, owner, fence, expires_at)
                 VALUES ($1, $2, 1, (SELECT now FROM clock) + $3)
                 ON CONFLICT (name) DO UPDATE SET
                     fence = leases.fence + CASE WHEN leases.owner = excluded.owner THEN 0 ELSE 1 END,
                     owner = excluded.owner, expires_at = excluded.expires_at
                 WHERE leases.expires_at < (SELECT now FROM clock) OR leases.owner = excluded.owner
                 RETURNING fence",
            )
            .bind(name)
            .bind(owner.as_str())
            .bind(ttl.as_millis() as i64)
            .fetch_optional(pool)
            .await?
        }))
    }

    /// Keeps a lease for `ttl` from now.
    ///
    /// # Errors
    /// [`Error::Fenced`] when it is somebody else's by now.
    pub async fn renew(&self, name: &str, owner: &NodeId, fence: i64, ttl: Duration) -> Result<(), Error> {
        let renewed = on!(&self.db, pool => {
            sqlx::query(
                "UPDATE leases SET expires_at = (SELECT now FROM clock) + $4
                 WHERE name = $1 AND owner = $2 AND fence = $3",
            )
            .bind(name)
            .bind(owner.as_str())
            .bind(fence)
            .bind(ttl.as_millis() as i64)
            .execute(pool)
            .await?
            .rows_affected()
        });
        if renewed == 1 { Ok(()) } else { Err(Error::Fenced) }
    }

    /// Gives a lease back, so that the next owner need not wait for its end.
    pub async fn release(&self, name: &str, owner: &NodeId) -> Result<(), Error> {
        on!(&self.db, pool => {
            sqlx::query("UPDATE leases SET expires_at = 0 WHERE name = $1 AND owner = $2")
                .bind(name)
                .bind(owner.as_str())
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Reports this portal.
    pub async fn node_heartbeat(
        &self,
        node: &NodeId,
        version: &str,
        address: Option<&str>,
    ) -> Result<(), Error> {
        on!(&self.db, pool => {
            sqlx::query(
                "INSERT INTO nodes (id, version, address, started_at, seen_at)
                 VALUES ($1, $2, $3, (SELECT now FROM clock), (SELECT now FROM clock))
                 ON CONFLICT (id) DO UPDATE SET version = excluded.version, address = excluded.address,
                     seen_at = excluded.seen_at",
            )
            .bind(node.as_str())
            .bind(version)
            .bind(address)
            .execute(pool)
            .await?;
        });
        Ok(())
    }

    /// Takes this portal off the list, in an orderly stop.
    pub async fn forget_node(&self, node: &NodeId) -> Result<(), Error> {
        on!(&self.db, pool => {
            sqlx::query("DELETE FROM nodes WHERE id = $1").bind(node.as_str()).execute(pool).await?;
        });
        Ok(())
    }
}

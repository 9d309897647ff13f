//! Monitors that somebody else keeps: how they were last seen, when they turned, and sums over ten
//! minutes and over a day, for bars and for uptimes where nobody else works them out.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::event::{Event, Tone};
use domain::monitor::{KnownMonitor, MonitorBar, MonitorChange, MonitorSums, share_of};
use domain::service::ServiceName;
use domain::user::Role;

use crate::engine::{in_both, in_transaction, on};
use crate::paging::clamp;
use crate::{Error, Reader, Writer};

const TEN_MINUTES: i64 = 600_000;
const DAY: i64 = 24 * 6 * TEN_MINUTES;

const KEEP_TEN_MINUTES: i64 = 3 * DAY;
const KEEP_DAYS: i64 = 400 * DAY;
const KEEP_CHANGES: i64 = 90 * DAY;

/// What became of the monitors of one service since the last time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MonitorNews {
    /// New ones, and those that are not as they were.
    pub seen: Vec<KnownMonitor>,
    /// The keys of those that are gone.
    pub gone: Vec<String>,
    pub changes: Vec<MonitorChange>,
    pub sums: Vec<MonitorSums>,
}

impl MonitorNews {
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty() && self.gone.is_empty() && self.changes.is_empty() && self.sums.is_empty()
    }
}

#[derive(sqlx::FromRow)]
struct MonitorRow {
    monitor_key: String,
    name: String,
    kind: String,
    status: String,
    since: i64,
    message: Option<String>,
    seen_at: i64,
}

#[derive(sqlx::FromRow)]
struct ChangeRow {
    monitor_key: String,
    name: String,
    at: i64,
    status: String,
    message: Option<String>,
}

#[derive(sqlx::FromRow)]
struct SumRow {
    monitor_key: String,
    bar: i64,
    up: i64,
    pending: i64,
    down: i64,
    maintenance: i64,
    ping_sum_ms: i64,
    ping_count: i64,
}

impl Reader {
    /// The monitors of a service as they were last seen, sorted by key.
    pub async fn monitors(&self, service: &ServiceName) -> Result<Vec<KnownMonitor>, Error> {
        let rows: Vec<MonitorRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT m.monitor_key, m.name, m.kind, m.status, m.since, m.message, m.seen_at
                 FROM monitors m JOIN service_config s ON s.id = m.service_id
                 WHERE s.service_name = $1 ORDER BY m.monitor_key",
            )
            .bind(service.as_str())
            .fetch_all(pool)
            .await?
        });
        rows.into_iter()
            .map(|row| {
                let status = row.status.parse();
                Ok(KnownMonitor {
                    status: status.map_err(|error| Error::corrupt("monitors", &row.monitor_key, error))?,
                    key: row.monitor_key,
                    name: row.name,
                    kind: row.kind,
                    since: Timestamp::from_millis(row.since),
                    message: row.message,
                    seen_at: Timestamp::from_millis(row.seen_at),
                })
            })
            .collect()
    }

    /// When the monitors of a service turned, the newest first.
    pub async fn monitor_changes(
        &self,
        service: &ServiceName,
        limit: u32,
    ) -> Result<Vec<MonitorChange>, Error> {
        let rows: Vec<ChangeRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT c.monitor_key, c.name, c.at, c.status, c.message
                 FROM monitor_changes c JOIN service_config s ON s.id = c.service_id
                 WHERE s.service_name = $1 ORDER BY c.at DESC, c.monitor_key LIMIT $2",
            )
            .bind(service.as_str())
            .bind(i64::from(clamp(limit)))
            .fetch_all(pool)
            .await?
        });
        rows.into_iter()
            .map(|row| {
                let status = row.status.parse();
                Ok(MonitorChange {
                    status: status
                        .map_err(|error| Error::corrupt("monitor_changes", &row.monitor_key, error))?,
                    key: row.monitor_key,
                    name: row.name,
                    at: Timestamp::from_millis(row.at),
                    message: row.message,
                })
            })
            .collect()
    }

    /// `n` bars of equal width for every monitor of a service, oldest first, from `from` until
    /// `to`. Bars narrower than ten minutes make no sense.
    pub async fn monitor_bars(
        &self,
        service: &ServiceName,
        from: Timestamp,
        to: Timestamp,
        n: usize,
    ) -> Result<BTreeMap<String, Vec<MonitorBar>>, Error> {
        let n = n.clamp(1, 500);
        let from = from.as_millis().div_euclid(TEN_MINUTES) * TEN_MINUTES;
        let width = ((to.as_millis() - from).max(TEN_MINUTES) as u64).div_ceil(n as u64) as i64;
        let mut all: BTreeMap<String, Vec<MonitorBar>> = BTreeMap::new();
        for row in self.monitor_sums(service, TEN_MINUTES, from, width).await? {
            let bars = all.entry(row.monitor_key).or_insert_with(|| vec![MonitorBar::default(); n]);
            let at = usize::try_from(row.bar).unwrap_or_default().min(n - 1);
            bars[at] = MonitorBar {
                up: row.up as u32,
                pending: row.pending as u32,
                down: row.down as u32,
                maintenance: row.maintenance as u32,
                ping_ms: row.ping_sum_ms.checked_div(row.ping_count).map(|mean| mean as u32),
            };
        }
        Ok(all)
    }

    /// How long the monitors of a service were well since `since`, by [`share_of`], by key.
    pub async fn monitor_uptimes(
        &self,
        service: &ServiceName,
        since: Timestamp,
    ) -> Result<BTreeMap<String, f64>, Error> {
        let is_short = since.age().as_millis() as i64 <= 2 * DAY;
        let span = if is_short { TEN_MINUTES } else { DAY };
        let since = since.as_millis();
        // One bar that is wide enough for all of it.
        let rows = self.monitor_sums(service, span, since - span + 1, i64::MAX / 4).await?;
        let share = |row: SumRow| {
            let share = share_of(row.up as u64, row.pending as u64, row.down as u64, row.maintenance as u64)?;
            Some((row.monitor_key, share))
        };
        Ok(rows.into_iter().filter_map(share).collect())
    }

    async fn monitor_sums(
        &self,
        service: &ServiceName,
        span: i64,
        from: i64,
        width: i64,
    ) -> Result<Vec<SumRow>, Error> {
        Ok(on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT monitor_key, (at - $1) / $2 AS bar, CAST(SUM(up) AS BIGINT) AS up,
                        CAST(SUM(pending) AS BIGINT) AS pending, CAST(SUM(down) AS BIGINT) AS down,
                        CAST(SUM(maintenance) AS BIGINT) AS maintenance,
                        CAST(SUM(ping_sum_ms) AS BIGINT) AS ping_sum_ms,
                        CAST(SUM(ping_count) AS BIGINT) AS ping_count
                 FROM monitor_rollups
                 WHERE service_id = (SELECT id FROM service_config WHERE service_name = $3)
                   AND span_ms = $4 AND at >= $1
                 GROUP BY monitor_key, (at - $1) / $2 ORDER BY monitor_key",
            )
            .bind(from)
            .bind(width)
            .bind(service.as_str())
            .bind(span)
            .fetch_all(pool)
            .await?
        }))
    }
}

in_both! {
    async fn keep_monitor(&mut self, service: &str, monitor: &KnownMonitor) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO monitors (service_id, monitor_key, name, kind, status, since, message, seen_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (service_id, monitor_key) DO UPDATE SET
                 name = excluded.name, kind = excluded.kind, status = excluded.status,
                 since = excluded.since, message = excluded.message, seen_at = excluded.seen_at",
        )
        .bind(service)
        .bind(&monitor.key)
        .bind(&monitor.name)
        .bind(&monitor.kind)
        .bind(monitor.status.as_str())
        .bind(monitor.since.as_millis())
        .bind(&monitor.message)
        .bind(monitor.seen_at.as_millis())
        .execute(&mut **self)
        .await?;
        Ok(())
    }

    async fn forget_monitor(&mut self, service: &str, key: &str) -> Result<(), Error> {
        for sql in [
            "DELETE FROM monitors WHERE service_id = $1 AND monitor_key = $2",
            "DELETE FROM monitor_rollups WHERE service_id = $1 AND monitor_key = $2",
        ] {
            sqlx::query(sql).bind(service).bind(key).execute(&mut **self).await?;
        }
        Ok(())
    }

    async fn keep_change(&mut self, service: &str, change: &MonitorChange) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO monitor_changes (service_id, monitor_key, at, name, status, message)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (service_id, monitor_key, at) DO NOTHING",
        )
        .bind(service)
        .bind(&change.key)
        .bind(change.at.as_millis())
        .bind(&change.name)
        .bind(change.status.as_str())
        .bind(&change.message)
        .execute(&mut **self)
        .await?;
        Ok(())
    }

    async fn add_sums(&mut self, service: &str, sums: &MonitorSums) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO monitor_rollups (service_id, monitor_key, span_ms, at, up, pending, down,
                                          maintenance, ping_sum_ms, ping_count)
             SELECT $1, $2, span, $3 - $3 % span, $4, $5, $6, $7, $8, $9
             FROM (SELECT 600000 AS span UNION ALL SELECT 86400000) AS spans
             WHERE TRUE
             ON CONFLICT (service_id, monitor_key, span_ms, at) DO UPDATE SET
                 up = monitor_rollups.up + excluded.up,
                 pending = monitor_rollups.pending + excluded.pending,
                 down = monitor_rollups.down + excluded.down,
                 maintenance = monitor_rollups.maintenance + excluded.maintenance,
                 ping_sum_ms = monitor_rollups.ping_sum_ms + excluded.ping_sum_ms,
                 ping_count = monitor_rollups.ping_count + excluded.ping_count",
        )
        .bind(service)
        .bind(&sums.key)
        .bind(sums.at.as_millis())
        .bind(i64::from(sums.up))
        .bind(i64::from(sums.pending))
        .bind(i64::from(sums.down))
        .bind(i64::from(sums.maintenance))
        .bind(sums.ping_sum_ms as i64)
        .bind(i64::from(sums.ping_count))
        .execute(&mut **self)
        .await?;
        Ok(())
    }
}

impl Writer {
    /// Writes what became of the monitors of `service`, all of it or nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such service any more.
    pub async fn record_monitors(&self, service: &ServiceName, news: &MonitorNews) -> Result<(), Error> {
        in_transaction!(self, tx => {
            let id: Option<String> = sqlx::query_scalar("SELECT id FROM service_config WHERE service_name = $1")
                .bind(service.as_str())
                .fetch_optional(&mut *tx)
                .await?;
            let id = id.ok_or(Error::NotFound("service"))?;
            for key in &news.gone {
                tx.forget_monitor(&id, key).await?;
            }
            for monitor in &news.seen {
                tx.keep_monitor(&id, monitor).await?;
            }
            for change in &news.changes {
                tx.keep_change(&id, change).await?;
            }
            for sums in &news.sums {
                tx.add_sums(&id, sums).await?;
            }
        });
        Ok(())
    }

    /// Forgets what is older than we keep, for the maintenance. Gives the number of rows.
    pub async fn purge_monitors(&self, now: Timestamp) -> Result<u64, Error> {
        let now = now.as_millis();
        Ok(in_transaction!(self, tx => {
            let mut purged = sqlx::query("DELETE FROM monitor_changes WHERE at < $1")
                .bind(now - KEEP_CHANGES)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            for (span, keep) in [(TEN_MINUTES, KEEP_TEN_MINUTES), (DAY, KEEP_DAYS)] {
                purged += sqlx::query("DELETE FROM monitor_rollups WHERE span_ms = $1 AND at < $2")
                    .bind(span)
                    .bind(now - keep)
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
            }
            purged
        }))
    }

    /// A word to every admin, kept in the inbox of each.
    pub async fn tell_admins(&self, tone: Tone, title: &str, body: &str) -> Result<(), Error> {
        in_transaction!(self, tx => {
            let admins: Vec<String> =
                sqlx::query_scalar("SELECT id FROM users WHERE role = $1 AND status = 'active'")
                    .bind(Role::Admin.as_str())
                    .fetch_all(&mut *tx)
                    .await?;
            for id in admins {
                let user = id.parse().map_err(|error| Error::corrupt("users", &id, error))?;
                tx.tell(&Event::Notified { user, tone, title: title.to_owned(), body: body.to_owned() }).await?;
            }
        });
        Ok(())
    }
}

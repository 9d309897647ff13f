//! What was seen of each service: the latest probes, and sums over a minute, an hour and a day.
//!
//! A sum counts the probes of its stretch of time. The sums are written with the heartbeats, so
//! they always agree and nobody has to work them out later; heartbeats are kept for two days,
//! the sums of a minute for three, of an hour for a hundred, of a day for three years.

use std::time::Duration;

use domain::Timestamp;
use domain::service::{Heartbeat, ServiceName, ServiceStatus, UptimeBar};

use crate::engine::{in_both, in_transaction, on};
use crate::paging::clamp;
use crate::{Error, Reader, Writer};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const KEEP_HEARTBEATS: i64 = 2 * DAY;
const KEEP_MINUTES: i64 = 3 * DAY;
const KEEP_HOURS: i64 = 100 * DAY;
const KEEP_DAYS: i64 = 3 * 366 * DAY;

/// The finest sums that reach back to `from` and are not finer than `width`.
fn span_for(from: Timestamp, width: i64) -> i64 {
    let age = from.age().as_millis() as i64;
    if age <= KEEP_MINUTES - HOUR && width < HOUR {
        MINUTE
    } else if age <= KEEP_HOURS - DAY && width < DAY {
        HOUR
    } else {
        DAY
    }
}

/// A chart of `count` bars between two points in time, over sums of `span` each.
struct Chart {
    span: i64,
    from: i64,
    to: i64,
    width: i64,
    count: usize,
}

impl Chart {
    fn new(from: Timestamp, to: Timestamp, count: usize) -> Self {
        let length = (to.as_millis() - from.as_millis()).max(MINUTE);
        let count = count.clamp(1, (length / MINUTE).min(2000) as usize);
        let span = span_for(from, length / count as i64);
        // A sum belongs to the bar in which it begins, so the first bar begins with a sum.
        let from = from.as_millis().div_euclid(span) * span;
        let width = ((to.as_millis() - from).max(1) as u64).div_ceil(count as u64) as i64;
        Self { span, from, to: to.as_millis(), width, count }
    }

    fn empty(&self) -> Vec<UptimeBar> {
        vec![UptimeBar::default(); self.count]
    }

    fn fill(&self, bars: &mut [UptimeBar], sums: &Sums) {
        let last = self.count - 1;
        let Ok(at) = usize::try_from(sums.bar) else { return };
        bars[at.min(last)] = UptimeBar {
            up: sums.up as u32,
            pending: sums.pending as u32,
            down: sums.down as u32,
            latency_ms: sums.latency_sum_ms.checked_div(sums.latency_count).map(|mean| mean as u32),
        };
    }
}

#[derive(sqlx::FromRow)]
struct Sums {
    service_name: String,
    bar: i64,
    up: i64,
    pending: i64,
    down: i64,
    latency_sum_ms: i64,
    latency_count: i64,
}

#[derive(sqlx::FromRow)]
struct HeartbeatRow {
    at: i64,
    status: String,
    latency_ms: Option<i64>,
    message: Option<String>,
}

impl Reader {
    /// The latest probes of a service, oldest first.
    pub async fn beats(&self, name: &ServiceName, limit: u32) -> Result<Vec<Heartbeat>, Error> {
        let rows: Vec<HeartbeatRow> = on!(&self.db, pool => {
            sqlx::query_as(
                "SELECT h.at, h.status, h.latency_ms, h.message
                 FROM service_heartbeats h JOIN service_config s ON s.id = h.service_id
                 WHERE s.service_name = $1 ORDER BY h.at DESC LIMIT $2",
            )
            .bind(name.as_str())
            .bind(i64::from(clamp(limit)))
            .fetch_all(pool)
            .await?
        });
        rows.into_iter()
            .rev()
            .map(|row| {
                let status: ServiceStatus = row
                    .status
                    .parse()
                    .map_err(|error| Error::corrupt("service_heartbeats", name.as_str(), error))?;
                Ok(Heartbeat {
                    at: Timestamp::from_millis(row.at),
                    status,
                    latency_ms: row.latency_ms.map(|latency| latency as u32),
                    message: row.message,
                })
            })
            .collect()
    }

    /// `n` bars of equal width between `from` and `to`, oldest first; at most one for each minute.
    /// A bar in which nothing was seen is all zeros.
    pub async fn bars(
        &self,
        name: &ServiceName,
        from: Timestamp,
        to: Timestamp,
        n: usize,
    ) -> Result<Vec<UptimeBar>, Error> {
        let chart = Chart::new(from, to, n);
        let mut bars = chart.empty();
        for sums in self.sums(&chart, Some(name)).await? {
            chart.fill(&mut bars, &sums);
        }
        Ok(bars)
    }

    /// The same for every service, sorted by name, in one query.
    pub async fn bars_all(
        &self,
        from: Timestamp,
        to: Timestamp,
        n: usize,
    ) -> Result<Vec<(ServiceName, Vec<UptimeBar>)>, Error> {
        let chart = Chart::new(from, to, n);
        let mut all: Vec<_> =
            self.services().await?.into_iter().map(|service| (service.name, chart.empty())).collect();
        for sums in self.sums(&chart, None).await? {
            let found = all.binary_search_by(|(name, _)| name.as_str().cmp(&sums.service_name));
            if let Ok(at) = found {
                chart.fill(&mut all[at].1, &sums);
            }
        }
        Ok(all)
    }

    async fn sums(&self, chart: &Chart, name: Option<&ServiceName>) -> Result<Vec<Sums>, Error> {
        // Two statements, as a condition for both would make SQLite read the sums of everybody.
        let sql = match name {
            Some(_) => {
                "SELECT $5 AS service_name, (at - $1) / $2 AS bar, CAST(SUM(up) AS BIGINT) AS up,
                        CAST(SUM(pending) AS BIGINT) AS pending, CAST(SUM(down) AS BIGINT) AS down,
                        CAST(SUM(latency_sum_ms) AS BIGINT) AS latency_sum_ms,
                        CAST(SUM(latency_count) AS BIGINT) AS latency_count
                 FROM service_rollups
                 WHERE service_id = (SELECT id FROM service_config WHERE service_name = $5)
                   AND span_ms = $3 AND at >= $1 AND at < $4
                 GROUP BY (at - $1) / $2"
            }
            None => {
                "SELECT s.service_name, r.bar, r.up, r.pending, r.down, r.latency_sum_ms, r.latency_count
                 FROM (SELECT service_id, (at - $1) / $2 AS bar, CAST(SUM(up) AS BIGINT) AS up,
                              CAST(SUM(pending) AS BIGINT) AS pending, CAST(SUM(down) AS BIGINT) AS down,
                              CAST(SUM(latency_sum_ms) AS BIGINT) AS latency_sum_ms,
                              CAST(SUM(latency_count) AS BIGINT) AS latency_count
                       FROM service_rollups
                       WHERE $5 IS NULL AND span_ms = $3 AND at >= $1 AND at < $4
                       GROUP BY service_id, (at - $1) / $2) AS r
                 JOIN service_config s ON s.id = r.service_id"
            }
        };
        Ok(on!(&self.db, pool => {
            sqlx::query_as(sql)
            .bind(chart.from)
            .bind(chart.width)
            .bind(chart.span)
            .bind(chart.to)
            .bind(name.map(ServiceName::as_str))
            .fetch_all(pool)
            .await?
        }))
    }

    /// The share of answered probes since `since`, 0 to 1; nothing when there were none.
    pub async fn uptime(&self, name: &ServiceName, since: Timestamp) -> Result<Option<f64>, Error> {
        let all = self.uptimes(since, Some(name)).await?;
        Ok(all.into_iter().next().map(|(_, share)| share))
    }

    /// The same for every service that was probed, sorted by name.
    pub async fn uptime_all(&self, since: Timestamp) -> Result<Vec<(ServiceName, f64)>, Error> {
        self.uptimes(since, None).await
    }

    async fn uptimes(
        &self,
        since: Timestamp,
        name: Option<&ServiceName>,
    ) -> Result<Vec<(ServiceName, f64)>, Error> {
        // The sums of an hour are plenty for a month, and a sum that began before `since` counts.
        let width = if since.age() <= Duration::from_millis(2 * DAY as u64) { MINUTE } else { HOUR };
        let span = span_for(since, width);
        let sql = match name {
            Some(_) => {
                "SELECT $3 AS service_name, CAST(COALESCE(SUM(up), 0) AS BIGINT),
                        CAST(COALESCE(SUM(up + pending + down), 0) AS BIGINT)
                 FROM service_rollups
                 WHERE service_id = (SELECT id FROM service_config WHERE service_name = $3)
                   AND span_ms = $1 AND at > $2 - $1"
            }
            None => {
                "SELECT s.service_name, r.up, r.probes
                 FROM (SELECT service_id, CAST(SUM(up) AS BIGINT) AS up,
                              CAST(SUM(up + pending + down) AS BIGINT) AS probes
                       FROM service_rollups WHERE $3 IS NULL AND span_ms = $1 AND at > $2 - $1
                       GROUP BY service_id) AS r
                 JOIN service_config s ON s.id = r.service_id ORDER BY s.service_name"
            }
        };
        let rows: Vec<(String, i64, i64)> = on!(&self.db, pool => {
            sqlx::query_as(sql)
            .bind(span)
            .bind(since.as_millis())
            .bind(name.map(ServiceName::as_str))
            .fetch_all(pool)
            .await?
        });
        rows.into_iter()
            .filter(|(_, _, probes)| *probes > 0)
            .map(|(name, up, probes)| {
                let share = up as f64 / probes as f64;
                let name = name.parse().map_err(|error| Error::corrupt("service_config", &name, error))?;
                Ok((name, share))
            })
            .collect()
    }
}

in_both! {
    /// Writes one heartbeat and counts it in its sums; a heartbeat that is there already, or of
    /// a service that is gone, changes nothing.
    async fn record_heartbeat(&mut self, name: &ServiceName, beat: &Heartbeat) -> Result<(), Error> {
        let inserted: Option<String> = sqlx::query_scalar(
            "INSERT INTO service_heartbeats (service_id, at, status, latency_ms, message)
             SELECT id, $2, $3, $4, $5 FROM service_config WHERE service_name = $1
             ON CONFLICT (service_id, at) DO NOTHING RETURNING service_id",
        )
        .bind(name.as_str())
        .bind(beat.at.as_millis())
        .bind(beat.status.as_str())
        .bind(beat.latency_ms.map(i64::from))
        .bind(&beat.message)
        .fetch_optional(&mut **self)
        .await?;
        let Some(service) = inserted else { return Ok(()) };
        let is = |status| i64::from(beat.status == status);
        let (up, pending, down) =
            (is(ServiceStatus::Up), is(ServiceStatus::Pending), is(ServiceStatus::Down));
        if up + pending + down == 0 {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO service_rollups
                 (service_id, span_ms, at, up, pending, down, latency_sum_ms, latency_count)
             SELECT $1, span, $2 - $2 % span, $3, $4, $5, $6, $7
             FROM (SELECT 60000 AS span UNION ALL SELECT 3600000 UNION ALL SELECT 86400000) AS spans
             WHERE TRUE
             ON CONFLICT (service_id, span_ms, at) DO UPDATE SET
                 up = service_rollups.up + excluded.up,
                 pending = service_rollups.pending + excluded.pending,
                 down = service_rollups.down + excluded.down,
                 latency_sum_ms = service_rollups.latency_sum_ms + excluded.latency_sum_ms,
                 latency_count = service_rollups.latency_count + excluded.latency_count",
        )
        .bind(service)
        .bind(beat.at.as_millis())
        .bind(up)
        .bind(pending)
        .bind(down)
        .bind(i64::from(beat.latency_ms.unwrap_or(0)))
        .bind(i64::from(beat.latency_ms.is_some()))
        .execute(&mut **self)
        .await?;
        Ok(())
    }
}

impl Writer {
    /// Writes a batch of heartbeats of any services, all or none. Writing one again, as after an
    /// answer that got lost, counts it once.
    pub async fn record_heartbeats(&self, batch: &[(ServiceName, Heartbeat)]) -> Result<(), Error> {
        in_transaction!(self, tx => {
            for (name, beat) in batch {
                tx.record_heartbeat(name, beat).await?;
            }
        });
        Ok(())
    }

    /// Forgets what is older than we keep, for the maintenance. Gives the number of rows.
    pub async fn purge_heartbeats(&self, now: Timestamp) -> Result<u64, Error> {
        let now = now.as_millis();
        Ok(in_transaction!(self, tx => {
            let mut purged = sqlx::query("DELETE FROM service_heartbeats WHERE at < $1")
                .bind(now - KEEP_HEARTBEATS)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            for (span, keep) in [(MINUTE, KEEP_MINUTES), (HOUR, KEEP_HOURS), (DAY, KEEP_DAYS)] {
                purged += sqlx::query("DELETE FROM service_rollups WHERE span_ms = $1 AND at < $2")
                    .bind(span)
                    .bind(now - keep)
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
            }
            purged
        }))
    }
}

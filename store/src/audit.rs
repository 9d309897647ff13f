//! Who did what: an append-only log whose entries are chained by an HMAC.
//!
//! An entry is written in the transaction of the change that it describes, so there is no
//! change without its entry. Each entry's `hash` covers the entry and the hash before it, with
//! a key that the database does not have: [`Reader::verify_audit`] finds entries that were
//! edited, taken out, put in or moved, and a cut end.

use domain::{Cursor, Page, SessionId, Timestamp, UserId};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::engine::{in_both, in_transaction, on};
use crate::keyring::hex;
use crate::paging::{self, clamp};
use crate::{Error, Reader, Writer};

/// Who does something, as far as it is known; nobody is the portal itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    pub user: Option<UserId>,
    pub session: Option<SessionId>,
    pub ip: Option<String>,
    pub request_id: Option<String>,
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Counts from 1 without gaps.
    pub seq: i64,
    pub id: String,
    pub at: Timestamp,
    pub actor: Option<String>,
    pub session: Option<String>,
    pub ip: Option<String>,
    pub request_id: Option<String>,
    /// What was done, such as `user.update`.
    pub action: String,
    /// To what, such as `user 0190…`.
    pub object: String,
    /// Before and after; secrets are never in it.
    pub detail: Value,
}

/// What [`Reader::verify_audit`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditVerdict {
    /// Every entry is as it was written.
    Intact { entries: i64 },
    /// The first entry that is missing, moved or not as it was written.
    Broken { seq: i64 },
}

#[derive(sqlx::FromRow)]
struct AuditRow {
    seq: i64,
    id: String,
    at: i64,
    actor: Option<String>,
    session: Option<String>,
    ip: Option<String>,
    request_id: Option<String>,
    action: String,
    object: String,
    detail: String,
    prev_hash: String,
    hash: String,
}

impl AuditRow {
    /// The HMAC over every other column. Lengths are part of it, so that text can't move from
    /// one column to the next unseen.
    fn expected_hash(&self, key: &[u8; 32]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        let (seq, at) = (self.seq.to_string(), self.at.to_string());
        let columns = [
            Some(&self.prev_hash),
            Some(&seq),
            Some(&self.id),
            Some(&at),
            self.actor.as_ref(),
            self.session.as_ref(),
            self.ip.as_ref(),
            self.request_id.as_ref(),
            Some(&self.action),
            Some(&self.object),
            Some(&self.detail),
        ];
        for column in columns {
            match column {
                Some(text) => {
                    mac.update(&(text.len() as u64).to_be_bytes());
                    mac.update(text.as_bytes());
                }
                None => mac.update(&u64::MAX.to_be_bytes()),
            }
        }
        hex(&mac.finalize().into_bytes())
    }
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        Self {
            seq: row.seq,
            id: row.id,
            at: Timestamp::from_millis(row.at),
            actor: row.actor,
            session: row.session,
            ip: row.ip,
            request_id: row.request_id,
            action: row.action,
            object: row.object,
            detail: serde_json::from_str(&row.detail).unwrap_or(Value::String(row.detail)),
        }
    }
}

in_both! {
    /// Puts this transaction into the line of those that write to the log. First of all in
    /// every change of people and their sessions: whoever locked a row before would wait for
    /// somebody in the line who waits for that row.
    pub(crate) async fn line_up(&mut self) -> Result<(), Error> {
        sqlx::query("UPDATE audit_head SET seq = seq WHERE id = 1").execute(&mut **self).await?;
        Ok(())
    }

    /// Appends an entry in the name of the writer's actor.
    pub(crate) async fn audit(&mut self, action: &str, object: &str, detail: Value) -> Result<(), Error> {
        // The update locks the row until the commit, which puts all writers in one line.
        let (seq, prev_hash): (i64, String) =
            sqlx::query_as("UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash")
                .fetch_one(&mut **self)
                .await?;
        let actor = self.pen.actor.clone();
        let mut row = AuditRow {
            seq,
            id: uuid::Uuid::now_v7().to_string(),
            at: Timestamp::now().as_millis(),
            actor: actor.user.map(|user| user.to_string()),
            session: actor.session.map(|session| session.to_string()),
            ip: actor.ip,
            request_id: actor.request_id,
            action: action.to_owned(),
            object: object.to_owned(),
            detail: detail.to_string(),
            prev_hash,
            hash: String::new(),
        };
        row.hash = row.expected_hash(&self.pen.keys.subkey("audit"));
        sqlx::query(
            "INSERT INTO audit_log
                 (seq, id, at, actor, session, ip, request_id, action, object, detail, prev_hash, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(row.seq)
        .bind(row.id)
        .bind(row.at)
        .bind(row.actor)
        .bind(row.session)
        .bind(row.ip)
        .bind(row.request_id)
        .bind(row.action)
        .bind(row.object)
        .bind(row.detail)
        .bind(row.prev_hash)
        .bind(&row.hash)
        .execute(&mut **self)
        .await?;
        sqlx::query("UPDATE audit_head SET hash = $1 WHERE id = 1").bind(row.hash).execute(&mut **self).await?;
        Ok(())
    }
}

impl Writer {
    /// Appends an entry for a change that is not in the database, such as a restart of an actor.
    pub async fn audit(&self, action: &str, object: &str, detail: Value) -> Result<(), Error> {
        in_transaction!(self, tx => tx.audit(action, object, detail).await?);
        Ok(())
    }
}

const VERIFIED_AT_ONCE: i64 = 1000;

impl Reader {
    /// Entries, the newest first.
    pub async fn audit_log(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<AuditEntry>, Error> {
        let limit = clamp(limit);
        let before: i64 = match after {
            Some(cursor) => paging::decode(cursor)?.parse().map_err(|_| Error::BadCursor)?,
            None => i64::MAX,
        };
        let rows: Vec<AuditRow> = on!(&self.db, pool => {
            sqlx::query_as("SELECT * FROM audit_log WHERE seq < $1 ORDER BY seq DESC LIMIT $2")
                .bind(before)
                .bind(i64::from(limit) + 1)
                .fetch_all(pool)
                .await?
        });
        let page = paging::page(rows, limit, |last| paging::encode(&last.seq.to_string()));
        Ok(page.map(AuditEntry::from))
    }

    /// Reads the whole log and says whether anybody changed it.
    pub async fn verify_audit(&self) -> Result<AuditVerdict, Error> {
        let key = self.keys.subkey("audit");
        let (mut seq, mut hash) = (0, String::new());
        loop {
            let rows: Vec<AuditRow> = on!(&self.db, pool => {
                sqlx::query_as("SELECT * FROM audit_log WHERE seq > $1 ORDER BY seq LIMIT $2")
                    .bind(seq)
                    .bind(VERIFIED_AT_ONCE)
                    .fetch_all(pool)
                    .await?
            });
            let is_last = (rows.len() as i64) < VERIFIED_AT_ONCE;
            for row in rows {
                let is_next = row.seq == seq + 1 && row.prev_hash == hash;
                if !is_next || row.expected_hash(&key) != row.hash {
                    return Ok(AuditVerdict::Broken { seq: seq + 1 });
                }
                (seq, hash) = (row.seq, row.hash);
            }
            if is_last {
                break;
            }
        }
        let head: (i64, String) = on!(&self.db, pool => {
            sqlx::query_as("SELECT seq, hash FROM audit_head WHERE id = 1").fetch_one(pool).await?
        });
        // Entries that were appended while we read are not a cut end.
        let is_cut = head.0 < seq || (head.0 == seq && head.1 != hash) || self.lacks(seq, head.0).await?;
        Ok(if is_cut { AuditVerdict::Broken { seq: seq + 1 } } else { AuditVerdict::Intact { entries: seq } })
    }

    /// Whether entries after `seen` up to `head` are missing.
    async fn lacks(&self, seen: i64, head: i64) -> Result<bool, Error> {
        let found: i64 = on!(&self.db, pool => {
            sqlx::query_scalar("SELECT COUNT(*) FROM audit_log WHERE seq > $1 AND seq <= $2")
                .bind(seen)
                .bind(head)
                .fetch_one(pool)
                .await?
        });
        Ok(found != head - seen)
    }
}

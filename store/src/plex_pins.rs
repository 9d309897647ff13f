//! Sign-ins with Plex that are under way. The row says who may finish one: the browser with the
//! secret whose SHA-256 is `binding`, once, and before it expires.

use domain::plex::{PinPurpose, PinRefusal};
use domain::{PlexPinId, Secret, Timestamp, UserId};

use crate::engine::on;
use crate::keyring::Place;
use crate::{Error, Keyring, NodeId, Reader, Writer};

/// A PIN that plex.tv has just made for a browser.
#[derive(Debug, Clone)]
pub struct NewPlexPin<'a> {
    pub id: PlexPinId,
    /// SHA-256 of the secret in the browser's cookie.
    pub binding: &'a [u8; 32],
    pub purpose: PinPurpose,
    /// To be typed at plex.tv/link.
    pub is_code: bool,
    /// The number at plex.tv.
    pub number: i64,
    pub code: &'a Secret,
    pub next: &'a str,
    pub ip: Option<&'a str>,
    pub node: &'a NodeId,
    pub expires_at: Timestamp,
}

/// How far a sign-in is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlexPinState {
    /// Nobody approved it yet, or we do not know yet who did.
    Waiting,
    /// This person may come in, once.
    Approved(UserId),
    Refused(PinRefusal),
    /// The browser got what it came for.
    Finished,
    /// The browser does not want it any more. It is still asked about, because approving it at
    /// Plex would replace a token that we keep.
    Abandoned,
}

/// A row of `plex_pins`, decrypted.
#[derive(Debug, Clone)]
pub struct PlexPinRow {
    pub id: PlexPinId,
    pub purpose: PinPurpose,
    pub is_code: bool,
    pub number: i64,
    pub code: Secret,
    pub state: PlexPinState,
    pub next: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    purpose: String,
    user_id: Option<String>,
    is_code: bool,
    pin: String,
    state: String,
    person_id: Option<String>,
    refusal: Option<String>,
    next: String,
    created_at: i64,
    expires_at: i64,
}

fn place(row: &str) -> Place<'_> {
    Place { table: "plex_pins", column: "pin", row }
}

impl Row {
    fn open(self, keys: &Keyring) -> Result<PlexPinRow, Error> {
        let corrupt = |reason: &str| Error::corrupt("plex_pins", &self.id, reason);
        let pin = keys.open(place(&self.id), &self.pin)?;
        let (number, code) = pin.expose().split_once(' ').ok_or_else(|| corrupt("a PIN without a code"))?;
        let user = |id: &Option<String>| {
            id.as_ref().and_then(|id| id.parse::<UserId>().ok()).ok_or_else(|| corrupt("nobody's"))
        };
        let purpose = match self.purpose.as_str() {
            "sign-in" => PinPurpose::SignIn,
            "link" => PinPurpose::Link(user(&self.user_id)?),
            "server" => PinPurpose::Server(user(&self.user_id)?),
            _ => return Err(corrupt("an unknown purpose")),
        };
        let state = match self.state.as_str() {
            "waiting" => PlexPinState::Waiting,
            "approved" => PlexPinState::Approved(user(&self.person_id)?),
            "refused" => {
                let refusal = self.refusal.as_deref().and_then(|word| word.parse().ok());
                PlexPinState::Refused(refusal.ok_or_else(|| corrupt("an unknown refusal"))?)
            }
            "finished" => PlexPinState::Finished,
            "abandoned" => PlexPinState::Abandoned,
            _ => return Err(corrupt("an unknown state")),
        };
        Ok(PlexPinRow {
            id: self.id.parse().map_err(|_| corrupt("its id is none"))?,
            purpose,
            is_code: self.is_code,
            number: number.parse().map_err(|_| corrupt("a PIN without a number"))?,
            code: Secret::new(code),
            state,
            next: self.next,
            created_at: Timestamp::from_millis(self.created_at),
            expires_at: Timestamp::from_millis(self.expires_at),
        })
    }
}

impl Reader {
    /// The sign-in that the browser with this secret began, also when it has expired.
    pub async fn plex_pin_of(&self, binding: &[u8; 32]) -> Result<Option<PlexPinRow>, Error> {
        let row: Option<Row> = on!(&self.sign_in, pool => {
            sqlx::query_as(
                "SELECT id, purpose, user_id, is_code, pin, state, person_id, refusal, next, created_at,
                        expires_at
                 FROM plex_pins WHERE binding = $1",
            )
            .bind(binding.as_slice())
            .fetch_optional(pool)
            .await?
        });
        row.map(|row| row.open(&self.keys)).transpose()
    }

    /// How many PINs are asked about at `now`: for this address, and for all.
    pub async fn open_plex_pins(&self, ip: &str, now: Timestamp) -> Result<(u64, u64), Error> {
        let (of_ip, all): (i64, i64) = on!(&self.sign_in, pool => {
            sqlx::query_as(
                "SELECT COALESCE(SUM(CASE WHEN ip = $1 THEN 1 ELSE 0 END), 0), COUNT(*)
                 FROM plex_pins WHERE expires_at > $2 AND state IN ('waiting', 'abandoned')",
            )
            .bind(ip)
            .bind(now.as_millis())
            .fetch_one(pool)
            .await?
        });
        Ok((of_ip.unsigned_abs(), all.unsigned_abs()))
    }
}

impl Writer {
    /// Keeps a PIN.
    pub async fn create_plex_pin(&self, new: &NewPlexPin<'_>) -> Result<(), Error> {
        let now = Timestamp::now().as_millis();
        let id = new.id.to_string();
        let pin = Secret::new(format!("{} {}", new.number, new.code.expose()));
        let sealed = self.pen.keys.seal(place(&id), &pin);
        on!(&self.db, pool => {
            sqlx::query(
                "INSERT INTO plex_pins (id, binding, purpose, user_id, is_code, pin, next, ip, node, seen_at,
                                        created_at, expires_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)",
            )
            .bind(&id)
            .bind(new.binding.as_slice())
            .bind(new.purpose.as_str())
            .bind(new.purpose.person().map(|user| user.to_string()))
            .bind(new.is_code)
            .bind(sealed)
            .bind(new.next)
            .bind(new.ip)
            .bind(new.node.as_str())
            .bind(now)
            .bind(new.expires_at.as_millis())
            .execute(pool)
            .await?;
        });
        Ok(())
    }

    /// Makes this node the one that asks about every open PIN that was its own, or that nobody
    /// asked about since `silent_since`.
    pub async fn adopt_plex_pins(
        &self,
        node: &NodeId,
        silent_since: Timestamp,
    ) -> Result<Vec<PlexPinRow>, Error> {
        let now = Timestamp::now().as_millis();
        let rows: Vec<Row> = on!(&self.db, pool => {
            sqlx::query_as(
                "UPDATE plex_pins SET node = $1, seen_at = $2
                 WHERE expires_at > $2 AND state IN ('waiting', 'abandoned') AND (node = $1 OR seen_at < $3)
                 RETURNING id, purpose, user_id, is_code, pin, state, person_id, refusal, next, created_at,
                           expires_at",
            )
            .bind(node.as_str())
            .bind(now)
            .bind(silent_since.as_millis())
            .fetch_all(pool)
            .await?
        });
        rows.into_iter().map(|row| row.open(&self.pen.keys)).collect()
    }

    /// Says that this node still asks about the PIN. False when it is not the one any more, or
    /// when there is nothing to ask.
    pub async fn touch_plex_pin(&self, id: PlexPinId, node: &NodeId) -> Result<bool, Error> {
        let touched = on!(&self.db, pool => {
            sqlx::query(
                "UPDATE plex_pins SET seen_at = $3
                 WHERE id = $1 AND node = $2 AND state IN ('waiting', 'abandoned')",
            )
            .bind(id.to_string())
            .bind(node.as_str())
            .bind(Timestamp::now().as_millis())
            .execute(pool)
            .await?
            .rows_affected()
        });
        Ok(touched == 1)
    }

    /// Somebody approved it: who comes in, or why nobody does. False when nobody waits for it.
    pub async fn settle_plex_pin(
        &self,
        id: PlexPinId,
        result: Result<UserId, PinRefusal>,
    ) -> Result<bool, Error> {
        let settled = on!(&self.db, pool => {
            sqlx::query(
                "UPDATE plex_pins SET state = $2, person_id = $3, refusal = $4
                 WHERE id = $1 AND state = 'waiting'",
            )
            .bind(id.to_string())
            .bind(if result.is_ok() { "approved" } else { "refused" })
            .bind(result.ok().map(|user| user.to_string()))
            .bind(result.err().map(PinRefusal::as_str))
            .execute(pool)
            .await?
            .rows_affected()
        });
        Ok(settled == 1)
    }

    /// The browser with this secret comes in. Among many that try at the same time exactly one
    /// gets the person; nobody does after the PIN's end.
    pub async fn finish_plex_pin(&self, binding: &[u8; 32], now: Timestamp) -> Result<Option<UserId>, Error> {
        let person: Option<String> = on!(&self.db, pool => {
            sqlx::query_scalar(
                "UPDATE plex_pins SET state = 'finished'
                 WHERE binding = $1 AND state = 'approved' AND expires_at > $2 RETURNING person_id",
            )
            .bind(binding.as_slice())
            .bind(now.as_millis())
            .fetch_optional(pool)
            .await?
        });
        let parsed = person.map(|id| id.parse().map_err(|error| Error::corrupt("plex_pins", &id, error)));
        parsed.transpose()
    }

    /// The browser with this secret does not want it any more. Says whether it was open.
    pub async fn abandon_plex_pin(&self, binding: &[u8; 32]) -> Result<bool, Error> {
        let abandoned = on!(&self.db, pool => {
            sqlx::query(
                "UPDATE plex_pins SET state = 'abandoned' WHERE binding = $1 AND state IN ('waiting', 'approved')",
            )
            .bind(binding.as_slice())
            .execute(pool)
            .await?
            .rows_affected()
        });
        Ok(abandoned == 1)
    }

    /// Forgets PINs that expired before `before`, for the maintenance. Gives their number.
    pub async fn purge_plex_pins(&self, before: Timestamp) -> Result<u64, Error> {
        Ok(on!(&self.db, pool => {
            sqlx::query("DELETE FROM plex_pins WHERE expires_at < $1")
                .bind(before.as_millis())
                .execute(pool)
                .await?
                .rows_affected()
        }))
    }
}

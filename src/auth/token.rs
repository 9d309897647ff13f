//! The text in the session cookie: a JSON web token that names a session.
//!
//! HS256 only, one key, one type, every claim required and typed. What it says is believed only
//! together with the session's row.

use domain::{SessionId, Timestamp, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// `iss` and `aud`: we issue it, for ourselves.
const US: &str = "medianest";
const TYPE: &str = "mn-session";

/// A session that nobody uses ends after this.
pub const IDLE: Duration = Duration::from_secs(24 * 3600);
/// A session ends after this, however much it is used.
pub const ABSOLUTE: Duration = Duration::from_secs(30 * 24 * 3600);
/// A token older than this is replaced by a fresh one with the next answer.
const AGED: Duration = Duration::from_secs(15 * 60);
/// How far clocks may differ.
const LEEWAY: Duration = Duration::from_secs(60);
/// No token of ours is longer, in bytes.
const LONGEST: usize = 1024;

/// What a token says. Times are seconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    aud: String,
    pub sub: UserId,
    pub sid: SessionId,
    /// The person's epoch when the session began.
    pub epoch: i64,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Signs and reads tokens.
#[derive(Clone)]
pub struct Tokens(Arc<Keys>);

struct Keys {
    signing: EncodingKey,
    checking: DecodingKey,
    header: Header,
    validation: Validation,
}

impl Tokens {
    /// `key_id` tells keys apart without giving anything away.
    pub fn new(key: &[u8; 32], key_id: &str) -> Self {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key_id.to_owned());
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[US]);
        validation.set_audience(&[US]);
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY.as_secs();
        Self(Arc::new(Keys {
            signing: EncodingKey::from_secret(key),
            checking: DecodingKey::from_secret(key),
            header,
            validation,
        }))
    }

    /// A token for a session that began at `began`; it ends with the session's idle end.
    pub fn issue(&self, sid: SessionId, user: UserId, epoch: i64, began: Timestamp) -> String {
        let now = Timestamp::now();
        let end = (now + IDLE).min(began + ABSOLUTE);
        let seconds = |moment: Timestamp| moment.as_millis() / 1000;
        let us = US.to_owned();
        let claims = Claims {
            iss: us.clone(),
            aud: us,
            sub: user,
            sid,
            epoch,
            iat: seconds(now),
            nbf: seconds(now),
            exp: seconds(end),
        };
        encode(&self.0.header, &claims, &self.0.signing)
            .expect("our own claims can be signed with our own key")
    }

    /// What a token says, when it is one of ours and its time is now.
    pub fn read(&self, text: &str) -> Option<Claims> {
        if text.len() > LONGEST {
            return None;
        }
        let read = decode::<Claims>(text, &self.0.checking, &self.0.validation).ok()?;
        let ours = read.header.alg == Algorithm::HS256
            && read.header.typ == self.0.header.typ
            && read.header.kid == self.0.header.kid;
        let claims = read.claims;
        let now = Timestamp::now().as_millis() / 1000;
        let sane = claims.iat <= now + LEEWAY.as_secs() as i64
            && claims.iat >= 0
            && claims.nbf >= 0
            && claims.exp > claims.iat
            && claims.exp - claims.iat <= ABSOLUTE.as_secs() as i64;
        (ours && sane).then_some(claims)
    }

    /// Whether the token should be replaced.
    pub fn is_aged(&self, claims: &Claims) -> bool {
        Timestamp::from_millis(claims.iat.saturating_mul(1000)).age() > AGED
    }
}

#[cfg(test)]
mod tests;

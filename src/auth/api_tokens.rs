//! Personal API tokens: `mn_` and 32 random bytes. Only their hash is kept.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::user::CurrentUser;
use domain::{ApiTokenId, Secret, Timestamp, UserId};
use http::HeaderValue;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};
use store::ApiTokenRow;

use crate::app::App;
use crate::problem::Problem;
use crate::route::Head;

const PREFIX: &str = "mn_";
/// Tokens that one person may have.
const MOST: usize = 50;

/// Who the bearer of `Authorization: Bearer …` is, if anybody.
pub async fn identify(app: &App, authorization: &HeaderValue) -> Result<Option<CurrentUser>, Problem> {
    let text = authorization.to_str().unwrap_or_default();
    let (scheme, token) = text.split_once(' ').unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") || !token.starts_with(PREFIX) || token.len() > 128 {
        return Ok(None);
    }
    let Some((row, user)) = app.reader.api_token(&hash_of(token)).await? else { return Ok(None) };
    if !user.enabled {
        return Ok(None);
    }
    note_use(app, row.id).await;
    Ok(Some(CurrentUser { id: user.id, username: user.username, role: user.role, session: None }))
}

/// Makes a token for whoever asks. Its text is not kept: this is the only time it is seen.
///
/// # Errors
///
/// A name of no or more than 64 characters; too many tokens.
pub async fn create(app: &App, head: &Head, name: &str) -> Result<(ApiTokenRow, Secret), Problem> {
    let user = head.member()?.id;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
        return Err(Problem::invalid("name", "has 1 to 64 characters"));
    }
    if app.reader.api_tokens_of(user).await?.len() >= MOST {
        return Err(Problem::conflict(format!("You have {MOST} tokens. Delete one first.")));
    }
    let mut bytes = [0; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(|_| Problem::internal())?;
    let token = Secret::new(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)));
    let writer = app.writer_for(head);
    let row = writer.create_api_token(user, name, &hash_of(token.expose())).await?;
    Ok((row, token))
}

/// Ends a token of `user`.
pub async fn revoke(app: &App, head: &Head, user: UserId, id: ApiTokenId) -> Result<(), Problem> {
    let revoked = app.writer_for(head).revoke_api_token(user, id).await?;
    if revoked { Ok(()) } else { Err(Problem::not_found()) }
}

fn hash_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Notes at most once a minute that a token was used; failing to costs nothing.
async fn note_use(app: &App, id: ApiTokenId) {
    if app.tokens_in_use.contains_key(&id) {
        return;
    }
    app.tokens_in_use.insert(id, ());
    if let Err(error) = app.writer.touch_api_token(id, Timestamp::now()).await {
        tracing::debug!(%error, "could not note that a token was used");
    }
}

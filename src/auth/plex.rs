//! Signing in with Plex, from the side of the browser.
//!
//!     POST begin  --> cookie with a secret; its SHA-256 is in the PIN's row
//!     POST finish --> secret --> row --> the person, once --> a session
//!
//! The secret alone says which PIN a browser means. An id in an address or a form never does: the
//! numbers of PINs can be guessed, and whoever guessed one would be whoever approves it.

use actors::sign_ins::{Begin, Status, Step};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::plex::{PinPurpose, PinRefusal};
use http::HeaderValue;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

use super::sign_in::{self, SignedIn};
use super::{Credential, cookie};
use crate::app::App;
use crate::problem::Problem;
use crate::route::Head;

/// How a PIN is approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On a page of Plex, in the same tab.
    Page,
    /// By typing a short code, on any device.
    Code,
}

/// A PIN that has begun.
pub struct Began {
    pub status: Status,
    /// `Set-Cookie`.
    pub cookie: HeaderValue,
}

/// What finishing came to.
pub enum Finished {
    /// Nobody approved it yet, or plex.tv could not yet say who did.
    NotYet(Status),
    /// A session has begun.
    SignedIn {
        signed_in: SignedIn,
        next: String,
    },
    /// The Plex account is tied to whoever is signed in, or the owner's token is kept.
    Done {
        next: String,
    },
    Refused(Status, PinRefusal),
    /// This browser has nothing to finish.
    Nothing,
}

/// Begins a PIN for this browser. One that it began before is given up.
///
/// # Errors
///
/// plex.tv is away; too many are under way; no server is set up.
pub async fn begin(
    app: &App,
    head: &Head,
    purpose: PinPurpose,
    kind: Kind,
    next: &str,
) -> Result<Began, Problem> {
    if let Some(before) = binding(app, head) {
        app.sign_ins.abandon(&before).await?;
    }
    let mut secret = [0; 32];
    OsRng.try_fill_bytes(&mut secret).map_err(|_| Problem::internal())?;
    let secret = BASE64_URL_SAFE_NO_PAD.encode(secret);
    let binding = hash(&secret);
    let begin = Begin {
        purpose,
        is_code: kind == Kind::Code,
        binding,
        next: next.to_owned(),
        ip: head.remote.to_string(),
    };
    app.sign_ins.begin(begin).await?;
    let status = status_of(app, head, &binding).await?.ok_or_else(Problem::unavailable)?;
    Ok(Began { status, cookie: cookie::set_plex(&app.settings, &secret) })
}

/// How far the PIN of this browser is.
pub async fn status(app: &App, head: &Head) -> Result<Option<Status>, Problem> {
    match binding(app, head) {
        Some(binding) => status_of(app, head, &binding).await,
        None => Ok(None),
    }
}

/// Comes in, when somebody has approved it.
///
/// # Errors
///
/// Somebody else is signed in than who began it.
pub async fn finish(app: &App, head: &Head) -> Result<Finished, Problem> {
    let Some(binding) = binding(app, head) else { return Ok(Finished::Nothing) };
    let Some(status) = status_of(app, head, &binding).await? else { return Ok(Finished::Nothing) };
    // What was begun by somebody who was signed in is theirs to finish, in the same account.
    if let Some(person) = status.purpose.person()
        && head.user.as_ref().map(|user| user.id) != Some(person)
    {
        return Err(Problem::forbidden().with_detail("Somebody else began this. Begin again."));
    }
    let next = status.next.clone();
    match status.step {
        Step::Waiting { .. } => Ok(Finished::NotYet(status)),
        Step::Refused(refusal) => {
            if status.purpose == PinPurpose::SignIn {
                count(refusal.as_str());
            }
            Ok(Finished::Refused(status, refusal))
        }
        Step::Over => Ok(Finished::Nothing),
        Step::Approved => {
            let Some(person) = app.sign_ins.finish(&binding).await? else { return Ok(Finished::Nothing) };
            if status.purpose != PinPurpose::SignIn {
                return Ok(Finished::Done { next });
            }
            let user = app.reader.user(person).await?.filter(|user| user.enabled);
            let Some(user) = user else { return Ok(Finished::Refused(status, PinRefusal::Disabled)) };
            let signed_in = sign_in::begin(app, head, user, Credential::Plex).await?;
            Ok(Finished::SignedIn { signed_in, next })
        }
    }
}

/// Does not want it any more.
pub async fn cancel(app: &App, head: &Head) -> Result<HeaderValue, Problem> {
    if let Some(binding) = binding(app, head) {
        app.sign_ins.abandon(&binding).await?;
    }
    Ok(cookie::clear_plex(&app.settings))
}

fn count(result: &'static str) {
    metrics::counter!("medianest_logins_total", "method" => "plex", "result" => result).increment(1);
}

async fn status_of(app: &App, head: &Head, binding: &[u8; 32]) -> Result<Option<Status>, Problem> {
    let back = |id| format!("{}{}", origin(app, head), head.link(&format!("/login/plex/back?s={id}")));
    Ok(app.sign_ins.status(binding, back).await?)
}

/// Where this browser finds us.
fn origin(app: &App, head: &Head) -> String {
    match &app.settings.public_url {
        Some(origin) => origin.as_str().to_owned(),
        None => format!("http://{}", head.header("host").unwrap_or_default()),
    }
}

/// What the row knows of this browser's secret.
fn binding(app: &App, head: &Head) -> Option<[u8; 32]> {
    let secret = head.cookie(cookie::plex_name(&app.settings))?;
    (secret.len() == 43).then(|| hash(secret))
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

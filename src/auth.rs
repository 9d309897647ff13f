//! Who is it?
//!
//!     cookie --> [token]: a signed name of a session --> [sessions]: is it alive? --> user
//!     Authorization: Bearer --> [api_tokens]: hash --> row --> user
//!
//! The signed token never proves anything alone: the session's row does, at most a second old.
//! Nothing here is kept but caches; a restart loses none of it.

use std::sync::Arc;

use actors::session::Refused;
use domain::user::CurrentUser;
use http::{HeaderMap, HeaderValue, header};

use crate::app::App;
use crate::problem::Problem;
use crate::route::{self, Via};

pub mod accounts;
pub mod api_tokens;
pub mod cookie;
pub mod password;
pub mod plex;
pub mod setup;
pub mod sign_in;
pub(crate) mod throttle;
pub mod token;

pub use sign_in::{Credential, Credentials, SignedIn, sign_in, sign_out};

/// What the credentials of a request prove.
pub struct Identity {
    pub user: Option<CurrentUser>,
    pub via: Via,
    /// The CSRF token of the session.
    pub csrf: Option<Arc<str>>,
    /// A fresh cookie, when the token of this one has aged.
    pub renewed: Option<HeaderValue>,
}

impl Identity {
    fn nobody() -> Self {
        Self { user: None, via: Via::Nobody, csrf: None, renewed: None }
    }
}

/// Reads the bearer token or, when there is none, the session cookie.
///
/// Credentials that prove nothing make nobody of whoever sent them; a problem is only a store
/// that does not answer.
pub async fn identify(app: &App, headers: &HeaderMap) -> Result<Identity, Problem> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let user = api_tokens::identify(app, value).await?;
        let via = if user.is_some() { Via::Bearer } else { Via::Nobody };
        return Ok(Identity { user, via, ..Identity::nobody() });
    }
    let claims = route::cookie(headers, cookie::name(&app.settings)).and_then(|text| app.tokens.read(text));
    let Some(claims) = claims else { return Ok(Identity::nobody()) };
    let session = match app.sessions.identify(claims.sid).await {
        Ok(session) => session,
        Err(Refused::Over) => return Ok(Identity::nobody()),
        Err(Refused::Unavailable) => return Err(Problem::unavailable()),
    };
    if session.epoch != claims.epoch || session.user.id != claims.sub {
        return Ok(Identity::nobody());
    }
    let renewed = app.tokens.is_aged(&claims).then(|| {
        let token = app.tokens.issue(claims.sid, session.user.id, session.epoch, session.created_at);
        cookie::set(&app.settings, &token)
    });
    Ok(Identity { user: Some(session.user), via: Via::Cookie, csrf: Some(app.csrf.of(claims.sid)), renewed })
}

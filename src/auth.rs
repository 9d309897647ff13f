//! Who is it?

use std::sync::Arc;

use domain::user::CurrentUser;
use http::{HeaderMap, HeaderValue};

use crate::app::App;
use crate::problem::Problem;
use crate::route::Via;

/// What the credentials of a request prove.
pub struct Identity {
    pub user: Option<CurrentUser>,
    pub via: Via,
    pub csrf: Option<Arc<str>>,
    /// A fresh cookie, when the token of this one has aged.
    pub renewed: Option<HeaderValue>,
}

/// Reads the bearer token or the session cookie.
pub async fn identify(_app: &App, _headers: &HeaderMap) -> Result<Identity, Problem> {
    Ok(Identity { user: None, via: Via::Nobody, csrf: None, renewed: None })
}

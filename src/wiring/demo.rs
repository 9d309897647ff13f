//! The way into the demo: a link with a random key, which only the demo has.

use domain::Secret;
use http::header;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::app::App;
use crate::auth::sign_in;
use crate::problem::Problem;
use crate::route::{Response, Route, Visit, get, see_other};

/// The admin of the demo.
const ADMIN: &str = "demo";

/// What opens the demo; made anew at every start.
#[derive(Clone)]
pub struct Key(Secret);

impl Key {
    pub fn new() -> Self {
        Self(Secret::new(Uuid::new_v4().simple().to_string()))
    }

    pub fn path(&self) -> String {
        format!("/demo/{}", self.0.expose())
    }

    /// The door that the key fits.
    pub fn routes(&self) -> Vec<Route> {
        let key = self.clone();
        vec![get("/demo/:key").anyone().then(move |app, visit| enter(key.clone(), app, visit))]
    }

    fn fits(&self, sent: &str) -> bool {
        self.0.expose().as_bytes().ct_eq(sent.as_bytes()).into()
    }
}

async fn enter(key: Key, app: App, visit: Visit) -> Result<Response, Problem> {
    let sent: String = visit.param("key")?;
    if !key.fits(&sent) {
        return Err(Problem::not_found());
    }
    let (user, _) = app.reader.user_by_name(ADMIN).await?.ok_or_else(Problem::not_found)?;
    let signed_in = sign_in::begin(&app, &visit, user, sign_in::Credential::Password).await?;
    let mut response = see_other(&visit.link("/"));
    response.headers_mut().append(header::SET_COOKIE, signed_in.cookie);
    Ok(response)
}

//! One line says where, a plain async function says what.
//!
//!      get("/downloads/:id").then(show)
//!       |        |                |
//!     method   pattern      async fn show(App, Visit) -> Result<impl Into<Response>, Problem>
//!
//! A route is boxed where it is written, so that the compiler never sees a tree of generic
//! filters, and all routes live in one [`Table`] behind one warp filter ([`front_door`]). The
//! table knows every pattern, which gives HEAD, 404, 405 with `Allow` and the authorisation
//! matrix for free. A route is for people who are signed in unless it says otherwise.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::Method;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::problem::Problem;

mod answer;
mod body;
mod front_door;
mod table;
mod visit;

pub use answer::{accepted, created, html, json, no_content, see_other, with_header};
pub(crate) use body::{CSRF_FIELD, form_field, is_form};
pub use body::{FORM_LIMIT, JSON_LIMIT};
pub use front_door::{Peer, ProblemPage, filter};
pub use table::{Found, Params, Table};
pub(crate) use visit::Rest;
pub use visit::{Head, Query, Via, Visit, cookie};

/// What warp sends.
pub type Response = warp::reply::Response;

type Answering = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;
type Handler = Arc<dyn Fn(App, Visit) -> Answering + Send + Sync>;

/// Who may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, and we do not even look who it is: assets, health.
    Public,
    /// Everybody; the handler may look who it is: login, set-up.
    Anyone,
    /// Whoever is signed in.
    Member,
    /// Admins.
    Admin,
}

/// Which rate limit counts a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meter {
    /// `MEDIANEST_API_PER_MINUTE` for each person.
    Api,
    Unmetered,
}

/// One address with one method, ready to be put in the [`Table`].
#[derive(Clone)]
pub struct Route {
    pub method: Method,
    /// Below the base path, such as `/downloads/:id`.
    pub pattern: &'static str,
    pub access: Access,
    pub meter: Meter,
    /// Whether an unsafe request by cookie must carry the session's CSRF token; without it only
    /// its origin is checked.
    pub csrf_token: bool,
    handler: Handler,
}

impl Route {
    /// Runs the handler.
    pub(crate) fn answer(&self, app: App, visit: Visit) -> Answering {
        (self.handler)(app, visit)
    }
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} for {:?}", self.method, self.pattern, self.access)
    }
}

/// A route that has no handler yet.
pub struct Door {
    method: Method,
    pattern: &'static str,
    access: Access,
    meter: Meter,
    csrf_token: bool,
}

/// Reads; also answers HEAD.
pub fn get(pattern: &'static str) -> Door {
    Door::new(Method::GET, pattern)
}

pub fn post(pattern: &'static str) -> Door {
    Door::new(Method::POST, pattern)
}

pub fn patch(pattern: &'static str) -> Door {
    Door::new(Method::PATCH, pattern)
}

pub fn delete(pattern: &'static str) -> Door {
    Door::new(Method::DELETE, pattern)
}

impl Door {
    fn new(method: Method, pattern: &'static str) -> Self {
        let metered = pattern.starts_with("/api/v1/") || method != Method::GET;
        let meter = if metered { Meter::Api } else { Meter::Unmetered };
        Self { method, pattern, access: Access::Member, meter, csrf_token: true }
    }

    /// For everybody, whoever they are; nobody looks who they are.
    pub fn public(self) -> Self {
        Self { access: Access::Public, meter: Meter::Unmetered, ..self }
    }

    /// For everybody; `visit.user` says who it is, if anybody.
    pub fn anyone(self) -> Self {
        Self { access: Access::Anyone, ..self }
    }

    /// For admins.
    pub fn admin(self) -> Self {
        Self { access: Access::Admin, ..self }
    }

    /// Not counted by the rate limit: streams, files.
    pub fn unmetered(self) -> Self {
        Self { meter: Meter::Unmetered, ..self }
    }

    /// For those who can't have a CSRF token yet: login, set-up. Their origin is still checked.
    pub fn without_csrf_token(self) -> Self {
        Self { csrf_token: false, ..self }
    }

    /// A handler that takes no body.
    pub fn then<F, Fut, R>(self, handler: F) -> Route
    where
        F: Fn(App, Visit) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, Problem>> + Send + 'static,
        R: Into<Response>,
    {
        self.route(Arc::new(move |app, visit| {
            let answering = handler(app, visit);
            Box::pin(async move { answering.await.map(Into::into) })
        }))
    }

    /// A handler of a JSON body of at most [`JSON_LIMIT`] bytes. A field that does not fit is
    /// named in the problem.
    pub fn json<T, F, Fut, R>(self, handler: F) -> Route
    where
        T: DeserializeOwned + Send + 'static,
        F: Fn(App, Visit, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, Problem>> + Send + 'static,
        R: Into<Response>,
    {
        let handler = Arc::new(handler);
        self.route(Arc::new(move |app, mut visit| {
            let handler = handler.clone();
            Box::pin(async move {
                let body = body::read_json(&mut visit).await?;
                handler(app, visit, body).await.map(Into::into)
            })
        }))
    }

    /// The same for a body that may be missing, as if every field of it were.
    pub fn maybe_json<T, F, Fut, R>(self, handler: F) -> Route
    where
        T: DeserializeOwned + Default + Send + 'static,
        F: Fn(App, Visit, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, Problem>> + Send + 'static,
        R: Into<Response>,
    {
        let handler = Arc::new(handler);
        self.route(Arc::new(move |app, mut visit| {
            let handler = handler.clone();
            Box::pin(async move {
                let body = if body::is_missing(&visit.headers) {
                    T::default()
                } else {
                    body::read_json(&mut visit).await?
                };
                handler(app, visit, body).await.map(Into::into)
            })
        }))
    }

    /// A handler of a form of at most [`FORM_LIMIT`] bytes.
    pub fn form<T, F, Fut, R>(self, handler: F) -> Route
    where
        T: DeserializeOwned + Send + 'static,
        F: Fn(App, Visit, T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, Problem>> + Send + 'static,
        R: Into<Response>,
    {
        let handler = Arc::new(handler);
        self.route(Arc::new(move |app, mut visit| {
            let handler = handler.clone();
            Box::pin(async move {
                let form = body::read_form(&mut visit).await?;
                handler(app, visit, form).await.map(Into::into)
            })
        }))
    }

    fn route(self, handler: Handler) -> Route {
        let Self { method, pattern, access, meter, csrf_token } = self;
        Route { method, pattern, access, meter, csrf_token, handler }
    }
}

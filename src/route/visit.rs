//! One request, as a handler sees it.

use std::net::IpAddr;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use domain::SessionId;
use domain::user::CurrentUser;
use http::{HeaderMap, Method, header};
use warp::ws::Ws;

use super::body::{self, BodyStream, Fields};
use super::table::Params;
use crate::link::Base;
use crate::problem::Problem;

/// How somebody proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The session cookie: unsafe requests need the CSRF token.
    Cookie,
    /// An API token in `Authorization`.
    Bearer,
    Nobody,
}

/// A request: its [`Head`], which it dereferences to, and its unread rest.
pub struct Visit {
    pub(super) head: Arc<Head>,
    pub(super) rest: Rest,
}

/// Everything about a request but its body.
#[derive(Debug)]
pub struct Head {
    pub method: Method,
    /// Below the base path, as it was sent.
    pub path: String,
    pub params: Params,
    pub query: Query,
    pub headers: HeaderMap,
    /// Who is signed in, if anybody; nobody looks on public routes.
    pub user: Option<CurrentUser>,
    pub via: Via,
    /// The CSRF token of the session; pages put it in their forms.
    pub csrf: Option<Arc<str>>,
    /// Who asks, behind the proxies that we trust.
    pub remote: IpAddr,
    pub request_id: Arc<str>,
    pub base: Base,
}

/// What can be read only once.
pub(crate) struct Rest {
    pub(super) upgrade: Option<Ws>,
    pub(super) body: Option<BodyStream>,
    pub(super) form: Option<Fields>,
}

impl Deref for Visit {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

impl Visit {
    /// The head alone, for whoever renders after the body was taken.
    pub fn head(&self) -> Arc<Head> {
        self.head.clone()
    }

    /// The body as it is, of at most `limit` bytes.
    pub(crate) async fn body(&mut self, limit: usize) -> Result<Bytes, Problem> {
        body::read_raw(self, limit).await
    }

    /// Takes the WebSocket handshake, when the request is one.
    pub fn upgrade(&mut self) -> Option<Ws> {
        self.rest.upgrade.take()
    }
}

impl Head {
    /// The address of a path of ours.
    pub fn link(&self, path: &str) -> String {
        self.base.link(path)
    }

    /// Who is signed in; a problem when nobody is.
    pub fn member(&self) -> Result<&CurrentUser, Problem> {
        self.user.as_ref().ok_or_else(Problem::signed_out)
    }

    /// The session of the cookie; absent for an API token.
    pub fn session(&self) -> Option<SessionId> {
        self.user.as_ref().and_then(|user| user.session)
    }

    /// The parameter `:name`; 404 when it is not a `T`, since then nothing can be there.
    pub fn param<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.params.get(name).and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether htmx asks for a fragment. Going back in the history wants the whole page.
    pub fn is_htmx(&self) -> bool {
        self.headers.contains_key("hx-request") && !self.headers.contains_key("hx-history-restore-request")
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        cookie(&self.headers, name)
    }

    /// `dark` or `light`; nothing when the system's preference counts.
    pub fn theme(&self) -> Option<&str> {
        self.cookie("mn_theme").filter(|theme| matches!(*theme, "dark" | "light"))
    }

    /// Whether the answer is for a program: the API, metrics, a stream, or somebody who asks for
    /// JSON.
    pub fn wants_json(&self) -> bool {
        let accepts = |wanted: &str| self.header("accept").is_some_and(|accept| accept.contains(wanted));
        self.path.starts_with("/api/")
            || matches!(&*self.path, "/metrics" | "/events" | "/ws")
            || (accepts("json") && !accepts("text/html"))
    }

    pub fn user_agent(&self) -> &str {
        self.header("user-agent").unwrap_or_default()
    }

    /// Whether the method may change something.
    pub fn is_unsafe(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }
}

/// The value of the cookie `name`; of the first one when it was sent twice.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// The query string.
#[derive(Debug, Clone, Default)]
pub struct Query(pub(super) String);

impl Query {
    /// The first value of `name`, decoded.
    pub fn get(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.0.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The value of `name` as a `T`, or a problem that names it.
    pub fn parse<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, Problem> {
        let Some(text) = self.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Problem::invalid(name, "has a value that does not fit"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

//! plex.tv: who somebody is, and which servers are shared with them.
//!
//! ```text
//!    PIN ──> approved at plex.tv ──> account token ──> user, resources ──> server token
//!    create   (by the person)         poll                 |
//!                                                          v
//!                                    is our machineIdentifier among them?
//! ```
//!
//! Shapes and errors are those of `contracts/plex.md` A. Only 401 says that a token is dead; after
//! anything else the token is kept. plex.tv refuses who asks too often, so all calls share one
//! bucket, in which a part is kept for people who wait.

use std::sync::Arc;
use std::time::Duration;

use domain::Secret;
use domain::address::AdminUrl;
use domain::plex::{PlexAccount, PlexId};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use crate::breaker::Gate;
use crate::http::{Answer, Call, Client, Transport};

mod bucket;
mod error;
mod wire;
mod xml;

#[cfg(test)]
mod tests;

use bucket::Bucket;
pub use error::Error;

/// Shown to people among their authorised devices.
const PRODUCT: &str = "MediaNest";

/// Where plex.tv is; every address can be set.
#[derive(Debug, Clone)]
pub struct Addresses {
    pub tv: AdminUrl,
    pub clients: AdminUrl,
    /// The page on which a person approves a sign-in.
    pub auth: AdminUrl,
}

/// A PIN that somebody may approve.
#[derive(Debug, Clone)]
pub struct Pin {
    pub number: i64,
    pub code: Secret,
    /// plex.tv's own words about how long it is good for, without trusting our clocks to agree.
    pub expires_in: Duration,
    /// Present once somebody approved it.
    pub token: Option<Secret>,
}

/// The account behind a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    pub account: PlexAccount,
    pub has_plex_pass: bool,
}

/// A server that an account may use.
#[derive(Debug, Clone)]
pub struct SharedServer {
    /// Its `machineIdentifier`.
    pub machine: String,
    pub name: String,
    /// Opens the server for this account. Absent while it is not claimed properly.
    pub token: Option<Secret>,
    pub is_owned: bool,
}

/// Calls plex.tv. Clones share the gate and the bucket.
#[derive(Debug, Clone)]
pub struct PlexTv {
    tv: Client,
    clients: Client,
    addresses: Addresses,
    bucket: Arc<Bucket>,
    is_patient: bool,
}

impl PlexTv {
    pub fn new(addresses: Addresses, transport: Transport, gate: Gate) -> Self {
        let name = "plex-tv".parse().expect("a name of a service");
        Self {
            tv: Client::new(&name, addresses.tv.clone(), transport.clone(), gate.clone()),
            clients: Client::new(&name, addresses.clients.clone(), transport, gate),
            addresses,
            bucket: Arc::default(),
            is_patient: false,
        }
    }

    /// For work that nobody waits for: retries, and leaves the bucket's reserve alone.
    #[must_use]
    pub fn patient(&self) -> Self {
        Self { is_patient: true, ..self.clone() }
    }

    /// A new PIN: a long code for the approval page, or a short one to be typed.
    pub async fn create_pin(&self, client_id: &str, is_short: bool) -> Result<Pin, Error> {
        self.bucket.take(false).await;
        let call = self.tv.request(Method::POST, "/api/v2/pins").once();
        let call = if is_short { call } else { call.query(&[("strong", "true")]) };
        self.ask(call, client_id, None, wire::pin).await
    }

    /// Whether somebody has approved it. Must be asked with the identifier that made it.
    pub async fn poll_pin(&self, client_id: &str, number: i64) -> Result<Pin, Error> {
        self.bucket.take(true).await;
        let call = self.tv.get(&format!("/api/v2/pins/{number}")).once();
        self.ask(call, client_id, None, wire::pin).await
    }

    /// Whose token it is.
    pub async fn user(&self, client_id: &str, token: &Secret) -> Result<Who, Error> {
        self.bucket.take(self.is_patient).await;
        self.ask(self.tv.get("/api/v2/user"), client_id, Some(token), wire::who).await
    }

    /// The servers that the account of `token` may use.
    pub async fn servers(&self, client_id: &str, token: &Secret) -> Result<Vec<SharedServer>, Error> {
        self.bucket.take(self.is_patient).await;
        let call = self.tv.get("/api/v2/resources").query(&[
            ("includeHttps", "1"),
            ("includeRelay", "1"),
            ("includeIPv6", "1"),
        ]);
        self.ask(call, client_id, Some(token), wire::servers).await
    }

    /// With whom the owner of `token` shares the server `machine`. Asks the older list when
    /// the newer one is not there.
    pub async fn guests(
        &self,
        client_id: &str,
        token: &Secret,
        machine: &str,
    ) -> Result<Vec<PlexAccount>, Error> {
        self.bucket.take(self.is_patient).await;
        let newer = self.clients.get("/api/v2/shared_servers/owned/accepted");
        match self.ask(newer, client_id, Some(token), |answer| wire::invited(answer, machine)).await {
            Err(Error::Removed | Error::NotThere) => {}
            other => return other,
        }
        self.bucket.take(self.is_patient).await;
        let older = self.tv.get("/api/users");
        self.ask(older, client_id, Some(token), |answer| wire::friends(answer, machine)).await
    }

    /// Keeps a token alive, and says whether it is.
    pub async fn ping(&self, client_id: &str, token: &Secret) -> Result<(), Error> {
        self.bucket.take(self.is_patient).await;
        self.ask(self.tv.get("/api/v2/ping"), client_id, Some(token), |_| Some(())).await
    }

    /// Ends a token at plex.tv.
    pub async fn sign_out(&self, client_id: &str, token: &Secret) -> Result<(), Error> {
        self.bucket.take(self.is_patient).await;
        let call = self.tv.request(Method::DELETE, "/api/v2/users/signout");
        self.ask(call, client_id, Some(token), |_| Some(())).await
    }

    /// Where a person approves `pin`; Plex then sends them on to `forward`.
    pub fn approval_page(&self, client_id: &str, code: &Secret, forward: &str) -> String {
        // Everything stands in the fragment, so the code reaches no log of a server.
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("clientID", client_id)
            .append_pair("code", code.expose())
            .append_pair("context[device][product]", PRODUCT)
            .append_pair("context[device][version]", env!("CARGO_PKG_VERSION"))
            .append_pair("forwardUrl", forward);
        let page = self.addresses.auth.as_str().trim_end_matches('/');
        format!("{page}#?{}", query.finish().replace('+', "%20"))
    }

    /// Where a person types a short code, with the code filled in.
    pub fn link_page(&self, code: &Secret) -> String {
        let mut url = self.addresses.tv.join("/link/");
        url.query_pairs_mut().append_pair("pin", code.expose());
        url.into()
    }

    /// How a person is told where to type a short code, such as `plex.tv/link`.
    pub fn link_words(&self) -> String {
        let url = self.addresses.tv.join("/link");
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path())
    }

    async fn ask<T>(
        &self,
        call: Call<'_>,
        client_id: &str,
        token: Option<&Secret>,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<T, Error> {
        let mut call = if self.is_patient { call } else { call.interactive() };
        call = call
            .header(PRODUCT_HEADER, HeaderValue::from_static(PRODUCT))
            .header(VERSION_HEADER, HeaderValue::from_static(env!("CARGO_PKG_VERSION")))
            .header(PLATFORM_HEADER, HeaderValue::from_static("Web"))
            .secret_header(CLIENT_HEADER, &Secret::new(client_id));
        if let Some(token) = token {
            call = call.secret_header(TOKEN_HEADER, token);
        }
        let service = self.tv.service().clone();
        let answer = call.accept(error::is_an_answer).decode(|answer| {
            if answer.status.is_client_error() {
                return Ok(Err(error::of(answer.status, &document(&answer))));
            }
            let read = read(&document(&answer)).ok_or_else(|| crate::Error::Garbled {
                service: service.clone(),
                reason: "something that it always says is missing".to_owned(),
            })?;
            Ok(Ok(read))
        });
        answer.await?
    }
}

const PRODUCT_HEADER: HeaderName = HeaderName::from_static("x-plex-product");
const VERSION_HEADER: HeaderName = HeaderName::from_static("x-plex-version");
const PLATFORM_HEADER: HeaderName = HeaderName::from_static("x-plex-platform");
const CLIENT_HEADER: HeaderName = HeaderName::from_static("x-plex-client-identifier");
const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-plex-token");

/// The answer as JSON; some doors answer XML whatever one asks for. What is neither is null.
fn document(answer: &Answer) -> Value {
    if answer.status == StatusCode::NO_CONTENT {
        return Value::Null;
    }
    serde_json::from_slice(&answer.body)
        .ok()
        .or_else(|| xml::read(std::str::from_utf8(&answer.body).ok()?))
        .unwrap_or(Value::Null)
}

/// For the shapes of this folder: an account by its number and names.
fn account(id: i64, names: &[Option<&str>], email: Option<&str>) -> PlexAccount {
    PlexAccount::new(PlexId(id), names, email)
}

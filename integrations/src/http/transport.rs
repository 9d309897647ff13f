//! Connections to services, shared by everything that calls one.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::address::is_metadata_or_link_local;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};
use url::Url;

use crate::Error;

/// How many redirects within one origin are followed.
const MAX_REDIRECTS: usize = 5;

/// A pool of connections. Clones share it. One is made at start.
///
/// The certificates of the system take tens of milliseconds and megabytes, so they are loaded
/// when the first service with an https address is called; most households have none.
#[derive(Clone, Debug)]
pub struct Transport(Arc<Pools>);

#[derive(Debug)]
struct Pools {
    plain: reqwest::Client,
    encrypted: OnceLock<reqwest::Client>,
    /// Encrypted, and never HTTP/2, which has no upgrades of this kind.
    upgrading: OnceLock<reqwest::Client>,
}

impl Transport {
    /// # Errors
    /// [`Error::Internal`] when no connections can be made at all.
    pub fn new() -> Result<Self, Error> {
        // Fails when a provider is installed already, which is what we want.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plain = build(reqwest::Client::builder().tls_certs_only([]))?;
        Ok(Self(Arc::new(Pools { plain, encrypted: OnceLock::new(), upgrading: OnceLock::new() })))
    }

    /// Trusts one authority only.
    #[cfg(test)]
    pub(crate) fn trusting(pem: &str) -> Self {
        let transport = Self::new().unwrap();
        let root = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
        let client = build(reqwest::Client::builder().tls_certs_only([root])).unwrap();
        transport.0.encrypted.set(client).unwrap();
        transport
    }

    /// The pool for this address.
    ///
    /// # Errors
    /// [`Error::Internal`] when the certificates of the system cannot be loaded.
    pub(crate) fn client_for(&self, url: &Url) -> Result<&reqwest::Client, Error> {
        if url.scheme() != "https" {
            return Ok(&self.0.plain);
        }
        if let Some(client) = self.0.encrypted.get() {
            return Ok(client);
        }
        let client = build(reqwest::Client::builder())?;
        Ok(self.0.encrypted.get_or_init(|| client))
    }

    /// The pool for connections to this address that become something else.
    ///
    /// # Errors
    /// [`Error::Internal`] when the certificates of the system cannot be loaded.
    pub(crate) fn client_for_upgrades(&self, url: &Url) -> Result<&reqwest::Client, Error> {
        if url.scheme() != "https" {
            return Ok(&self.0.plain);
        }
        if let Some(client) = self.0.upgrading.get() {
            return Ok(client);
        }
        let client = build(reqwest::Client::builder().http1_only())?;
        Ok(self.0.upgrading.get_or_init(|| client))
    }
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Error> {
    builder
        .user_agent(concat!("MediaNest/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
        .redirect(Policy::custom(stay_within_the_origin))
        .dns_resolver(Arc::new(GuardedResolver))
        .connect_timeout(Duration::from_secs(5))
        .tcp_keepalive(Duration::from_secs(30))
        .pool_idle_timeout(Duration::from_secs(60))
        .pool_max_idle_per_host(4)
        .build()
        .map_err(|error| Error::Internal {
            service: "the HTTP client".into(),
            reason: error.without_url().to_string(),
        })
}

/// Another origin must not get our key, and a service must not send us round the network.
fn stay_within_the_origin(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let came_from = attempt.previous().last().map(Url::origin);
    if attempt.previous().len() > MAX_REDIRECTS || came_from != Some(attempt.url().origin()) {
        return attempt.stop();
    }
    attempt.follow()
}

/// Finds the addresses of names, without those where no service of a household can be: a name
/// that leads to a metadata service leads nowhere.
struct GuardedResolver;

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let good: Vec<SocketAddr> =
                found.filter(|address| !is_metadata_or_link_local(address.ip())).collect();
            if good.is_empty() {
                return Err("the name leads to no address that a service may have".into());
            }
            Ok(Box::new(good.into_iter()) as Addrs)
        })
    }
}

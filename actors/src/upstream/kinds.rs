//! Which typed client talks to which kind of service.

use domain::Secret;
use domain::service::{Service, ServiceKind};
use integrations::http::Client;
use integrations::{Error, plex};

use super::Upstream;

impl Upstream for plex::Server {
    const KIND: ServiceKind = ServiceKind::Plex;

    fn connect(_: &Service, http: Client, key: Option<&Secret>) -> Result<Self, Error> {
        let http = match key {
            Some(key) => http.with_secret_header(plex::TOKEN, key)?,
            None => http,
        };
        Ok(plex::Server::new(http))
    }
}

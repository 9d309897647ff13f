//! Which typed client talks to which kind of service.

use domain::Secret;
use domain::service::{Service, ServiceKind};
use integrations::http::Client;
use integrations::overseerr::{self, Overseerr};
use integrations::tmdb::Tmdb;
use integrations::uptime_kuma::UptimeKuma;
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

impl Upstream for Overseerr {
    const KIND: ServiceKind = ServiceKind::Overseerr;

    fn connect(_: &Service, http: Client, key: Option<&Secret>) -> Result<Self, Error> {
        let http = match key {
            Some(key) => http.with_secret_header(overseerr::API_KEY, key)?,
            None => http,
        };
        Ok(Overseerr::new(http))
    }
}

impl Upstream for Tmdb {
    const KIND: ServiceKind = ServiceKind::Tmdb;

    fn connect(_: &Service, http: Client, key: Option<&Secret>) -> Result<Self, Error> {
        // Without a key it answers, and the answer says that the key is missing.
        Ok(Tmdb::new(http, key.unwrap_or(&Secret::new(String::new()))))
    }
}

impl Upstream for UptimeKuma {
    const KIND: ServiceKind = ServiceKind::UptimeKuma;

    fn connect(_: &Service, http: Client, key: Option<&Secret>) -> Result<Self, Error> {
        // The key is the password of nobody.
        let http = match key {
            Some(key) => http.with_basic("", key)?,
            None => http,
        };
        Ok(UptimeKuma::new(http))
    }
}

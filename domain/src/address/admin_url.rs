//! Where a service of the household is.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use url::{Host, Url};

use super::{HostPort, Refusal, is_metadata_or_link_local, parse_web_url};

/// Ports of the databases that the portal itself may use: an admin page must not become a way
/// to send lines to them.
const DATABASE_PORTS: [u16; 2] = [5432, 6379];

/// Names under which clouds serve the credentials of a machine.
const METADATA_NAMES: [&str; 5] =
    ["metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"];

/// The address of a service, as an admin typed it. Private networks are fine, they are where
/// services live; metadata services, link-local hosts and database ports are not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AdminUrl(Url);

impl AdminUrl {
    /// # Errors
    /// The [`Refusal`] says why, in words for the person.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let url = parse_web_url(text)?;
        let target = HostPort::of(&url);
        let is_forbidden = match url.host() {
            Some(Host::Ipv4(ip)) => is_metadata_or_link_local(ip.into()),
            Some(Host::Ipv6(ip)) => is_metadata_or_link_local(ip.into()),
            _ => METADATA_NAMES.contains(&target.host()),
        };
        if is_forbidden {
            return Err(Refusal::Forbidden(target.host().to_owned()));
        }
        if DATABASE_PORTS.contains(&target.port()) {
            return Err(Refusal::Port(target.port()));
        }
        Ok(Self(url))
    }

    /// Refuses the address at which the portal itself listens: watching oneself through one's
    /// own front door says nothing, and calling oneself can loop.
    ///
    /// # Errors
    /// [`Refusal::OwnAddress`] when host and port are those of `listen`.
    pub fn refuse_own(&self, listen: SocketAddr) -> Result<(), Refusal> {
        let target = self.host_port();
        if target.port() != listen.port() {
            return Ok(());
        }
        let ip = target.ip();
        let is_this_machine = target.is_localhost() || ip.is_some_and(|ip| ip.to_canonical().is_loopback());
        let listens_there = listen.ip().is_unspecified() || listen.ip().is_loopback();
        if ip == Some(listen.ip()) || (is_this_machine && listens_there) {
            return Err(Refusal::OwnAddress);
        }
        Ok(())
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Where a connection goes.
    pub fn host_port(&self) -> HostPort {
        HostPort::of(&self.0)
    }

    /// The address of `path` below this one, such as `api/v1/status` below
    /// `http://nas/overseerr`. A query or fragment of the base is dropped.
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_query(None);
        url.set_fragment(None);
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{}", path.trim_start_matches('/')));
        url.set_query(query);
        url
    }
}

impl FromStr for AdminUrl {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Self::parse(text)
    }
}

impl fmt::Display for AdminUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_may_be_on_the_private_network() {
        for text in [
            "http://127.0.0.1:8080/",
            "http://192.168.1.10:32400",
            "https://plex.example.com/base/",
            "http://nas.local:5055",
            "http://[fd12::1]:80/",
            "http://localhost:3001/metrics?x=1",
        ] {
            assert!(AdminUrl::parse(text).is_ok(), "{text} was refused");
        }
    }

    #[test]
    fn a_service_is_never_metadata_a_database_or_another_protocol() {
        for (text, code) in [
            ("http://169.254.169.254/latest/meta-data", "address_forbidden"),
            ("http://[::ffff:169.254.169.254]/", "address_forbidden"),
            ("http://2852039166/", "address_forbidden"),
            ("http://metadata.google.internal./", "address_forbidden"),
            ("http://METADATA/", "address_forbidden"),
            ("http://[fe80::1]/", "address_forbidden"),
            ("http://0.0.0.0:80/", "address_forbidden"),
            ("http://127.0.0.1:6379/", "port_refused"),
            ("http://db:5432/", "port_refused"),
            ("redis://127.0.0.1/", "scheme_refused"),
            ("file:///etc/passwd", "scheme_refused"),
            ("gopher://127.0.0.1/", "scheme_refused"),
            ("http://admin:pw@nas/", "credentials_in_url"),
            ("http://nas/a%0d%0aHost: b", "control_character"),
            ("http://nas/a\r\nHost: b", "control_character"),
        ] {
            assert_eq!(AdminUrl::parse(text).expect_err(text).code(), code, "{text}");
        }
    }

    #[test]
    fn the_portal_is_not_a_service_of_itself() {
        let listen = "127.0.0.1:8484".parse().unwrap();
        for text in ["http://127.0.0.1:8484/", "http://localhost:8484/status", "http://[::1]:8484/"] {
            assert_eq!(AdminUrl::parse(text).unwrap().refuse_own(listen), Err(Refusal::OwnAddress), "{text}");
        }
        for text in ["http://127.0.0.1:8485/", "http://nas:8484/"] {
            assert_eq!(AdminUrl::parse(text).unwrap().refuse_own(listen), Ok(()), "{text}");
        }
    }

    #[test]
    fn paths_are_joined_below_a_base_path() {
        let url = AdminUrl::parse("http://nas/overseerr/?x=1#y").unwrap();

        assert_eq!(url.join("/api/v1/status").as_str(), "http://nas/overseerr/api/v1/status");
        assert_eq!(url.join("api/v1/search?query=a").as_str(), "http://nas/overseerr/api/v1/search?query=a");
    }
}

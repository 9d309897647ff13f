//! Which hosts downloads may come from.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

use super::{Refusal, UserUrl, is_public, normalise_host};
use crate::user::Invalid;

/// A host and a port, in normal form: numeric spellings resolved, lower-case, no final dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    host: String,
    port: u16,
}

impl HostPort {
    /// The target of an http or https address.
    pub(super) fn of(url: &Url) -> Self {
        let host = normalise_host(url.host_str().unwrap_or_default());
        Self { host, port: url.port_or_known_default().unwrap_or(80) }
    }

    /// The normal form of a host as it stands in an address or in a CONNECT request.
    ///
    /// # Errors
    /// [`Invalid`] when it is no host name and no IP address.
    pub fn new(host: &str, port: u16) -> Result<Self, Invalid> {
        // IPv6 may come without its brackets, as in a resolved address.
        let host =
            if host.parse::<std::net::Ipv6Addr>().is_ok() { format!("[{host}]") } else { host.to_owned() };
        let parsed = Host::parse(&host).map_err(|_| Invalid("not a host name"))?;
        let host = normalise_host(&parsed.to_string());
        if host.is_empty() || port == 0 {
            return Err(Invalid("not a host and a port"));
        }
        Ok(Self { host, port })
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address, when the host is one and not a name.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether the name always means this machine (RFC 6761).
    pub fn is_localhost(&self) -> bool {
        self.host == "localhost" || self.host.ends_with(".localhost")
    }
}

impl FromStr for HostPort {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let needs_port = Invalid("write host:port, such as 127.0.0.1:9000");
        let (host, port) = text.rsplit_once(':').ok_or(needs_port)?;
        let port = port.parse().map_err(|_| needs_port)?;
        if host.contains(':') && !host.starts_with('[') {
            return Err(Invalid("write an IPv6 address in brackets, such as [::1]:9000"));
        }
        Self::new(host, port)
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The rule for downloads: any public host; `allow` adds exceptions that are not public; `only`,
/// when it is not empty, restricts everything to its hosts and what is below them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostPolicy {
    allow: Vec<HostPort>,
    only: Vec<String>,
}

impl HostPolicy {
    /// Reads the two settings: lists separated by commas or spaces, `allow` of `host:port`,
    /// `only` of host names.
    ///
    /// # Errors
    /// [`Invalid`] says how an entry is written.
    pub fn parse(allow: &str, only: &str) -> Result<Self, Invalid> {
        let entries = |text: &str| -> Vec<String> {
            text.split([',', ' ', '\t', '\n']).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
        };
        let allow = entries(allow).iter().map(|entry| entry.parse()).collect::<Result<_, _>>()?;
        let only = entries(only)
            .iter()
            .map(|entry| {
                let name = entry.trim_start_matches("*.");
                HostPort::new(name, 443)
                    .map(|entry| entry.host)
                    .map_err(|_| Invalid("write host names, such as youtube.com"))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { allow, only })
    }

    /// Judges an address when it is typed, before any name is resolved. What passes is judged
    /// again by [`HostPolicy::judge`] at every connection.
    ///
    /// # Errors
    /// The [`Refusal`] says why, in words for the person.
    pub fn judge_url(&self, url: &UserUrl) -> Result<(), Refusal> {
        let target = url.host_port();
        match target.ip() {
            Some(ip) => self.judge(&target, &[ip]),
            None => self.judge_name(&target),
        }
    }

    /// Judges a connection: `addresses` is everything that the name resolved to, and every one
    /// of them must be good, since any of them may be the one that is used.
    ///
    /// # Errors
    /// The [`Refusal`] says why; [`Refusal::Unresolvable`] when there are no addresses.
    pub fn judge(&self, target: &HostPort, addresses: &[IpAddr]) -> Result<(), Refusal> {
        self.judge_name(target)?;
        if addresses.is_empty() {
            return Err(Refusal::Unresolvable(target.host.clone()));
        }
        if self.allow.contains(target) {
            return Ok(());
        }
        let is_good = |ip: &IpAddr| is_public(*ip) || self.allows_address(*ip, target.port);
        if addresses.iter().all(is_good) { Ok(()) } else { Err(Refusal::NotPublic(target.host.clone())) }
    }

    fn judge_name(&self, target: &HostPort) -> Result<(), Refusal> {
        if !self.only.is_empty() && !self.only.iter().any(|listed| is_below(&target.host, listed)) {
            return Err(Refusal::NotListed(target.host.clone()));
        }
        let is_local_name = target.is_localhost()
            || ["local", "internal", "home.arpa", "lan"].iter().any(|domain| is_below(&target.host, domain));
        // A local name whose address is listed is judged by that address later.
        if is_local_name && !self.allow.iter().any(|listed| listed.port == target.port) {
            return Err(Refusal::NotPublic(target.host.clone()));
        }
        Ok(())
    }

    fn allows_address(&self, ip: IpAddr, port: u16) -> bool {
        let ip = ip.to_canonical();
        self.allow.iter().any(|listed| listed.port == port && listed.ip() == Some(ip))
    }
}

/// Whether `host` is `domain` or a name below it.
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(policy: &HostPolicy, url: &str) -> Result<(), Refusal> {
        policy.judge_url(&UserUrl::parse(url).unwrap())
    }

    fn resolved(policy: &HostPolicy, target: &str, addresses: &[&str]) -> Result<(), Refusal> {
        let addresses: Vec<IpAddr> = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
        policy.judge(&target.parse().unwrap(), &addresses)
    }

    #[test]
    fn every_spelling_of_a_private_host_is_refused() {
        for host in [
            "127.0.0.1",
            "[::1]",
            "0.0.0.0",
            "0",
            "[::ffff:10.0.0.1]",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "017700000001",
            "127.1",
            "127.0.0.1.",
            "127。0。0。1",
            "１２７.0.0.1",
            "169.254.169.254",
            "[64:ff9b::a00:1]",
            "[fc00::1]",
            "[fe80::1]",
            "localhost",
            "localhost.",
            "LOCALHOST",
            "a.localhost",
            "metadata.google.internal",
            "nas.local",
            "router.lan",
            "10.0.0.1",
            "192.168.0.1",
            "172.16.5.4",
            "100.64.0.1",
            "[2002:7f00:1::]",
            "%31%32%37.0.0.1",
        ] {
            let verdict = judge(&HostPolicy::default(), &format!("http://{host}/v.mp4"));
            assert!(matches!(verdict, Err(Refusal::NotPublic(_))), "{host}: {verdict:?}");
        }
    }

    #[test]
    fn a_name_is_as_good_as_the_worst_of_its_addresses() {
        let policy = HostPolicy::default();

        assert_eq!(resolved(&policy, "example.com:443", &["93.184.216.34"]), Ok(()));
        assert!(resolved(&policy, "example.com:443", &["93.184.216.34", "127.0.0.1"]).is_err());
        assert!(resolved(&policy, "example.com:443", &["::ffff:192.168.0.1"]).is_err());
        assert_eq!(
            resolved(&policy, "example.com:443", &[]),
            Err(Refusal::Unresolvable("example.com".to_owned()))
        );
    }

    #[test]
    fn an_exception_opens_one_port_of_one_host() {
        let policy = HostPolicy::parse("127.0.0.1:9000, nas:8080 [::1]:9001", "").unwrap();

        assert_eq!(judge(&policy, "http://127.0.0.1:9000/v.mp4"), Ok(()));
        assert_eq!(judge(&policy, "http://2130706433:9000/v.mp4"), Ok(()));
        assert_eq!(judge(&policy, "http://[::1]:9001/v.mp4"), Ok(()));
        assert_eq!(resolved(&policy, "nas:8080", &["192.168.0.5"]), Ok(()));
        assert_eq!(resolved(&policy, "localhost:9000", &["127.0.0.1"]), Ok(()));
        for url in
            ["http://127.0.0.1:9001/", "http://127.0.0.1/", "http://127.0.0.2:9000/", "http://[::1]:9000/"]
        {
            assert!(judge(&policy, url).is_err(), "{url} was let through");
        }
        assert!(resolved(&policy, "nas:8081", &["192.168.0.5"]).is_err());
        assert!(resolved(&policy, "localhost:9000", &["127.0.0.1", "127.0.0.2"]).is_err());
    }

    #[test]
    fn a_restriction_holds_for_public_hosts_and_exceptions_alike() {
        let policy = HostPolicy::parse("127.0.0.1:9000", "YouTube.com,*.googlevideo.com").unwrap();

        assert_eq!(judge(&policy, "https://youtube.com/watch?v=1"), Ok(()));
        assert_eq!(judge(&policy, "https://www.youtube.com./watch?v=1"), Ok(()));
        assert_eq!(judge(&policy, "https://r1.googlevideo.com/"), Ok(()));
        for url in ["https://notyoutube.com/", "https://youtube.com.evil.example/", "http://127.0.0.1:9000/"]
        {
            assert!(matches!(judge(&policy, url), Err(Refusal::NotListed(_))), "{url} was let through");
        }
    }

    #[test]
    fn a_mistake_in_a_setting_says_how_it_is_written() {
        for (allow, only) in
            [("127.0.0.1", ""), ("::1:9000", ""), ("nas:http", ""), ("", "a/b"), ("", "youtube.com:443")]
        {
            assert!(HostPolicy::parse(allow, only).is_err(), "{allow:?} {only:?} was accepted");
        }
        assert_eq!(HostPolicy::parse("", " , ").unwrap(), HostPolicy::default());
    }
}

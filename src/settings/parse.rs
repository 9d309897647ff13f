//! One checker for each kind of value. A complaint says what would be right.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::address::{AdminUrl, HostPolicy};

use super::Origin;
use crate::link::Base;

pub fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text:?} is not an address and a port such as 127.0.0.1:8484"))
}

pub fn folder(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() || text.contains('\0') {
        return Err("is not a folder".to_owned());
    }
    Ok(PathBuf::from(text))
}

pub fn file(text: &str) -> Result<PathBuf, String> {
    folder(text).map_err(|_| "is not a file".to_owned())
}

pub fn database_url(text: &str) -> Result<(), String> {
    match url::Url::parse(text).map(|url| (url.scheme().to_owned(), url.has_host())) {
        Ok((scheme, true)) if scheme == "postgres" || scheme == "postgresql" => Ok(()),
        _ => Err("is not an address such as postgres://user:password@host/database \
                  (leave it unset for the embedded database)"
            .to_owned()),
    }
}

pub fn redis_url(text: &str) -> Result<(), String> {
    match url::Url::parse(text).map(|url| url.scheme().to_owned()).as_deref() {
        Ok("redis" | "rediss" | "redis+unix" | "unix") => Ok(()),
        _ => Err("is not an address such as redis://host:6379".to_owned()),
    }
}

pub fn secret_key(text: &str) -> Result<(), String> {
    match BASE64_STANDARD.decode(text) {
        Ok(bytes) if bytes.len() == 32 && bytes.iter().any(|byte| *byte != bytes[0]) => Ok(()),
        _ => {
            Err("is not 32 random bytes in base64; make one with: head -c 32 /dev/urandom | base64"
                .to_owned())
        }
    }
}

pub fn public_url(text: &str) -> Result<(Origin, Base), String> {
    let wrong = || format!("{text:?} is not an address such as https://media.example");
    let url = url::Url::parse(text).map_err(|_| wrong())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !plain {
        return Err(wrong());
    }
    let origin = Origin { text: url.origin().ascii_serialization(), secure: url.scheme() == "https" };
    Ok((origin, Base::parse(url.path())?))
}

pub fn cors_origin(text: &str) -> Result<String, String> {
    let (origin, base) = public_url(text)?;
    if !base.as_str().is_empty() {
        return Err(format!("{text:?} has a path; an origin has none"));
    }
    Ok(origin.as_str().to_owned())
}

/// Where an outside service is.
pub fn outside(text: &str) -> Result<AdminUrl, String> {
    AdminUrl::parse(text).map_err(|refusal| format!("{text:?}: {refusal}"))
}

/// The same, or `none`.
pub fn outside_or_none(text: &str) -> Result<Option<AdminUrl>, String> {
    if text == "none" { Ok(None) } else { outside(text).map(Some) }
}

/// A number of things in a stretch of time; 0 means no limit.
pub fn limit(text: &str) -> Result<Option<NonZeroU32>, String> {
    match text.parse::<u32>() {
        Ok(number) if number <= 1_000_000 => Ok(NonZeroU32::new(number)),
        _ => Err(format!("{text:?} is not a number from 0 to 1000000 (0 means no limit)")),
    }
}

pub fn slots(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(number @ 0..=64) => Ok(number),
        _ => Err(format!("{text:?} is not a number from 0 to 64 (0 means no limit)")),
    }
}

/// A `host:port` that downloads may reach although it is not public.
pub fn host_port(text: &str) -> Result<String, String> {
    HostPolicy::parse(text, "").map_err(|error| format!("{text:?}: {error}"))?;
    Ok(text.to_owned())
}

/// A host that downloads are limited to.
pub fn host(text: &str) -> Result<String, String> {
    HostPolicy::parse("", text).map_err(|error| format!("{text:?}: {error}"))?;
    Ok(text.to_owned())
}

/// A network in CIDR notation, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether `address` lies in it; an IPv4 address mapped into IPv6 counts as itself.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                self.bits == 0 || (ours.to_bits() ^ other.to_bits()) >> (32 - self.bits) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                self.bits == 0 || (ours.to_bits() ^ other.to_bits()) >> (128 - self.bits) == 0
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

pub fn network(text: &str) -> Result<Network, String> {
    let wrong = || format!("{text:?} is not an address or a network such as 10.0.0.0/8");
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| wrong())?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(longest);
    if bits > longest {
        return Err(wrong());
    }
    Ok(Network { address, bits })
}

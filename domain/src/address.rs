//! Addresses that people type, and which of them the portal may connect to.
//!
//! There are two classes (`docs/ARCHITECTURE.md` tells where each is used):
//!
//! - A [`UserUrl`] is what a member wants to download. It may only lead to public hosts, and
//!   that is judged three times: when it is typed, when its name is resolved, and at every
//!   redirect, by the proxy that all downloads go through. [`HostPolicy`] is the judge.
//! - An [`AdminUrl`] is a service of the household. It may be on the private network, but it
//!   never leads to cloud metadata, link-local hosts, databases or the portal itself.
//!
//! Texts are parsed as browsers parse them, so `0x7f.1`, `2130706433` and `127。0。0。1` are all
//! seen as `127.0.0.1`.

mod admin_url;
mod host_policy;
mod public;
mod user_url;

pub use admin_url::AdminUrl;
pub use host_policy::{HostPolicy, HostPort};
pub use public::{is_metadata_or_link_local, is_public};
pub use user_url::UserUrl;

use url::Url;

/// The longest address that is accepted, in bytes.
pub const MAX_URL_BYTES: usize = 2048;

/// Why an address was refused, in words for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("an address has at most 2,048 characters")]
    TooLong,
    #[error("this is not a web address; it starts with http:// or https://")]
    NotAnAddress,
    #[error("only http and https addresses are possible, not {0}:")]
    Scheme(String),
    #[error("an address must not contain line breaks or other control characters")]
    ControlCharacter,
    #[error("an address must not contain a user name or a password")]
    Credentials,
    #[error("an address must not carry instructions for yt-dlp")]
    Smuggled,
    #[error("port {0} is not for web pages")]
    Port(u16),
    #[error("{0} is not on the public internet, so it cannot be downloaded from")]
    NotPublic(String),
    #[error("{0} is not one of the hosts that the admin allows downloads from")]
    NotListed(String),
    #[error("{0} belongs to this machine or its cloud, so the portal does not call it")]
    Forbidden(String),
    #[error("this is the portal's own address")]
    OwnAddress,
    #[error("the name {0} could not be found")]
    Unresolvable(String),
}

impl Refusal {
    /// A stable word for programs and for metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::TooLong => "url_too_long",
            Refusal::NotAnAddress => "not_a_url",
            Refusal::Scheme(_) => "scheme_refused",
            Refusal::ControlCharacter => "control_character",
            Refusal::Credentials => "credentials_in_url",
            Refusal::Smuggled => "smuggled_instructions",
            Refusal::Port(_) => "port_refused",
            Refusal::NotPublic(_) => "address_not_public",
            Refusal::NotListed(_) => "host_not_listed",
            Refusal::Forbidden(_) => "address_forbidden",
            Refusal::OwnAddress => "own_address",
            Refusal::Unresolvable(_) => "host_not_found",
        }
    }
}

/// What both classes of address have in common: http or https, a host, no credentials, no
/// characters that could end a line of a protocol.
fn parse_web_url(text: &str) -> Result<Url, Refusal> {
    let text = text.trim_matches(' ');
    if text.len() > MAX_URL_BYTES {
        return Err(Refusal::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::ControlCharacter);
    }
    let url = Url::parse(text).map_err(|_| Refusal::NotAnAddress)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refusal::Scheme(url.scheme().chars().take(20).collect()));
    }
    // The parser reads `https:example.com` and `http:\\example.com` as a browser would; a person
    // who means an address writes two slashes.
    if !text.get(url.scheme().len()..).is_some_and(|rest| rest.starts_with("://")) {
        return Err(Refusal::NotAnAddress);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Credentials);
    }
    if url.host_str().is_none_or(|host| host.trim_matches('.').is_empty()) {
        return Err(Refusal::NotAnAddress);
    }
    if url.port() == Some(0) {
        return Err(Refusal::Port(0));
    }
    // Encoded line breaks would become real ones in programs that decode before they send.
    let lower = url.path().to_ascii_lowercase();
    if lower.contains("%0d") || lower.contains("%0a") || lower.contains("%00") {
        return Err(Refusal::ControlCharacter);
    }
    Ok(url)
}

/// Lower-case, without the dots at the end and without the brackets of IPv6.
fn normalise_host(host: &str) -> String {
    let host = host.trim_end_matches('.');
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host).to_ascii_lowercase()
}

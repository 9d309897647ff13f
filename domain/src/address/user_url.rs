//! What a member wants to download.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::{HostPort, Refusal, parse_web_url};

/// A web address that a member typed, checked for its form. Whether the portal may connect to
/// its host is for [`super::HostPolicy`] to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserUrl(Url);

impl UserUrl {
    /// Accepts http and https without credentials, up to 2,048 bytes. Refuses what yt-dlp would
    /// read as more than an address: search prefixes such as `ytsearch:` and smuggled
    /// instructions (`contracts/yt-dlp.md` A7).
    ///
    /// # Errors
    /// The [`Refusal`] says why, in words for the person.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.to_ascii_lowercase().contains("youtubedl_smuggle") {
            return Err(Refusal::Smuggled);
        }
        let url = parse_web_url(text)?;
        let hidden = url.fragment().unwrap_or_default();
        let names_smuggling = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            name.contains("youtubedl_smuggle") || value.contains("youtubedl_smuggle")
        };
        if url::form_urlencoded::parse(hidden.as_bytes()).any(names_smuggling) {
            return Err(Refusal::Smuggled);
        }
        Ok(Self(url))
    }

    /// The normal form, for storing, comparing and handing on.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Where a connection would go.
    pub fn host_port(&self) -> HostPort {
        HostPort::of(&self.0)
    }
}

impl FromStr for UserUrl {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Self::parse(text)
    }
}

impl fmt::Display for UserUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_are_accepted() {
        let long = format!("https://example.com/{}", "a".repeat(2048));
        for (text, code) in [
            ("", "not_a_url"),
            ("cats", "not_a_url"),
            ("www.example.com/watch", "not_a_url"),
            ("https:example.com", "not_a_url"),
            ("https:\\\\example.com", "not_a_url"),
            ("https://", "not_a_url"),
            ("https://.../", "not_a_url"),
            ("--exec=touch x", "not_a_url"),
            ("ytsearch:cats", "scheme_refused"),
            ("ytsearch10:cats", "scheme_refused"),
            ("file:///etc/passwd", "scheme_refused"),
            ("ftp://example.com/a", "scheme_refused"),
            ("gopher://example.com/", "scheme_refused"),
            ("javascript:alert(1)", "scheme_refused"),
            ("https://ana:secret@example.com/", "credentials_in_url"),
            ("https://example.com@127.0.0.1/", "credentials_in_url"),
            ("https://example.com/\r\nX: y", "control_character"),
            ("https://example.com/%0d%0aX: y", "control_character"),
            ("https://example.com/a\tb", "control_character"),
            ("https://example.com:0/", "port_refused"),
            ("https://example.com/#__youtubedl_smuggle=%7B%7D", "smuggled_instructions"),
            ("https://example.com/#%5F_youtubedl%5Fsmuggle=%7B%7D", "smuggled_instructions"),
            (long.as_str(), "url_too_long"),
        ] {
            let refusal = UserUrl::parse(text).expect_err(text);
            assert_eq!(refusal.code(), code, "{text:?}: {refusal}");
        }
    }

    #[test]
    fn an_accepted_address_is_kept_in_its_normal_form() {
        for (text, normal) in [
            (" https://Example.com/watch?v=1#t=5 ", "https://example.com/watch?v=1#t=5"),
            ("http://0x7f.1:9000/a", "http://127.0.0.1:9000/a"),
            ("http://2130706433/", "http://127.0.0.1/"),
            ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ] {
            assert_eq!(UserUrl::parse(text).unwrap().as_str(), normal);
        }
    }
}

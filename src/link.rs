//! The only maker of addresses.
//!
//! The portal may live below a base path such as `/medianest`. Every address that leaves it, in
//! a page, a header or a JSON answer, is made by [`Base::link`] from a path that does not know
//! of the base path; every path that comes in is stripped by [`Base::strip`].

use std::sync::Arc;

/// Where the portal lives below its host: empty, or `/medianest` without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base(Arc<str>);

impl Base {
    /// The root of the host.
    pub fn root() -> Self {
        Self("".into())
    }

    /// Takes `/medianest`, `/medianest/` or `/`; the message says what is wrong with the rest.
    pub fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim_end_matches('/');
        let right_letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '/');
        let refused = !trimmed.is_empty()
            && (!trimmed.starts_with('/')
                || trimmed.contains("//")
                || trimmed.split('/').any(|segment| segment == "." || segment == "..")
                || !trimmed.chars().all(right_letters));
        if refused {
            return Err(format!("{text:?} is not a path such as /medianest"));
        }
        Ok(Self(trimmed.into()))
    }

    /// Empty, or `/medianest`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of `path`, which begins with a slash: `/downloads` is `/medianest/downloads`.
    pub fn link(&self, path: &str) -> String {
        debug_assert!(path.starts_with('/'), "{path} does not begin with a slash");
        format!("{}{path}", self.0)
    }

    /// The path below the base path, or nothing for a path outside it.
    pub fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(&*self.0).filter(|rest| rest.starts_with('/'))
    }

    /// The `Path` of our cookies.
    pub fn cookie_path(&self) -> &str {
        if self.0.is_empty() { "/" } else { &self.0 }
    }
}

/// A path of this portal that somebody may be sent back to after signing in, or nothing for
/// anything that could leave it: `//evil.example`, `/\evil.example`, `https:evil.example`, and
/// `/../x`, which a browser would look for outside the base path.
pub fn local_path(text: &str) -> Option<&str> {
    let plain = text.len() <= 2048
        && text.starts_with('/')
        && !text.starts_with("//")
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
        && !text.split(['?', '#']).next().is_some_and(climbs);
    plain.then_some(text)
}

/// Whether a segment of `path` means this folder or the one above.
fn climbs(path: &str) -> bool {
    let dots = |segment: &str| matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | "..");
    path.split('/').any(dots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_made_below_the_base_path_and_taken_apart_again() {
        for (base, path, address) in [
            ("", "/", "/"),
            ("/", "/login", "/login"),
            ("/medianest/", "/", "/medianest/"),
            ("/a/b", "/x", "/a/b/x"),
        ] {
            let base = Base::parse(base).unwrap();
            assert_eq!(base.link(path), address);
            assert_eq!(base.strip(address), Some(path));
        }
        assert_eq!(Base::parse("/medianest").unwrap().strip("/medianestle/x"), None);
        assert_eq!(Base::parse("/medianest").unwrap().strip("/login"), None);
    }

    #[test]
    fn a_base_path_that_is_no_path_is_refused() {
        for text in ["medianest", "//x", "/a//b", "/a/../b", "/a b", "/ä", "https://x/y", "/a?b"] {
            assert!(Base::parse(text).is_err(), "{text} was accepted");
        }
    }

    #[test]
    fn nobody_is_sent_to_another_site_after_signing_in() {
        for text in [
            "//evil.example",
            "/\\evil.example",
            "https:evil.example",
            "https://evil.example",
            "\t//evil.example",
            "/\t/evil.example",
            "/ok\r\nset-cookie: a=b",
            "evil.example",
            "",
            "/a b",
            "/\u{2028}",
            "\\/evil",
            "/../x",
            "/downloads/%2E./..",
            "/..//evil.example",
            "/.?x",
        ] {
            assert_eq!(local_path(text), None, "{text:?} was accepted");
        }
        for text in ["/downloads?page=2#x", "/a..b/...?next=/../x"] {
            assert_eq!(local_path(text), Some(text));
        }
    }
}

//! Which of the two it is, and how old.

use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// The older one; no longer developed.
    Overseerr,
    /// Jellyseerr and Seerr.
    Seerr,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::Overseerr => "Overseerr",
            Family::Seerr => "Seerr",
        })
    }
}

/// `3.1.0`; what follows the numbers is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// What an admin should know of a version this old.
    pub(super) fn warning(self, family: Family) -> Option<&'static str> {
        match family {
            Family::Overseerr => Some(
                "Overseerr is no longer developed and gets no security fixes. Seerr takes over its data.",
            ),
            // CVE-2026-27707, CVE-2026-27792, CVE-2026-27793.
            Family::Seerr if self < Version(3, 1, 0) => Some(
                "This version has known security holes: strangers can make accounts. Update to 3.4 or later.",
            ),
            // GHSA-mc6w-69r3-62h8.
            Family::Seerr if self < Version(3, 4, 0) => {
                Some("This version has a security hole in its image proxy. Update to 3.4 or later.")
            }
            Family::Seerr => None,
        }
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let numbers = text.trim_start_matches('v').split(['-', '+']).next().unwrap_or_default();
        let mut numbers = numbers.split('.').map(|number| number.parse::<u32>().map_err(drop));
        let major = numbers.next().ok_or(())??;
        let mut next = || numbers.next().unwrap_or(Ok(0));
        Ok(Self(major, next()?, next()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_below_the_floor_come_with_a_warning() {
        for (family, version, word) in [
            (Family::Overseerr, "1.34.0", Some("no longer developed")),
            (Family::Seerr, "2.7.3", Some("strangers")),
            (Family::Seerr, "v3.0.9", Some("strangers")),
            (Family::Seerr, "3.1.0-beta.2", Some("image proxy")),
            (Family::Seerr, "3.4.0", None),
            (Family::Seerr, "10.0", None),
        ] {
            let warning = version.parse::<Version>().unwrap().warning(family);
            assert_eq!(warning.is_some(), word.is_some(), "{version}");
            assert!(warning.unwrap_or_default().contains(word.unwrap_or_default()), "{version}: {warning:?}");
        }
        for text in ["", "develop-46a9b24", "x.1", "1.x"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}

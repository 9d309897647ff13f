//! Text that must never be printed.

use serde::{Deserialize, Deserializer};

/// A password, token or key. It has no `Display`, no `Serialize` and no `PartialEq`, and its
/// `Debug` prints `…`: the only way to the text is [`Secret::expose`], which a reviewer can find.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that must send or hash it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::new("hunter2");

        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "… Some(…)");
    }
}

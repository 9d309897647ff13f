//! What somebody may see and change of their own account.

use askama::Template;
use domain::plex::Membership;
use domain::{ApiTokenId, SessionId, Timestamp};

use super::human::{Ago, Moment};
use super::plex::PlexCard;
use super::shell::Shell;

/// The page at `/account`.
#[derive(Debug, Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    pub shell: Shell,
    pub username: String,
    pub plex: PlexCard,
    pub sessions: Vec<SessionLine>,
    pub tokens: Vec<TokenLine>,
    /// The text of a token that was just made; shown this once.
    pub new_token: Option<String>,
    pub token_error: Option<String>,
    pub current_error: Option<String>,
    pub password_error: Option<String>,
}

impl AccountPage {
    fn is_theme(&self, theme: &str) -> bool {
        self.shell.theme.as_deref().unwrap_or("system") == theme
    }
}

/// A browser that is signed in.
#[derive(Debug, Clone)]
pub struct SessionLine {
    pub id: SessionId,
    pub device: String,
    pub address: String,
    pub last_seen_at: Timestamp,
    pub created_at: Timestamp,
    /// The browser that looks at the page.
    pub is_this: bool,
}

impl SessionLine {
    fn seen(&self) -> Ago {
        Ago(self.last_seen_at)
    }

    fn began(&self) -> Moment {
        Moment(self.created_at)
    }
}

/// A personal API token, without its text.
#[derive(Debug, Clone)]
pub struct TokenLine {
    pub id: ApiTokenId,
    pub name: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

impl TokenLine {
    fn made(&self) -> Ago {
        Ago(self.created_at)
    }

    fn used(&self) -> Option<Ago> {
        self.last_used_at.map(Ago)
    }
}

/// `Firefox on Linux`, from what a browser says of itself.
pub fn device(user_agent: &str) -> String {
    let first = |known: &[(&str, &'static str)]| {
        known.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "An unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_in_two_words() {
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 20_0 like Mac OS X) Version/20.0 Safari/605.1",
                "Safari on iPhone",
            ),
            ("curl/8.5", "curl"),
            ("<b>", "An unknown browser"),
        ] {
            assert_eq!(device(agent), name);
        }
    }
}

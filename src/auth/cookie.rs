//! Our cookies: their names, their flags, their end.

use http::HeaderValue;

use super::token::IDLE;
use crate::settings::Settings;

/// Over https the name has a prefix that makes browsers insist on Secure and the whole host;
/// over http they would drop such a cookie, except on the machine itself.
pub fn name(settings: &Settings) -> &'static str {
    if settings.is_secure() { "__Host-mn_sid" } else { "mn_sid" }
}

/// Gives the browser `token`.
pub fn set(settings: &Settings, token: &str) -> HeaderValue {
    cookie(settings, name(settings), token, IDLE.as_secs())
}

/// Takes the cookie away.
pub fn clear(settings: &Settings) -> HeaderValue {
    cookie(settings, name(settings), "", 0)
}

/// The cookie that ties a sign-in with Plex to the browser that began it.
pub fn plex_name(settings: &Settings) -> &'static str {
    if settings.is_secure() { "__Host-mn_plex" } else { "mn_plex" }
}

/// Ties a sign-in with Plex to the browser; plex.tv gives no PIN a longer life.
pub fn set_plex(settings: &Settings, secret: &str) -> HeaderValue {
    cookie(settings, plex_name(settings), secret, 3600)
}

/// Unties it.
pub fn clear_plex(settings: &Settings) -> HeaderValue {
    cookie(settings, plex_name(settings), "", 0)
}

fn cookie(settings: &Settings, name: &str, value: &str, max_age: u64) -> HeaderValue {
    let secure = settings.is_secure();
    let path = if secure { "/" } else { settings.base.cookie_path() };
    let end = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path={path}; Max-Age={max_age}; HttpOnly; SameSite=Lax{end}");
    HeaderValue::from_str(&text).expect("a token and a path are plain ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Name, Source, names};

    fn settings(pairs: &[(Name, &str)]) -> Settings {
        let pairs = pairs.iter().map(|(name, text)| (*name, (*text).to_owned()));
        Settings::read(&Source::of_pairs(pairs)).unwrap()
    }

    #[test]
    fn over_https_the_cookie_is_bound_to_the_host() {
        let settings = settings(&[(names::PUBLIC_URL, "https://media.example/medianest")]);

        let text = set(&settings, "abc");

        assert_eq!(text, "__Host-mn_sid=abc; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure");
        let text = set_plex(&settings, "abc");
        assert_eq!(text, "__Host-mn_plex=abc; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure");
    }

    #[test]
    fn over_http_the_cookie_is_one_that_browsers_keep() {
        let plain = settings(&[]);
        assert_eq!(set(&plain, "abc"), "mn_sid=abc; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax");

        let below = settings(&[(names::BASE_PATH, "/medianest")]);
        assert_eq!(clear(&below), "mn_sid=; Path=/medianest; Max-Age=0; HttpOnly; SameSite=Lax");
    }
}

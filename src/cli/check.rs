//! `medianest check`: everything that can be wrong before a start, and what the settings became.

use domain::Secret;

use super::Failure;
use crate::settings::{Settings, names};
use crate::wiring;

/// Prints the settings in effect; fails when a portal could not be started with them.
pub fn run(settings: &Settings) -> Result<(), Failure> {
    let tree = wiring::tree(settings).map_err(|error| Failure::Refused(error.to_string()))?;
    for (name, value) in shown(settings) {
        println!("{:<32} {value}", name.variable);
    }
    println!("supervision tree                 {} lines, valid", tree.print().lines().count());
    for name in unknown_variables() {
        println!("note: {name} is set, and is not a setting of this program");
    }
    Ok(())
}

fn shown(settings: &Settings) -> Vec<(names::Name, String)> {
    let secret = |secret: &Option<Secret>, without: &str| match secret {
        Some(_) => "set".to_owned(),
        None => without.to_owned(),
    };
    let list = |items: Vec<String>| if items.is_empty() { "none".to_owned() } else { items.join(" ") };
    let limit =
        |limit: Option<std::num::NonZeroU32>| limit.map_or("no limit".to_owned(), |limit| limit.to_string());
    let path = |path: &Option<std::path::PathBuf>, without: &str| {
        path.as_ref().map_or(without.to_owned(), |path| path.display().to_string())
    };
    vec![
        (names::LISTEN, settings.listen.to_string()),
        (names::DATA_DIR, settings.data_dir.display().to_string()),
        (names::DOWNLOADS_DIR, settings.downloads_dir.display().to_string()),
        (names::DATABASE_URL, secret(&settings.database_url, "not set: SQLite in the data folder")),
        (names::REDIS_URL, secret(&settings.redis_url, "not set: state in this process")),
        (
            names::PUBLIC_URL,
            settings
                .public_url
                .as_ref()
                .map_or("not set: http and the Host of each request".to_owned(), |url| {
                    url.as_str().to_owned()
                }),
        ),
        (names::TRUSTED_PROXIES, list(settings.trusted_proxies.iter().map(ToString::to_string).collect())),
        (names::BASE_PATH, settings.base.link("/")),
        (names::SECRET_KEY, secret(&settings.secret_key, "not set: secret.key in the data folder")),
        (names::SUPERVISOR, path(&settings.supervisor, "supervisor.toml, else the built-in copy")),
        (names::API_PER_MINUTE, limit(settings.api_per_minute)),
        (names::DOWNLOADS_PER_HOUR, limit(settings.downloads_per_hour)),
        (names::REQUESTS_PER_HOUR, limit(settings.requests_per_hour)),
        (
            names::DOWNLOAD_SLOTS,
            if settings.download_slots == 0 {
                "no limit".to_owned()
            } else {
                settings.download_slots.to_string()
            },
        ),
        (names::DOWNLOAD_ALLOW_HOSTS, list(settings.download_allow_hosts.clone())),
        (names::DOWNLOAD_ONLY_HOSTS, list(settings.download_only_hosts.clone())),
        (names::YTDLP, path(&settings.ytdlp, "yt-dlp on the path")),
        (names::PLEX_TV_URL, settings.plex_tv_url.to_string()),
        (names::PLEX_CLIENTS_URL, settings.plex_clients_url.to_string()),
        (names::PLEX_AUTH_URL, settings.plex_auth_url.to_string()),
        (
            names::PLEX_WEB_URL,
            settings.plex_web_url.as_ref().map_or("none: no links to Plex".to_owned(), ToString::to_string),
        ),
        (names::TMDB_URL, settings.tmdb_url.to_string()),
        (names::TMDB_IMAGE_URL, settings.tmdb_image_url.to_string()),
        (names::CORS_ORIGINS, list(settings.cors_origins.clone())),
    ]
}

/// Variables that look like settings and are none: a typing mistake would be silent otherwise.
fn unknown_variables() -> Vec<String> {
    let is_known = |variable: &str| {
        let plain = variable.strip_suffix("_FILE").unwrap_or(variable);
        variable == names::CONFIG || names::ALL.iter().any(|name| name.variable == plain)
    };
    let mut unknown: Vec<String> = std::env::vars_os()
        .filter_map(|(variable, _)| variable.into_string().ok())
        .filter(|variable| variable.starts_with("MEDIANEST_") && !variable.starts_with("MEDIANEST_TEST_"))
        .filter(|variable| !is_known(variable))
        .collect();
    unknown.sort();
    unknown
}

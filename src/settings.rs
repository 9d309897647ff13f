//! What the operator chose, checked before anything starts.
//!
//!     defaults  <  file (MEDIANEST_CONFIG)  <  environment  <  NAME_FILE of a secret
//!
//! A raw value knows where it came from, so that every complaint names the key. The whole table
//! of names is [`names::ALL`]; `medianest check` prints what each of them became.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use domain::Secret;
use domain::address::{AdminUrl, HostPolicy};

use crate::link::Base;

pub mod names;
mod parse;
mod source;

pub use names::Name;
pub use parse::Network;
pub use source::{BadSetting, Source};

const TMDB_URL: &str = "https://api.themoviedb.org/3";

/// Everything that can be set, resolved and checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where we listen.
    pub listen: SocketAddr,
    /// The folder of everything we keep: database, keys, downloads, lock.
    pub data_dir: PathBuf,
    /// `incoming/` and `library/` live here; by default `downloads` in the data folder.
    pub downloads_dir: PathBuf,
    /// `postgres://…`; the embedded database otherwise.
    pub database_url: Option<Secret>,
    /// `redis://…`; state in this process otherwise.
    pub redis_url: Option<Secret>,
    /// The origin under which browsers know us, such as `https://media.example`.
    pub public_url: Option<Origin>,
    /// Proxies whose `X-Forwarded-For` we believe.
    pub trusted_proxies: Vec<Network>,
    pub base: Base,
    /// 32 bytes as base64; made once in the data folder otherwise.
    pub secret_key: Option<Secret>,
    /// Where the supervision tree is declared; `./supervisor.toml` or the built-in copy otherwise.
    pub supervisor: Option<PathBuf>,
    /// API requests a minute for one person; no limit when absent.
    pub api_per_minute: Option<NonZeroU32>,
    /// Downloads an hour for one person; no limit when absent.
    pub downloads_per_hour: Option<NonZeroU32>,
    /// Requests for films and series that one person may make in an hour.
    pub requests_per_hour: Option<NonZeroU32>,
    /// Downloads at the same time.
    pub download_slots: u32,
    /// `host:port` that downloads may reach although it is not public.
    pub download_allow_hosts: Vec<String>,
    /// When not empty, the only hosts that downloads may reach.
    pub download_only_hosts: Vec<String>,
    /// The yt-dlp program; the first one on the path otherwise.
    pub ytdlp: Option<PathBuf>,
    /// This program, which is started again as the job runner of each download.
    pub program: PathBuf,
    /// The API of plex.tv, for sign-in.
    pub plex_tv_url: AdminUrl,
    /// The newer API of plex.tv, which knows who shares a server with whom.
    pub plex_clients_url: AdminUrl,
    /// The page of Plex where a person allows us in.
    pub plex_auth_url: AdminUrl,
    /// The Movie Database.
    pub tmdb_url: AdminUrl,
    /// Where the pictures of The Movie Database are.
    pub tmdb_image_url: AdminUrl,
    /// The web player that titles are opened in; absent when the operator wants no such links.
    pub plex_web_url: Option<AdminUrl>,
    /// Origins that may call the API from a browser with a bearer token.
    pub cors_origins: Vec<String>,
}

/// Scheme, host and port of the public address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    text: String,
    secure: bool,
}

impl Origin {
    /// As a browser sends it, such as `https://media.example`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn is_secure(&self) -> bool {
        self.secure
    }
}

impl Settings {
    /// Reads the environment of this process over `file`, or over the file that
    /// `MEDIANEST_CONFIG` names.
    pub fn from_env(file: Option<&Path>) -> Result<Self, BadSetting> {
        Self::read(&Source::of_process(file)?)
    }

    /// The settings of somebody who set nothing but the folder: what tests start from.
    pub fn embedded(data_dir: impl Into<PathBuf>) -> Self {
        let data_dir = data_dir.into();
        let source = Source::of_pairs([(names::DATA_DIR, data_dir.display().to_string())]);
        Self::read(&source).expect("the defaults are right")
    }

    /// Checks every value of `source`; the first wrong one is named.
    pub fn read(source: &Source) -> Result<Self, BadSetting> {
        let listen = source.parse_or(names::LISTEN, "127.0.0.1:8484", parse::listen)?;
        let data_dir: PathBuf = source.parse_or(names::DATA_DIR, "./data", parse::folder)?;
        let downloads_dir =
            source.parse(names::DOWNLOADS_DIR, parse::folder)?.unwrap_or_else(|| data_dir.join("downloads"));
        let public_url = source.parse(names::PUBLIC_URL, parse::public_url)?;
        let base = match (source.parse(names::BASE_PATH, Base::parse)?, &public_url) {
            (Some(base), _) => base,
            (None, Some((_, base))) => base.clone(),
            (None, None) => Base::root(),
        };
        if let Some((_, said)) = &public_url
            && !said.as_str().is_empty()
            && *said != base
        {
            return Err(BadSetting::new(
                names::PUBLIC_URL,
                format!("its path {:?} is not the base path {:?}", said.as_str(), base.as_str()),
            ));
        }

        Ok(Self {
            listen,
            data_dir,
            downloads_dir,
            database_url: source.parse_secret(names::DATABASE_URL, parse::database_url)?,
            redis_url: source.parse_secret(names::REDIS_URL, parse::redis_url)?,
            public_url: public_url.map(|(origin, _)| origin),
            trusted_proxies: source.list(names::TRUSTED_PROXIES, parse::network)?,
            base,
            secret_key: source.parse_secret(names::SECRET_KEY, parse::secret_key)?,
            supervisor: source.parse(names::SUPERVISOR, parse::file)?,
            api_per_minute: source.parse_or(names::API_PER_MINUTE, "100", parse::limit)?,
            downloads_per_hour: source.parse_or(names::DOWNLOADS_PER_HOUR, "5", parse::limit)?,
            requests_per_hour: source.parse_or(names::REQUESTS_PER_HOUR, "20", parse::limit)?,
            download_slots: source.parse_or(names::DOWNLOAD_SLOTS, "2", parse::slots)?,
            download_allow_hosts: source.list(names::DOWNLOAD_ALLOW_HOSTS, parse::host_port)?,
            download_only_hosts: source.list(names::DOWNLOAD_ONLY_HOSTS, parse::host)?,
            ytdlp: source.parse(names::YTDLP, parse::file)?,
            program: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("medianest")),
            plex_tv_url: source.parse_or(names::PLEX_TV_URL, "https://plex.tv", parse::outside)?,
            plex_clients_url: source.parse_or(
                names::PLEX_CLIENTS_URL,
                "https://clients.plex.tv",
                parse::outside,
            )?,
            plex_auth_url: source.parse_or(
                names::PLEX_AUTH_URL,
                "https://app.plex.tv/auth",
                parse::outside,
            )?,
            tmdb_url: source.parse_or(names::TMDB_URL, TMDB_URL, parse::outside)?,
            tmdb_image_url: source.parse_or(
                names::TMDB_IMAGE_URL,
                "https://image.tmdb.org/t/p",
                parse::outside,
            )?,
            plex_web_url: source.parse_or(
                names::PLEX_WEB_URL,
                "https://app.plex.tv/desktop",
                parse::outside_or_none,
            )?,
            cors_origins: source.list(names::CORS_ORIGINS, parse::cors_origin)?,
        })
    }

    /// Where The Movie Database is, when the operator says another place than the real one.
    pub fn chosen_tmdb_url(&self) -> Option<AdminUrl> {
        (self.tmdb_url.as_str().trim_end_matches('/') != TMDB_URL).then(|| self.tmdb_url.clone())
    }

    /// Whether `peer` is a proxy whose words about its client we believe.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(peer))
    }

    /// Which hosts downloads may reach.
    pub fn download_policy(&self) -> HostPolicy {
        let (allow, only) = (self.download_allow_hosts.join(","), self.download_only_hosts.join(","));
        HostPolicy::parse(&allow, &only).expect("every entry was checked")
    }

    /// Whether browsers reach us over https, so that cookies are for https only.
    pub fn is_secure(&self) -> bool {
        self.public_url.as_ref().is_some_and(Origin::is_secure)
    }
}

#[cfg(test)]
mod tests;

//! The names of all settings; the same table feeds the reader, `medianest check` and the docs.

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// Its environment variable.
    pub variable: &'static str,
    /// Its key in the settings file.
    pub key: &'static str,
    /// Whether it is secret: never printed, and also taken from the file that `NAME_FILE` names.
    pub secret: bool,
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.variable)
    }
}

macro_rules! names {
    ($($constant:ident = $variable:literal, $key:literal $(, $secret:ident)?;)*) => {
        $(pub const $constant: Name =
            Name { variable: $variable, key: $key, secret: names!(@secret $($secret)?) };)*

        /// Every setting, in the order in which they are printed.
        pub const ALL: &[Name] = &[$($constant),*];
    };
    (@secret secret) => { true };
    (@secret) => { false };
}

names! {
    LISTEN = "MEDIANEST_LISTEN", "listen";
    DATA_DIR = "MEDIANEST_DATA_DIR", "data_dir";
    DOWNLOADS_DIR = "MEDIANEST_DOWNLOADS_DIR", "downloads_dir";
    DATABASE_URL = "DATABASE_URL", "database_url", secret;
    REDIS_URL = "REDIS_URL", "redis_url", secret;
    PUBLIC_URL = "MEDIANEST_PUBLIC_URL", "public_url";
    TRUSTED_PROXIES = "MEDIANEST_TRUSTED_PROXIES", "trusted_proxies";
    BASE_PATH = "MEDIANEST_BASE_PATH", "base_path";
    SECRET_KEY = "MEDIANEST_SECRET_KEY", "secret_key", secret;
    SUPERVISOR = "MEDIANEST_SUPERVISOR", "supervisor";
    API_PER_MINUTE = "MEDIANEST_API_PER_MINUTE", "api_per_minute";
    DOWNLOADS_PER_HOUR = "MEDIANEST_DOWNLOADS_PER_HOUR", "downloads_per_hour";
    REQUESTS_PER_HOUR = "MEDIANEST_REQUESTS_PER_HOUR", "requests_per_hour";
    DOWNLOAD_SLOTS = "MEDIANEST_DOWNLOAD_SLOTS", "download_slots";
    DOWNLOAD_ALLOW_HOSTS = "MEDIANEST_DOWNLOAD_ALLOW_HOSTS", "download_allow_hosts";
    DOWNLOAD_ONLY_HOSTS = "MEDIANEST_DOWNLOAD_ONLY_HOSTS", "download_only_hosts";
    YTDLP = "MEDIANEST_YTDLP", "ytdlp";
    PLEX_TV_URL = "MEDIANEST_PLEX_TV_URL", "plex_tv_url";
    PLEX_CLIENTS_URL = "MEDIANEST_PLEX_CLIENTS_URL", "plex_clients_url";
    PLEX_AUTH_URL = "MEDIANEST_PLEX_AUTH_URL", "plex_auth_url";
    PLEX_WEB_URL = "MEDIANEST_PLEX_WEB_URL", "plex_web_url";
    TMDB_URL = "MEDIANEST_TMDB_URL", "tmdb_url";
    TMDB_IMAGE_URL = "MEDIANEST_TMDB_IMAGE_URL", "tmdb_image_url";
    CORS_ORIGINS = "MEDIANEST_CORS_ORIGINS", "cors_origins";
}

/// Names the settings file.
pub const CONFIG: &str = "MEDIANEST_CONFIG";

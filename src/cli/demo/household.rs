//! The stand-ins that the demo lives among, and what the portal has to know to use them.

use std::path::Path;
use std::time::Duration;

use domain::Secret;
use domain::address::AdminUrl;
use domain::service::ServiceKind;
use sandbox::household::Options;
use sandbox::seerr::Arr;
use sandbox::{Household, plex, seerr, uptime_kuma};
use serde_json::{Value, json};

use super::no_stand_ins;
use crate::cli::Failure;
use crate::settings::Settings;

/// How long an approved film takes to arrive: long enough to watch it come.
const DOWNLOAD: Duration = Duration::from_secs(90);

/// Uptime Kuma looks this often.
const BEAT: Duration = Duration::from_secs(10);

/// A service of the demo, as an admin would configure it.
pub(super) struct Outside {
    pub name: String,
    pub kind: ServiceKind,
    pub url: String,
    pub key: Option<Secret>,
    pub config: Option<Value>,
}

impl Outside {
    /// One that is only watched.
    pub fn plain(name: &str, url: String) -> Self {
        Self { name: name.to_owned(), kind: ServiceKind::Http, url, key: None, config: None }
    }
}

/// Starts the household and points the settings at it. Its Plex sees the portal's library of
/// downloads under the same path.
pub(super) async fn start(settings: &mut Settings) -> Result<Household, Failure> {
    let videos = settings.downloads_dir.join("library");
    std::fs::create_dir_all(&videos).map_err(|error| no_folder(&videos, &error))?;
    let videos = videos.canonicalize().map_err(|error| no_folder(&videos, &error))?;
    let options = Options {
        plex: plex::Options { videos: Some(videos), ..plex::Options::default() },
        seerr: seerr::Options { arr: Arr::Downloads(DOWNLOAD), ..seerr::Options::default() },
        uptime_kuma: uptime_kuma::Options { interval: Some(BEAT), ..uptime_kuma::Options::default() },
    };
    let mut household = Household::start(options).await.map_err(no_stand_ins)?;
    household.seerr.fill();
    household.uptime_kuma.add_incident(
        "New disks on Saturday",
        "Films may stutter between ten and noon.",
        "info",
    );
    household.liven();
    settings.plex_tv_url = address(&household.plex.tv_url)?;
    settings.plex_clients_url = address(&household.plex.tv_url)?;
    settings.plex_auth_url = address(&household.plex.auth_url)?;
    settings.tmdb_url = address(&household.tmdb.url())?;
    settings.tmdb_image_url = address(&household.tmdb.image_url())?;
    Ok(household)
}

/// What an admin would have typed into the service settings.
pub(super) fn services(household: &Household) -> [Outside; 4] {
    let outside = |name: &str, kind, url: &str, key: &str| {
        let key = Some(Secret::new(key));
        Outside { name: name.to_owned(), kind, url: url.to_owned(), key, config: None }
    };
    let (plex, seerr) = (&household.plex, &household.seerr);
    let kuma = &household.uptime_kuma;
    [
        outside("plex", ServiceKind::Plex, &plex.server_url, &plex.owner_token),
        outside("overseerr", ServiceKind::Overseerr, &seerr.url(), &seerr.api_key()),
        Outside {
            config: Some(json!({ "slug": kuma.slug(), "poll_seconds": 15 })),
            ..outside("uptime-kuma", ServiceKind::UptimeKuma, &kuma.url(), kuma.api_key())
        },
        outside("tmdb", ServiceKind::Tmdb, &household.tmdb.url(), household.tmdb.token()),
    ]
}

/// Says where the stand-ins listen.
pub(super) fn announce(household: &Household) {
    let (plex, kuma) = (&household.plex, &household.uptime_kuma);
    tracing::info!("stand-ins: plex.tv {}, Plex {}", plex.tv_url, plex.server_url);
    tracing::info!("stand-ins: Seerr {}, Uptime Kuma {}", household.seerr.url(), kuma.url());
    tracing::info!("stand-ins: TMDB {}, its pictures {}", household.tmdb.url(), household.tmdb.image_url());
}

fn address(url: &str) -> Result<AdminUrl, Failure> {
    AdminUrl::parse(url).map_err(|error| Failure::Failed(format!("{url} is no address: {error}")))
}

fn no_folder(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::Failed(format!("could not make {}: {error}", folder.display()))
}

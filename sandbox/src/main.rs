//! Runs the stand-ins by hand and for the browser tests: prints their addresses as one line of
//! JSON and stays until its standard input ends or it is killed.
//!
//! `sandbox [--cache DIR] [--listen ADDR] [--service NAME]... [--stand-in seerr|tmdb|uptime-kuma]...
//! [--videos DIR] [--videos-as PATH]`
//!
//! `--videos` is the folder that the stand-in Plex scans as its library "Videos", `--videos-as` what
//! the media server calls it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use sandbox::{Plex, Seerr, Services, Tmdb, UptimeKuma, VideoSite, World, plex, seerr, uptime_kuma};
use serde_json::json;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("sandbox: {message}");
            ExitCode::from(2)
        }
    }
}

async fn run() -> Result<(), String> {
    let options = Options::parse(std::env::args().skip(1))?;
    let site = VideoSite::start(&options.cache, options.listen).await.map_err(|error| error.to_string())?;
    let names: Vec<&str> = options.services.iter().map(String::as_str).collect();
    let services = Services::start(&names).await.map_err(|error| error.to_string())?;

    let world = World::new();
    let plex_options =
        plex::Options { videos: options.videos, videos_as: options.videos_as, ..plex::Options::default() };
    let plex = Plex::start(&world, plex_options).await.map_err(|error| error.to_string())?;
    let stand_ins = StandIns::start(&world, &options.stand_ins).await?;

    let urls: serde_json::Map<String, serde_json::Value> =
        services.names().map(|name| (name.to_owned(), json!(services.url(name)))).collect();
    println!(
        "{}",
        json!({
            "video_site": site.url(""),
            "neighbour": format!("http://{}", site.neighbour()),
            "control": format!("http://{}", services.control()),
            "services": urls,
            "plex": {
                "tv_url": plex.tv_url,
                "auth_url": plex.auth_url,
                "server_url": plex.server_url,
                "machine_id": plex.machine_id,
                "owner_token": plex.owner_token,
            },
            "stand_ins": stand_ins.addresses(),
        })
    );
    wait_for_the_end().await;
    Ok(())
}

/// The end of standard input is the end of whoever started us.
async fn wait_for_the_end() {
    let reading = || std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    let _ = tokio::task::spawn_blocking(reading).await;
}

/// The services of a household, as many as were asked for.
#[derive(Default)]
struct StandIns {
    seerr: Option<Seerr>,
    tmdb: Option<Tmdb>,
    uptime_kuma: Option<UptimeKuma>,
}

impl StandIns {
    async fn start(world: &World, names: &[String]) -> Result<Self, String> {
        let mut started = Self::default();
        for name in names {
            let cannot = |error: std::io::Error| format!("{name}: {error}");
            match name.as_str() {
                "seerr" => {
                    let options = seerr::Options::default();
                    started.seerr = Some(Seerr::start(world, options).await.map_err(cannot)?);
                }
                "tmdb" => started.tmdb = Some(Tmdb::start(world).await.map_err(cannot)?),
                "uptime-kuma" => {
                    let options = uptime_kuma::Options::default();
                    started.uptime_kuma = Some(UptimeKuma::start(options).await.map_err(cannot)?);
                }
                _ => return Err(format!("there is no stand-in {name}")),
            }
        }
        Ok(started)
    }

    fn addresses(&self) -> serde_json::Value {
        let seerr =
            self.seerr.as_ref().map(|seerr| json!({ "url": seerr.url(), "api_key": seerr.api_key() }));
        let tmdb = self.tmdb.as_ref().map(|tmdb| {
            json!({
                "url": tmdb.url(), "image_url": tmdb.image_url(), "api_key": tmdb.api_key(),
                "token": tmdb.token(),
            })
        });
        let kuma = self.uptime_kuma.as_ref();
        let kuma =
            kuma.map(|kuma| json!({ "url": kuma.url(), "api_key": kuma.api_key(), "slug": kuma.slug() }));
        json!({ "seerr": seerr, "tmdb": tmdb, "uptime_kuma": kuma })
    }
}

struct Options {
    cache: PathBuf,
    listen: SocketAddr,
    services: Vec<String>,
    videos: Option<PathBuf>,
    videos_as: Option<String>,
    stand_ins: Vec<String>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            cache: PathBuf::from(".cache/sandbox"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            services: Vec::new(),
            videos: None,
            videos_as: None,
            stand_ins: Vec::new(),
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--cache" => options.cache = PathBuf::from(value),
                "--listen" => {
                    options.listen = value.parse().map_err(|_| format!("{value} is not host:port"))?
                }
                "--service" => options.services.push(value),
                "--videos" => options.videos = Some(PathBuf::from(value)),
                "--videos-as" => options.videos_as = Some(value),
                "--stand-in" => options.stand_ins.push(value),
                _ => {
                    let known = "--cache, --listen, --service, --stand-in, --videos, --videos-as";
                    return Err(format!("{name} is not one of {known}"));
                }
            }
        }
        Ok(options)
    }
}

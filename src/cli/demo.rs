//! `medianest demo`: the portal among stand-ins, in a folder of its own, with something to see.
//!
//! The stand-ins are real servers on this machine ([`sandbox`]); everything else is the portal as
//! it always is. Nothing is asked from the outside.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use actors::{download_queue, requests};
use domain::Secret;
use domain::download::{Choice, Preset};
use domain::service::ServiceName;
use domain::user::{CurrentUser, Role, User, Username};
use sandbox::services::Mode;
use sandbox::{Household, Services, VideoSite};
use store::{NewService, NewUser, ServicePatch};

use super::serve::{Signals, announce, until_stopped};
use super::{Failure, in_runtime};
use crate::app::App;
use crate::auth::password::Hasher;
use crate::auth::setup;
use crate::logging;
use crate::problem::Problem;
use crate::settings::Settings;
use crate::wiring::Portal;

mod hooks;
mod household;
mod past;
mod people;

use household::Outside;

/// The demo's admin and member, and the password of both.
const ADMIN: &str = "demo";
const MEMBER: &str = "mia";
const PASSWORD: &str = "demo-demo";

/// What there is to watch.
const SERVICES: [(&str, Mode); 5] = [
    ("photos", Mode::Up),
    ("music", Mode::Up),
    ("home-assistant", Mode::ComesAndGoes),
    ("backup", Mode::Slow),
    ("old-printer", Mode::Down),
];

/// What the admin has already asked for, of the stand-in video site.
const LINKS: [(&str, Preset); 3] = [
    ("/watch/clip", Preset::Best),
    ("/slow/large.mp4?kbps=40", Preset::Best),
    ("/feed.xml?n=3&film=small", Preset::Hd720),
];

/// Runs the demo until SIGTERM or SIGINT.
pub fn run(mut settings: Settings) -> Result<(), Failure> {
    logging::start();
    settings.data_dir.push("demo");
    settings.downloads_dir = settings.data_dir.join("downloads");
    in_runtime(async {
        let signals = Signals::new()?;
        let names = SERVICES.map(|(name, _)| name);
        let services = Services::start(&names).await.map_err(no_stand_ins)?;
        for (name, mode) in SERVICES {
            services.set(name, mode);
        }
        let household = household::start(&mut settings).await?;
        let site = video_site(&settings).await;
        if let Some(site) = &site {
            settings.download_allow_hosts.push(site.addr().to_string());
        }

        let portal = Portal::start_demo(settings).await?;
        fill(&portal.app, &services, &household, site.as_ref())
            .await
            .map_err(|problem| Failure::Failed(format!("could not fill the demo: {}", problem.detail)))?;
        if let Err(problem) = hooks::set_up(&portal, &household).await {
            tracing::warn!("the demo's services tell nothing by themselves: {}", problem.detail);
        }
        household::announce(&household);
        announce(&portal);
        if let Some(link) = portal.demo_link() {
            tracing::info!("open the demo, signed in as its admin: {link}");
        }
        tracing::info!("or sign in as {ADMIN} or {MEMBER} with the password {PASSWORD}, or with Plex");
        until_stopped(portal, signals).await
    })
}

fn no_stand_ins(error: std::io::Error) -> Failure {
    Failure::Failed(format!("could not start the stand-in services: {error}"))
}

/// A demo without ffmpeg has no films, and everything else.
async fn video_site(settings: &Settings) -> Option<VideoSite> {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let site = VideoSite::start(&settings.data_dir.join("films"), listen).await;
    site.inspect_err(|error| tracing::warn!(%error, "there is no video site: is ffmpeg installed?")).ok()
}

async fn fill(
    app: &App,
    services: &Services,
    household: &Household,
    site: Option<&VideoSite>,
) -> Result<(), Problem> {
    let admin = account(app, ADMIN, Role::Admin).await?;
    let member = account(app, MEMBER, Role::User).await?;
    people::link(app, &admin, household.world.owner()).await;
    if let Some(friend) = household.world.member("friend") {
        people::link(app, &member, friend).await;
    }
    let plain = services.names().map(|name| Outside::plain(name, services.url(name)));
    for (nth, outside) in (1..).zip(household::services(household).into_iter().chain(plain)) {
        watch(app, outside, nth).await?;
    }
    // It reads the charts again when it starts.
    let _ = app.system.restart("services/_recorder").await;
    // It looks at everything when it starts: what stands in Seerr should be there at once.
    let _ = app.system.restart(requests::TRACKER).await;
    let Some(site) = site else { return Ok(()) };
    let is_new = app.reader.downloads(Some(admin.id), None, 1).await?.items.is_empty();
    if !is_new {
        return Ok(());
    }
    let admin = CurrentUser { id: admin.id, username: admin.username, role: admin.role, session: None };
    for (path, preset) in LINKS {
        let asked = download_queue::submit(&app.queue, &admin, &site.url(path), Choice::Preset(preset)).await;
        if let Err(denied) = asked {
            tracing::warn!("the demo has one download less: {denied}");
        }
    }
    Ok(())
}

async fn account(app: &App, name: &'static str, role: Role) -> Result<User, Problem> {
    if let Some((user, _)) = app.reader.user_by_name(name).await? {
        return Ok(user);
    }
    let username: Username = name.parse().map_err(|_| Problem::internal())?;
    let hash = Hasher::default().hash(Secret::new(PASSWORD)).await?;
    if role == Role::Admin && !app.reader.is_set_up().await? {
        setup::forget(&app.settings.data_dir);
        return Ok(app.writer.create_first_admin(&username, &hash).await?);
    }
    let new = NewUser { username: &username, email: None, role, password_hash: Some(&hash) };
    Ok(app.writer.create_user(&new).await?)
}

/// The stand-ins have new ports at every start.
async fn watch(app: &App, outside: Outside, nth: u64) -> Result<(), Problem> {
    let Outside { name, kind, url, key, config } = outside;
    let name: ServiceName = name.parse().map_err(|_| Problem::internal())?;
    let nobody = store::Actor::default;
    let is_new = app.reader.service(&name).await?.is_none();
    if is_new {
        let (url, api_key, interval) = (url.clone(), key.clone(), Duration::from_secs(5));
        let name = name.clone();
        let new = NewService { name, kind, url, interval, timeout: None, api_key, enabled: true };
        app.services.create(nobody(), new).await?;
    }
    if !is_new || config.is_some() {
        let patch = ServicePatch { url: Some(url), api_key: Some(key), config, ..ServicePatch::default() };
        app.services.update(nobody(), &name, patch).await?;
    }
    if is_new { past::invent(app, &name, nth).await } else { Ok(()) }
}

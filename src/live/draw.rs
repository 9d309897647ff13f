//! Which fragments an event changes on which page.
//!
//! An event says which row changed; the fragments show the row as it is now, so one that comes
//! late shows nothing old.

use domain::download::DownloadStatus;
use domain::event::{Event, Tone};
use domain::service::ServiceName;
use domain::{DownloadId, RequestId, UserId};

use super::page::Page;
use super::pages::partial;
use crate::app::App;
use crate::pages::mine::{Mine, disk, row, slots, whole_row};
use crate::pages::services;
use crate::views::Around;
use crate::views::downloads::{DownloadFiles, DownloadSections, HomeDownloads, gone};
use crate::views::requests::Reread;
use crate::views::shell::{Again, AtWork, ServicesUp};
use crate::views::status::{Kuma, KumaNews, MonitorRow, ServiceTile, ServiceTiles, Verdict, Watched};
use crate::views::toast::Toast;

/// The fragments of `event` on `page`; empty when the page does not show it, or when the store
/// does not answer: the next event shows the row again.
pub(super) async fn draw(app: &App, page: &Page, event: &Event) -> String {
    let drawn = match event {
        Event::ServiceChanged { service, version } => Ok(service_changed(app, page, service, *version)),
        Event::ServiceChecked { service } => Ok(service_checked(app, page, service)),
        Event::DownloadChanged { download, owner, .. } => {
            download_changed(app, page, *download, *owner).await
        }
        Event::DownloadProgressed { download, .. } => progressed(app, page, *download).await,
        Event::RequestChanged { request, .. } => request_changed(app, page, *request).await,
        Event::LibraryChanged { .. } => Ok(again("library")),
        Event::UpstreamBack { service } => Ok(again(kind_of(app, service))),
        Event::MonitorsChanged { .. } => Ok(monitors_changed(app, page)),
        Event::Notified { tone, title, body, .. } | Event::Alerted { tone, title, body } => {
            Ok(toast(*tone, title, body))
        }
    };
    drawn.unwrap_or_else(|error| {
        tracing::warn!(%error, event = event.name(), "could not show an event");
        String::new()
    })
}

fn toast(tone: Tone, title: &str, body: &str) -> String {
    partial("#toasts", "beforeend", Toast { tone, title: title.to_owned(), body: body.to_owned() })
}

/// Has every page read again what it shows of `what`, if that is old or missing.
fn again(what: &str) -> String {
    if what.is_empty() {
        return String::new();
    }
    partial("#heal", "innerHTML", Again { what })
}

/// The kind of a service, by which pages know what they show of it.
fn kind_of(app: &App, service: &str) -> &'static str {
    let tile = service.parse().ok().and_then(|name: ServiceName| app.services.board().tile(&name));
    tile.map_or("", |tile| tile.service.kind.as_str())
}

fn service_changed(app: &App, page: &Page, name: &str, version: i64) -> String {
    let watched = services(app);
    let up = watched.iter().filter(|service| service.is_up()).count();
    let mut fragments = partial("#services-up", "outerMorph", ServicesUp { up, all: watched.len() });

    let this = watched.iter().find(|service| service.name == name);
    let came_or_went = version <= 1 || this.is_none();
    let id = name.parse::<ServiceName>();
    match (page, this, id) {
        (Page::Home, _, _) if came_or_went => {
            fragments += &partial("#tiles", "outerMorph", ServiceTiles { services: &watched });
        }
        (Page::Home, Some(this), Ok(id)) => {
            fragments += &partial(&format!("#svc-{id}"), "outerMorph", ServiceTile { watched: this });
        }
        (Page::Status, Some(this), Ok(id)) => {
            let verdict = Verdict::of(&watched).with(app.services.monitors().as_deref());
            fragments += &partial("#verdict", "outerMorph", verdict);
            fragments += &partial(&format!("#mon-{id}"), "outerMorph", MonitorRow { watched: this });
        }
        _ => {}
    }
    fragments
}

/// A probe that changed no status: the bars and the latency.
fn service_checked(app: &App, page: &Page, name: &str) -> String {
    let tile = name.parse().ok().and_then(|name: ServiceName| app.services.board().tile(&name));
    let Some(watched) = tile.map(|tile| Watched::from(&*tile)) else { return String::new() };
    match page {
        Page::Home => partial(&format!("#svc-{name}"), "outerMorph", ServiceTile { watched: &watched }),
        Page::Status => partial(&format!("#mon-{name}"), "outerMorph", MonitorRow { watched: &watched }),
        _ => String::new(),
    }
}

/// What Uptime Kuma says, for everybody alike: what only admins see is not pushed.
fn monitors_changed(app: &App, page: &Page) -> String {
    if *page != Page::Status {
        return String::new();
    }
    let report = app.services.monitors();
    let verdict = Verdict::of(&services(app)).with(report.as_deref());
    let mut fragments = partial("#verdict", "outerMorph", verdict);
    fragments += &partial("#kuma-news", "outerMorph", KumaNews { report: report.clone() });
    fragments += &partial("#kuma", "outerMorph", Kuma { report });
    fragments
}

async fn download_changed(
    app: &App,
    page: &Page,
    id: DownloadId,
    owner: UserId,
) -> Result<String, store::Error> {
    let around = Around::pushed(&app.settings.base);
    let mine = Mine::read(app, &around, owner, None).await?;
    let mut fragments = partial("#at-work", "outerMorph", AtWork { running: mine.running });
    match page {
        Page::Home => {
            let list = HomeDownloads { around: &around, rows: &mine.for_home(&around) }.to_string();
            fragments += &partial("#home-downloads", "outerMorph", list);
        }
        Page::Downloads => {
            let older = mine.older();
            let list = DownloadSections {
                around: &around,
                rows: &mine.rows,
                slots: slots(app),
                older: older.as_deref(),
            };
            fragments += &partial("#downloads", "innerMorph", list);
            fragments += &partial("#quota", "outerMorph", mine.quota(app, owner).await?);
            fragments += &disk(app).map(|disk| partial("#disk", "outerMorph", disk)).unwrap_or_default();
        }
        Page::Download(shown) if *shown == id => match app.reader.download(id).await? {
            Some(download) => {
                let row = whole_row(app, &around, download).await?;
                fragments += &partial(&format!("#dl-{id}"), "outerMorph", &row);
                fragments += &partial("#files", "outerMorph", DownloadFiles { row: &row });
            }
            None => fragments += &gone(id),
        },
        _ => {}
    }
    Ok(fragments)
}

/// Everybody who may know of it reads again what their page shows of it: what a request looks
/// like depends on who looks, and the event does not say.
async fn request_changed(app: &App, page: &Page, id: RequestId) -> Result<String, store::Error> {
    let count = Reread { part: "open-requests", from: app.settings.base.link("/requests/open") };
    let part = match page {
        Page::Home => Some("home-requests"),
        Page::Requests => Some("requests"),
        Page::Request(shown) if *shown == id => Some("requests"),
        Page::Title(kind, number) => {
            let request = app.reader.request(id).await?;
            let is_this = request.is_none_or(|one| one.media_type == *kind && one.tmdb_id == *number);
            is_this.then_some("request-sheet")
        }
        _ => None,
    };
    let part = part.map(|part| Reread { part, from: String::new() }.to_string()).unwrap_or_default();
    Ok(partial("#reread", "innerHTML", format!("{count}{part}")))
}

async fn progressed(app: &App, page: &Page, id: DownloadId) -> Result<String, store::Error> {
    let shows = match page {
        Page::Home | Page::Downloads => true,
        Page::Download(shown) => *shown == id,
        _ => false,
    };
    let download = if shows { app.reader.download(id).await? } else { None };
    // A job that is over has said so already; its last progress may be late.
    let running = download.filter(|download| download.status == DownloadStatus::Running);
    let Some(download) = running else { return Ok(String::new()) };
    let around = Around::pushed(&app.settings.base);
    let row = match page {
        Page::Download(_) => whole_row(app, &around, download).await?,
        _ => row(app, &around, download),
    };
    Ok(partial(&format!("#dl-{id}"), "outerMorph", row))
}

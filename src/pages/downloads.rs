//! Downloads: the list, the form, one download with its files.

use actors::download_queue::{self, Denied, Files};
use actors::plex_arrivals;
use domain::Cursor;
use domain::download::{Choice, Download, DownloadStatus, Preset};
use serde::Deserialize;

use super::mine::{Mine, disk, slots, whole_row};
use super::{again, around, cursor, download_id, frame, page};
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, get, html, post, see_other};
use crate::views::downloads::{DownloadPage, DownloadsPage, Probed, StartForm, ToolCard};
use crate::views::shell::Here;

mod look;

pub fn routes() -> Vec<Route> {
    vec![
        get("/downloads").then(show),
        post("/downloads").form(start),
        post("/downloads/look").form(look::look),
        get("/downloads/:id").then(show_one),
        post("/downloads/:id/cancel").then(cancel),
        post("/downloads/:id/retry").then(retry),
        post("/downloads/:id/plex").then(bring_to_plex),
        post("/downloads/:id/delete").then(remove),
    ]
}

/// What somebody typed.
#[derive(Deserialize)]
struct Fields {
    url: String,
    #[serde(default)]
    preset: String,
    /// A format that the look at the link listed; wins over the preset.
    #[serde(default)]
    format: String,
}

impl Fields {
    fn preset(&self) -> Preset {
        self.preset.parse().unwrap_or(Preset::Hd1080)
    }

    fn as_form(&self, head: &Head) -> StartForm {
        StartForm { url: self.url.clone(), preset: self.preset(), ..StartForm::empty(around(head)) }
    }
}

async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let form = match visit.query.get("url").filter(|url| url.len() <= 2048) {
        Some(url) => StartForm { look_now: !url.is_empty(), url, ..StartForm::empty(around(&visit)) },
        None => StartForm::empty(around(&visit)),
    };
    page(&view(&app, &visit, form).await?)
}

async fn start(app: App, visit: Visit, fields: Fields) -> Result<Response, Problem> {
    let choice = if fields.format.is_empty() {
        Ok(Choice::Preset(fields.preset()))
    } else {
        fields.format.parse().map(Choice::Format)
    };
    let Ok(choice) = choice else { return Err(Problem::invalid("format", "is not one that was offered")) };
    match download_queue::submit(&app.queue, visit.member()?, fields.url.trim(), choice).await {
        Ok(_) if visit.is_htmx() => started(&app, &visit).await,
        Ok(_) => Ok(see_other(&visit.link("/downloads"))),
        Err(denied) => {
            let form = refused(fields.as_form(&visit), &denied);
            let problem = Problem::from(denied);
            if visit.is_htmx() {
                again(&form, &problem)
            } else {
                again(&view(&app, &visit, form).await?, &problem)
            }
        }
    }
}

/// The form as new, and the list and the quota as they are now.
async fn started(app: &App, head: &Head) -> Result<Response, Problem> {
    let view = view(app, head, StartForm::empty(around(head))).await?;
    let partial = |target: &str, swap: &str, content: String| {
        format!("<hx-partial hx-target=\"{target}\" hx-swap=\"{swap}\">{content}</hx-partial>")
    };
    let lists = partial("#downloads", "innerMorph", view.sections().to_string());
    let quota = partial("#quota", "outerMorph", view.quota.to_string());
    Ok(html(format!("{}{lists}{quota}", view.form)))
}

/// The form again, with the reason beside the field or below.
fn refused(form: StartForm, denied: &Denied) -> StartForm {
    let said = look::in_words(denied);
    match denied {
        Denied::RefusedAddress(_) => StartForm { url_error: Some(said), ..form },
        _ => StartForm { refusal: Some(said), ..form },
    }
}

async fn show_one(app: App, visit: Visit) -> Result<Response, Problem> {
    let cursor = cursor(&app);
    let download = owned(&app, &visit).await?;
    let id = download.id;
    let running = app.reader.active_downloads(Some(visit.member()?.id)).await?;
    let running = running.iter().filter(|one| one.status == DownloadStatus::Running).count();
    let row = whole_row(&app, &around(&visit), download).await?;
    let shell = frame(&app, &visit, Here::Download, running).await?.watching(id).live(&cursor);
    page(&DownloadPage { shell, row })
}

/// The download in the address, if it belongs to whoever asks.
async fn owned(app: &App, head: &Head) -> Result<Download, Problem> {
    let me = head.member()?;
    let download = app.reader.download(download_id(head)?).await?;
    download.filter(|download| download.user == me.id || me.is_admin()).ok_or_else(Problem::not_found)
}

async fn cancel(app: App, visit: Visit) -> Result<Response, Problem> {
    download_queue::cancel(&app.queue, visit.member()?, download_id(&visit)?).await.map_err(Problem::from)?;
    changed(&app, &visit).await
}

async fn retry(app: App, visit: Visit) -> Result<Response, Problem> {
    download_queue::retry(&app.queue, visit.member()?, download_id(&visit)?).await.map_err(Problem::from)?;
    changed(&app, &visit).await
}

async fn bring_to_plex(app: App, visit: Visit) -> Result<Response, Problem> {
    let download = owned(&app, &visit).await?;
    plex_arrivals::bring_again(&app.downloads, download.id).await?;
    changed(&app, &visit).await
}

async fn remove(app: App, visit: Visit) -> Result<Response, Problem> {
    let id = download_id(&visit)?;
    download_queue::delete(&app.queue, visit.member()?, id, Files::Keep).await.map_err(Problem::from)?;
    if visit.is_htmx() {
        return Ok(html(crate::views::downloads::gone(id)));
    }
    Ok(see_other(&visit.link("/downloads")))
}

/// After a change of one download: its row for htmx, else the page where it was clicked.
async fn changed(app: &App, head: &Head) -> Result<Response, Problem> {
    let download = owned(app, head).await?;
    let id = download.id;
    if !head.is_htmx() {
        return Ok(see_other(&head.link("/downloads")));
    }
    let row = whole_row(app, &around(head), download).await?;
    Ok(html(format!("<hx-partial hx-target=\"#dl-{id}\" hx-swap=\"outerMorph\">{row}</hx-partial>")))
}

async fn view(app: &App, head: &Head, form: StartForm) -> Result<DownloadsPage, Problem> {
    let cursor = cursor(app);
    let after = head.query.get("after").filter(|text| text.len() <= 512).map(Cursor);
    let me = head.member()?.id;
    let mine = Mine::read(app, &around(head), me, after.as_ref()).await?;
    let quota = mine.quota(app, me).await?;
    let older = mine.older();
    Ok(DownloadsPage {
        shell: frame(app, head, Here::Downloads, mine.running).await?.live(&cursor),
        form,
        rows: mine.rows,
        slots: slots(app),
        quota,
        disk: disk(app),
        tool: head.member()?.is_admin().then(|| ToolCard { tool: app.downloads.launch.tool() }),
        older,
    })
}

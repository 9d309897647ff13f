//! Requests: what was asked for, how it comes closer, and what admins decide about it.

use std::collections::HashMap;

use domain::request::{MediaRequest, RequestStatus};
use domain::service::{ServiceKind, ServiceStatus};
use domain::user::CurrentUser;
use domain::{Cursor, RequestId, UserId};
use store::{RequestFilter, Whose};

use super::discover::{library_path, quota, standing};
use super::{cursor, frame_with_count, page};
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, get, post};
use crate::views::Around;
use crate::views::requests::{
    Away, HomeRequests, Limits, OpenRequests, RequestList, RequestPage, RequestRow, RequestsPage, Said, Show,
};
use crate::views::shell::Here;

mod act;

/// Requests on one page.
const SHOWN: u32 = 30;

/// Requests on the dashboard.
const AT_HOME: usize = 4;

pub fn routes() -> Vec<Route> {
    vec![
        get("/requests").then(show),
        get("/requests/open").then(open),
        get("/requests/:id").then(show_one),
        post("/requests/:id/approve").admin().form(act::approve),
        post("/requests/:id/decline").admin().form(act::decline),
        post("/requests/:id/retry").form(act::retry),
        post("/requests/:id/finish").admin().form(act::finish),
        post("/requests/:id/join").form(act::join),
        post("/requests/:id/leave").form(act::leave),
        post("/requests/:id/comments").form(act::comment),
        post("/requests/:id/delete").form(act::remove),
    ]
}

async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let cursor = cursor(&app);
    let me = visit.member()?;
    let show = Show::parse(&visit.query.get("show").unwrap_or_default());
    let after = visit.query.get("after").filter(|text| text.len() <= 512).map(Cursor);
    let shell = frame_with_count(&app, &visit, Here::Requests).await?.live(&cursor);
    let list = list(&app, &shell.around, me, show, after.as_ref()).await?;
    let news = news(&list);
    let limits = limits(&app, me).await;
    page(&RequestsPage { shell, list, limits, away: away(&app), news })
}

/// What wants a look, in one line.
fn news(list: &RequestList) -> String {
    let count = |wanted| list.counts.iter().find(|(show, _)| *show == wanted).map_or(0, |(_, count)| *count);
    let (waiting, coming) = (count(Show::Waiting), count(Show::OnTheWay));
    match (waiting, coming) {
        (0, 0) => "Nothing is on the way at the moment.".to_owned(),
        (0, coming) => format!("{coming} on the way."),
        (waiting, 0) if list.is_admin => format!("{waiting} waiting for your decision."),
        (waiting, coming) if list.is_admin => {
            format!("{waiting} waiting for your decision, {coming} on the way.")
        }
        (waiting, 0) => format!("{waiting} waiting for approval."),
        (waiting, coming) => format!("{waiting} waiting for approval, {coming} on the way."),
    }
}

async fn list(
    app: &App,
    around: &Around,
    me: &CurrentUser,
    show: Show,
    after: Option<&Cursor>,
) -> Result<RequestList, Problem> {
    let whose = whose(me, show);
    let filter = RequestFilter { whose, statuses: show.statuses() };
    let found = app.reader.requests(filter, after, SHOWN).await?;
    let mut rows = Vec::with_capacity(found.items.len());
    let mut viewer = Viewer::new(app, around, me);
    for request in found.items {
        rows.push(viewer.row(request).await?);
    }
    let older = found.next.map(|Cursor(next)| {
        around.link(&format!("/requests?show={}&{}", show.as_str(), super::query("after", &next)))
    });
    let counts = counts(app, me).await?;
    Ok(RequestList { around: around.clone(), show, is_admin: me.is_admin(), counts, rows, older })
}

/// Members see what they asked for and what they joined, admins see everything.
fn whose(me: &CurrentUser, show: Show) -> Whose {
    match (me.is_admin(), show == Show::Mine) {
        (true, false) => Whose::Everybodys,
        (true, true) | (false, false) => Whose::With(me.id),
        (false, true) => Whose::Of(me.id),
    }
}

async fn counts(app: &App, me: &CurrentUser) -> Result<Vec<(Show, u64)>, Problem> {
    let all = app.reader.count_requests(whose(me, Show::All)).await?;
    let mine = app.reader.count_requests(whose(me, Show::Mine)).await?;
    let sum = |counts: &[(RequestStatus, u64)], show: Show| {
        let wanted = show.statuses();
        let counted = counts.iter().filter(|(status, _)| wanted.is_empty() || wanted.contains(status));
        counted.map(|(_, count)| count).sum::<u64>()
    };
    let shown = [Show::All, Show::Waiting, Show::Mine, Show::OnTheWay, Show::Here, Show::Stopped];
    Ok(shown.map(|show| (show, sum(if show == Show::Mine { &mine } else { &all }, show))).into())
}

/// What this person may still ask for.
async fn limits(app: &App, me: &CurrentUser) -> Limits {
    match standing(app, me).await {
        Ok(standing) => {
            Limits { films: standing.movies.map(quota), seasons: standing.seasons.map(quota), unknown: None }
        }
        Err(reason) => Limits { unknown: Some(reason), ..Limits::default() },
    }
}

async fn show_one(app: App, visit: Visit) -> Result<Response, Problem> {
    let cursor = cursor(&app);
    let request = visible(&app, &visit).await?;
    let id = request.id;
    let shell = frame_with_count(&app, &visit, Here::Requests).await?.watching(id).live(&cursor);
    let row = Viewer::new(&app, &shell.around, visit.member()?).whole_row(request).await?;
    page(&RequestPage { shell, row, away: away(&app) })
}

/// The request in the address, if whoever asks may see it.
async fn visible(app: &App, head: &Head) -> Result<MediaRequest, Problem> {
    let me = head.member()?;
    let id: RequestId = head.param("id")?;
    let request = app.reader.request(id).await?.ok_or_else(Problem::not_found)?;
    let may = me.is_admin() || request.user == me.id || app.reader.takes_part_in(me.id, id).await?;
    if may { Ok(request) } else { Err(Problem::not_found()) }
}

/// The count in the navigation, by itself.
async fn open(app: App, visit: Visit) -> Result<Response, Problem> {
    page(&open_count(&app, visit.member()?).await?)
}

/// How many requests want something: of admins a decision, of members some patience.
pub(super) async fn open_count(app: &App, me: &CurrentUser) -> Result<OpenRequests, store::Error> {
    if me.is_admin() {
        return Ok(OpenRequests { open: u64::from(app.reader.pending_requests().await?) });
    }
    let counts = app.reader.count_requests(Whose::With(me.id)).await?;
    let is_open = |status: &RequestStatus| !status.is_over() && *status != RequestStatus::Failed;
    Ok(OpenRequests {
        open: counts.iter().filter(|(status, _)| is_open(status)).map(|(_, count)| count).sum(),
    })
}

/// What the dashboard shows: what is open first, then the newest.
pub(super) async fn for_home(
    app: &App,
    around: &Around,
    me: &CurrentUser,
) -> Result<HomeRequests, store::Error> {
    let filter = RequestFilter { whose: Whose::With(me.id), statuses: &[] };
    let mut found = app.reader.requests(filter, None, SHOWN).await?.items;
    found.sort_by_key(|request| (request.status.is_over(), std::cmp::Reverse(request.updated_at)));
    found.truncate(AT_HOME);
    let mut viewer = Viewer::new(app, around, me);
    let mut rows = Vec::with_capacity(found.len());
    for request in found {
        rows.push(viewer.row(request).await?);
    }
    Ok(HomeRequests { around: around.clone(), rows })
}

/// What is not possible now because Overseerr does not answer.
pub(super) fn away(app: &App) -> Option<Away> {
    let tiles = app.services.board().tiles();
    let tile =
        tiles.iter().find(|tile| tile.service.kind == ServiceKind::Overseerr && tile.service.enabled)?;
    (tile.service.status == ServiceStatus::Down)
        .then(|| Away { reason: format!("{} is not answering.", tile.service.name) })
}

/// Names of people, each read once.
#[derive(Default)]
pub(super) struct Names(HashMap<UserId, String>);

impl Names {
    pub(super) async fn of(&mut self, app: &App, id: UserId) -> Result<String, store::Error> {
        if let Some(known) = self.0.get(&id) {
            return Ok(known.clone());
        }
        let user = app.reader.user(id).await?;
        let name = user.map_or_else(|| "Somebody who left".to_owned(), |user| user.username);
        self.0.insert(id, name.clone());
        Ok(name)
    }
}

/// Who looks at requests, and what is read once for all of them.
struct Viewer<'a> {
    app: &'a App,
    around: &'a Around,
    me: &'a CurrentUser,
    names: Names,
    away: Option<Away>,
}

impl<'a> Viewer<'a> {
    fn new(app: &'a App, around: &'a Around, me: &'a CurrentUser) -> Self {
        Self { app, around, me, names: Names::default(), away: away(app) }
    }

    async fn row(&mut self, request: MediaRequest) -> Result<RequestRow, store::Error> {
        let by = self.names.of(self.app, request.user).await?;
        let mut followers = Vec::new();
        let mut is_followed = false;
        if request.followers > 0 {
            for follower in self.app.reader.request_followers(request.id).await? {
                if follower == self.me.id {
                    is_followed = true;
                } else {
                    followers.push(self.names.of(self.app, follower).await?);
                }
            }
        }
        let decided_by = match request.decided_by {
            Some(user) => Some(self.names.of(self.app, user).await?),
            None => None,
        };
        let library =
            request.rating_key.as_deref().and_then(library_path).map(|path| self.around.link(&path));
        // What Overseerr knows nothing of can be decided here.
        let is_theirs = request.overseerr_id.is_some() || self.app.services.overseerr().is_some();
        let away = self
            .away
            .as_ref()
            .filter(|_| is_theirs)
            .map(|away| format!("{} This can be decided when it is back.", away.reason));
        Ok(RequestRow {
            around: self.around.clone(),
            is_mine: request.user == self.me.id,
            is_admin: self.me.is_admin(),
            portal_decides: self.app.services.overseerr().is_none(),
            by,
            is_followed,
            followers,
            said: Vec::new(),
            decided_by,
            library,
            away,
            is_alone: false,
            request,
        })
    }

    /// With its comments, for its own page.
    async fn whole_row(&mut self, request: MediaRequest) -> Result<RequestRow, store::Error> {
        let said = self.app.reader.request_comments(request.id).await?;
        let said = said.into_iter().map(|comment| Said::new(comment, self.me.id)).collect();
        Ok(RequestRow { said, is_alone: true, ..self.row(request).await? })
    }
}

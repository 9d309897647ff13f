//! The library of the house: what there is, what is new, and each title.
//!
//! Every page asks for all that it shows at once and waits for no longer than a page may take;
//! what Plex did not say stays out, with the reason, or is shown as it was.

use actors::library::{Blind, Eyes};
use actors::upstream::Seen;
use domain::Timestamp;
use futures_util::future::join_all;
use integrations::plex::{Item, Kind, Section};

use super::{around, cursor, frame_with_count, page};
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, get, post};
use crate::views::Around;
use crate::views::library::look::{self, Look};
use crate::views::library::{Hero, HomeShelves, LibraryPage, Nothing, Shelf, Tab, Upset};
use crate::views::shell::Here;

mod change;
mod collections;
mod section;
mod title;

pub(crate) use change::{make as make_change, new_collection};
pub(crate) use section::query as section_query;

pub fn routes() -> Vec<Route> {
    vec![
        get("/library").then(show),
        get("/library/home").then(show_shelves),
        get("/library/collections").then(collections::show_all),
        get("/library/collection/:id").then(collections::show),
        get("/library/title/:id").then(title::show),
        get("/library/:section").then(section::show),
        post("/library/collections").admin().form(change::put_into),
        post("/library/collection/:id/remove").admin().form(change::take_out),
        post("/library/collection/:id/rename").admin().form(change::rename),
        post("/library/collection/:id/delete").admin().then(change::delete),
    ]
}

/// What is wrong with the answers of one page, the worst of them.
#[derive(Default)]
struct Health {
    stale: Option<(Timestamp, String)>,
    blind: Option<Blind>,
}

impl Health {
    /// The value, whatever its age.
    fn seen<T>(&mut self, answer: Result<Seen<T>, Blind>) -> Option<Seen<T>> {
        match answer {
            Ok(seen) => {
                if let Some(why) = &seen.stale
                    && self.stale.as_ref().is_none_or(|(at, _)| seen.at < *at)
                {
                    self.stale = Some((seen.at, why.clone()));
                }
                Some(seen)
            }
            Err(blind) => {
                self.blind.get_or_insert(blind);
                None
            }
        }
    }

    /// The sentence above the page.
    fn upset(&self, around: &Around) -> Option<Upset> {
        let upset =
            |reason, at| Upset { around: around.clone(), reason, at, retry_in: None, will_pass: true };
        match (&self.stale, &self.blind) {
            (Some((at, why)), _) => Some(upset(sentence(why), Some(*at))),
            (None, Some(blind)) => Some(Upset {
                retry_in: blind.retry_in(),
                will_pass: blind.is_outage(),
                ..upset(blind.to_string(), None)
            }),
            (None, None) => None,
        }
    }

    /// Why nothing can be changed now.
    fn away(&self) -> Option<String> {
        let reason = self.stale.as_ref().map(|(_, why)| sentence(why));
        reason.or_else(|| self.blind.as_ref().map(ToString::to_string))
    }
}

/// `plex did not answer` as `Plex did not answer.`
fn sentence(text: &str) -> String {
    crate::problem::sentence(text)
}

/// What stands instead of a page that has nothing to show.
fn nothing(head: &Head, around: &Around, blind: &Blind) -> Nothing {
    let is_admin = head.user.as_ref().is_some_and(domain::user::CurrentUser::is_admin);
    let around = around.clone();
    if blind.is_not_set_up() {
        let detail = if is_admin {
            "Connect your Plex Media Server, and its films and shows are here, with posters, search and collections."
        } else {
            "An admin can connect the Plex Media Server of the house. Then its films and shows are here."
        };
        let way = is_admin.then(|| (around.link("/admin/services"), "Connect Plex"));
        let (icon, title) = ("film", "No library yet");
        return Nothing { around, icon, title, detail: detail.to_owned(), way, will_pass: false };
    }
    let way = matches!(blind, Blind::SignInAgain).then(|| (around.link("/login"), "Sign in again"));
    let will_pass = blind.is_outage();
    let (icon, title) = ("cloud-off", "The library can't be shown right now");
    Nothing { around, icon, title, detail: blind.to_string(), way, will_pass }
}

/// The chips of the libraries; `current` is the path of the page.
fn tabs(look: Look<'_>, sections: &[Section], current: &str) -> Vec<Tab> {
    let tab = |path: String, title: &str| Tab {
        current: path == current,
        href: look.around.link(&path),
        title: title.to_owned(),
    };
    let mut tabs = vec![tab("/library".to_owned(), "All")];
    tabs.extend(sections.iter().map(|section| tab(format!("/library/{}", section.id), &section.title)));
    tabs.push(tab("/library/collections".to_owned(), "Collections"));
    tabs
}

async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let cursor = cursor(&app);
    let shell = frame_with_count(&app, &visit, Here::Library).await?.live(&cursor);
    let around = shell.around.clone();
    let look = Look { around: &around, pictures: &app.pictures };
    let mut view = LibraryPage {
        shell,
        tabs: Vec::new(),
        upset: None,
        nothing: None,
        hero: None,
        shelves: Vec::new(),
        hint: None,
    };
    let eyes = match app.library.look(visit.member()?).await {
        Ok(eyes) => eyes,
        Err(blind) => {
            view.nothing = Some(nothing(&visit, &around, &blind));
            return page(&view);
        }
    };
    let mut health = Health::default();
    let Some(sections) = health.seen(eyes.sections().await) else {
        view.nothing = health.blind.as_ref().map(|blind| nothing(&visit, &around, blind));
        return page(&view);
    };
    let (mut shelves, machine, first) = read_shelves(&eyes, &sections.value, &mut health, look).await;
    view.tabs = tabs(look, &sections.value, "/library");
    if let Some(item) = first {
        view.hero = Some(hero(&app, look, &item, machine.as_deref(), &health));
    }
    view.hint =
        (!eyes.is_own()).then_some("Sign in with Plex, and what you have begun to watch stands here first.");
    view.shelves.append(&mut shelves);
    view.upset = health.upset(&around);
    page(&view)
}

/// The rails of the dashboard.
async fn show_shelves(app: App, visit: Visit) -> Result<Response, Problem> {
    let around = around(&visit);
    let look = Look { around: &around, pictures: &app.pictures };
    let home = |shelves, ill| HomeShelves { around: around.clone(), shelves, loading: false, ill };
    let failed = |blind: &Blind| Shelf {
        id: "recent".to_owned(),
        heading: "Recently added".to_owned(),
        all: Some(around.link("/library")),
        posters: Vec::new(),
        stale: None,
        failed: Some(blind.to_string()),
    };
    let mut health = Health::default();
    let eyes = match app.library.look(visit.member()?).await {
        Ok(eyes) => eyes,
        // A house without Plex has no place for it on its dashboard.
        Err(blind) if blind.is_not_set_up() => return page(&home(Vec::new(), false)),
        Err(blind) => return page(&home(vec![failed(&blind)], blind.is_outage())),
    };
    let Some(sections) = health.seen(eyes.sections().await) else {
        let failed: Vec<Shelf> = health.blind.as_ref().map(failed).into_iter().collect();
        return page(&home(failed, true));
    };
    let (shelves, _, _) = read_shelves(&eyes, &sections.value, &mut health, look).await;
    let ill = health.upset(&around).is_some_and(|upset| upset.will_pass);
    page(&home(shelves, ill))
}

/// "Continue watching" and what is new in each library, the name of the server, and the title
/// that stands at the top.
async fn read_shelves(
    eyes: &Eyes,
    sections: &[Section],
    health: &mut Health,
    look: Look<'_>,
) -> (Vec<Shelf>, Option<String>, Option<Item>) {
    let newest = join_all(sections.iter().map(|section| eyes.recently_added(section)));
    let (begun, newest, machine) = tokio::join!(eyes.continue_watching(), newest, eyes.machine());
    let mut shelves = Vec::new();
    let mut first = None;
    match begun {
        Ok(Some(begun)) => {
            if let Some(seen) = health.seen(Ok(begun))
                && !seen.value.is_empty()
            {
                first = seen.value.first().cloned();
                shelves.push(shelf(look, "continue", "Continue watching".to_owned(), None, &seen));
            }
        }
        Ok(None) => {}
        Err(blind) => _ = health.seen::<()>(Err(blind)),
    }
    for (section, answer) in sections.iter().zip(newest) {
        let id = format!("new-{}", section.id);
        let heading = if sections.len() == 1 {
            "Recently added".to_owned()
        } else {
            format!("Recently added in {}", section.title)
        };
        let all = look.around.link(&format!("/library/{}?sort=added:desc", section.id));
        match answer {
            Ok(seen) => {
                let tells = |item: &&Item| item.art.is_some() && !item.summary.is_empty();
                first = first.or_else(|| seen.value.iter().find(tells).cloned());
                _ = health.seen(Ok(seen.clone()));
                if !seen.value.is_empty() {
                    shelves.push(shelf(look, &id, heading, Some(all), &seen));
                }
            }
            Err(blind) => {
                let failed = Some(blind.to_string());
                _ = health.seen::<()>(Err(blind));
                shelves.push(Shelf { id, heading, all: Some(all), posters: Vec::new(), stale: None, failed });
            }
        }
    }
    let machine = health.seen(machine).map(|seen| seen.value.to_string());
    (shelves, machine, first)
}

fn shelf(look: Look<'_>, id: &str, heading: String, all: Option<String>, seen: &Seen<Vec<Item>>) -> Shelf {
    Shelf {
        id: id.to_owned(),
        heading,
        all,
        posters: seen.value.iter().map(|item| look.poster(item)).collect(),
        stale: seen.stale.as_ref().map(|why| (seen.at, sentence(why))),
        failed: None,
    }
}

/// The head of a page; `machine` makes the link that opens the title in Plex.
fn hero(app: &App, look: Look<'_>, item: &Item, machine: Option<&str>, health: &Health) -> Hero {
    let quality = item.resolution.as_deref().map(look::resolution);
    let pill = match (&item.kind, quality) {
        (Kind::Show | Kind::Season, _) => "In your library".to_owned(),
        (_, Some(quality)) => format!("In your library · {quality}"),
        (_, None) => "In your library".to_owned(),
    };
    let title = match &item.kind {
        Kind::Episode | Kind::Season => format!("{}: {}", look::name(item), look::note(item)),
        _ => item.title.clone(),
    };
    let art = item.art.as_deref().or(item.grandparent.as_ref().and_then(|show| show.art.as_deref()));
    let plex = machine.and_then(|machine| in_plex(app, machine, item));
    Hero {
        pill,
        title,
        summary: item.summary.clone(),
        facts: look::facts(item),
        image: look.picture(domain::picture::PlexSize::Art, art),
        href: Some(look.title(&item.rating_key)),
        plex_away: health
            .away()
            .filter(|_| plex.is_some())
            .map(|_| "Playing needs Plex. It comes back by itself.".to_owned()),
        plex,
        watched: look::percent(item),
        tall: false,
    }
}

/// The address that opens an item in Plex, unless the operator does not want such links.
fn in_plex(app: &App, machine: &str, item: &Item) -> Option<String> {
    let web = app.settings.plex_web_url.as_ref()?;
    Some(integrations::plex::open_in_plex(web.as_str(), machine, &item.rating_key))
}

//! A film, a show, a season, an episode.

use actors::library::{Blind, Eyes};
use integrations::plex::{Collection, Item, Kind, RatingKey, SectionId};

use super::{Health, cursor, frame_with_count, hero, in_plex, nothing, page};
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Visit};
use crate::views::library::look::{self, Look};
use crate::views::library::title::{Adding, Face, Part, Parts, TitlePage, facts};
use crate::views::shell::Here;

pub(super) async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    page(&view(&app, &visit, None).await?)
}

/// The page, with what was wrong with the title of a new collection.
pub(super) async fn view(
    app: &App,
    head: &Head,
    refused: Option<(String, String)>,
) -> Result<TitlePage, Problem> {
    let key: RatingKey = match head.params.get("id") {
        Some(_) => head.param("id")?,
        None => return Err(Problem::not_found()),
    };
    show_key(app, head, &key, refused).await
}

/// The page of the title `key`, wherever the form was posted.
pub(super) async fn show_key(
    app: &App,
    head: &Head,
    key: &RatingKey,
    refused: Option<(String, String)>,
) -> Result<TitlePage, Problem> {
    let cursor = cursor(app);
    let shell = frame_with_count(app, head, Here::Library).await?.live(&cursor);
    let around = shell.around.clone();
    let look = Look { around: &around, pictures: &app.pictures };
    let is_admin = shell.admin;
    let mut view = TitlePage {
        shell,
        name: "Library".to_owned(),
        upset: None,
        nothing: None,
        trail: Vec::new(),
        hero: None,
        summary: String::new(),
        tagline: None,
        parts: Parts::default(),
        cast: Vec::new(),
        related: Vec::new(),
        facts: Vec::new(),
        collections: Vec::new(),
        adding: None,
    };
    let eyes = match app.library.look(head.member()?).await {
        Ok(eyes) => eyes,
        Err(blind) => {
            view.nothing = Some(nothing(head, &around, &blind));
            return Ok(view);
        }
    };
    // All of it at once: what the title is made of is asked for before we know what it is.
    let start = head.query.parse::<usize>("start")?.unwrap_or(0).min(100_000);
    let (item, children, related, machine) =
        tokio::join!(eyes.item(key), eyes.children(key, start), eyes.related(key), eyes.machine());
    let mut health = Health::default();
    let Some(item) = health.seen(item) else {
        view.nothing = health.blind.as_ref().map(|blind| nothing(head, &around, blind));
        return Ok(view);
    };
    let Some(item) = item.value.as_ref().as_ref() else {
        return Err(Problem::not_found().with_detail("This title is not in a library that you can see."));
    };
    let machine = machine.ok().map(|seen| seen.value.to_string());

    view.name = look::name(item);
    view.trail = trail(look, item);
    view.summary = item.summary.clone();
    view.tagline = item.tagline.clone().filter(|tagline| !tagline.is_empty());
    view.cast = Face::all(look, &item.cast);
    view.facts = facts(item, is_admin);
    if matches!(item.kind, Kind::Show | Kind::Season) {
        let plex = |part: &Item| machine.as_deref().and_then(|machine| in_plex(app, machine, part));
        let heading = if item.kind == Kind::Show { "Seasons" } else { "Episodes" };
        view.parts = Parts { heading, stills: item.kind == Kind::Season, ..Parts::default() };
        match health.seen(children) {
            Some(seen) => {
                let of = |part: &Item| Part::of(look, part, plex(part));
                view.parts.lines =
                    seen.value.items.iter().filter(|part| part.kind != item.kind).map(of).collect();
                view.parts.note = count(&view.parts, seen.value.total);
                view.parts.next = seen.value.next.map(|next| format!("{}?start={next}", look.title(key)));
            }
            None => view.parts.failed = health.blind.as_ref().map(ToString::to_string),
        }
    }
    if let Ok(related) = related {
        view.related = related.value.iter().map(|one| look.poster(one)).collect();
    }
    let mut collections = Vec::new();
    if let (Some(section), true) = (&item.section, is_admin || !item.collections.is_empty()) {
        collections = read_collections(&eyes, section).await.unwrap_or_default();
    }
    view.collections = item
        .collections
        .iter()
        .map(|title| {
            let known = collections.iter().find(|collection| &collection.title == title);
            (title.clone(), known.map(|collection| look.collection(&collection.rating_key)))
        })
        .collect();
    if is_admin && item.section.is_some() && matches!(item.kind, Kind::Movie | Kind::Show) {
        collections.retain(|collection| !collection.smart && !item.collections.contains(&collection.title));
        let (title, error) = refused.map_or((String::new(), None), |(title, error)| (title, Some(error)));
        view.adding = Some(Adding { item: key.to_string(), collections, away: health.away(), error, title });
    }
    let mut top = hero(app, look, item, machine.as_deref(), &health);
    top.tall = true;
    top.href = None;
    top.summary = String::new();
    view.hero = Some(top);
    view.upset = health.upset(&around);
    Ok(view)
}

async fn read_collections(eyes: &Eyes, section: &SectionId) -> Result<Vec<Collection>, Blind> {
    Ok(eyes.collections(section, 0).await?.value.items.clone())
}

/// From its library down to its season.
fn trail(look: Look<'_>, item: &Item) -> Vec<(String, String)> {
    let mut trail = Vec::new();
    if let (Some(section), Some(title)) = (&item.section, &item.section_title) {
        trail.push((title.clone(), look.section(section)));
    }
    for above in [&item.grandparent, &item.parent].into_iter().flatten() {
        trail.push((above.title.clone(), look.title(&above.rating_key)));
    }
    trail
}

/// `3 seasons · 2 watched`.
fn count(parts: &Parts, total: usize) -> String {
    let watched = parts.lines.iter().filter(|part| part.watched).count();
    let all = match (parts.stills, total) {
        (true, 1) => "1 episode".to_owned(),
        (true, total) => format!("{total} episodes"),
        (false, _) => look::seasons(parts.lines.len()),
    };
    if watched == 0 { all } else { format!("{all} · {watched} watched") }
}

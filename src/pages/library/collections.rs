//! Collections, and what is in one.

use futures_util::future::join_all;
use integrations::plex::RatingKey;

use super::{Health, cursor, frame_with_count, nothing, page, tabs};
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Visit};
use crate::views::library::collection::{CollectionPage, CollectionsPage, Tools};
use crate::views::library::look::Look;
use crate::views::library::section::Removing;
use crate::views::library::{Shelf, Titles};
use crate::views::shell::Here;

pub(super) async fn show_all(app: App, visit: Visit) -> Result<Response, Problem> {
    let cursor = cursor(&app);
    let shell = frame_with_count(&app, &visit, Here::Library).await?.live(&cursor);
    let around = shell.around.clone();
    let look = Look { around: &around, pictures: &app.pictures };
    let mut view =
        CollectionsPage { shell, tabs: Vec::new(), upset: None, nothing: None, shelves: Vec::new() };
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
    let answers = join_all(sections.value.iter().map(|section| eyes.collections(&section.id, 0))).await;
    for (section, answer) in sections.value.iter().zip(answers) {
        let failed = answer.as_ref().err().map(ToString::to_string);
        let posters = match health.seen(answer) {
            Some(seen) => seen.value.items.iter().map(|one| look.collection_poster(one)).collect(),
            None => Vec::new(),
        };
        let id = format!("collections-{}", section.id);
        view.shelves.push(Shelf {
            id,
            heading: section.title.clone(),
            all: None,
            posters,
            stale: None,
            failed,
        });
    }
    view.tabs = tabs(look, &sections.value, "/library/collections");
    view.upset = health.upset(&around);
    page(&view)
}

pub(super) async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let view = view(&app, &visit, None).await?;
    if visit.is_htmx() && visit.query.get("part").as_deref() == Some("more") && view.nothing.is_none() {
        return page(&view.titles);
    }
    page(&view)
}

/// The page of the collection in the address, with what was wrong with its new title.
pub(super) async fn view(
    app: &App,
    head: &Head,
    refused: Option<(String, String)>,
) -> Result<CollectionPage, Problem> {
    let key: RatingKey = head.param("id")?;
    let cursor = cursor(app);
    let shell = frame_with_count(app, head, Here::Library).await?.live(&cursor);
    let around = shell.around.clone();
    let look = Look { around: &around, pictures: &app.pictures };
    let is_admin = shell.admin;
    let path = look.collection(&key);
    let mut view = CollectionPage {
        shell,
        title: "Collection".to_owned(),
        path: path.clone(),
        note: String::new(),
        summary: String::new(),
        upset: None,
        nothing: None,
        titles: Titles::empty(),
        tools: None,
    };
    let eyes = match app.library.look(head.member()?).await {
        Ok(eyes) => eyes,
        Err(blind) => {
            view.nothing = Some(nothing(head, &around, &blind));
            return Ok(view);
        }
    };
    let start = head.query.parse::<usize>("start")?.unwrap_or(0).min(1_000_000);
    let (collection, items) = tokio::join!(eyes.collection(&key), eyes.collection_items(&key, start));
    let mut health = Health::default();
    let Some(collection) = health.seen(collection) else {
        view.nothing = health.blind.as_ref().map(|blind| nothing(head, &around, blind));
        return Ok(view);
    };
    let Some(collection) = collection.value.as_ref().as_ref() else {
        return Err(Problem::not_found().with_detail("This collection is not there any more."));
    };
    let poster = look.collection_poster(collection);
    (view.title, view.note, view.summary) =
        (collection.title.clone(), poster.note, collection.summary.clone());
    let may_change = is_admin && !collection.smart;
    match health.seen(items) {
        Some(seen) => {
            let items = &seen.value.items;
            let keys = items.iter().map(|item| item.rating_key.to_string()).collect();
            let action = format!("{path}/remove");
            view.titles = Titles {
                posters: items.iter().map(|item| look.poster(item)).collect(),
                next: seen.value.next.map(|next| format!("{path}?start={next}")),
                before: (start > 0).then(|| path.clone()),
                removing: (may_change && health.away().is_none()).then(|| Removing {
                    action,
                    csrf: around.csrf.clone(),
                    keys,
                }),
            };
        }
        None => view.nothing = health.blind.as_ref().map(|blind| nothing(head, &around, blind)),
    }
    let error = refused.map(|(title, error)| {
        view.title = title;
        error
    });
    let section = collection.section.as_ref().map(ToString::to_string);
    view.tools = section.filter(|_| may_change).map(|section| Tools { section, away: health.away(), error });
    view.upset = health.upset(&around).filter(|_| view.nothing.is_none());
    Ok(view)
}

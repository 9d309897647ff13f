//! Search: the page, its parts, and the palette.

use std::time::Duration;

use futures_util::future::join_all;

use super::{around, cursor, frame_with_count, page};
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, get};
use crate::search::{self, Source};
use crate::views::search::{Palette, Part, SearchPage, commands};
use crate::views::shell::Here;

/// How long the page waits for all sources together; one that takes longer follows by itself.
const SOON: Duration = Duration::from_millis(400);

pub fn routes() -> Vec<Route> {
    vec![
        get("/search").then(show),
        get("/search/palette").then(palette),
        get("/search/:source").then(show_part),
    ]
}

fn words(head: &Head) -> Option<String> {
    search::words(&head.query.get("q").unwrap_or_default())
}

async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let cursor = cursor(&app);
    let shell = frame_with_count(&app, &visit, Here::Search).await?.live(&cursor);
    let user = visit.member()?;
    let Some(words) = words(&visit) else {
        return page(&SearchPage { shell, words: String::new(), parts: Vec::new(), alone: false });
    };
    app.searched.note(user.id, &words);
    let sources: Vec<Source> = Source::ALL.into_iter().filter(|source| source.is_for(user)).collect();
    let asking = sources.iter().map(|source| search::ask_within(&app, user, *source, &words, SOON));
    let answers = join_all(asking).await;
    let part = |(source, found)| Part {
        around: shell.around.clone(),
        words: words.clone(),
        source,
        found,
        short: false,
    };
    let parts = sources.into_iter().zip(answers).map(part).collect();
    page(&SearchPage { words: words.clone(), parts, alone: false, shell })
}

/// One source: a part of a page or of the palette, or a page for whoever has no script.
async fn show_part(app: App, visit: Visit) -> Result<Response, Problem> {
    let source: Source = visit.param("source")?;
    let user = visit.member()?;
    if !source.is_for(user) {
        return Err(Problem::not_found());
    }
    let words = words(&visit).unwrap_or_default();
    let short = visit.query.get("short").is_some();
    let found = Some(search::ask(&app, user, source, &words).await);
    let part =
        Part { around: around(&visit), words: words.clone(), source, found, short: short && visit.is_htmx() };
    if visit.is_htmx() {
        return page(&part);
    }
    let cursor = cursor(&app);
    let shell = frame_with_count(&app, &visit, Here::Search).await?.live(&cursor);
    page(&SearchPage { shell, words, parts: vec![part], alone: true })
}

/// What the palette lists: our own rows at once, the others as soon as they answer.
async fn palette(app: App, visit: Visit) -> Result<Response, Problem> {
    let user = visit.member()?;
    let around = around(&visit);
    let words = words(&visit).unwrap_or_default();
    let sources = Source::ALL.into_iter().filter(|source| source.is_for(user) && !words.is_empty());
    let parts = join_all(sources.map(|source| {
        let (app, around, words) = (&app, around.clone(), words.clone());
        async move {
            let found = match source.is_ours() {
                true => Some(search::ask(app, user, source, &words).await),
                false => None,
            };
            Part { around, words, source, found, short: true }
        }
    }))
    .await;
    let recent = if words.is_empty() { app.searched.of(user.id) } else { Vec::new() };
    page(&Palette { around, commands: commands(&words, user.is_admin()), words, parts, recent })
}

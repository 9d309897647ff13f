//! Search, for programs: each source with its hits or its error.

use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::route::{Response, Route, Visit, get, json};
use crate::search::{self, Found, Source};

/// How long the answer waits for a source.
const PATIENCE: Duration = Duration::from_millis(1900);

pub fn routes() -> Vec<Route> {
    vec![get("/api/v1/search").then(find)]
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub struct SearchResults {
    q: String,
    sources: Vec<SourceCard>,
}

/// What one source says.
#[derive(Serialize, ToSchema)]
pub struct SourceCard {
    source: Source,
    items: Vec<HitCard>,
    /// Why there are none, in words for a person; null when it answered.
    error: Option<String>,
    /// Why the hits are old, when they are.
    stale: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct HitCard {
    /// `movie`, `show`, `episode`, `collection`, `request`, `download` or `person`.
    kind: &'static str,
    title: String,
    note: String,
    /// How it stands, in a word.
    state: Option<&'static str>,
    /// A page of ours.
    url: String,
    /// A picture of ours.
    picture: Option<String>,
}

#[utoipa::path(
    get, path = "/api/v1/search", tag = "search",
    params(("q" = String, Query, description = "At most 100 characters count."),
        ("source" = Option<String>, Query, description = "Only this one: library, discover, requests, downloads or people.")),
    responses((status = 200, body = SearchResults), (status = 422, description = "There are no words."))
)]
pub(super) async fn find(app: App, visit: Visit) -> Result<Response, Problem> {
    let user = visit.member()?;
    let words = search::words(&visit.query.get("q").unwrap_or_default());
    let q = words.ok_or_else(|| Problem::invalid("q", "says nothing to search for"))?;
    let only: Option<Source> = match visit.query.get("source").filter(|word| !word.is_empty()) {
        Some(word) => Some(word.parse().map_err(|()| Problem::invalid("source", "is not a source"))?),
        None => None,
    };
    let wanted = |source: &Source| source.is_for(user) && only.is_none_or(|only| only == *source);
    let sources: Vec<Source> = Source::ALL.into_iter().filter(wanted).collect();
    let asking = sources.iter().map(|source| search::ask_within(&app, user, *source, &q, PATIENCE));
    let answers = join_all(asking).await;
    let card = |(source, found)| card(&visit, source, found);
    let sources = sources.into_iter().zip(answers).map(card).collect();
    Ok(json(StatusCode::OK, &SearchResults { q, sources }))
}

fn card(visit: &Visit, source: Source, found: Option<Found>) -> SourceCard {
    let failed = |error: String| SourceCard { source, items: Vec::new(), error: Some(error), stale: None };
    match found {
        Some(Found::Hits { hits, stale }) => {
            let items = hits.into_iter().map(|hit| HitCard {
                kind: hit.kind,
                title: hit.title,
                note: hit.note,
                state: hit.state.map(|(_, word)| word),
                url: visit.link(&hit.path),
                picture: hit.picture,
            });
            SourceCard { source, items: items.collect(), error: None, stale }
        }
        Some(Found::NotSetUp) => failed("It is not set up.".to_owned()),
        Some(Found::Failed(why)) => failed(why),
        None => failed("It has not answered in time.".to_owned()),
    }
}

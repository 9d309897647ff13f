//! The library, for programs: what this person may see of the house's Plex.

use actors::library::{Change, Eyes};
use actors::upstream::Seen;
use domain::Timestamp;
use domain::picture::{Picture, PlexSize};
use http::StatusCode;
use integrations::plex::{Collection, Item, Kind, Paged, RatingKey, Section, SectionId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::pages::{make_change, new_collection, section_query};
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, created, delete, get, json, no_content, patch, post};

pub fn routes() -> Vec<Route> {
    vec![
        get("/api/v1/library/sections").then(sections),
        get("/api/v1/library/sections/:id/items").then(items),
        get("/api/v1/library/items/:id").then(item),
        get("/api/v1/library/collections").then(collections),
        get("/api/v1/library/collections/:id/items").then(collection_items),
        post("/api/v1/library/collections").admin().json(create),
        patch("/api/v1/library/collections/:id").admin().json(rename),
        delete("/api/v1/library/collections/:id").admin().then(remove),
        post("/api/v1/library/collections/:id/items").admin().json(add),
        delete("/api/v1/library/collections/:id/items/:n").admin().then(take_out),
    ]
}

/// A list with the age of what Plex said.
#[derive(Serialize, ToSchema)]
pub struct Shelf<T> {
    items: Vec<T>,
    /// The `start` of the next part; null at the end.
    next: Option<usize>,
    /// How many there are in all.
    total: usize,
    /// When Plex said so.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Why it is not newer, when it is older than it should be.
    stale: Option<String>,
}

/// A library.
#[derive(Serialize, ToSchema)]
pub struct SectionCard {
    id: String,
    /// `movie` or `show`.
    kind: String,
    title: String,
    refreshing: bool,
}

/// A film, show, season or episode.
#[derive(Serialize, ToSchema)]
pub struct TitleCard {
    id: String,
    /// `movie`, `show`, `season`, `episode`, `clip` or a kind that is newer than this program.
    kind: String,
    title: String,
    year: Option<i32>,
    summary: String,
    /// Of 10.
    rating: Option<f64>,
    duration_s: Option<u64>,
    genres: Vec<String>,
    /// The number at TMDB.
    tmdb_id: Option<i64>,
    /// The season of an episode, the show of a season.
    parent: Option<String>,
    index: Option<i32>,
    seasons: Option<usize>,
    episodes: Option<usize>,
    /// `1080`, `4k` and the like.
    resolution: Option<String>,
    section: Option<String>,
    collections: Vec<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    added_at: Option<Timestamp>,
    /// Whether this person has seen it; null when the portal can't know.
    watched: Option<bool>,
    /// A path of ours with the poster.
    poster: Option<String>,
}

/// A title with everything below it.
#[derive(Serialize, ToSchema)]
pub struct TitleDetails {
    #[serde(flatten)]
    title: TitleCard,
    content_rating: Option<String>,
    studio: Option<String>,
    cast: Vec<CastCard>,
    /// Seasons of a show, episodes of a season.
    children: Vec<TitleCard>,
    /// Opens it in Plex; null when the operator does not want such links.
    open_in_plex: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    stale: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct CastCard {
    name: String,
    role: Option<String>,
}

/// A collection.
#[derive(Serialize, ToSchema)]
pub struct CollectionCard {
    id: String,
    title: String,
    summary: String,
    section: Option<String>,
    count: usize,
    /// It fills itself by a filter; nothing can be put into it.
    smart: bool,
    poster: Option<String>,
}

/// A new collection: Plex makes no empty ones, so it begins with a title.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCollection {
    #[schema(max_length = 120)]
    title: String,
    /// The id of its first title.
    item: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameCollection {
    #[schema(max_length = 120)]
    title: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TitleId {
    item: String,
}

#[derive(Serialize, ToSchema)]
pub struct CollectionId {
    id: String,
}

struct Links<'a> {
    app: &'a App,
    own: bool,
}

impl Links<'_> {
    fn poster(&self, path: Option<&str>) -> Option<String> {
        let picture = Picture::plex(PlexSize::Poster, path?)?;
        Some(self.app.pictures.link(&self.app.settings.base, &picture))
    }

    fn title(&self, item: &Item) -> TitleCard {
        TitleCard {
            id: item.rating_key.to_string(),
            kind: item.kind.to_string(),
            title: item.title.clone(),
            year: item.year,
            summary: item.summary.clone(),
            rating: item.audience_rating.or(item.rating),
            duration_s: item.duration.map(|duration| duration.as_secs()),
            genres: item.genres.iter().map(|genre| genre.name.clone()).collect(),
            tmdb_id: item.tmdb_id().map(|id| id.0),
            parent: item.parent.as_ref().map(|parent| parent.rating_key.to_string()),
            index: item.index,
            seasons: item.children.filter(|_| item.kind == Kind::Show),
            episodes: item.leaves,
            resolution: item.resolution.clone(),
            section: item.section.as_ref().map(ToString::to_string),
            collections: item.collections.clone(),
            added_at: item.added_at,
            watched: self.own.then(|| item.is_watched()),
            poster: self.poster(item.thumb.as_deref()),
        }
    }

    fn collection(&self, collection: &Collection) -> CollectionCard {
        CollectionCard {
            id: collection.rating_key.to_string(),
            title: collection.title.clone(),
            summary: collection.summary.clone(),
            section: collection.section.as_ref().map(ToString::to_string),
            count: collection.child_count,
            smart: collection.smart,
            poster: self.poster(collection.thumb.as_deref()),
        }
    }
}

/// A part of a list as an answer.
fn shelf<T, C>(seen: &Seen<Paged<T>>, card: impl Fn(&T) -> C) -> Shelf<C> {
    Shelf {
        items: seen.value.items.iter().map(card).collect(),
        next: seen.value.next,
        total: seen.value.total,
        at: seen.at,
        stale: seen.stale.clone(),
    }
}

async fn eyes(app: &App, head: &Head) -> Result<Eyes, Problem> {
    Ok(app.library.look(head.member()?).await?)
}

fn start(head: &Head) -> Result<usize, Problem> {
    Ok(head.query.parse::<usize>("start")?.unwrap_or(0).min(1_000_000))
}

#[utoipa::path(
    get, path = "/api/v1/library/sections", tag = "library",
    responses((status = 200, body = Shelf<SectionCard>), (status = 409, description = "Plex is not set up, or this person has to sign in with it again."),
        (status = 503, description = "Plex is away."))
)]
pub(super) async fn sections(app: App, visit: Visit) -> Result<Response, Problem> {
    let seen = eyes(&app, &visit).await?.sections().await?;
    let card = |section: &Section| SectionCard {
        id: section.id.to_string(),
        kind: section.kind.to_string(),
        title: section.title.clone(),
        refreshing: section.refreshing,
    };
    let items: Vec<SectionCard> = seen.value.iter().map(card).collect();
    let (total, at, stale) = (items.len(), seen.at, seen.stale.clone());
    Ok(json(StatusCode::OK, &Shelf { items, next: None, total, at, stale }))
}

#[utoipa::path(
    get, path = "/api/v1/library/sections/{id}/items", tag = "library",
    params(("id" = String, Path), ("start" = Option<usize>, Query), ("sort" = Option<String>, Query,
            description = "title, added:desc, year:desc, audienceRating:desc, duration, random"),
        ("words" = Option<String>, Query), ("genre" = Option<String>, Query), ("year" = Option<i32>, Query),
        ("unwatched" = Option<bool>, Query, description = "For people who signed in with Plex.")),
    responses((status = 200, body = Shelf<TitleCard>), (status = 404), (status = 503))
)]
pub(super) async fn items(app: App, visit: Visit) -> Result<Response, Problem> {
    let id: SectionId = visit.param("id")?;
    let eyes = eyes(&app, &visit).await?;
    let sections = eyes.sections().await?;
    let section = sections.value.iter().find(|section| section.id == id).ok_or_else(Problem::not_found)?;
    let mut query = section_query(&visit);
    query.unwatched &= eyes.is_own();
    query.kind = (section.kind == Kind::Show).then_some(Kind::Show);
    let seen = eyes.items(&id, &query).await?;
    let links = Links { app: &app, own: eyes.is_own() };
    Ok(json(StatusCode::OK, &shelf(&seen, |item| links.title(item))))
}

#[utoipa::path(
    get, path = "/api/v1/library/items/{id}", tag = "library", params(("id" = String, Path)),
    responses((status = 200, body = TitleDetails), (status = 404), (status = 503))
)]
pub(super) async fn item(app: App, visit: Visit) -> Result<Response, Problem> {
    let key: RatingKey = visit.param("id")?;
    let eyes = eyes(&app, &visit).await?;
    let (item, children, machine) = tokio::join!(eyes.item(&key), eyes.children(&key, 0), eyes.machine());
    let seen = item?;
    let item = seen.value.as_ref().as_ref().ok_or_else(Problem::not_found)?;
    let links = Links { app: &app, own: eyes.is_own() };
    let has_parts = matches!(item.kind, Kind::Show | Kind::Season);
    let children = if has_parts { children?.value.items.clone() } else { Vec::new() };
    let open_in_plex = app.settings.plex_web_url.as_ref().zip(machine.ok()).map(|(web, machine)| {
        integrations::plex::open_in_plex(web.as_str(), &machine.value, &item.rating_key)
    });
    let details = TitleDetails {
        title: links.title(item),
        content_rating: item.content_rating.clone(),
        studio: item.studio.clone(),
        cast: item
            .cast
            .iter()
            .map(|one| CastCard { name: one.name.clone(), role: one.role.clone() })
            .collect(),
        children: children.iter().map(|part| links.title(part)).collect(),
        open_in_plex,
        at: seen.at,
        stale: seen.stale.clone(),
    };
    Ok(json(StatusCode::OK, &details))
}

#[utoipa::path(
    get, path = "/api/v1/library/collections", tag = "library",
    params(("section" = Option<String>, Query, description = "The first library when it is left out."),
        ("start" = Option<usize>, Query)),
    responses((status = 200, body = Shelf<CollectionCard>), (status = 404), (status = 503))
)]
pub(super) async fn collections(app: App, visit: Visit) -> Result<Response, Problem> {
    let eyes = eyes(&app, &visit).await?;
    let sections = eyes.sections().await?;
    let wanted = visit.query.get("section").filter(|id| !id.is_empty());
    let links = Links { app: &app, own: eyes.is_own() };
    let mut all =
        Shelf { items: Vec::new(), next: None, total: 0, at: sections.at, stale: sections.stale.clone() };
    let found =
        sections.value.iter().filter(|section| wanted.as_deref().is_none_or(|id| section.id.as_str() == id));
    let found: Vec<&Section> = found.collect();
    if wanted.is_some() && found.is_empty() {
        return Err(Problem::not_found());
    }
    let start = start(&visit)?;
    for section in &found {
        let seen = eyes.collections(&section.id, start).await?;
        let part = shelf(&seen, |collection| links.collection(collection));
        all.items.extend(part.items);
        all.total += part.total;
        // Only one library at a time can be paged through.
        all.next = part.next.filter(|_| found.len() == 1);
        all.stale = all.stale.or(part.stale);
    }
    Ok(json(StatusCode::OK, &all))
}

#[utoipa::path(
    get, path = "/api/v1/library/collections/{id}/items", tag = "library",
    params(("id" = String, Path), ("start" = Option<usize>, Query)),
    responses((status = 200, body = Shelf<TitleCard>), (status = 404), (status = 503))
)]
pub(super) async fn collection_items(app: App, visit: Visit) -> Result<Response, Problem> {
    let key: RatingKey = visit.param("id")?;
    let start = start(&visit)?;
    let eyes = eyes(&app, &visit).await?;
    let (collection, items) = tokio::join!(eyes.collection(&key), eyes.collection_items(&key, start));
    if collection?.value.is_none() {
        return Err(Problem::not_found());
    }
    let links = Links { app: &app, own: eyes.is_own() };
    Ok(json(StatusCode::OK, &shelf(&items?, |item| links.title(item))))
}

#[utoipa::path(
    post, path = "/api/v1/library/collections", tag = "library", request_body = NewCollection,
    responses((status = 201, body = CollectionId), (status = 403), (status = 404), (status = 409), (status = 422))
)]
pub(super) async fn create(app: App, visit: Visit, body: NewCollection) -> Result<Response, Problem> {
    let change = new_collection(&app, &visit, &title_key(&body.item)?, &body.title).await?;
    let id = make_change(&app, &visit, change).await?.to_string();
    Ok(created(&CollectionId { id }))
}

#[utoipa::path(
    patch, path = "/api/v1/library/collections/{id}", tag = "library", params(("id" = String, Path)),
    request_body = RenameCollection,
    responses((status = 204), (status = 403), (status = 404), (status = 409), (status = 422))
)]
pub(super) async fn rename(app: App, visit: Visit, body: RenameCollection) -> Result<Response, Problem> {
    let collection: RatingKey = visit.param("id")?;
    let eyes = eyes(&app, &visit).await?;
    let seen = eyes.collection(&collection).await?;
    let found = seen.value.as_ref().as_ref().ok_or_else(Problem::not_found)?;
    let section = found.section.clone().ok_or_else(Problem::not_found)?;
    make_change(&app, &visit, Change::Rename { section, collection, title: body.title }).await?;
    Ok(no_content())
}

#[utoipa::path(
    delete, path = "/api/v1/library/collections/{id}", tag = "library", params(("id" = String, Path)),
    responses((status = 204, description = "It is not there (any more)."), (status = 403), (status = 503))
)]
pub(super) async fn remove(app: App, visit: Visit) -> Result<Response, Problem> {
    make_change(&app, &visit, Change::Delete { collection: visit.param("id")? }).await?;
    Ok(no_content())
}

#[utoipa::path(
    post, path = "/api/v1/library/collections/{id}/items", tag = "library", params(("id" = String, Path)),
    request_body = TitleId, responses((status = 204), (status = 403), (status = 409), (status = 422), (status = 503))
)]
pub(super) async fn add(app: App, visit: Visit, body: TitleId) -> Result<Response, Problem> {
    let item = title_key(&body.item)?;
    make_change(&app, &visit, Change::Add { collection: visit.param("id")?, item }).await?;
    Ok(no_content())
}

#[utoipa::path(
    delete, path = "/api/v1/library/collections/{id}/items/{n}", tag = "library",
    params(("id" = String, Path), ("n" = String, Path, description = "The id of the title.")),
    responses((status = 204, description = "It is not in it (any more)."), (status = 403), (status = 503))
)]
pub(super) async fn take_out(app: App, visit: Visit) -> Result<Response, Problem> {
    let change = Change::Remove { collection: visit.param("id")?, item: visit.param("n")? };
    make_change(&app, &visit, change).await?;
    Ok(no_content())
}

fn title_key(text: &str) -> Result<RatingKey, Problem> {
    text.parse().map_err(|_| Problem::invalid("item", "is not the id of a title"))
}

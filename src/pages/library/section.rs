//! A whole library, a part at a time.

use domain::Timestamp;
use integrations::plex::{ItemQuery, Kind, SectionId, Sort};

use super::{Health, cursor, frame_with_count, nothing, page, tabs};
use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Visit};
use crate::views::library::look::Look;
use crate::views::library::{SectionPage, Titles};
use crate::views::shell::Here;

/// How many titles one part has.
pub const PART: usize = 60;

/// Nobody pages further than this.
const FAR: usize = 1_000_000;

/// What the address asks for; what makes no sense in it is left out.
pub fn query(head: &Head) -> ItemQuery {
    let get =
        |name: &str| head.query.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    ItemQuery {
        start: get("start").and_then(|text| text.parse().ok()).filter(|start| *start <= FAR).unwrap_or(0),
        size: PART,
        sort: get("sort").and_then(|text| text.parse::<Sort>().ok()).unwrap_or_default(),
        title: get("words").filter(|words| words.chars().count() <= 100),
        unwatched: get("unwatched").is_some(),
        genre: get("genre").filter(|id| id.len() <= 20 && id.bytes().all(|byte| byte.is_ascii_digit())),
        year: get("year").and_then(|text| text.parse().ok()).filter(|year| (1800..=2300).contains(year)),
        kind: None,
        added_since: None::<Timestamp>,
    }
}

/// The query of an address that starts at `start` and asks for the same otherwise.
fn address(path: &str, query: &ItemQuery, sort: &str, start: usize) -> String {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    if start > 0 {
        pairs.append_pair("start", &start.to_string());
    }
    if sort != "title" {
        pairs.append_pair("sort", sort);
    }
    if let Some(words) = &query.title {
        pairs.append_pair("words", words);
    }
    if query.unwatched {
        pairs.append_pair("unwatched", "1");
    }
    if let Some(genre) = &query.genre {
        pairs.append_pair("genre", genre);
    }
    if let Some(year) = query.year {
        pairs.append_pair("year", &year.to_string());
    }
    match pairs.finish() {
        pairs if pairs.is_empty() => path.to_owned(),
        pairs => format!("{path}?{pairs}"),
    }
}

pub(super) async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let id: SectionId = visit.param("section")?;
    let cursor = cursor(&app);
    let shell = frame_with_count(&app, &visit, Here::Library).await?.live(&cursor);
    let around = shell.around.clone();
    let look = Look { around: &around, pictures: &app.pictures };
    let mut query = query(&visit);
    let sort =
        visit.query.get("sort").filter(|sort| sort.parse::<Sort>().is_ok()).unwrap_or("title".to_owned());
    let path = look.section(&id);
    let mut view = SectionPage {
        shell,
        title: "Library".to_owned(),
        path: path.clone(),
        tabs: Vec::new(),
        upset: None,
        nothing: None,
        query: query.clone(),
        sort: sort.clone(),
        genres: Vec::new(),
        letters: Vec::new(),
        is_own: false,
        total: 0,
        titles: Titles::empty(),
    };
    let mut health = Health::default();
    let eyes = match app.library.look(visit.member()?).await {
        Ok(eyes) => eyes,
        Err(blind) => {
            view.nothing = Some(nothing(&visit, &around, &blind));
            return page(&view);
        }
    };
    let Some(sections) = health.seen(eyes.sections().await) else {
        view.nothing = health.blind.as_ref().map(|blind| nothing(&visit, &around, blind));
        return page(&view);
    };
    let section = sections.value.iter().find(|section| section.id == id).ok_or_else(Problem::not_found)?;
    // What the owner has watched is nobody else's filter.
    query.unwatched &= eyes.is_own();
    query.kind = (section.kind == Kind::Show).then_some(Kind::Show);
    let (items, genres, letters) =
        tokio::join!(eyes.items(&id, &query), eyes.genres(&id), eyes.letters(&id, &section.kind));

    view.title = section.title.clone();
    view.tabs = tabs(look, &sections.value, &format!("/library/{id}"));
    view.is_own = eyes.is_own();
    view.query = query.clone();
    // The page is whole without these two.
    view.genres = genres.map(|seen| seen.value.to_vec()).unwrap_or_default();
    view.letters = letters.map(|seen| seen.value.to_vec()).unwrap_or_default();
    match health.seen(items) {
        Some(seen) => {
            let part = &seen.value;
            let before = query.start.saturating_sub(PART);
            view.total = part.total;
            view.titles = Titles {
                posters: part.items.iter().map(|item| look.poster(item)).collect(),
                next: part.next.map(|next| address(&path, &query, &sort, next)),
                before: (query.start > 0).then(|| address(&path, &query, &sort, before)),
                removing: None,
            };
        }
        None => view.nothing = health.blind.as_ref().map(|blind| nothing(&visit, &around, blind)),
    }
    if visit.is_htmx() && visit.query.get("part").as_deref() == Some("more") && view.nothing.is_none() {
        return page(&view.titles);
    }
    view.upset = health.upset(&around).filter(|_| view.nothing.is_none());
    page(&view)
}

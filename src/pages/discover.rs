//! Discover: rows of titles, each of which comes by itself, and the pages of titles.

use std::collections::HashSet;
use std::time::Duration;

use actors::upstream::{Seen, Unwell};
use domain::media::{Genre, MediaType, Row, Title, Titles, TmdbId};
use domain::request::RequestStatus;
use futures_util::future::join_all;
use store::{RequestFilter, Whose};
use tokio::time::timeout;

use super::{around, cursor, frame_with_count, page};
use crate::app::App;
use crate::problem::Problem;
use crate::problem::from::sentence;
use crate::route::{Head, Response, Route, Visit, get, html, post, see_other};
use crate::views::Around;
use crate::views::discover::{
    DiscoverPage, Hero, PosterGrid, Rail, RailState, RowPage, Stale, heading, poster,
};
use crate::views::poster::{Mark, Poster};
use crate::views::shell::Here;

mod ask;
mod title;

pub(super) use title::{library_path, quota, standing};

/// How long the page itself waits for its rows. One that takes longer follows by itself.
const SOON: Duration = Duration::from_millis(120);

/// How many genres have a chip, and how many of them a row of their own.
const GENRES: usize = 12;
const GENRE_ROWS: usize = 3;

pub fn routes() -> Vec<Route> {
    vec![
        get("/discover").then(show),
        get("/discover/:row").then(show_row),
        get("/discover/rails/:row").then(show_rail),
        get("/discover/movie/:id").then(title::show),
        get("/discover/tv/:id").then(title::show),
        get("/discover/movie/:id/related").then(title::related),
        get("/discover/tv/:id/related").then(title::related),
        post("/discover/movie/:id/request").form(ask::ask),
        post("/discover/tv/:id/request").form(ask::ask),
    ]
}

async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let cursor = cursor(&app);
    let kind = visit.query.get("kind").and_then(|kind| kind.parse::<MediaType>().ok());
    let shell = frame_with_count(&app, &visit, Here::Discover).await?.live(&cursor);
    let around = shell.around.clone();
    let is_possible = app.discover.is_possible();
    let mut genres =
        if is_possible { genres(&app, kind.unwrap_or(MediaType::Movie)).await } else { Vec::new() };
    genres.truncate(GENRES);
    let rows = if is_possible { rows(kind, &genres) } else { Vec::new() };
    let wanted = Wanted::read(&app).await?;

    let asked = rows.into_iter().map(|(row, genre)| {
        let app = &app;
        async move { (row, genre, timeout(SOON, app.discover.row(row, 1)).await.ok()) }
    });
    let answers = join_all(asked).await;
    let first = answers.iter().find_map(|(_, _, answer)| answer.as_ref()?.as_ref().ok());
    let hero = first.and_then(|seen| Hero::of(&around, &seen.value.titles));
    let rails = answers
        .into_iter()
        .map(|(row, genre, answer)| match answer {
            Some(answer) => rail(&around, row, genre, answer, &wanted),
            None => Rail::loading(around.clone(), row, genre),
        })
        .collect();
    let away = super::requests::away(&app);
    page(&DiscoverPage { shell, kind, genres, hero, rails, nobody_to_ask: !is_possible, away })
}

/// The rows of the page, in order.
fn rows(kind: Option<MediaType>, genres: &[Genre]) -> Vec<(Row, Option<String>)> {
    let main: &[Row] = match kind {
        None => &Row::MAIN,
        Some(MediaType::Movie) => &[Row::Movies, Row::UpcomingMovies],
        Some(MediaType::Tv) => &[Row::Tv, Row::UpcomingTv],
    };
    let genre_kind = kind.unwrap_or(MediaType::Movie);
    let of_genre = |genre: &Genre| (Row::Genre(genre_kind, genre.id), Some(genre.name.clone()));
    main.iter().map(|row| (*row, None)).chain(genres.iter().take(GENRE_ROWS).map(of_genre)).collect()
}

/// The genres, if they are known soon; the page does without otherwise.
async fn genres(app: &App, kind: MediaType) -> Vec<Genre> {
    match timeout(SOON, app.discover.genres(kind)).await {
        Ok(Ok(seen)) => seen.value.to_vec(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

/// One row, for a page that did not wait for it.
async fn show_rail(app: App, visit: Visit) -> Result<Response, Problem> {
    let row: Row = visit.param("row")?;
    if !visit.is_htmx() {
        return Ok(see_other(&visit.link(&format!("/discover/{row}"))));
    }
    let around = around(&visit);
    let wanted = Wanted::read(&app).await?;
    let genre = visit.query.get("name").filter(|name| !name.is_empty() && name.len() <= 100);
    let answer = app.discover.row(row, 1).await;
    let hero = match &answer {
        Ok(seen) if row == Row::Trending => Hero::of(&around, &seen.value.titles),
        _ => None,
    };
    let hero =
        hero.map(|hero| format!("<hx-partial hx-target=\"#hero\" hx-swap=\"outerHTML\">{hero}</hx-partial>"));
    let rail = rail(&around, row, genre, answer, &wanted);
    Ok(html(format!("{rail}{}", hero.unwrap_or_default())))
}

fn rail(
    around: &Around,
    row: Row,
    genre: Option<String>,
    answer: Result<Seen<Titles>, Unwell>,
    wanted: &Wanted,
) -> Rail {
    let state = match answer {
        Ok(seen) => {
            let posters = wanted.posters(around, &seen.value.titles, is_soon(row));
            RailState::Shown { posters, stale: stale(&seen) }
        }
        Err(unwell) => RailState::Failed { reason: reason(&unwell), retry_in: unwell.retry_in() },
    };
    Rail { around: around.clone(), row, genre, state }
}

fn is_soon(row: Row) -> bool {
    matches!(row, Row::UpcomingMovies | Row::UpcomingTv)
}

/// A whole row as a grid, a page at a time.
async fn show_row(app: App, visit: Visit) -> Result<Response, Problem> {
    let row: Row = visit.param("row")?;
    let number = visit.query.parse::<u32>("page")?.unwrap_or(1).clamp(1, 500);
    let cursor = cursor(&app);
    let wanted = Wanted::read(&app).await?;
    let around = around(&visit);
    let (grid, stale) = match app.discover.row(row, number).await {
        Ok(seen) => (Ok(grid(&around, row, &seen.value, &wanted)), stale(&seen)),
        Err(unwell) => (Err(reason(&unwell)), None),
    };
    // Only the next page was asked for, to stand where the way to it was.
    if visit.is_htmx() && visit.header("hx-target").is_some_and(|target| target.ends_with("#more")) {
        return match grid {
            Ok(grid) => page(&grid),
            Err(reason) => Err(Problem::unavailable().with_detail(reason)),
        };
    }
    let genre = match row {
        Row::Genre(kind, id) => genres(&app, kind).await.into_iter().find(|genre| genre.id == id),
        _ => None,
    };
    let shell = frame_with_count(&app, &visit, Here::Discover).await?.live(&cursor);
    let heading = heading(row, genre.as_ref().map(|genre| genre.name.as_str()));
    page(&RowPage { shell, heading, grid, stale })
}

fn grid(around: &Around, row: Row, titles: &Titles, wanted: &Wanted) -> PosterGrid {
    let next = (titles.page < titles.pages && !titles.titles.is_empty())
        .then(|| around.link(&format!("/discover/{row}?page={}", titles.page + 1)));
    PosterGrid { posters: wanted.posters(around, &titles.titles, is_soon(row)), next }
}

/// Titles that somebody in the house asked for, whatever Overseerr knows of it yet.
struct Wanted(HashSet<(MediaType, TmdbId)>);

impl Wanted {
    async fn read(app: &App) -> Result<Self, Problem> {
        let statuses = &[RequestStatus::Pending, RequestStatus::Approved, RequestStatus::Processing];
        let filter = RequestFilter { whose: Whose::Everybodys, statuses };
        let open = app.reader.requests(filter, None, 200).await?;
        Ok(Self(open.items.into_iter().map(|request| (request.media_type, request.tmdb_id)).collect()))
    }

    fn posters(&self, around: &Around, titles: &[Title], soon: bool) -> Vec<Poster> {
        titles.iter().map(|title| self.poster(around, title, soon)).collect()
    }

    fn poster(&self, around: &Around, title: &Title, soon: bool) -> Poster {
        let poster = poster(around, title, soon);
        let is_wanted = self.0.contains(&(title.media_type, title.tmdb_id));
        if is_wanted && poster.mark == Mark::None { Poster { mark: Mark::Asked, ..poster } } else { poster }
    }
}

/// How old an answer is, if it is older than it should be.
fn stale<T>(seen: &Seen<T>) -> Option<Stale> {
    seen.stale.as_ref().map(|reason| Stale { at: seen.at, reason: sentence(reason) })
}

/// Why there is no answer, for a person.
fn reason(unwell: &Unwell) -> String {
    match unwell {
        Unwell::NotSetUp => "Nobody is set up who knows films and shows.".to_owned(),
        other => sentence(&other.to_string()),
    }
}

/// The title in `/discover/movie/603`.
fn title_of(head: &Head) -> Result<(MediaType, TmdbId), Problem> {
    let kind = if head.path.starts_with("/discover/tv/") { MediaType::Tv } else { MediaType::Movie };
    Ok((kind, head.param("id")?))
}

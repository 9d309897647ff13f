//! Titles that the house could have: rows of them, and all that is known of one.

use actors::upstream::Seen;
use domain::Timestamp;
use domain::media::{ImageSize, MediaState, MediaType, Row, Season, Title, TitleDetails};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::link::Base;
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, get, json};

pub fn routes() -> Vec<Route> {
    vec![
        get("/api/v1/discover/:row").then(row),
        get("/api/v1/titles/movie/:tmdb_id").then(movie),
        get("/api/v1/titles/tv/:tmdb_id").then(show),
    ]
}

/// A title in a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct TitleCard {
    /// `movie` or `tv`.
    #[schema(value_type = String)]
    media_type: MediaType,
    tmdb_id: i64,
    title: String,
    /// Of the release, or of the first episode.
    year: Option<u16>,
    /// Day of the release or of the first episode, as `2021-09-15`.
    released: Option<String>,
    overview: String,
    /// Mean vote from 0 to 10.
    vote: Option<f32>,
    /// Address of a picture, 342 pixels wide.
    poster: Option<String>,
    /// Address of a picture, 1280 pixels wide.
    backdrop: Option<String>,
    /// `unknown`, `pending`, `processing`, `partially_available`, `available`, `blocklisted` or
    /// `deleted`; null when nobody ever asked for it.
    status: Option<&'static str>,
    status_4k: Option<&'static str>,
    /// Plex's key of the item, once it is there.
    plex_key: Option<String>,
}

impl TitleCard {
    pub(crate) fn new(base: &Base, title: &Title) -> Self {
        let picture = |size: ImageSize, path| base.link(&format!("/images/tmdb/{}{path}", size.as_str()));
        let state = title.state.as_ref();
        let key = |state: &MediaState| state.plex_key.clone().or_else(|| state.plex_key_4k.clone());
        Self {
            media_type: title.media_type,
            tmdb_id: title.tmdb_id.0,
            title: title.name.clone(),
            year: title.year,
            released: title.released.clone(),
            overview: title.overview.clone(),
            vote: title.vote,
            poster: title.poster.as_ref().map(|path| picture(ImageSize::Card, path)),
            backdrop: title.backdrop.as_ref().map(|path| picture(ImageSize::Backdrop, path)),
            status: state.map(|state| state.status.as_str()),
            status_4k: state.map(|state| state.status_4k.as_str()),
            plex_key: state.and_then(key),
        }
    }
}

/// One page of a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct TitleRow {
    items: Vec<TitleCard>,
    /// Counted from 1.
    page: u32,
    pages: u32,
    total: u64,
    /// When the catalogue said so.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Why it is not newer; null when it is as new as it should be.
    stale: Option<String>,
}

/// All that is known of a title.
#[derive(Debug, Serialize, ToSchema)]
pub struct TitleAnswer {
    #[serde(flatten)]
    card: TitleCard,
    tagline: Option<String>,
    genres: Vec<String>,
    /// Of the film, or of an ordinary episode.
    minutes: Option<u32>,
    /// Such as `Released` or `Ended`.
    production: Option<String>,
    /// Age rating, such as `R` or `TV-MA`.
    certification: Option<String>,
    /// Directors of a film, creators of a series.
    makers: Vec<String>,
    imdb_id: Option<String>,
    tvdb_id: Option<i64>,
    /// Of a series; 0 are the specials.
    seasons: Vec<SeasonCard>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Why it is not newer; null when it is as new as it should be.
    stale: Option<String>,
}

/// One season of a series.
#[derive(Debug, Serialize, ToSchema)]
struct SeasonCard {
    number: u32,
    name: String,
    episodes: u32,
    aired: Option<String>,
    /// As the status of a title.
    status: &'static str,
    status_4k: &'static str,
    /// Whether it can still be asked for.
    is_open: bool,
    is_open_4k: bool,
}

impl From<&Season> for SeasonCard {
    fn from(season: &Season) -> Self {
        Self {
            number: season.number,
            name: season.name.clone(),
            episodes: season.episode_count,
            aired: season.aired.clone(),
            status: season.status.as_str(),
            status_4k: season.status_4k.as_str(),
            is_open: season.is_open(false),
            is_open_4k: season.is_open(true),
        }
    }
}

#[utoipa::path(
    get, path = "/api/v1/discover/{row}", tag = "discover",
    params(
        ("row", description = "`trending`, `movies`, `tv`, `upcoming-movies`, `upcoming-tv`, `movie-genre-<number>` or `tv-genre-<number>`."),
        ("page" = Option<u32>, Query, description = "From 1 to 500; 1 when absent."),
    ),
    responses(
        (status = 200, description = "One page of the row.", body = TitleRow),
        (status = 404, description = "No such row."),
        (status = 503, description = "Nobody is set up who knows titles, or nobody answers."),
    )
)]
pub(super) async fn row(app: App, visit: Visit) -> Result<Response, Problem> {
    let row: Row = visit.param("row")?;
    let number = visit.query.parse::<u32>("page")?.unwrap_or(1);
    if !(1..=500).contains(&number) {
        return Err(Problem::invalid("page", "is a number from 1 to 500"));
    }
    let Seen { value, at, stale } = app.discover.row(row, number).await?;
    let items = value.titles.iter().map(|title| TitleCard::new(&visit.base, title)).collect();
    let answer = TitleRow { items, page: value.page, pages: value.pages, total: value.total, at, stale };
    Ok(json(StatusCode::OK, &answer))
}

#[utoipa::path(
    get, path = "/api/v1/titles/movie/{tmdb_id}", tag = "discover",
    params(("tmdb_id" = i64, Path)),
    responses(
        (status = 200, description = "The film.", body = TitleAnswer),
        (status = 404, description = "No film has that number."),
        (status = 503, description = "Nobody is set up who knows titles, or nobody answers."),
    )
)]
pub(super) async fn movie(app: App, visit: Visit) -> Result<Response, Problem> {
    title(&app, &visit, MediaType::Movie).await
}

#[utoipa::path(
    get, path = "/api/v1/titles/tv/{tmdb_id}", tag = "discover",
    params(("tmdb_id" = i64, Path)),
    responses(
        (status = 200, description = "The series, with its seasons.", body = TitleAnswer),
        (status = 404, description = "No series has that number."),
        (status = 503, description = "Nobody is set up who knows titles, or nobody answers."),
    )
)]
pub(super) async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    title(&app, &visit, MediaType::Tv).await
}

async fn title(app: &App, head: &Head, kind: MediaType) -> Result<Response, Problem> {
    let Seen { value, at, stale } = app.discover.details(kind, head.param("tmdb_id")?).await?;
    let details: &TitleDetails = (*value).as_ref().ok_or_else(Problem::not_found)?;
    let answer = TitleAnswer {
        card: TitleCard::new(&head.base, &details.title),
        tagline: details.tagline.clone(),
        genres: details.genres.clone(),
        minutes: details.minutes,
        production: details.production.clone(),
        certification: details.certification.clone(),
        makers: details.makers.clone(),
        imdb_id: details.imdb_id.clone(),
        tvdb_id: details.tvdb_id,
        seasons: details.seasons.iter().map(SeasonCard::from).collect(),
        at,
        stale,
    };
    Ok(json(StatusCode::OK, &answer))
}

//! A stand-in for TMDB's API, version 3, and for its host of images.
//!
//! | path | what it is |
//! |---|---|
//! | `/3/search/{multi,movie,tv,person}?query=` | |
//! | `/3/trending/{all,movie,tv}/{day,week}` | |
//! | `/3/movie/{popular,top_rated,upcoming,now_playing}`, `/3/tv/{popular,top_rated,on_the_air,airing_today}` | |
//! | `/3/discover/{movie,tv}?with_genres=&sort_by=` | |
//! | `/3/movie/ID`, `/3/tv/ID` | with `append_to_response`: credits, external_ids, release_dates, content_ratings, recommendations, similar, videos |
//! | `/3/tv/ID/season/N`, `/3/person/ID`, `/3/genre/{movie,tv}/list`, `/3/find/ttID`, `/3/configuration` | |
//! | `/t/p/w342/900101-poster.jpg` | a painted picture of that width |
//!
//! The key goes in as `api_key` (32 hex digits) or as a bearer token (a JWT). What is refused has
//! TMDB's own words and numbers; 429 comes from the switches of [`faults`](crate::faults).

mod details;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use crate::catalogue::{self, Only, Row, Title};
use crate::faults::Faults;
use crate::hits::Hits;
use crate::server::{self, Request, Response, Server};
use crate::world::World;

/// The key of version 3.
const API_KEY: &str = "5a9bd0c1e2f34a6b8c7d9e0f1a2b3c4d";

/// The token of version 4, which opens version 3 as well.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiI1YTliZDBjMWUyZjM0YTZiIiwic2NvcGVzIjpbImFwaV9yZWFkIl19.c2FuZGJveC10b2tlbi1zaWduYXR1cmU";

/// A running TMDB; it ends when this is dropped.
pub struct Tmdb {
    addr: SocketAddr,
    faults: Faults,
    hits: Hits,
    _server: Server,
}

impl Tmdb {
    /// Starts it on a free port of 127.0.0.1.
    pub async fn start(world: &World) -> io::Result<Self> {
        let (faults, hits) = (Faults::default(), Hits::default());
        let world = world.clone();
        let handler: server::Handler = Arc::new(move |request| {
            let world = world.clone();
            Box::pin(async move { answer(&world, &request) })
        });
        let handler = faults.guard(hits.counted(handler));
        let server = Server::start(SocketAddr::from(([127, 0, 0, 1], 0)), handler).await?;
        Ok(Self { addr: server.addr, faults, hits, _server: server })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What stands for `https://api.themoviedb.org/3`.
    pub fn url(&self) -> String {
        format!("http://{}/3", self.addr)
    }

    /// What stands for `https://image.tmdb.org/t/p`.
    pub fn image_url(&self) -> String {
        format!("http://{}/t/p", self.addr)
    }

    /// The key of version 3.
    pub fn api_key(&self) -> &'static str {
        API_KEY
    }

    /// The bearer token of version 4.
    pub fn token(&self) -> &'static str {
        TOKEN
    }

    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// How often each path was asked, faults included.
    pub fn hits(&self) -> &Hits {
        &self.hits
    }
}

/// An answer that is an error: TMDB's own number of it, and its words.
struct Refusal(StatusCode, u16, &'static str);

const NOT_FOUND: Refusal =
    Refusal(StatusCode::NOT_FOUND, 34, "The resource you requested could not be found.");
const NO_KEY: Refusal =
    Refusal(StatusCode::UNAUTHORIZED, 7, "Invalid API key: You must be granted a valid key.");
const BAD_PAGE: Refusal = Refusal(
    StatusCode::BAD_REQUEST,
    22,
    "Invalid page: Pages start at 1 and max at 500. They are expected to be an integer.",
);
const BAD_ID: Refusal =
    Refusal(StatusCode::NOT_FOUND, 6, "Invalid id: The pre-requisite id is invalid or not found.");

fn answer(world: &World, request: &Request) -> Response {
    let parts = request.segments();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["t", "p", size, file] => image(world, size, file),
        ["3", rest @ ..] => match api(world, rest, request) {
            Ok(value) => server::json(&value),
            Err(Refusal(status, code, words)) => {
                let body = json!({ "success": false, "status_code": code, "status_message": words });
                server::json_as(status, &body)
            }
        },
        _ => server::text(StatusCode::NOT_FOUND, "not found\n"),
    }
}

fn image(world: &World, size: &str, file: &str) -> Response {
    match catalogue::image(world, size, file) {
        None => server::text(StatusCode::NOT_FOUND, "File not found\n"),
        Some(bytes) => {
            let mut image = server::reply(StatusCode::OK, "image/jpeg", bytes);
            let kept = HeaderValue::from_static("public, max-age=31919000");
            image.headers_mut().insert(header::CACHE_CONTROL, kept);
            image
        }
    }
}

fn is_allowed(request: &Request) -> bool {
    let bearer = request.header(header::AUTHORIZATION).strip_prefix("Bearer ");
    bearer == Some(TOKEN) || request.query.get("api_key").is_some_and(|key| key == API_KEY)
}

fn api(world: &World, parts: &[&str], request: &Request) -> Result<Value, Refusal> {
    if !is_allowed(request) {
        return Err(NO_KEY);
    }
    if request.method != Method::GET {
        return Err(NOT_FOUND);
    }
    let page = page_number(request)?;
    let list = |titles: &[Title<'_>], with_type| Ok(listed(titles, page, with_type));
    match parts {
        ["configuration"] => Ok(configuration(request)),
        ["authentication"] => Ok(json!({ "success": true, "status_code": 1, "status_message": "Success." })),
        ["search", kind] => search(world, kind, request, page),
        ["trending", kind, "day" | "week"] => {
            list(&catalogue::row(world, only(kind).ok_or(NOT_FOUND)?, Row::Popular), true)
        }
        ["movie", "popular" | "now_playing"] => {
            list(&catalogue::row(world, Only::Movies, Row::Popular), false)
        }
        ["movie", "top_rated"] => list(&catalogue::row(world, Only::Movies, Row::TopRated), false),
        ["movie", "upcoming"] => list(&catalogue::row(world, Only::Movies, Row::Upcoming), false),
        ["tv", "popular" | "airing_today"] => list(&catalogue::row(world, Only::Shows, Row::Popular), false),
        ["tv", "top_rated"] => list(&catalogue::row(world, Only::Shows, Row::TopRated), false),
        ["tv", "on_the_air"] => list(&catalogue::row(world, Only::Shows, Row::Upcoming), false),
        ["discover", kind] => list(&discover(world, only(kind).ok_or(NOT_FOUND)?, request), false),
        ["genre", kind, "list"] => Ok(genres(world, only(kind).ok_or(NOT_FOUND)?)),
        ["find", id] => Ok(find(world, id)),
        ["person", id] => {
            let person = id.parse().ok().and_then(|id| world.person(id)).ok_or(NOT_FOUND)?;
            Ok(details::person(person))
        }
        ["movie" | "tv", id, rest @ ..] => {
            let id: i64 = id.parse().map_err(|_| BAD_ID)?;
            let title = match parts[0] {
                "movie" => world.movie(id).map(Title::Movie),
                _ => world.show(id).map(Title::Show),
            };
            about(world, title.ok_or(NOT_FOUND)?, rest, request, page)
        }
        _ => Err(NOT_FOUND),
    }
}

fn about(
    world: &World,
    title: Title<'_>,
    parts: &[&str],
    request: &Request,
    page: usize,
) -> Result<Value, Refusal> {
    match (title, parts) {
        (_, []) => {
            let mut json = details::whole(title);
            let appended = request.query.get("append_to_response").map(String::as_str).unwrap_or_default();
            for part in appended.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                // What does not exist is left out, as there.
                if let Some(value) = part_of(world, title, part, page) {
                    json[part] = value;
                }
            }
            Ok(json)
        }
        (Title::Show(show), ["season", number]) => {
            let season = number.parse().ok().and_then(|number| show.season(number)).ok_or(NOT_FOUND)?;
            Ok(details::season(season))
        }
        (_, [part]) => part_of(world, title, part, page).ok_or(NOT_FOUND),
        _ => Err(NOT_FOUND),
    }
}

fn part_of(world: &World, title: Title<'_>, part: &str, page: usize) -> Option<Value> {
    match part {
        "recommendations" | "similar" => Some(listed(&catalogue::similar(world, title), page, true)),
        part => details::part(title, part),
    }
}

fn only(kind: &str) -> Option<Only> {
    match kind {
        "all" => Some(Only::Everything),
        "movie" => Some(Only::Movies),
        "tv" => Some(Only::Shows),
        _ => None,
    }
}

fn page_number(request: &Request) -> Result<usize, Refusal> {
    let Some(text) = request.query.get("page") else { return Ok(1) };
    text.parse().ok().filter(|page| (1..=500).contains(page)).ok_or(BAD_PAGE)
}

fn search(world: &World, kind: &str, request: &Request, page: usize) -> Result<Value, Refusal> {
    let query = request.query.get("query").map(String::as_str).unwrap_or_default();
    let found = match kind {
        "multi" => catalogue::search(world, Only::Everything, query),
        "movie" | "tv" => catalogue::search(world, only(kind).ok_or(NOT_FOUND)?, query),
        "person" => Vec::new(),
        _ => return Err(NOT_FOUND),
    };
    let mut json = listed(&found, page, kind == "multi");
    if matches!(kind, "multi" | "person")
        && page == 1
        && let Some(results) = json["results"].as_array_mut()
    {
        let lower = query.to_lowercase();
        let people = world
            .people
            .iter()
            .filter(|person| !lower.is_empty() && person.name.to_lowercase().contains(&lower));
        results.extend(people.map(details::person));
        let total = found.len().max(results.len());
        json["total_results"] = json!(total);
    }
    Ok(json)
}

fn discover<'a>(world: &'a World, only: Only, request: &Request) -> Vec<Title<'a>> {
    let sort = request.query.get("sort_by").map(String::as_str).unwrap_or_default();
    let row = if sort.starts_with("vote_average") { Row::TopRated } else { Row::Popular };
    // A bar asks for either, a comma for both.
    let genres = request.query.get("with_genres").map(String::as_str).unwrap_or_default();
    let wanted: Vec<i64> = genres.split(['|', ',']).filter_map(|id| id.parse().ok()).collect();
    // "Not before" is how upcoming titles are asked for.
    let from = ["primary_release_date.gte", "first_air_date.gte"];
    let is_upcoming = from.iter().any(|name| request.query.contains_key(*name));
    let mut titles = catalogue::row(world, only, if is_upcoming { Row::Upcoming } else { row });
    let has = |title: &Title<'_>, genre: &i64| title.genre_ids().contains(genre);
    titles.retain(|title| {
        let any = genres.contains('|') && wanted.iter().any(|genre| has(title, genre));
        any || wanted.iter().all(|genre| has(title, genre))
    });
    titles
}

fn genres(world: &World, only: Only) -> Value {
    let titles = catalogue::titles(world, only);
    let mut genres: Vec<_> = titles.iter().flat_map(|title| title.genres()).copied().collect();
    genres.sort();
    genres.dedup();
    let genres: Vec<Value> =
        genres.iter().map(|genre| json!({ "id": genre.id, "name": genre.name })).collect();
    json!({ "genres": genres })
}

fn find(world: &World, id: &str) -> Value {
    let movies: Vec<Title<'_>> =
        world.movies.iter().filter(|movie| movie.imdb() == id).map(Title::Movie).collect();
    let shows: Vec<Title<'_>> = world
        .shows
        .iter()
        .filter(|show| show.imdb() == id || show.tvdb().to_string() == id)
        .map(Title::Show)
        .collect();
    let results = |titles: &[Title<'_>]| -> Vec<Value> {
        titles.iter().map(|title| details::short(*title, true)).collect()
    };
    json!({
        "movie_results": results(&movies), "tv_results": results(&shows), "person_results": [],
        "tv_episode_results": [], "tv_season_results": [],
    })
}

fn listed(titles: &[Title<'_>], number: usize, with_type: bool) -> Value {
    let (some, pages) = catalogue::page(titles, number);
    let results: Vec<Value> = some.into_iter().map(|title| details::short(title, with_type)).collect();
    json!({ "page": number, "results": results, "total_pages": pages, "total_results": titles.len() })
}

fn configuration(request: &Request) -> Value {
    let base = format!("http://{}/t/p/", request.header(header::HOST));
    json!({
        "images": {
            "base_url": base, "secure_base_url": base,
            "backdrop_sizes": ["w300", "w780", "w1280", "original"],
            "logo_sizes": ["w45", "w92", "w154", "w185", "w300", "w500", "original"],
            "poster_sizes": ["w92", "w154", "w185", "w342", "w500", "w780", "original"],
            "profile_sizes": ["w45", "w185", "h632", "original"],
            "still_sizes": ["w92", "w185", "w300", "original"],
        },
        "change_keys": ["images", "overview", "title"],
    })
}

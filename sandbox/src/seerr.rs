//! A stand-in for Seerr 3.1 and Overseerr 1.34, as `contracts/overseerr.md` found them to speak.
//!
//!     the portal                                           somebody: tests, demo, /_fake/
//!        |  /api/v1, key and X-API-User                          |
//!        v                                                       v
//!     [checks] -- refused: + : unknown parameters       [commands: arrive, fail, progress, tmdb]
//!        v                                                       |
//!     [requests, users, titles] <---- one state ----> [downloads that move by themselves]
//!        |
//!        +--- webhook: one attempt, unsigned, with the state of before
//!
//! Kept in memory; a new start has the world anew.
//!
//! Quirks that are kept: `+` and reserved characters in a query are refused, as are unknown
//! parameters; 202 where nothing was made; a duplicate where `is4k` is missing; 500 for unknown ids and
//! while TMDB is away, when webhooks are lost too; the bare key approves at once; a user may delete
//! another's pending request; `updatedAt` never moves; an X-API-User that is no number ends the
//! process; `jsonPayload` must be encoded twice.

mod checks;
mod commands;
mod handle;
mod hooks;
mod issues;
mod listing;
mod media;
mod people;
mod requests;
mod settings;
mod titles;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::Timestamp;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::faults::Faults;
use crate::hits::Hits;
use crate::lock;
use crate::server::{self, Request, Response, Server};
use crate::world::World;

pub use people::Limit;

use hooks::Agent;
use issues::Issue;
use media::Media;
use people::User;
use requests::Asked;

/// `X-Api-Key` of every stand-in.
const API_KEY: &str = "MTc5NTM2MTM0OTAwMHNhbmRib3hzZWVycmtleQ==";

/// The numbers of `media.status`.
pub(crate) mod status {
    pub const UNKNOWN: i64 = 1;
    pub const PENDING: i64 = 2;
    pub const PROCESSING: i64 = 3;
    pub const PARTIALLY: i64 = 4;
    pub const AVAILABLE: i64 = 5;
    pub const BLOCKLISTED: i64 = 6;
}

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// Seerr 3.1.0.
    #[default]
    Seerr,
    /// Overseerr 1.34.0.
    Overseerr,
}

/// What becomes of an approved request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arr {
    /// It is processed until a command moves it.
    #[default]
    OnCommand,
    /// It fails: Radarr and Sonarr cannot be reached.
    Unreachable,
    /// It is downloaded within this time and is then available.
    Downloads(Duration),
}

/// Told of every title that has arrived: whether it is a film, its TMDB id, and the seasons.
pub type Arrival = Arc<dyn Fn(bool, i64, &[i64]) + Send + Sync>;

/// Says under which `ratingKey` Plex has a film (or not a film) of this TMDB id.
pub type RatingKeys = Arc<dyn Fn(bool, i64) -> Option<String> + Send + Sync>;

/// How the stand-in starts.
#[derive(Clone)]
pub struct Options {
    pub family: Family,
    /// Seerr from 3.3.0 on takes `jsonPayload` as it is, too.
    pub takes_raw_payload: bool,
    /// The world's members who have an account beside the owner, by their slugs.
    pub users: Vec<&'static str>,
    pub arr: Arr,
    pub movie_4k: bool,
    pub series_4k: bool,
    pub on_arrival: Option<Arrival>,
    pub rating_keys: Option<RatingKeys>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            family: Family::default(),
            takes_raw_payload: false,
            users: vec!["friend"],
            arr: Arr::default(),
            movie_4k: true,
            series_4k: false,
            on_arrival: None,
            rating_keys: None,
        }
    }
}

/// A running Seerr; it ends when this is dropped.
pub struct Seerr {
    addr: SocketAddr,
    seerr: Arc<Inner>,
    _server: Server,
    _moving: JoinSet<()>,
}

/// What the requests and the downloads share.
struct Inner {
    options: Options,
    state: Mutex<State>,
    sending: Mutex<JoinSet<()>>,
    faults: Faults,
    hits: Hits,
}

/// Everything that changes.
struct State {
    family: Family,
    world: World,
    users: BTreeMap<i64, User>,
    media: BTreeMap<i64, Media>,
    requests: BTreeMap<i64, Asked>,
    issues: BTreeMap<i64, Issue>,
    blocklist: BTreeSet<(bool, i64)>,
    sessions: BTreeMap<String, i64>,
    api_key: String,
    agent: Agent,
    arr: Arr,
    /// TMDB cannot be reached.
    tmdb_down: bool,
    /// The process has ended.
    crashed: bool,
    /// What receivers of webhooks answered, oldest first; 0 where nobody did.
    delivered: Arc<Mutex<Vec<u16>>>,
    last_media: i64,
    last_request: i64,
    last_issue: i64,
}

/// An answer that is an error, as `{"message"}` or `{"status", "error"}`.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    body: Value,
}

type Outcome = Result<Response, Refusal>;

impl Refusal {
    fn new(status: StatusCode, message: &str) -> Self {
        Self { status, body: json!({ "message": message }) }
    }

    /// No right to this route; the words are in another field than anywhere else.
    fn forbidden() -> Self {
        let body = json!({ "status": 403, "error": "You do not have permission to access this endpoint" });
        Self { status: StatusCode::FORBIDDEN, body }
    }

    fn internal(message: &str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, &format!("{what} not found."))
    }
}

impl Seerr {
    /// Starts it on a free port of 127.0.0.1.
    pub async fn start(world: &World, options: Options) -> io::Result<Self> {
        let mut state = State::new(world.clone(), &options);
        for mut media in media::in_the_library(world) {
            state.last_media += 1;
            media.id = state.last_media;
            media.rating_key = options.rating_keys.as_ref().and_then(|keys| keys(media.is_movie, media.tmdb));
            state.media.insert(media.id, media);
        }
        let seerr = Arc::new(Inner {
            options,
            state: Mutex::new(state),
            sending: Mutex::default(),
            faults: Faults::default(),
            hits: Hits::default(),
        });
        let answering = seerr.clone();
        let handler: server::Handler = Arc::new(move |request| {
            let seerr = answering.clone();
            Box::pin(async move { seerr.answer(request).await })
        });
        let handler = seerr.faults.guard(seerr.hits.counted(handler));
        let server = Server::start(SocketAddr::from(([127, 0, 0, 1], 0)), handler).await?;
        let mut moving = JoinSet::new();
        moving.spawn(move_for_ever(seerr.clone()));
        Ok(Self { addr: server.addr, seerr, _server: server, _moving: moving })
    }
}

/// How often downloads are looked after.
const TICK: Duration = Duration::from_millis(250);

async fn move_for_ever(seerr: Arc<Inner>) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        seerr.finish_downloads();
        // Sent webhooks leave the set.
        let mut sending = lock(&seerr.sending);
        while sending.try_join_next().is_some() {}
    }
}

impl State {
    fn new(world: World, options: &Options) -> Self {
        let mut users = BTreeMap::new();
        let members =
            [world.owner()].into_iter().chain(options.users.iter().filter_map(|slug| world.member(slug)));
        for (id, member) in (1..).zip(members) {
            let permissions = if id == 1 { people::ADMIN } else { people::REQUEST };
            users.insert(id, User::of(member, id, permissions));
        }
        Self {
            family: options.family,
            users,
            media: BTreeMap::new(),
            requests: BTreeMap::new(),
            issues: BTreeMap::new(),
            blocklist: BTreeSet::new(),
            sessions: BTreeMap::new(),
            api_key: API_KEY.to_owned(),
            agent: Agent::new(options.family),
            arr: options.arr,
            tmdb_down: false,
            crashed: false,
            delivered: Arc::default(),
            last_media: 0,
            last_request: 0,
            last_issue: 0,
            world,
        }
    }
}

impl Inner {
    async fn answer(&self, request: Request) -> Response {
        let parts = request.segments();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        if let ["_fake", rest @ ..] = parts.as_slice() {
            return self.command(rest, &request);
        }
        if lock(&self.state).crashed {
            return server::reset();
        }
        match parts.as_slice() {
            ["api", "v1", rest @ ..] => match self.api(rest, &request).await {
                Ok(answer) => answer,
                Err(_) if lock(&self.state).crashed => server::reset(),
                Err(refusal) => server::json_as(refusal.status, &refusal.body),
            },
            ["imageproxy", rest @ ..] => self.image(rest),
            ["avatarproxy", ..] => server::redirect("/favicon.ico"),
            _ => server::html("<!DOCTYPE html><html><head><title>Seerr</title></head><body></body></html>"),
        }
    }

    async fn api(&self, parts: &[&str], request: &Request) -> Outcome {
        if let Some(open) = self.public(parts, request) {
            return open;
        }
        let actor = self.actor(request)?;
        checks::query(&request.method, parts, &request.raw_query, self.options.family)?;
        match parts {
            ["request", ..] => self.requests(parts, request, &actor),
            ["search"] | ["discover", ..] | ["movie", ..] | ["tv", ..] | ["person", ..] | ["genres", ..] => {
                self.titles(parts, request)
            }
            ["media", ..] | ["blocklist" | "blacklist", ..] => self.media_routes(parts, request, &actor),
            ["user", ..] | ["auth", ..] => self.users(parts, request, &actor),
            ["issue", ..] => self.issues(parts, request, &actor),
            ["settings", ..] | ["service", ..] => self.settings(parts, request, &actor).await,
            _ => Err(checks::no_route(&request.path)),
        }
    }

    /// Routes that need no key.
    fn public(&self, parts: &[&str], request: &Request) -> Option<Outcome> {
        let answer = match (&request.method, parts) {
            (&Method::GET, []) => json!({ "api": "Seerr API", "version": "1.0" }),
            (&Method::GET, ["status"]) => {
                let version = match self.options.family {
                    Family::Seerr if self.options.takes_raw_payload => "3.3.0",
                    Family::Seerr => "3.1.0",
                    Family::Overseerr => "1.34.0",
                };
                json!({
                    "version": version, "commitTag": "local", "updateAvailable": false, "commitsBehind": 0,
                    "restartRequired": false,
                })
            }
            (&Method::GET, ["status", "appdata"]) => {
                json!({ "appData": true, "appDataPath": "/app/config", "appDataPermissions": true })
            }
            (&Method::GET, ["settings", "public"]) => self.public_settings(),
            (&Method::POST, ["auth", "plex"]) => return Some(self.sign_in(request)),
            _ => return None,
        };
        Some(Ok(server::json(&answer)))
    }

    /// Whose rights count: the session's, or with the key those of X-API-User, or the owner's.
    fn actor(&self, request: &Request) -> Result<User, Refusal> {
        let mut state = lock(&self.state);
        let key = request.header("x-api-key");
        if key.is_empty() {
            let cookies = request.header(header::COOKIE);
            let session = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("connect.sid="));
            let user =
                session.and_then(|session| state.sessions.get(session)).and_then(|id| state.users.get(id));
            return user.cloned().ok_or_else(|| checks::no_cookie(&request.path));
        }
        if key != state.api_key {
            return Err(Refusal::forbidden());
        }
        match request.header("x-api-user") {
            "" => state.users.get(&1).cloned().ok_or_else(Refusal::forbidden),
            text => match text.parse::<i64>() {
                Ok(id) => state.users.get(&id).cloned().ok_or_else(Refusal::forbidden),
                Err(_) => {
                    state.crashed = true;
                    Err(Refusal::internal("no such column: NaN"))
                }
            },
        }
    }

    /// The proxy for images needs no key. Overseerr has no segment for the source.
    fn image(&self, parts: &[&str]) -> Response {
        let found = match (self.options.family, parts) {
            (Family::Seerr, ["tmdb", "t", "p", size, file]) | (Family::Overseerr, ["t", "p", size, file]) => {
                crate::catalogue::image(&lock(&self.state).world, size, file)
            }
            _ => None,
        };
        match found {
            None => server::text(StatusCode::NOT_FOUND, "Not Found"),
            Some(bytes) => {
                let mut image = server::reply(StatusCode::OK, "image/jpeg", bytes);
                let headers = image.headers_mut();
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000"));
                headers.insert("os-cache-status", HeaderValue::from_static("HIT"));
                image
            }
        }
    }

    fn change_user(&self, id: i64, change: impl FnOnce(&mut User)) {
        if let Some(user) = lock(&self.state).users.get_mut(&id) {
            change(user);
        }
    }
}

fn created(value: &Value) -> Outcome {
    Ok(server::json_as(StatusCode::CREATED, value))
}

fn ok(value: &Value) -> Outcome {
    Ok(server::json(value))
}

fn no_content() -> Outcome {
    let mut response = server::text(StatusCode::NO_CONTENT, "");
    response.headers_mut().remove(header::CONTENT_TYPE);
    Ok(response)
}

fn id(text: &str, what: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| Refusal::not_found(what))
}

/// The timestamps of rows have seconds only.
fn now() -> Timestamp {
    Timestamp::from_millis(Timestamp::now().as_millis() / 1000 * 1000)
}

//! Asking for titles, and what becomes of it.

use domain::Timestamp;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::hooks::Event;
use super::media::{Media, Tiers};
use super::people::{
    AUTO_APPROVE, AUTO_APPROVE_4K, AUTO_APPROVE_4K_MOVIE, AUTO_APPROVE_4K_TV, AUTO_APPROVE_MOVIE,
    AUTO_APPROVE_TV, MANAGE_REQUESTS, MANAGE_USERS, REQUEST, REQUEST_4K, REQUEST_4K_MOVIE, REQUEST_4K_TV,
    REQUEST_MOVIE, REQUEST_TV, REQUEST_VIEW, User,
};
use super::{Inner, Outcome, Refusal, State, checks, created, id, no_content, now, ok, status};
use crate::lock;
use crate::server::{self, Request};

pub(super) const PENDING: i64 = 1;
pub(super) const APPROVED: i64 = 2;
pub(super) const DECLINED: i64 = 3;
pub(super) const FAILED: i64 = 4;
pub(super) const COMPLETED: i64 = 5;

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub id: i64,
    pub status: i64,
    pub is_movie: bool,
    pub is_4k: bool,
    pub media: i64,
    pub seasons: Vec<i64>,
    pub by: i64,
    pub modified_by: Option<i64>,
    pub since: Timestamp,
}

impl Inner {
    pub(super) fn requests(&self, parts: &[&str], request: &Request, actor: &User) -> Outcome {
        let what = "Request";
        match (&request.method, parts) {
            (&Method::GET, ["request"]) => ok(&lock(&self.state).list(request, actor)?),
            (&Method::POST, ["request"]) => self.create(request, actor),
            (&Method::GET, ["request", "count"]) => ok(&lock(&self.state).count()),
            (&Method::GET, ["request", text]) => {
                let state = lock(&self.state);
                let asked = state.requests.get(&id(text, what)?).ok_or_else(|| Refusal::not_found(what))?;
                if asked.by != actor.id && !actor.may(&[MANAGE_REQUESTS, REQUEST_VIEW]) {
                    let words = "You do not have permission to view this request.";
                    return Err(Refusal::new(StatusCode::FORBIDDEN, words));
                }
                ok(&state.whole(asked, actor))
            }
            (&Method::PUT, ["request", text]) => self.edit(id(text, what)?, request, actor),
            (&Method::DELETE, ["request", text]) => self.delete(id(text, what)?, actor),
            (&Method::POST, ["request", text, verb]) => {
                let verbs = ["approve", "decline", "pending", "retry"];
                if !verbs.contains(verb) {
                    let words = "should be equal to one of the allowed values: approve, decline";
                    return Err(checks::invalid("params", "status", words, "enum"));
                }
                if !actor.may(&[MANAGE_REQUESTS]) {
                    return Err(Refusal::forbidden());
                }
                self.decide(id(text, what)?, verb, actor)
            }
            _ => Err(checks::no_route(&request.path)),
        }
    }

    fn create(&self, request: &Request, actor: &User) -> Outcome {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        checks::request_body(&body)?;
        let mut state = lock(&self.state);
        let made = state.ask(&body, actor)?;
        let Some(made) = made else {
            let nothing = json!({ "message": "No seasons available to request" });
            return Ok(server::json_as(StatusCode::ACCEPTED, &nothing));
        };
        let answer = state.fresh(made, actor);
        let is_approved = state.requests.get(&made).is_some_and(|asked| asked.status == APPROVED);
        self.notify(&mut state, made, if is_approved { Event::AutoApproved } else { Event::Pending });
        state.settle(made);
        if is_approved {
            self.hand_over(&mut state, made);
        }
        created(&answer)
    }

    fn edit(&self, id: i64, request: &Request, actor: &User) -> Outcome {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let mut state = lock(&self.state);
        let asked = state.requests.get_mut(&id).ok_or_else(|| Refusal::not_found("Request"))?;
        let may = actor.may(&[MANAGE_REQUESTS]) || (asked.by == actor.id && asked.status == PENDING);
        if !may {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "You do not have permission to modify this request.",
            ));
        }
        if let Some(seasons) = body["seasons"].as_array() {
            asked.seasons = seasons.iter().filter_map(Value::as_i64).collect();
        }
        asked.modified_by = Some(actor.id);
        let asked = asked.clone();
        ok(&state.whole(&asked, actor))
    }

    fn delete(&self, id: i64, actor: &User) -> Outcome {
        let mut state = lock(&self.state);
        let asked = state.requests.get(&id).ok_or_else(|| Refusal::not_found("Request"))?;
        // Anybody may take back what is pending, whosever it is.
        if !actor.may(&[MANAGE_REQUESTS]) && asked.by != actor.id && asked.status != PENDING {
            let words = "You do not have permission to delete this request.";
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, words));
        }
        let asked = state.requests.remove(&id).ok_or_else(|| Refusal::not_found("Request"))?;
        let is_last =
            !state.requests.values().any(|other| other.media == asked.media && other.is_4k == asked.is_4k);
        if let Some(media) = state.media.get_mut(&asked.media) {
            media.downloads.retain(|download| download.request != id);
            if is_last && !matches!(media.tiers.of(asked.is_4k), status::AVAILABLE | status::PARTIALLY) {
                media.tiers.set(asked.is_4k, status::UNKNOWN);
            }
            for season in &asked.seasons {
                if let Some(tiers) = media.seasons.get_mut(season)
                    && matches!(tiers.of(asked.is_4k), status::PENDING | status::PROCESSING)
                {
                    tiers.set(asked.is_4k, status::UNKNOWN);
                }
            }
        }
        no_content()
    }

    fn decide(&self, id: i64, verb: &str, actor: &User) -> Outcome {
        let mut state = lock(&self.state);
        let asked = state.requests.get_mut(&id).ok_or_else(|| Refusal::not_found("Request"))?;
        let before = asked.status;
        asked.modified_by = Some(actor.id);
        asked.status = match verb {
            "approve" | "retry" => APPROVED,
            "decline" => DECLINED,
            _ => PENDING,
        };
        let asked = asked.clone();
        // The answer still has the title's state of before.
        let answer = state.whole(&asked, actor);
        let was_there = state
            .media
            .get(&asked.media)
            .is_some_and(|media| media.tiers.of(asked.is_4k) == status::AVAILABLE);
        if before != asked.status && !was_there && verb != "retry" {
            match verb {
                "approve" => self.notify(&mut state, id, Event::Approved),
                "decline" => self.notify(&mut state, id, Event::Declined),
                _ => {}
            }
        }
        state.settle(id);
        if asked.status == APPROVED && before != APPROVED {
            self.hand_over(&mut state, id);
        }
        ok(&answer)
    }
}

impl State {
    /// Makes the request, or `None` where there is nothing left to ask for.
    pub fn ask(&mut self, body: &Value, actor: &User) -> Result<Option<i64>, Refusal> {
        let is_movie = body["mediaType"] == "movie";
        // Missing is not the same as false: nothing compares equal to it.
        let is_4k = body.get("is4k").and_then(Value::as_bool);
        let tmdb = body["mediaId"].as_i64().unwrap_or_default();
        let by = self.requester(body, actor)?;
        may_ask(actor, is_movie, is_4k == Some(true))?;
        let (movies, seasons) = self.used(&by);
        let is_over = |limit: Option<i64>, used: i64| limit.is_some_and(|most| most > 0 && used >= most);
        let forbidden = |words: &str| Err(Refusal::new(StatusCode::FORBIDDEN, words));
        if is_movie && is_over(by.movies.limit, movies) {
            return forbidden("Movie Quota exceeded.");
        }
        if !is_movie && is_over(by.seasons.limit, seasons) {
            return forbidden("Series Quota exceeded.");
        }
        let tvdb = self.must_exist(is_movie, tmdb)?;
        if self.blocklist.contains(&(is_movie, tmdb)) {
            return forbidden("This media is blocklisted.");
        }
        let media = self.media_of(is_movie, tmdb).cloned();
        let already: Vec<&Asked> = self
            .requests
            .values()
            .filter(|asked| media.as_ref().is_some_and(|media| media.id == asked.media))
            .filter(|asked| Some(asked.is_4k) == is_4k && !matches!(asked.status, DECLINED | COMPLETED))
            .collect();
        let wanted = if is_movie {
            if !already.is_empty() {
                return Err(Refusal::new(StatusCode::CONFLICT, "Request for this media already exists."));
            }
            Vec::new()
        } else {
            let wanted = self.wanted_seasons(body, tmdb)?;
            let open = |season: &i64| {
                let asked = already.iter().any(|asked| asked.seasons.contains(season));
                let state = media.as_ref().and_then(|media| media.seasons.get(season));
                let known = state.is_some_and(|tiers| tiers.of(is_4k == Some(true)) != status::UNKNOWN);
                !asked && !known
            };
            let open: Vec<i64> = wanted.into_iter().filter(open).collect();
            if open.is_empty() {
                return Ok(None);
            }
            if by.seasons.limit.is_some_and(|most| most > 0 && seasons + open.len() as i64 > most) {
                return forbidden("Series Quota exceeded.");
            }
            open
        };
        let is_4k = is_4k == Some(true);
        let media = match media {
            Some(media) => media.id,
            None => {
                self.last_media += 1;
                let media = Media::new(self.last_media, is_movie, tmdb, tvdb);
                self.media.insert(media.id, media);
                self.last_media
            }
        };
        if let Some(known) = self.media.get_mut(&media)
            && known.tiers.of(is_4k) == status::UNKNOWN
        {
            known.tiers.set(is_4k, status::PENDING);
        }
        self.last_request += 1;
        let id = self.last_request;
        let approved = approves_itself(actor, is_movie, is_4k);
        let asked = Asked {
            id,
            status: if approved { APPROVED } else { PENDING },
            is_movie,
            is_4k,
            media,
            seasons: wanted,
            by: by.id,
            modified_by: approved.then_some(actor.id),
            since: now(),
        };
        self.requests.insert(id, asked);
        Ok(Some(id))
    }

    /// For whom it is: oneself, or with rights somebody else.
    fn requester(&self, body: &Value, actor: &User) -> Result<User, Refusal> {
        match body["userId"].as_i64() {
            Some(id) if id != actor.id => {
                if !actor.may(&[MANAGE_USERS]) || !actor.may(&[MANAGE_REQUESTS]) {
                    let words = "You do not have permission to modify the request user.";
                    return Err(Refusal::new(StatusCode::FORBIDDEN, words));
                }
                self.users.get(&id).cloned().ok_or_else(|| Refusal::internal("User not found."))
            }
            _ => Ok(actor.clone()),
        }
    }

    /// Its number at TVDB, if it is a show.
    fn must_exist(&self, is_movie: bool, tmdb: i64) -> Result<Option<i64>, Refusal> {
        let what = if is_movie { "movie" } else { "TV show" };
        if self.tmdb_down {
            let why = "connect ECONNREFUSED 127.0.0.1:443";
            return Err(Refusal::internal(&format!("[TMDB] Failed to fetch {what} details: {why}")));
        }
        let missing = || {
            let why = "Request failed with status code 404";
            Refusal::internal(&format!("[TMDB] Failed to fetch {what} details: {why}"))
        };
        if is_movie {
            self.world.movie(tmdb).map(|_| None).ok_or_else(missing)
        } else {
            self.world.show(tmdb).map(|show| Some(show.tvdb())).ok_or_else(missing)
        }
    }

    fn wanted_seasons(&self, body: &Value, tmdb: i64) -> Result<Vec<i64>, Refusal> {
        if body["seasons"] == "all" {
            let show = self.world.show(tmdb);
            let all = show.map(|show| show.seasons.iter().map(|season| season.number).collect());
            return Ok(all.unwrap_or_default());
        }
        let Some(seasons) = body["seasons"].as_array() else {
            return Err(Refusal::internal("Cannot read properties of undefined (reading 'filter')"));
        };
        Ok(seasons.iter().filter_map(Value::as_i64).collect())
    }

    /// Brings the title's state in line with the request.
    pub fn settle(&mut self, id: i64) {
        let Some(asked) = self.requests.get(&id).cloned() else { return };
        let others = self.requests.values().any(|other| {
            other.id != id
                && other.media == asked.media
                && other.is_4k == asked.is_4k
                && other.status == PENDING
        });
        let Some(media) = self.media.get_mut(&asked.media) else { return };
        let now = media.tiers.of(asked.is_4k);
        let next = match asked.status {
            PENDING if now == status::UNKNOWN => status::PENDING,
            APPROVED if !matches!(now, status::AVAILABLE | status::PARTIALLY) => status::PROCESSING,
            // A film is declined for everybody, even one that is there.
            DECLINED if asked.is_movie => status::UNKNOWN,
            DECLINED if now == status::PENDING && !others => status::UNKNOWN,
            _ => now,
        };
        media.tiers.set(asked.is_4k, next);
        let of_a_season = match asked.status {
            APPROVED => Some(status::PROCESSING),
            _ => None,
        };
        for season in &asked.seasons {
            let tiers = media.seasons.entry(*season).or_insert_with(Tiers::default);
            if let Some(status) = of_a_season
                && !matches!(tiers.of(asked.is_4k), status::AVAILABLE | status::PARTIALLY)
            {
                tiers.set(asked.is_4k, status);
            }
        }
    }
}

fn may_ask(actor: &User, is_movie: bool, is_4k: bool) -> Result<(), Refusal> {
    let (rights, what): (&[u64], _) = match (is_movie, is_4k) {
        (true, true) => (&[REQUEST_4K, REQUEST_4K_MOVIE], "4K movie"),
        (false, true) => (&[REQUEST_4K, REQUEST_4K_TV], "4K series"),
        (true, false) => (&[REQUEST, REQUEST_MOVIE], "movie"),
        (false, false) => (&[REQUEST, REQUEST_TV], "series"),
    };
    if actor.may(rights) {
        return Ok(());
    }
    let words = format!("You do not have permission to make {what} requests.");
    Err(Refusal::new(StatusCode::FORBIDDEN, &words))
}

fn approves_itself(actor: &User, is_movie: bool, is_4k: bool) -> bool {
    let right = match (is_movie, is_4k) {
        (true, true) => [AUTO_APPROVE_4K, AUTO_APPROVE_4K_MOVIE],
        (false, true) => [AUTO_APPROVE_4K, AUTO_APPROVE_4K_TV],
        (true, false) => [AUTO_APPROVE, AUTO_APPROVE_MOVIE],
        (false, false) => [AUTO_APPROVE, AUTO_APPROVE_TV],
    };
    actor.may(&right) || actor.may(&[MANAGE_REQUESTS])
}

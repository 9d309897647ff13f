//! What happens behind Seerr's back: Radarr and Sonarr, the scan of the Plex library, and what
//! somebody commands under `/_fake/`.
//!
//! | command | what happens |
//! |---|---|
//! | `POST requests/ID/progress` `{"done": 0.4}` | its download is so far and stays there |
//! | `POST requests/ID/arrive` | it is in Plex; its request is completed and told |
//! | `POST requests/ID/fail` | Radarr or Sonarr refuses it |
//! | `POST arr` `{"mode": "command"}`, `"unreachable"`, `{"mode": "downloads", "ms": 60000}` | what becomes of approved requests |
//! | `POST tmdb` `{"down": true}` | TMDB cannot be reached |
//! | `POST users/ID` `{"permissions": 32, "movies": {"limit": 1, "days": 7}, "seasons": {...}}` | |
//! | `POST restart` | after an X-API-User has ended the process |
//! | `GET state` | |

use std::time::Duration;

use domain::Timestamp;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::hooks::Event;
use super::media::{Download, Progress};
use super::people::Limit;
use super::requests::{APPROVED, COMPLETED, DECLINED, FAILED, PENDING};
use super::{Arr, Family, Inner, State, status};
use crate::lock;
use crate::server::{self, Request, Response};
use crate::world::scramble;

/// The simulated Radarr may stay at this until somebody moves it.
const HARDLY: f64 = 0.02;

impl Inner {
    pub(super) fn command(&self, parts: &[&str], request: &Request) -> Response {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let number = |text: &str| text.parse::<i64>().unwrap_or_default();
        match (&request.method, parts) {
            (&Method::POST, ["requests", id, "progress"]) => {
                self.set_progress(number(id), body["done"].as_f64().unwrap_or_default());
            }
            (&Method::POST, ["requests", id, "arrive"]) => self.arrive(number(id)),
            (&Method::POST, ["requests", id, "fail"]) => self.fail(number(id)),
            (&Method::POST, ["arr"]) => {
                let takes = Duration::from_millis(body["ms"].as_u64().unwrap_or(60_000));
                lock(&self.state).arr = match body["mode"].as_str() {
                    Some("unreachable") => Arr::Unreachable,
                    Some("downloads") => Arr::Downloads(takes),
                    _ => Arr::OnCommand,
                };
            }
            (&Method::POST, ["tmdb"]) => lock(&self.state).tmdb_down = body["down"] == true,
            (&Method::POST, ["users", id]) => {
                let limit =
                    |of: &str| Limit { limit: body[of]["limit"].as_i64(), days: body[of]["days"].as_i64() };
                self.change_user(number(id), |user| {
                    user.permissions = body["permissions"].as_u64().unwrap_or(user.permissions);
                    (user.movies, user.seasons) = (limit("movies"), limit("seasons"));
                });
            }
            (&Method::POST, ["restart"]) => lock(&self.state).crashed = false,
            (&Method::GET, ["state"]) => return server::json(&lock(&self.state).summary()),
            _ => return server::text(StatusCode::NOT_FOUND, "no such command\n"),
        }
        server::text(StatusCode::NO_CONTENT, "")
    }

    /// An approved request goes to Radarr or Sonarr.
    pub(super) fn hand_over(&self, state: &mut State, id: i64) {
        match state.arr {
            Arr::OnCommand => {}
            Arr::Unreachable => self.refuse(state, id),
            Arr::Downloads(takes) => state.download(id, Progress::Timed { since: Timestamp::now(), takes }),
        }
    }

    /// Radarr does not take it. The title stays as it was.
    fn refuse(&self, state: &mut State, id: i64) {
        let Some(asked) = state.requests.get_mut(&id) else { return };
        asked.status = FAILED;
        let (media, is_4k) = (asked.media, asked.is_4k);
        if let Some(media) = state.media.get_mut(&media) {
            media.downloads.retain(|download| download.request != id);
            if media.tiers.of(is_4k) == status::PROCESSING {
                media.tiers.set(is_4k, status::UNKNOWN);
            }
        }
        self.notify(state, id, Event::Failed);
    }

    pub(super) fn fail(&self, id: i64) {
        self.refuse(&mut lock(&self.state), id);
    }

    pub(super) fn set_progress(&self, id: i64, done: f64) {
        lock(&self.state).download(id, Progress::Fixed(done));
    }

    /// Downloads that are whole are found in Plex.
    pub(super) fn finish_downloads(&self) {
        let whole: Vec<i64> = {
            let state = lock(&self.state);
            let downloads = state.media.values().flat_map(|media| &media.downloads);
            downloads
                .filter(|download| matches!(download.progress, Progress::Timed { .. }))
                .filter(|download| download.progress.done() >= 1.0)
                .map(|download| download.request)
                .collect()
        };
        for id in whole {
            self.arrive(id);
        }
    }

    pub(super) fn arrive(&self, id: i64) {
        let told = {
            let mut state = lock(&self.state);
            let Some(asked) = state.requests.get(&id).cloned() else { return };
            let Some(media) = state.media.get_mut(&asked.media) else { return };
            for season in &asked.seasons {
                media.seasons.entry(*season).or_default().set(asked.is_4k, status::AVAILABLE);
            }
            let (is_movie, tmdb) = (media.is_movie, media.tmdb);
            let all: Vec<i64> = match state.world.show(tmdb) {
                Some(show) if !is_movie => show.seasons.iter().map(|season| season.number).collect(),
                _ => Vec::new(),
            };
            let Some(media) = state.media.get_mut(&asked.media) else { return };
            let is_there = |season: &i64| {
                media.seasons.get(season).is_some_and(|tiers| tiers.of(asked.is_4k) == status::AVAILABLE)
            };
            let whole = all.iter().all(is_there);
            media.tiers.set(asked.is_4k, if whole { status::AVAILABLE } else { status::PARTIALLY });
            media.downloads.retain(|download| download.request != id);
            self.complete(&mut state, asked.media, asked.is_4k);
            (is_movie, tmdb, asked.seasons)
        };
        if let Some(on_arrival) = &self.options.on_arrival {
            on_arrival(told.0, told.1, &told.2);
        }
        let key = self.options.rating_keys.as_ref().and_then(|keys| keys(told.0, told.1));
        let mut state = lock(&self.state);
        let media = state.media.values_mut().find(|media| media.is_movie == told.0 && media.tmdb == told.1);
        if let Some(media) = media {
            media.rating_key = key.or(media.rating_key.take());
        }
    }

    /// Ends the requests whose title, or whose seasons, are there. Overseerr leaves them approved.
    pub(super) fn complete(&self, state: &mut State, media: i64, is_4k: bool) {
        let Some(known) = state.media.get(&media).cloned() else { return };
        let there: Vec<i64> = state
            .requests
            .values()
            .filter(|asked| asked.media == media && asked.is_4k == is_4k && asked.status == APPROVED)
            .filter(|asked| {
                let has = |season: &i64| {
                    known.seasons.get(season).is_some_and(|tiers| tiers.of(is_4k) == status::AVAILABLE)
                };
                if asked.is_movie {
                    known.tiers.of(is_4k) == status::AVAILABLE
                } else {
                    asked.seasons.iter().all(has)
                }
            })
            .map(|asked| asked.id)
            .collect();
        for id in there {
            self.notify(state, id, Event::Available);
            if let Some(asked) = state.requests.get_mut(&id)
                && state.family == Family::Seerr
            {
                asked.status = COMPLETED;
            }
        }
    }

    /// Requests in every stage, by everybody who has an account.
    pub(super) fn fill(&self) {
        let mut state = lock(&self.state);
        let wanted: Vec<i64> = {
            let missing = state.world.movies.iter().filter(|movie| !movie.library.is_here());
            missing.map(|movie| movie.tmdb).collect()
        };
        let shows: Vec<i64> = state.world.shows.iter().map(|show| show.tmdb).collect();
        let askers: Vec<i64> = state.users.keys().copied().collect();
        let mut nth = 0;
        let mut ask = |state: &mut State, body: Value| {
            let asker = askers[(nth + 1) % askers.len()];
            nth += 1;
            let mut user = state.users.get(&asker).cloned()?;
            // Asked by hand and approved by hand, whoever it was.
            user.permissions = super::people::REQUEST;
            state.ask(&body, &user).ok().flatten()
        };
        let movie = |nth: usize| json!({ "mediaType": "movie", "mediaId": wanted.get(nth), "is4k": false });
        let stages = [PENDING, PENDING, APPROVED, APPROVED, DECLINED, FAILED];
        for (nth, stage) in stages.into_iter().enumerate() {
            let Some(id) = ask(&mut state, movie(nth)) else { continue };
            if let Some(asked) = state.requests.get_mut(&id) {
                asked.status = stage;
                asked.modified_by = (stage != PENDING).then_some(1);
                let age = Duration::from_secs(3600 * (3 + 9 * u64::from(nth as u32)));
                asked.since = asked.since - age;
            }
            state.settle(id);
            match nth {
                2 => state.download(
                    id,
                    Progress::Timed { since: Timestamp::now(), takes: Duration::from_secs(240) },
                ),
                3 => state.download(id, Progress::Fixed(HARDLY)),
                _ => {}
            }
        }
        // The season that the household does not have yet.
        for tmdb in shows {
            if let Some(id) = ask(
                &mut state,
                json!({ "mediaType": "tv", "mediaId": tmdb, "seasons": "all", "is4k": false }),
            ) {
                state.settle(id);
                break;
            }
        }
    }
}

impl State {
    /// Its download is so far; there is one when there was none.
    fn download(&mut self, id: i64, progress: Progress) {
        let Some(asked) = self.requests.get(&id).cloned() else { return };
        let Some(media) = self.media.get(&asked.media) else { return };
        let title = if media.is_movie {
            self.world
                .movie(media.tmdb)
                .map(|movie| format!("{}.{}.1080p.WEB-DL", movie.title.replace(' ', "."), movie.year))
        } else {
            let season = asked.seasons.first().copied().unwrap_or(1);
            self.world
                .show(media.tmdb)
                .map(|show| format!("{}.S{season:02}.1080p.WEB-DL", show.title.replace(' ', ".")))
        };
        let size = 2_000_000_000 + scramble(media.tmdb.unsigned_abs()) % 6_000_000_000;
        let title = title.unwrap_or_default();
        let Some(media) = self.media.get_mut(&asked.media) else { return };
        media.downloads.retain(|download| download.request != id);
        media.downloads.push(Download { request: id, is_4k: asked.is_4k, title, size, progress });
    }

    fn summary(&self) -> Value {
        let requests: Vec<Value> = self
            .requests
            .values()
            .map(|asked| {
                let media = self.media.get(&asked.media);
                json!({
                    "id": asked.id, "status": asked.status, "by": asked.by, "seasons": asked.seasons,
                    "tmdb": media.map(|media| media.tmdb),
                    "media_status": media.map(|media| media.tiers.of(asked.is_4k)),
                })
            })
            .collect();
        json!({ "requests": requests, "tmdb_down": self.tmdb_down, "crashed": self.crashed })
    }
}

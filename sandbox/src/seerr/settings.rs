//! Settings, the webhook among them, and the routes of what Seerr keeps of titles.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::hooks::Agent;
use super::listing::{cut, page_info};
use super::people::{MANAGE_REQUESTS, User};
use super::{Family, Inner, Outcome, Refusal, State, checks, created, id, no_content, ok, status};
use crate::lock;
use crate::server::{self, Request};
use crate::world::scramble;

impl Inner {
    pub(super) fn public_settings(&self) -> Value {
        let common = json!({
            "initialized": true, "applicationUrl": "", "hideAvailable": false, "localLogin": true,
            "movie4kEnabled": self.options.movie_4k, "series4kEnabled": self.options.series_4k,
            "originalLanguage": "", "partialRequestsEnabled": true, "cacheImages": false, "vapidPublic": "",
            "enablePushRegistration": false, "locale": "en", "emailEnabled": false, "newPlexLogin": true,
        });
        let own = match self.options.family {
            Family::Overseerr => json!({ "applicationTitle": "Overseerr", "region": "" }),
            Family::Seerr => json!({
                "applicationTitle": "Seerr", "hideBlocklisted": false, "mediaServerLogin": true,
                "jellyfinExternalHost": "", "jellyfinForgotPasswordUrl": "", "discoverRegion": "",
                "streamingRegion": "", "mediaServerType": 1, "enableSpecialEpisodes": false,
                "userEmailRequired": false, "youtubeUrl": "",
            }),
        };
        joined(common, own)
    }

    pub(super) async fn settings(&self, parts: &[&str], request: &Request, actor: &User) -> Outcome {
        if !actor.may(&[]) && parts != ["service", "radarr"] && parts != ["service", "sonarr"] {
            return Err(Refusal::forbidden());
        }
        match (&request.method, parts) {
            (&Method::GET, ["service", "radarr"]) => ok(&json!([{
                "id": 0, "name": "Radarr", "is4k": false, "isDefault": true, "activeDirectory": "/movies",
                "activeProfileId": 1, "activeTags": [],
            }])),
            (&Method::GET, ["service", "sonarr"]) => ok(&json!([{
                "id": 0, "name": "Sonarr", "is4k": false, "isDefault": true, "activeDirectory": "/tv",
                "activeProfileId": 1, "activeLanguageProfileId": 1, "activeTags": [],
            }])),
            (&Method::GET, ["settings", "main"]) => {
                let mut main = self.public_settings();
                main["apiKey"] = json!(lock(&self.state).api_key);
                main["defaultPermissions"] = json!(32);
                main["defaultQuotas"] = json!({ "movie": {}, "tv": {} });
                ok(&main)
            }
            (&Method::POST, ["settings", "main", "regenerate"]) => {
                let mut state = lock(&self.state);
                let key = format!("{:x}{:x}", scramble(state.api_key.len() as u64), scramble(7));
                state.api_key = STANDARD.encode(key);
                ok(&json!({ "apiKey": state.api_key }))
            }
            (&Method::GET, ["settings", "about"]) => {
                let state = lock(&self.state);
                ok(&json!({
                    "version": "3.1.0", "totalMediaItems": state.media.len(),
                    "totalRequests": state.requests.len(), "tz": "UTC", "appDataPath": "/app/config",
                }))
            }
            (&Method::GET, ["settings", "plex", "users"]) => ok(&lock(&self.state).importable_users()),
            (&Method::GET, ["settings", "jobs"]) => ok(&jobs()),
            (&Method::POST, ["settings", "jobs", job, "run"]) => {
                let all = jobs();
                let found = all.as_array().and_then(|jobs| jobs.iter().find(|known| known["id"] == *job));
                found.map_or_else(|| Err(Refusal::not_found("Job")), ok)
            }
            (&Method::GET, ["settings", "notifications", "webhook"]) => {
                let state = lock(&self.state);
                // Decoded here, although it has to be posted encoded.
                let payload = serde_json::from_str(&state.agent.payload).unwrap_or_default();
                ok(&described(&state.agent, payload))
            }
            (&Method::POST, ["settings", "notifications", "webhook"]) => {
                let mut state = lock(&self.state);
                state.agent = agent(request, self.options.family)?;
                ok(&described(&state.agent, json!(STANDARD.encode(&state.agent.payload))))
            }
            (&Method::POST, ["settings", "notifications", "webhook", "test"]) => {
                if self.test(agent(request, self.options.family)?).await {
                    return no_content();
                }
                Err(Refusal::internal("Failed to send webhook notification."))
            }
            _ => Err(checks::no_route(&request.path)),
        }
    }

    pub(super) fn media_routes(&self, parts: &[&str], request: &Request, actor: &User) -> Outcome {
        let what = "Media";
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if request.method != Method::GET && !actor.may(&[MANAGE_REQUESTS]) {
            return Err(Refusal::forbidden());
        }
        match (&request.method, parts) {
            (&Method::GET, ["media"]) => ok(&lock(&self.state).media_list(request)),
            (&Method::POST, ["media", text, word]) => {
                let number = match *word {
                    "available" => status::AVAILABLE,
                    "partial" => status::PARTIALLY,
                    "processing" => status::PROCESSING,
                    "pending" => status::PENDING,
                    "unknown" => status::UNKNOWN,
                    _ => {
                        let words = "should be equal to one of the allowed values: available, partial, \
                                     processing, pending, unknown, deleted";
                        return Err(checks::invalid("params", "status", words, "enum"));
                    }
                };
                self.set_media(id(text, what)?, number, &body)
            }
            (&Method::DELETE, ["media", text]) => {
                let mut state = lock(&self.state);
                let id = id(text, what)?;
                state.media.remove(&id).ok_or_else(|| Refusal::not_found(what))?;
                state.requests.retain(|_, asked| asked.media != id);
                no_content()
            }
            (&Method::POST, ["blocklist"]) => {
                let mut state = lock(&self.state);
                let is_movie = body["mediaType"] == "movie";
                state.blocklist.insert((is_movie, body["tmdbId"].as_i64().unwrap_or_default()));
                created(&Value::Null)
            }
            (&Method::GET, [path @ ("blocklist" | "blacklist")]) => {
                let state = lock(&self.state);
                let results: Vec<Value> = (1..)
                    .zip(&state.blocklist)
                    .map(|(id, (is_movie, tmdb))| {
                        json!({ "id": id, "mediaType": if *is_movie { "movie" } else { "tv" }, "tmdbId": tmdb })
                    })
                    .collect();
                let (take, skip) = cut(request);
                let info = page_info(results.len(), take, skip);
                let mut answer = server::json(&json!({ "pageInfo": info, "results": results }));
                if *path == "blacklist" {
                    let headers = answer.headers_mut();
                    headers.insert("deprecation", HeaderValue::from_static("true"));
                    headers.insert("sunset", HeaderValue::from_static("Mon, 01 Jun 2026 00:00:00 GMT"));
                    let link = "</api/v1/blocklist>; rel=\"successor-version\"";
                    headers.insert("link", HeaderValue::from_static(link));
                }
                Ok(answer)
            }
            _ => Err(checks::no_route(&request.path)),
        }
    }

    /// Available ends the requests for it, and is told.
    fn set_media(&self, id: i64, number: i64, body: &Value) -> Outcome {
        let is_4k = body["is4k"] == true;
        let mut state = lock(&self.state);
        let media = state.media.get_mut(&id).ok_or_else(|| Refusal::not_found("Media"))?;
        if let Some(seasons) = body["seasons"].as_array() {
            for season in seasons.iter().filter_map(|season| season["seasonNumber"].as_i64()) {
                media.seasons.entry(season).or_default().set(is_4k, number);
            }
        }
        media.tiers.set(is_4k, number);
        if number == status::AVAILABLE {
            self.complete(&mut state, id, is_4k);
        }
        let media = state.media.get(&id).ok_or_else(|| Refusal::not_found("Media"))?;
        let mut json = state.media_json(media);
        json["seasons"] = state.seasons_json(media);
        ok(&json)
    }
}

impl State {
    fn media_list(&self, request: &Request) -> Value {
        let filter = request.query.get("filter").map_or("all", String::as_str);
        let (take, skip) = cut(request);
        let fits = |number: i64| match filter {
            "available" => number == status::AVAILABLE,
            "partial" => number == status::PARTIALLY,
            "allavailable" => matches!(number, status::AVAILABLE | status::PARTIALLY),
            "processing" => number == status::PROCESSING,
            "pending" => number == status::PENDING,
            _ => true,
        };
        let mut found: Vec<_> = self.media.values().filter(|media| fits(media.tiers.usual)).collect();
        found.sort_by_key(|media| std::cmp::Reverse((media.since, media.id)));
        let results: Vec<Value> =
            found.iter().skip(skip).take(take).map(|media| self.media_json(media)).collect();
        json!({ "pageInfo": page_info(found.len(), take, skip), "results": results })
    }
}

fn agent(request: &Request, family: Family) -> Result<Agent, Refusal> {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let options = &body["options"];
    let text = |name: &str| options[name].as_str().map(str::to_owned);
    let (Some(enabled), Some(url), Some(payload)) =
        (body["enabled"].as_bool(), text("webhookUrl"), text("jsonPayload"))
    else {
        return Err(checks::invalid("body", "options", "should be object", "type"));
    };
    if family == Family::Overseerr && options.get("supportVariables").is_some() {
        let path = ".body.options.supportVariables";
        let message = "request.body.options should NOT have additional properties";
        let errors = json!([{ "path": path, "message": "should NOT have additional properties" }]);
        let body = json!({ "message": message, "errors": errors });
        return Err(Refusal { status: StatusCode::BAD_REQUEST, body });
    }
    Ok(Agent {
        enabled,
        types: body["types"].as_i64().unwrap_or_default(),
        url,
        authorization: text("authHeader"),
        payload,
        variables: (family == Family::Seerr).then(|| options["supportVariables"] == true),
    })
}

fn described(agent: &Agent, payload: Value) -> Value {
    let mut options = json!({ "webhookUrl": agent.url, "jsonPayload": payload });
    if let Some(authorization) = &agent.authorization {
        options["authHeader"] = json!(authorization);
    }
    if let Some(variables) = agent.variables {
        options["supportVariables"] = json!(variables);
    }
    json!({ "enabled": agent.enabled, "embedPoster": true, "types": agent.types, "options": options })
}

fn jobs() -> Value {
    let job = |id: &str, name: &str, interval: &str, schedule: &str| {
        json!({
            "id": id, "name": name, "type": "process", "interval": interval, "cronSchedule": schedule,
            "nextExecutionTime": "2026-11-22T15:35:00.000+00:00", "running": false,
        })
    };
    json!([
        job("plex-recently-added-scan", "Plex Recently Added Scan", "minutes", "0 */5 * * * *"),
        job("plex-full-scan", "Plex Full Library Scan", "hours", "0 0 3 * * *"),
        job("availability-sync", "Media Availability Sync", "hours", "0 0 5 * * *"),
        job("download-sync", "Download Sync", "seconds", "0 * * * * *"),
    ])
}

fn joined(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}

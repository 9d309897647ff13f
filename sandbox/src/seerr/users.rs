//! Accounts: the list, the import from Plex, rights and quotas, and signing in.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::listing::{cut, page_info};
use super::people::{Limit, MANAGE_REQUESTS, MANAGE_USERS, REQUEST, REQUEST_VIEW, User, importable};
use super::requests::Asked;
use super::{Inner, Outcome, Refusal, State, checks, created, id, ok};
use crate::lock;
use crate::server::{self, Request};
use crate::world::scramble;

impl Inner {
    pub(super) fn users(&self, parts: &[&str], request: &Request, actor: &User) -> Outcome {
        let what = "User";
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let mut state = lock(&self.state);
        match (&request.method, parts) {
            (&Method::GET, ["auth", "me"]) => ok(&state.user_json(actor, actor)),
            (&Method::GET, ["user"]) => ok(&state.user_list(request, actor)),
            (&Method::POST, ["user", "import-from-plex"]) => {
                if !actor.may(&[MANAGE_USERS]) {
                    return Err(Refusal::forbidden());
                }
                created(&state.import(&body)?)
            }
            (&Method::GET, ["user", text]) => ok(&state.user_json(state.account(text)?, actor)),
            (&Method::GET, ["user", text, "quota"]) => {
                let user = state.account(text)?;
                if user.id != actor.id && !actor.may(&[MANAGE_USERS, MANAGE_REQUESTS]) {
                    let words = "You do not have permission to view this user's request limits.";
                    return Err(Refusal::new(StatusCode::FORBIDDEN, words));
                }
                ok(&state.quota(user))
            }
            (&Method::GET, ["user", text, "requests"]) => {
                let user = state.account(text)?;
                if user.id != actor.id && !actor.may(&[MANAGE_REQUESTS, REQUEST_VIEW]) {
                    let words = "You do not have permission to view this user's requests.";
                    return Err(Refusal::new(StatusCode::FORBIDDEN, words));
                }
                let own: Vec<&Asked> =
                    state.requests.values().rev().filter(|asked| asked.by == user.id).collect();
                ok(&state.page(&own, request, actor))
            }
            (&Method::GET, ["user", text, "settings", "main"]) => {
                let user = state.account(text)?;
                ok(&json!({
                    "username": user.name, "email": user.email,
                    "movieQuotaLimit": user.movies.limit, "movieQuotaDays": user.movies.days,
                    "tvQuotaLimit": user.seasons.limit, "tvQuotaDays": user.seasons.days,
                }))
            }
            (&Method::GET, ["user", text, "settings", "permissions"]) => {
                ok(&json!({ "permissions": state.account(text)?.permissions }))
            }
            (&Method::POST, ["user", text, "settings", which @ ("main" | "permissions")]) => {
                if !actor.may(&[MANAGE_USERS]) {
                    return Err(Refusal::forbidden());
                }
                let id = id(text, what)?;
                let user = state.users.get_mut(&id).ok_or_else(|| Refusal::not_found(what))?;
                if *which == "permissions" {
                    user.permissions = body["permissions"].as_u64().unwrap_or(user.permissions);
                    return ok(&json!({ "permissions": user.permissions }));
                }
                let limit = |limit: &str, days: &str| Limit {
                    limit: body[limit].as_i64(),
                    days: body[days].as_i64(),
                };
                user.movies = limit("movieQuotaLimit", "movieQuotaDays");
                user.seasons = limit("tvQuotaLimit", "tvQuotaDays");
                ok(&json!({ "username": user.name, "email": user.email }))
            }
            _ => Err(checks::no_route(&request.path)),
        }
    }

    /// With a token of plex.tv; makes the account where there is none.
    pub(super) fn sign_in(&self, request: &Request) -> Outcome {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let token = body["authToken"].as_str().unwrap_or_default();
        let mut state = lock(&self.state);
        let world = state.world.clone();
        let member = world.members.iter().find(|member| member.account_token == token);
        let Some(member) = member.filter(|member| {
            member.is_owner() || importable(&world).any(|other| other.plex_id == member.plex_id)
        }) else {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "Access denied."));
        };
        let known = state.users.values().find(|user| user.plex_id == Some(member.plex_id)).cloned();
        let user = known.unwrap_or_else(|| state.add(User::of(member, 0, REQUEST)));
        let session = format!("s%3A{:016x}", scramble(NEXT.fetch_add(1, Ordering::Relaxed)));
        state.sessions.insert(session.clone(), user.id);
        let mut answer = server::json(&state.user_json(&user, &user));
        let cookie = format!("connect.sid={session}; Path=/; HttpOnly; SameSite=Lax");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            answer.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        Ok(answer)
    }
}

impl State {
    fn account(&self, text: &str) -> Result<&User, Refusal> {
        self.users.get(&id(text, "User")?).ok_or_else(|| Refusal::not_found("User"))
    }

    fn add(&mut self, user: User) -> User {
        let id = self.users.keys().next_back().map_or(1, |last| last + 1);
        let user = User { id, ..user };
        self.users.insert(id, user.clone());
        user
    }

    fn user_list(&self, request: &Request, actor: &User) -> Value {
        let (take, skip) = cut(request);
        let query = request.query.get("q").map(|text| text.to_lowercase());
        let ids: Option<Vec<&str>> = request.query.get("includeIds").map(|ids| ids.split(',').collect());
        let mut found: Vec<&User> = self
            .users
            .values()
            .filter(|user| {
                query.as_ref().is_none_or(|query| {
                    user.name.to_lowercase().contains(query) || user.email.to_lowercase().contains(query)
                })
            })
            .filter(|user| ids.as_ref().is_none_or(|ids| ids.contains(&user.id.to_string().as_str())))
            .collect();
        if request.query.get("sort").is_some_and(|sort| sort == "displayname") {
            found.sort_by_key(|user| user.name.to_lowercase());
        }
        // The list hides what one's own page shows.
        let results: Vec<Value> = found
            .iter()
            .skip(skip)
            .take(take)
            .map(|user| {
                let mut json = self.user_json(user, actor);
                if !actor.may(&[MANAGE_USERS])
                    && let Some(json) = json.as_object_mut()
                {
                    json.remove("email");
                    json.remove("plexId");
                }
                json
            })
            .collect();
        json!({ "pageInfo": page_info(found.len(), take, skip), "results": results })
    }

    /// Only those who are new come back, without their e-mail and Plex id.
    fn import(&mut self, body: &Value) -> Result<Value, Refusal> {
        let wanted: Option<Vec<String>> = match body.get("plexIds") {
            None | Some(Value::Null) => None,
            Some(Value::Array(ids)) => {
                let texts: Option<Vec<String>> =
                    ids.iter().map(|id| id.as_str().map(str::to_owned)).collect();
                Some(texts.ok_or_else(|| checks::invalid("body", "plexIds[0]", "should be string", "type"))?)
            }
            Some(_) => return Err(checks::invalid("body", "plexIds", "should be array", "type")),
        };
        let world = self.world.clone();
        let mut new = Vec::new();
        for member in importable(&world) {
            let is_wanted = wanted.as_ref().is_none_or(|ids| ids.contains(&member.plex_id.to_string()));
            let is_known = self.users.values().any(|user| user.plex_id == Some(member.plex_id));
            if is_wanted && !is_known {
                let user = self.add(User::of(member, 0, REQUEST));
                new.push(self.bare_user(&user));
            }
        }
        Ok(json!(new))
    }

    /// Who shares the server and has no account yet.
    pub fn importable_users(&self) -> Value {
        importable(&self.world)
            .filter(|member| !self.users.values().any(|user| user.plex_id == Some(member.plex_id)))
            .map(|member| {
                json!({
                    "id": member.plex_id.to_string(), "title": member.title, "username": member.username,
                    "email": member.email, "thumb": format!("https://plex.tv/users/{}/avatar", member.uuid),
                })
            })
            .collect()
    }
}

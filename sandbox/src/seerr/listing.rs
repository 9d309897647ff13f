//! Requests as they are answered: one, a page of them, and how many there are.

use http::StatusCode;
use serde_json::{Value, json};

use super::people::{MANAGE_REQUESTS, REQUEST_VIEW, User};
use super::requests::{APPROVED, Asked, COMPLETED, DECLINED, FAILED, PENDING};
use super::{Family, Refusal, State, status};
use crate::server::Request;
use crate::stamps::iso_seconds;

impl State {
    pub fn list(&self, request: &Request, actor: &User) -> Result<Value, Refusal> {
        let asked_for = |name: &str| request.query.get(name).map(String::as_str);
        let sees_all = actor.may(&[MANAGE_REQUESTS, REQUEST_VIEW]);
        let by: Option<i64> = asked_for("requestedBy").and_then(|id| id.parse().ok());
        if !sees_all && by.is_some_and(|by| by != actor.id) {
            let words = "You do not have permission to view this user's requests.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, words));
        }
        let by = if sees_all { by } else { Some(actor.id) };
        let filter = asked_for("filter").unwrap_or("all");
        let mut found: Vec<&Asked> = self
            .requests
            .values()
            .filter(|asked| by.is_none_or(|by| asked.by == by) && self.passes(asked, filter))
            .filter(|asked| {
                asked_for("mediaType").is_none_or(|kind| kind == "all" || (kind == "movie") == asked.is_movie)
            })
            .collect();
        if asked_for("sortDirection") != Some("asc") {
            found.reverse();
        }
        let mut page = self.page(&found, request, actor);
        if self.family == Family::Seerr {
            let failed = found.iter().any(|asked| asked.status == FAILED);
            let radarr = if failed { json!([{ "id": 0, "name": "Radarr" }]) } else { json!([]) };
            page["serviceErrors"] = json!({ "radarr": radarr, "sonarr": [] });
        }
        Ok(page)
    }

    /// One page of `found`, as `take` and `skip` cut it.
    pub fn page(&self, found: &[&Asked], request: &Request, actor: &User) -> Value {
        let (take, skip) = cut(request);
        let results: Vec<Value> = found
            .iter()
            .skip(skip)
            .take(take)
            .map(|asked| {
                let mut json = self.whole(asked, actor);
                if self.family == Family::Seerr {
                    json["canRemove"] = json!(false);
                }
                json
            })
            .collect();
        json!({ "pageInfo": page_info(found.len(), take, skip), "results": results })
    }

    fn passes(&self, asked: &Asked, filter: &str) -> bool {
        let media = self.media.get(&asked.media).map_or(status::UNKNOWN, |media| media.tiers.of(asked.is_4k));
        let on_the_way = matches!(media, status::UNKNOWN..=status::PARTIALLY);
        let done = if self.family == Family::Seerr { COMPLETED } else { APPROVED };
        match filter {
            "pending" => asked.status == PENDING,
            "approved" => asked.status == APPROVED,
            "processing" => asked.status == APPROVED && on_the_way,
            "unavailable" => matches!(asked.status, PENDING | APPROVED) && on_the_way,
            "failed" => asked.status == FAILED,
            "completed" => asked.status == COMPLETED,
            "available" => asked.status == done && media == status::AVAILABLE,
            "deleted" => false,
            _ => true,
        }
    }

    pub fn count(&self) -> Value {
        let of = |test: &dyn Fn(&Asked) -> bool| self.requests.values().filter(|asked| test(asked)).count();
        let media = |asked: &Asked| {
            self.media.get(&asked.media).map_or(status::UNKNOWN, |media| media.tiers.of(asked.is_4k))
        };
        let mut count = json!({
            "total": self.requests.len(),
            "movie": of(&|asked| asked.is_movie), "tv": of(&|asked| !asked.is_movie),
            "pending": of(&|asked| asked.status == PENDING),
            "approved": of(&|asked| asked.status == APPROVED),
            "declined": of(&|asked| asked.status == DECLINED),
            "processing": of(&|asked| asked.status == APPROVED && media(asked) != status::AVAILABLE),
            "available": of(&|asked| asked.status == APPROVED && media(asked) == status::AVAILABLE),
        });
        if self.family == Family::Seerr {
            count["completed"] = json!(of(&|asked| asked.status == COMPLETED));
        }
        count
    }

    /// The answer to a request that was just made, which is shorter than others.
    pub fn fresh(&self, id: i64, actor: &User) -> Value {
        let Some(asked) = self.requests.get(&id) else { return Value::Null };
        let mut json = self.bare(asked, actor);
        if asked.is_movie
            && let Some(json) = json.as_object_mut()
        {
            json.remove("seasons");
        }
        json
    }

    pub fn whole(&self, asked: &Asked, actor: &User) -> Value {
        let mut json = self.bare(asked, actor);
        let modified = asked.modified_by.and_then(|id| self.users.get(&id));
        json["modifiedBy"] = modified.map_or(Value::Null, |user| self.user_json(user, actor));
        json["seasonCount"] = json!(asked.seasons.len());
        json
    }

    fn bare(&self, asked: &Asked, actor: &User) -> Value {
        let since = iso_seconds(asked.since);
        let seasons: Vec<Value> = asked
            .seasons
            .iter()
            .map(|season| {
                json!({
                    "id": asked.id * 100 + season, "seasonNumber": season, "status": asked.status,
                    "createdAt": since, "updatedAt": since,
                })
            })
            .collect();
        let by = self.users.get(&asked.by).map_or(Value::Null, |user| self.user_json(user, actor));
        let media = self.media.get(&asked.media).map_or(Value::Null, |media| {
            let mut json = self.media_json(media);
            json["seasons"] = self.seasons_json(media);
            json
        });
        json!({
            "id": asked.id, "status": asked.status, "type": if asked.is_movie { "movie" } else { "tv" },
            "is4k": asked.is_4k, "createdAt": since, "updatedAt": since, "serverId": null, "profileId": null,
            "rootFolder": null, "languageProfileId": null, "tags": null, "isAutoRequest": false,
            "media": media, "requestedBy": by, "seasons": seasons,
        })
    }
}

/// `take` and `skip`; ten when nothing is said.
pub(super) fn cut(request: &Request) -> (usize, usize) {
    let number = |name, otherwise| usize::try_from(request.number(name, otherwise)).unwrap_or(usize::MAX);
    (number("take", 10).clamp(1, 1000), number("skip", 0))
}

pub(super) fn page_info(all: usize, take: usize, skip: usize) -> Value {
    json!({ "pages": all.div_ceil(take), "pageSize": take, "results": all, "page": skip / take + 1 })
}

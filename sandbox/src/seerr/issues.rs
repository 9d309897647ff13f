//! Issues: what is wrong with a title that is there.

use domain::Timestamp;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::hooks::Event;
use super::listing::{cut, page_info};
use super::people::{MANAGE_REQUESTS, User};
use super::{Inner, Outcome, Refusal, State, checks, id, no_content, now, ok};
use crate::lock;
use crate::server::Request;
use crate::stamps::iso_seconds;

/// Something that somebody found wrong.
#[derive(Debug, Clone)]
pub(super) struct Issue {
    pub id: i64,
    /// 1 video, 2 audio, 3 subtitles, 4 other.
    kind: i64,
    pub is_open: bool,
    pub media: i64,
    pub season: i64,
    episode: i64,
    pub by: i64,
    since: Timestamp,
    /// By whom, what, and when.
    pub comments: Vec<(i64, String, Timestamp)>,
}

impl Issue {
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            1 => "VIDEO",
            2 => "AUDIO",
            3 => "SUBTITLES",
            _ => "OTHER",
        }
    }
}

impl Inner {
    pub(super) fn issues(&self, parts: &[&str], request: &Request, actor: &User) -> Outcome {
        let what = "Issue";
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let mut state = lock(&self.state);
        match (&request.method, parts) {
            (&Method::GET, ["issue"]) => ok(&state.issue_list(request, actor)),
            (&Method::GET, ["issue", "count"]) => {
                let open = state.issues.values().filter(|issue| issue.is_open).count();
                let total = state.issues.len();
                ok(&json!({ "total": total, "open": open, "closed": total - open }))
            }
            (&Method::POST, ["issue"]) => {
                let media = body["mediaId"].as_i64().unwrap_or_default();
                if !state.media.contains_key(&media) {
                    return Err(Refusal::internal("Could not find media."));
                }
                state.last_issue += 1;
                let message = body["message"].as_str().unwrap_or_default().to_owned();
                let issue = Issue {
                    id: state.last_issue,
                    kind: body["issueType"].as_i64().unwrap_or(4),
                    is_open: true,
                    media,
                    season: body["problemSeason"].as_i64().unwrap_or_default(),
                    episode: body["problemEpisode"].as_i64().unwrap_or_default(),
                    by: actor.id,
                    since: now(),
                    comments: vec![(actor.id, message, now())],
                };
                self.notify_issue(&mut state, &issue, Event::IssueCreated, None);
                state.issues.insert(issue.id, issue.clone());
                ok(&state.issue_json(&issue, actor))
            }
            (&Method::GET, ["issue", text]) => ok(&state.issue_json(&state.issue(id(text, what)?)?, actor)),
            (&Method::DELETE, ["issue", text]) => {
                state.issues.remove(&id(text, what)?).ok_or_else(|| Refusal::not_found(what))?;
                no_content()
            }
            (&Method::POST, ["issue", text, "comment"]) => {
                let mut issue = state.issue(id(text, what)?)?;
                let message = body["message"].as_str().unwrap_or_default();
                issue.comments.push((actor.id, message.to_owned(), now()));
                self.notify_issue(&mut state, &issue, Event::IssueComment, Some(message));
                state.issues.insert(issue.id, issue.clone());
                ok(&state.issue_json(&issue, actor))
            }
            (&Method::POST, ["issue", text, verb @ ("resolved" | "open")]) => {
                let mut issue = state.issue(id(text, what)?)?;
                if !actor.may(&[MANAGE_REQUESTS]) && issue.by != actor.id {
                    return Err(Refusal::new(
                        StatusCode::FORBIDDEN,
                        "You do not have permission to change this issue.",
                    ));
                }
                issue.is_open = *verb == "open";
                let event = if issue.is_open { Event::IssueReopened } else { Event::IssueResolved };
                self.notify_issue(&mut state, &issue, event, None);
                state.issues.insert(issue.id, issue.clone());
                ok(&state.issue_json(&issue, actor))
            }
            _ => Err(checks::no_route(&request.path)),
        }
    }
}

impl State {
    fn issue(&self, id: i64) -> Result<Issue, Refusal> {
        self.issues.get(&id).cloned().ok_or_else(|| Refusal::not_found("Issue"))
    }

    fn issue_list(&self, request: &Request, actor: &User) -> Value {
        let filter = request.query.get("filter").map_or("open", String::as_str);
        let (take, skip) = cut(request);
        let fits = |issue: &&Issue| filter == "all" || issue.is_open == (filter == "open");
        let found: Vec<&Issue> = self.issues.values().rev().filter(fits).collect();
        let results: Vec<Value> =
            found.iter().skip(skip).take(take).map(|issue| self.issue_json(issue, actor)).collect();
        json!({ "pageInfo": page_info(found.len(), take, skip), "results": results })
    }

    fn issue_json(&self, issue: &Issue, viewer: &User) -> Value {
        let user = |id: i64| self.users.get(&id).map_or(Value::Null, |user| self.user_json(user, viewer));
        let comments: Vec<Value> = (1..)
            .zip(&issue.comments)
            .map(|(nth, (by, message, at))| {
                json!({
                    "id": issue.id * 100 + nth, "message": message, "createdAt": iso_seconds(*at),
                    "updatedAt": iso_seconds(*at), "user": user(*by),
                })
            })
            .collect();
        json!({
            "id": issue.id, "issueType": issue.kind, "status": if issue.is_open { 1 } else { 2 },
            "problemSeason": issue.season, "problemEpisode": issue.episode,
            "createdAt": iso_seconds(issue.since), "updatedAt": iso_seconds(issue.since),
            "createdBy": user(issue.by), "modifiedBy": null, "comments": comments,
            "media": self.media.get(&issue.media).map_or(Value::Null, |media| self.media_json(media)),
        })
    }
}

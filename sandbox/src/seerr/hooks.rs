//! The one webhook: how it is set up, and what it says.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::{Map, Value, json};

use super::issues::Issue;
use super::{Family, Inner, State, status};
use crate::lock;
use crate::outgoing::{self, Outgoing};
use crate::world::World;

/// The real one waits for ever; nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is told. The numbers are the bits of `types`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Pending,
    Approved,
    Available,
    Failed,
    Declined,
    AutoApproved,
    IssueCreated,
    IssueComment,
    IssueResolved,
    IssueReopened,
}

impl Event {
    fn bit(self) -> i64 {
        match self {
            Self::Pending => 2,
            Self::Approved => 4,
            Self::Available => 8,
            Self::Failed => 16,
            Self::Declined => 64,
            Self::AutoApproved => 128,
            Self::IssueCreated => 256,
            Self::IssueComment => 512,
            Self::IssueResolved => 1024,
            Self::IssueReopened => 2048,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Pending => "MEDIA_PENDING",
            Self::Approved => "MEDIA_APPROVED",
            Self::Available => "MEDIA_AVAILABLE",
            Self::Failed => "MEDIA_FAILED",
            Self::Declined => "MEDIA_DECLINED",
            Self::AutoApproved => "MEDIA_AUTO_APPROVED",
            Self::IssueCreated => "ISSUE_CREATED",
            Self::IssueComment => "ISSUE_COMMENT",
            Self::IssueResolved => "ISSUE_RESOLVED",
            Self::IssueReopened => "ISSUE_REOPENED",
        }
    }

    /// `what`: "Movie", "4K Series", or for issues "Video".
    fn words(self, what: &str) -> String {
        match self {
            Self::Pending => format!("New {what} Request"),
            Self::Approved => format!("{what} Request Approved"),
            Self::Available => format!("{what} Request Now Available"),
            Self::Failed => format!("{what} Request Failed"),
            Self::Declined => format!("{what} Request Declined"),
            Self::AutoApproved => format!("{what} Request Automatically Approved"),
            Self::IssueCreated => format!("New {what} Issue Reported"),
            Self::IssueComment => format!("New Comment on {what} Issue"),
            Self::IssueResolved => format!("{what} Issue Resolved"),
            Self::IssueReopened => format!("{what} Issue Reopened"),
        }
    }
}

/// The template that comes with it; see the captures.
const TEMPLATE: &str = include_str!("template.json");

/// The settings of the webhook.
#[derive(Debug, Clone)]
pub(super) struct Agent {
    pub enabled: bool,
    pub types: i64,
    pub url: String,
    pub authorization: Option<String>,
    /// Exactly as it was posted.
    pub payload: String,
    pub variables: Option<bool>,
}

impl Agent {
    pub fn new(family: Family) -> Self {
        Self {
            enabled: false,
            types: 0,
            url: String::new(),
            authorization: None,
            payload: json!(TEMPLATE).to_string(),
            variables: (family == Family::Seerr).then_some(false),
        }
    }

    /// The template, if it was posted as a JSON string of its text, or as text where that is taken.
    fn template(&self, takes_raw: bool) -> Option<Value> {
        match serde_json::from_str(&self.payload).ok()? {
            Value::String(text) => serde_json::from_str(&text).ok(),
            // `"[object Object]" is not valid JSON`
            template if takes_raw => Some(template),
            _ => None,
        }
    }
}

/// The text of each variable, and which of the objects there are.
#[derive(Default)]
struct Story {
    texts: BTreeMap<&'static str, String>,
    objects: Vec<&'static str>,
    extra: Vec<Value>,
}

impl Story {
    fn say(&mut self, name: &'static str, text: impl Into<String>) {
        self.texts.insert(name, text.into());
    }
}

impl Inner {
    /// Tells of a request, once, and waits for nobody. Without TMDB there are no words to say it with.
    pub(super) fn notify(&self, state: &mut State, request: i64, event: Event) {
        if state.tmdb_down {
            return;
        }
        if let Some(story) = state.of_request(request, event) {
            self.tell(state, event.bit(), &story);
        }
    }

    pub(super) fn notify_issue(&self, state: &mut State, issue: &Issue, event: Event, comment: Option<&str>) {
        if state.tmdb_down {
            return;
        }
        if let Some(story) = state.of_issue(issue, event, comment) {
            self.tell(state, event.bit(), &story);
        }
    }

    fn tell(&self, state: &State, bit: i64, story: &Story) {
        let agent = &state.agent;
        if !agent.enabled || agent.types & bit == 0 {
            return;
        }
        let Some(outgoing) = self.message(agent, story) else { return };
        let delivered = state.delivered.clone();
        lock(&self.sending).spawn(async move {
            let answer = outgoing::send(outgoing, PATIENCE).await;
            lock(&delivered).push(answer.map(|status| status.as_u16()).unwrap_or_default());
        });
    }

    /// The button "Test": whether the receiver took it.
    pub(super) async fn test(&self, agent: Agent) -> bool {
        let mut story = Story::default();
        story.say("notification_type", "TEST_NOTIFICATION");
        story.say("subject", "Test Notification");
        story.say("message", "Check check, 1, 2, 3. Are we coming in clear?");
        let Some(outgoing) = self.message(&agent, &story) else { return false };
        let answer = outgoing::send(outgoing, PATIENCE).await;
        let delivered = lock(&self.state).delivered.clone();
        lock(&delivered).push(answer.as_ref().map(|status| status.as_u16()).unwrap_or_default());
        answer.is_ok_and(|status| status.is_success())
    }

    fn message(&self, agent: &Agent, story: &Story) -> Option<Outgoing> {
        let template = agent.template(self.options.takes_raw_payload)?;
        let body = filled(&template, story).to_string();
        let mut headers = vec![
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("User-Agent".to_owned(), "axios/1.13.3".to_owned()),
        ];
        let authorization = agent.authorization.clone().filter(|text| !text.is_empty());
        headers.extend(authorization.map(|text| ("Authorization".to_owned(), text)));
        let is_test = story.texts.get("notification_type").is_some_and(|kind| kind == "TEST_NOTIFICATION");
        let url = match agent.variables {
            Some(true) => with_variables(&agent.url, story, is_test),
            _ => agent.url.clone(),
        };
        Some(Outgoing { method: Method::POST, url, headers, body: Bytes::from(body) })
    }
}

impl State {
    fn of_request(&self, id: i64, event: Event) -> Option<Story> {
        let asked = self.requests.get(&id)?;
        let mut story = self.of_media(asked.media)?;
        let kind = if asked.is_movie { "Movie" } else { "Series" };
        let what = if asked.is_4k { format!("4K {kind}") } else { kind.to_owned() };
        story.say("notification_type", event.name());
        story.say("event", event.words(&what));
        let by = self.users.get(&asked.by)?;
        story.objects.push("request");
        story.say("request_id", asked.id.to_string());
        story.say("requestedBy_email", &by.email);
        story.say("requestedBy_username", &by.name);
        story.say("requestedBy_avatar", by.avatar());
        if !asked.seasons.is_empty() {
            let seasons: Vec<String> = asked.seasons.iter().map(i64::to_string).collect();
            story.extra.push(json!({ "name": "Requested Seasons", "value": seasons.join(", ") }));
        }
        Some(story)
    }

    fn of_issue(&self, issue: &Issue, event: Event, comment: Option<&str>) -> Option<Story> {
        let mut story = self.of_media(issue.media)?;
        let kind = issue.kind_name();
        story.say("notification_type", event.name());
        story.say("event", event.words(&format!("{}{}", &kind[..1], kind[1..].to_lowercase())));
        story.say("message", issue.comments.first().map(|(_, text, _)| text.clone()).unwrap_or_default());
        let by = self.users.get(&issue.by)?;
        story.objects.push("issue");
        story.say("issue_id", issue.id.to_string());
        story.say("issue_type", kind);
        story.say("issue_status", if issue.is_open { "OPEN" } else { "RESOLVED" });
        story.say("reportedBy_email", &by.email);
        story.say("reportedBy_username", &by.name);
        story.say("reportedBy_avatar", by.avatar());
        if let Some(comment) = comment {
            story.objects.push("comment");
            story.say("comment_message", comment);
            story.say("commentedBy_email", &by.email);
            story.say("commentedBy_username", &by.name);
            story.say("commentedBy_avatar", by.avatar());
        }
        if issue.season > 0 {
            story.extra.push(json!({ "name": "Affected Season", "value": issue.season.to_string() }));
        }
        Some(story)
    }

    fn of_media(&self, id: i64) -> Option<Story> {
        let media = self.media.get(&id)?;
        let (subject, message, poster) = described(&self.world, media.is_movie, media.tmdb)?;
        let mut story = Story { objects: vec!["media"], ..Story::default() };
        story.say("subject", subject);
        story.say("message", message);
        story.say("image", format!("https://image.tmdb.org/t/p/w600_and_h900_bestv2{poster}"));
        story.say("media_type", if media.is_movie { "movie" } else { "tv" });
        story.say("media_tmdbid", media.tmdb.to_string());
        story.say("media_tvdbid", media.tvdb.map(|id| id.to_string()).unwrap_or_default());
        story.say("media_status", status_name(media.tiers.usual));
        story.say("media_status4k", status_name(media.tiers.uhd));
        Some(story)
    }
}

fn described(world: &World, is_movie: bool, tmdb: i64) -> Option<(String, &'static str, String)> {
    if is_movie {
        let movie = world.movie(tmdb)?;
        Some((format!("{} ({})", movie.title, movie.year), movie.overview, movie.poster_path()))
    } else {
        let show = world.show(tmdb)?;
        Some((format!("{} ({})", show.title, show.year), show.overview, show.poster_path()))
    }
}

fn status_name(number: i64) -> &'static str {
    match number {
        status::PENDING => "PENDING",
        status::PROCESSING => "PROCESSING",
        status::PARTIALLY => "PARTIALLY_AVAILABLE",
        status::AVAILABLE => "AVAILABLE",
        status::BLOCKLISTED => "BLOCKLISTED",
        _ => "UNKNOWN",
    }
}

/// The template with its variables filled in: `"{{media}}": {...}` becomes `"media"`, or null.
fn filled(template: &Value, story: &Story) -> Value {
    let Some(fields) = template.as_object() else { return template.clone() };
    let mut out = Map::new();
    for (key, value) in fields {
        let Some(name) = key.strip_prefix("{{").and_then(|key| key.strip_suffix("}}")) else {
            out.insert(key.clone(), leaf(value, story));
            continue;
        };
        let value = match value {
            Value::Array(_) => json!(story.extra),
            Value::Object(fields) if story.objects.contains(&name) => {
                fields.iter().map(|(key, value)| (key.clone(), leaf(value, story))).collect()
            }
            _ => Value::Null,
        };
        out.insert(name.to_owned(), value);
    }
    Value::Object(out)
}

fn leaf(value: &Value, story: &Story) -> Value {
    match value.as_str() {
        None => value.clone(),
        Some(text) => json!(replaced(text, |name| story.texts.get(name).cloned().unwrap_or_default())),
    }
}

fn with_variables(url: &str, story: &Story, is_test: bool) -> String {
    replaced(url, |name| match story.texts.get(name) {
        Some(text) if !is_test => text.clone(),
        _ => "test".to_owned(),
    })
}

/// `text` with each `{{name}}` replaced.
fn replaced(text: &str, value: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        out.push_str(&value(name));
        rest = after;
    }
    out.push_str(rest);
    out
}

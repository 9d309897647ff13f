//! The shapes of plex.tv's answers, read as leniently as they are written.
//!
//! Everything is optional but what is asked for; numbers and yes or no may be texts, because
//! that is what they are in XML; members that we do not know are passed over.

use std::time::Duration;

use domain::plex::PlexAccount;
use domain::{Secret, Timestamp};
use serde_json::Value;

use super::{Pin, SharedServer, Who, account, xml};

/// How long a PIN is good for when plex.tv does not say.
const SHORT: Duration = Duration::from_secs(900);
/// However plex.tv's clock runs.
const LONGEST: Duration = Duration::from_secs(3600);

pub(super) fn pin(answer: &Value) -> Option<Pin> {
    Some(Pin {
        number: number(answer, "id")?,
        code: Secret::new(text(answer, "code")?),
        expires_in: expires_in(answer),
        token: text(answer, "authToken").map(Secret::new),
    })
}

/// Both ends by plex.tv's own clock, which may differ from ours.
fn expires_in(answer: &Value) -> Duration {
    let moment = |name| serde_json::from_value::<Timestamp>(answer.get(name)?.clone()).ok();
    let lifetime = match (moment("createdAt"), moment("expiresAt")) {
        (Some(created), Some(expires)) => Some(created.until(expires)),
        _ => number(answer, "expiresIn").map(|seconds| Duration::from_secs(seconds.max(0).unsigned_abs())),
    };
    lifetime.unwrap_or(SHORT).min(LONGEST)
}

pub(super) fn who(answer: &Value) -> Option<Who> {
    let subscription = one(answer, "subscription");
    Some(Who {
        account: person(answer, number(answer, "id")?),
        has_plex_pass: subscription.is_some_and(|subscription| yes(subscription, "active")),
    })
}

pub(super) fn servers(answer: &Value) -> Option<Vec<SharedServer>> {
    let server = |resource: &Value| {
        let provides = text(resource, "provides")?;
        provides.split(',').any(|word| word.trim() == "server").then_some(())?;
        Some(SharedServer {
            machine: text(resource, "clientIdentifier")?.to_owned(),
            name: text(resource, "name").unwrap_or_default().to_owned(),
            token: text(resource, "accessToken").map(Secret::new),
            is_owned: yes(resource, "owned"),
        })
    };
    Some(list(answer, "resource")?.iter().filter_map(server).collect())
}

/// `shared_servers/owned/accepted`: one entry for each share, with whom.
pub(super) fn invited(answer: &Value, machine: &str) -> Option<Vec<PlexAccount>> {
    let guest = |share: &Value| {
        (text(share, "machineIdentifier")? == machine).then_some(())?;
        let person = one(share, "invited")?;
        Some(self::person(person, number(person, "id").or_else(|| number(share, "invitedId"))?))
    };
    Some(unique(list(answer, "SharedServer")?.iter().filter_map(guest)))
}

/// `/api/users`: one entry for each friend, with the servers that they may use.
pub(super) fn friends(answer: &Value, machine: &str) -> Option<Vec<PlexAccount>> {
    let guest = |user: &Value| {
        let servers = user.get("Server")?.as_array()?;
        let ours =
            |server: &Value| text(server, "machineIdentifier") == Some(machine) && !yes(server, "pending");
        servers.iter().any(ours).then_some(())?;
        Some(person(user, number(user, "id")?))
    };
    Some(unique(list(answer, "User")?.iter().filter_map(guest)))
}

/// The code of the first error.
pub(super) fn error_code(answer: &Value) -> Option<i64> {
    let errors = answer.get("errors").or_else(|| answer.get("error"))?;
    number(errors.as_array()?.first()?, "code")
}

fn person(answer: &Value, id: i64) -> PlexAccount {
    let names = ["username", "friendlyName", "title"].map(|name| text(answer, name));
    account(id, &names, text(answer, "email"))
}

fn unique(people: impl Iterator<Item = PlexAccount>) -> Vec<PlexAccount> {
    let mut all: Vec<PlexAccount> = people.collect();
    all.sort_by_key(|person| person.id);
    all.dedup_by_key(|person| person.id);
    all
}

/// A list is bare in JSON, and in XML it is what the children of that name are. Any other JSON is
/// no empty list: an answer that makes no sense must not say that nothing is shared.
fn list<'a>(answer: &'a Value, child: &str) -> Option<&'a [Value]> {
    match answer {
        Value::Array(items) => Some(items),
        Value::Object(members) => match members.get(child) {
            Some(items) => items.as_array().map(Vec::as_slice),
            None => members.contains_key(xml::ROOT).then_some(&[]),
        },
        _ => None,
    }
}

/// A single object is itself in JSON, and in XML the first child of that name.
fn one<'a>(answer: &'a Value, name: &str) -> Option<&'a Value> {
    let found = answer.get(name)?;
    found.as_array().map_or(Some(found), |all| all.first())
}

/// A text that says something.
fn text<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    answer.get(name)?.as_str().filter(|text| !text.is_empty())
}

fn number(answer: &Value, name: &str) -> Option<i64> {
    let value = answer.get(name)?;
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn yes(answer: &Value, name: &str) -> bool {
    match answer.get(name) {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        Some(Value::String(text)) => matches!(text.as_str(), "1" | "true"),
        _ => false,
    }
}

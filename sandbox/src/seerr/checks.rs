//! What is refused before anything is done: Seerr holds every request against its OpenAPI file.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Family, Refusal};

/// May not stand in a value unless it is percent-encoded.
const RESERVED: &str = ":/?#[]@!$'()*+,;";

const FILTERS: [&str; 9] = [
    "all",
    "approved",
    "available",
    "pending",
    "processing",
    "unavailable",
    "failed",
    "deleted",
    "completed",
];

/// The filters of Seerr that Overseerr does not have.
const NEW_FILTERS: [&str; 2] = ["deleted", "completed"];

pub(super) fn query(method: &Method, parts: &[&str], raw: &str, family: Family) -> Result<(), Refusal> {
    let (known, required) = parameters(method, parts, family);
    let mut seen = Vec::new();
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !known.contains(&name) {
            return Err(bad(&format!(".query.{name}"), &format!("Unknown query parameter '{name}'"), None));
        }
        if value.contains(|character| RESERVED.contains(character)) {
            let words = format!(
                "Parameter '{name}' must be url encoded. Its value may not contain reserved characters."
            );
            return Err(bad(&format!(".query.{name}"), &words, None));
        }
        if matches!(name, "page" | "take" | "skip" | "requestedBy") && value.parse::<f64>().is_err() {
            return Err(invalid("query", name, "should be number", "type"));
        }
        seen.push((name, value));
    }
    for name in required {
        if !seen.iter().any(|(seen, _)| seen == name) {
            let path = format!(".query.{name}");
            let words = format!("should have required property '{name}'");
            return Err(refusal(&path, &format!("request.query {words}"), &words, "required"));
        }
    }
    if let ["request"] = parts
        && let Some((_, filter)) = seen.iter().find(|(name, _)| *name == "filter")
    {
        let allowed: Vec<&str> = FILTERS
            .into_iter()
            .filter(|filter| family == Family::Seerr || !NEW_FILTERS.contains(filter))
            .collect();
        if !allowed.contains(filter) {
            let words = format!("should be equal to one of the allowed values: {}", allowed.join(", "));
            return Err(invalid("query", "filter", &words, "enum"));
        }
    }
    Ok(())
}

/// Which parameters a route knows, and which it cannot do without.
fn parameters(
    method: &Method,
    parts: &[&str],
    family: Family,
) -> (&'static [&'static str], &'static [&'static str]) {
    let is_get = method == Method::GET;
    match parts {
        ["request"] if is_get && family == Family::Seerr => {
            (&["take", "skip", "filter", "sort", "sortDirection", "requestedBy", "mediaType"], &[])
        }
        ["request"] if is_get => (&["take", "skip", "filter", "sort", "requestedBy"], &[]),
        ["search"] => (&["query", "page", "language"], &["query"]),
        ["discover", "movies" | "tv"] => (
            &[
                "page",
                "language",
                "genre",
                "studio",
                "network",
                "keywords",
                "sortBy",
                "primaryReleaseDateGte",
                "primaryReleaseDateLte",
                "firstAirDateGte",
                "firstAirDateLte",
                "withRuntimeGte",
                "withRuntimeLte",
                "voteAverageGte",
                "voteAverageLte",
                "voteCountGte",
                "voteCountLte",
                "watchRegion",
                "watchProviders",
            ],
            &[],
        ),
        ["discover", ..] => (&["page", "language"], &[]),
        ["movie" | "tv", _, "recommendations" | "similar"] => (&["page", "language"], &[]),
        ["movie" | "tv" | "person" | "genres", ..] => (&["language"], &[]),
        ["media"] | ["issue"] => (&["take", "skip", "filter", "sort"], &[]),
        ["media", _, "file"] => (&["is4k"], &[]),
        ["blocklist" | "blacklist"] => (&["take", "skip", "search", "filter"], &[]),
        ["user"] => (&["take", "skip", "sort", "q", "includeIds"], &[]),
        ["user", _, "requests"] => (&["take", "skip"], &[]),
        _ => (&[], &[]),
    }
}

/// The body of `POST /request`: the kind of title and its number.
pub(super) fn request_body(body: &Value) -> Result<(), Refusal> {
    for name in ["mediaType", "mediaId"] {
        if body.get(name).is_none() {
            let path = format!(".body.{name}");
            let words = format!("should have required property '{name}'");
            return Err(refusal(&path, &format!("request.body {words}"), &words, "required"));
        }
    }
    if !body["mediaId"].is_number() {
        return Err(invalid("body", "mediaId", "should be number", "type"));
    }
    if !matches!(body["mediaType"].as_str(), Some("movie" | "tv")) {
        let words = "should be equal to one of the allowed values: movie, tv";
        return Err(invalid("body", "mediaType", words, "enum"));
    }
    Ok(())
}

/// A value that does not fit.
pub(super) fn invalid(place: &str, name: &str, words: &str, code: &str) -> Refusal {
    refusal(&format!(".{place}.{name}"), &format!("request.{place}.{name} {words}"), words, code)
}

fn refusal(path: &str, message: &str, words: &str, code: &str) -> Refusal {
    let errors =
        json!([{ "path": path, "message": words, "errorCode": format!("{code}.openapi.validation") }]);
    Refusal { status: StatusCode::BAD_REQUEST, body: json!({ "message": message, "errors": errors }) }
}

fn bad(path: &str, words: &str, code: Option<&str>) -> Refusal {
    let mut error = json!({ "path": path, "message": words });
    if let Some(code) = code {
        error["errorCode"] = json!(code);
    }
    Refusal { status: StatusCode::BAD_REQUEST, body: json!({ "message": words, "errors": [error] }) }
}

pub(super) fn no_cookie(path: &str) -> Refusal {
    let words = "cookie 'connect.sid' required";
    Refusal { status: StatusCode::UNAUTHORIZED, ..bad(path, words, None) }
}

pub(super) fn no_route(path: &str) -> Refusal {
    Refusal { status: StatusCode::NOT_FOUND, ..bad(path, "not found", None) }
}

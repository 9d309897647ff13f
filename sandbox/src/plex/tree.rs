//! One tree, two renderers: Plex answers XML, and JSON to whoever asks for it.

use http::{StatusCode, header};
use serde_json::{Map, Value};

use crate::server::{self, Request, Response};

/// Whether the client asks for JSON; everybody else gets XML.
pub(super) fn wants_json(request: &Request) -> bool {
    request.header(header::ACCEPT).contains("application/json")
}

/// A document of plex.tv: a bare object or array in JSON, an element called `root` in XML.
pub(super) fn document(request: &Request, status: StatusCode, root: &str, value: &Value) -> Response {
    if wants_json(request) {
        return server::json_as(status, value);
    }
    xml_document(status, root, value)
}

/// One of those that are XML whatever the client asks for.
pub(super) fn xml_document(status: StatusCode, root: &str, value: &Value) -> Response {
    server::reply(status, "application/xml; charset=utf-8", xml(root, value))
}

/// A document of the media server: `MediaContainer` around `value`.
pub(super) fn container(request: &Request, mut value: Value) -> Response {
    drop_empty_lists(&mut value);
    let mut response = if wants_json(request) {
        server::json(&serde_json::json!({ "MediaContainer": value }))
    } else {
        server::reply(StatusCode::OK, "text/xml;charset=utf-8", xml("MediaContainer", &value))
    };
    let headers = response.headers_mut();
    headers.insert("x-plex-protocol", header::HeaderValue::from_static("1.0"));
    for (name, member) in [("x-plex-container-start", "offset"), ("x-plex-container-total-size", "totalSize")]
    {
        if let Some(number) = value.get(member).and_then(Value::as_u64) {
            headers.insert(name, header::HeaderValue::from(number));
        }
    }
    response
}

/// An empty list omits its key.
fn drop_empty_lists(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|key, value| {
                let is_list = key.starts_with(|first: char| first.is_ascii_uppercase());
                !(is_list && value.as_array().is_some_and(Vec::is_empty))
            });
            members.values_mut().for_each(drop_empty_lists);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_empty_lists),
        _ => {}
    }
}

fn xml(root: &str, value: &Value) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    match value {
        Value::Array(items) => list(&mut out, root, items),
        value => element(&mut out, root, value),
    }
    out.push('\n');
    out
}

/// `<resources><resource/></resources>`.
fn list(out: &mut String, tag: &str, items: &[Value]) {
    let singular = match tag.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => tag.strip_suffix('s').unwrap_or(tag).to_owned(),
    };
    out.push_str(&format!("<{tag}>"));
    for item in items {
        element(out, &singular, item);
    }
    out.push_str(&format!("</{tag}>"));
}

fn element(out: &mut String, tag: &str, value: &Value) {
    let Value::Object(members) = value else {
        // A list of plain words.
        out.push_str(&format!("<{tag} id=\"{}\"/>", escaped(&plain(value))));
        return;
    };
    out.push_str(&format!("<{tag}"));
    for (name, value) in members.iter().filter(|(_, value)| is_plain(value)) {
        out.push_str(&format!(" {name}=\"{}\"", escaped(&plain(value))));
    }
    let mut inside = String::new();
    children(&mut inside, members);
    if inside.is_empty() {
        out.push_str("/>");
    } else {
        out.push_str(&format!(">{inside}</{tag}>"));
    }
}

fn children(out: &mut String, members: &Map<String, Value>) {
    for (name, value) in members {
        match value {
            // "Genre", "Metadata": the items are children; "connections": there is one element around.
            Value::Array(items) if name.starts_with(|first: char| first.is_ascii_uppercase()) => {
                for item in items {
                    element(out, tag_of(name, item), item);
                }
            }
            Value::Array(items) => list(out, name, items),
            Value::Object(_) => element(out, name, value),
            _ => {}
        }
    }
}

/// What JSON calls `Metadata` has a tag by its type in XML.
fn tag_of<'a>(name: &'a str, item: &Value) -> &'a str {
    if name != "Metadata" {
        return name;
    }
    match item.get("type").and_then(Value::as_str) {
        Some("show" | "season" | "collection" | "artist" | "album") => "Directory",
        Some("track") => "Track",
        Some("photo") => "Photo",
        Some("playlist") => "Playlist",
        _ => "Video",
    }
}

/// A missing value is no attribute at all.
fn is_plain(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_))
}

fn plain(value: &Value) -> String {
    match value {
        Value::Bool(yes) => if *yes { "1" } else { "0" }.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push_str("&#10;"),
            c if c < ' ' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_tree_is_written_as_xml() {
        let tree = json!({
            "size": 1, "nothing": null, "yes": true,
            "Metadata": [{ "type": "movie", "title": "A & \"B\"", "Genre": [{ "tag": "Drama" }] }, { "type": "show" }],
        });
        let text = xml("MediaContainer", &tree);
        assert!(text.contains(r#"<MediaContainer size="1" yes="1">"#), "{text}");
        assert!(
            text.contains(
                r#"<Video title="A &amp; &quot;B&quot;" type="movie"><Genre tag="Drama"/></Video>"#
            ),
            "{text}"
        );
        assert!(text.contains(r#"<Directory type="show"/>"#), "{text}");
        assert!(!text.contains("nothing"), "{text}");
    }

    #[test]
    fn lists_of_the_account_have_an_element_around_them() {
        let tree = json!([{ "name": "Attic", "connections": [{ "port": 1 }], "features": ["webhooks"] }]);
        let text = xml("resources", &tree);
        let expected = concat!(
            r#"<resources><resource name="Attic"><connections><connection port="1"/></connections>"#,
            r#"<features><feature id="webhooks"/></features></resource></resources>"#
        );
        assert!(text.contains(expected), "{text}");
    }
}

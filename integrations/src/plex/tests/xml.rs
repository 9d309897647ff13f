//! Turns the server's XML into its JSON, badly on purpose: each attribute becomes text, so that
//! the client meets every number and flag in its other form.

use serde_json::{Map, Value, json};

/// `<MediaContainer size="1"><Video/></MediaContainer>` as
/// `{"MediaContainer": {"size": "1", "Metadata": [{}]}}`.
pub(super) fn to_json(xml: &str) -> Value {
    let xml = xml.split_once("?>").map_or(xml, |(_, rest)| rest).trim();
    let mut rest = xml;
    let (name, value) = element(&mut rest);
    assert!(rest.trim().is_empty(), "more than one root: {rest}");
    json!({ name: value })
}

fn element(rest: &mut &str) -> (String, Value) {
    let open = rest.trim_start().strip_prefix('<').expect("an element");
    let end = end_of_tag(open);
    let tag = &open[..end];
    *rest = &open[end + 1..];
    let is_empty = tag.ends_with('/');
    let tag = tag.trim_end_matches('/');
    let name = tag.split_whitespace().next().expect("a name").to_owned();
    let mut members = attributes(tag[name.len()..].trim());
    if is_empty {
        return (name, Value::Object(members));
    }
    loop {
        let text = rest.trim_start();
        if let Some(after) = text.strip_prefix("</") {
            *rest = after.split_once('>').expect("an end").1;
            return (name, Value::Object(members));
        }
        let (child, value) = element(rest);
        let list = members.entry(in_json(&child, &value)).or_insert_with(|| json!([]));
        list.as_array_mut().expect("a list").push(value);
    }
}

/// Items are called by what they are in XML, and all alike in JSON.
fn in_json<'a>(name: &'a str, value: &Value) -> &'a str {
    match name {
        "Video" | "Track" | "Photo" => "Metadata",
        "Directory" if value.get("ratingKey").is_some() => "Metadata",
        name => name,
    }
}

/// The `>` that is in no value.
fn end_of_tag(open: &str) -> usize {
    let mut is_quoted = false;
    let mut end = None;
    for (at, letter) in open.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => {
                end = Some(at);
                break;
            }
            _ => {}
        }
    }
    end.expect("an end of the tag")
}

fn attributes(mut text: &str) -> Map<String, Value> {
    let mut members = Map::new();
    while let Some((name, rest)) = text.split_once("=\"") {
        let (value, rest) = rest.split_once('"').expect("an end of the value");
        let value = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        members.insert(name.trim().to_owned(), value.replace("&amp;", "&").into());
        text = rest;
    }
    members
}

#[test]
fn a_tree_of_elements_becomes_lists_of_objects() {
    let xml = r#"<?xml version="1.0"?><A x="1 &gt; 2"><Video ratingKey="3"/><Video><B y="/>"/></Video></A>"#;

    assert_eq!(
        to_json(xml),
        json!({ "A": { "x": "1 > 2", "Metadata": [{ "ratingKey": "3" }, { "B": [{ "y": "/>" }] }] } })
    );
}

//! The little XML that plex.tv still speaks, as JSON.
//!
//! `<a x="1"><b y="2"/></a>` becomes `{"x": "1", "b": [{"y": "2"}]}`: attributes are texts,
//! children are lists by their name. Text between elements, comments and the like say nothing
//! here. The root's own name is kept at [`ROOT`].

use serde_json::{Map, Value};

/// Where the name of the root stands; no attribute can be called so.
pub(super) const ROOT: &str = "";

/// How deep elements may be nested; what plex.tv says is three deep.
const MAX_DEPTH: usize = 16;

/// The root element, or nothing for what is no XML.
pub(super) fn read(text: &str) -> Option<Value> {
    let mut open: Vec<(String, Map<String, Value>)> = Vec::new();
    let mut rest = text.trim_start_matches('\u{feff}');
    loop {
        let start = rest.find('<')?;
        rest = &rest[start + 1..];
        if let Some(skipped) = skip(rest) {
            rest = skipped;
            continue;
        }
        if let Some(closing) = rest.strip_prefix('/') {
            rest = &closing[closing.find('>')? + 1..];
            if let Some(root) = close(&mut open)? {
                return Some(root);
            }
            continue;
        }
        let (name, attributes, is_closed, after) = element(rest)?;
        rest = after;
        if open.len() == MAX_DEPTH {
            return None;
        }
        open.push((name, attributes));
        if is_closed && let Some(root) = close(&mut open)? {
            return Some(root);
        }
    }
}

/// Ends the innermost element; gives it when it was the root.
fn close(open: &mut Vec<(String, Map<String, Value>)>) -> Option<Option<Value>> {
    let (name, mut element) = open.pop()?;
    let Some((_, parent)) = open.last_mut() else {
        element.insert(ROOT.to_owned(), Value::String(name));
        return Some(Some(Value::Object(element)));
    };
    let children = parent.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(children) = children {
        children.push(Value::Object(element));
    }
    Some(None)
}

/// What follows a declaration, a comment or a section of plain text.
fn skip(rest: &str) -> Option<&str> {
    let end = match rest.as_bytes() {
        [b'?', ..] => "?>",
        [b'!', b'-', b'-', ..] => "-->",
        [b'!', b'[', ..] => "]]>",
        [b'!', ..] => ">",
        _ => return None,
    };
    Some(rest.find(end).map_or("", |at| &rest[at + end.len()..]))
}

type Element<'a> = (String, Map<String, Value>, bool, &'a str);

fn element(rest: &str) -> Option<Element<'_>> {
    let name_end = rest.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
    let (name, mut rest) = rest.split_at(name_end);
    let mut attributes = Map::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>") {
            return Some((name.to_owned(), attributes, true, after));
        }
        if let Some(after) = rest.strip_prefix('>') {
            return Some((name.to_owned(), attributes, false, after));
        }
        let (key, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, after) = after[1..].split_once(quote)?;
        attributes.insert(key.trim().to_owned(), Value::String(unescape(value)));
        rest = after;
    }
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let known = after.split_once(';').and_then(|(name, after)| Some((entity(name)?, after)));
        match known {
            Some((letter, after)) => {
                plain.push(letter);
                rest = after;
            }
            None => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain + rest
}

fn entity(name: &str) -> Option<char> {
    let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ if name.starts_with("#x") => number(&name[2..], 16),
        _ if name.starts_with('#') => number(&name[1..], 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn elements_become_lists_by_name() {
        let text = "<?xml version=\"1.0\"?>\n<!-- <a/> --><users size='2'>\n<user id=\"1\" title=\"a &amp; b&#39;s &lt;3 &copy; &#x2764;\">\
                    <server x=\"/>\"/></user> text <user id = \"2\"></user></users>";

        assert_eq!(
            read(text),
            Some(json!({"": "users", "size": "2", "user": [
                {"id": "1", "title": "a & b's <3 &copy; ❤", "server": [{"x": "/>"}]},
                {"id": "2"},
            ]}))
        );
        assert_eq!(read("<pin/>"), Some(json!({"": "pin"})));
    }

    #[test]
    fn what_is_no_xml_is_nothing_and_never_a_panic() {
        let whole = "<a b=\"c &amp; é\"><d e='f'/><!-- g --></a>";
        for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            assert_eq!(read(&whole[..end]), None, "cut to {end}");
        }
        for odd in ["", "plain", "{}", "<", "</a>", "<a b>", "<a b=c>", "<!x", "<?", &"<a>".repeat(100_000)] {
            assert_eq!(read(odd), None);
        }
    }
}

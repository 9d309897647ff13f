//! Forms, as far as Uptime Kuma sends them.

use std::borrow::Cow;

/// The text of the field `name` in a `multipart/form-data` body with this content type.
pub(super) fn field<'a>(content_type: &str, body: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    let boundary = content_type.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?;
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    let text = String::from_utf8_lossy(body);
    let wanted = format!("name=\"{name}\"");
    let part = text.split(delimiter.as_str()).find_map(|part| {
        let (head, content) = part.split_once("\r\n\r\n")?;
        let is_it = head.split([';', '\r', '\n']).any(|word| word.trim() == wanted);
        is_it.then(|| content.strip_suffix("\r\n").unwrap_or(content).to_owned())
    })?;
    Some(Cow::Owned(part))
}

/// The text of `name` in a query or an urlencoded body.
pub(super) fn pair<'a>(text: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    url::form_urlencoded::parse(text).find(|(known, _)| known == name).map(|(_, value)| value)
}

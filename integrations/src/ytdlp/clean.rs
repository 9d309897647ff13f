//! Takes paths, addresses and terminal codes out of what yt-dlp said.
//!
//! The text is shown to members behind a disclosure and stored with the job. Where the library
//! lies, what the proxy's credential is and which addresses the site uses is not theirs to know.

/// Letters of the longest text that is kept.
const MAX_LETTERS: usize = 400;

/// What stands in for something that was taken out.
const GAP: char = '…';

pub(crate) fn clean(text: &str) -> String {
    let text = text.split("(caused by").next().unwrap_or_default();
    let plain = without_quoted_paths(&without_escapes(text));
    let mut clean = String::new();
    for word in plain.split_whitespace() {
        if !clean.is_empty() {
            clean.push(' ');
        }
        clean.push_str(&clean_word(word));
    }
    match clean.char_indices().nth(MAX_LETTERS) {
        Some((end, _)) => format!("{}{GAP}", &clean[..end]),
        None => clean,
    }
}

/// A path between quotes may contain spaces, so it is taken out as a whole.
fn without_quoted_paths(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = ["'/", "\"/"].iter().filter_map(|opening| rest.find(opening)).min() {
        let quote = if rest[start..].starts_with('"') { '"' } else { '\'' };
        let (before, path) = (&rest[..=start], &rest[start + 1..]);
        let end = path.find(quote).unwrap_or(path.len());
        clean.push_str(before);
        clean.push(GAP);
        rest = &path[end..];
    }
    clean + rest
}

/// Judges the parts of a word between quotes and brackets, keeping the quotes and brackets.
fn clean_word(word: &str) -> String {
    if word.contains("://") {
        return GAP.to_string();
    }
    let is_edge = |c: char| "'\"`()[]{}<>,;=".contains(c);
    let mut clean = String::new();
    for part in word.split_inclusive(is_edge) {
        let edge = part.chars().next_back().filter(|c| is_edge(*c));
        let body = part.strip_suffix(is_edge).unwrap_or(part);
        if is_secretive(body) {
            clean.push(GAP);
        } else {
            clean.push_str(body);
        }
        clean.extend(edge);
    }
    clean
}

fn is_secretive(part: &str) -> bool {
    let is_path = part.starts_with('/') && part.len() > 1 || part.starts_with("~/") || part.contains("../");
    let has_credential = part.contains('@') && part.contains(':');
    let host = part.trim_end_matches(['.', ':']).rsplit_once(':').map_or(part, |(host, _)| host);
    let is_address = part.parse::<std::net::IpAddr>().is_ok()
        || host.trim_matches(['.', ':']).parse::<std::net::IpAddr>().is_ok();
    is_path || has_credential || is_address
}

/// Without control characters and the colours of terminals (`ESC [ … letter`).
fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' && letters.next_if_eq(&'[').is_some() {
            while letters.next().is_some_and(|c| !c.is_ascii_alphabetic()) {}
        } else if letter.is_control() {
            plain.push(' ');
        } else {
            plain.push(letter);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_addresses_are_taken_out() {
        for (said, shown) in [
            (
                "Unable to create directory: [Errno 2] No such file: '/data/in/x'",
                "Unable to create directory: [Errno 2] No such file: '…'",
            ),
            (
                "HTTPConnection(host='127.0.0.1', port=21300): Read timed out.",
                "HTTPConnection(host='…', port=21300): Read timed out.",
            ),
            (
                "Unable to connect to proxy http://job:secret@127.0.0.1:9/ now",
                "Unable to connect to proxy … now",
            ),
            ("to 10.0.0.7:8080: refused", "to … refused"),
            ("at [fe80::1]", "at […]"),
            (
                "\u{1b}[0;31mHTTP Error 404\u{1b}[0m: Not Found\n(caused by <HTTPError 404>)",
                "HTTP Error 404: Not Found",
            ),
        ] {
            assert_eq!(clean(said), shown);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        assert_eq!(clean(&"ü".repeat(10_000)).chars().count(), MAX_LETTERS + 1);
    }
}

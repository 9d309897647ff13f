//! `Content-Disposition` (RFC 6266): a name in ASCII for the old, and the real one in UTF-8.

use std::fmt::Write;

/// The longest name, in characters.
const LONGEST: usize = 150;

/// The header for a file called `name`.
pub fn header(name: &str, inline: bool) -> String {
    let name: String = name
        .chars()
        .map(|c| if c.is_control() || matches!(c, '/' | '\\') || is_direction(c) { '_' } else { c })
        .take(LONGEST)
        .collect();
    let name = if name.trim_matches(['.', ' ', '_']).is_empty() { "download" } else { &name };
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '%') || c == ' ' { c } else { '_' })
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    let how = if inline { "inline" } else { "attachment" };
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

/// Characters that turn text around, so that `gpj.exe` could look like `exe.jpg`.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_becomes_one_header_that_is_plain_ascii() {
        for (name, header_text) in [
            ("a video.mp4", "attachment; filename=\"a video.mp4\"; filename*=UTF-8''a%20video.mp4"),
            ("Zoë.mp4", "attachment; filename=\"Zo_.mp4\"; filename*=UTF-8''Zo%C3%AB.mp4"),
            (
                "a\"; b=\"c.mp4",
                "attachment; filename=\"a_; b=_c.mp4\"; filename*=UTF-8''a%22%3B%20b%3D%22c.mp4",
            ),
            (
                "a\r\nSet-Cookie: x",
                "attachment; filename=\"a__Set-Cookie: x\"; filename*=UTF-8''a__Set-Cookie%3A%20x",
            ),
            (
                "../../etc/passwd",
                "attachment; filename=\".._.._etc_passwd\"; filename*=UTF-8''.._.._etc_passwd",
            ),
            ("\u{202e}4pm.exe", "attachment; filename=\"_4pm.exe\"; filename*=UTF-8''_4pm.exe"),
            ("..", "attachment; filename=\"download\"; filename*=UTF-8''download"),
        ] {
            assert_eq!(header(name, false), header_text);
        }
        let long = header(&"é".repeat(4000), true);
        assert!(long.starts_with("inline; ") && long.is_ascii() && long.len() < 1200, "{}", long.len());
    }
}

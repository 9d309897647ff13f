//! Names in the library: who, which playlist, which title.
//!
//! Every name here was written by a stranger (a site's title, a playlist's name), so nothing of
//! it reaches the file system unchanged: no separators, no dots or dashes in front, no control
//! or direction-changing characters, nothing that FAT or SMB refuses, and a bounded length in
//! bytes. The layout follows what a Plex library of the kind "Other Videos" picks up: one folder
//! per playlist, sidecars with the video's own base name.

use std::path::Path;

use domain::UserId;
use domain::user::User;

/// The folder of videos that came without a playlist.
const SINGLE_VIDEOS: &str = "Videos";

/// A base name leaves room for `.en.srt` and ` (2)` in the 255 bytes of a file name.
const BASE_NAME_BYTES: usize = 180;
const FOLDER_BYTES: usize = 100;

/// File kinds that are published, with the media type they are served as. Anything else that a
/// link turned out to be (a web page, JSON, a shortcut) is refused.
const MEDIA_TYPES: [(&str, &str); 22] = [
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("mkv", "video/x-matroska"),
    ("webm", "video/webm"),
    ("mov", "video/quicktime"),
    ("avi", "video/x-msvideo"),
    ("flv", "video/x-flv"),
    ("ts", "video/mp2t"),
    ("mpg", "video/mpeg"),
    ("mpeg", "video/mpeg"),
    ("3gp", "video/3gpp"),
    ("ogv", "video/ogg"),
    ("wmv", "video/x-ms-wmv"),
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("m4b", "audio/mp4"),
    ("aac", "audio/aac"),
    ("opus", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("oga", "audio/ogg"),
    ("flac", "audio/flac"),
    ("wav", "audio/wav"),
];

/// Endings of the files that go beside a video: its picture and its subtitles.
const SIDECARS: [&str; 4] = ["jpg", "srt", "vtt", "ass"];

/// The extension in lower case and the media type of `file`, when its kind is one we publish.
pub fn media_type(file: &Path) -> Option<(&'static str, &'static str)> {
    let extension = file.extension()?.to_str()?;
    MEDIA_TYPES.into_iter().find(|(vetted, _)| vetted.eq_ignore_ascii_case(extension))
}

/// Whether `file` is a picture or subtitles that go beside a video.
pub fn is_sidecar(file: &Path) -> bool {
    let extension = file.extension().and_then(|e| e.to_str());
    extension.is_some_and(|extension| SIDECARS.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

/// A member's folder in the library.
///
/// Two members never share one: a name that had to be changed to become a folder gets the end
/// of the member's id.
pub fn member_folder(user: &User) -> String {
    let key = user.username.to_lowercase();
    let slug: String = key.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
    let slug = shorten(slug.trim_start_matches(['.', '-']), FOLDER_BYTES - 9).to_owned();
    if slug == key && !is_reserved(&slug) { slug } else { format!("{slug}-{}", tail(user.id)) }
}

fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_')
}

/// The random end of an id; its beginning is the time and nearly the same for all.
fn tail(id: UserId) -> String {
    let id = id.to_string();
    id[id.len() - 8..].to_owned()
}

/// The folder of a playlist, or of single videos.
pub fn collection_folder(playlist: Option<&str>) -> String {
    match playlist.map(|title| clean(title, FOLDER_BYTES)) {
        Some(name) if !name.is_empty() => name,
        _ => SINGLE_VIDEOS.to_owned(),
    }
}

/// The base name of a video whose file yt-dlp called `stem`, usually `title [id]`.
///
/// The id is kept when the title has to be shortened: it is what makes the name unique.
pub fn base_name(stem: &str) -> String {
    let (title, id) = match stem.rfind(" [") {
        Some(at) if stem.ends_with(']') && stem.len() - at <= 80 => stem.split_at(at),
        _ => (stem, ""),
    };
    let id = clean(id, 80);
    let title = clean(title, BASE_NAME_BYTES.saturating_sub(id.len() + 1));
    match (title.is_empty(), id.is_empty()) {
        (false, false) => format!("{title} {id}"),
        (false, true) => title,
        (true, false) => format!("video {id}"),
        (true, true) => "video".to_owned(),
    }
}

/// The path below the library of the `attempt`-th choice (from 1) for a file: the second is
/// `title [id] (2).mp4`.
pub fn target(member: &str, collection: &str, base: &str, extension: &str, attempt: u32) -> String {
    match attempt {
        0 | 1 => format!("{member}/{collection}/{base}.{extension}"),
        _ => format!("{member}/{collection}/{base} ({attempt}).{extension}"),
    }
}

/// `text` as a name that every file system takes; empty when nothing is left of it.
fn clean(text: &str, max_bytes: usize) -> String {
    let mut name = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        let c = match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '-',
            c if c.is_whitespace() => ' ',
            c => c,
        };
        if c == ' ' && name.ends_with(' ') {
            continue;
        }
        name.push(c);
    }
    let name = name.trim_start_matches(['.', '-', '~', ' ']);
    let name = shorten(name, max_bytes).trim_end_matches(['.', ' ']);
    if is_reserved(name) { format!("{name}_") } else { name.to_owned() }
}

/// Control characters, and those that change how their neighbours are drawn.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}')
}

/// Names that Windows, and so a share mounted there, takes for devices.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4
            && (stem.starts_with("COM") || stem.starts_with("LPT"))
            && stem.ends_with(|c: char| c.is_ascii_digit()))
}

fn shorten(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;
    use domain::user::Role;

    fn user(username: &str) -> User {
        User {
            id: UserId::generate(),
            username: username.to_owned(),
            email: None,
            role: Role::User,
            enabled: true,
            created_at: Timestamp::now(),
            last_login_at: None,
        }
    }

    #[test]
    fn no_title_leaves_its_folder_or_hides_in_it() {
        for hostile in [
            "..",
            "../../etc/passwd",
            "/etc/passwd",
            "...",
            "..\\..\\x",
            ".hidden",
            "-rf",
            "a\0b",
            "a/b",
            "~root",
        ] {
            for name in [base_name(hostile), collection_folder(Some(hostile))] {
                assert!(!name.contains(['/', '\\', '\0']), "{hostile:?} became {name:?}");
                assert!(
                    !name.starts_with(['.', '-', '~']) && !name.is_empty(),
                    "{hostile:?} became {name:?}"
                );
            }
        }
    }

    #[test]
    fn titles_stay_readable() {
        assert_eq!(base_name("Zoë: a \"film\" [abc-1]"), "Zoë- a -film- [abc-1]");
        assert_eq!(base_name("many   spaces\nand lines [x]"), "many spaces and lines [x]");
        assert_eq!(base_name("evil\u{202e}gpm [x]"), "evilgpm [x]");
        assert_eq!(base_name("nul"), "nul_");
        assert_eq!(base_name(" [abc]"), "video [abc]");
        assert_eq!(base_name(""), "video");
        assert_eq!(collection_folder(None), "Videos");
        assert_eq!(collection_folder(Some(" .. ")), "Videos");
        assert_eq!(collection_folder(Some("Summer / 2026.")), "Summer - 2026");
    }

    #[test]
    fn a_long_title_is_shortened_in_bytes_and_keeps_its_id() {
        let name = base_name(&format!("{} [dQw4w9WgXcQ]", "長い".repeat(150)));

        assert!(name.len() <= BASE_NAME_BYTES, "{} bytes", name.len());
        assert!(name.ends_with(" [dQw4w9WgXcQ]"));
    }

    #[test]
    fn two_members_never_share_a_folder() {
        assert_eq!(member_folder(&user("Ana")), "ana");
        let names = ["ana b", "ana-b", "ana.b", "ana/b", "../b", "con", "王小明", "Zoë"];
        let folders: std::collections::HashSet<_> =
            names.iter().map(|name| member_folder(&user(name))).collect();

        assert_eq!(folders.len(), names.len(), "{folders:?}");
        assert!(folders.iter().all(|folder| !folder.contains(['/', '.', ' '])), "{folders:?}");
    }

    #[test]
    fn only_media_is_published() {
        assert_eq!(media_type(Path::new("a/b.MP4")), Some(("mp4", "video/mp4")));
        for file in ["b.unknown_video", "b.html", "b.desktop", "b.exe", "b", ".mp4", "b.json"] {
            assert_eq!(media_type(Path::new(file)), None, "{file} would be published");
        }
    }
}

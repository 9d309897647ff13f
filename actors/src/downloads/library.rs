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

/// What a video without a title is called.
const SINGLE_VIDEO: &str = "Video";

/// With ` [id]`, ` (99)` and `.zh-Hans.srt` a name stays below the 255 bytes of file systems.
const TITLE_BYTES: usize = 150;
const ID_CHARS: usize = 40;
const FOLDER_BYTES: usize = 100;

/// File kinds that are published, with the media type they are served as. Anything else that a
/// link turned out to be (a web page, JSON, a shortcut) is refused.
const MEDIA_TYPES: [(&str, &str); 25] = [
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("mkv", "video/x-matroska"),
    ("webm", "video/webm"),
    ("mov", "video/quicktime"),
    ("avi", "video/x-msvideo"),
    ("flv", "video/x-flv"),
    ("ts", "video/mp2t"),
    ("m2ts", "video/mp2t"),
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
    ("mka", "audio/x-matroska"),
    ("wma", "audio/x-ms-wma"),
];

/// Endings of the files that go beside a video: its picture and its subtitles.
pub const SIDECARS: [&str; 8] = ["jpg", "jpeg", "png", "webp", "srt", "vtt", "ass", "lrc"];

/// The extension in lower case and the media type of `file`, when its kind is one we publish.
pub fn media_type(file: &Path) -> Option<(&'static str, &'static str)> {
    let extension = file.extension()?.to_str()?;
    MEDIA_TYPES.into_iter().find(|(vetted, _)| vetted.eq_ignore_ascii_case(extension))
}

/// The name of a video without its extension: `title [id]`.
pub fn base_name(title: Option<&str>, id: &str) -> String {
    let title = clean(title.unwrap_or_default(), TITLE_BYTES);
    let title = if title.is_empty() { SINGLE_VIDEO } else { &title };
    let id: String =
        id.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).take(ID_CHARS).collect();
    if id.is_empty() { title.to_owned() } else { format!("{title} [{id}]") }
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
            plex: None,
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
            "",
        ] {
            for name in [collection_folder(Some(hostile)), base_name(Some(hostile), hostile)] {
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
        for (title, folder) in [
            (None, "Videos"),
            (Some(" .. "), "Videos"),
            (Some("Summer / 2026."), "Summer - 2026"),
            (Some("evil\u{202e}gpm"), "evilgpm"),
            (Some("many   spaces\nand lines"), "many spaces and lines"),
            (Some("nul"), "nul_"),
        ] {
            assert_eq!(collection_folder(title), folder);
        }
        assert_eq!(base_name(Some("Zoë: a \"film\""), "abc-1"), "Zoë- a -film- [abc-1]");
        assert_eq!(base_name(None, "https://x/y"), "Video [httpsxy]");
        assert_eq!(base_name(Some("nul"), ""), "nul_");
        assert!(collection_folder(Some(&"長い".repeat(150))).len() <= FOLDER_BYTES);
    }

    #[test]
    fn the_longest_name_fits_with_its_number_and_its_subtitles() {
        let base = base_name(Some(&"長い".repeat(150)), &"x".repeat(300));
        let second = target("ana", "Videos", &base, "zh-Hans.srt", 99);

        assert!(second.rsplit('/').next().is_some_and(|name| name.len() <= 255 - 32), "{second}");
        assert!(second.ends_with("] (99).zh-Hans.srt"));
    }

    #[test]
    fn only_media_is_published() {
        assert_eq!(media_type(Path::new("a/b.MP4")), Some(("mp4", "video/mp4")));
        for file in ["b.unknown_video", "b.html", "b.desktop", "b.exe", "b", ".mp4", "b.json"] {
            assert_eq!(media_type(Path::new(file)), None, "{file} would be published");
        }
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
}

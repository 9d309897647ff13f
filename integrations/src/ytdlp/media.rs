//! Which files are media: everything else that a link turned out to be is refused.
//!
//! yt-dlp saves any text it is pointed at as a "video" (contracts/yt-dlp.md A7), and vulnerable
//! players and desktops run what is called `.desktop` or `.url` (trust row 75).

use std::fs::symlink_metadata;
use std::path::{Path, PathBuf};

/// Extensions of video and audio.
const MEDIA: [&str; 25] = [
    "mp4", "m4v", "mkv", "webm", "mov", "avi", "flv", "mpg", "mpeg", "ts", "m2ts", "3gp", "ogv", "wmv",
    "mp3", "m4a", "m4b", "mka", "aac", "ogg", "oga", "opus", "flac", "wav", "wma",
];

/// Extensions of thumbnails and subtitles.
const SIDECARS: [&str; 7] = ["jpg", "jpeg", "png", "webp", "srt", "vtt", "ass"];

/// Whether a file with this extension, in lower case, may be published as video or audio.
pub(crate) fn is_media(extension: &str) -> bool {
    MEDIA.contains(&extension)
}

/// The size of `file` in bytes, if it is a plain file that is not empty and lies in `folder`
/// itself; otherwise what is wrong with it.
pub(crate) fn measure(file: &Path, folder: &Path) -> Result<u64, &'static str> {
    if file.parent() != Some(folder) {
        return Err("the file is outside of the folder of the job");
    }
    match symlink_metadata(file) {
        Err(_) => Err("the file is not there"),
        Ok(data) if !data.file_type().is_file() => Err("it is no plain file"),
        Ok(data) if data.len() == 0 => Err("the file is empty"),
        Ok(data) => Ok(data.len()),
    }
}

/// The thumbnail and subtitles beside `file`, each with what follows the common name: `jpg`,
/// `en.vtt`. Pictures that are none are left out.
pub(crate) fn sidecars(file: &Path, folder: &Path) -> Vec<(PathBuf, String)> {
    let Some(stem) = file.file_stem().and_then(|stem| stem.to_str()) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<(PathBuf, String)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let ending = name.strip_prefix(stem)?.strip_prefix('.')?;
            let extension = ending.rsplit('.').next()?;
            let path = entry.path();
            let wanted = SIDECARS.contains(&extension)
                && measure(&path, folder).is_ok()
                && is_what_it_says(&path, extension);
            wanted.then(|| (path, ending.to_owned()))
        })
        .collect();
    found.sort();
    found
}

/// Whether the first bytes of a picture are those of its kind; text is not looked at.
fn is_what_it_says(path: &Path, extension: &str) -> bool {
    let mut start = [0; 12];
    let read = std::fs::File::open(path)
        .and_then(|mut file| std::io::Read::read(&mut file, &mut start))
        .unwrap_or_default();
    let start = &start[..read];
    match extension {
        "jpg" | "jpeg" => start.starts_with(b"\xff\xd8\xff"),
        "png" => start.starts_with(b"\x89PNG\r\n\x1a\n"),
        "webp" => start.starts_with(b"RIFF") && start.ends_with(b"WEBP"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_file_with_something_in_it_counts() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        std::fs::write(folder.join("full.mp4"), "x").unwrap();
        std::fs::write(folder.join("empty.mp4"), "").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.join("link.mp4")).unwrap();

        assert_eq!(measure(&folder.join("full.mp4"), folder), Ok(1));
        for wrong in ["empty.mp4", "link.mp4", "missing.mp4", "../passwd", "sub/x.mp4"] {
            assert!(measure(&folder.join(wrong), folder).is_err(), "{wrong} was accepted");
        }
    }

    #[test]
    fn sidecars_share_the_name_and_are_what_they_say() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for (name, bytes) in [
            ("00001-a.mp4", &b"video"[..]),
            ("00001-a.jpg", b"\xff\xd8\xff\xe0"),
            ("00001-a.webp", b"<html>no picture"),
            ("00001-a.en.vtt", b"WEBVTT"),
            ("00001-a.desktop", b"[Desktop Entry]"),
            ("00002-b.jpg", b"\xff\xd8\xff\xe0"),
        ] {
            std::fs::write(folder.join(name), bytes).unwrap();
        }

        let endings: Vec<String> =
            sidecars(&folder.join("00001-a.mp4"), folder).into_iter().map(|(_, ending)| ending).collect();

        assert_eq!(endings, ["en.vtt", "jpg"]);
    }
}

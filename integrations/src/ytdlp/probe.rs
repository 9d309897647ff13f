//! What a look at a link found, read from `yt-dlp -J --flat-playlist` (contracts/yt-dlp.md A2).

use domain::download::FormatId;
use serde::Serialize;
use serde_json::Value;

/// What is behind a link, for the person who chooses what to download of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probe {
    pub title: Option<String>,
    pub kind: ProbeKind,
    /// Videos behind the link: 1 for a video.
    pub entries: u32,
    /// Best first; empty for a playlist, whose videos may differ.
    pub formats: Vec<Format>,
    /// A web address, as the site gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
    /// A broadcast that has not ended; it cannot be downloaded yet.
    pub is_live: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProbeKind {
    Video,
    Playlist,
}

/// One format that the site offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Format {
    /// Can be chosen as [`domain::download::Choice::Format`]; sound is added where it has none.
    pub id: String,
    /// Such as `720p mp4` or `sound only m4a, 128 kbit/s`.
    pub label: String,
    /// Lines of the picture; none for sound.
    pub height: Option<u32>,
    pub ext: String,
    /// Size in bytes, perhaps the site's estimate.
    pub bytes: Option<u64>,
}

/// Formats that are listed at most.
const MAX_FORMATS: usize = 100;
const MAX_TITLE_LETTERS: usize = 300;

impl Probe {
    /// Reads the JSON object that yt-dlp printed; nothing if it is none.
    pub(crate) fn parse(json: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(json).ok().filter(Value::is_object)?;
        let entries = value["entries"].as_array().map_or(0, Vec::len);
        let is_playlist = value["_type"] == "playlist";
        let all = value["playlist_count"].as_u64().unwrap_or(entries as u64);
        Some(Self {
            title: text(&value["title"]),
            kind: if is_playlist { ProbeKind::Playlist } else { ProbeKind::Video },
            entries: if is_playlist { u32::try_from(all).unwrap_or(u32::MAX) } else { 1 },
            formats: if is_playlist { Vec::new() } else { formats(&value) },
            thumbnail: thumbnail(&value),
            duration_s: value["duration"].as_f64().map(|seconds| seconds as u32),
            is_live: value["is_live"] == true,
        })
    }
}

fn formats(value: &Value) -> Vec<Format> {
    let listed = value["formats"].as_array().into_iter().flatten();
    // yt-dlp lists the worst first.
    let mut formats: Vec<Format> = listed.rev().filter_map(format).take(MAX_FORMATS).collect();
    if formats.is_empty() {
        formats.extend(format(value));
    }
    formats
}

/// Nothing for pictures of a time line, and for ids that would be more than an id.
fn format(value: &Value) -> Option<Format> {
    let id = text(&value["format_id"])?;
    id.parse::<FormatId>().ok()?;
    let ext = text(&value["ext"])?;
    let is_none = |codec: &str| value[codec] == "none";
    if ext == "mhtml" || is_none("vcodec") && is_none("acodec") {
        return None;
    }
    let height = value["height"].as_u64().and_then(|height| u32::try_from(height).ok());
    let bytes =
        value["filesize"].as_u64().or_else(|| value["filesize_approx"].as_f64().map(|bytes| bytes as u64));
    let label = match (is_none("vcodec"), height) {
        (true, _) => match value["abr"].as_f64().or_else(|| value["tbr"].as_f64()) {
            Some(rate) if rate > 0.0 => format!("sound only {ext}, {rate:.0} kbit/s"),
            _ => format!("sound only {ext}"),
        },
        (false, Some(height)) => match value["fps"].as_f64() {
            Some(fps) if fps > 30.0 => format!("{height}p{fps:.0} {ext}"),
            _ => format!("{height}p {ext}"),
        },
        (false, None) => ext.clone(),
    };
    Some(Format { id, label, height, ext, bytes })
}

/// The thumbnail of the video, or of the first entry that has one.
fn thumbnail(value: &Value) -> Option<String> {
    let of = |value: &Value| {
        let last = value["thumbnails"].as_array().and_then(|list| list.last());
        let url = text(&value["thumbnail"]).or_else(|| text(&last?["url"]))?;
        (url.starts_with("https://") || url.starts_with("http://")).then_some(url)
    };
    of(value).or_else(|| value["entries"].as_array()?.iter().find_map(of))
}

fn text(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    Some(text.chars().filter(|letter| !letter.is_control()).take(MAX_TITLE_LETTERS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(name: &str) -> Probe {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/yt-dlp");
        Probe::parse(&std::fs::read(folder.join(format!("probe_{name}.json"))).unwrap()).unwrap()
    }

    #[test]
    fn a_page_with_a_video_has_a_title_and_a_picture() {
        let probe = captured("page_html");

        assert_eq!(
            (probe.title.as_deref(), probe.kind, probe.entries),
            (Some("My Local Video (1)"), ProbeKind::Video, 1)
        );
        assert!(probe.thumbnail.is_some());
    }

    #[test]
    fn formats_come_best_first_and_say_what_they_are() {
        let probe = captured("dash_manifest_mpd");

        let labels: Vec<&str> = probe.formats.iter().map(|format| format.label.as_str()).collect();
        assert_eq!(probe.formats.len(), 5);
        assert!(labels[0].starts_with("720p"), "{labels:?}");
        assert!(labels.iter().any(|label| label.starts_with("sound only m4a")), "{labels:?}");
    }

    #[test]
    fn a_feed_is_a_playlist_of_its_entries() {
        let probe = captured("feed_xml_n_5");

        assert_eq!((probe.kind, probe.entries), (ProbeKind::Playlist, 5));
        assert!(probe.formats.is_empty());
        assert_eq!(captured("list_xspf").title, None);
    }

    #[test]
    fn a_plain_file_has_one_format_and_a_broadcast_is_live() {
        assert_eq!(captured("single_mp4").formats.len(), 1);
        assert!(captured("live_index_m3u8").is_live);
    }

    #[test]
    fn what_is_no_object_is_no_probe() {
        for json in ["", "null", "[]", "{", "\"x\""] {
            assert_eq!(Probe::parse(json.as_bytes()), None, "{json}");
        }
    }

    #[test]
    fn hostile_fields_are_left_out() {
        let json = br#"{"title":"a\u0000b","thumbnail":"javascript:x","formats":[
            {"format_id":"--exec","ext":"mp4"},{"format_id":"sb0","ext":"mhtml"},{"format_id":"18","ext":"mp4","height":1e30}]}"#;

        let probe = Probe::parse(json).unwrap();

        assert_eq!((probe.title.as_deref(), probe.thumbnail), (Some("ab"), None));
        assert_eq!(probe.formats.iter().map(|format| format.id.as_str()).collect::<Vec<_>>(), ["18"]);
    }
}

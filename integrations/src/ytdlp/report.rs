//! The JSON lines that our templates make yt-dlp print, read without trusting a field.

use serde_json::Value;

use super::meter::{Stream, Tick};

/// One line that made sense.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Report {
    /// An item was looked at; it may still be passed over.
    Seen {
        item: Item,
        is_live: bool,
        list: List,
    },
    /// Its bytes begin to come.
    Start {
        item: Item,
        title: Option<String>,
        duration_s: Option<u32>,
        extension: String,
        streams: Vec<Stream>,
    },
    Progress {
        item: Item,
        tick: Tick,
        speed: Option<u64>,
        eta_s: Option<u32>,
    },
    Postprocess {
        item: Item,
        name: String,
        is_finished: bool,
    },
    About {
        item: Item,
        description: String,
    },
    Done {
        item: Item,
        title: Option<String>,
        path: String,
        duration_s: Option<u32>,
    },
    PlaylistDone(List),
}

/// Which item a line is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    /// Position in its playlist, from 1; none for a single video.
    pub index: Option<u32>,
    pub id: String,
}

/// What a line says of the playlist.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct List {
    pub title: Option<String>,
    /// How many there are.
    pub all: Option<u32>,
    /// How many of them were asked for.
    pub wanted: Option<u32>,
}

impl Report {
    /// Nothing for whatever is not a line of ours.
    pub fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        if !line.starts_with("{\"ev\":") {
            return None;
        }
        let value: Value = serde_json::from_str(line).ok()?;
        let (info, progress) = (&value["i"], &value["p"]);
        Some(match value["ev"].as_str()? {
            "seen" => Self::Seen {
                item: item(info),
                is_live: info["is_live"].as_bool().unwrap_or(false),
                list: list(info, &info["playlist_title"]),
            },
            "start" => Self::Start {
                item: item(info),
                title: text(&info["title"]),
                duration_s: number(&info["duration"]).and_then(small),
                extension: text(&info["ext"])?.to_ascii_lowercase(),
                streams: streams(info, &value["streams"]),
            },
            "progress" => Self::Progress {
                item: item(&value["info"]),
                tick: tick(&value["info"], progress),
                speed: number(&progress["speed"]),
                eta_s: number(&progress["eta"]).and_then(small),
            },
            "pp" => Self::Postprocess {
                item: item(&value["info"]),
                name: text(&progress["postprocessor"])?,
                is_finished: progress["status"] == "finished",
            },
            "about" => Self::About { item: item(info), description: text(&info["description"])? },
            "done" => Self::Done {
                item: item(info),
                title: text(&info["title"]),
                path: text(&info["filepath"])?,
                duration_s: number(&info["duration"]).and_then(small),
            },
            "playlist_done" => Self::PlaylistDone(list(info, &info["title"])),
            _ => return None,
        })
    }
}

fn item(info: &Value) -> Item {
    let index = number(&info["playlist_index"]).and_then(small).filter(|index| *index > 0);
    Item { index, id: text(&info["id"]).unwrap_or_default() }
}

fn list(info: &Value, title: &Value) -> List {
    let count = |value: &Value| number(value).and_then(small);
    List { title: text(title), all: count(&info["playlist_count"]), wanted: count(&info["n_entries"]) }
}

fn tick(info: &Value, progress: &Value) -> Tick {
    let fragment = number(&progress["fragment_index"]).zip(number(&progress["fragment_count"]));
    Tick {
        stream: text(&info["format_id"]).unwrap_or_default(),
        bytes: number(&progress["downloaded_bytes"]).unwrap_or(0),
        total: number(&progress["total_bytes"]),
        estimate: number(&progress["total_bytes_estimate"]),
        fragment,
        is_finished: progress["status"] == "finished",
    }
}

/// The parts that will be merged, or the one stream that there is.
fn streams(info: &Value, parts: &Value) -> Vec<Stream> {
    let stream = |value: &Value| {
        let bytes = number(&value["filesize"]).or_else(|| number(&value["filesize_approx"]));
        Some(Stream { id: text(&value["format_id"])?, bytes })
    };
    match parts.as_array() {
        Some(parts) if !parts.is_empty() => parts.iter().filter_map(stream).collect(),
        _ => match text(&info["format_id"]) {
            Some(id) if id.contains('+') => {
                id.split('+').map(|part| Stream { id: part.to_owned(), bytes: None }).collect()
            }
            _ => stream(info).into_iter().collect(),
        },
    }
}

/// Numbers come as integers, as floats, or not at all.
fn number(value: &Value) -> Option<u64> {
    let number = value.as_f64()?;
    (0.0..1e15).contains(&number).then_some(number as u64)
}

fn small(number: u64) -> Option<u32> {
    u32::try_from(number).ok()
}

/// A text that is not empty; some sites have numbers as ids.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_line_of_ours_is_ignored() {
        for line in [
            "",
            "NA",
            "WARNING: [generic] Falling back on generic information extractor",
            r#"{"ev":"progress","info":{"id": "x""#,
            r#"{"ev":"explode","i":{}}"#,
            r#"{"ev":["start"]}"#,
            r#"{"ev":"done","i":{"id":"x"}}"#,
            "\u{fffd}\0\u{fffd}",
        ] {
            assert_eq!(Report::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn numbers_of_the_wrong_kind_are_left_out() {
        let line = r#"{"ev":"progress","info":{"id":7,"playlist_index":-1},"p":{"downloaded_bytes":"many","total_bytes":1e300,"speed":-5,"eta":null,"fragment_index":3}}"#;

        let Some(Report::Progress { item, tick, speed, eta_s }) = Report::parse(line) else { panic!() };

        assert_eq!(item, Item { index: None, id: "7".to_owned() });
        assert_eq!(tick, Tick::default());
        assert_eq!((speed, eta_s), (None, None));
    }
}

//! The argument vector of yt-dlp (contracts/yt-dlp.md A1 to A4).
//!
//! One fixed list. What a user chose enters it in three places only: a preset picks constants,
//! a format is an id of vetted letters, and the link is the last argument behind `--`. Options
//! that run, load or write something else (`--exec`, plugins, configuration, cookies, netrc,
//! external downloaders, links) are absent or switched off (trust S-32).
//!
//! The order and the texts also decide whether a stopped download goes on: yt-dlp resumes only
//! under the same paths and formats, so a change here costs running jobs their partial files.

use std::ffi::OsString;
use std::path::Path;

use domain::address::UserUrl;
use domain::download::{Choice, Preset};

use super::JobSpec;

/// Where partial files lie, below the folder of the job.
const PARTS: &str = "parts";

/// Files are called by position and id; the id is reduced to ASCII without separators by
/// `--restrict-filenames`. No metadata is ever the name of a folder: `..` leaves any.
const FILE_NAME: &str = "%(playlist_index|00001)05d-%(id).60B.%(ext)s";

const QUIET_AND_ALONE: [&str; 9] = [
    "--ignore-config",
    "--no-update",
    "--no-plugin-dirs",
    "--no-cache-dir",
    "--color=never",
    "--encoding=utf-8",
    "--no-remote-components",
    "--no-cookies",
    "--no-cookies-from-browser",
];

/// Our own retries come on top, minutes apart, so these may be few.
const PATIENCE: [&str; 6] = [
    "--socket-timeout=20",
    "--retries=3",
    "--fragment-retries=3",
    "--extractor-retries=2",
    // A film with holes is not a success.
    "--abort-on-unavailable-fragments",
    "--concurrent-fragments=4",
];

/// Every line is JSON. Sets of fields (`%(.{a,b})j`) leave out what is missing, where a single
/// field would print a bare `NA`.
const REPORTS: [&str; 19] = [
    "--newline",
    "--progress",
    "--progress-delta",
    "0.25",
    "--progress-template",
    r#"download:{"ev":"progress","info":%(info.{id,format_id,playlist_index})j,"p":%(progress.{status,downloaded_bytes,total_bytes,total_bytes_estimate,speed,eta,fragment_index,fragment_count})j}"#,
    "--progress-template",
    r#"postprocess:{"ev":"pp","info":%(info.{id,playlist_index})j,"p":%(progress.{status,postprocessor})j}"#,
    "--no-simulate",
    "--print",
    r#"pre_process:{"ev":"seen","i":%(.{id,is_live,playlist_index,playlist_count,n_entries,playlist_title})j}"#,
    "--print",
    r#"before_dl:{"ev":"start","i":%(.{id,title,ext,format_id,duration,filesize,filesize_approx,playlist_index})j,"streams":%(requested_formats.:.{format_id,filesize,filesize_approx,tbr}|null)j}"#,
    // A line of its own: a description that is too long for a line is lost alone.
    "--print",
    r#"after_move:{"ev":"about","i":%(.{id,description,playlist_index})j}"#,
    "--print",
    r#"after_move:{"ev":"done","i":%(.{id,title,filepath,duration,playlist_index})j}"#,
    "--print",
    r#"playlist:{"ev":"playlist_done","i":%(.{title,playlist_count,n_entries})j}"#,
];

/// The arguments of a download.
pub fn download(spec: &JobSpec) -> Vec<OsString> {
    let mut list = Arguments::new();
    list.extend(REPORTS);
    list.extend(["--no-playlist", "--playlist-items"]);
    list.push(wanted_items(&spec.skip, spec.limits.items));
    if !spec.limits.live {
        list.push("--match-filters=!is_live");
    }
    if let Some(bytes) = spec.limits.file_bytes {
        list.push(format!("--max-filesize={bytes}"));
    }
    list.extend(["--restrict-filenames", "-P"]);
    list.push(&spec.incoming);
    list.push("-P");
    list.push(prefixed("temp:", &spec.incoming.join(PARTS)));
    list.extend(["-o", FILE_NAME, "-o", "pl_thumbnail:", "-o", "pl_video:"]);
    list.choose(&spec.choice);
    list.finish(&spec.url)
}

/// The arguments of a look at a link, of which at most `entries` are listed.
pub fn probe(url: &UserUrl, entries: u32) -> Vec<OsString> {
    let mut list = Arguments::new();
    list.extend(["--dump-single-json", "--flat-playlist", "--no-playlist", "--playlist-items"]);
    list.push(wanted_items(&[], entries));
    list.finish(url)
}

struct Arguments(Vec<OsString>);

impl Arguments {
    fn new() -> Self {
        let mut list = Self(Vec::with_capacity(64));
        list.extend(QUIET_AND_ALONE);
        list.extend(PATIENCE);
        list
    }

    fn push(&mut self, argument: impl Into<OsString>) {
        self.0.push(argument.into());
    }

    fn extend<'a>(&mut self, arguments: impl IntoIterator<Item = &'a str>) {
        self.0.extend(arguments.into_iter().map(OsString::from));
    }

    fn choose(&mut self, choice: &Choice) {
        match choice {
            Choice::Preset(preset) => {
                self.extend(flags_of(*preset).iter().copied());
                if !matches!(preset, Preset::Mp3 | Preset::M4a) {
                    self.extend(["--write-thumbnail", "--write-subs", "--sub-langs", "all,-live_chat"]);
                }
            }
            // A format may be pictures only; sound is then added.
            Choice::Format(format) if format.as_str().contains('+') => {
                self.push(format!("--format={}", format.as_str()));
            }
            Choice::Format(format) => {
                self.push(format!("--format={0}+ba/{0}", format.as_str()));
            }
        }
    }

    /// `--no-exec` undoes only what came before it, so it is the last option.
    fn finish(mut self, url: &UserUrl) -> Vec<OsString> {
        self.extend(["--no-exec", "--", url.as_str()]);
        self.0
    }
}

/// The presets of contracts/yt-dlp.md A3.
fn flags_of(preset: Preset) -> &'static [&'static str] {
    match preset {
        Preset::Best => &["--format=bv*+ba/b"],
        Preset::Hd1080 => &["--format-sort=res:1080"],
        Preset::Hd720 => &["--format-sort=res:720"],
        Preset::Mp4 => {
            &["--format-sort=vcodec:h264,res,acodec:aac", "--merge-output-format=mp4", "--remux-video=mp4"]
        }
        Preset::Mkv => &["--merge-output-format=mkv", "--remux-video=mkv", "--embed-subs"],
        Preset::Mp3 => &[
            "--extract-audio",
            "--audio-format=mp3",
            "--audio-quality=0",
            "--embed-metadata",
            "--embed-thumbnail",
        ],
        Preset::M4a => &["--format=ba[ext=m4a]/ba/b", "--extract-audio", "--audio-format=m4a"],
    }
}

/// The positions from 1 to `last` without those of `skip`, as `--playlist-items` writes them:
/// `1:2,4,6:100`. Nothing left is `0:0`, which is no position.
fn wanted_items(skip: &[u32], last: u32) -> String {
    let mut gaps: Vec<u32> = skip.iter().copied().filter(|position| (1..=last).contains(position)).collect();
    gaps.sort_unstable();
    gaps.dedup();
    gaps.push(last.saturating_add(1));

    let mut ranges = Vec::new();
    let mut next = 1;
    for gap in gaps {
        match gap - next {
            0 => {}
            1 => ranges.push(next.to_string()),
            _ => ranges.push(format!("{next}:{}", gap - 1)),
        }
        next = gap.saturating_add(1);
    }
    if ranges.is_empty() { "0:0".to_owned() } else { ranges.join(",") }
}

fn prefixed(prefix: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(prefix);
    argument.push(path);
    argument
}

#[cfg(test)]
mod tests {
    use domain::DownloadId;
    use proptest::prelude::*;

    use super::super::Limits;
    use super::*;

    fn spec(url: &str, choice: Choice) -> JobSpec {
        JobSpec {
            id: DownloadId::generate(),
            url: UserUrl::parse(url).unwrap(),
            choice,
            incoming: "/data/incoming/job/3".into(),
            proxy: None,
            skip: vec![],
            limits: Limits::default(),
        }
    }

    fn text(arguments: &[OsString]) -> Vec<&str> {
        arguments.iter().map(|argument| argument.to_str().unwrap()).collect()
    }

    #[test]
    fn the_arguments_are_these() {
        let arguments = download(&spec("https://video.example/watch?v=1", Choice::Preset(Preset::Mp4)));

        let expected = include_str!("../../tests/data/arguments_mp4.txt");
        assert_eq!(text(&arguments).join("\n"), expected.trim_end(), "see tests/data/arguments_mp4.txt");
    }

    #[test]
    fn only_the_link_follows_the_dashes_and_no_exec_is_the_last_option() {
        for choice in
            Preset::ALL.into_iter().map(Choice::Preset).chain([Choice::from_key("format:137").unwrap()])
        {
            let arguments = download(&spec("https://video.example/--exec=touch%20x", choice));
            let arguments = text(&arguments);

            let [.., no_exec, dashes, url] = arguments.as_slice() else { panic!("too few arguments") };
            assert_eq!(
                [*no_exec, *dashes, *url],
                ["--no-exec", "--", "https://video.example/--exec=touch%20x"]
            );
            for banned in ["--exec", "--netrc", "--downloader", "--write-link", "--plugin-dirs", "--cookies"]
            {
                assert!(
                    !arguments[..arguments.len() - 1]
                        .iter()
                        .any(|a| *a == banned || a.starts_with(&format!("{banned}=")))
                );
            }
        }
    }

    #[test]
    fn a_format_is_one_argument_and_gets_sound_where_it_has_none() {
        for (key, argument) in [
            ("format:137", "--format=137+ba/137"),
            ("format:hls-1785", "--format=hls-1785+ba/hls-1785"),
            ("format:137+140", "--format=137+140"),
        ] {
            let arguments = download(&spec("https://video.example/1", Choice::from_key(key).unwrap()));
            assert!(text(&arguments).contains(&argument), "{key}");
        }
    }

    #[test]
    fn the_proxy_and_its_credential_are_not_among_the_arguments() {
        let mut spec = spec("https://video.example/1", Choice::Preset(Preset::Best));
        spec.proxy = Some(domain::Secret::new("http://job:hunter2@127.0.0.1:1"));

        assert!(!text(&download(&spec)).join(" ").contains("hunter2"));
    }

    #[test]
    fn items_that_are_in_the_library_are_not_fetched_again() {
        for (skip, last, expected) in [
            (vec![], 1000, "1:1000"),
            (vec![1], 5, "2:5"),
            (vec![3, 1, 3], 5, "2,4:5"),
            (vec![2, 4], 4, "1,3"),
            (vec![9, 0], 3, "1:3"),
            (vec![1, 2, 3], 3, "0:0"),
            (vec![], 1, "1"),
        ] {
            assert_eq!(wanted_items(&skip, last), expected, "without {skip:?} of {last}");
        }
    }

    proptest! {
        #[test]
        fn ranges_name_every_wanted_item_once(skip in proptest::collection::vec(0u32..40, 0..40), last in 1u32..40) {
            let named: Vec<u32> = wanted_items(&skip, last)
                .split(',')
                .filter(|range| *range != "0:0")
                .flat_map(|range| {
                    let (from, to) = range.split_once(':').unwrap_or((range, range));
                    from.parse::<u32>().unwrap()..=to.parse::<u32>().unwrap()
                })
                .collect();

            let expected: Vec<u32> = (1..=last).filter(|position| !skip.contains(position)).collect();
            prop_assert_eq!(named, expected);
        }
    }
}

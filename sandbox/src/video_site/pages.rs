//! The texts of the video site: pages, lists and subtitles.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) const HLS_LIST: &str = "application/vnd.apple.mpegurl";
pub(crate) const RSS: &str = "application/rss+xml; charset=utf-8";

pub(crate) const SUBTITLES: &str = "WEBVTT\n\n00:00.000 --> 00:02.000\nTest pictures, with a tone.\n";

/// Seconds in a piece of the live stream, and pieces in the film that it repeats.
const LIVE_PIECE_SECONDS: u64 = 2;
const LIVE_FILM_PIECES: u64 = 4;

pub(crate) fn index() -> String {
    let links = [
        ("/watch/clip", "A film on a page of its own"),
        ("/files/small.mp4", "A small file"),
        ("/files/large.mp4", "A larger file"),
        ("/slow/clip.mp4?kbps=100", "A slow file"),
        ("/feed.xml?n=5", "A playlist of five"),
        ("/feed.xml?n=5&bad=3", "A playlist with one entry missing"),
        ("/hls/master.m3u8", "HLS"),
        ("/dash/manifest.mpd", "DASH"),
        ("/live/index.m3u8", "Live"),
        ("/status/404/gone.mp4", "A film that is gone"),
        ("/cut/clip.mp4", "A connection that is cut once"),
        ("/stall/clip.mp4", "A film that stops in the middle"),
        ("/text", "Words"),
    ];
    let items = links.map(|(path, words)| format!("<li><a href=\"{}\">{words}</a>", escape(path))).concat();
    page("Sandbox video site", "", &format!("<h1>Sandbox video site</h1><ul>{items}</ul>"))
}

pub(crate) fn watch(name: &str) -> String {
    let name = escape(name);
    let title = format!("Watching {name}");
    let head = format!(
        "<meta property=\"og:title\" content=\"{title}\">\
         <meta property=\"og:image\" content=\"/poster.jpg\">\
         <meta property=\"og:video\" content=\"/files/{name}.mp4\">"
    );
    let body = format!(
        "<h1>{title}</h1><video controls poster=\"/poster.jpg\" src=\"/files/{name}.mp4\">\
         <track kind=\"subtitles\" srclang=\"en\" label=\"English\" src=\"/subtitles/{name}.vtt\"></video>"
    );
    page(&title, &head, &body)
}

/// An RSS feed of `(title, address)` entries.
pub(crate) fn feed(title: &str, entries: &[(String, String)]) -> String {
    let mut items = String::new();
    for (number, (title, address)) in entries.iter().enumerate() {
        let (title, address, number) = (escape(title), escape(address), number + 1);
        let _ = writeln!(
            items,
            "<item><guid isPermaLink=\"false\">guid-{number:02}</guid><title>{title}</title>\
             <description>Entry {number}</description>\
             <enclosure url=\"{address}\" type=\"video/mp4\" length=\"1\"/></item>"
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>{}</title>\n\
         <link>/</link><description>Test films</description>\n{items}</channel></rss>\n",
        escape(title)
    )
}

/// The live list as it is at this moment: three pieces, and never an end.
pub(crate) fn live_now() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let newest = now.as_secs() / LIVE_PIECE_SECONDS;
    let mut list = format!(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:{LIVE_PIECE_SECONDS}\n#EXT-X-MEDIA-SEQUENCE:{}\n",
        newest - 2
    );
    for number in newest - 2..=newest {
        if number % LIVE_FILM_PIECES == 0 {
            list.push_str("#EXT-X-DISCONTINUITY\n");
        }
        let _ = writeln!(list, "#EXTINF:{LIVE_PIECE_SECONDS}.0,\n{number}.ts");
    }
    list
}

/// The piece of the film behind a piece of the live stream.
pub(crate) fn live_piece(name: &str) -> String {
    let number: u64 = name.trim_end_matches(".ts").parse().unwrap_or(0);
    format!("high-{}.ts", number % LIVE_FILM_PIECES)
}

pub(crate) fn trap_list(neighbour: SocketAddr) -> String {
    format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\nhttp://{neighbour}/secret.ts\n#EXT-X-ENDLIST\n")
}

fn page(title: &str, head: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>{head}{body}</html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

//! A stand-in video site, with everything that the downloader meets out there.
//!
//! | path | what it is |
//! |---|---|
//! | `/` | a page of links to all the others |
//! | `/files/NAME.mp4` | a film with ranges; `small` (0.4 MB), `clip` (1.6 MB), `large` (2.8 MB), and copies under names of their own: `clip-17` |
//! | `/slow/NAME.mp4?kbps=200` | the same at so many kilobytes a second |
//! | `/watch/NAME` | a page with `<video>`, og: tags and subtitles |
//! | `/hls/master.m3u8`, `/dash/manifest.mpd` | streams of two qualities |
//! | `/live/index.m3u8` | a stream that never ends |
//! | `/feed.xml?n=5&bad=3&slow=200&film=small` | a playlist; `bad` lists the entries that are missing |
//! | `/stall/NAME.mp4?after=BYTES` | stops in the middle and never goes on |
//! | `/cut/NAME.mp4?after=BYTES&times=1` | cuts the connection; `times=0`: every time |
//! | `/flaky/NAME.mp4?fails=2&status=503` | fails so often, then works |
//! | `/status/CODE/NAME.mp4?retry_after=3` | answers with that code |
//! | `/noranges/NAME.mp4` | a server that does not resume |
//! | `/text` | plain text that is no video |
//! | `/redirect?to=URL`, `/redirect/private.mp4` | leads elsewhere; the second to the neighbour |
//! | `/trap/feed.xml`, `/trap/hls.m3u8` | lists whose entries lead to the neighbour |
//! | `/_hits`, `POST /_fault` | what was asked how often, and how many bytes were sent; the switch of the whole site |
//!
//! The neighbour is a second server on the same machine that the downloader must never reach:
//! [`VideoSite::neighbour_hits`] counts who did.

mod files;
mod media;
mod pages;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use http::{HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use crate::lock;
use crate::server::{self, Request, Response, Server};
use files::{Delivery, deliver};
use media::Media;

/// What the whole site does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case")]
pub enum Fault {
    #[default]
    None,
    /// Everything answers with this status.
    Status { status: u16 },
    /// Nothing is ever answered.
    Hang,
}

/// A running video site; it ends when this is dropped.
pub struct VideoSite {
    addr: SocketAddr,
    neighbour: Server,
    site: Arc<Site>,
    _server: Server,
}

/// What the requests share.
struct Site {
    media: Media,
    neighbour: SocketAddr,
    fault: Mutex<Fault>,
    hits: Arc<Hits>,
}

/// What each path was asked for.
#[derive(Default)]
struct Hits(Mutex<BTreeMap<String, Arc<Hit>>>);

#[derive(Default)]
struct Hit {
    count: AtomicU64,
    bytes: Arc<AtomicU64>,
}

impl Hits {
    fn of(&self, path: &str) -> Arc<Hit> {
        lock(&self.0).entry(path.to_owned()).or_default().clone()
    }

    /// Counts one more and says how many there were before.
    fn count(&self, path: &str) -> u64 {
        self.of(path).count.fetch_add(1, Ordering::Relaxed)
    }

    fn to_json(&self) -> serde_json::Value {
        let hits = lock(&self.0);
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        hits.iter()
            .map(|(path, hit)| {
                (path.clone(), json!({ "count": read(&hit.count), "bytes": read(&hit.bytes) }))
            })
            .collect()
    }
}

impl VideoSite {
    /// Starts the site on `listen`. Its films are made by ffmpeg in `cache` the first time, which
    /// takes some seconds, and used again after that.
    pub async fn start(cache: &Path, listen: SocketAddr) -> io::Result<Self> {
        let media = Media::prepare(cache).await?;
        let hits = Arc::new(Hits::default());
        let neighbour = start_neighbour(listen, hits.clone()).await?;
        let site = Arc::new(Site { media, neighbour: neighbour.addr, fault: Mutex::default(), hits });
        let answering = site.clone();
        let server = Server::start(
            listen,
            Arc::new(move |request| {
                let site = answering.clone();
                Box::pin(async move { site.answer(request).await })
            }),
        )
        .await?;
        Ok(Self { addr: server.addr, neighbour, site, _server: server })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The absolute address of `path`, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// From now on the whole site behaves like this.
    pub fn set_fault(&self, fault: Fault) {
        *lock(&self.site.fault) = fault;
    }

    /// How often `path`, without its query, was asked for.
    pub fn hits(&self, path: &str) -> u64 {
        self.site.hits.of(path).count.load(Ordering::Relaxed)
    }

    /// How many bytes of films were sent for `path`: who resumes gets each byte once.
    pub fn bytes_sent(&self, path: &str) -> u64 {
        self.site.hits.of(path).bytes.load(Ordering::Relaxed)
    }

    /// Where the server listens that nobody may reach.
    pub fn neighbour(&self) -> SocketAddr {
        self.neighbour.addr
    }

    /// How often it was reached all the same.
    pub fn neighbour_hits(&self) -> u64 {
        self.hits(NEIGHBOUR)
    }
}

/// The neighbour's entry among the hits.
const NEIGHBOUR: &str = "neighbour";

async fn start_neighbour(listen: SocketAddr, hits: Arc<Hits>) -> io::Result<Server> {
    let any_port = SocketAddr::new(listen.ip(), 0);
    Server::start(
        any_port,
        Arc::new(move |_| {
            hits.count(NEIGHBOUR);
            Box::pin(async { server::text(StatusCode::OK, "the neighbour's private page") })
        }),
    )
    .await
}

impl Site {
    async fn answer(&self, request: Request) -> Response {
        let path = request.path.clone();
        let parts = request.segments();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["_fault"] if request.method == Method::POST => return self.switch(&request),
            ["_hits"] => return server::json(&self.hits.to_json()),
            _ => {}
        }

        let asked_before = self.hits.count(&path);
        match *lock(&self.fault) {
            Fault::None => {}
            Fault::Status { status } => return refusal(status, &request),
            Fault::Hang => return server::never(),
        }
        self.serve(&parts, &request, asked_before).await
    }

    async fn serve(&self, parts: &[&str], request: &Request, asked_before: u64) -> Response {
        match *parts {
            [] => server::html(pages::index()),
            ["files", name] => self.film(name, request, Delivery::default()).await,
            ["noranges", name] => {
                self.film(name, request, Delivery { ranges: false, ..Delivery::default() }).await
            }
            ["slow", name] => {
                let speed = Some(request.number("kbps", 200).max(1) * 1000);
                self.film(name, request, Delivery { speed, ..Delivery::default() }).await
            }
            ["stall", name] => {
                let stall_after = Some(request.number("after", 100_000));
                self.film(name, request, Delivery { stall_after, ..Delivery::default() }).await
            }
            ["cut", name] => {
                let times = request.number("times", 1);
                let cut = times == 0 || asked_before < times;
                let cut_after = cut.then(|| request.number("after", 100_000));
                self.film(name, request, Delivery { cut_after, ..Delivery::default() }).await
            }
            ["flaky", name] => {
                if asked_before < request.number("fails", 2) {
                    return refusal(request.number("status", 503) as u16, request);
                }
                self.film(name, request, Delivery::default()).await
            }
            ["status", code, ..] => refusal(code.parse().unwrap_or(500), request),
            ["watch", name] => server::html(pages::watch(name)),
            ["poster.jpg"] => self.file("poster.jpg", "image/jpeg", request).await,
            ["subtitles", _] => server::reply(StatusCode::OK, "text/vtt; charset=utf-8", pages::SUBTITLES),
            ["feed.xml"] => self.feed(request),
            ["hls", name] => {
                let media_type = if name.ends_with(".ts") { "video/mp2t" } else { pages::HLS_LIST };
                self.file(&format!("hls/{name}"), media_type, request).await
            }
            ["dash", name] => {
                let media_type = if name.ends_with(".mpd") { "application/dash+xml" } else { "video/mp4" };
                self.file(&format!("dash/{name}"), media_type, request).await
            }
            ["live", "index.m3u8"] => server::reply(StatusCode::OK, pages::HLS_LIST, pages::live_now()),
            ["live", piece] => {
                self.file(&format!("hls/{}", pages::live_piece(piece)), "video/mp2t", request).await
            }
            ["text"] => server::text(StatusCode::OK, "These are words, not a film.\n"),
            ["redirect"] => match request.query.get("to") {
                Some(to) => server::redirect(to),
                None => refusal(400, request),
            },
            ["redirect", ..] => server::redirect(&format!("http://{}/secret.mp4", self.neighbour)),
            ["trap", "feed.xml"] => {
                let secret = format!("http://{}/secret.mp4", self.neighbour);
                server::reply(
                    StatusCode::OK,
                    pages::RSS,
                    pages::feed("A trap", &[("Secret".to_owned(), secret)]),
                )
            }
            ["trap", "hls.m3u8"] => {
                server::reply(StatusCode::OK, pages::HLS_LIST, pages::trap_list(self.neighbour))
            }
            _ => refusal(404, request),
        }
    }

    async fn film(&self, name: &str, request: &Request, delivery: Delivery) -> Response {
        match self.media.film(name).await {
            Some(bytes) => {
                let sent = self.hits.of(&request.path).bytes.clone();
                deliver(bytes, "video/mp4", request, delivery, sent)
            }
            None => refusal(404, request),
        }
    }

    async fn file(&self, name: &str, media_type: &'static str, request: &Request) -> Response {
        match self.media.read(name).await {
            Some(bytes) => deliver(bytes, media_type, request, Delivery::default(), Arc::default()),
            None => refusal(404, request),
        }
    }

    /// A playlist of `n` entries; the films are named after `tag`, so that two lists have no entry
    /// in common.
    fn feed(&self, request: &Request) -> Response {
        let origin = request.origin(self.neighbour);
        let film = request.query.get("film").map_or("small", String::as_str);
        let tag = request.query.get("tag").map_or("feed", String::as_str);
        let bad: Vec<u64> = request
            .query
            .get("bad")
            .map(|list| list.split(',').filter_map(|number| number.parse().ok()).collect())
            .unwrap_or_default();
        let entries: Vec<(String, String)> = (1..=request.number("n", 5).min(500))
            .map(|number| {
                let file = format!("{film}-{tag}-{number}.mp4");
                let address = match request.query.get("slow") {
                    _ if bad.contains(&number) => format!("{origin}/status/404/{file}"),
                    Some(kbps) => format!("{origin}/slow/{file}?kbps={kbps}"),
                    None => format!("{origin}/files/{file}"),
                };
                (format!("Episode {number}"), address)
            })
            .collect();
        let title = request.query.get("title").map_or("The Sandbox Show", String::as_str);
        server::reply(StatusCode::OK, pages::RSS, pages::feed(title, &entries))
    }

    fn switch(&self, request: &Request) -> Response {
        match serde_json::from_slice(&request.body) {
            Ok(fault) => {
                *lock(&self.fault) = fault;
                server::text(StatusCode::NO_CONTENT, "")
            }
            Err(error) => server::text(StatusCode::BAD_REQUEST, error.to_string()),
        }
    }
}

fn refusal(status: u16, request: &Request) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = server::text(status, format!("{status}\n"));
    if status == StatusCode::TOO_MANY_REQUESTS || request.query.contains_key("retry_after") {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(request.number("retry_after", 3)));
    }
    response
}

//! The files that pages load: embedded in the program, compressed once, named after their content.
//!
//! A name such as `nest.css` becomes `/assets/nest.3f9c2a1b7d04.css`, which may be kept for ever:
//! a new version of the file has a new name. The script is one bundle, because htmx and its
//! extensions as separate files race each other.

use std::borrow::Cow;
use std::io::Write;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

const HTMX: &str = include_str!("../assets/vendor/htmx-4.0.1.min.js");
const HX_SSE: &str = include_str!("../assets/vendor/hx-sse-4.0.1.min.js");
const APP: &str = include_str!("../assets/app.js");
const STYLE: &str = include_str!("../assets/nest.css");
const FONT: &[u8] = include_bytes!("../assets/font/inter.woff2");
const ICON: &[u8] = include_bytes!("../assets/icons/icon.svg");
const ICON_192: &[u8] = include_bytes!("../assets/icons/icon-192.png");
const ICON_512: &[u8] = include_bytes!("../assets/icons/icon-512.png");

/// How long a browser may keep an asset: a year, without asking again.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// One file, ready to be sent.
#[derive(Debug)]
pub struct Asset {
    /// The name in the source tree, such as `nest.css`.
    name: &'static str,
    /// The path below the base path, with the hash.
    url: String,
    media_type: &'static str,
    etag: String,
    body: Bytes,
    /// Absent for what is compressed already.
    gzip: Option<Bytes>,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let font = Asset::new("inter.woff2", "font/woff2", FONT.into());
    let font_name = font.url.rsplit('/').next().unwrap_or_default();
    let style = without_comments(STYLE).replace("inter.woff2", font_name);
    let bundle = [HTMX, HX_SSE, &without_remarks(APP)].join(";\n");
    vec![
        Asset::new("nest.css", "text/css; charset=utf-8", style.into_bytes().into()),
        Asset::new("bundle.js", "text/javascript; charset=utf-8", bundle.into_bytes().into()),
        font,
        Asset::new("icon.svg", "image/svg+xml", ICON.into()),
        Asset::new("icon-192.png", "image/png", ICON_192.into()),
        Asset::new("icon-512.png", "image/png", ICON_512.into()),
    ]
});

/// The path of an asset below the base path, such as `/assets/nest.3f9c2a1b7d04.css`.
///
/// # Panics
///
/// For a name that is not an asset; every name in a template is rendered by a test.
pub fn url(name: &str) -> &'static str {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    &asset.unwrap_or_else(|| panic!("{name} is not an asset")).url
}

/// Compresses everything now, so that the first visitor does not wait for it.
pub fn prepare() {
    LazyLock::force(&ASSETS);
}

/// The answer for a path below the base path; nothing when no asset has that name.
pub fn serve(path: &str, request: &HeaderMap) -> Option<http::Response<Bytes>> {
    let asset = ASSETS.iter().find(|asset| asset.url == path)?;
    Some(asset.answer(request))
}

impl Asset {
    fn new(name: &'static str, media_type: &'static str, body: Cow<'static, [u8]>) -> Self {
        let hash: String = Sha256::digest(&body).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let packed = matches!(ending, "woff2" | "png");
        Self {
            name,
            url: format!("/assets/{stem}.{hash}.{ending}"),
            media_type,
            etag: format!("\"{hash}\""),
            gzip: (!packed).then(|| gzip(&body)),
            body: match body {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => bytes.into(),
            },
        }
    }

    fn answer(&self, request: &HeaderMap) -> http::Response<Bytes> {
        let unchanged = accepts(request, header::IF_NONE_MATCH, &self.etag);
        let packed = self.gzip.as_ref().filter(|_| accepts(request, header::ACCEPT_ENCODING, "gzip"));
        let mut response = http::Response::new(match (unchanged, packed) {
            (true, _) => Bytes::new(),
            (false, Some(packed)) => packed.clone(),
            (false, None) => self.body.clone(),
        });
        if unchanged {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(FOR_EVER));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            headers.insert(header::ETAG, etag);
        }
        if packed.is_some() && !unchanged {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

/// Whether a header that is a list names `wanted`, not with a quality of zero.
fn accepts(request: &HeaderMap, name: header::HeaderName, wanted: &str) -> bool {
    let lines = request.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|entry| {
        let (value, parameters) = entry.split_once(';').unwrap_or((entry, ""));
        let refused = matches!(parameters.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        value.trim().trim_start_matches("W/") == wanted && !refused
    })
}

fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail.
    encoder.write_all(body).and_then(|()| encoder.finish()).map(Bytes::from).unwrap_or_default()
}

/// Our own script without its indentation and the lines that are comments.
fn without_remarks(script: &str) -> String {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The style sheet without its comments and its indentation.
fn without_comments(style: &str) -> String {
    let mut short = String::with_capacity(style.len());
    let mut rest = style;
    while let Some((before, after)) = rest.split_once("/*") {
        short.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    short.push_str(rest);
    let lines = short.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;

//! Pictures and files.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use super::super::library::Item;
use super::items::PORTRAITS;
use super::{Answer, Visit, refusal};
use crate::art::Picture;
use crate::server::{self, Request, Response};

/// No more of a file is answered at once; a client asks for the next range.
const AT_ONCE: u64 = 4 << 20;

/// `/library/metadata/101/thumb/1795361832`; the stamp only makes the address new.
pub(super) fn picture(visit: &Visit<'_>, key: &str, which: &str) -> Answer {
    let item = visit.item(key)?;
    if let Some(own) = beside(&item).filter(|_| which == "thumb") {
        return Ok(jpeg(own));
    }
    Ok(painted(visit, if which == "thumb" { &item.thumb } else { &item.art }))
}

/// The picture that lies beside a video: `film.mp4`, `film.jpg`.
fn beside(item: &Item) -> Option<Bytes> {
    let file = item.file.as_ref()?.real.as_ref()?;
    std::fs::read(file.with_extension("jpg")).ok().map(Bytes::from)
}

/// In the size that `width=` and `height=` ask for.
pub(super) fn painted(visit: &Visit<'_>, picture: &Picture) -> Response {
    let asked = |name: &str| visit.query(name).and_then(|text| text.parse::<u32>().ok());
    match (asked("width"), asked("height")) {
        (Some(width), Some(height)) => jpeg(picture.jpeg_of(width, height)),
        (width, _) => jpeg(picture.jpeg(width.unwrap_or(400))),
    }
}

pub(in super::super) fn jpeg(bytes: Bytes) -> Response {
    let mut response = server::reply(StatusCode::OK, "image/jpeg", bytes);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=2592000"));
    response
}

/// `/photo/:/transcode?url=/library/metadata/101/thumb/1&width=200&height=300`.
pub(super) fn transcode(visit: &Visit<'_>) -> Answer {
    let url = visit.query("url").ok_or(StatusCode::BAD_REQUEST)?;
    if visit.query("width").is_none() || visit.query("height").is_none() {
        return Err(StatusCode::BAD_REQUEST);
    }
    // Nobody else's pictures are fetched.
    if let Some(name) = url.strip_prefix(PORTRAITS) {
        let found = visit.stage.world.picture(name);
        return found.map(|picture| painted(visit, &picture)).ok_or(StatusCode::NOT_FOUND);
    }
    if !url.starts_with('/') {
        return Err(StatusCode::FORBIDDEN);
    }
    let path = url.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts[..] {
        ["library", "metadata", key, which @ ("thumb" | "art"), _] => picture(visit, key, which),
        ["library", "collections", key, "composite", _] => {
            let library = &visit.state.library;
            let found = key.parse().ok().and_then(|key| library.collection_for(visit.member, key));
            let first = found.and_then(|found| library.items.get(found.items.first()?));
            first.map(|item| painted(visit, &item.thumb)).ok_or(StatusCode::NOT_FOUND)
        }
        _ => Err(StatusCode::NOT_FOUND),
    }
}

/// `/library/parts/101/1795361832/file.mkv`, by ranges.
pub(super) fn part(visit: &Visit<'_>, key: &str) -> Answer {
    let item = visit.item(key)?;
    let file = item.file.as_ref().ok_or(StatusCode::NOT_FOUND)?;
    let size = file.size;
    let Some((start, end)) = range(visit.request, size) else {
        let mut response = refusal(StatusCode::RANGE_NOT_SATISFIABLE);
        response.headers_mut().insert(header::CONTENT_RANGE, text(&format!("bytes */{size}")));
        return Ok(response);
    };
    let length = end - start;
    let body = match &file.real {
        Some(path) => read(path, start, length).map_err(|_| StatusCode::NOT_FOUND)?,
        // An invented film is a row of numbers.
        None => (start..end).map(|at| u8::try_from(at % 251).unwrap_or_default()).collect(),
    };
    let is_part = visit.request.headers.contains_key(header::RANGE);
    let status = if is_part { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let media_type = if file.shown.ends_with(".mp4") { "video/mp4" } else { "video/x-matroska" };
    let mut response = server::reply(status, media_type, body);
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if is_part {
        headers.insert(header::CONTENT_RANGE, text(&format!("bytes {start}-{}/{size}", end - 1)));
    }
    Ok(response)
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""))
}

fn read(path: &std::path::Path, start: u64, length: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut body = Vec::new();
    file.take(length).read_to_end(&mut body)?;
    Ok(body)
}

/// From where to where, the end not included. `None`: there is nothing there.
fn range(request: &Request, size: u64) -> Option<(u64, u64)> {
    let asked = request.header(header::RANGE);
    let Some(asked) = asked.strip_prefix("bytes=") else { return Some((0, size)) };
    let (from, to) = asked.split(',').next().unwrap_or_default().split_once('-')?;
    let (start, end) = match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(start), Ok(last)) => (start, last.saturating_add(1)),
        (Ok(start), Err(_)) => (start, size),
        (Err(_), Ok(last)) => (size.saturating_sub(last), size),
        _ => return None,
    };
    let end = end.min(size).min(start.saturating_add(AT_ONCE));
    (start < end).then_some((start, end))
}

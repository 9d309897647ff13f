//! Finished files, whole or in ranges, so that a player can seek.
//!
//! A file is found by its row, never by a path that somebody sends, and is opened step by step
//! below the library without following a link. It is never served as a page.

use std::fs::File;
use std::io::{self, SeekFrom};
use std::path::{Component, Path};
use std::time::UNIX_EPOCH;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use rustix::fs::{Mode, OFlags, openat};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use warp::Reply;

use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Visit};

mod disposition;
mod range;

use range::Wanted;

/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;

#[utoipa::path(
    get, path = "/api/v1/downloads/{id}/files/{n}", tag = "downloads",
    params(("id" = String, Path), ("n" = u32, Path),
        ("inline" = Option<bool>, Query, description = "To be played in the page instead of saved.")),
    responses((status = 200, description = "The file."), (status = 206, description = "The range that was asked for."),
        (status = 416, description = "There is no such range."))
)]
pub(super) async fn serve(app: App, visit: Visit) -> Result<Response, Problem> {
    let user = visit.member()?;
    let found = app.reader.download_file(visit.param("id")?, visit.param("n")?).await?;
    let (_, file) =
        found.filter(|(owner, _)| *owner == user.id || user.is_admin()).ok_or_else(Problem::not_found)?;
    let inline = visit.query.parse::<bool>("inline")?.unwrap_or(false);

    let library = app.downloads.folders.library().to_owned();
    let path = file.path.clone();
    let opened = tokio::task::spawn_blocking(move || open_beneath(&library, Path::new(&path))).await;
    let opened = opened.map_err(|_| Problem::internal())?.map_err(|error| {
        tracing::warn!(%error, "could not open a finished file");
        Problem::not_found().with_detail("The file is not in the library any more.")
    })?;
    let headers = headers(&file.name, &file.media_type, &opened, inline)?;
    answer(&visit, opened, headers).await
}

/// A regular file below `folder`; no step of `path` may be a link.
fn open_beneath(folder: &Path, path: &Path) -> io::Result<File> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path leaves the library")),
        }
    }
    let Some((name, folders)) = names.split_last() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path is empty"));
    };
    let step = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut place = rustix::fs::open(folder, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    for folder in folders {
        place = openat(&place, *folder, step, Mode::empty())?;
    }
    // Without NONBLOCK a pipe that somebody put there would keep us waiting.
    let read = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(&place, *name, read, Mode::empty())?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a file")) }
}

/// The headers of the file as it is now.
fn headers(name: &str, media_type: &str, file: &File, inline: bool) -> Result<HeaderMap, Problem> {
    let about = file.metadata().map_err(|_| Problem::not_found())?;
    let changed = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let is_media = ["video/", "audio/"].iter().any(|kind| media_type.starts_with(kind));
    let is_page = media_type.contains("html") || media_type.contains("xml") || media_type.contains("script");
    let media_type = if is_page { "application/octet-stream" } else { media_type };
    let disposition = disposition::header(name, inline && is_media);
    let etag = format!("\"{:x}-{:x}\"", about.len(), changed.as_nanos());

    let mut headers = HeaderMap::new();
    for (name, text) in [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_DISPOSITION, &disposition),
        (header::ETAG, &etag),
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, "private, no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_str(text).map_err(|_| Problem::internal())?);
    }
    Ok(headers)
}

async fn answer(head: &Head, file: File, headers: HeaderMap) -> Result<Response, Problem> {
    let length = file.metadata().map_err(|_| Problem::not_found())?.len();
    let etag = headers.get(header::ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or_default();
    if head
        .header("if-none-match")
        .is_some_and(|known| known == "*" || known.split(", ").any(|known| known == etag))
    {
        return Ok(empty(StatusCode::NOT_MODIFIED, headers));
    }
    // A range of another version of the file would be a piece that does not fit.
    let same = head.header("if-range").is_none_or(|wanted| wanted == etag);
    let wanted = head.header("range").filter(|_| same).map_or(Wanted::All, |text| range::parse(text, length));

    let (status, start, count) = match wanted {
        Wanted::All => (StatusCode::OK, 0, length),
        Wanted::Part { start, end } => (StatusCode::PARTIAL_CONTENT, start, end - start + 1),
        Wanted::Impossible => {
            let mut response = empty(StatusCode::RANGE_NOT_SATISFIABLE, headers);
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{length}"));
            return Ok(response);
        }
    };
    let mut file = tokio::fs::File::from_std(file);
    file.seek(SeekFrom::Start(start)).await.map_err(|_| Problem::internal())?;
    let bytes = ReaderStream::with_capacity(file.take(count), CHUNK);
    let mut response = warp::reply::stream(bytes).into_response();
    *response.status_mut() = status;
    response.headers_mut().extend(headers);
    set(&mut response, header::CONTENT_LENGTH, &count.to_string());
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {start}-{}/{length}", start + count - 1);
        set(&mut response, header::CONTENT_RANGE, &range);
    }
    Ok(response)
}

fn empty(status: StatusCode, headers: HeaderMap) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn set(response: &mut Response, name: header::HeaderName, text: &str) {
    let value = HeaderValue::from_str(text).expect("digits and a few signs are a header value");
    response.headers_mut().insert(name, value);
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_outside_the_library_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("library");
        std::fs::create_dir_all(library.join("ana/Videos")).unwrap();
        std::fs::write(library.join("ana/Videos/a.mp4"), "a").unwrap();
        std::fs::write(folder.path().join("secret.key"), "canary").unwrap();
        symlink(folder.path(), library.join("out")).unwrap();
        symlink(folder.path().join("secret.key"), library.join("ana/link.mp4")).unwrap();

        assert!(open_beneath(&library, Path::new("ana/Videos/a.mp4")).is_ok());
        for path in [
            "../secret.key",
            "ana/../../secret.key",
            "out/secret.key",
            "ana/link.mp4",
            "/etc/passwd",
            "",
            ".",
            "ana",
            "ana/Videos",
            "ana/Videos/none.mp4",
        ] {
            let whole = folder.path().join("secret.key");
            let path = if path == "/etc/passwd" { whole.as_path() } else { Path::new(path) };
            assert!(open_beneath(&library, path).is_err(), "{path:?} was opened");
        }
    }
}

//! Posters, art and faces, from our own disk; the browser never sees where they come from.

use domain::picture::Picture;
use http::{HeaderValue, StatusCode, header};

use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, get, with_header};
use crate::views::placeholder::Placeholder;

/// An address holds what it always held: other art has another address.
const FOR_EVER: &str = "private, max-age=31536000, immutable";

pub fn routes() -> Vec<Route> {
    vec![
        get("/images/tmdb/:size/:file").unmetered().then(show),
        get("/images/plex/:size/:of/:key/:what/:stamp").unmetered().then(show),
    ]
}

async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let name = visit.path.strip_prefix("/images/").unwrap_or_default();
    let picture = Picture::parse(name).ok_or_else(Problem::not_found)?;
    if !app.pictures.is_known(&picture, visit.query.get("k").as_deref()) {
        return Err(Problem::not_found());
    }
    let etag = format!("\"{}\"", name.replace('/', "-"));
    if visit.header("if-none-match").is_some_and(|known| known == etag) {
        let mut unchanged = Response::default();
        *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(kept_for_ever(unchanged, &etag));
    }
    match app.pictures.get(picture.clone()).await {
        Ok(kept) => {
            let mut response = Response::new(kept.bytes.into());
            let media_type = HeaderValue::from_static(kept.kind.media_type());
            response.headers_mut().insert(header::CONTENT_TYPE, media_type);
            Ok(kept_for_ever(response, &etag))
        }
        Err(why) => {
            tracing::debug!(%picture, %why, "no picture");
            placeholder(&visit, &picture)
        }
    }
}

fn kept_for_ever(response: Response, etag: &str) -> Response {
    let response = with_header(response, header::CACHE_CONTROL, FOR_EVER);
    with_header(response, header::ETAG, etag)
}

/// Art that stands in, and that nobody keeps. On a page there is generated art with the title
/// below the picture already, so what a page gets lets that one through.
fn placeholder(head: &Head, picture: &Picture) -> Result<Response, Problem> {
    let on_page = head.header("sec-fetch-dest") == Some("image");
    let mut response = super::page(&Placeholder::new(picture, !on_page))?;
    let svg = HeaderValue::from_static("image/svg+xml");
    response.headers_mut().insert(header::CONTENT_TYPE, svg);
    Ok(with_header(response, header::HeaderName::from_static("x-placeholder"), "yes"))
}

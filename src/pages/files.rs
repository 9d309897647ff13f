//! What pages load: assets under names made of their content, and the manifest.

use http::HeaderValue;
use http::header;
use serde_json::json;

use crate::app::App;
use crate::assets;
use crate::problem::Problem;
use crate::route::{Response, Route, Visit, get};

pub fn routes() -> Vec<Route> {
    vec![get("/assets/:file").public().then(asset), get("/manifest.webmanifest").public().then(manifest)]
}

async fn asset(_app: App, visit: Visit) -> Result<Response, Problem> {
    let answer = assets::serve(&visit.path, &visit.headers).ok_or_else(Problem::not_found)?;
    Ok(answer.map(Into::into))
}

/// What makes the portal an app on a home screen.
async fn manifest(_app: App, visit: Visit) -> Result<Response, Problem> {
    let icon = |name: &str, sizes: &str, kind: &str, purpose: &str| json!({ "src": visit.link(assets::url(name)), "sizes": sizes, "type": kind, "purpose": purpose });
    let manifest = json!({
        "name": "MediaNest",
        "short_name": "MediaNest",
        "id": visit.link("/"),
        "start_url": visit.link("/"),
        "scope": visit.link("/"),
        "display": "standalone",
        "background_color": "#0b0d16",
        "theme_color": "#0b0d16",
        "icons": [
            icon("icon.svg", "any", "image/svg+xml", "any"),
            icon("icon-192.png", "192x192", "image/png", "any maskable"),
            icon("icon-512.png", "512x512", "image/png", "any maskable"),
        ],
    });
    let mut response = Response::new(manifest.to_string().into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/manifest+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    Ok(response)
}

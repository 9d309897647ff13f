//! What each fault does to an answer.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Full};

use super::{FOREVER, Kind};
use crate::server::{self, Handler, Request, Response};

/// A web page where a document was expected.
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head>\
    <body><h1>Welcome</h1><p>Please accept the terms to go on.</p></body></html>\n";

const BLANKS: &[u8] = &[b' '; 64 * 1024];

pub(super) async fn apply(kind: Kind, request: Request, handler: &Handler) -> Response {
    match kind {
        Kind::Status { status } => refusal(status),
        Kind::TooMany { retry_after } => {
            let mut response = refusal(StatusCode::TOO_MANY_REQUESTS.as_u16());
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
            response
        }
        Kind::Delay { ms } => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            handler(request).await
        }
        Kind::Hang => {
            tokio::time::sleep(FOREVER).await;
            refusal(StatusCode::GATEWAY_TIMEOUT.as_u16())
        }
        Kind::Html => server::html(PAGE),
        Kind::Reset => server::reset(),
        Kind::Huge { bytes } => huge(handler(request).await, bytes),
        Kind::Truncate { after } => {
            let mut promised = 0;
            let keep = |body: Bytes| {
                promised = body.len();
                cut(body, after)
            };
            let mut response = with_body(handler(request).await, keep).await;
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(promised));
            response
        }
        Kind::Drip { ms } => with_body(handler(request).await, |body| drip(body, ms)).await,
        Kind::Garbage => {
            let garble = |body: Bytes| body.iter().map(|byte| byte ^ 0x55).collect::<Vec<u8>>();
            with_body(handler(request).await, |body| whole(garble(body))).await
        }
        Kind::Charset => {
            let mut response =
                with_body(handler(request).await, |body| whole([&[0xff, 0xfe, 0xfd], &*body].concat())).await;
            let media_type =
                response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let bare = media_type.and_then(|value| value.split(';').next()).unwrap_or("application/json");
            if let Ok(called) = HeaderValue::from_str(&format!("{bare}; charset=utf-16")) {
                response.headers_mut().insert(header::CONTENT_TYPE, called);
            }
            response
        }
    }
}

fn refusal(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    server::text(status, format!("{status}\n"))
}

/// The same answer around another body.
async fn with_body(response: Response, change: impl FnOnce(Bytes) -> server::Body) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = body.collect().await.map(|collected| collected.to_bytes()).unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, change(body))
}

fn whole(body: Vec<u8>) -> server::Body {
    Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed()
}

/// The first bytes, and then the connection ends.
fn cut(body: Bytes, after: usize) -> server::Body {
    let first = body.slice(..after.min(body.len()));
    let end = stream::once(async {
        // Without a pause the server would drop what it has not sent yet, headers and all.
        tokio::time::sleep(Duration::from_millis(30)).await;
        Err(io::Error::other("cut on purpose"))
    });
    server::pieces(stream::once(async { Ok(first) }).chain(end))
}

fn drip(body: Bytes, ms: u64) -> server::Body {
    server::pieces(stream::unfold(body, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(ms)).await;
        let byte = rest.split_to(1);
        Some((Ok(byte), rest))
    }))
}

/// Blanks are allowed before any document, so only a limit on its size ends it.
fn huge(response: Response, bytes: u64) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.status = StatusCode::OK;
    let blanks = BytesMut::from(BLANKS).freeze();
    let body = stream::unfold(bytes, move |left| {
        let piece = blanks.slice(..left.min(BLANKS.len() as u64) as usize);
        async move { (left > 0).then(|| (Ok(piece.clone()), left - piece.len() as u64)) }
    });
    Response::from_parts(parts, server::pieces(body))
}

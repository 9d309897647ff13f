//! How a file travels: whole or in ranges, at a speed, and broken off in the ways that happen.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Method, StatusCode, header};

use crate::server::{self, Request, Response};

/// Bytes per piece: small enough that a slow file moves evenly.
const PIECE: usize = 16 * 1024;

/// How to send a file. Positions count from the start of the file, also within a range.
#[derive(Clone, Copy)]
pub(crate) struct Delivery {
    /// Whether Range is honoured.
    pub ranges: bool,
    /// Bytes a second; no limit when absent.
    pub speed: Option<u64>,
    /// Stops sending after so many bytes of this answer and keeps the connection.
    pub stall_after: Option<u64>,
    /// Closes the connection after so many bytes of this answer.
    pub cut_after: Option<u64>,
}

impl Default for Delivery {
    fn default() -> Self {
        Self { ranges: true, speed: None, stall_after: None, cut_after: None }
    }
}

/// The answer with `file`; `sent` counts the bytes that leave.
pub(crate) fn deliver(
    file: Bytes,
    media_type: &'static str,
    request: &Request,
    delivery: Delivery,
    sent: Arc<AtomicU64>,
) -> Response {
    let total = file.len() as u64;
    let asked = request.headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let range = match asked.filter(|_| delivery.ranges).map(|range| parse_range(range, total)) {
        None => None,
        Some(Some(range)) => Some(range),
        Some(None) => {
            let mut response = server::text(StatusCode::RANGE_NOT_SATISFIABLE, "");
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{total}"));
            return response;
        }
    };

    let (first, last) = range.unwrap_or((0, total.saturating_sub(1)));
    let body = if total == 0 { Bytes::new() } else { file.slice(first as usize..=last as usize) };
    let length = body.len();
    let mut response = match request.method {
        Method::HEAD => server::reply(StatusCode::OK, media_type, Bytes::new()),
        _ => server::stream(media_type, pieces(body, delivery, sent)),
    };
    set(&mut response, header::CONTENT_LENGTH, &length.to_string());
    if delivery.ranges {
        set(&mut response, header::ACCEPT_RANGES, "bytes");
    }
    if range.is_some() {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        set(&mut response, header::CONTENT_RANGE, &format!("bytes {first}-{last}/{total}"));
    }
    response
}

fn pieces(
    body: Bytes,
    delivery: Delivery,
    counter: Arc<AtomicU64>,
) -> impl futures_util::Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
    let pause = delivery.speed.map(|speed| Duration::from_secs_f64(PIECE as f64 / speed as f64));
    stream::unfold(0, move |sent| {
        let rest = body.slice(sent.min(body.len())..);
        let counter = counter.clone();
        async move {
            let is_over = |limit: Option<u64>| limit.is_some_and(|limit| sent as u64 >= limit);
            if rest.is_empty() {
                return None;
            }
            if is_over(delivery.cut_after) {
                // What was sent so far must leave our buffers before the connection breaks.
                tokio::time::sleep(Duration::from_millis(50)).await;
                return Some((Err(io::Error::other("cut on purpose")), usize::MAX));
            }
            if is_over(delivery.stall_after) {
                std::future::pending::<()>().await;
            }
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
            let piece = rest.slice(..rest.len().min(PIECE));
            counter.fetch_add(piece.len() as u64, Ordering::Relaxed);
            let sent = sent + piece.len();
            Some((Ok(piece), sent))
        }
    })
}

/// The first and last byte of `bytes=a-b`, `bytes=a-` or `bytes=-n`; nothing if it lies outside.
fn parse_range(range: &str, total: u64) -> Option<(u64, u64)> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let end = total.checked_sub(1)?;
    let (first, last) = match (from, to) {
        ("", count) => (total.saturating_sub(count.parse().ok()?), end),
        (from, "") => (from.parse().ok()?, end),
        (from, to) => (from.parse().ok()?, to.parse::<u64>().ok()?.min(end)),
    };
    (first <= last).then_some((first, last))
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_writes_them() {
        for (text, expected) in [
            ("bytes=0-9", Some((0, 9))),
            ("bytes=90-", Some((90, 99))),
            ("bytes=90-500", Some((90, 99))),
            ("bytes=-10", Some((90, 99))),
            ("bytes=100-", None),
            ("bytes=9-3", None),
            ("lines=0-9", None),
        ] {
            assert_eq!(parse_range(text, 100), expected, "{text}");
        }
    }
}

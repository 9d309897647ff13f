//! A small HTTP/1.1 server under the stand-ins: one plain async function answers everything.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http::header::{self, AsHeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

mod socket;

use socket::Socket;

/// Longer request bodies than this are cut off; the switches need a few dozen bytes.
const LONGEST_BODY: usize = 64 * 1024;

pub(crate) type Body = BoxBody<Bytes, io::Error>;
pub(crate) type Response = http::Response<Body>;
pub(crate) type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;
pub(crate) type Handler = Arc<dyn Fn(Request) -> Answering + Send + Sync>;

/// A request as the stand-ins look at it.
pub(crate) struct Request {
    pub method: Method,
    pub path: String,
    /// The query as a browser's form means it: `+` is a space.
    pub query: BTreeMap<String, String>,
    /// The query as it came, without its question mark.
    pub raw_query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The connection itself, for whom a 101 is answered.
    pub upgrade: Option<OnUpgrade>,
}

impl Request {
    /// The number given as `?name=`, or `otherwise`.
    pub fn number(&self, name: &str, otherwise: u64) -> u64 {
        self.query.get(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    }

    /// A header's text, or nothing when it is missing or no text.
    pub fn header(&self, name: impl AsHeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The parts of the path: `["files", "clip.mp4"]`.
    pub fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// The address under which the client sees us, for absolute links.
    pub fn origin(&self, own: SocketAddr) -> String {
        match self.header(header::HOST) {
            "" => format!("http://{own}"),
            host => format!("http://{host}"),
        }
    }
}

/// A listening server; it and its connections end when this is dropped.
pub(crate) struct Server {
    pub addr: SocketAddr,
    accepting: JoinSet<()>,
}

impl Server {
    pub async fn start(listen: SocketAddr, handler: Handler) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, handler));
        Ok(Self { addr, accepting })
    }

    /// Closes the listening socket and every connection: from now on connections are refused.
    pub async fn close(&mut self) {
        self.accepting.shutdown().await;
    }
}

async fn accept(listener: TcpListener, handler: Handler) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, handler.clone()));
                }
                // Out of file descriptors, most likely: give the others time to end.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, handler: Handler) {
    // Small answers must not wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let socket = Socket::new(stream, reset.clone());
    let service = service_fn(move |request| {
        let handler = handler.clone();
        let reset = reset.clone();
        async move {
            let response = handler(read(request).await).await;
            if response.extensions().get::<Reset>().is_some() {
                reset.store(true, Ordering::Relaxed);
                return Err(io::Error::from(io::ErrorKind::ConnectionReset));
            }
            Ok(response)
        }
    });
    // An error here is a client that went away or an answer that was cut on purpose.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades()
        .await;
}

async fn read(mut request: hyper::Request<Incoming>) -> Request {
    let wants_upgrade = request.headers().contains_key(header::UPGRADE);
    let upgrade = wants_upgrade.then(|| hyper::upgrade::on(&mut request));
    let (parts, body) = request.into_parts();
    let raw_query = parts.uri.query().unwrap_or_default().to_owned();
    let body = Limited::new(body, LONGEST_BODY).collect().await;
    Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: url::form_urlencoded::parse(raw_query.as_bytes()).into_owned().collect(),
        raw_query,
        headers: parts.headers,
        upgrade,
        body: body.map(|collected| collected.to_bytes()).unwrap_or_default(),
    }
}

/// An answer with a whole body.
pub(crate) fn reply(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Response {
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed();
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// An answer whose body comes piece by piece; an error in the stream cuts the connection.
pub(crate) fn stream(
    media_type: &'static str,
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
) -> Response {
    let mut response = http::Response::new(self::pieces(pieces));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// A body that comes piece by piece; an error in the stream cuts the connection.
pub(crate) fn pieces(pieces: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static) -> Body {
    BodyExt::boxed(StreamBody::new(pieces.map_ok(Frame::data)))
}

/// Marks an answer that is none.
#[derive(Clone)]
struct Reset;

/// Not an answer: the connection is reset instead.
pub(crate) fn reset() -> Response {
    let mut response = text(StatusCode::BAD_GATEWAY, "");
    response.extensions_mut().insert(Reset);
    response
}

pub(crate) fn text(status: StatusCode, body: impl Into<Bytes>) -> Response {
    reply(status, "text/plain; charset=utf-8", body)
}

pub(crate) fn html(body: impl Into<Bytes>) -> Response {
    reply(StatusCode::OK, "text/html; charset=utf-8", body)
}

pub(crate) fn json(value: &serde_json::Value) -> Response {
    json_as(StatusCode::OK, value)
}

pub(crate) fn json_as(status: StatusCode, value: &serde_json::Value) -> Response {
    reply(status, "application/json; charset=utf-8", value.to_string())
}

pub(crate) fn redirect(to: &str) -> Response {
    let mut response = text(StatusCode::FOUND, "");
    if let Ok(location) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// An answer that promises a body and never sends it.
pub(crate) fn never() -> Response {
    stream("application/octet-stream", futures_util::stream::pending())
}

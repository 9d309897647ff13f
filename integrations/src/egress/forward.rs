//! Plain http: one request, to the host that it names, and its answer streamed back.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use domain::address::Refusal;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Request, Response, Uri, Version};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Inner;
use super::connection::Body;
use super::target::{self, NoConnection};

/// How long a host may take to begin its answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Headers that are for the next hop only (RFC 9110, 7.6.1).
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Sends a request in absolute form on. The connection to the host is used once.
pub(super) async fn send(
    inner: &Arc<Inner>,
    request: Request<Incoming>,
) -> Result<Response<Body>, NoConnection> {
    let scheme = request.uri().scheme_str().unwrap_or_default().to_owned();
    if scheme != "http" {
        return Err(NoConnection::Refused(Refusal::Scheme(scheme)));
    }
    let target = target::of(request.uri(), Some(80)).ok_or(NoConnection::Refused(Refusal::NotAnAddress))?;
    let request = rewrite(request).ok_or(NoConnection::Refused(Refusal::NotAnAddress))?;
    let request = request.map(|body| Counted { body, inner: inner.clone(), sent: true, _driver: None });

    let stream = target::connect(inner, &target).await?;
    let broken = |_| NoConnection::Unreachable("the host broke off the connection");
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(64 * 1024)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        // What goes wrong here also ends the body, which the client sees.
        let _ = connection.await;
    });
    let answer = timeout(ANSWER_TIMEOUT, sender.send_request(request)).await;
    let mut answer = answer.map_err(|_| NoConnection::TimedOut)?.map_err(broken)?;
    strip(answer.headers_mut());
    *answer.version_mut() = Version::HTTP_11;
    Ok(answer.map(|body| Counted { body, inner: inner.clone(), sent: false, _driver: Some(driver) }.boxed()))
}

/// From the form for a proxy to the form for the host.
fn rewrite(mut request: Request<Incoming>) -> Option<Request<Incoming>> {
    let authority = request.uri().authority()?.as_str().to_owned();
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    *request.uri_mut() = path.parse::<Uri>().ok()?;
    *request.version_mut() = Version::HTTP_11;
    let headers = request.headers_mut();
    strip(headers);
    headers.remove(header::EXPECT);
    // The address decides, whatever the client wrote here.
    headers.insert(header::HOST, HeaderValue::from_str(&authority).ok()?);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    Some(request)
}

/// Removes what is for this hop only, and what the `Connection` header names.
fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

/// A body whose bytes are counted, and that keeps the connection to the host going.
struct Counted {
    body: Incoming,
    inner: Arc<Inner>,
    sent: bool,
    _driver: Option<JoinSet<()>>,
}

impl Counted {
    fn counter(&self) -> &AtomicU64 {
        if self.sent { &self.inner.tally.sent } else { &self.inner.tally.received }
    }
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.counter().fetch_add(data.len() as u64, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

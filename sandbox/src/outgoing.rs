//! The webhooks that the stand-ins send: one attempt over a connection of its own, and no retry.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// More of an answer than this is not read.
const LONGEST_ANSWER: usize = 64 * 1024;

/// A request that somebody is sent.
pub(crate) struct Outgoing {
    pub method: Method,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// The status with which it was answered within `deadline`.
pub(crate) async fn send(outgoing: Outgoing, deadline: Duration) -> io::Result<StatusCode> {
    tokio::time::timeout(deadline, attempt(outgoing))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn attempt(outgoing: Outgoing) -> io::Result<StatusCode> {
    let uri: Uri = outgoing.url.parse().map_err(io::Error::other)?;
    let authority = uri.authority().ok_or_else(|| io::Error::other("the webhook has no host"))?;
    let address = (authority.host(), authority.port_u16().unwrap_or(80));
    let stream = TcpStream::connect(address).await?;
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(io::Error::other)?;
    // The connection ends with this set, at the latest when we return.
    let mut driving = JoinSet::new();
    driving.spawn(connection);

    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = http::Request::builder()
        .method(outgoing.method)
        .uri(path)
        .header(header::HOST, authority.as_str())
        .header(header::ACCEPT, "application/json, text/plain, */*");
    for (name, value) in &outgoing.headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(outgoing.body)).map_err(io::Error::other)?;
    let answer = sender.send_request(request).await.map_err(io::Error::other)?;
    let status = answer.status();
    // Whoever answers wants to see the answer taken.
    let _ = Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await;
    Ok(status)
}

//! Our own hyper loop around the warp filter.
//!
//!     accept -> permit -> TCP_NODELAY -> http/1.1 (10 s for the head) -> compression -> warp
//!
//! It outlives what warp's own server does not: a request head that never ends or never begins,
//! one that names no path, more connections than files may be open, a handler that panics, and
//! event streams at shutdown.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use warp::filters::BoxedFilter;

use crate::route::{Peer, Response};

mod compression;

/// How long a request head may take to arrive, and how long a quiet connection is kept.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// How long requests in flight may take to end after the listener closed.
pub const GRACE: Duration = Duration::from_secs(5);
/// Connections at the same time, when the limit on open files allows it.
const MOST_CONNECTIONS: u64 = 10_000;

/// Serves `filter` on `listener` until `stop` resolves; then lets requests in flight end.
///
/// The listener belongs to the caller, so that it outlives a restart of whoever runs this.
pub async fn serve(
    listener: Arc<TcpListener>,
    filter: BoxedFilter<(Response,)>,
    stop: impl Future<Output = ()>,
) {
    let permits = Arc::new(Semaphore::new(connection_limit()));
    let ending = CancellationToken::new();
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);

    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &permits) => accepted,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        let (stream, peer, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Too many open files, or a connection that was gone before we took it.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let connection = connection(stream, peer, filter.clone(), ending.clone());
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(permit);
        });
    }

    ending.cancel();
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all_ended).await.is_err() {
        tracing::warn!(still_open = connections.len(), "cut the connections that did not end in time");
    }
    connections.shutdown().await;
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = permits.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}

/// Serves one connection until it ends. After `ending` the request in flight is its last.
async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    filter: BoxedFilter<(Response,)>,
    ending: CancellationToken,
) -> Result<(), hyper::Error> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not set TCP_NODELAY");
    }
    let service = ServiceBuilder::new()
        .map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            if request.uri().path_and_query().is_none() {
                *request.uri_mut() = nowhere();
            }
            request
        })
        // Costs less than the default level, for a fifth more bytes of a page.
        .layer(
            CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(compression::Worthwhile),
        )
        .service(warp::service(filter));
    // Not hyper-util's `auto`: with upgrades it talks HTTP/2 even as `http1_only`, and waits for
    // the first bytes for ever.
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_DEADLINE).max_headers(100);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = std::pin::pin!(connection.with_upgrades());
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = ending.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

/// `CONNECT host:443` and `GET host` name no path, and warp panics when it looks for one. No
/// route lies at `*`.
fn nowhere() -> Uri {
    Uri::from_static("*")
}

/// Half of the files that may be open: the rest is for the store, the downloads and ourselves.
fn connection_limit() -> usize {
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    files.map_or(MOST_CONNECTIONS, |files| (files / 2).clamp(16, MOST_CONNECTIONS)) as usize
}

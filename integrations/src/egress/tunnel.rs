//! CONNECT: bytes in both directions, to a host that the policy allows.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::address::Refusal;
use futures_util::future::BoxFuture;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Inner;
use super::target::{self, NoConnection};

/// Connects to the target of a CONNECT request. The future that is returned does the work,
/// once the request has been answered.
pub(super) async fn open(
    inner: &Arc<Inner>,
    request: Request<Incoming>,
) -> Result<BoxFuture<'static, ()>, NoConnection> {
    let target = target::of(request.uri(), None).ok_or(NoConnection::Refused(Refusal::NotAnAddress))?;
    let host = target::connect(inner, &target).await?;
    let upgrade = hyper::upgrade::on(request);
    let inner = inner.clone();
    Ok(Box::pin(async move {
        let Ok(client) = upgrade.await else { return };
        let (from_client, to_client) = tokio::io::split(TokioIo::new(client));
        let (from_host, to_host) = host.into_split();
        let up = pump(from_client, to_host, &inner.tally.sent);
        let down = pump(from_host, to_client, &inner.tally.received);
        // When one direction breaks, so does the other; when one ends, the other may go on.
        if let Err(error) = tokio::try_join!(up, down) {
            tracing::debug!(%error, "a tunnel of the egress proxy broke");
        }
    }))
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    counter: &AtomicU64,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
        counter.fetch_add(length as u64, Ordering::Relaxed);
    }
}

//! Keeping the lease of a running job, and knowing in time when it may be lost.
//!
//! The lease holds for ten seconds in the store. What counts here is our own clock: a renewal
//! that was answered well holds from before it was sent. Seven seconds after that without
//! another one, the job stops by itself, so nobody else can have begun while it still works.

use std::convert::Infallible;

use store::{Lease, Writer};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Order, give};
use crate::downloads::context::Timing;

/// Renews `lease`, which was asked for at `since`, until it is lost; then orders the work to
/// stop and waits to be dropped.
pub(super) async fn keep(
    writer: &Writer,
    lease: &Lease,
    since: Instant,
    timing: &Timing,
    orders: &watch::Sender<Order>,
) -> Infallible {
    let certain = renew_until_lost(writer, lease, since, timing).await;
    give(orders, Order::Fenced { certain });
    std::future::pending().await
}

/// Returns whether the store said that the lease is lost, rather than nothing in time.
async fn renew_until_lost(writer: &Writer, lease: &Lease, since: Instant, timing: &Timing) -> bool {
    let mut held_since = since;
    loop {
        sleep_until((Instant::now() + timing.renew).min(held_since + timing.fence)).await;
        let asked_at = Instant::now();
        // Also true when the whole process was stopped for a while and has just gone on.
        if asked_at >= held_since + timing.fence {
            return false;
        }
        match timeout_at(held_since + timing.fence, writer.renew_lease(lease, timing.lease)).await {
            Ok(Ok(())) => held_since = asked_at,
            Ok(Err(store::Error::Fenced | store::Error::NotFound(_))) => return true,
            Ok(Err(error)) => tracing::warn!(%error, "could not renew the lease of a download"),
            Err(_) => return false,
        }
    }
}

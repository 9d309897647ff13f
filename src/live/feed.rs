//! One open stream: what the hub delivers, what the page samples, a heartbeat, an end.

use std::pin::Pin;
use std::time::Duration;

use actors::event_hub::{Delivery, Published, Subscription};
use bytes::Bytes;
use futures_util::Stream;
use sync_wrapper::SyncStream;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::frame;
use super::tie::Tie;
use crate::app::App;

/// A sign of life at least this often, so that proxies keep the stream open.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How often a page samples what has no events, such as the actor tree.
const SAMPLE: Duration = Duration::from_secs(1);

pub(super) type Drawing<'a> = Pin<Box<dyn Future<Output = Option<Bytes>> + Send + 'a>>;

/// How a stream shows what happened: pages draw fragments, the API writes JSON.
pub(super) trait Show: Send + Sync + 'static {
    /// The frame of `published`, or nothing when this stream does not show it.
    fn event<'a>(&'a mut self, published: &'a Published) -> Drawing<'a>;

    /// What changed since the last sample; only asked when [`Show::samples`].
    fn sample(&mut self) -> Drawing<'_> {
        Box::pin(async { None })
    }

    fn samples(&self) -> bool {
        false
    }
}

/// Everything that a stream holds while it is open.
struct Feed<S> {
    /// The portal is about to stop.
    closing: CancellationToken,
    subscription: Subscription,
    tie: Tie,
    show: S,
    heartbeat: Interval,
    sample: Option<Interval>,
    first: Option<Bytes>,
}

/// The frames of one stream. It ends when the session does, or with the hub.
pub(super) fn frames<S: Show>(
    app: &App,
    subscription: Subscription,
    tie: Tie,
    show: S,
) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> + Send + Sync + 'static {
    let first = subscription.since.map(frame::cursor);
    let sample = show.samples().then(|| ticks(SAMPLE));
    let closing = app.closing.clone();
    let feed = Feed { closing, subscription, tie, show, heartbeat: ticks(HEARTBEAT), sample, first };
    // A stream is polled by one connection; warp asks for more than that.
    SyncStream::new(futures_util::stream::unfold(feed, |mut feed| async move {
        let frame = feed.next().await?;
        Some((Ok(frame), feed))
    }))
}

impl<S: Show> Feed<S> {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            let delivery = tokio::select! {
                // The end comes before one more event.
                biased;
                () = self.closing.cancelled() => return None,
                () = self.tie.cut() => return None,
                delivery = self.subscription.next() => delivery?,
                () = tick(&mut self.sample) => match self.show.sample().await {
                    Some(frame) => return Some(frame),
                    None => continue,
                },
                _ = self.heartbeat.tick() => return Some(frame::HEARTBEAT),
            };
            match delivery {
                Delivery::Resync => return Some(frame::resync(self.subscription.cursor)),
                Delivery::Event(published) => {
                    if let Some(frame) = self.show.event(&published).await {
                        return Some(frame);
                    }
                }
            }
        }
    }
}

fn ticks(period: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// The next tick, or never.
async fn tick(interval: &mut Option<Interval>) {
    match interval {
        Some(interval) => drop(interval.tick().await),
        None => std::future::pending().await,
    }
}

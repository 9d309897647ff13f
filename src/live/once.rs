//! What an event looks like on a page, drawn once for all who see it the same way.

use std::time::Duration;

use bytes::Bytes;
use moka::future::Cache;

use super::page::Page;

/// Long enough for every listener's turn; a fragment is never shown again after that.
const KEPT: Duration = Duration::from_secs(5);

/// The event's number and the page: who may see the event at all was settled by its audience,
/// and a fragment depends on nothing else.
type Key = (u64, Page);

/// The drawings of the last seconds. Of many listeners who ask at once, one draws.
#[derive(Clone)]
pub struct DrawnOnce(Cache<Key, Option<Bytes>>);

impl DrawnOnce {
    pub fn new() -> Self {
        Self(Cache::builder().max_capacity(1_024).time_to_live(KEPT).build())
    }

    /// The frame of event `seq` on `page`, or nothing when the page does not show it.
    pub(super) async fn get(
        &self,
        seq: u64,
        page: &Page,
        draw: impl Future<Output = Option<Bytes>>,
    ) -> Option<Bytes> {
        self.0.get_with((seq, page.clone()), draw).await
    }
}

impl Default for DrawnOnce {
    fn default() -> Self {
        Self::new()
    }
}

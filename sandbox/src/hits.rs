//! How often a stand-in was asked for what.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::lock;
use crate::server::{self, Handler, Request};

/// Counts per method and path, as `GET /metrics`, without the query; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Hits(Arc<Mutex<BTreeMap<String, u64>>>);

impl Hits {
    /// How often `GET /metrics` and the like was asked.
    pub fn of(&self, request: &str) -> u64 {
        lock(&self.0).get(request).copied().unwrap_or_default()
    }

    /// How often anything was asked; commands do not count.
    pub fn total(&self) -> u64 {
        lock(&self.0).values().sum()
    }

    /// Everything that was asked, and how often.
    pub fn all(&self) -> BTreeMap<String, u64> {
        lock(&self.0).clone()
    }

    /// Forgets what was asked so far.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }

    /// Counts what reaches `handler`, and answers `/_fake/hits`.
    pub(crate) fn counted(&self, handler: Handler) -> Handler {
        let hits = self.clone();
        Arc::new(move |request: Request| {
            if request.path == "/_fake/hits" {
                let all = hits.all();
                return Box::pin(async move { server::json(&serde_json::json!(all)) });
            }
            if !request.path.starts_with("/_fake/") {
                *lock(&hits.0).entry(format!("{} {}", request.method, request.path)).or_default() += 1;
            }
            handler(request)
        })
    }
}

//! Who else reads the outbox, and so how events travel.

use std::time::Duration;

use store::ephemeral::Ephemeral;
use store::{NodeId, Writer};

/// The lease of the one who publishes.
const LEASE: &str = "outbox-relay";
const LEASE_FOR: Duration = Duration::from_secs(10);

/// How far events must reach.
pub enum Reach {
    /// One instance on SQLite.
    Alone,
    /// PostgreSQL without Redis: every instance looks at the rows every second.
    Polled { node: NodeId },
    /// With Redis: one instance publishes for all.
    Shared { node: NodeId, ephemeral: Ephemeral },
}

impl Reach {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Reach::Alone => "alone",
            Reach::Polled { .. } => "polled",
            Reach::Shared { .. } => "shared",
        }
    }
}

/// Whether this instance is the one that publishes; takes the lease when it is free.
pub(super) async fn holds_lease(writer: &Writer, node: &NodeId) -> Result<bool, store::Error> {
    Ok(writer.acquire_lease(LEASE, node, LEASE_FOR).await?.is_some())
}

//! What is left: downloads of this hour, and room on the disk.

use actors::downloads::launch::Tool;
use askama::Template;
use domain::Timestamp;

use crate::views::human::{Bytes, Clock};

/// `#quota`: pushed with `outerMorph` to its owner.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "_quota.html")]
pub struct QuotaGauge {
    pub used: u32,
    /// 0 means no limit.
    pub limit: u32,
    /// When the next one comes back.
    pub next_at: Option<Timestamp>,
}

impl QuotaGauge {
    fn left(&self) -> u32 {
        self.limit.saturating_sub(self.used)
    }

    fn next(&self) -> Option<Clock> {
        self.next_at.map(Clock)
    }
}

/// `#disk`: room in the downloads folder, in bytes.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "_disk.html")]
pub struct DiskGauge {
    pub total: u64,
    pub free: u64,
    /// Downloads wait below this.
    pub reserve: u64,
}

impl DiskGauge {
    fn used(&self) -> u64 {
        self.total.saturating_sub(self.free)
    }

    /// Free, used, in all, and what stays free.
    fn sizes(&self) -> [Bytes; 4] {
        [self.free, self.used(), self.total, self.reserve].map(Bytes)
    }

    /// 0 to 100.
    fn percent(&self) -> u64 {
        (u128::from(self.used()) * 100 / u128::from(self.total.max(1))) as u64
    }

    fn is_full(&self) -> bool {
        self.free < self.reserve
    }
}

/// Sites change often; a yt-dlp that is older than this many days is likely to fail.
const OLD_AFTER_DAYS: u64 = 60;

/// What the downloads are made with; admins only.
#[derive(Debug, Clone, Template)]
#[template(path = "_ytdlp.html")]
pub struct ToolCard {
    pub tool: Tool,
}

impl ToolCard {
    fn days(&self, released: &Timestamp) -> u64 {
        released.age().as_secs() / 86_400
    }

    fn is_old(&self, released: &Timestamp) -> bool {
        self.days(released) > OLD_AFTER_DAYS
    }
}

fragment!(QuotaGauge, DiskGauge, ToolCard);

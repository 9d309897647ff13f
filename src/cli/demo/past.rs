//! A past for the demo's services, so that its charts have something to show.

use std::time::Duration;

use domain::Timestamp;
use domain::service::{Heartbeat, ServiceName, ServiceStatus};

use crate::app::App;
use crate::problem::Problem;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Probes of the last day are this far apart, those of the month before it an eighth of a day.
const STEP: u64 = 10 * MINUTE;

/// Writes a month of probes for the `nth` service, with a bad hour here and there.
pub(super) async fn invent(app: &App, name: &ServiceName, nth: u64) -> Result<(), Problem> {
    let older = (DAY..30 * DAY).step_by(3 * HOUR as usize);
    let newer = (STEP..DAY).step_by(STEP as usize);
    let now = Timestamp::now();
    let beats: Vec<_> = older
        .chain(newer)
        .map(|age| (name.clone(), beat(now - Duration::from_secs(age), age, nth)))
        .collect();
    for some in beats.chunks(128) {
        app.writer.record_heartbeats(some).await?;
    }
    Ok(())
}

fn beat(at: Timestamp, age: u64, nth: u64) -> Heartbeat {
    // Any sequence will do that looks like none and is the same at every start.
    let dice = (age / STEP + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ nth) >> 40;
    let bad_hour = (age / HOUR + 7 * nth).is_multiple_of(11 + 5 * nth);
    let status = match dice % 16 {
        0..=5 if bad_hour => ServiceStatus::Down,
        6 if bad_hour => ServiceStatus::Pending,
        _ => ServiceStatus::Up,
    };
    let is_up = status == ServiceStatus::Up;
    Heartbeat {
        at,
        status,
        latency_ms: is_up.then_some((4 + 9 * nth + dice % 23) as u32),
        message: (!is_up).then(|| "did not answer in time".to_owned()),
    }
}

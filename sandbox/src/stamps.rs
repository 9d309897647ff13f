//! Points in time, written as the real services write them.

use domain::Timestamp;

/// `2026-11-22 15:30:36.780`, in UTC without a mark.
pub(crate) fn bare(at: Timestamp) -> String {
    format!("{}.{:03}", bare_seconds(at), at.as_millis().rem_euclid(1000))
}

/// `2026-11-22 15:30:36`.
pub(crate) fn bare_seconds(at: Timestamp) -> String {
    seconds(at).replace('T', " ")
}

fn seconds(at: Timestamp) -> String {
    at.to_rfc3339().chars().take(19).collect()
}

/// `2026-11-22T15:30:36.000Z`: where seconds are all that was kept.
pub(crate) fn iso_seconds(at: Timestamp) -> String {
    format!("{}.000Z", seconds(at))
}

/// `2026-11-22T15:30:36.780Z`.
pub(crate) fn iso(at: Timestamp) -> String {
    format!("{}.{:03}Z", seconds(at), at.as_millis().rem_euclid(1000))
}

//! What happens to a job whose attempt failed.

use std::time::Duration;

use domain::download::Failure;

/// The code of a failure that is about the disk, not about the job.
pub const NO_SPACE: &str = "no_space";

/// How long to wait before each further attempt; when the list is used up the job fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    pub waits: Vec<Duration>,
}

impl Default for RetryPolicy {
    /// Three attempts, 10 and 45 seconds apart: yt-dlp has already tried each request several
    /// times by then, and whoever waits for the job sees why after a minute.
    fn default() -> Self {
        Self { waits: vec![Duration::from_secs(10), Duration::from_secs(45)] }
    }
}

/// What to do with a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Try again after this long; it counts as an attempt.
    RetryIn(Duration),
    /// Wait until the disk has room; it does not count.
    WaitForSpace,
    /// It failed for good.
    GiveUp,
}

impl RetryPolicy {
    /// What to do after `failure` ended attempt number `attempt` (from 1).
    pub fn judge(&self, failure: &Failure, attempt: u32) -> Verdict {
        if failure.code == NO_SPACE {
            return Verdict::WaitForSpace;
        }
        let wait = self.waits.get(attempt.saturating_sub(1) as usize);
        match wait {
            Some(wait) if failure.retryable => Verdict::RetryIn(*wait),
            _ => Verdict::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: &str, retryable: bool) -> Failure {
        Failure { code: code.to_owned(), message: "It did not work.".to_owned(), retryable, detail: None }
    }

    #[test]
    fn only_what_may_pass_is_tried_again_and_not_for_ever() {
        let policy = RetryPolicy::default();
        let passing = failure("unreachable", true);

        assert_eq!(policy.judge(&failure("not_found", false), 1), Verdict::GiveUp);
        assert_eq!(policy.judge(&passing, 1), Verdict::RetryIn(Duration::from_secs(10)));
        assert_eq!(policy.judge(&passing, 2), Verdict::RetryIn(Duration::from_secs(45)));
        assert_eq!(policy.judge(&passing, 3), Verdict::GiveUp);
    }

    #[test]
    fn a_full_disk_uses_up_no_attempt() {
        for attempt in [1, 3, 30] {
            assert_eq!(
                RetryPolicy::default().judge(&failure(NO_SPACE, true), attempt),
                Verdict::WaitForSpace
            );
        }
    }
}

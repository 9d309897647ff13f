//! Failed sign-ins, counted for each account, each address and all together.
//!
//! Only failures count, and an attempt that is being checked counts as one until it succeeds, so
//! that a hundred attempts at once get no more guesses than a hundred in a row.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(300);
const FOR_ACCOUNT: usize = 5;
const FOR_ADDRESS: usize = 25;
const FOR_ALL: usize = 250;
/// Buckets that are kept; the emptiest go first when there are more.
const MOST_BUCKETS: usize = 10_000;

/// What failures are counted under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Bucket {
    Account(String),
    Address(IpAddr),
    All,
}

impl Bucket {
    fn limit(&self) -> usize {
        match self {
            Bucket::Account(_) => FOR_ACCOUNT,
            Bucket::Address(_) => FOR_ADDRESS,
            Bucket::All => FOR_ALL,
        }
    }
}

#[derive(Default)]
struct Count {
    failures: VecDeque<Instant>,
    being_checked: usize,
}

/// The counts of this process.
#[derive(Clone, Default)]
pub struct Throttle(Arc<Mutex<HashMap<Bucket, Count>>>);

/// A sign-in that is being checked; counts as failed unless it [`succeeded`](Attempt::succeeded).
pub struct Attempt {
    throttle: Throttle,
    buckets: [Bucket; 3],
    succeeded: bool,
}

impl Throttle {
    /// Begins an attempt for the account whose name has this key.
    ///
    /// # Errors
    ///
    /// How long to wait when there were too many failures.
    pub fn begin(&self, account: &str, address: IpAddr) -> Result<Attempt, Duration> {
        let now = Instant::now();
        let buckets =
            [Bucket::Account(account.to_owned()), Bucket::Address(network_of(address)), Bucket::All];
        let mut counts = self.lock();
        counts.retain(|_, count| {
            while count.failures.front().is_some_and(|at| now.duration_since(*at) >= WINDOW) {
                count.failures.pop_front();
            }
            count.being_checked > 0 || !count.failures.is_empty()
        });
        for bucket in &buckets {
            let Some(count) = counts.get(bucket) else { continue };
            if count.failures.len() + count.being_checked >= bucket.limit() {
                let oldest = count.failures.front().copied().unwrap_or(now);
                return Err(WINDOW.saturating_sub(now.duration_since(oldest)).max(Duration::from_secs(1)));
            }
        }
        if counts.len() >= MOST_BUCKETS {
            return Err(Duration::from_secs(60));
        }
        for bucket in &buckets {
            counts.entry(bucket.clone()).or_default().being_checked += 1;
        }
        drop(counts);
        Ok(Attempt { throttle: self.clone(), buckets, succeeded: false })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Bucket, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// It was the right password: the account's failures are forgotten, the address's stay, so
    /// that an account of one's own does not buy guesses at others.
    pub fn succeeded(mut self) {
        self.succeeded = true;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut counts = self.throttle.lock();
        for bucket in &self.buckets {
            let count = counts.entry(bucket.clone()).or_default();
            count.being_checked = count.being_checked.saturating_sub(1);
            match (self.succeeded, bucket) {
                (true, Bucket::Account(_)) => count.failures.clear(),
                (true, _) => {}
                (false, _) => count.failures.push_back(now),
            }
        }
    }
}

/// One household has a whole IPv6 network: it is counted as one address.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into())
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[tokio::test(start_paused = true)]
    async fn the_sixth_failure_has_to_wait_and_then_may_go_on() {
        let throttle = Throttle::default();
        for _ in 0..FOR_ACCOUNT {
            drop(throttle.begin("ana", HERE).unwrap());
        }

        let wait = throttle.begin("ana", HERE).err().unwrap();
        assert_eq!(wait, WINDOW);
        assert!(throttle.begin("ben", HERE).is_ok());

        tokio::time::advance(wait).await;
        assert!(throttle.begin("ana", HERE).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_at_the_same_time_get_no_more_guesses() {
        let throttle = Throttle::default();

        let attempts: Vec<_> = (0..100).filter_map(|_| throttle.begin("ana", HERE).ok()).collect();

        assert_eq!(attempts.len(), FOR_ACCOUNT);
    }

    #[tokio::test(start_paused = true)]
    async fn successes_do_not_count_and_clear_the_account() {
        let throttle = Throttle::default();
        for _ in 0..1000 {
            throttle.begin("ana", HERE).unwrap().succeeded();
        }
        for _ in 0..FOR_ACCOUNT - 1 {
            drop(throttle.begin("ana", HERE).unwrap());
        }
        throttle.begin("ana", HERE).unwrap().succeeded();
        assert!(throttle.begin("ana", HERE).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_cannot_try_many_accounts() {
        let throttle = Throttle::default();
        let network = |last: u16| IpAddr::V6([0x2001, 0xdb8, 0, 1, 0, 0, 0, last].into());
        for number in 0..FOR_ADDRESS as u16 {
            drop(throttle.begin(&format!("user{number}"), network(number)).unwrap());
        }

        assert!(throttle.begin("another", network(9999)).is_err());
        assert!(throttle.begin("another", HERE).is_ok());
    }
}

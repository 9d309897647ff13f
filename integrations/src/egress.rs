//! The proxy that everything a download fetches goes through.
//!
//! ```text
//!   yt-dlp, ffmpeg                                            the internet
//!      |  GET http://… or CONNECT host:443                         ^
//!      |  with the credential of its job                           |
//!      v                                                           |
//!   [ proxy ] -- who? -- resolve once -- HostPolicy -- connect to that address
//!                 407                       403
//! ```
//!
//! yt-dlp follows redirects and playlists by itself, so the address that a member typed says
//! little about where it ends up. Here every single connection is judged: the name is resolved
//! once, every address it has must be good, and the connection goes to one of these addresses
//! and no other, so a name that changes its answer in between (rebinding) gains nothing.
//!
//! A credential belongs to one job and dies with it. The credentials live in [`Proxy`], not in
//! the task that serves, so a restart of that task does not cut off the jobs for good.

mod connection;
mod forward;
mod jobs;
mod resolver;
mod target;
mod tunnel;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::Secret;
use domain::address::{HostPolicy, Refusal};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use jobs::Jobs;
pub use resolver::{Resolver, SystemResolver};

/// How many connections there are at most; more wait in the listening socket.
const MAX_CONNECTIONS: usize = 256;

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a name may take to be resolved.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one address may take to accept a connection, before the next one is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The proxy. Clones are the same one.
#[derive(Clone)]
pub struct Proxy(Arc<Inner>);

struct Inner {
    policy: HostPolicy,
    resolver: Box<dyn Resolver>,
    /// Where clients reach it.
    address: SocketAddr,
    jobs: Jobs,
    tally: Tally,
}

#[derive(Default)]
struct Tally {
    connections: AtomicU64,
    requests: AtomicU64,
    denied: AtomicU64,
    unauthenticated: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

/// What the proxy has done since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Jobs that may use it now.
    pub jobs: usize,
    /// Connections that are open now.
    pub connections: u64,
    pub requests: u64,
    /// Requests that the address policy refused.
    pub denied: u64,
    /// Requests without a good credential.
    pub unauthenticated: u64,
    /// Bytes to the internet, and from it.
    pub sent: u64,
    pub received: u64,
}

impl Proxy {
    /// A proxy that clients reach at `address`, the address of the listener that
    /// [`Proxy::serve`] will be given.
    pub fn new(policy: HostPolicy, resolver: impl Resolver, address: SocketAddr) -> Self {
        let (jobs, tally) = (Jobs::default(), Tally::default());
        Self(Arc::new(Inner { policy, resolver: Box::new(resolver), address, jobs, tally }))
    }

    /// Lets `job` use the proxy. Returns the proxy's address with the job's credential, for
    /// the environment of its processes. An earlier credential of the same job is dead.
    pub fn admit(&self, job: &str) -> Secret {
        let token = self.0.jobs.admit(job);
        Secret::new(format!("http://{job}:{}@{}", token.expose(), self.0.address))
    }

    /// Ends the credential of `job` and cuts its connections.
    pub fn dismiss(&self, job: &str) {
        self.0.jobs.dismiss(job);
    }

    /// Why the policy last refused something to `job`, so that its failure can be explained.
    pub fn last_refusal(&self, job: &str) -> Option<Refusal> {
        self.0.jobs.last_refusal(job)
    }

    pub fn counts(&self) -> Counts {
        let tally = &self.0.tally;
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            jobs: self.0.jobs.len(),
            connections: get(&tally.connections),
            requests: get(&tally.requests),
            denied: get(&tally.denied),
            unauthenticated: get(&tally.unauthenticated),
            sent: get(&tally.sent),
            received: get(&tally.received),
        }
    }

    /// Serves until the future is dropped, which cuts all connections.
    ///
    /// # Errors
    /// The listener failed for good.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let slot = slots.clone().acquire_owned().await.map_err(io::Error::other)?;
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) if is_passing(&error) => {
                    // Out of sockets: the connections that are open have to end first.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let inner = self.0.clone();
            connections.spawn(async move {
                let _open = Open::new(&inner.tally);
                connection::serve(&inner, stream).await;
                drop(slot);
            });
        }
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Proxy").field(&self.counts()).finish()
    }
}

/// Whether accepting may work again by itself.
fn is_passing(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(
        errno,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM | Errno::CONNABORTED | Errno::INTR)
    )
}

/// Counts a connection for as long as it is open, however it ends.
struct Open<'a>(&'a Tally);

impl<'a> Open<'a> {
    fn new(tally: &'a Tally) -> Self {
        tally.connections.fetch_add(1, Ordering::Relaxed);
        Self(tally)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

//! A receiver of webhooks that keeps what it got, for tests.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use crate::lock;
use crate::server::{self, Server};

/// A request that the listener got.
#[derive(Debug, Clone)]
pub struct Taken {
    pub method: Method,
    pub path: String,
    /// As it came, without its question mark.
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Taken {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A running listener; it ends when this is dropped.
pub struct Listener {
    server: Server,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl Listener {
    /// Answers everything with `status`.
    pub async fn answering(status: StatusCode) -> io::Result<Self> {
        Self::start(move |_| async move { status }).await
    }

    /// Answers with the status that `decide` comes to, when it comes to it.
    pub async fn start<F, D>(decide: D) -> io::Result<Self>
    where
        D: Fn(Taken) -> F + Send + Sync + 'static,
        F: Future<Output = StatusCode> + Send + 'static,
    {
        let taken: Arc<Mutex<Vec<Taken>>> = Arc::default();
        let kept = taken.clone();
        let handler: server::Handler = Arc::new(move |request| {
            let one = Taken {
                method: request.method,
                path: request.path,
                query: request.raw_query,
                headers: request.headers,
                body: request.body,
            };
            lock(&kept).push(one.clone());
            let deciding = decide(one);
            Box::pin(async move { server::text(deciding.await, "") })
        });
        let server = Server::start(SocketAddr::from(([127, 0, 0, 1], 0)), handler).await?;
        Ok(Self { server, taken })
    }

    /// The absolute address of `path`, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.addr)
    }

    /// What came so far, oldest first.
    pub fn taken(&self) -> Vec<Taken> {
        lock(&self.taken).clone()
    }
}

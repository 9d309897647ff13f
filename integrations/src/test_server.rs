//! A small HTTP server on a free port of 127.0.0.1, for the tests of this crate.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub(crate) type Reply = Response<Full<Bytes>>;
type Handler = dyn Fn(usize, Request<Incoming>) -> Pin<Box<dyn Future<Output = Reply> + Send>> + Send + Sync;

/// Ends with its owner.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    hits: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl TestServer {
    /// Serves with `handler`, which gets the number of the request, from 1.
    pub(crate) async fn start<F>(
        handler: impl Fn(usize, Request<Incoming>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let hits = Arc::new(AtomicUsize::new(0));
        let connections = Arc::new(AtomicUsize::new(0));
        let handler: Arc<Handler> = Arc::new(move |number, request| Box::pin(handler(number, request)));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, handler, hits.clone(), connections.clone()));
        Self { address, hits, connections, _tasks: tasks }
    }

    /// Always the same answer.
    pub(crate) async fn answering(status: u16, headers: &'static [(&str, &str)], body: &'static str) -> Self {
        Self::start(move |_, _| async move { reply(status, headers, body) }).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Requests so far.
    pub(crate) fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

pub(crate) fn reply(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
    let builder = Response::builder().status(status);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    builder.body(Full::new(body.into())).unwrap()
}

async fn accept(
    listener: TcpListener,
    handler: Arc<Handler>,
    hits: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
) {
    let mut tasks = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.fetch_add(1, Ordering::SeqCst);
        let handler = handler.clone();
        let hits = hits.clone();
        let service = service_fn(move |request| {
            let number = hits.fetch_add(1, Ordering::SeqCst) + 1;
            let answer = handler(number, request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        tasks.spawn(async move {
            // A client that goes away in the middle is part of some tests.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades()
                .await;
        });
    }
}

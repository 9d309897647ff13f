//! One connection of a client: who it is, and what becomes of each of its requests.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use domain::address::Refusal;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::jobs::Admitted;
use super::target::NoConnection;
use super::{HEAD_TIMEOUT, Inner, forward, tunnel};

pub(super) type Body = BoxBody<Bytes, hyper::Error>;

/// What the requests of one connection share.
struct Connection {
    inner: Arc<Inner>,
    /// The job that the first good credential named. The connection belongs to it and ends
    /// with it.
    job: watch::Sender<Option<Admitted>>,
    /// What is left to do after a CONNECT was answered.
    tunnel: Mutex<Option<BoxFuture<'static, ()>>>,
}

/// Serves until either side closes, or the job is dismissed.
pub(super) async fn serve(inner: &Arc<Inner>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let connection = Arc::new(Connection {
        inner: inner.clone(),
        job: watch::Sender::new(None),
        tunnel: Mutex::new(None),
    });
    let job = connection.job.subscribe();
    tokio::select! {
        () = serve_requests(&connection, stream) => {}
        () = dismissed(job) => {}
    }
}

async fn serve_requests(connection: &Arc<Connection>, stream: TcpStream) {
    let service = service_fn(|request| {
        let connection = connection.clone();
        async move { Ok::<_, Infallible>(connection.answer(request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a client of the egress proxy went away");
    }
    let tunnel = connection.tunnel.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(tunnel) = tunnel {
        tunnel.await;
    }
}

async fn dismissed(mut job: watch::Receiver<Option<Admitted>>) {
    let admitted = job.wait_for(Option::is_some).await.ok().and_then(|admitted| admitted.clone());
    match admitted {
        Some(admitted) => admitted.dismissed().await,
        None => std::future::pending().await,
    }
}

impl Connection {
    async fn answer(&self, mut request: Request<Incoming>) -> Response<Body> {
        let inner = &self.inner;
        inner.tally.requests.fetch_add(1, Ordering::Relaxed);
        let Some(admitted) = self.identify(&request) else {
            inner.tally.unauthenticated.fetch_add(1, Ordering::Relaxed);
            return credential_wanted();
        };
        request.headers_mut().remove(header::PROXY_AUTHORIZATION);

        let result = if request.method() == Method::CONNECT {
            match tunnel::open(inner, request).await {
                Ok(tunnel) => {
                    *self.tunnel.lock().unwrap_or_else(PoisonError::into_inner) = Some(tunnel);
                    Ok(Response::new(text("")))
                }
                Err(why) => Err(why),
            }
        } else {
            forward::send(inner, request).await
        };
        result.unwrap_or_else(|why| {
            if let NoConnection::Refused(refusal) = &why {
                inner.tally.denied.fetch_add(1, Ordering::Relaxed);
                tracing::info!(job = %admitted.job, reason = refusal.code(), "the egress proxy refused a request");
                inner.jobs.note_refusal(&admitted.job, refusal.clone());
            }
            explain(&why)
        })
    }

    /// The job of this request. A connection never changes its job.
    fn identify(&self, request: &Request<Incoming>) -> Option<Admitted> {
        let admitted = self.inner.jobs.identify(request.headers())?;
        let known = self.job.borrow().as_ref().map(|known| known.job.clone());
        match known {
            Some(known) => (known == admitted.job).then_some(admitted),
            None => {
                self.job.send_replace(Some(admitted.clone()));
                Some(admitted)
            }
        }
    }
}

fn credential_wanted() -> Response<Body> {
    let mut response = Response::new(text("this proxy is for the downloads of MediaNest only\n"));
    *response.status_mut() = StatusCode::PROXY_AUTHENTICATION_REQUIRED;
    response
        .headers_mut()
        .insert(header::PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"downloads\""));
    response
}

/// yt-dlp shows the reason phrase and not the body, so both tell.
fn explain(why: &NoConnection) -> Response<Body> {
    let (status, phrase, body) = match why {
        NoConnection::Refused(refusal) => {
            (StatusCode::FORBIDDEN, phrase_of(refusal), format!("{}: {refusal}\n", refusal.code()))
        }
        NoConnection::Unreachable(what) => {
            (StatusCode::BAD_GATEWAY, ReasonPhrase::from_static(b"Host Not Reachable"), format!("{what}\n"))
        }
        NoConnection::TimedOut => {
            let phrase = ReasonPhrase::from_static(b"Host Did Not Answer");
            (StatusCode::GATEWAY_TIMEOUT, phrase, "the host did not answer in time\n".to_owned())
        }
    };
    let mut response = Response::new(text(&body));
    *response.status_mut() = status;
    response.extensions_mut().insert(phrase);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// `Refused by MediaNest (address_not_public)`.
fn phrase_of(refusal: &Refusal) -> ReasonPhrase {
    let phrase = format!("Refused by MediaNest ({})", refusal.code());
    ReasonPhrase::try_from(phrase.into_bytes())
        .unwrap_or_else(|_| ReasonPhrase::from_static(b"Refused by MediaNest"))
}

fn text(text: &str) -> Body {
    Full::new(Bytes::copy_from_slice(text.as_bytes())).map_err(|never| match never {}).boxed()
}

//! One look at a service: does it answer, how soon, and if not, why.
//!
//! A probe does not ask the circuit breaker: it is the evidence that the breaker goes by.

use std::time::Duration;

use domain::address::AdminUrl;
use domain::flip::Verdict;
use domain::service::ServiceKind;
use http::StatusCode;
use tokio::time::{Instant, timeout_at};

use crate::breaker::Outcome;
use crate::error::seconds;
use crate::http::{Cause, Transport};

/// Bodies up to this size are read, in bytes, so that the connection can be used again.
const SMALL_BODY: u64 = 4096;

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    pub verdict: Verdict,
    /// Time to the answer; absent when none came.
    pub latency: Option<Duration>,
    /// Why it is not good, in words for a person: `answered 503`, `connection refused`.
    pub message: Option<String>,
    /// What the breaker makes of it; absent when it says nothing about the service.
    pub outcome: Option<Outcome>,
}

impl Probed {
    fn good(latency: Duration) -> Self {
        let outcome = Some(Outcome::Succeeded);
        Self { verdict: Verdict::Good, latency: Some(latency), message: None, outcome }
    }

    fn bad(message: String, outcome: Outcome) -> Self {
        Self { verdict: Verdict::Bad, latency: None, message: Some(message), outcome: Some(outcome) }
    }

    /// We could not even look; says nothing about the service.
    pub fn own_fault(message: impl Into<String>) -> Self {
        Self { verdict: Verdict::OwnFault, latency: None, message: Some(message.into()), outcome: None }
    }
}

/// Sends a GET and waits at most `timeout` for the head of the answer. A status below 400 is
/// good, and so is a redirect to elsewhere: it is not followed, but it is an answer.
///
/// Each kind is asked where it answers without a key (`contracts/`).
pub async fn probe_http(
    transport: &Transport,
    kind: ServiceKind,
    url: &AdminUrl,
    timeout: Duration,
) -> Probed {
    let target = match kind {
        ServiceKind::Plex => url.join("identity"),
        ServiceKind::Overseerr => url.join("api/v1/status"),
        ServiceKind::UptimeKuma => url.join("api/entry-page"),
        ServiceKind::Tmdb => url.join("configuration"),
        _ => url.url().clone(),
    };
    let client = match transport.client_for(&target) {
        Ok(client) => client,
        Err(error) => return Probed::own_fault(error.to_string()),
    };
    let began = Instant::now();
    let deadline = began + timeout;
    let mut tries_left = 2;
    let failure = loop {
        tries_left -= 1;
        match timeout_at(deadline, client.get(target.clone()).send()).await {
            Err(_) => break Cause::TimedOut,
            Ok(Ok(response)) => return judge(response, kind, began.elapsed(), deadline).await,
            Ok(Err(error)) => match Cause::of(&error) {
                // A kept connection that the service closed meanwhile says nothing about it.
                Cause::BrokenOff if tries_left > 0 => {}
                cause => break cause,
            },
        }
    };
    match failure {
        Cause::Unreachable(reason) | Cause::Certificate(reason) => Probed::bad(reason, Outcome::Failed),
        Cause::TimedOut => {
            Probed::bad(format!("did not answer within {}", seconds(timeout)), Outcome::TimedOut)
        }
        Cause::BrokenOff => Probed::bad("broke off the connection".to_owned(), Outcome::Failed),
        Cause::OwnFault(reason) => Probed::own_fault(reason),
    }
}

async fn judge(
    response: reqwest::Response,
    kind: ServiceKind,
    latency: Duration,
    deadline: Instant,
) -> Probed {
    let status = response.status();
    if response.content_length().is_some_and(|length| length <= SMALL_BODY) {
        let soon = deadline.min(Instant::now() + Duration::from_millis(50));
        let _ = timeout_at(soon, response.bytes()).await;
    }
    // TMDB answers nothing without a key: its refusal is the sign of life.
    let is_expected = kind == ServiceKind::Tmdb && status == StatusCode::UNAUTHORIZED;
    if status.as_u16() < 400 || is_expected {
        return Probed::good(latency);
    }
    let outcome = match status {
        StatusCode::TOO_MANY_REQUESTS => Outcome::Throttled,
        StatusCode::REQUEST_TIMEOUT => Outcome::Failed,
        status if status.is_client_error() => Outcome::Succeeded,
        _ => Outcome::Failed,
    };
    let message = match status.canonical_reason() {
        Some(reason) => format!("answered {} {reason}", status.as_u16()),
        None => format!("answered {}", status.as_u16()),
    };
    Probed { latency: Some(latency), ..Probed::bad(message, outcome) }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    use super::*;
    use crate::test_server::{TestServer, reply};

    async fn probe(url: &str) -> Probed {
        let transport = Transport::new().unwrap();
        let url = AdminUrl::parse(url).unwrap();
        probe_http(&transport, ServiceKind::Http, &url, Duration::from_millis(400)).await
    }

    #[tokio::test]
    async fn an_answer_below_400_is_good() {
        for status in [200, 204, 301, 304] {
            let server = TestServer::answering(status, &[("location", "http://192.0.2.1/")], "").await;

            let probed = probe(&server.url("/")).await;

            assert_eq!((probed.verdict, probed.message), (Verdict::Good, None), "{status}");
            assert!(probed.latency.is_some());
        }
    }

    #[tokio::test]
    async fn a_bad_answer_says_which() {
        for (status, message, outcome) in [
            (503, "answered 503 Service Unavailable", Outcome::Failed),
            (404, "answered 404 Not Found", Outcome::Succeeded),
            (429, "answered 429 Too Many Requests", Outcome::Throttled),
            (599, "answered 599", Outcome::Failed),
        ] {
            let server = TestServer::answering(status, &[], "no").await;

            let probed = probe(&server.url("/")).await;

            assert_eq!(probed.verdict, Verdict::Bad);
            assert_eq!(probed.message.as_deref(), Some(message));
            assert_eq!(probed.outcome, Some(outcome));
        }
    }

    #[tokio::test]
    async fn silence_and_refusal_are_told_apart() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();

        let from_silent = probe(&format!("http://{}/", silent.local_addr().unwrap())).await;
        let from_closed = probe(&format!("http://{closed}/")).await;

        assert_eq!(from_silent.message.as_deref(), Some("did not answer within 0.4 s"));
        assert_eq!(from_silent.outcome, Some(Outcome::TimedOut));
        assert_eq!(from_closed.message.as_deref(), Some("connection refused"));
    }

    #[tokio::test]
    async fn what_does_not_speak_the_protocol_is_bad() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 16]).await;
            }
        });

        assert_eq!(
            probe(&format!("http://{address}/")).await.message.as_deref(),
            Some("broke off the connection")
        );
        let over_tls = probe(&format!("https://{address}/")).await;
        assert_eq!(over_tls.verdict, Verdict::Bad, "{over_tls:?}");
    }

    #[tokio::test]
    async fn connections_are_kept_and_large_bodies_are_not_read() {
        let server = TestServer::start(|number, _| async move {
            reply(200, &[], if number <= 5 { vec![b'x'; 1000] } else { vec![b'x'; 50_000_000] })
        })
        .await;
        let transport = Transport::new().unwrap();
        let url = AdminUrl::parse(&server.url("/")).unwrap();
        for _ in 0..5 {
            probe_http(&transport, ServiceKind::Http, &url, Duration::from_secs(2)).await;
        }
        assert_eq!(server.connections(), 1);

        let began = Instant::now();
        let probed = probe_http(&transport, ServiceKind::Http, &url, Duration::from_secs(2)).await;

        assert_eq!(probed.verdict, Verdict::Good);
        assert!(began.elapsed() < Duration::from_secs(1));
    }

    #[tokio::test]
    async fn each_kind_is_asked_where_it_needs_no_key() {
        let server = TestServer::start(|_, request| async move {
            let right = ["/base/identity", "/base/api/v1/status", "/base/api/entry-page"];
            let is_tmdb = request.uri().path() == "/base/configuration";
            let is_right = right.contains(&request.uri().path());
            reply(
                if is_right {
                    200
                } else if is_tmdb {
                    401
                } else {
                    404
                },
                &[],
                "",
            )
        })
        .await;
        let transport = Transport::new().unwrap();
        let url = AdminUrl::parse(&server.url("/base")).unwrap();

        let kinds = [ServiceKind::Plex, ServiceKind::Overseerr, ServiceKind::UptimeKuma, ServiceKind::Tmdb];
        for kind in kinds {
            let probed = probe_http(&transport, kind, &url, Duration::from_secs(2)).await;
            assert_eq!(probed.verdict, Verdict::Good, "{kind}");
        }
    }
}

//! Each fault switch does to a client what its table says.

use std::time::Duration;

use reqwest::{Client, Error, Response};
use sandbox::faults::Kind;
use sandbox::{Fault, Services};
use tokio::time::Instant;

/// A service that says `fine\n` when nothing is wrong with it.
struct Stage {
    services: Services,
    client: Client,
}

impl Stage {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let services = Services::start(&["service"]).await.unwrap();
        let client = Client::builder().timeout(Duration::from_secs(2)).no_proxy().build().unwrap();
        Self { services, client }
    }

    fn fails(&self, kind: Kind) {
        self.services.faults("service").all(kind);
    }

    async fn get(&self, path: &str) -> Result<Response, Error> {
        self.client.get(self.url(path)).send().await
    }

    async fn body(&self) -> Result<bytes::Bytes, Error> {
        self.get("").await?.bytes().await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.services.url("service"))
    }
}

#[tokio::test]
async fn a_status_and_a_wish_to_wait() {
    let stage = Stage::start().await;

    stage.fails(Kind::Status { status: 502 });
    assert_eq!(stage.get("").await.unwrap().status(), 502);

    stage.services.faults("service").clear();
    stage.fails(Kind::TooMany { retry_after: 7 });
    let answer = stage.get("").await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "7");
}

#[tokio::test]
async fn late_answers_dripping_answers_and_none_at_all() {
    let stage = Stage::start().await;
    let faults = stage.services.faults("service");
    faults.add(Fault::new(Kind::Delay { ms: 200 }).times(1));
    faults.add(Fault::new(Kind::Drip { ms: 50 }).times(1));
    faults.add(Fault::new(Kind::Hang).times(1));

    for expected in [200, 5 * 50] {
        let began = Instant::now();
        assert_eq!(stage.body().await.unwrap(), "fine\n");
        assert!(began.elapsed() >= Duration::from_millis(expected), "{:?}", began.elapsed());
    }
    assert!(stage.get("").await.unwrap_err().is_timeout());
    assert_eq!(stage.body().await.unwrap(), "fine\n");
}

#[tokio::test]
async fn cut_and_reset_connections_are_errors_of_the_transport() {
    let stage = Stage::start().await;
    let faults = stage.services.faults("service");
    faults.add(Fault::new(Kind::Truncate { after: 2 }).times(1));
    faults.add(Fault::new(Kind::Reset).times(1));

    let cut = stage.get("").await.unwrap();
    assert_eq!(cut.status(), 200);
    assert!(cut.bytes().await.is_err());

    let error = format!("{:?}", stage.get("").await.unwrap_err());
    assert!(error.contains("ConnectionReset") || error.contains("IncompleteMessage"), "{error}");
    assert_eq!(stage.body().await.unwrap(), "fine\n");
}

#[tokio::test]
async fn bodies_that_nobody_can_read() {
    let stage = Stage::start().await;
    let faults = stage.services.faults("service");
    faults.add(Fault::new(Kind::Html).times(1));
    faults.add(Fault::new(Kind::Garbage).times(1));
    faults.add(Fault::new(Kind::Charset).times(1));
    faults.add(Fault::new(Kind::Huge { bytes: 3_000_000 }).times(1));

    let page = stage.get("").await.unwrap();
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(page.text().await.unwrap().contains("<h1>"));
    assert_ne!(stage.body().await.unwrap(), "fine\n");
    let charset = stage.get("").await.unwrap();
    assert_eq!(charset.headers()["content-type"], "text/plain; charset=utf-16");
    assert!(std::str::from_utf8(&charset.bytes().await.unwrap()).is_err());
    assert_eq!(stage.body().await.unwrap().len(), 3_000_000);
}

#[tokio::test]
async fn switches_are_set_by_http_for_some_paths_and_so_often() {
    let stage = Stage::start().await;
    let door = stage.url("_fake/faults");
    let add =
        async |fault: &str| stage.client.post(&door).body(fault.to_owned()).send().await.unwrap().status();
    let status = async |path: &str| stage.get(path).await.unwrap().status().as_u16();

    assert_eq!(add(r#"{"fault": "status", "status": 503, "path": "/api/*", "times": 1}"#).await, 204);
    assert_eq!(add(r#"{"fault": "status", "status": 500, "method": "POST"}"#).await, 204);
    assert_eq!(add(r#"{"fault": "earthquake"}"#).await, 400);

    let listed = stage.get("_fake/faults").await.unwrap().text().await.unwrap();
    assert!(listed.contains(r#""path":"/api/*""#), "{listed}");
    assert_eq!(status("other").await, 200);
    assert_eq!(status("api/v1").await, 503);
    assert_eq!(status("api/v1").await, 200);
    assert_eq!(stage.client.post(stage.url("")).send().await.unwrap().status(), 500);

    assert_eq!(stage.client.delete(&door).send().await.unwrap().status(), 204);
    assert_eq!(stage.client.post(stage.url("")).send().await.unwrap().status(), 200);
}

//! A server that answers as it was recorded, and remembers what it was asked.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use domain::address::AdminUrl;
use domain::breaker::Rules;
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use serde_json::Value;

use crate::breaker::{Gate, Keeper};
use crate::http::{Client, Transport};
use crate::overseerr::Overseerr;
use crate::test_server::{TestServer, reply};

pub(super) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/seerr")
}

/// One recorded call.
pub(super) struct Capture {
    pub(super) name: String,
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) body: Value,
}

impl Capture {
    /// The one whose file begins with `number`.
    pub(super) fn of(number: &str) -> Self {
        Self::all().into_iter().find(|capture| capture.name.starts_with(number)).expect(number)
    }

    pub(super) fn all() -> Vec<Self> {
        let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
        let files = files.filter(|file| file.extension().is_some_and(|ending| ending == "json"));
        let mut captures: Vec<Self> = files
            .map(|file| {
                let wire: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
                let content_type = &wire["response"]["headers"]["content-type"];
                Self {
                    name: file.file_stem().unwrap().to_string_lossy().into_owned(),
                    status: wire["response"]["status"].as_u64().unwrap() as u16,
                    content_type: content_type.as_str().unwrap_or_default().to_owned(),
                    body: wire["response"]["body"].clone(),
                }
            })
            .collect();
        captures.sort_by(|a, b| a.name.cmp(&b.name));
        captures
    }

    pub(super) fn bytes(&self) -> Bytes {
        match &self.body {
            Value::String(text) => text.clone().into(),
            Value::Null => Bytes::new(),
            json => json.to_string().into(),
        }
    }
}

/// One call that was received.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// With its query, as it was sent.
    pub(super) uri: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn user(&self) -> Option<&str> {
        self.headers.get("x-api-user").map(|value| value.to_str().unwrap())
    }
}

pub(super) struct Stage {
    pub(super) seerr: Overseerr,
    pub(super) gate: Gate,
    calls: Arc<Mutex<Vec<Call>>>,
    _server: TestServer,
    _keeper: Keeper,
}

impl Stage {
    /// Answers every call with `answer`, which gets the path and the number of the call, from 1.
    pub(super) async fn start(
        answer: impl Fn(&str, usize) -> (u16, String, Bytes) + Send + Sync + 'static,
    ) -> Self {
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let (heard, answer) = (calls.clone(), Arc::new(answer));
        let server = TestServer::start(move |number, request| {
            let (heard, answer) = (heard.clone(), answer.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                let (status, content_type, reply_body) = answer(parts.uri.path(), number);
                let uri = parts.uri.to_string();
                heard.lock().unwrap().push(Call { method: parts.method, uri, headers: parts.headers, body });
                reply(status, &[("content-type", content_type.as_str())], reply_body)
            }
        })
        .await;
        let gate = Gate::new();
        let keeper = gate.install(Rules::default(), |_| {});
        let base = AdminUrl::parse(&server.url("/")).unwrap();
        let http = Client::new(&"seerr".parse().unwrap(), base, Transport::new().unwrap(), gate.clone());
        Self { seerr: Overseerr::new(http), gate, calls, _server: server, _keeper: keeper }
    }

    /// Answers every call as `number` was answered.
    pub(super) async fn replay(number: &str) -> Self {
        let capture = Capture::of(number);
        let (status, content_type, body) = (capture.status, capture.content_type.clone(), capture.bytes());
        Self::start(move |_, _| (status, content_type.clone(), body.clone())).await
    }

    pub(super) async fn answering(status: u16, body: impl Into<Bytes>) -> Self {
        let body: Bytes = body.into();
        Self::start(move |_, _| (status, "application/json".to_owned(), body.clone())).await
    }

    /// What was asked since the last look.
    pub(super) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// The only call since the last look.
    pub(super) fn call(&self) -> Call {
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }

    pub(super) fn failures(&self) -> u32 {
        self.gate.view().unwrap().failures
    }
}

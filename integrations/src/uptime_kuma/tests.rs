//! The client against answers that were recorded from a running Uptime Kuma, and against worse.

mod alerts;
mod monitors;
mod pages;

use std::path::PathBuf;

use bytes::Bytes;
use domain::address::AdminUrl;
use domain::breaker::Rules;

use super::UptimeKuma;
use crate::breaker::{Gate, Keeper};
use crate::http::{Client, Transport};
use crate::test_server::{TestServer, reply};

fn recorded(file: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/uptime-kuma");
    std::fs::read(folder.join(file)).unwrap()
}

struct Stage {
    kuma: UptimeKuma,
    gate: Gate,
    _server: TestServer,
    _keeper: Keeper,
}

impl Stage {
    async fn answering(status: u16, body: impl Into<Bytes>) -> Self {
        let body: Bytes = body.into();
        let server = TestServer::start(move |_, _| {
            let body = body.clone();
            async move { reply(status, &[("www-authenticate", "Basic")], body) }
        })
        .await;
        let gate = Gate::new();
        let keeper = gate.install(Rules::default(), |_| {});
        let base = AdminUrl::parse(&server.url("/")).unwrap();
        let http = Client::new(&"kuma".parse().unwrap(), base, Transport::new().unwrap(), gate.clone());
        Self { kuma: UptimeKuma::new(http), gate, _server: server, _keeper: keeper }
    }
}

//! The client against recorded answers, and against answers that make no sense.

mod bad_input;
mod fixtures;
mod people;
mod replay;
mod xml;

use domain::address::AdminUrl;
use domain::breaker::Rules;

use super::Server;
use crate::breaker::{Gate, Keeper};
use crate::http::{Client, Transport};
use crate::test_server::TestServer;

/// A client of `server`, whose breaker lives as long as the keeper.
pub(super) fn connect(server: &TestServer) -> (Server, Keeper) {
    let gate = Gate::new();
    let keeper = gate.install(Rules::default(), |_| {});
    let base = AdminUrl::parse(&server.url("/")).unwrap();
    let token = domain::Secret::new("owner-token");
    let http = Client::new(&"plex".parse().unwrap(), base, Transport::new().unwrap(), gate)
        .with_secret_header(super::server::TOKEN, &token)
        .unwrap();
    (Server::new(http), keeper)
}

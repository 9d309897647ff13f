//! Connections that stop being HTTP once they are made.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::call::sensitive;
use super::{Client, attempt};
use crate::Error;
use crate::breaker::Outcome;

/// A connection to a WebSocket of a service.
pub type Socket = WebSocketStream<reqwest::Upgraded>;

/// How long opening one may take.
const DEADLINE: Duration = Duration::from_secs(10);

impl Client {
    /// Opens the WebSocket at `path`, sending what every call sends, and `token` besides. A
    /// message longer than `largest` bytes ends it. Opening passes the breaker, as any call.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn web_socket(
        &self,
        path: &str,
        token: Option<(HeaderName, &domain::Secret)>,
        largest: usize,
    ) -> Result<Socket, Error> {
        let service = &self.service;
        let key = BASE64_STANDARD.encode(rand::random::<[u8; 16]>());
        let url = self.base.join(path);
        let transport = self.transport.client_for_upgrades(&url)?;
        let mut request = reqwest::Request::new(http::Method::GET, url);
        let mut headers = self.headers.clone();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(header::SEC_WEBSOCKET_KEY, sensitive(service, &key)?);
        if let Some((name, token)) = token {
            headers.insert(name, sensitive(service, token.expose())?);
        }
        *request.headers_mut() = headers;

        let permit = self.gate.admit().map_err(|why| Error::turned_away(service, why))?;
        let opened = match timeout(DEADLINE, open(service, transport, request, &key)).await {
            Ok(opened) => opened,
            Err(_) => Err(Error::TimedOut { service: service.clone(), after: DEADLINE }),
        };
        match &opened {
            Ok(_) => permit.record(Outcome::Succeeded),
            Err(error) => {
                if let Some(outcome) = error.outcome() {
                    permit.record(outcome);
                }
            }
        }
        let config = WebSocketConfig::default().max_message_size(Some(largest)).max_frame_size(Some(largest));
        Ok(WebSocketStream::from_raw_socket(opened?, Role::Client, Some(config)).await)
    }
}

async fn open(
    service: &Arc<str>,
    transport: &reqwest::Client,
    request: reqwest::Request,
    key: &str,
) -> Result<reqwest::Upgraded, Error> {
    let response =
        transport.execute(request).await.map_err(|error| attempt::of_transport(service, &error))?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        attempt::check_status(service, &response)?;
        return Err(no_socket(service));
    }
    let accepted = response.headers().get(header::SEC_WEBSOCKET_ACCEPT);
    if accepted.is_none_or(|accepted| accepted.as_bytes() != derive_accept_key(key.as_bytes()).as_bytes()) {
        return Err(no_socket(service));
    }
    response.upgrade().await.map_err(|_| Error::BrokenOff { service: service.clone() })
}

fn no_socket(service: &Arc<str>) -> Error {
    Error::Garbled { service: service.clone(), reason: "it opened no WebSocket".to_owned() }
}

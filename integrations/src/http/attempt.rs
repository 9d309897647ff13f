//! One attempt of a call: send, read, and say what went wrong in our own words.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use domain::Timestamp;
use domain::retry::parse_retry_after;
use http::{StatusCode, header};

use super::Cause;
use super::call::Answer;
use crate::Error;

/// Sends the request and reads the whole answer. A status of 400 and more is an error, and so
/// is a redirect that was not followed, unless the caller accepts it.
pub(super) async fn send(
    service: &Arc<str>,
    transport: &reqwest::Client,
    request: reqwest::Request,
    accept: fn(StatusCode) -> bool,
    max_body: usize,
) -> Result<Answer, Error> {
    let mut response = transport.execute(request).await.map_err(|error| of_transport(service, &error))?;
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS || !accept(status) {
        check_status(service, &response)?;
    }
    let body = read(service, &mut response, max_body).await?;
    Ok(Answer { status, headers: response.headers().clone(), body })
}

pub(super) fn check_status(service: &Arc<str>, response: &reqwest::Response) -> Result<(), Error> {
    let status = response.status();
    let service = service.clone();
    let retry_after = || {
        let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
        parse_retry_after(text, Timestamp::now())
    };
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            Err(Error::Throttled { service, retry_in: retry_after().unwrap_or(Duration::from_secs(1)) })
        }
        // The service gave up waiting for our request.
        StatusCode::REQUEST_TIMEOUT => {
            Err(Error::Failed { service, status: status.as_u16(), retry_after: None })
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(Error::AccessDenied { service, status: status.as_u16() })
        }
        status if status.is_server_error() => {
            Err(Error::Failed { service, status: status.as_u16(), retry_after: retry_after() })
        }
        status if status.is_client_error() => Err(Error::Refused { service, status: status.as_u16() }),
        status if status.is_redirection() && status != StatusCode::NOT_MODIFIED => {
            Err(Error::Redirected { service })
        }
        _ => Ok(()),
    }
}

async fn read(service: &Arc<str>, response: &mut reqwest::Response, max_body: usize) -> Result<Bytes, Error> {
    let too_large = || Error::TooLarge { service: service.clone(), limit: max_body };
    if response.content_length().is_some_and(|length| length > max_body as u64) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| of_transport(service, &error))? {
        if body.len() + chunk.len() > max_body {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

pub(super) fn of_transport(service: &Arc<str>, error: &reqwest::Error) -> Error {
    let service = service.clone();
    match Cause::of(error) {
        Cause::Unreachable(reason) => Error::Unreachable { service, reason },
        Cause::Certificate(reason) => Error::Certificate { service, reason },
        Cause::TimedOut => Error::Unreachable { service, reason: "no connection in time".to_owned() },
        Cause::BrokenOff => Error::BrokenOff { service },
        Cause::OwnFault(reason) => Error::Internal { service, reason },
    }
}

//! A client for one service, and the retry loop around its calls.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use domain::Secret;
use domain::address::AdminUrl;
use domain::retry::{Profile, RetryBudget};
use domain::service::ServiceName;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{MAX_BODY, Transport, attempt};
use crate::Error;
use crate::breaker::Gate;

/// Calls one service. Clones share the retry budget and the gate.
#[derive(Clone)]
pub struct Client {
    pub(super) service: Arc<str>,
    pub(super) base: AdminUrl,
    pub(super) transport: Transport,
    pub(super) gate: Gate,
    pub(super) headers: HeaderMap,
    max_body: usize,
    budget: Arc<Budget>,
}

struct Budget {
    tokens: Mutex<RetryBudget>,
    began: Instant,
}

impl Client {
    /// A client for the service `name` at `base`, that asks `gate` before each attempt.
    pub fn new(name: &ServiceName, base: AdminUrl, transport: Transport, gate: Gate) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let budget = Budget { tokens: Mutex::new(RetryBudget::new(Duration::ZERO)), began: Instant::now() };
        let (service, budget) = (name.as_str().into(), Arc::new(budget));
        Self { service, base, transport, gate, headers, max_body: MAX_BODY, budget }
    }

    /// The name of the service, as errors say it.
    pub fn service(&self) -> &Arc<str> {
        &self.service
    }

    /// The same service behind a breaker of its own, for calls whose failures say nothing of the
    /// others.
    #[must_use]
    pub fn with_gate(self, gate: Gate) -> Self {
        Self { gate, ..self }
    }

    /// Reads at most `bytes` of an answer; [`MAX_BODY`] unless said otherwise.
    #[must_use]
    pub fn with_max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sends `value` with every call, such as an API key. It is marked as sensitive, so it is
    /// not printed.
    ///
    /// # Errors
    /// [`Error::Internal`] when the value cannot stand in a header.
    pub fn with_secret_header(mut self, name: HeaderName, value: &Secret) -> Result<Self, Error> {
        let value = sensitive(&self.service, value.expose())?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Signs in with every call by HTTP Basic.
    ///
    /// # Errors
    /// [`Error::Internal`] when the value cannot stand in a header.
    pub fn with_basic(self, user: &str, password: &Secret) -> Result<Self, Error> {
        let pair = BASE64_STANDARD.encode(format!("{user}:{}", password.expose()));
        self.with_secret_header(header::AUTHORIZATION, &Secret::new(format!("Basic {pair}")))
    }

    /// Reads what is at `path` below the base address.
    pub fn get(&self, path: &str) -> Call<'_> {
        self.request(Method::GET, path)
    }

    /// A call that may change something. Only methods that may be repeated are retried, unless
    /// [`Call::once`] or [`Call::repeatable`] says otherwise.
    pub fn request(&self, method: Method, path: &str) -> Call<'_> {
        let may_repeat = method.is_idempotent();
        let url = self.base.join(path);
        let request = self.transport.client_for(&url).map(|transport| {
            let mut request = Request::new(method, url);
            *request.headers_mut() = self.headers.clone();
            (transport.clone(), request)
        });
        Call { client: self, request, profile: Profile::Background, may_repeat, accept: |_| false }
    }

    fn take_retry(&self) -> bool {
        let now = self.budget.began.elapsed();
        self.budget.tokens.lock().unwrap_or_else(PoisonError::into_inner).take(now)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("service", &self.service).finish_non_exhaustive()
    }
}

/// An answer below 400, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// [`Error::Garbled`] when it is not what `T` expects; says where, never what.
    pub fn json<T: DeserializeOwned>(&self, service: &Arc<str>) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Garbled {
            service: service.clone(),
            // Line and column only: the text of serde quotes the answer.
            reason: format!("not the expected JSON at line {}, column {}", error.line(), error.column()),
        })
    }
}

/// One call, being put together.
#[must_use = "a call does nothing until it is sent"]
pub struct Call<'a> {
    client: &'a Client,
    request: Result<(reqwest::Client, Request), Error>,
    profile: Profile,
    may_repeat: bool,
    accept: fn(StatusCode) -> bool,
}

impl Call<'_> {
    /// A person waits for this one.
    pub fn interactive(mut self) -> Self {
        self.profile = Profile::Interactive;
        self
    }

    /// Adds to the query. Everything but letters, digits and `-._~` is percent-encoded: some
    /// services refuse a space that is written as `+`.
    pub fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        if let Ok((_, request)) = &mut self.request {
            add_query(request.url_mut(), pairs);
        }
        self
    }

    /// A key that a service takes in the query only. Errors never print an address.
    pub fn secret_query(self, name: &str, value: &Secret) -> Self {
        self.query(&[(name, value.expose())])
    }

    /// Replaces the client's own header of that name.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if let Ok((_, request)) = &mut self.request {
            request.headers_mut().insert(name, value);
        }
        self
    }

    /// Sends `value` instead of the client's own, such as a person's token.
    pub fn secret_header(mut self, name: HeaderName, value: &Secret) -> Self {
        let value = sensitive(&self.client.service, value.expose());
        self.request = self.request.and_then(|(transport, mut request)| {
            request.headers_mut().insert(name, value?);
            Ok((transport, request))
        });
        self
    }

    /// Sends `value` as JSON.
    pub fn body(mut self, value: &impl Serialize) -> Self {
        let json = serde_json::to_vec(value);
        self.request = self.request.and_then(|(transport, mut request)| {
            let json = json.map_err(|error| Error::Internal {
                service: self.client.service.clone(),
                reason: error.to_string(),
            })?;
            let kind = HeaderValue::from_static("application/json");
            request.headers_mut().insert(header::CONTENT_TYPE, kind);
            *request.body_mut() = Some(json.into());
            Ok((transport, request))
        });
        self
    }

    /// Statuses that are answers and no errors: the caller looks at [`Answer::status`], and the
    /// breaker counts a success. For a 404 that means "not there", or for a service that says
    /// 500 when it means 404. A 429 always makes us wait.
    pub fn accept(mut self, statuses: fn(StatusCode) -> bool) -> Self {
        self.accept = statuses;
        self
    }

    /// Never retried, even though its method may be.
    pub fn once(mut self) -> Self {
        self.may_repeat = false;
        self
    }

    /// May be retried although its method is POST: the service is known to take the second one
    /// for the first.
    pub fn repeatable(mut self) -> Self {
        self.may_repeat = true;
        self
    }

    /// The answer as JSON.
    ///
    /// # Errors
    /// Every variant of [`Error`]; [`Error::Garbled`] when it is not what `T` expects.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let service = self.client.service.clone();
        self.run(|answer| answer.json(&service)).await
    }

    /// The answer as `decode` understands it; an answer that it does not understand is a failure
    /// of the service.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn decode<T>(self, decode: impl Fn(Answer) -> Result<T, Error>) -> Result<T, Error> {
        self.run(decode).await
    }

    /// The answer as it came.
    ///
    /// # Errors
    /// Every variant of [`Error`] but [`Error::Garbled`].
    pub async fn send(self) -> Result<Answer, Error> {
        self.run(Ok).await
    }

    async fn run<T>(self, decode: impl Fn(Answer) -> Result<T, Error>) -> Result<T, Error> {
        let client = self.client;
        let (transport, request) = self.request?;
        let deadline = Instant::now() + self.profile.total();
        client.budget.tokens.lock().unwrap_or_else(PoisonError::into_inner).on_call();
        let mut retries = 0;
        loop {
            let again = request.try_clone().map(|request| (transport.clone(), request));
            let result = self::attempt(client, again, self.accept, self.profile, deadline, &decode).await;
            let error = match result {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let may_retry = self.may_repeat && retries < self.profile.retries() && error.is_worth_retrying();
            let wait = self.profile.wait(retries, rand::random()).max(error.retry_in().unwrap_or_default());
            if !may_retry || Instant::now() + wait >= deadline || !client.take_retry() {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            retries += 1;
        }
    }
}

pub(super) fn sensitive(service: &Arc<str>, value: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(value).map_err(|_| Error::Internal {
        service: service.clone(),
        reason: "the key has characters that cannot be sent".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn add_query(url: &mut Url, pairs: &[(&str, &str)]) {
    let mut query = url.query().unwrap_or_default().to_owned();
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, UNRESERVED));
        query.push('=');
        query.extend(utf8_percent_encode(value, UNRESERVED));
    }
    url.set_query((!query.is_empty()).then_some(&query));
}

/// Everything but letters, digits and `-._~`.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One attempt behind the breaker. A caller that goes away drops the permit with the future.
async fn attempt<T>(
    client: &Client,
    request: Option<(reqwest::Client, Request)>,
    accept: fn(StatusCode) -> bool,
    profile: Profile,
    deadline: Instant,
    decode: impl Fn(Answer) -> Result<T, Error>,
) -> Result<T, Error> {
    let service = &client.service;
    let Some((transport, request)) = request else {
        return Err(Error::Internal {
            service: service.clone(),
            reason: "the body cannot be sent twice".to_owned(),
        });
    };
    let permit = client.gate.admit().map_err(|why| Error::turned_away(service, why))?;
    let began = Instant::now();
    let ends = deadline.min(began + profile.attempt());
    let sent = attempt::send(service, &transport, request, accept, client.max_body);
    let result = match timeout_at(ends, sent).await {
        Ok(result) => result.and_then(decode),
        Err(_) => Err(Error::TimedOut { service: service.clone(), after: ends - began }),
    };
    match &result {
        Ok(_) => permit.record(crate::breaker::Outcome::Succeeded),
        Err(Error::Throttled { retry_in, .. }) => permit.throttle(*retry_in),
        Err(error) => {
            if let Some(outcome) = error.outcome() {
                permit.record(outcome);
            }
        }
    }
    result
}

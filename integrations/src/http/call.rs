//! A client for one service, and the retry loop around its calls.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::Secret;
use domain::address::AdminUrl;
use domain::retry::{Profile, RetryBudget};
use domain::service::ServiceName;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::{Transport, attempt};
use crate::Error;
use crate::breaker::Gate;

/// Calls one service. Clones share the retry budget and the gate.
#[derive(Clone)]
pub struct Client {
    service: Arc<str>,
    base: AdminUrl,
    transport: Transport,
    gate: Gate,
    headers: HeaderMap,
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
        Self { service: name.as_str().into(), base, transport, gate, headers, budget: Arc::new(budget) }
    }

    /// Sends `value` with every call, such as an API key. It is marked as sensitive, so it is
    /// not printed.
    ///
    /// # Errors
    /// [`Error::Internal`] when the value cannot stand in a header.
    pub fn with_secret_header(mut self, name: HeaderName, value: &Secret) -> Result<Self, Error> {
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| Error::Internal {
            service: self.service.clone(),
            reason: "the key has characters that cannot be sent".to_owned(),
        })?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
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
        let transport = self.transport.client_for(&url);
        let request = transport.map(|transport| transport.request(method, url).headers(self.headers.clone()));
        Call { client: self, request, profile: Profile::Background, may_repeat }
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

/// One call, being put together.
#[must_use = "a call does nothing until it is sent"]
pub struct Call<'a> {
    client: &'a Client,
    request: Result<reqwest::RequestBuilder, Error>,
    profile: Profile,
    may_repeat: bool,
}

impl Call<'_> {
    /// A person waits for this one.
    pub fn interactive(mut self) -> Self {
        self.profile = Profile::Interactive;
        self
    }

    pub fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        self.request = self.request.map(|request| request.query(pairs));
        self
    }

    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.request = self.request.map(|request| request.header(name, value));
        self
    }

    /// Sends `value` as JSON.
    pub fn body(mut self, value: &impl Serialize) -> Self {
        self.request = self.request.and_then(|request| match serde_json::to_vec(value) {
            Ok(json) => Ok(request.header(header::CONTENT_TYPE, "application/json").body(json)),
            Err(error) => {
                Err(Error::Internal { service: self.client.service.clone(), reason: error.to_string() })
            }
        });
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
        self.run(|answer| {
            serde_json::from_slice(&answer.body).map_err(|error| Error::Garbled {
                service: service.clone(),
                // Line and column only: the text of serde quotes the answer.
                reason: format!("not the expected JSON at line {}, column {}", error.line(), error.column()),
            })
        })
        .await
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
        let request = self.request?;
        let deadline = Instant::now() + self.profile.total();
        client.budget.tokens.lock().unwrap_or_else(PoisonError::into_inner).on_call();
        let mut retries = 0;
        loop {
            let again = request.try_clone();
            let result = self::attempt(client, again, self.profile, deadline, &decode).await;
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

/// One attempt behind the breaker. A caller that goes away drops the permit with the future.
async fn attempt<T>(
    client: &Client,
    request: Option<reqwest::RequestBuilder>,
    profile: Profile,
    deadline: Instant,
    decode: impl Fn(Answer) -> Result<T, Error>,
) -> Result<T, Error> {
    let service = &client.service;
    let Some(request) = request else {
        return Err(Error::Internal {
            service: service.clone(),
            reason: "the body cannot be sent twice".to_owned(),
        });
    };
    let permit = client.gate.admit().map_err(|why| Error::turned_away(service, why))?;
    let began = Instant::now();
    let ends = deadline.min(began + profile.attempt());
    let result = match timeout_at(ends, attempt::send(service, request)).await {
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

//! Who may use the proxy.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::Secret;
use domain::address::Refusal;
use http::{HeaderMap, header};
use subtle::ConstantTimeEq;
use tokio::sync::watch;

#[derive(Default)]
pub(super) struct Jobs(Mutex<HashMap<String, Job>>);

struct Job {
    token: Secret,
    /// Closed when the job is dismissed: its connections watch it.
    alive: watch::Sender<()>,
    last_refusal: Option<Refusal>,
}

/// A job whose credential was right, as a connection knows it.
#[derive(Clone)]
pub(super) struct Admitted {
    pub(super) job: String,
    alive: watch::Receiver<()>,
}

impl Admitted {
    /// Waits until the job may not use the proxy any more.
    pub(super) async fn dismissed(mut self) {
        while self.alive.changed().await.is_ok() {}
    }
}

impl Jobs {
    pub(super) fn admit(&self, job: &str) -> Secret {
        let token = Secret::new(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
        let entry = Job { token: token.clone(), alive: watch::Sender::new(()), last_refusal: None };
        self.lock().insert(job.to_owned(), entry);
        token
    }

    pub(super) fn dismiss(&self, job: &str) {
        self.lock().remove(job);
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn last_refusal(&self, job: &str) -> Option<Refusal> {
        self.lock().get(job)?.last_refusal.clone()
    }

    pub(super) fn note_refusal(&self, job: &str, refusal: Refusal) {
        if let Some(job) = self.lock().get_mut(job) {
            job.last_refusal = Some(refusal);
        }
    }

    /// Whose credential a request carries, if it is good.
    pub(super) fn identify(&self, headers: &HeaderMap) -> Option<Admitted> {
        let value = headers.get(header::PROXY_AUTHORIZATION)?.as_bytes();
        let encoded = value.strip_prefix(b"Basic ").or_else(|| value.strip_prefix(b"basic "))?;
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim_ascii()).ok()?).ok()?;
        let (job, token) = decoded.split_once(':')?;
        let jobs = self.lock();
        let known = jobs.get(job)?;
        let is_right: bool = known.token.expose().as_bytes().ct_eq(token.as_bytes()).into();
        is_right.then(|| Admitted { job: job.to_owned(), alive: known.alive.subscribe() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

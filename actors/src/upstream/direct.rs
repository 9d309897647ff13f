//! A way to a service past the desk, for work that nobody waits for.

use std::marker::PhantomData;

use domain::Secret;
use domain::address::AdminUrl;
use domain::service::Service;
use integrations::Error;
use integrations::breaker::Gate;
use integrations::http::{self, Transport};
use store::Reader;

use super::Upstream;

/// Makes typed clients of one service. They pass its breaker as all others do.
pub(crate) struct Direct<C> {
    pub service: Service,
    pub reader: Reader,
    pub transport: Transport,
    pub gate: Gate,
    pub client: PhantomData<fn() -> C>,
}

impl<C> Clone for Direct<C> {
    fn clone(&self) -> Self {
        Self {
            service: self.service.clone(),
            reader: self.reader.clone(),
            transport: self.transport.clone(),
            gate: self.gate.clone(),
            client: PhantomData,
        }
    }
}

impl<C: Upstream> Direct<C> {
    /// A client with the key as it is now.
    ///
    /// # Errors
    /// [`Error::Internal`] when the key cannot be read or sent.
    pub async fn connect(&self) -> Result<C, Error> {
        let key = self.reader.service_secret(&self.service.name).await.map_err(|error| Error::Internal {
            service: self.service.name.as_str().into(),
            reason: error.to_string(),
        })?;
        self.connect_with(key.as_ref())
    }

    /// A client with that key.
    ///
    /// # Errors
    /// [`Error::Internal`] when the address or the key cannot be used.
    pub fn connect_with(&self, key: Option<&Secret>) -> Result<C, Error> {
        let base = AdminUrl::parse(&self.service.url).map_err(|refusal| Error::Internal {
            service: self.service.name.as_str().into(),
            reason: refusal.to_string(),
        })?;
        let http = http::Client::new(&self.service.name, base, self.transport.clone(), self.gate.clone());
        C::connect(&self.service, http, key)
    }
}

//! What an admin does to the services.

use std::sync::PoisonError;
use std::time::Duration;

use domain::address::{AdminUrl, Refusal};
use domain::service::{Service, ServiceName};
use domain::user::Invalid;
use store::{Conflict, NewService, ServicePatch};
use tokio::sync::oneshot;

use super::Services;
use crate::supervisor::DynamicError;

const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
const LONGEST_INTERVAL: Duration = Duration::from_secs(24 * 3600);
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(100);

/// Why a service was not created, changed or deleted, as an answer for a person.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    #[error(transparent)]
    Address(#[from] Refusal),
    #[error("{0}")]
    Interval(Invalid),
    #[error("{0}")]
    Timeout(Invalid),
    #[error("a service of that name exists already")]
    NameTaken,
    #[error("there is a service of that kind already; a household has one of it")]
    KindTaken,
    #[error("there is no such service")]
    NotFound,
    /// Not possible now: the store is away.
    #[error("services cannot be changed at the moment")]
    Unavailable(#[source] Option<store::Error>),
}

impl Denied {
    /// The field that is wrong, if one is.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Denied::Address(_) => Some("url"),
            Denied::Interval(_) => Some("interval"),
            Denied::Timeout(_) => Some("timeout"),
            Denied::NameTaken => Some("name"),
            Denied::KindTaken => Some("kind"),
            Denied::NotFound | Denied::Unavailable(_) => None,
        }
    }
}

impl From<store::Error> for Denied {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict(Conflict::ServiceNameTaken) => Denied::NameTaken,
            store::Error::Conflict(Conflict::ServiceKindTaken) => Denied::KindTaken,
            store::Error::NotFound(_) => Denied::NotFound,
            error => Denied::Unavailable(Some(error)),
        }
    }
}

impl Services {
    /// Configures a service and begins to watch it. `by` goes into the audit log.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn create(&self, by: store::Actor, new: NewService) -> Result<Service, Denied> {
        self.check(Some(&new.url), Some(new.interval), new.timeout)?;
        let this = self.clone();
        self.edit(async move {
            let service = this.0.writer.acting(by).create_service(&new).await?;
            this.0.board.put(service.clone());
            this.watch(&service).await;
            Ok(service)
        })
        .await
    }

    /// Changes a service and watches it as it is now.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn update(
        &self,
        by: store::Actor,
        name: &ServiceName,
        patch: ServicePatch,
    ) -> Result<Service, Denied> {
        self.check(patch.url.as_deref(), patch.interval, patch.timeout.flatten())?;
        let (this, name) = (self.clone(), name.clone());
        self.edit(async move {
            let before = this.0.reader.service(&name).await?.ok_or(Denied::NotFound)?;
            this.stop_watching(&name).await;
            let result = {
                let _no_status = this.0.record.writing.lock().await;
                this.0.record.forget(&name);
                this.0.writer.acting(by).update_service(&name, &patch).await
            };
            if patch.url.is_some() || patch.api_key.is_some() {
                this.clear_shelf(&name);
            }
            // Whatever happened to the row, it is watched as it is.
            let service = result.as_ref().unwrap_or(&before);
            this.0.board.put(service.clone());
            this.watch(service).await;
            Ok(result?)
        })
        .await
    }

    /// Stops watching a service and forgets everything about it.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn delete(&self, by: store::Actor, name: &ServiceName) -> Result<(), Denied> {
        let (this, name) = (self.clone(), name.clone());
        self.edit(async move {
            let before = this.0.reader.service(&name).await?.ok_or(Denied::NotFound)?;
            this.stop_watching(&name).await;
            if let Err(error) = this.0.writer.acting(by).delete_service(&name).await {
                this.watch(&before).await;
                return Err(error.into());
            }
            this.0.record.forget(&name);
            this.clear_shelf(&name);
            this.0.board.remove(&name);
            Ok(())
        })
        .await
    }

    fn check(
        &self,
        url: Option<&str>,
        interval: Option<Duration>,
        timeout: Option<Duration>,
    ) -> Result<(), Denied> {
        if let Some(url) = url {
            AdminUrl::parse(url)?.refuse_own(self.0.surroundings.listen)?;
        }
        if interval.is_some_and(|interval| !(SHORTEST_INTERVAL..=LONGEST_INTERVAL).contains(&interval)) {
            return Err(Denied::Interval(Invalid("interval is from 1s to 1day")));
        }
        if timeout.is_some_and(|timeout| !(SHORTEST_TIMEOUT..=LONGEST_INTERVAL).contains(&timeout)) {
            return Err(Denied::Timeout(Invalid("timeout is at least 100ms")));
        }
        Ok(())
    }

    /// Runs an edit to its end, one after the other, even when nobody waits for it any more.
    async fn edit<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Denied>> + Send + 'static,
    ) -> Result<T, Denied> {
        let (reply, answer) = oneshot::channel();
        let this = self.clone();
        {
            let mut edits = self.0.edits.lock().unwrap_or_else(PoisonError::into_inner);
            while edits.try_join_next().is_some() {}
            edits.spawn(async move {
                let _one_by_one = this.0.editing.lock().await;
                // Nobody may be waiting any more.
                let _ = reply.send(work.await);
            });
        }
        answer.await.unwrap_or(Err(Denied::Unavailable(None)))
    }

    /// Brings the tree in line with the row. When the supervisor is away it does so itself as
    /// soon as it starts.
    async fn watch(&self, service: &Service) {
        if !service.enabled {
            return self.stop_watching(&service.name).await;
        }
        if let Err(error) = self.supervisor().replace(self.child(service.clone())).await {
            tracing::warn!(service = %service.name, %error, "{} is not watched yet", service.name);
        }
    }

    async fn stop_watching(&self, name: &ServiceName) {
        match self.supervisor().stop(name.as_str()).await {
            Ok(()) | Err(DynamicError::NotFound) => {}
            Err(error) => tracing::warn!(service = %name, %error, "{name} is still watched"),
        }
    }
}

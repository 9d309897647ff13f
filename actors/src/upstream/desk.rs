//! Where the rest of the portal asks and changes things.

use std::any::TypeId;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use domain::service::ServiceName;
use futures_util::future::BoxFuture;
use integrations::Error;
use tokio::sync::oneshot;

use super::client::{AnyClient, Fetch, Fetched, Inner, Message};
use super::shelf::{Key, Shelf};
use super::{Scope, Seen, Unwell, Upstream};
use crate::runtime::{AskError, Handle, System};

/// How long a page waits for an answer: two seconds in all, less what it needs itself.
const PATIENCE: Duration = Duration::from_millis(1850);

/// One service, seen from the rest of the portal. Cheap to clone; stays valid while the actor
/// restarts or is replaced.
pub struct Desk<C> {
    service: Arc<str>,
    handle: Handle<Message>,
    shelf: Arc<Shelf>,
    client: PhantomData<fn(C)>,
}

impl<C> Clone for Desk<C> {
    fn clone(&self) -> Self {
        Self {
            service: self.service.clone(),
            handle: self.handle.clone(),
            shelf: self.shelf.clone(),
            client: PhantomData,
        }
    }
}

impl<C> std::fmt::Debug for Desk<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Desk({})", self.service)
    }
}

impl<C: Upstream> Desk<C> {
    pub(crate) fn new(system: &System, name: &ServiceName, shelf: Arc<Shelf>) -> Self {
        let handle = system.handle(&path_of(name));
        Self { service: name.as_str().into(), handle, shelf, client: PhantomData }
    }

    /// The name of the service.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// What `fetch` finds, or found within `ttl`. Everybody who wants the same waits for one
    /// fetch. When it fails, the last good answer comes with its age and the reason.
    ///
    /// # Errors
    /// [`Unwell`] when there is no answer at all.
    pub async fn read<T, F, Fut>(
        &self,
        scope: Scope,
        key: impl Into<Arc<str>>,
        ttl: Duration,
        fetch: F,
    ) -> Result<Seen<T>, Unwell>
    where
        T: Send + Sync + 'static,
        F: FnOnce(C) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let key = Key { scope, text: key.into(), kind: TypeId::of::<T>() };
        let fetch = Arc::new(Typed { fetch, types: PhantomData::<fn(C) -> T> });
        let read = |reply| Message(Inner::Read { key, ttl, fetch, reply });
        let (value, seen) = self.handle.ask(PATIENCE, read).await.map_err(|error| self.unwell(error))??;
        let value = value.downcast().map_err(|_| self.unwell(AskError::Dropped))?;
        Ok(Seen { value, at: seen.at, stale: seen.stale })
    }

    /// Changes something there. Goes on to its end when nobody waits any more.
    ///
    /// # Errors
    /// [`Unwell`]; what was sent may have been done all the same.
    pub async fn act<T, F, Fut>(&self, change: F) -> Result<T, Unwell>
    where
        T: Send + 'static,
        F: FnOnce(C) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let (done, answer) = oneshot::channel();
        let change = move |client: AnyClient| -> BoxFuture<'static, ()> {
            let Ok(client) = client.downcast::<C>() else { return Box::pin(async {}) };
            Box::pin(async move {
                // Nobody may be waiting any more.
                let _ = done.send(change((*client).clone()).await);
            })
        };
        let act = Message(Inner::Act { change: Box::new(change) });
        self.handle.tell(act).map_err(|error| self.unwell(error.into()))?;
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(result)) => Ok(result?),
            Ok(Err(_)) => Err(self.unwell(AskError::Dropped)),
            Err(_) => Err(self.unwell(AskError::TimedOut)),
        }
    }

    /// Something changed: answers whose key begins with `prefix` are read anew, and serve only
    /// when the service does not answer. For everybody, or for one person.
    pub fn outdate(&self, scope: Option<Scope>, prefix: &str) {
        self.shelf.outdate(scope, prefix);
    }

    /// Forgets all answers of one person.
    pub fn forget(&self, scope: Scope) {
        self.shelf.forget(scope);
    }

    fn unwell(&self, error: AskError) -> Unwell {
        let service = self.service.clone();
        match error {
            AskError::TimedOut => Unwell::Slow { service, after: PATIENCE },
            AskError::NotRunning | AskError::Full | AskError::Dropped => Unwell::Away { service },
        }
    }
}

/// Where the client of a service lives.
pub(crate) fn path_of(name: &ServiceName) -> String {
    format!("{}/{name}/client", crate::services::PATH)
}

struct Typed<F, C, T> {
    fetch: F,
    types: PhantomData<fn(C) -> T>,
}

impl<F, C, T, Fut> Fetch for Typed<F, C, T>
where
    C: Upstream,
    T: Send + Sync + 'static,
    F: FnOnce(C) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<T, Error>> + Send + 'static,
{
    fn run(&self, client: AnyClient) -> BoxFuture<'static, Fetched> {
        // The service of this name is of another kind now.
        let Ok(client) = client.downcast::<C>() else {
            return Box::pin(async { Err(Unwell::NotSetUp) });
        };
        let fetch = self.fetch.clone();
        Box::pin(async move { Ok(Arc::new(fetch((*client).clone()).await?) as Arc<_>) })
    }
}

//! What a poller asks of plex.tv and of the store.

use std::sync::Arc;

use domain::plex::{PinPurpose, PinRefusal};
use domain::{PlexPinId, Secret};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use integrations::plex_tv::{Error, Pin};

use super::{Parts, recognise};
use crate::sign_in::{Outside, Trouble};

/// The surroundings of one PIN.
pub(super) struct PinOutside {
    pub(super) parts: Arc<Parts>,
    pub(super) id: PlexPinId,
    pub(super) purpose: PinPurpose,
    pub(super) number: i64,
    pub(super) is_abandoned: bool,
}

impl Outside for PinOutside {
    fn poll(&self) -> BoxFuture<'static, Option<Result<Pin, Error>>> {
        let (parts, id, purpose, number) = (self.parts.clone(), self.id, self.purpose, self.number);
        async move {
            match parts.writer.touch_plex_pin(id, &parts.node).await {
                Ok(true) => {}
                Ok(false) => return None,
                // The PIN is approved at plex.tv whether our store is well or not.
                Err(error) => tracing::warn!(%error, "could not note that a sign-in is looked after"),
            }
            let client_id = match parts.client_id(purpose).await {
                Ok(client_id) => client_id,
                Err(error) => {
                    tracing::warn!(%error, "could not read our identifier at plex.tv");
                    return Some(Err(Error::Throttled { retry_in: std::time::Duration::ZERO }));
                }
            };
            Some(parts.tv.poll_pin(client_id, number).await)
        }
        .boxed()
    }

    fn recognise(&self, token: Secret) -> BoxFuture<'static, Result<(), Trouble>> {
        let (parts, id, purpose, is_abandoned) =
            (self.parts.clone(), self.id, self.purpose, self.is_abandoned);
        async move {
            if is_abandoned {
                return recognise::keep_token(&parts, purpose, &token).await;
            }
            let result = recognise::recognise(&parts, purpose, &token).await?;
            if let Err(refusal) = &result {
                tracing::info!(pin = %id, refusal = refusal.as_str(), "a sign-in with Plex was refused");
            }
            match parts.writer.settle_plex_pin(id, result).await {
                Ok(_) => Ok(()),
                Err(error) => Err(recognise::store_is_away(&error)),
            }
        }
        .boxed()
    }

    fn expire(&self) -> BoxFuture<'static, ()> {
        let (parts, id) = (self.parts.clone(), self.id);
        async move {
            if let Err(error) = parts.writer.settle_plex_pin(id, Err(PinRefusal::Expired)).await {
                tracing::warn!(%error, "could not note that a sign-in has expired");
            }
        }
        .boxed()
    }
}

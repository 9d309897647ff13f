//! What the person of the token is in the middle of.

use super::browse::hubs;
use super::{Item, Server};
use crate::Error;

impl Server {
    /// What comes next in what was begun.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn on_deck(&self) -> Result<Vec<Item>, Error> {
        let container = self.read(self.get("library/onDeck").query(&[("includeGuids", "1")])).await?;
        Ok(container.metadata.into_iter().filter_map(Item::of).collect())
    }

    /// What was begun and not finished, and what comes next. Old servers know only the deck.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn continue_watching(&self) -> Result<Vec<Item>, Error> {
        let call = self.get("hubs/continueWatching").query(&[("includeGuids", "1")]);
        let Some(container) = self.find(call).await? else { return self.on_deck().await };
        let row = hubs(container).into_iter().find(|hub| hub.identifier.contains("continue"));
        Ok(row.map(|hub| hub.items).unwrap_or_default())
    }
}

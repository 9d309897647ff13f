//! Collections, and everything else that changes the server.

use http::Method;

use super::model::{Collection, Kind, Paged, RatingKey, SectionId};
use super::{Item, Server};
use crate::Error;
use crate::http::Call;

impl Server {
    /// The collections of a library.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn collections(
        &self,
        section: &SectionId,
        start: usize,
        size: usize,
    ) -> Result<Paged<Collection>, Error> {
        let call = self.get(&format!("library/sections/{section}/collections"));
        self.page(call, start, size, Collection::of).await
    }

    /// One collection; nothing when there is none.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn collection(&self, key: &RatingKey) -> Result<Option<Collection>, Error> {
        let container = self.find(self.get(&format!("library/collections/{key}"))).await?.unwrap_or_default();
        Ok(container.metadata.into_iter().next().and_then(Collection::of))
    }

    /// What is in a collection. More than a hundred items come in parts only.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn collection_items(
        &self,
        key: &RatingKey,
        start: usize,
        size: usize,
    ) -> Result<Paged<Item>, Error> {
        let call = self.get(&format!("library/collections/{key}/children")).query(&[("includeGuids", "1")]);
        self.page(call, start, size, Item::of).await
    }

    /// Makes a collection of `kind` with its first item: the server makes no empty ones. Twice
    /// makes two, so it is not tried again.
    ///
    /// # Errors
    /// Every variant of [`Error`]; [`Error::Refused`] when the item is not in the library.
    pub async fn create_collection(
        &self,
        section: &SectionId,
        kind: &Kind,
        title: &str,
        first: &RatingKey,
    ) -> Result<Collection, Error> {
        let number = kind.number().unwrap_or(1).to_string();
        let uri = self.uri(std::slice::from_ref(first)).await?;
        let pairs = [
            ("type", number.as_str()),
            ("title", title),
            ("smart", "0"),
            ("sectionId", section.as_str()),
            ("uri", &uri),
        ];
        let call = self.call(Method::POST, "library/collections").query(&pairs).once();
        let container = self.read(call).await?;
        let service = self.service();
        container.metadata.into_iter().next().and_then(Collection::of).ok_or_else(|| Error::Garbled {
            service,
            reason: "it made a collection and did not say which".to_owned(),
        })
    }

    /// Adds items. One that is in it already stays as it is.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn add_to_collection(&self, key: &RatingKey, items: &[RatingKey]) -> Result<(), Error> {
        let uri = self.uri(items).await?;
        let call = self.call(Method::PUT, &format!("library/collections/{key}/items"));
        self.done(call.query(&[("uri", &uri)])).await
    }

    /// Takes an item out. One that is not in it is out already.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn remove_from_collection(&self, key: &RatingKey, item: &RatingKey) -> Result<(), Error> {
        let call = self.call(Method::DELETE, &format!("library/collections/{key}/items/{item}"));
        match self.done(call).await {
            Err(Error::Refused { status: 400 | 404, .. }) => Ok(()),
            result => result,
        }
    }

    /// Puts an item of a collection behind `after`, or first.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn move_in_collection(
        &self,
        key: &RatingKey,
        item: &RatingKey,
        after: Option<&RatingKey>,
    ) -> Result<(), Error> {
        let call = self.call(Method::PUT, &format!("library/collections/{key}/items/{item}/move"));
        let call = match after {
            Some(after) => call.query(&[("after", after.as_str())]),
            None => call,
        };
        self.done(call).await
    }

    /// # Errors
    /// Every variant of [`Error`]; [`Error::Refused`] with 409 when another one has that title.
    pub async fn rename_collection(
        &self,
        section: &SectionId,
        key: &RatingKey,
        title: &str,
    ) -> Result<(), Error> {
        self.edit(section, key, &Kind::Collection, Some(title), None).await
    }

    /// Deletes a collection; its items stay. One that is gone is gone already.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn delete_collection(&self, key: &RatingKey) -> Result<(), Error> {
        match self.done(self.call(Method::DELETE, &format!("library/collections/{key}"))).await {
            Err(Error::Refused { status: 404, .. }) => Ok(()),
            result => result,
        }
    }

    /// Sets the title and the summary of an item, and keeps the server from changing them back.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn edit(
        &self,
        section: &SectionId,
        key: &RatingKey,
        kind: &Kind,
        title: Option<&str>,
        summary: Option<&str>,
    ) -> Result<(), Error> {
        let number = kind.number().unwrap_or(1).to_string();
        let mut pairs = vec![("type", number.as_str()), ("id", key.as_str())];
        if let Some(title) = title {
            pairs.extend([("title.value", title), ("title.locked", "1")]);
        }
        if let Some(summary) = summary {
            pairs.extend([("summary.value", summary), ("summary.locked", "1")]);
        }
        let call = self.call(Method::PUT, &format!("library/sections/{section}/all"));
        self.done(call.query(&pairs)).await
    }

    /// Has a library look for new files, in one folder of it or everywhere. It does so in its
    /// own time. The folder is one of the server's own paths, never a file.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn refresh(&self, section: &SectionId, folder: Option<&str>) -> Result<(), Error> {
        let call = self.get(&format!("library/sections/{section}/refresh"));
        let call = match folder {
            Some(folder) => call.query(&[("path", folder)]),
            None => call,
        };
        self.done(call).await
    }

    /// The address of items, as the server wants it.
    async fn uri(&self, items: &[RatingKey]) -> Result<String, Error> {
        let machine = self.identity().await?.machine_identifier;
        let keys: Vec<&str> = items.iter().map(RatingKey::as_str).collect();
        Ok(format!("server://{machine}/com.plexapp.plugins.library/library/metadata/{}", keys.join(",")))
    }

    /// A call whose answer holds nothing of interest.
    async fn done(&self, call: Call<'_>) -> Result<(), Error> {
        call.send().await.map(drop)
    }
}

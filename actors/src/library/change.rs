//! Collections: what an admin does with them.
//!
//! The server is told, then the audit log, then everybody; whoever asked need not wait for it.

use domain::event::Event;
use integrations::plex::{Kind, RatingKey, SectionId, Server};
use serde_json::{Value, json};
use store::Writer;

use super::{Blind, Eyes, KEYS};
use crate::upstream::Unwell;

/// What is to be done. The server decides whether it can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Plex makes no empty collections: `first` is what it begins with.
    Create {
        section: SectionId,
        kind: Kind,
        title: String,
        first: RatingKey,
    },
    Add {
        collection: RatingKey,
        item: RatingKey,
    },
    Remove {
        collection: RatingKey,
        item: RatingKey,
    },
    Rename {
        section: SectionId,
        collection: RatingKey,
        title: String,
    },
    Delete {
        collection: RatingKey,
    },
}

/// Why nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Denied {
    #[error("{0}")]
    Title(&'static str),
    #[error("There is a collection with that title already.")]
    TitleTaken,
    /// Plex says that what was asked makes no sense, such as a title of another library.
    #[error("Plex refused it: the collection or the title is not there any more, or does not fit.")]
    Refused,
    #[error(transparent)]
    Blind(#[from] Blind),
}

/// How long a title may be, in characters.
const TITLE: usize = 120;

impl Eyes {
    /// Does `change` as the owner of the server, whoever asks: only the owner may. Gives the
    /// collection that it is about. `writer` names whoever asked.
    ///
    /// # Errors
    /// [`Denied`]
    pub async fn change(&self, change: Change, writer: Writer) -> Result<RatingKey, Denied> {
        let change = change.checked()?;
        let (desk, announce) = (self.desk.clone(), self.announce.clone());
        let acting = self.desk.act(move |server: Server| async move {
            let collection = change.run(&server).await?;
            desk.outdate(None, KEYS);
            if let Err(error) = writer.audit(change.name(), collection.as_str(), change.detail()).await {
                tracing::error!(%error, "a change of a collection is not in the audit log");
            }
            announce(Event::LibraryChanged { section: None });
            Ok(collection)
        });
        acting.await.map_err(|unwell| match unwell {
            Unwell::Failed(integrations::Error::Refused { status: 409, .. }) => Denied::TitleTaken,
            Unwell::Failed(integrations::Error::Refused { .. }) => Denied::Refused,
            unwell => Denied::Blind(unwell.into()),
        })
    }

    /// What the reason for no answer means for this person.
    pub(super) fn blind(&self, unwell: Unwell) -> Blind {
        match unwell {
            Unwell::Failed(integrations::Error::AccessDenied { status: 401, .. }) if self.is_own() => {
                Blind::SignInAgain
            }
            unwell => unwell.into(),
        }
    }
}

impl Change {
    /// With a title that is one.
    fn checked(mut self) -> Result<Self, Denied> {
        if let Change::Create { title, .. } | Change::Rename { title, .. } = &mut self {
            *title = title.split_whitespace().collect::<Vec<_>>().join(" ");
            if title.is_empty() {
                return Err(Denied::Title("Give the collection a title."));
            }
            if title.chars().count() > TITLE {
                return Err(Denied::Title("The title may have at most 120 characters."));
            }
            if title.chars().any(char::is_control) {
                return Err(Denied::Title("The title has characters that nobody can see."));
            }
        }
        Ok(self)
    }

    async fn run(&self, server: &Server) -> Result<RatingKey, integrations::Error> {
        match self {
            Change::Create { section, kind, title, first } => {
                Ok(server.create_collection(section, kind, title, first).await?.rating_key)
            }
            Change::Add { collection, item } => {
                server.add_to_collection(collection, std::slice::from_ref(item)).await?;
                Ok(collection.clone())
            }
            Change::Remove { collection, item } => {
                server.remove_from_collection(collection, item).await?;
                Ok(collection.clone())
            }
            Change::Rename { section, collection, title } => {
                server.rename_collection(section, collection, title).await?;
                Ok(collection.clone())
            }
            Change::Delete { collection } => {
                server.delete_collection(collection).await?;
                Ok(collection.clone())
            }
        }
    }

    /// As the audit log has it.
    fn name(&self) -> &'static str {
        match self {
            Change::Create { .. } => "collection.create",
            Change::Add { .. } => "collection.add",
            Change::Remove { .. } => "collection.remove",
            Change::Rename { .. } => "collection.rename",
            Change::Delete { .. } => "collection.delete",
        }
    }

    fn detail(&self) -> Value {
        match self {
            Change::Create { section, title, first, .. } => {
                json!({ "section": section.as_str(), "title": title, "first": first.as_str() })
            }
            Change::Add { item, .. } | Change::Remove { item, .. } => json!({ "item": item.as_str() }),
            Change::Rename { title, .. } => json!({ "title": title }),
            Change::Delete { .. } => json!({}),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(title: &str) -> Result<Change, Denied> {
        let key = "7".parse().unwrap();
        let section = "1".parse().unwrap();
        Change::Create { section, kind: Kind::Movie, title: title.to_owned(), first: key }.checked()
    }

    #[test]
    fn a_title_is_tidied_and_must_be_one() {
        let Ok(Change::Create { title, .. }) = create("  Rainy \t Sundays ") else { panic!() };
        assert_eq!(title, "Rainy Sundays");
        for bad in ["", "   ", "a\u{0}b", &"x".repeat(121)] {
            assert!(create(bad).is_err(), "{bad:?}");
        }
        assert!(create(&"ü".repeat(120)).is_ok());
    }
}

//! The collection of a playlist: made with its first video, found again ever after.
//!
//! The server makes a collection in one call and takes its summary in another, and we may die
//! after either. So a collection is ours when its summary holds our mark, or when it has the
//! name that we would give it and one of our videos in it.

use std::collections::BTreeSet;

use integrations::plex::{Collection, Kind, RatingKey, SectionId};
use sha2::{Digest as _, Sha256};

use super::Journey;
use crate::effects::Trouble;

/// Collections are read in parts of this size.
const PART: usize = 100;

impl Journey<'_> {
    /// Puts `keys` into the playlist's collection, which is made when there is none.
    pub(super) async fn collect(&mut self, section: &SectionId, keys: &[RatingKey]) -> Result<(), Trouble> {
        let Some(first) = keys.first() else { return Ok(()) };
        let collection = match self.known().await? {
            Some(collection) => collection,
            None => {
                let collection = match self.find_ours(section).await? {
                    Found::Ours(collection) => *collection,
                    Found::Free(name) => {
                        self.server.create_collection(section, &Kind::Movie, &name, first).await?
                    }
                };
                self.remember(Some(&collection.rating_key)).await?;
                collection
            }
        };
        let mark = self.mark();
        if !collection.summary.contains(&mark) {
            let summary = self.summary(&collection.summary, &mark);
            let key = &collection.rating_key;
            self.server.edit(section, key, &Kind::Collection, None, Some(&summary)).await?;
        }
        Ok(self.server.add_to_collection(&collection.rating_key, keys).await?)
    }

    /// The collection that we made before, if it is still there.
    async fn known(&mut self) -> Result<Option<Collection>, Trouble> {
        let Some(key) = self.work.collection.as_deref().and_then(|key| key.parse().ok()) else {
            return Ok(None);
        };
        let found = self.server.collection(&key).await?;
        if found.is_none() {
            // A person deleted it. What was in it comes into the next one at the next attempt.
            self.remember(None).await?;
            return Err(Trouble::later("the collection has left Plex, a new one is made"));
        }
        Ok(found)
    }

    async fn remember(&mut self, key: Option<&RatingKey>) -> Result<(), Trouble> {
        let key = key.map(RatingKey::as_str);
        self.arrivals.writer.set_collection(self.work.id, key).await?;
        self.work.collection = key.map(str::to_owned);
        Ok(())
    }

    /// Looks through all collections of the library for ours.
    async fn find_ours(&self, section: &SectionId) -> Result<Found, Trouble> {
        let (mark, names) = (self.mark(), self.names());
        let (mut start, mut taken) = (0, BTreeSet::new());
        loop {
            let page = self.server.collections(section, start, PART).await?;
            for collection in page.items {
                if collection.summary.contains(&mark) {
                    return Ok(Found::Ours(Box::new(collection)));
                }
                if names.contains(&collection.title) {
                    if self.holds_ours(&collection).await? {
                        return Ok(Found::Ours(Box::new(collection)));
                    }
                    taken.insert(collection.title);
                }
            }
            match page.next {
                Some(next) => start = next,
                None => break,
            }
        }
        let [plain, own] = names;
        Ok(Found::Free(if taken.contains(&plain) { own } else { plain }))
    }

    /// Whether one of this download's videos is in it, made by us just before we died.
    async fn holds_ours(&self, collection: &Collection) -> Result<bool, Trouble> {
        let has_mark_of_another = collection.summary.contains(MARK);
        if has_mark_of_another {
            return Ok(false);
        }
        let ours: BTreeSet<&str> = self.work.items.iter().filter_map(|item| item.key.as_deref()).collect();
        let items = self.server.collection_items(&collection.rating_key, 0, PART).await?.items;
        Ok(items.iter().any(|item| ours.contains(item.rating_key.as_str())))
    }

    /// What it is called, and what instead when somebody else's is called that.
    fn names(&self) -> [String; 2] {
        let title = self.work.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
        let title = title.unwrap_or("Playlist");
        [title.to_owned(), format!("{title} ({})", self.work.username)]
    }

    fn mark(&self) -> String {
        let hash = Sha256::digest(self.work.playlist.as_bytes());
        let hash: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        format!("{MARK} {hash}")
    }

    fn summary(&self, before: &str, mark: &str) -> String {
        let words = format!("A playlist that {} downloaded.", self.work.username);
        let words = if before.is_empty() { words } else { before.to_owned() };
        format!("{words}\n\n{mark}")
    }
}

/// How the last line of the summary of every collection of ours begins.
const MARK: &str = "MediaNest playlist";

enum Found {
    Ours(Box<Collection>),
    /// None is; this name is not taken.
    Free(String),
}

//! What can be looked at, and how long an answer is as good as new.

use std::time::Duration;

use integrations::Error;
use integrations::plex::{
    Collection, Hub, Item, ItemQuery, Kind, Letter, Paged, RatingKey, Section, SectionId, Server, Tag,
};

use tokio::time::timeout_at;

use super::{Blind, Eyes};
use crate::upstream::{Scope, Seen, Unwell};

/// Plex tells us of changes, so these may be long.
const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_secs(60);

/// How many hits a search lists of each kind.
const HITS: usize = 8;

/// How many items a rail has.
const RAIL: usize = 20;

/// What a search found, by kind.
pub type Found = Vec<Hub>;

impl Eyes {
    /// The libraries with films and shows, in the order of the server; hidden ones are left out.
    ///
    /// # Errors
    /// [`Blind`], as everywhere here: Plex has never answered, or not with this token.
    pub async fn sections(&self) -> Result<Seen<Vec<Section>>, Blind> {
        self.read("sections".to_owned(), LONG, |server| async move {
            let mut sections = server.sections().await?;
            sections.retain(|section| matches!(section.kind, Kind::Movie | Kind::Show) && !section.hidden);
            Ok(sections)
        })
        .await
    }

    /// Part of a library.
    pub async fn items(&self, section: &SectionId, query: &ItemQuery) -> Result<Seen<Paged<Item>>, Blind> {
        let (own, key) = (self.is_own(), format!("items/{section}/{query:?}"));
        let (section, query) = (section.clone(), query.clone());
        self.read(key, LONG, move |server| async move {
            let mut page = server.items(&section, &query).await?;
            hide(own, &mut page.items);
            Ok(page)
        })
        .await
    }

    pub async fn genres(&self, section: &SectionId) -> Result<Seen<Vec<Tag>>, Blind> {
        let section = section.clone();
        self.read(format!("genres/{section}"), LONG, |server| async move { server.genres(&section).await })
            .await
    }

    /// Where each first letter begins in a library that is sorted by title.
    pub async fn letters(&self, section: &SectionId, kind: &Kind) -> Result<Seen<Vec<Letter>>, Blind> {
        let (key, section, kind) = (format!("letters/{section}/{kind}"), section.clone(), kind.clone());
        self.read(key, LONG, |server| async move { server.first_characters(&section, Some(&kind)).await })
            .await
    }

    /// The newest of a library: films, or shows with their newest episodes.
    pub async fn recently_added(&self, section: &Section) -> Result<Seen<Vec<Item>>, Blind> {
        let (own, id, kind) = (self.is_own(), section.id.clone(), section.kind.clone());
        self.read(format!("recent/{id}"), LONG, move |server| async move {
            let mut items = server.recently_added(&id, Some(kind), RAIL).await?.items;
            hide(own, &mut items);
            Ok(items)
        })
        .await
    }

    /// What this person has begun; nothing for whoever has no token of their own, because it
    /// would be the owner's.
    pub async fn continue_watching(&self) -> Result<Option<Seen<Vec<Item>>>, Blind> {
        if !self.is_own() {
            return Ok(None);
        }
        let reading = self.read("continue".to_owned(), SHORT, |server| async move {
            let mut items = server.continue_watching().await?;
            items.truncate(RAIL);
            Ok(items)
        });
        reading.await.map(Some)
    }

    /// One title with all that is known of it; nothing when there is none for this person.
    pub async fn item(&self, key: &RatingKey) -> Result<Seen<Option<Item>>, Blind> {
        let (own, key) = (self.is_own(), key.clone());
        self.read(format!("item/{key}"), SHORT, move |server| async move {
            let mut item = server.item(&key).await?;
            hide(own, item.as_mut_slice());
            Ok(item)
        })
        .await
    }

    /// The seasons of a show, the episodes of a season.
    pub async fn children(&self, key: &RatingKey, start: usize) -> Result<Seen<Paged<Item>>, Blind> {
        let (own, key) = (self.is_own(), key.clone());
        self.read(format!("children/{key}/{start}"), SHORT, move |server| async move {
            let mut page = server.children(&key, start, 100).await?;
            hide(own, &mut page.items);
            Ok(page)
        })
        .await
    }

    /// Titles that go with one.
    pub async fn related(&self, key: &RatingKey) -> Result<Seen<Vec<Item>>, Blind> {
        let (own, key) = (self.is_own(), key.clone());
        self.read(format!("related/{key}"), LONG, move |server| async move {
            let hubs = server.related(&key).await?;
            let mut items: Vec<Item> = Vec::new();
            for item in hubs.into_iter().flat_map(|hub| hub.items) {
                let is_new =
                    item.rating_key != key && items.iter().all(|one| one.rating_key != item.rating_key);
                if is_new && matches!(item.kind, Kind::Movie | Kind::Show) {
                    items.push(item);
                }
            }
            items.truncate(RAIL);
            hide(own, &mut items);
            Ok(items)
        })
        .await
    }

    pub async fn collections(
        &self,
        section: &SectionId,
        start: usize,
    ) -> Result<Seen<Paged<Collection>>, Blind> {
        let section = section.clone();
        self.read(format!("collections/{section}/{start}"), LONG, move |server| async move {
            server.collections(&section, start, 100).await
        })
        .await
    }

    pub async fn collection(&self, key: &RatingKey) -> Result<Seen<Option<Collection>>, Blind> {
        let key = key.clone();
        self.read(format!("collection/{key}"), LONG, |server| async move { server.collection(&key).await })
            .await
    }

    pub async fn collection_items(&self, key: &RatingKey, start: usize) -> Result<Seen<Paged<Item>>, Blind> {
        let (own, key) = (self.is_own(), key.clone());
        self.read(format!("collection/{key}/items/{start}"), LONG, move |server| async move {
            let mut page = server.collection_items(&key, start, 60).await?;
            hide(own, &mut page.items);
            Ok(page)
        })
        .await
    }

    /// Titles, people and collections whose name holds `words`.
    pub async fn search(&self, words: &str) -> Result<Seen<Found>, Blind> {
        let (own, words) = (self.is_own(), words.to_owned());
        self.read(format!("search/{}", words.to_lowercase()), SHORT, move |server| async move {
            let mut hubs = server.search(&words, HITS, None).await?;
            hubs.iter_mut().for_each(|hub| hide(own, &mut hub.items));
            Ok(hubs)
        })
        .await
    }

    /// The name of the server in links that open it; the same for everybody.
    pub async fn machine(&self) -> Result<Seen<String>, Blind> {
        let fetch = |server: Server| async move { Ok(server.identity().await?.machine_identifier) };
        let key = format!("{}machine", super::KEYS);
        self.in_time(self.desk.read(Scope::Everyone, key, LONG, fetch)).await.map_err(Blind::from)
    }

    async fn read<T, F, Fut>(&self, key: String, ttl: Duration, fetch: F) -> Result<Seen<T>, Blind>
    where
        T: Send + Sync + 'static,
        F: FnOnce(Server) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let server = self.server();
        let fetch = move |service: Server| fetch(server(service));
        let seen = self.desk.read(self.scope, format!("{}{key}", super::KEYS), ttl, fetch);
        self.in_time(seen).await.map_err(|unwell| self.blind(unwell))
    }

    /// What `reading` gives before this look has taken too long.
    async fn in_time<T>(&self, reading: impl Future<Output = Result<T, Unwell>>) -> Result<T, Unwell> {
        let late = || Unwell::Slow { service: self.desk.service().into(), after: super::PATIENCE };
        timeout_at(self.until, reading).await.unwrap_or_else(|_| Err(late()))
    }
}

/// Whoever looks with the owner's token must not see what the owner has watched.
fn hide(own: bool, items: &mut [Item]) {
    if own {
        return;
    }
    for item in items {
        item.views = 0;
        item.view_offset = None;
        item.last_viewed_at = None;
        item.viewed_leaves = None;
    }
}

//! Looking through the libraries.

use http::{HeaderName, HeaderValue};

use super::item::{Tag, count};
use super::model::{Hub, Kind, Letter, Paged, RatingKey, SectionId};
use super::query::{ItemQuery, Sort};
use super::wire::{Container, Metadata};
use super::{Item, Server};
use crate::Error;
use crate::http::Call;

const START: HeaderName = HeaderName::from_static("x-plex-container-start");
const SIZE: HeaderName = HeaderName::from_static("x-plex-container-size");

impl Server {
    /// Part of a library.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn items(&self, section: &SectionId, query: &ItemQuery) -> Result<Paged<Item>, Error> {
        let pairs = query.pairs();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let call = self.get(&format!("library/sections/{section}/all")).query(&pairs);
        self.page(call, query.start, query.size, Item::of).await
    }

    /// The genres of a library; their ids go into [`ItemQuery::genre`].
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn genres(&self, section: &SectionId) -> Result<Vec<Tag>, Error> {
        let container = self.find(self.get(&format!("library/sections/{section}/genre"))).await?;
        let genre = |wire: super::wire::Directory| Some(Tag { id: Some(wire.key?), name: wire.title? });
        Ok(container.unwrap_or_default().directory.into_iter().filter_map(genre).collect())
    }

    /// The first letters of the titles of a library; none when the server does not tell them.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn first_characters(
        &self,
        section: &SectionId,
        kind: Option<&Kind>,
    ) -> Result<Vec<Letter>, Error> {
        let number = kind.and_then(Kind::number).map(|number| number.to_string());
        let call = self.get(&format!("library/sections/{section}/firstCharacter"));
        let call = match &number {
            Some(number) => call.query(&[("type", number)]),
            None => call,
        };
        let directory = self.find(call).await?.unwrap_or_default().directory;
        let letters = directory
            .into_iter()
            .filter_map(|wire| Some((wire.title.or(wire.key)?, wire.size.and_then(count).unwrap_or(0))));
        let placed = letters.scan(0, |offset, (title, size)| {
            let letter = Letter { title, size, offset: *offset };
            *offset += size;
            Some(letter)
        });
        Ok(placed.collect())
    }

    /// The newest items of a library: episodes rather than shows.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn recently_added(
        &self,
        section: &SectionId,
        kind: Option<Kind>,
        size: usize,
    ) -> Result<Paged<Item>, Error> {
        self.items(section, &ItemQuery { kind, size, sort: Sort::NEWEST, ..ItemQuery::default() }).await
    }

    /// Finds titles, in rows by kind, with at most `limit` in each.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn search(
        &self,
        query: &str,
        limit: usize,
        section: Option<&SectionId>,
    ) -> Result<Vec<Hub>, Error> {
        let limit = limit.to_string();
        let mut pairs = vec![("query", query), ("limit", &limit), ("includeCollections", "1")];
        pairs.push(("includeGuids", "1"));
        pairs.extend(section.map(|section| ("sectionId", section.as_str())));
        // 404 is its way to say that this person may see none of it.
        Ok(hubs(self.find(self.get("hubs/search").query(&pairs)).await?.unwrap_or_default()))
    }

    /// One item with all that is known of it; nothing when there is none, or when the person of
    /// the token may not see it.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn item(&self, key: &RatingKey) -> Result<Option<Item>, Error> {
        let call = self.get(&format!("library/metadata/{key}")).query(&[("includeGuids", "1")]);
        let container = self.find(call).await?.unwrap_or_default();
        let (section, title) = (container.section_id, container.section_title);
        let item = container.metadata.into_iter().next().and_then(Item::of);
        Ok(item.map(|mut item| {
            item.section = item.section.or_else(|| section?.parse().ok());
            item.section_title = item.section_title.or(title);
            item
        }))
    }

    /// The seasons of a show, the episodes of a season.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn children(&self, key: &RatingKey, start: usize, size: usize) -> Result<Paged<Item>, Error> {
        let pairs = [("excludeAllLeaves", "1"), ("includeGuids", "1")];
        let call = self.get(&format!("library/metadata/{key}/children")).query(&pairs);
        self.page(call, start, size, Item::of).await
    }

    /// All episodes of a show.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn all_leaves(&self, key: &RatingKey, start: usize, size: usize) -> Result<Paged<Item>, Error> {
        let call = self.get(&format!("library/metadata/{key}/allLeaves")).query(&[("includeGuids", "1")]);
        self.page(call, start, size, Item::of).await
    }

    /// What goes with an item, in rows.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn related(&self, key: &RatingKey) -> Result<Vec<Hub>, Error> {
        let call = self.get(&format!("library/metadata/{key}/related")).query(&[("includeGuids", "1")]);
        Ok(hubs(self.find(call).await?.unwrap_or_default()))
    }

    /// The rows of the server's own front page.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn hubs(&self) -> Result<Vec<Hub>, Error> {
        Ok(hubs(self.read(self.get("hubs").query(&[("includeGuids", "1")])).await?))
    }

    /// Reads one part of a list. Items that make no sense are left out, and still count.
    pub(super) async fn page<T>(
        &self,
        call: Call<'_>,
        start: usize,
        size: usize,
        of: impl Fn(Metadata) -> Option<T>,
    ) -> Result<Paged<T>, Error> {
        let call = call.header(START, HeaderValue::from(start)).header(SIZE, HeaderValue::from(size));
        Ok(paged(self.find(call).await?.unwrap_or_default(), start, of))
    }
}

fn paged<T>(container: Container, start: usize, of: impl Fn(Metadata) -> Option<T>) -> Paged<T> {
    let offset = container.offset.and_then(count).unwrap_or(start);
    let came = container.metadata.len();
    let total = container.total_size.and_then(count).unwrap_or(0).max(offset + came);
    let next = offset + came;
    let section = (container.section_id, container.section_title);
    let with_section = |mut wire: Metadata| {
        wire.section_id = wire.section_id.or_else(|| section.0.clone());
        wire.section_title = wire.section_title.or_else(|| section.1.clone());
        of(wire)
    };
    Paged {
        items: container.metadata.into_iter().filter_map(with_section).collect(),
        total,
        offset,
        next: (came > 0 && next < total).then_some(next),
    }
}

pub(super) fn hubs(container: Container) -> Vec<Hub> {
    container.hub.into_iter().map(Hub::of).collect()
}

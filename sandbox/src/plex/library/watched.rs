//! Who has watched what, and how far.

use super::{Item, Kind, Library, movie_key};
use crate::world::{World, scramble};

/// One account's history with one item.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct View {
    pub count: i64,
    /// Where it was stopped, in milliseconds.
    pub offset: i64,
    /// Seconds since 1970.
    pub last: i64,
}

/// Everybody has watched some things and is in the middle of a few.
pub(super) fn invent(library: &mut Library, world: &World) {
    let keys: Vec<(u64, i64)> = library
        .items
        .values()
        .filter(|item| matches!(item.kind, Kind::Movie | Kind::Episode))
        .map(|item| (item.key, item.duration))
        .collect();
    for member in world.members.iter().filter(|member| member.server_token.is_some()) {
        for &(key, duration) in &keys {
            let chance = scramble(key ^ member.plex_id.unsigned_abs()) % 100;
            let last = world.now - i64::try_from(chance).unwrap_or_default() * 50_000 - 90_000;
            let view = match chance {
                0..30 => View { count: 1, offset: 0, last },
                30..33 => View { count: 0, offset: duration / 3, last },
                _ => continue,
            };
            library.views.insert((member.plex_id, key), view);
        }
        // Everybody is in the middle of the same film.
        let ferry = movie_key(900_102);
        let view = View { count: 0, offset: 4_200_000, last: world.now - 7_200 };
        library.views.insert((member.plex_id, ferry), view);
    }
}

impl Library {
    pub fn view(&self, account: i64, key: u64) -> View {
        self.views.get(&(account, key)).copied().unwrap_or_default()
    }

    /// How many of the episodes below a show or season this account has watched.
    pub fn watched_below(&self, account: i64, key: u64) -> usize {
        self.leaves(key).iter().filter(|leaf| self.view(account, leaf.key).count > 0).count()
    }

    /// Whether there is something left to watch in it.
    pub fn is_unwatched(&self, account: i64, item: &Item) -> bool {
        match item.kind {
            Kind::Show | Kind::Season => self.watched_below(account, item.key) < self.leaves(item.key).len(),
            _ => self.view(account, item.key).count == 0,
        }
    }

    /// What is half watched, and the next episode of each show that is being watched; latest first.
    pub fn on_deck(&self, account: i64) -> Vec<&Item> {
        let mut deck: Vec<(i64, &Item)> = Vec::new();
        for item in self.items.values() {
            let view = self.view(account, item.key);
            match item.kind {
                Kind::Movie if view.offset > 0 => deck.push((view.last, item)),
                Kind::Show => deck.extend(self.next_of(account, item)),
                _ => {}
            }
        }
        deck.sort_by_key(|(last, item)| (-last, item.key));
        deck.into_iter().map(|(_, item)| item).collect()
    }

    fn next_of(&self, account: i64, show: &Item) -> Option<(i64, &Item)> {
        let leaves = self.leaves(show.key);
        let seen = |item: &&Item| self.view(account, item.key).last;
        let (at, latest) = leaves
            .iter()
            .enumerate()
            .filter(|(_, item)| seen(item) > 0)
            .max_by_key(|(_, item)| seen(item))?;
        let is_halfway = self.view(account, latest.key).offset > 0;
        let next = if is_halfway { leaves.get(at) } else { leaves.get(at + 1) };
        next.map(|item| (seen(latest), *item))
    }
}

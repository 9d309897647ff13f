//! What tests and other stand-ins may do behind the scenes.

use std::sync::Arc;

use super::library::Kind;
use super::live;
use super::stage::Stage;
use crate::world::Member;

/// The back door of a running Plex; cheap to clone. It keeps nothing running.
#[derive(Clone)]
pub struct Shelf {
    stage: Arc<Stage>,
}

impl Shelf {
    pub(super) fn new(stage: Arc<Stage>) -> Self {
        Self { stage }
    }

    fn member(&self, slug: &str) -> Member {
        self.stage.world.member(slug).unwrap_or_else(|| panic!("the world has no member {slug:?}")).clone()
    }

    /// Somebody (`owner friend friend2 stranger child`) says yes to the PIN with this code. Whether
    /// there was such a PIN.
    ///
    /// # Panics
    /// When the world has no such member.
    pub fn approve(&self, code: &str, slug: &str) -> bool {
        let member = self.member(slug);
        self.stage.state().accounts.claim(code, &member)
    }

    /// The code of the youngest PIN that nobody has claimed.
    pub fn waiting_code(&self) -> Option<String> {
        self.stage.state().accounts.youngest_waiting().map(|pin| pin.code.clone())
    }

    /// Every PIN is too old now.
    pub fn expire_pins(&self) {
        self.stage.state().accounts.expire_pins();
    }

    /// All of this member's account tokens stop working, as after a new password.
    ///
    /// # Panics
    /// When the world has no such member.
    pub fn revoke(&self, slug: &str) {
        let member = self.member(slug);
        self.stage.state().accounts.revoke_all(&member);
    }

    /// The owner stops sharing the server with this member.
    ///
    /// # Panics
    /// When the world has no such member.
    pub fn unshare(&self, slug: &str) {
        let member = self.member(slug);
        self.stage.state().accounts.unshare(&member);
    }

    /// The owner shares the server with this member again.
    ///
    /// # Panics
    /// When the world has no such member.
    pub fn share_again(&self, slug: &str) {
        let member = self.member(slug);
        self.stage.state().accounts.share_again(&member);
    }

    /// A film of the world that was only at TMDB arrives in the library, with the usual frames. Its
    /// rating key; `None` when the world has no such film.
    pub fn movie_arrives(&self, tmdb: i64) -> Option<u64> {
        let now = domain::Timestamp::now().as_millis() / 1000;
        let key = self.stage.state().library.add_movie(&self.stage.world, tmdb, now)?;
        self.announce("1", &[key]);
        Some(key)
    }

    /// All episodes of a season of the world arrive in the library. The season's rating key; `None`
    /// when the world has no such season.
    pub fn season_arrives(&self, show_tmdb: i64, number: i64) -> Option<u64> {
        let now = domain::Timestamp::now().as_millis() / 1000;
        let keys = self.stage.state().library.add_season(&self.stage.world, show_tmdb, number, now)?;
        self.announce("2", &keys);
        keys.first().copied()
    }

    /// An item disappears from the library, as when its file is deleted.
    pub fn remove(&self, rating_key: u64) {
        let Some(item) = self.stage.state().library.forget(rating_key) else { return };
        let entry =
            live::Entry { section: &item.section, key: item.key, kind: item.kind, title: &item.title };
        live::timeline(&self.stage, &entry, 9, "deleted");
    }

    /// A member starts to play an item.
    ///
    /// # Panics
    /// When the world has no such member.
    pub fn play(&self, slug: &str, rating_key: u64) {
        let member = self.member(slug);
        let session = {
            let mut state = self.stage.state();
            state.library.playing.push((member.slug, rating_key));
            state.library.playing.len()
        };
        live::playing(&self.stage, session, rating_key, "playing");
    }

    /// Titles in a library, as the media server has them now: rating key and title.
    pub fn titles(&self, section: &str) -> Vec<(u64, String)> {
        let state = self.stage.state();
        let of_section = state.library.items.values().filter(|item| item.section == section);
        let whole = of_section.filter(|item| matches!(item.kind, Kind::Movie | Kind::Show));
        whole.map(|item| (item.key, item.title.clone())).collect()
    }

    /// The rating key of a film or show of the world, when it is in the library now.
    pub fn rating_key(&self, is_movie: bool, tmdb: i64) -> Option<u64> {
        let guid = format!("tmdb://{tmdb}");
        let kind = if is_movie { Kind::Movie } else { Kind::Show };
        let state = self.stage.state();
        let found = state.library.items.values().find(|item| item.kind == kind && item.guids.contains(&guid));
        found.map(|item| item.key)
    }

    /// The collections of a library: rating key, title, and the rating keys in it.
    pub fn collections(&self, section: &str) -> Vec<(u64, String, Vec<u64>)> {
        let state = self.stage.state();
        let of_section = state.library.collections.values().filter(|found| found.section == section);
        of_section.map(|found| (found.key, found.title.clone(), found.items.clone())).collect()
    }

    /// How many sockets and event streams listen for frames.
    pub fn listeners(&self) -> usize {
        self.stage.frames.receiver_count()
    }

    fn announce(&self, section: &str, keys: &[u64]) {
        for key in keys {
            let found = self.stage.state().library.items.get(key).cloned();
            let Some(item) = found else { continue };
            let entry = live::Entry { section, key: *key, kind: item.kind, title: &item.title };
            for (state, word) in [(0, "created"), (3, "loading"), (5, "created")] {
                live::timeline(&self.stage, &entry, state, word);
            }
        }
    }
}

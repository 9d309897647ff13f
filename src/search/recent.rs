//! What somebody searched for last: in this process only, and only for that person.

use std::time::Duration;

use domain::UserId;
use moka::sync::Cache;

/// How many words of one person are kept.
const KEPT: usize = 5;

/// Clones are the same one.
#[derive(Clone)]
pub struct Searched(Cache<UserId, Vec<String>>);

impl Default for Searched {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 3600);
        Self(Cache::builder().max_capacity(1_000).time_to_idle(day).build())
    }
}

impl Searched {
    /// The newest first.
    pub fn of(&self, user: UserId) -> Vec<String> {
        self.0.get(&user).unwrap_or_default()
    }

    pub fn note(&self, user: UserId, words: &str) {
        let mut all = self.of(user);
        all.retain(|known| known != words);
        all.insert(0, words.to_owned());
        all.truncate(KEPT);
        self.0.insert(user, all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_their_own_last_words() {
        let (searched, ana, ben) = (Searched::default(), UserId::generate(), UserId::generate());
        for words in ["a", "b", "a", "c", "d", "e", "f"] {
            searched.note(ana, words);
        }
        assert_eq!(searched.of(ana), ["f", "e", "d", "c", "a"]);
        assert!(searched.of(ben).is_empty());
    }
}

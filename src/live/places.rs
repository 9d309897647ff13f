//! How many streams a person's programs have open.
//!
//! A session counts its own; API tokens have no actor, so they are counted here, all of one
//! person together. A restart forgets the counts and ends the streams.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actors::session::STREAMS;
use domain::UserId;

/// The counts of this process.
#[derive(Clone, Default)]
pub struct Places(Arc<Mutex<HashMap<UserId, usize>>>);

/// One open stream; dropping it makes room for another.
pub(super) struct Place {
    places: Places,
    user: UserId,
}

impl Places {
    /// Nothing when the person has as many streams open as anybody may.
    pub(super) fn take(&self, user: UserId) -> Option<Place> {
        let mut counts = self.lock();
        let count = counts.entry(user).or_default();
        if *count >= STREAMS {
            return None;
        }
        *count += 1;
        Some(Place { places: self.clone(), user })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.places.lock();
        if let Some(count) = counts.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_so_many_places_and_gets_them_back() {
        let (places, ana, ben) = (Places::default(), UserId::generate(), UserId::generate());

        let mut taken: Vec<Place> = (0..STREAMS).map_while(|_| places.take(ana)).collect();
        assert_eq!(taken.len(), STREAMS);
        assert!(places.take(ana).is_none());
        assert!(places.take(ben).is_some());

        taken.pop();
        assert!(places.take(ana).is_some());
        drop(taken);
        assert!(places.lock().is_empty());
    }
}

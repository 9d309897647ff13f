//! What tests and the demo may do with a running Seerr.

use std::net::SocketAddr;

use super::{Arr, Limit, Seerr};
use crate::faults::Faults;
use crate::hits::Hits;
use crate::lock;

impl Seerr {
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address without a path: what a service row carries.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The owner's key.
    pub fn api_key(&self) -> String {
        lock(&self.seerr.state).api_key.clone()
    }

    pub fn faults(&self) -> &Faults {
        &self.seerr.faults
    }

    /// How often each path was asked, faults included.
    pub fn hits(&self) -> &Hits {
        &self.seerr.hits
    }

    /// TMDB cannot be reached from here any more, or can again.
    pub fn set_tmdb_down(&self, is_down: bool) {
        lock(&self.seerr.state).tmdb_down = is_down;
    }

    /// What becomes of requests that are approved from now on.
    pub fn set_arr(&self, arr: Arr) {
        lock(&self.seerr.state).arr = arr;
    }

    /// The id of the account of this Plex user.
    pub fn user(&self, plex_id: i64) -> Option<i64> {
        let state = lock(&self.seerr.state);
        let found = state.users.values().find(|user| user.plex_id == Some(plex_id));
        found.map(|user| user.id)
    }

    /// Sets the permissions of an account; the numbers are Seerr's.
    pub fn set_permissions(&self, user: i64, permissions: u64) {
        self.seerr.change_user(user, |user| user.permissions = permissions);
    }

    /// Sets how many films and seasons an account may ask for.
    pub fn set_quota(&self, user: i64, movies: Limit, seasons: Limit) {
        self.seerr.change_user(user, |user| (user.movies, user.seasons) = (movies, seasons));
    }

    /// How many requests there are.
    pub fn requests(&self) -> usize {
        lock(&self.seerr.state).requests.len()
    }

    /// `request.status` and `media.status` of a request, as numbers.
    pub fn status(&self, request: i64) -> Option<(i64, i64)> {
        let state = lock(&self.seerr.state);
        let asked = state.requests.get(&request)?;
        let media = state.media.get(&asked.media)?;
        Some((asked.status, media.tiers.of(asked.is_4k)))
    }

    /// The download of an approved request is so far, between 0 and 1, and stays there.
    pub fn set_progress(&self, request: i64, done: f64) {
        self.seerr.set_progress(request, done);
    }

    /// What an approved request asked for is in Plex now.
    pub fn arrive(&self, request: i64) {
        self.seerr.arrive(request);
    }

    /// An approved request fails.
    pub fn fail(&self, request: i64) {
        self.seerr.fail(request);
    }

    /// What receivers of webhooks answered, oldest first; 0 where nobody did.
    pub fn delivered(&self) -> Vec<u16> {
        let delivered = lock(&self.seerr.state).delivered.clone();
        lock(&delivered).clone()
    }

    /// Whether an X-API-User has ended the process; [`Seerr::restart`] starts it again.
    pub fn has_crashed(&self) -> bool {
        lock(&self.seerr.state).crashed
    }

    pub fn restart(&self) {
        lock(&self.seerr.state).crashed = false;
    }

    /// Fills it as a household would have left it: requests in every stage.
    pub fn fill(&self) {
        self.seerr.fill();
    }
}

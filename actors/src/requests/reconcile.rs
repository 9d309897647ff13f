//! Looks at Overseerr: what stands there counts, whatever webhooks said or failed to say.

use std::collections::HashMap;
use std::time::Duration;

use domain::request::Hint;
use domain::{Timestamp, UserId};
use integrations::overseerr::{ListRequests, MediaRequest, SeerrRequestId};
use store::Adopted;

use super::Requests;
use super::sight::{is_vague, look};
use crate::effects::Trouble;

/// Pages of a hundred requests that a round reads at most.
const PAGES: usize = 50;
/// Requests that a round looks at one by one, at most.
const ONE_BY_ONE: usize = 50;
/// Requests of Overseerr that a round takes in, at most: each needs the name of its title.
const TAKEN_IN: usize = 50;
/// Which of several instances does the rounds.
const LEASE: &str = "request-tracker";
const LEASE_TTL: Duration = Duration::from_secs(90);

/// Who has which number in Overseerr.
struct People(Vec<store::SeerrPerson>);

impl People {
    /// The one of ours who asked there.
    fn asker(&self, found: &MediaRequest) -> Option<UserId> {
        let person = found.requested_by.as_ref()?;
        let by_number = || self.0.iter().find(|ours| ours.seerr_id == Some(person.id.get()));
        let by_plex = || {
            let plex_id = person.plex_id?.to_string();
            self.0.iter().find(|ours| ours.plex_id.as_ref() == Some(&plex_id))
        };
        let by_address = || {
            let address = person.email.as_ref()?.to_lowercase();
            self.0.iter().find(|ours| ours.email.as_ref().is_some_and(|ours| ours.to_lowercase() == address))
        };
        by_plex().or_else(by_address).or_else(by_number).map(|ours| ours.user)
    }
}

impl Requests {
    /// Looks at one request. One that we do not know is taken in.
    pub(super) async fn look_at(&self, id: SeerrRequestId) -> Result<(), Trouble> {
        let (reader, writer) = (self.0.store.reader(), self.0.store.writer());
        let began_at = Timestamp::now();
        let found = self.0.office.request(id).await?;
        let ours = reader.requests_known_as(id.get()).await?;
        match found {
            Some(found) if ours.is_empty() => {
                let people = People(reader.seerr_people().await?);
                self.take_in(&people, &found, began_at).await?;
            }
            Some(found) => {
                for request in ours {
                    writer.see_request(request.id, &look(&found, began_at)).await?;
                }
            }
            None => {
                for request in ours {
                    writer.miss_request(request.id, began_at).await?;
                }
            }
        }
        Ok(())
    }

    /// Overseerr can't be asked, so what its webhook said has to do: once for each body.
    pub(super) async fn believe(&self, id: SeerrRequestId, said: Option<(Hint, [u8; 32])>) {
        let Some((hint, digest)) = said else { return };
        let moved = async {
            if !self.0.store.writer().note_webhook("overseerr", &digest).await? {
                return Ok(());
            }
            for request in self.0.store.reader().requests_known_as(id.get()).await? {
                self.0.store.writer().hear_of_request(request.id, hint).await?;
            }
            Ok::<(), store::Error>(())
        };
        if let Err(error) = moved.await {
            tracing::warn!(request = %id, %error, "could not note what a webhook said");
        }
    }

    /// Compares our open requests with Overseerr's, and with `whole` takes in those that were made
    /// there. Gives the number of those that may still move.
    pub(super) async fn reconcile(&self, whole: bool) -> Result<usize, Trouble> {
        if !self.has_overseerr() {
            return Ok(0);
        }
        let (reader, writer) = (self.0.store.reader(), self.0.store.writer());
        let mut open: HashMap<i64, Vec<domain::request::MediaRequest>> = HashMap::new();
        for request in reader.open_requests().await? {
            open.entry(request.overseerr_id.unwrap_or_default()).or_default().push(request);
        }
        let count = open.len();
        if open.is_empty() && !whole {
            return Ok(0);
        }
        if writer.acquire_lease(LEASE, &self.0.node, LEASE_TTL).await?.is_none() {
            // Another instance does it.
            return Ok(count);
        }
        let known = reader.known_overseerr_ids().await?;
        let people = People(reader.seerr_people().await?);
        let (mut closer, mut room, mut skip) = (Vec::new(), TAKEN_IN, 0);
        for _ in 0..PAGES {
            if open.is_empty() && !whole {
                break;
            }
            let began_at = Timestamp::now();
            let list = ListRequests { take: 100, skip, filter: None, requested_by: None };
            let page = self.0.office.list(list).await?;
            skip += page.entries;
            for found in &page.requests {
                match open.remove(&found.id.get()) {
                    Some(_) if is_vague(found) => closer.push(found.id),
                    Some(ours) => {
                        for request in ours {
                            writer.see_request(request.id, &look(found, began_at)).await?;
                        }
                    }
                    None if !known.contains(&found.id.get()) && room > 0 => {
                        let is_taken = self.take_in(&people, found, began_at).await?;
                        room -= usize::from(is_taken);
                    }
                    None => {}
                }
            }
            if page.entries < 100 || skip >= page.total {
                break;
            }
        }
        closer.extend(open.into_keys().filter_map(SeerrRequestId::new));
        for id in closer.into_iter().take(ONE_BY_ONE) {
            self.look_at(id).await?;
        }
        Ok(count)
    }

    /// Takes in a request that one of ours made in Overseerr. Says whether it is new.
    async fn take_in(
        &self,
        people: &People,
        found: &MediaRequest,
        began_at: Timestamp,
    ) -> Result<bool, Trouble> {
        let Some(user) = people.asker(found) else { return Ok(false) };
        let title = self.0.office.title(found.media_type, found.media.tmdb_id).await?;
        let Some(details) = title.as_ref() else { return Ok(false) };
        let seasons: Vec<u32> = found.seasons.iter().map(|season| season.number).collect();
        let adopted = Adopted {
            user,
            media_type: found.media_type,
            tmdb_id: found.media.tmdb_id,
            title: &details.title.name,
            year: details.title.year,
            poster: details.title.poster.as_ref(),
            seasons: &seasons,
            is_4k: found.is_4k,
            created_at: found.created_at.unwrap_or(began_at),
            look: &look(found, began_at),
        };
        Ok(self.0.store.writer().adopt_request(&adopted).await?.is_some())
    }
}

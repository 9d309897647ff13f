//! Which account of Overseerr a person has.

use domain::UserId;
use integrations::overseerr::{SeerrUserId, Users};
use store::SeerrPerson;

use super::Requests;
use crate::effects::Trouble;

impl Requests {
    /// The person's number in Overseerr: found by their Plex account or their address, or made by
    /// an import. Nothing when Overseerr cannot know them. Looked up each time, in a list that is a
    /// minute old at most: another Overseerr may have been set up.
    pub(super) async fn seerr_id_of(&self, user: UserId) -> Result<Option<SeerrUserId>, Trouble> {
        let Some(person) = self.0.store.reader().seerr_person(user).await? else { return Ok(None) };
        let mut found = find(&*self.0.office.people(false).await?, &person);
        if found.is_none()
            && let Some(plex_id) = plex_id(&person)
        {
            self.0.office.import(plex_id).await?;
            found = find(&*self.0.office.people(true).await?, &person);
        }
        let number = found.map(SeerrUserId::get);
        if number != person.seerr_id {
            self.0.store.writer().set_seerr_id(user, number).await?;
        }
        Ok(found)
    }
}

fn find(users: &Users, person: &SeerrPerson) -> Option<SeerrUserId> {
    users.find(plex_id(person), person.email.as_deref()).map(|user| user.id)
}

fn plex_id(person: &SeerrPerson) -> Option<i64> {
    person.plex_id.as_deref()?.parse().ok()
}

/// The owner of Overseerr, who is always there: asks for those whom it cannot know.
pub(super) fn owner() -> SeerrUserId {
    SeerrUserId::new(1).expect("1 is a positive number")
}

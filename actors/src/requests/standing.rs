//! What a person may ask for, and how much of it, before they click.

use domain::UserId;
use domain::media::MediaType;
use integrations::overseerr::{self, Permissions};

use super::Requests;
use crate::upstream::Unwell;

/// How much a person may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    pub used: u32,
    /// Absent when there is none.
    pub limit: Option<u32>,
    /// Days after which a request counts no more.
    pub days: Option<u32>,
}

/// What a person may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub movies: Option<Allowance>,
    pub seasons: Option<Allowance>,
    rights: Rights,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rights {
    /// The portal decides alone; an admin needs nobody's word.
    Alone {
        is_admin: bool,
    },
    /// Overseerr does not know them: an admin decides here.
    Unknown,
    Known {
        permissions: Permissions,
        movies_in_4k: bool,
        series_in_4k: bool,
    },
}

impl Standing {
    /// Whether they may ask for such a title.
    pub fn may_ask(&self, media_type: MediaType, is_4k: bool) -> bool {
        match self.rights {
            Rights::Alone { .. } => true,
            Rights::Unknown => !is_4k,
            Rights::Known { permissions, movies_in_4k, series_in_4k } => {
                let has_4k = if media_type == MediaType::Movie { movies_in_4k } else { series_in_4k };
                permissions.may_request(media_type, is_4k) && (!is_4k || has_4k)
            }
        }
    }

    /// Whether nobody has to say yes.
    pub fn approved_at_once(&self, media_type: MediaType, is_4k: bool) -> bool {
        match self.rights {
            Rights::Alone { is_admin } => is_admin,
            Rights::Unknown => false,
            Rights::Known { permissions, .. } => permissions.is_approved_at_once(media_type, is_4k),
        }
    }
}

fn allowance(of: overseerr::Allowance) -> Option<Allowance> {
    of.limit.is_some().then_some(Allowance { used: of.used, limit: of.limit, days: of.days })
}

impl Requests {
    pub(super) async fn standing(&self, user: UserId, is_admin: bool) -> Result<Standing, Unwell> {
        let office = &self.0.office;
        if !office.is_set_up() {
            return Ok(Standing { movies: None, seasons: None, rights: Rights::Alone { is_admin } });
        }
        let unknown = Standing { movies: None, seasons: None, rights: Rights::Unknown };
        let person = self.0.store.reader().seerr_person(user).await.ok().flatten();
        let Some(person) = person else { return Ok(unknown) };
        let (people, about) = tokio::try_join!(office.people(false), office.about())?;
        let plex_id = person.plex_id.as_deref().and_then(|id| id.parse().ok());
        let Some(seerr) = people.find(plex_id, person.email.as_deref()) else {
            return Ok(unknown);
        };
        let quota = office.quota(user, seerr.id).await?;
        Ok(Standing {
            movies: allowance(quota.movie),
            seasons: allowance(quota.tv),
            rights: Rights::Known {
                permissions: seerr.permissions,
                movies_in_4k: about.is_4k_for_movies,
                series_in_4k: about.is_4k_for_series,
            },
        })
    }
}

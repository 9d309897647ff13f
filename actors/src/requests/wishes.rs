//! What people do with requests.

use std::time::Duration;

use domain::media::{MediaStatus, MediaType, TitleDetails};
use domain::request::{HIGHEST_SEASON, LONGEST_COMMENT, MOST_SEASONS, MediaRequest, RequestStatus};
use domain::user::CurrentUser;
use domain::{RequestId, UserId};
use store::{Asked, Decision, NewRequest, Quota};

use super::{Denied, Requests, Wish};
use crate::effects;
use crate::upstream::Unwell;

const HOUR: Duration = Duration::from_secs(3600);

fn invalid(field: &'static str, reason: impl Into<String>) -> Denied {
    Denied::Invalid { field, reason: reason.into() }
}

/// The seasons that are asked for: those of the wish, or all but the specials.
fn seasons_of(wish: &Wish, details: Option<&TitleDetails>) -> Result<Vec<u32>, Denied> {
    if wish.media_type == MediaType::Movie {
        let none = wish.seasons.is_empty();
        return if none { Ok(Vec::new()) } else { Err(invalid("seasons", "a film has no seasons")) };
    }
    if wish.seasons.len() > MOST_SEASONS {
        return Err(invalid("seasons", format!("at most {MOST_SEASONS} at a time")));
    }
    if let Some(high) = wish.seasons.iter().find(|season| **season > HIGHEST_SEASON) {
        return Err(invalid("seasons", format!("there is no season {high}")));
    }
    let Some(details) = details else {
        let said = !wish.seasons.is_empty();
        return if said { Ok(wish.seasons.clone()) } else { Err(invalid("seasons", "say which ones")) };
    };
    let is_known = |number: &u32| details.seasons.iter().any(|season| season.number == *number);
    if let Some(unknown) = wish.seasons.iter().find(|number| !is_known(number)) {
        return Err(invalid("seasons", format!("there is no season {unknown}")));
    }
    let is_wanted = |number: u32| {
        if wish.seasons.is_empty() { number > 0 } else { wish.seasons.contains(&number) }
    };
    let wanted: Vec<_> = details.seasons.iter().filter(|season| is_wanted(season.number)).collect();
    if wanted.is_empty() {
        return Err(invalid("seasons", "this series has no seasons yet"));
    }
    let is_there = |season: &domain::media::Season| {
        let status = if wish.is_4k { season.status_4k } else { season.status };
        status == MediaStatus::Available
    };
    let missing: Vec<u32> =
        wanted.into_iter().filter(|season| !is_there(season)).map(|season| season.number).collect();
    if missing.is_empty() { Err(Denied::AlreadyThere) } else { Ok(missing) }
}

impl Requests {
    pub(super) async fn ask(&self, user: &CurrentUser, wish: Wish) -> Result<MediaRequest, Denied> {
        let is_submitted = self.has_overseerr();
        let title = match self.0.office.title(wish.media_type, wish.tmdb_id).await {
            Ok(title) if title.is_none() => return Err(invalid("tmdb_id", "there is no such title")),
            Ok(title) => Some(title),
            // Nobody who could describe it is set up: it is kept under its number.
            Err(Unwell::NotSetUp) => None,
            Err(unwell) => return Err(unwell.into()),
        };
        let details = title.as_deref().and_then(Option::as_ref);
        let seasons = seasons_of(&wish, details)?;
        let state = details.and_then(|details| details.title.state.as_ref());
        if wish.media_type == MediaType::Movie
            && state.is_some_and(|state| state.of(wish.is_4k) == MediaStatus::Available)
        {
            return Err(Denied::AlreadyThere);
        }
        let number = format!("TMDB {} {}", wish.media_type, wish.tmdb_id);
        let status =
            if user.is_admin() && !is_submitted { RequestStatus::Approved } else { RequestStatus::Pending };
        let new = NewRequest {
            user: user.id,
            media_type: wish.media_type,
            tmdb_id: wish.tmdb_id,
            title: details.map_or(number.as_str(), |details| &details.title.name),
            year: details.and_then(|details| details.title.year),
            poster: details.and_then(|details| details.title.poster.as_ref()),
            seasons: &seasons,
            is_4k: wish.is_4k,
            status,
            is_submitted,
        };
        let own = self.0.store.reader().requests_per_hour_of(user.id).await?;
        let quota = Quota { limit: own.unwrap_or(self.0.per_hour), window: HOUR };
        match self.0.store.writer().create_request(&new, Some(quota)).await? {
            Asked::Accepted(request) => {
                self.changed(&request);
                Ok(request)
            }
            Asked::Duplicate(id) => Err(Denied::Duplicate(id)),
            Asked::QuotaReached { again_at } => Err(Denied::QuotaReached { limit: quota.limit, again_at }),
        }
    }

    /// What was queued is done at once, and what was said of the title is old.
    fn changed(&self, request: &MediaRequest) {
        effects::nudge(&self.0.system);
        self.0.office.outdate(Some(request.user), request.media_type, request.tmdb_id);
    }

    /// The request, if the person may see it.
    async fn seen_by(&self, user: &CurrentUser, id: RequestId) -> Result<MediaRequest, Denied> {
        let reader = self.0.store.reader();
        let request = reader.request(id).await?.ok_or(Denied::NotFound)?;
        let may_see =
            user.is_admin() || request.user == user.id || reader.follows_request(user.id, id).await?;
        if may_see { Ok(request) } else { Err(Denied::NotFound) }
    }

    async fn decide(&self, user: UserId, id: RequestId, decision: Decision) -> Result<MediaRequest, Denied> {
        let request = self.0.store.writer().decide_request(id, &decision, user, self.has_overseerr()).await?;
        self.changed(&request);
        Ok(request)
    }

    async fn decide_as_admin(
        &self,
        user: &CurrentUser,
        id: RequestId,
        decision: Decision,
    ) -> Result<MediaRequest, Denied> {
        self.seen_by(user, id).await?;
        if !user.is_admin() {
            return Err(Denied::NotAllowed);
        }
        self.decide(user.id, id, decision).await
    }

    pub(super) async fn approve(&self, user: &CurrentUser, id: RequestId) -> Result<MediaRequest, Denied> {
        self.decide_as_admin(user, id, Decision::Approve).await
    }

    pub(super) async fn decline(
        &self,
        user: &CurrentUser,
        id: RequestId,
        reason: Option<String>,
    ) -> Result<MediaRequest, Denied> {
        let reason = reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        if reason.as_ref().is_some_and(|reason| reason.chars().count() > LONGEST_COMMENT) {
            return Err(invalid("reason", format!("at most {LONGEST_COMMENT} characters")));
        }
        self.decide_as_admin(user, id, Decision::Decline { reason }).await
    }

    pub(super) async fn finish(&self, user: &CurrentUser, id: RequestId) -> Result<MediaRequest, Denied> {
        self.decide_as_admin(user, id, Decision::Finish).await
    }

    pub(super) async fn retry(&self, user: &CurrentUser, id: RequestId) -> Result<MediaRequest, Denied> {
        let request = self.seen_by(user, id).await?;
        if !user.is_admin() && request.user != user.id {
            return Err(Denied::NotAllowed);
        }
        self.decide(user.id, id, Decision::Retry).await
    }

    pub(super) async fn delete(&self, user: &CurrentUser, id: RequestId) -> Result<MediaRequest, Denied> {
        let request = self.seen_by(user, id).await?;
        if !user.is_admin() && request.user != user.id {
            return Err(Denied::NotAllowed);
        }
        if request.status.is_over() {
            self.0.store.writer().delete_request(id).await?;
            return Ok(request);
        }
        let is_early = matches!(request.status, RequestStatus::Pending | RequestStatus::Failed);
        if !is_early && !user.is_admin() {
            return Err(Denied::UnderWay);
        }
        self.decide(user.id, id, Decision::Cancel).await
    }

    pub(super) async fn join(&self, user: &CurrentUser, id: RequestId) -> Result<MediaRequest, Denied> {
        self.0.store.writer().join_request(id, user.id).await?;
        self.0.store.reader().request(id).await?.ok_or(Denied::NotFound)
    }

    pub(super) async fn leave(&self, user: &CurrentUser, id: RequestId) -> Result<MediaRequest, Denied> {
        let request = self.seen_by(user, id).await?;
        self.0.store.writer().leave_request(id, user.id).await?;
        Ok(self.0.store.reader().request(id).await?.unwrap_or(request))
    }

    pub(super) async fn comment(
        &self,
        user: &CurrentUser,
        id: RequestId,
        text: String,
    ) -> Result<MediaRequest, Denied> {
        self.seen_by(user, id).await?;
        let text = text.trim();
        if text.is_empty() {
            return Err(invalid("text", "say something"));
        }
        if text.chars().count() > LONGEST_COMMENT {
            return Err(invalid("text", format!("at most {LONGEST_COMMENT} characters")));
        }
        self.0.store.writer().comment_request(id, user.id, text).await?;
        self.0.store.reader().request(id).await?.ok_or(Denied::NotFound)
    }
}

//! Tells Overseerr what was decided here; the handler of the effect `overseerr-request`.
//!
//! A step may be begun more than once and may have worked although we heard nothing of it. So
//! every attempt but the first looks for what the one before may have left there, and the steps
//! of one request wait for each other.

use std::time::Duration;

use domain::request::{MediaRequest, RequestStatus, Step};
use domain::{RequestId, Timestamp, UserId};
use futures_util::future::BoxFuture;
use integrations::overseerr::{self, Created, ListRequests, NewRequest, SeerrRequestId, SeerrUserId};
use serde::Deserialize;
use store::{Effect, StepEnd};

use super::sight::{is_open, look};
use super::{Requests, people};
use crate::effects::{Handler, Trouble};
use crate::upstream::Unwell;

/// As the store names it.
const KIND: &str = "overseerr-request";

/// How long we leave Overseerr alone after a call whose end we do not know: it may still be
/// working on it.
const SETTLE: Duration = Duration::from_secs(10);

/// How far back we look for a request that may have been made.
const PAGES: u32 = 10;

/// The handler.
#[derive(Debug, Clone)]
pub struct Steps(pub Requests);

#[derive(Debug, Clone, Copy, Deserialize)]
struct Payload {
    request: RequestId,
    step: Step,
    by: Option<UserId>,
}

/// Why the step goes no further for now or for good.
enum Stop {
    Trouble(Trouble),
    /// It ended like this.
    End(StepEnd),
}

impl<T: Into<Trouble>> From<T> for Stop {
    fn from(trouble: T) -> Self {
        Stop::Trouble(trouble.into())
    }
}

fn refused(reason: &str) -> Stop {
    Stop::End(StepEnd::Refused(reason.to_owned()))
}

impl Handler for Steps {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run(&self, effect: Effect) -> BoxFuture<'static, Result<(), Trouble>> {
        let this = self.0.clone();
        Box::pin(async move {
            let payload = payload(&effect)?;
            if this.0.store.reader().has_earlier_effect(&effect, &format!("{}:", payload.request)).await? {
                return Err(Trouble::Later {
                    reason: "an earlier step of the request is not done".to_owned(),
                    after: Some(Duration::from_secs(1)),
                });
            }
            let Some(request) = this.0.store.reader().request(payload.request).await? else { return Ok(()) };
            let end = match this.take(&request, payload, effect.attempts).await {
                Ok(end) | Err(Stop::End(end)) => end,
                Err(Stop::Trouble(trouble)) => return Err(trouble),
            };
            this.0.store.writer().end_step(request.id, payload.step, &end).await?;
            this.0.office.outdate(Some(request.user), request.media_type, request.tmdb_id);
            Ok(())
        })
    }

    fn gave_up(&self, effect: Effect, reason: String) -> BoxFuture<'static, Result<(), Trouble>> {
        let this = self.0.clone();
        Box::pin(async move {
            let payload = payload(&effect)?;
            let end = StepEnd::Refused(format!("Overseerr could not be told: {reason}"));
            match this.0.store.writer().end_step(payload.request, payload.step, &end).await {
                Ok(()) | Err(store::Error::NotFound(_)) => Ok(()),
                Err(error) => Err(error.into()),
            }
        })
    }
}

fn payload(effect: &Effect) -> Result<Payload, Trouble> {
    serde_json::from_value(effect.payload.clone()).map_err(|error| Trouble::Never(error.to_string()))
}

impl Requests {
    async fn take(&self, request: &MediaRequest, payload: Payload, attempt: u32) -> Result<StepEnd, Stop> {
        if !self.has_overseerr() {
            return Ok(StepEnd::Waits("Overseerr is not set up any more".to_owned()));
        }
        let is_off = matches!(request.status, RequestStatus::Cancelled | RequestStatus::Declined);
        match payload.step {
            // It was taken back before it got there; the step after this one looks for leftovers.
            Step::Submit if is_off && attempt <= 1 && request.overseerr_id.is_none() => Ok(StepEnd::Gone),
            Step::Submit => {
                let id = self.submitted(request, None, attempt).await?;
                self.seen_now(id).await
            }
            Step::Approve => {
                let id = self.submitted(request, payload.by, attempt).await?;
                self.decided(id, Step::Approve).await
            }
            Step::Decline | Step::Retry => match self.known_or_found(request).await? {
                Some(id) => self.decided(id, payload.step).await,
                None => Ok(StepEnd::Gone),
            },
            Step::Withdraw => {
                if let Some(id) = self.known_or_found(request).await? {
                    self.0.office.delete(id).await?;
                }
                Ok(StepEnd::Gone)
            }
        }
    }

    /// The request's number in Overseerr, where it is made if it is not there. With `approver`,
    /// somebody who is unknown there has that admin ask for them.
    async fn submitted(
        &self,
        request: &MediaRequest,
        approver: Option<UserId>,
        attempt: u32,
    ) -> Result<SeerrRequestId, Stop> {
        if let Some(known) = number(request) {
            return Ok(known);
        }
        let person = self.asker(request, approver).await?;
        if attempt > 1
            && let Some(made) = self.find(request, Some(person)).await?
        {
            return self.know(request, made.id).await;
        }
        let new = NewRequest {
            media_type: request.media_type,
            tmdb_id: request.tmdb_id,
            seasons: request.seasons.clone(),
            is_4k: request.is_4k,
        };
        match self.0.office.create(person, new).await {
            Ok(Created::Made(made)) => self.know(request, made.id).await,
            Ok(Created::AlreadyRequested | Created::NothingToDo) => match self.find(request, None).await? {
                Some(other) => self.know(request, other.id).await,
                None => Err(refused("All of it is there or was asked for already")),
            },
            Ok(Created::QuotaUsedUp) => Err(refused("The quota in Overseerr is used up")),
            Ok(Created::Blocklisted) => Err(refused("It is on the blocklist of Overseerr")),
            Ok(Created::UnknownTitle) => Err(refused("Overseerr does not know this title")),
            Ok(Created::NoPermission(reason)) => Err(refused(&reason)),
            Err(Unwell::Failed(error @ integrations::Error::AccessDenied { .. })) => {
                // Perhaps the person is gone there: the next attempt looks for them anew.
                let _ = self.0.office.people(true).await;
                Err(Stop::Trouble(Trouble::Later { reason: error.to_string(), after: Some(SETTLE) }))
            }
            Err(unwell) => Err(Stop::Trouble(Trouble::Later {
                reason: unwell.to_string(),
                after: Some(unwell.retry_in().unwrap_or_default().max(SETTLE)),
            })),
        }
    }

    /// As whom it is asked for.
    async fn asker(&self, request: &MediaRequest, approver: Option<UserId>) -> Result<SeerrUserId, Stop> {
        if let Some(person) = self.seerr_id_of(request.user).await? {
            return Ok(person);
        }
        let reader = self.0.store.reader();
        let is_admin = reader.admins().await?.iter().any(|admin| admin.id == request.user);
        match approver {
            Some(approver) => match self.seerr_id_of(approver).await? {
                Some(person) => Ok(person),
                None => Ok(people::owner()),
            },
            None if is_admin => Ok(people::owner()),
            None => Err(Stop::End(StepEnd::Waits(
                "Overseerr does not know who asks, so an admin has to approve it here".to_owned(),
            ))),
        }
    }

    async fn know(&self, request: &MediaRequest, id: SeerrRequestId) -> Result<SeerrRequestId, Stop> {
        self.0.store.writer().know_request(request.id, id.get()).await?;
        Ok(id)
    }

    async fn known_or_found(&self, request: &MediaRequest) -> Result<Option<SeerrRequestId>, Stop> {
        if let Some(known) = number(request) {
            return Ok(Some(known));
        }
        // An attempt to submit it may have worked.
        let Some(person) = self.seerr_id_of(request.user).await? else { return Ok(None) };
        Ok(self.find(request, Some(person)).await?.map(|found| found.id))
    }

    /// A request for the same in Overseerr that is open: one of `person` that no other row of
    /// ours stands for, or anybody's.
    async fn find(
        &self,
        request: &MediaRequest,
        person: Option<SeerrUserId>,
    ) -> Result<Option<overseerr::MediaRequest>, Stop> {
        let taken = match person {
            Some(_) => self.0.store.reader().known_overseerr_ids().await?,
            None => Default::default(),
        };
        let mut skip = 0;
        for _ in 0..PAGES {
            let list = ListRequests { take: 100, skip, filter: None, requested_by: person };
            let page = self.0.office.list(list).await?;
            let same = page.requests.into_iter().find(|found| {
                let is_title =
                    found.media.tmdb_id == request.tmdb_id && found.media_type == request.media_type;
                let shares_seasons = request.seasons.is_empty()
                    || found.seasons.iter().any(|season| request.seasons.contains(&season.number));
                is_title
                    && shares_seasons
                    && found.is_4k == request.is_4k
                    && is_open(found)
                    && !taken.contains(&found.id.get())
            });
            skip += page.entries;
            if same.is_some() || page.entries < 100 || skip >= page.total {
                return Ok(same);
            }
        }
        Ok(None)
    }

    async fn decided(&self, id: SeerrRequestId, step: Step) -> Result<StepEnd, Stop> {
        match self.0.office.decide(id, step).await? {
            // What it answers is how the title was before.
            Some(_) => self.seen_now(id).await,
            None => Ok(StepEnd::Gone),
        }
    }

    async fn seen_now(&self, id: SeerrRequestId) -> Result<StepEnd, Stop> {
        let began_at = Timestamp::now();
        Ok(match self.0.office.request(id).await? {
            Some(found) => StepEnd::Seen(look(&found, began_at)),
            None => StepEnd::Gone,
        })
    }
}

fn number(request: &MediaRequest) -> Option<SeerrRequestId> {
    request.overseerr_id.and_then(SeerrRequestId::new)
}

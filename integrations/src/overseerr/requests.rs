//! Asking for titles, and deciding on it.

use domain::media::{MediaType, TmdbId};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::Overseerr;
use super::model::{MediaRequest, SeerrRequestId, SeerrUserId};
use super::titles::message;
use super::wire::{NamedWire, PageWire, RequestWire};
use crate::http::{Answer, Call};
use crate::{Error, tolerant};

const AS_USER: HeaderName = HeaderName::from_static("x-api-user");

/// Which requests, and which page of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListRequests {
    /// How many; 0 is a full page.
    pub take: u32,
    pub skip: u32,
    pub filter: Option<RequestFilter>,
    pub requested_by: Option<SeerrUserId>,
}

/// The filters that both families take. There is none for declined requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFilter {
    Approved,
    Available,
    Pending,
    Processing,
    Unavailable,
    Failed,
}

impl RequestFilter {
    fn as_str(self) -> &'static str {
        match self {
            RequestFilter::Approved => "approved",
            RequestFilter::Available => "available",
            RequestFilter::Pending => "pending",
            RequestFilter::Processing => "processing",
            RequestFilter::Unavailable => "unavailable",
            RequestFilter::Failed => "failed",
        }
    }
}

/// Requests, the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestPage {
    pub requests: Vec<MediaRequest>,
    /// How many entries the page had; more than there are requests when some made no sense.
    pub entries: u32,
    /// How many there are in all.
    pub total: u32,
    /// The Radarrs and Sonarrs that Overseerr cannot reach. Only Seerr says so.
    pub service_errors: Vec<String>,
}

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRequest {
    pub media_type: MediaType,
    pub tmdb_id: TmdbId,
    /// Of a series, at least one; empty for a film.
    pub seasons: Vec<u32>,
    pub is_4k: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Created {
    Made(Box<MediaRequest>),
    /// All of these seasons are there or were asked for.
    NothingToDo,
    /// Somebody asked for it before.
    AlreadyRequested,
    QuotaUsedUp,
    /// An admin of Overseerr does not want it asked for.
    Blocklisted,
    /// What the user may not, in the words of Overseerr.
    NoPermission(String),
    /// There is no such title.
    UnknownTitle,
}

/// How many requests there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Counts {
    pub total: u32,
    pub movie: u32,
    pub tv: u32,
    pub pending: u32,
    pub approved: u32,
    pub declined: u32,
    pub processing: u32,
    /// Always 0 in Seerr, which counts them as completed.
    pub available: u32,
    /// Always 0 in Overseerr.
    pub completed: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewWire<'a> {
    media_type: MediaType,
    media_id: i64,
    /// Always sent: left out, Overseerr makes the same request twice.
    #[serde(rename = "is4k")]
    is_4k: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seasons: Option<&'a [u32]>,
}

impl Overseerr {
    /// # Errors
    /// What every call may give.
    pub async fn requests(&self, list: &ListRequests) -> Result<RequestPage, Error> {
        let take = if list.take == 0 { 100 } else { list.take.min(100) };
        let mut query = vec![("take", take.to_string()), ("skip", list.skip.to_string())];
        query.push(("sort", "added".to_owned()));
        query.extend(list.filter.map(|filter| ("filter", filter.as_str().to_owned())));
        query.extend(list.requested_by.map(|user| ("requestedBy", user.to_string())));
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page: PageWire<tolerant::Lenient<RequestWire>> =
            self.http.get("api/v1/request").query(&query).json().await?;
        let entries = page.results.len() as u32;
        let requests = page.results.into_iter().filter_map(|entry| entry.0?.into_request()).collect();
        let total = page.page_info.results.and_then(|total| u32::try_from(total).ok()).unwrap_or(entries);
        let errors = page.service_errors.unwrap_or_default();
        let names = |list: Vec<NamedWire>| list.into_iter().map(|named| named.name);
        let service_errors = names(errors.radarr).chain(names(errors.sonarr)).collect();
        Ok(RequestPage { requests, entries, total, service_errors })
    }

    /// One request; nothing when it is gone.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn request(&self, id: SeerrRequestId) -> Result<Option<MediaRequest>, Error> {
        self.read_one(self.http.get(&format!("api/v1/request/{id}")).interactive()).await
    }

    /// Asks for a title as `user`, with their rights and their quota. With the bare key it would be
    /// the owner who asks, and nobody would have to approve it.
    ///
    /// # Errors
    /// What every call may give. [`Error::AccessDenied`] when the key is wrong or there is no such
    /// user; [`Error::Failed`] also while Overseerr cannot reach TMDB.
    pub async fn create_request(&self, user: SeerrUserId, new: &NewRequest) -> Result<Created, Error> {
        let seasons = (new.media_type == MediaType::Tv).then_some(new.seasons.as_slice());
        if seasons.is_some_and(<[u32]>::is_empty) {
            return Ok(Created::NothingToDo);
        }
        let NewRequest { media_type, tmdb_id, is_4k, .. } = *new;
        let wire = NewWire { media_type, media_id: tmdb_id.0, is_4k, seasons };
        let call = self.http.request(Method::POST, "api/v1/request").interactive().body(&wire);
        let call = call.header(AS_USER, HeaderValue::from(user.get()));
        let is_known = |status| {
            [StatusCode::FORBIDDEN, StatusCode::CONFLICT, StatusCode::INTERNAL_SERVER_ERROR].contains(&status)
        };
        self.judge(call.accept(is_known).send().await?)
    }

    fn judge(&self, answer: Answer) -> Result<Created, Error> {
        let text = message(&answer);
        match answer.status {
            StatusCode::CREATED | StatusCode::OK => Ok(Created::Made(Box::new(self.one_request(&answer)?))),
            // A success that made nothing.
            StatusCode::ACCEPTED => Ok(Created::NothingToDo),
            StatusCode::CONFLICT => Ok(Created::AlreadyRequested),
            // A wrong key has no message but an error.
            StatusCode::FORBIDDEN if text.is_empty() => {
                Err(Error::AccessDenied { service: self.http.service().clone(), status: 403 })
            }
            StatusCode::FORBIDDEN if text.contains("Quota") => Ok(Created::QuotaUsedUp),
            StatusCode::FORBIDDEN if text.contains("blocklisted") || text.contains("blacklisted") => {
                Ok(Created::Blocklisted)
            }
            StatusCode::FORBIDDEN => Ok(Created::NoPermission(text)),
            StatusCode::INTERNAL_SERVER_ERROR if text.contains("[TMDB]") && text.ends_with("404") => {
                Ok(Created::UnknownTitle)
            }
            _ => {
                self.refuse_failure(&answer)?;
                Err(self.garbled("not an answer to a request"))
            }
        }
    }

    /// Approves it; nothing when it is gone. Approving twice does no harm. The title in the answer
    /// has the status that it had before.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn approve(&self, id: SeerrRequestId) -> Result<Option<MediaRequest>, Error> {
        self.decide(id, "approve").await
    }

    /// Declines it; nothing when it is gone. Overseerr keeps no reason.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn decline(&self, id: SeerrRequestId) -> Result<Option<MediaRequest>, Error> {
        self.decide(id, "decline").await
    }

    /// Sends a failed one to Radarr or Sonarr again; nothing when it is gone. It may have failed
    /// again already in the answer.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn retry(&self, id: SeerrRequestId) -> Result<Option<MediaRequest>, Error> {
        self.decide(id, "retry").await
    }

    async fn decide(&self, id: SeerrRequestId, what: &str) -> Result<Option<MediaRequest>, Error> {
        let call = self.http.request(Method::POST, &format!("api/v1/request/{id}/{what}")).interactive();
        self.read_one(if what == "retry" { call.once() } else { call.repeatable() }).await
    }

    /// Removes it; false when it was gone. Overseerr lets everybody remove what is pending:
    /// whoever asks for this must have looked at whose it is.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn delete(&self, id: SeerrRequestId) -> Result<bool, Error> {
        let call = self.http.request(Method::DELETE, &format!("api/v1/request/{id}")).interactive();
        Ok(call.accept(is_gone).send().await?.status != StatusCode::NOT_FOUND)
    }

    /// # Errors
    /// What every call may give.
    pub async fn counts(&self) -> Result<Counts, Error> {
        self.http.get("api/v1/request/count").interactive().json().await
    }

    async fn read_one(&self, call: Call<'_>) -> Result<Option<MediaRequest>, Error> {
        let answer = call.accept(is_gone).send().await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        self.one_request(&answer).map(Some)
    }

    fn one_request(&self, answer: &Answer) -> Result<MediaRequest, Error> {
        let wire: RequestWire = answer.json(self.http.service())?;
        wire.into_request().ok_or_else(|| self.garbled("a request without a title"))
    }
}

fn is_gone(status: StatusCode) -> bool {
    status == StatusCode::NOT_FOUND
}

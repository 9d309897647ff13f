//! What Overseerr sends when something happens.
//!
//! It is sent once, unsigned, without a number, in no certain order, and not at all while TMDB is
//! away; and the status of the title in it may be the one from before. So it is a hint to read the
//! request again, and nothing more. Its admin may change the template: only `notification_type`
//! must be there. Values are text, also where they are numbers.

use domain::media::{MediaType, TmdbId};
use serde::Deserialize;

use super::model::SeerrRequestId;
use crate::tolerant;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotificationType {
    MediaPending,
    MediaApproved,
    MediaAutoApproved,
    MediaAvailable,
    MediaDeclined,
    MediaFailed,
    IssueCreated,
    IssueComment,
    IssueResolved,
    IssueReopened,
    /// An admin looks whether it arrives.
    Test,
    /// A word that this version does not know.
    Other(String),
}

impl NotificationType {
    fn parse(text: &str) -> Self {
        match text {
            "MEDIA_PENDING" => NotificationType::MediaPending,
            "MEDIA_APPROVED" => NotificationType::MediaApproved,
            "MEDIA_AUTO_APPROVED" => NotificationType::MediaAutoApproved,
            "MEDIA_AVAILABLE" => NotificationType::MediaAvailable,
            "MEDIA_DECLINED" => NotificationType::MediaDeclined,
            "MEDIA_FAILED" => NotificationType::MediaFailed,
            "ISSUE_CREATED" => NotificationType::IssueCreated,
            "ISSUE_COMMENT" => NotificationType::IssueComment,
            "ISSUE_RESOLVED" => NotificationType::IssueResolved,
            "ISSUE_REOPENED" => NotificationType::IssueReopened,
            "TEST_NOTIFICATION" => NotificationType::Test,
            other => NotificationType::Other(other.chars().take(64).collect()),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub notification_type: NotificationType,
    /// Name and year of the title.
    pub subject: Option<String>,
    pub message: Option<String>,
    pub request_id: Option<SeerrRequestId>,
    pub media_type: Option<MediaType>,
    pub tmdb_id: Option<TmdbId>,
    pub requested_by: Option<String>,
    pub requested_by_email: Option<String>,
    pub issue_id: Option<i64>,
    pub comment: Option<String>,
    /// `Requested Seasons` of the extras.
    pub seasons: Vec<u32>,
}

/// It is no notification of Overseerr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a notification of Overseerr or Seerr: it has no notification_type")]
pub struct Malformed;

#[derive(Debug, Deserialize)]
struct Wire {
    notification_type: String,
    #[serde(default, deserialize_with = "tolerant::text")]
    subject: Option<String>,
    #[serde(default, deserialize_with = "tolerant::text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "tolerant::maybe")]
    media: Option<MediaWire>,
    #[serde(default, deserialize_with = "tolerant::maybe")]
    request: Option<RequestWire>,
    #[serde(default, deserialize_with = "tolerant::maybe")]
    issue: Option<IssueWire>,
    #[serde(default, deserialize_with = "tolerant::maybe")]
    comment: Option<CommentWire>,
    #[serde(default, deserialize_with = "tolerant::list")]
    extra: Vec<ExtraWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MediaWire {
    #[serde(deserialize_with = "tolerant::text")]
    media_type: Option<String>,
    #[serde(rename = "tmdbId", deserialize_with = "tolerant::integer")]
    tmdb_id: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RequestWire {
    #[serde(deserialize_with = "tolerant::integer")]
    request_id: Option<i64>,
    #[serde(rename = "requestedBy_email", deserialize_with = "tolerant::text")]
    requested_by_email: Option<String>,
    #[serde(rename = "requestedBy_username", deserialize_with = "tolerant::text")]
    requested_by_username: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct IssueWire {
    #[serde(deserialize_with = "tolerant::integer")]
    issue_id: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CommentWire {
    #[serde(deserialize_with = "tolerant::text")]
    comment_message: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ExtraWire {
    name: String,
    value: String,
}

impl Webhook {
    /// # Errors
    /// [`Malformed`] when it is no JSON object with a `notification_type`.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let wire: Wire = serde_json::from_slice(body).map_err(|_| Malformed)?;
        if wire.notification_type.trim().is_empty() {
            return Err(Malformed);
        }
        let media = wire.media.unwrap_or_default();
        let request = wire.request.unwrap_or_default();
        let extra = wire.extra.iter().find(|extra| extra.name == "Requested Seasons");
        let seasons =
            extra.map(|extra| extra.value.split(',').filter_map(|n| n.trim().parse().ok()).collect());
        Ok(Self {
            notification_type: NotificationType::parse(wire.notification_type.trim()),
            subject: wire.subject,
            message: wire.message,
            request_id: request.request_id.and_then(SeerrRequestId::new),
            media_type: media.media_type.and_then(|text| text.parse().ok()),
            tmdb_id: media.tmdb_id.map(TmdbId),
            requested_by: request.requested_by_username,
            requested_by_email: request.requested_by_email,
            issue_id: wire.issue.and_then(|issue| issue.issue_id),
            comment: wire.comment.and_then(|comment| comment.comment_message),
            seasons: seasons.unwrap_or_default(),
        })
    }
}

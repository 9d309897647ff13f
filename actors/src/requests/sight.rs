//! What Overseerr says, in our words.

use domain::Timestamp;
use domain::media::MediaStatus;
use domain::request::{Hint, RemoteRequest, RequestStatus};
use integrations::overseerr::MediaRequest;
use integrations::overseerr::webhook::NotificationType;
use store::Look;

/// A request as it was found; `began_at` is when we began to ask.
pub(super) fn look(found: &MediaRequest, began_at: Timestamp) -> Look {
    let key = if found.is_4k { &found.media.plex_key_4k } else { &found.media.plex_key };
    Look {
        overseerr_id: found.id.get(),
        sighting: found.sighting(),
        transfer: found.transfer(),
        rating_key: key.clone(),
        began_at,
    }
}

/// Whether only a look at the request alone tells more: a list has no seasons.
pub(super) fn is_vague(found: &MediaRequest) -> bool {
    found.status == RemoteRequest::Approved
        && !found.seasons.is_empty()
        && found.media.status_of(found.is_4k) == MediaStatus::PartiallyAvailable
}

/// Whether it still stands for its title: it was neither declined nor fulfilled.
pub(super) fn is_open(found: &MediaRequest) -> bool {
    !matches!(found.sighting().status(), Some(RequestStatus::Available | RequestStatus::Declined))
}

/// What a webhook claims about a request.
pub(super) fn hint(notification: &NotificationType) -> Option<Hint> {
    match notification {
        NotificationType::MediaPending => Some(Hint::Asked),
        NotificationType::MediaApproved | NotificationType::MediaAutoApproved => Some(Hint::Approved),
        NotificationType::MediaFailed => Some(Hint::Failed),
        NotificationType::MediaDeclined => Some(Hint::Declined),
        NotificationType::MediaAvailable => Some(Hint::Available),
        _ => None,
    }
}

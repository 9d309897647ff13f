//! What each crate's errors mean to whoever asked.

use actors::session::Refused;
use actors::upstream::Unwell;
use actors::{download_queue, library, requests, services, sign_ins};
use domain::plex::PinRefusal;
use http::StatusCode;
use store::{Conflict, Error};

use super::Problem;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) => Problem::not_found(),
            Error::Conflict(conflict) => {
                let problem = Problem::conflict(sentence(&conflict.to_string()));
                if conflict == Conflict::UsernameTaken { problem.about("username") } else { problem }
            }
            Error::BadCursor => Problem::invalid("after", "is not the `next` of a list"),
            error if error.is_outage() => {
                tracing::warn!(%error, "the store did not answer");
                Problem::unavailable()
                    .with_detail("The database does not answer right now. Try again in a moment.")
            }
            error => {
                tracing::error!(%error, "the store refused");
                Problem::internal()
            }
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Over => Problem::signed_out(),
            Refused::Unavailable => Problem::unavailable(),
        }
    }
}

impl From<Unwell> for Problem {
    fn from(unwell: Unwell) -> Self {
        Problem::unavailable().with_detail(sentence(&unwell.to_string()))
    }
}

impl From<services::Denied> for Problem {
    fn from(denied: services::Denied) -> Self {
        use services::Denied;
        let detail = sentence(&denied.to_string());
        match (&denied, denied.field()) {
            (Denied::NotFound, _) => Problem::not_found().with_detail(detail),
            (Denied::Unavailable(error), _) => {
                tracing::warn!(?error, "could not change the services");
                Problem::unavailable().with_detail(detail)
            }
            (Denied::NameTaken | Denied::KindTaken, Some(field)) => Problem::conflict(detail).about(field),
            (_, Some(field)) => Problem::invalid(field, detail),
            (_, None) => Problem::conflict(detail),
        }
    }
}

impl From<sign_ins::Denied> for Problem {
    fn from(denied: sign_ins::Denied) -> Self {
        use sign_ins::Denied;
        let detail = sentence(&denied.to_string());
        match denied {
            Denied::TooMany => Problem::too_often(detail, std::time::Duration::from_secs(60)),
            Denied::Away(_) => Problem::unavailable().with_detail(detail),
            Denied::Unavailable(reason) => {
                tracing::warn!(%reason, "could not ask about plex.tv");
                Problem::unavailable().with_detail(detail)
            }
            Denied::NotFound => Problem::not_found().with_detail(detail),
            Denied::NotSetUp | Denied::NoOwnerToken | Denied::OwnerTokenRefused | Denied::NoToken => {
                Problem::conflict(detail)
            }
        }
    }
}

impl From<PinRefusal> for Problem {
    /// The same words as on the page, in one sentence.
    fn from(refusal: PinRefusal) -> Self {
        let detail = match refusal {
            PinRefusal::NoShare => "No server is shared with this Plex account.",
            PinRefusal::WrongServer => "This house's server is not shared with this Plex account.",
            PinRefusal::NotSetUp => "The Plex server of this house is not set up yet.",
            PinRefusal::Disabled => "This account is disabled.",
            PinRefusal::Taken => "Somebody else here has this Plex account.",
            PinRefusal::AlreadyLinked => "Another Plex account is linked already.",
            PinRefusal::NotOwner => "This Plex account does not own the server.",
            PinRefusal::TokenRefused => "Plex took its approval back.",
            PinRefusal::Expired => "Nobody approved it in time.",
        };
        Problem::new(StatusCode::FORBIDDEN, refusal.as_str(), "Could not sign in", detail)
    }
}

impl From<download_queue::Denied> for Problem {
    fn from(denied: download_queue::Denied) -> Self {
        use download_queue::Denied;
        let detail = sentence(&denied.to_string());
        match denied {
            Denied::QuotaReached { again_at, .. } => {
                let wait = domain::Timestamp::now().until(again_at);
                let minutes = wait.as_secs().div_ceil(60).max(1);
                Problem::too_often(format!("{detail} You can start another one in {minutes} min."), wait)
            }
            Denied::Duplicate(id) => Problem::conflict(format!("{detail} It is {id}.")).about("url"),
            Denied::RefusedAddress(_) => Problem::invalid("url", detail),
            Denied::QueueFull { .. } => Problem::too_often(detail, std::time::Duration::from_secs(60)),
            Denied::Busy => Problem::too_often(detail, std::time::Duration::from_secs(5)),
            Denied::NotFound => Problem::not_found().with_detail(detail),
            Denied::Over | Denied::NotOver => Problem::conflict(detail),
            Denied::Failed(failure) => Problem::invalid("url", failure.message),
            Denied::Unavailable(_) => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Problem::new(status, "unavailable", "Not available right now", detail)
            }
        }
    }
}

impl From<requests::Denied> for Problem {
    fn from(denied: requests::Denied) -> Self {
        use requests::Denied;
        let detail = sentence(&denied.to_string());
        match denied {
            Denied::QuotaReached { again_at, .. } => {
                let wait = domain::Timestamp::now().until(again_at);
                let minutes = wait.as_secs().div_ceil(60).max(1);
                Problem::too_often(format!("{detail} You can ask again in {minutes} min."), wait)
            }
            Denied::Duplicate(id) => Problem::conflict(format!("{detail} It is {id}.")).about("tmdb_id"),
            Denied::Invalid { field, reason } => Problem::invalid(field, reason),
            Denied::NotFound => Problem::not_found().with_detail(detail),
            Denied::NotAllowed => Problem::forbidden().with_detail(detail),
            Denied::AlreadyThere | Denied::UnderWay | Denied::Conflict(_) => Problem::conflict(detail),
            Denied::Unavailable(_) => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Problem::new(status, "unavailable", "Not available right now", detail)
            }
        }
    }
}

impl From<library::Blind> for Problem {
    fn from(blind: library::Blind) -> Self {
        let title = "The library is not available";
        let detail = blind.to_string();
        // What never was set up does not come by waiting, and neither does a new sign-in.
        if !blind.is_outage() {
            return Problem::new(StatusCode::CONFLICT, "no-library", title, detail);
        }
        let away = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "service-away", title, detail);
        Problem { retry_after: blind.retry_in(), ..away }
    }
}

impl From<library::Denied> for Problem {
    fn from(denied: library::Denied) -> Self {
        use library::Denied;
        let detail = denied.to_string();
        match denied {
            Denied::Title(_) => Problem::invalid("title", detail),
            Denied::TitleTaken => Problem::conflict(detail).about("title"),
            Denied::Refused => Problem::conflict(detail),
            Denied::Blind(blind) => blind.into(),
        }
    }
}

/// `that user name is taken` as a person reads it: `That user name is taken.`
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => {
            let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
            format!("{}{}{end}", first.to_uppercase(), letters.as_str())
        }
        None => String::new(),
    }
}

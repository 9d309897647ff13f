//! What is told of a request, and to whom.

use std::collections::BTreeSet;

use domain::UserId;
use domain::event::{Event, Tone};
use domain::request::{MediaRequest, News, RequestStatus};
use store::{Notice, Reader};

/// How much of a comment is told; the rest is on the page.
const LONGEST: usize = 200;

/// The words of a notice, one event for each who should hear them.
pub(super) async fn of(reader: &Reader, notice: &Notice) -> Result<Vec<Event>, store::Error> {
    let Some(request) = reader.request(notice.request).await? else { return Ok(Vec::new()) };
    let mut ears: BTreeSet<UserId> = BTreeSet::new();
    if notice.news != News::Asked {
        ears.insert(request.user);
        ears.extend(reader.request_followers(request.id).await?);
    }
    let is_for_admins = match notice.news {
        // Somebody may have said yes by now.
        News::Asked => request.status == RequestStatus::Pending,
        News::Failed => true,
        _ => false,
    };
    if is_for_admins {
        ears.extend(reader.admins().await?.into_iter().map(|admin| admin.id));
    }
    if let Some(by) = notice.by {
        ears.remove(&by);
    }
    let speaker = match notice.news {
        News::Commented => notice.by,
        _ => Some(request.user),
    };
    let name = match speaker {
        Some(user) => reader.user(user).await?.map(|user| user.username),
        None => None,
    };
    let (tone, title, body) = words(&request, notice, name.as_deref().unwrap_or("Somebody"));
    Ok(ears
        .into_iter()
        .map(|user| Event::Notified { user, tone, title: title.clone(), body: body.clone() })
        .collect())
}

fn words(request: &MediaRequest, notice: &Notice, name: &str) -> (Tone, String, String) {
    let what = what(request);
    let detail = notice.detail.as_deref().map(shortened);
    let with = |text: &str| match &detail {
        Some(detail) => format!("{text}: {detail}"),
        None => text.to_owned(),
    };
    match notice.news {
        News::Asked => (Tone::Info, "New request".to_owned(), format!("{name} asks for {what}")),
        News::Approved => (Tone::Ok, "Request approved".to_owned(), format!("{what} is being looked for")),
        News::Declined => (Tone::Warn, "Request declined".to_owned(), with(&what)),
        News::Available => {
            (Tone::Ok, format!("{} is here", request.name()), format!("{what} is in the library"))
        }
        News::Failed => (Tone::Bad, "Request failed".to_owned(), with(&what)),
        News::Cancelled => (Tone::Info, "Request taken back".to_owned(), what),
        News::Commented => (Tone::Info, format!("{name} about {}", request.name()), detail.unwrap_or(what)),
    }
}

/// `Dark (2017), seasons 1 and 2, in 4K`.
fn what(request: &MediaRequest) -> String {
    let mut text = request.name();
    match request.seasons.as_slice() {
        [] => {}
        [only] => text += &format!(", season {only}"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(u32::to_string).collect();
            text += &format!(", seasons {} and {last}", first.join(", "));
        }
    }
    if request.is_4k {
        text += ", in 4K";
    }
    text
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

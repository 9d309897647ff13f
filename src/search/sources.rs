//! How each source is searched.

use actors::discover::Discover;
use actors::upstream::Unwell;
use domain::media::{MediaStatus, MediaType, Title};
use domain::picture::{Picture, PlexSize, TmdbSize};
use domain::request::RequestStatus;
use domain::user::CurrentUser;
use integrations::plex::{Item, Kind};
use store::requests::{RequestFilter, Whose};

use super::{Found, Hit};
use crate::app::App;
use crate::views::library::look;

/// How many hits of a source are shown.
const HITS: usize = 8;

/// How many of our own rows are looked through, the newest first.
const ROWS: u32 = 500;

/// What Plex lists of the whole house.
pub(super) async fn library(app: &App, user: &CurrentUser, words: &str) -> Found {
    let eyes = match app.library.look(user).await {
        Ok(eyes) => eyes,
        Err(blind) if blind.is_not_set_up() => return Found::NotSetUp,
        Err(blind) => return Found::Failed(blind.to_string()),
    };
    match eyes.search(words).await {
        Ok(seen) => {
            let wanted = |item: &&Item| {
                matches!(item.kind, Kind::Movie | Kind::Show | Kind::Episode | Kind::Collection)
            };
            let mut items: Vec<&Item> = seen.value.iter().flat_map(|hub| &hub.items).filter(wanted).collect();
            // Films and shows before the many episodes of one of them.
            items.sort_by_key(|item| matches!(item.kind, Kind::Episode | Kind::Collection));
            let hits = items.into_iter().take(HITS).map(|item| hit(app, item)).collect();
            Found::Hits { hits, stale: seen.stale.as_deref().map(crate::problem::sentence) }
        }
        Err(blind) => Found::Failed(blind.to_string()),
    }
}

fn hit(app: &App, item: &Item) -> Hit {
    let picture = item.thumb.as_deref().and_then(|path| Picture::plex(PlexSize::Thumb, path));
    let (kind, word, path) = match item.kind {
        Kind::Collection => ("collection", "Collection", format!("/library/collection/{}", item.rating_key)),
        Kind::Show => ("show", "Show", format!("/library/title/{}", item.rating_key)),
        Kind::Episode => ("episode", "Episode", format!("/library/title/{}", item.rating_key)),
        _ => ("movie", "Film", format!("/library/title/{}", item.rating_key)),
    };
    let title = match item.kind {
        Kind::Episode => item.title.clone(),
        _ => look::name(item),
    };
    let more = match item.kind {
        Kind::Episode => Some(format!("{} {}", look::name(item), look::number(item))),
        _ => item.year.map(|year| year.to_string()),
    };
    let quality = item.resolution.as_deref().map(look::resolution);
    let note = more.into_iter().chain([word.to_owned()]).chain(quality).collect::<Vec<_>>().join(" · ");
    let picture = picture.map(|picture| app.pictures.link(&app.settings.base, &picture));
    Hit { kind, title, note, state: Some(("ok", "In Plex")), path, picture }
}

/// What the house could have.
pub(super) async fn discover(app: &App, words: &str) -> Found {
    match Discover::new(app.services.clone()).search(words, 1).await {
        Ok(seen) => {
            let hits = seen.value.titles.iter().take(HITS).map(|title| of_title(app, title)).collect();
            Found::Hits { hits, stale: seen.stale.as_deref().map(crate::problem::sentence) }
        }
        Err(Unwell::NotSetUp) => Found::NotSetUp,
        Err(unwell) => Found::Failed(crate::problem::sentence(&unwell.to_string())),
    }
}

fn of_title(app: &App, title: &Title) -> Hit {
    let (kind, word) = match title.media_type {
        MediaType::Movie => ("movie", "Film"),
        MediaType::Tv => ("show", "Show"),
    };
    let picture = title.poster.as_ref().and_then(|path| Picture::tmdb(TmdbSize::W92, path.as_str()));
    let year = title.year.map(|year| year.to_string());
    let state = title.state.as_ref().and_then(|state| match state.status {
        MediaStatus::Available => Some(("ok", "In Plex")),
        MediaStatus::PartiallyAvailable => Some(("warn", "Partly")),
        MediaStatus::Pending | MediaStatus::Processing => Some(("warn", "Requested")),
        _ => None,
    });
    Hit {
        kind,
        title: title.name.clone(),
        note: year.into_iter().chain([word.to_owned()]).collect::<Vec<_>>().join(" · "),
        state: state.or(Some(("info", "Request"))),
        path: format!("/discover/{}/{}", title.media_type, title.tmdb_id),
        picture: picture.map(|picture| app.pictures.link(&app.settings.base, &picture)),
    }
}

/// A member's own requests and those that they follow; all for an admin.
pub(super) async fn requests(app: &App, user: &CurrentUser, words: &str) -> Found {
    let whose = if user.is_admin() { Whose::Everybodys } else { Whose::With(user.id) };
    match app.reader.requests(RequestFilter { whose, statuses: &[] }, None, ROWS).await {
        Ok(page) => {
            let fits = page.items.iter().filter(|request| holds(&request.title, words));
            let hits = fits.take(HITS).map(|request| Hit {
                kind: "request",
                title: request.title.clone(),
                note: request.year.map(|year| year.to_string()).unwrap_or_default(),
                state: Some(standing(request.status)),
                path: format!("/requests/{}", request.id),
                picture: request
                    .poster
                    .as_ref()
                    .and_then(|path| Picture::tmdb(TmdbSize::W92, path.as_str()))
                    .map(|picture| app.pictures.link(&app.settings.base, &picture)),
            });
            Found::Hits { hits: hits.collect(), stale: None }
        }
        Err(error) => lost(&error),
    }
}

fn standing(status: RequestStatus) -> (&'static str, &'static str) {
    match status {
        RequestStatus::Pending => ("warn", "Pending"),
        RequestStatus::Approved => ("acc", "Approved"),
        RequestStatus::Processing => ("acc", "On its way"),
        RequestStatus::Available => ("ok", "In Plex"),
        RequestStatus::Declined => ("bad", "Declined"),
        RequestStatus::Failed => ("bad", "Failed"),
        RequestStatus::Cancelled => ("off", "Cancelled"),
    }
}

/// A person's own downloads; an admin's too, for the others' are on the admin pages.
pub(super) async fn downloads(app: &App, user: &CurrentUser, words: &str) -> Found {
    use domain::download::DownloadStatus;
    match app.reader.downloads(Some(user.id), None, ROWS).await {
        Ok(page) => {
            let name =
                |one: &domain::download::Download| one.title.clone().unwrap_or_else(|| one.url.clone());
            let fits = page.items.iter().filter(|one| holds(&name(one), words) || holds(&one.url, words));
            let hits = fits.take(HITS).map(|one| Hit {
                kind: "download",
                title: name(one),
                note: match one.items {
                    Some(items) if items > 1 => format!("Playlist of {items}"),
                    _ => "Video".to_owned(),
                },
                state: Some(match one.status {
                    DownloadStatus::Queued => ("off", "Queued"),
                    DownloadStatus::Running => ("acc", "Running"),
                    DownloadStatus::Completed => ("ok", "Done"),
                    DownloadStatus::Failed => ("bad", "Failed"),
                    DownloadStatus::Cancelled => ("off", "Cancelled"),
                }),
                path: format!("/downloads/{}", one.id),
                picture: None,
            });
            Found::Hits { hits: hits.collect(), stale: None }
        }
        Err(error) => lost(&error),
    }
}

pub(super) async fn people(app: &App, user: &CurrentUser, words: &str) -> Found {
    if !user.is_admin() {
        return Found::Hits { hits: Vec::new(), stale: None };
    }
    match app.reader.users(None, ROWS).await {
        Ok(page) => {
            let fits = |one: &&domain::user::User| {
                holds(&one.username.to_string(), words)
                    || one.email.as_deref().is_some_and(|email| holds(email, words))
            };
            let hits = page.items.iter().filter(fits).take(HITS).map(|one| Hit {
                kind: "person",
                title: one.username.to_string(),
                note: one.email.clone().unwrap_or_default(),
                state: (!one.enabled).then_some(("off", "Disabled")),
                path: "/admin/users".to_owned(),
                picture: None,
            });
            Found::Hits { hits: hits.collect(), stale: None }
        }
        Err(error) => lost(&error),
    }
}

fn lost(error: &store::Error) -> Found {
    tracing::warn!(%error, "could not search the store");
    Found::Failed("The portal's own database does not answer.".to_owned())
}

/// Whether every word is in `text`, however it is written.
fn holds(text: &str, words: &str) -> bool {
    let text = text.to_lowercase();
    words.to_lowercase().split(' ').all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_must_be_there_in_any_order_and_case() {
        assert!(holds("The Long Ferry", "ferry long"));
        assert!(holds("Überfahrt", "ÜBER"));
        assert!(!holds("The Long Ferry", "long road"));
    }
}

//! Editing by hand: titles, summaries, collections by their tag, and what counts as watched.

use http::StatusCode;
use percent_encoding::percent_decode_str;

use super::super::library::{Collection, Kind, View};
use super::super::live;
use super::{Answer, Visit, done};

const BAD: StatusCode = StatusCode::BAD_REQUEST;

/// `PUT /library/sections/1/all?type=18&id=7&title.value=…`: what plexapi and Plex Web send.
pub(super) fn in_section(visit: &mut Visit<'_>, section: &str) -> Answer {
    visit.owner_only()?;
    let kind = visit.query("type").and_then(Kind::parse).ok_or(BAD)?;
    let id: u64 = visit.query("id").and_then(|id| id.parse().ok()).ok_or(BAD)?;
    if kind == Kind::Collection { collection(visit, section, id) } else { one(visit, id) }
}

pub(super) fn item(visit: &mut Visit<'_>, key: &str) -> Answer {
    visit.owner_only()?;
    let id: u64 = key.parse().map_err(|_| BAD)?;
    if let Some(found) = visit.state.library.collections.get(&id) {
        let section = found.section.clone();
        return collection(visit, &section, id);
    }
    one(visit, id)
}

fn collection(visit: &mut Visit<'_>, section: &str, id: u64) -> Answer {
    let title = visit.query("title.value").map(str::to_owned);
    let summary = visit.query("summary.value").map(str::to_owned);
    let library = &mut visit.state.library;
    let is_taken = |title: &String| {
        library
            .collections
            .values()
            .any(|other| other.section == section && other.key != id && other.title == *title)
    };
    if title.as_ref().is_some_and(is_taken) {
        return Err(StatusCode::CONFLICT);
    }
    let of_section = library.collections.get_mut(&id).filter(|found| found.section == section);
    let found = of_section.ok_or(StatusCode::NOT_FOUND)?;
    if let Some(title) = title {
        found.title = title;
    }
    if let Some(summary) = summary {
        found.summary = summary;
    }
    let entry = live::Entry { section, key: id, kind: Kind::Collection, title: &found.title };
    live::timeline(visit.stage, &entry, 5, "updated");
    Ok(done())
}

fn one(visit: &mut Visit<'_>, id: u64) -> Answer {
    let now = domain::Timestamp::now().as_millis() / 1000;
    let query = visit.request.query.clone();
    let item = visit.state.library.items.get_mut(&id).ok_or(StatusCode::NOT_FOUND)?;
    for (name, value) in &query {
        let Some((field, what)) = name.split_once('.') else { continue };
        match (field, what) {
            ("title", "value") => {
                item.title.clone_from(value);
                item.sort_title = crate::world::sort_title(value).to_owned();
            }
            ("titleSort", "value") => item.sort_title.clone_from(value),
            ("summary", "value") => item.summary.clone_from(value),
            (field, "locked") => {
                item.locked.retain(|other| other != field);
                if value == "1" {
                    item.locked.push(field.to_owned());
                }
            }
            _ => {}
        }
    }
    item.updated = now;
    let (section, kind, title) = (item.section.clone(), item.kind, item.title.clone());
    for (name, value) in &query {
        if let Some(rest) = name.strip_prefix("collection[") {
            if rest.ends_with("].tag.tag") {
                tag(visit, &section, id, value, now);
            } else if rest == "].tag.tag-" {
                untag(visit, &section, id, value);
            }
        }
    }
    let entry = live::Entry { section: &section, key: id, kind, title: &title };
    live::timeline(visit.stage, &entry, 5, "updated");
    Ok(done())
}

/// Puts the item into the collection of this name, which is made when there is none.
fn tag(visit: &mut Visit<'_>, section: &str, id: u64, name: &str, now: i64) {
    let library = &mut visit.state.library;
    let named =
        library.collections.values_mut().find(|found| found.section == section && found.title == name);
    if let Some(found) = named {
        if !found.items.contains(&id) {
            found.items.push(id);
        }
        return;
    }
    let key = library.new_key();
    let made = Collection {
        key,
        section: section.to_owned(),
        title: name.to_owned(),
        summary: String::new(),
        items: vec![id],
        added: now,
        updated: now,
    };
    library.collections.insert(key, made);
}

/// Takes the item out of these collections. plexapi encodes their names twice.
fn untag(visit: &mut Visit<'_>, section: &str, id: u64, names: &str) {
    let names: Vec<String> =
        names.split(',').map(|name| percent_decode_str(name).decode_utf8_lossy().into_owned()).collect();
    let library = &mut visit.state.library;
    for found in library.collections.values_mut() {
        if found.section == section && names.contains(&found.title) {
            found.items.retain(|item| *item != id);
        }
    }
    library.collections.retain(|_, found| !found.items.is_empty());
}

/// `/:/scrobble?key=101`: somebody has watched it, or says that they have not.
pub(super) fn watched(visit: &mut Visit<'_>, yes: bool) -> Answer {
    let item = visit.item(visit.query("key").unwrap_or_default())?;
    let last = if yes { domain::Timestamp::now().as_millis() / 1000 } else { 0 };
    let view = View { count: i64::from(yes), offset: 0, last };
    let leaves: Vec<u64> = visit.state.library.leaves(item.key).iter().map(|leaf| leaf.key).collect();
    for key in leaves.into_iter().chain([item.key]) {
        visit.state.library.views.insert((visit.member.plex_id, key), view);
    }
    Ok(done())
}

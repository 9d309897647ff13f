//! Collections: made with their first item, ordered by hand, gone with the last one.

use http::StatusCode;
use serde_json::json;

use super::super::library::{Collection, Kind};
use super::super::live;
use super::super::tree::container;
use super::{Answer, Visit, done, items, media, query};

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const LOST: StatusCode = StatusCode::NOT_FOUND;

pub(super) fn one(visit: &mut Visit<'_>, key: &str, rest: &[&str]) -> Answer {
    let key: u64 = key.parse().map_err(|_| LOST)?;
    if visit.state.library.collection_for(visit.member, key).is_none() {
        return Err(LOST);
    }
    match (visit.request.method.as_str(), rest) {
        ("GET", []) => items::show(visit, &key.to_string()),
        ("GET", ["children" | "items"]) => children(visit, key),
        ("GET", ["composite", _]) => composite(visit, key),
        ("PUT", ["items"]) => add(visit, key),
        ("DELETE", ["items", item]) => remove(visit, key, item),
        ("PUT", ["items", item, "move"]) => r#move(visit, key, item),
        ("DELETE", []) => {
            visit.owner_only()?;
            let gone = visit.state.library.collections.remove(&key);
            tell(visit, gone.as_ref(), key);
            Ok(done())
        }
        _ => Err(LOST),
    }
}

pub(super) fn create(visit: &mut Visit<'_>) -> Answer {
    visit.owner_only()?;
    let title = visit.query("title").unwrap_or_default().trim().to_owned();
    let section = visit.section(visit.query("sectionId").unwrap_or_default()).map_err(|_| BAD)?;
    let items = uri_items(visit, &section.key)?;
    if title.is_empty() {
        return Err(BAD);
    }
    let now = domain::Timestamp::now().as_millis() / 1000;
    let key = visit.state.library.new_key();
    let made = Collection {
        key,
        section: section.key.clone(),
        title,
        summary: String::new(),
        items,
        added: now,
        updated: now,
    };
    visit.state.library.collections.insert(key, made);
    changed(visit, key)
}

/// The items that `uri=server://…/library/metadata/1,2` names; all of them must be in the library.
fn uri_items(visit: &Visit<'_>, section: &str) -> Result<Vec<u64>, StatusCode> {
    let uri = visit.query("uri").unwrap_or_default();
    let start =
        format!("server://{}/com.plexapp.plugins.library/library/metadata/", visit.stage.world.machine_id);
    let keys = uri.strip_prefix(&start).ok_or(BAD)?;
    let mut list = Vec::new();
    for key in keys.split(',') {
        let key: u64 = key.parse().map_err(|_| BAD)?;
        let item = visit.state.library.items.get(&key).filter(|item| item.section == section);
        if item.is_none_or(|item| !matches!(item.kind, Kind::Movie | Kind::Show)) {
            return Err(BAD);
        }
        list.push(key);
    }
    Ok(list)
}

fn children(visit: &Visit<'_>, key: u64) -> Answer {
    let library = &visit.state.library;
    let found = &library.collections[&key];
    let of_it: Vec<_> = found.items.iter().filter_map(|item| library.items.get(item)).collect();
    let mut value =
        json!({ "identifier": "com.plexapp.plugins.library", "key": key.to_string(), "title1": found.title });
    items::belongs(visit, &found.section, &mut value);
    let shown: Vec<_> =
        query::page(visit, of_it, &mut value).into_iter().map(|item| items::brief(visit, item)).collect();
    value["Metadata"] = json!(shown);
    Ok(container(visit.request, value))
}

fn composite(visit: &Visit<'_>, key: u64) -> Answer {
    let library = &visit.state.library;
    let first = library.collections[&key].items.first().and_then(|item| library.items.get(item));
    first.map(|item| media::painted(visit, &item.thumb)).ok_or(LOST)
}

fn add(visit: &mut Visit<'_>, key: u64) -> Answer {
    visit.owner_only()?;
    let section = visit.state.library.collections[&key].section.clone();
    let new = uri_items(visit, &section)?;
    let found = visit.state.library.collections.get_mut(&key).ok_or(LOST)?;
    // Adding what is there changes nothing.
    let known = found.items.clone();
    found.items.extend(new.into_iter().filter(|item| !known.contains(item)));
    changed(visit, key)
}

fn remove(visit: &mut Visit<'_>, key: u64, item: &str) -> Answer {
    visit.owner_only()?;
    let item: u64 = item.parse().map_err(|_| BAD)?;
    let found = visit.state.library.collections.get_mut(&key).ok_or(LOST)?;
    if !found.items.contains(&item) {
        return Err(BAD);
    }
    found.items.retain(|other| *other != item);
    if found.items.is_empty() {
        let gone = visit.state.library.collections.remove(&key);
        tell(visit, gone.as_ref(), key);
        return Ok(done());
    }
    changed(visit, key)
}

fn r#move(visit: &mut Visit<'_>, key: u64, item: &str) -> Answer {
    visit.owner_only()?;
    let item: u64 = item.parse().map_err(|_| BAD)?;
    let after: Option<u64> = visit.query("after").map(str::parse).transpose().map_err(|_| BAD)?;
    let found = visit.state.library.collections.get_mut(&key).ok_or(LOST)?;
    let is_in = |wanted: u64| found.items.contains(&wanted);
    if !is_in(item) || after.is_some_and(|after| !is_in(after)) {
        return Err(BAD);
    }
    found.items.retain(|other| *other != item);
    let place = after.and_then(|after| found.items.iter().position(|other| *other == after));
    found.items.insert(place.map_or(0, |place| place + 1), item);
    changed(visit, key)
}

/// A collection has changed: its new time, word to everybody, and the collection as the answer.
fn changed(visit: &mut Visit<'_>, key: u64) -> Answer {
    let now = domain::Timestamp::now().as_millis() / 1000;
    let found = visit.state.library.collections.get_mut(&key).ok_or(LOST)?;
    found.updated = now;
    let found = found.clone();
    visit.state.library.touch(&found.section, now);
    tell(visit, Some(&found), key);
    let shown = items::collection(visit, &found);
    Ok(container(
        visit.request,
        json!({ "size": 1, "identifier": "com.plexapp.plugins.library", "Metadata": [shown] }),
    ))
}

fn tell(visit: &Visit<'_>, found: Option<&Collection>, key: u64) {
    let Some(found) = found else { return };
    let is_there = visit.state.library.collections.contains_key(&key);
    let (state, word) = if is_there { (5, "created") } else { (9, "deleted") };
    let entry = live::Entry { section: &found.section, key, kind: Kind::Collection, title: &found.title };
    live::timeline(visit.stage, &entry, state, word);
}

//! Libraries and what is in them.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::library::{Kind, Section};
use super::super::tree::container;
use super::{Answer, Visit, items, query, tags};
use crate::server::Response;

pub(super) fn root(visit: &Visit<'_>) -> Response {
    let list = [
        ("sections", "Library Sections"),
        ("recentlyAdded", "Recently Added Content"),
        ("onDeck", "On Deck Content"),
    ];
    let list: Vec<_> = list.iter().map(|(key, title)| json!({ "key": key, "title": title })).collect();
    let value = json!({
        "size": list.len(), "allowSync": false, "art": "/:/resources/library-art.png", "content": "",
        "identifier": "com.plexapp.plugins.library", "mediaTagPrefix": "/system/bundle/media/flags/",
        "mediaTagVersion": visit.stage.world.now, "title1": "Plex Library", "title2": "", "Directory": list,
    });
    container(visit.request, value)
}

fn seen<'v>(visit: &'v Visit<'_>) -> impl Iterator<Item = &'v Section> {
    visit.state.library.sections.iter().filter(|section| visit.member.may_see(&section.key))
}

pub(super) fn list(visit: &Visit<'_>) -> Response {
    let list: Vec<_> = seen(visit).map(directory).collect();
    container(
        visit.request,
        json!({ "size": list.len(), "allowSync": false, "title1": "Plex Library", "Directory": list }),
    )
}

fn directory(section: &Section) -> Value {
    let key = &section.key;
    let name = section.kind.name();
    json!({
        "allowSync": true, "art": format!("/:/resources/{name}-fanart.jpg"),
        "composite": format!("/library/sections/{key}/composite/{}", section.scanned), "filters": true,
        "refreshing": section.refreshing, "thumb": format!("/:/resources/{name}.png"), "key": key, "type": name,
        "title": section.title, "agent": section.agent, "scanner": section.scanner, "language": section.language,
        "uuid": section.uuid, "updatedAt": section.scanned, "createdAt": section.created,
        "scannedAt": section.scanned, "content": true, "directory": true, "contentChangedAt": section.changed,
        "hidden": 0, "Location": [{ "id": key.parse::<i64>().unwrap_or_default(), "path": section.location }],
    })
}

pub(super) fn providers(visit: &Visit<'_>) -> Response {
    let mut sections = vec![json!({ "hubKey": "/hubs", "title": "Home" })];
    sections.extend(seen(visit).map(|section| {
        json!({
            "id": section.key, "key": format!("/library/sections/{}", section.key), "title": section.title,
            "type": section.kind.name(), "uuid": section.uuid, "agent": section.agent,
        })
    }));
    let features = json!([
        { "type": "content", "key": "/library/sections", "Directory": sections },
        { "type": "search", "key": "/hubs/search" },
        { "type": "metadata", "key": "/library/metadata" },
        { "type": "manage" },
        { "type": "collection", "key": "/library/collections" },
    ]);
    let provider = json!({
        "identifier": "com.plexapp.plugins.library", "title": "Library", "types": "video,audio,photo",
        "protocols": "stream,download", "Feature": features,
    });
    let world = &visit.stage.world;
    let value = json!({
        "size": 1, "friendlyName": world.server_name, "machineIdentifier": world.machine_id, "MediaProvider": [provider],
    });
    container(visit.request, value)
}

/// What every list of a library begins with.
pub(super) fn header(visit: &Visit<'_>, section: &Section) -> Value {
    let name = section.kind.name();
    json!({
        "size": 0, "allowSync": true, "art": format!("/:/resources/{name}-fanart.jpg"), "content": "secondary",
        "identifier": "com.plexapp.plugins.library",
        "librarySectionID": section.key.parse::<i64>().unwrap_or_default(),
        "librarySectionTitle": section.title, "librarySectionUUID": section.uuid,
        "mediaTagPrefix": "/system/bundle/media/flags/", "mediaTagVersion": visit.stage.world.now,
        "thumb": format!("/:/resources/{name}.png"), "title1": section.title, "viewGroup": name,
    })
}

/// What a library can be asked for.
pub(super) fn one(visit: &Visit<'_>, id: &str) -> Answer {
    let section = visit.section(id)?;
    let mut value = header(visit, &section);
    let list: Vec<_> = [
        ("all", "All"),
        ("unwatched", "Unplayed"),
        ("newest", "Recently Released"),
        ("recentlyAdded", "Recently Added"),
        ("firstCharacter", "By First Letter"),
    ]
    .iter()
    .map(|(key, title)| json!({ "key": key, "title": title }))
    .collect();
    value["size"] = json!(list.len());
    value["Directory"] = json!(list);
    Ok(container(visit.request, value))
}

pub(super) fn all(visit: &Visit<'_>, id: &str) -> Answer {
    let section = visit.section(id)?;
    let kind = match visit.query("type") {
        None => section.kind,
        Some(text) => Kind::parse(text).ok_or(StatusCode::BAD_REQUEST)?,
    };
    if kind == Kind::Collection {
        return collections(visit, id);
    }
    let mut value = header(visit, &section);
    value["title2"] = json!(format!("All {}", section.title));
    value["viewMode"] = json!(65_592);
    value["viewGroup"] = json!(kind.name());
    let items = visit.state.library.items.values();
    let selected = query::select(visit, items.filter(|item| item.section == id && item.kind == kind));
    let shown: Vec<Value> =
        query::page(visit, selected, &mut value).into_iter().map(|item| items::brief(visit, item)).collect();
    value["Metadata"] = json!(shown);
    add_meta(visit, &section, kind, &mut value);
    Ok(container(visit.request, value))
}

fn add_meta(visit: &Visit<'_>, section: &Section, kind: Kind, value: &mut Value) {
    if visit.says_yes("includeMeta") {
        value["Meta"] = tags::meta(section, kind);
    }
}

/// The collections of a library; both ways to ask for them answer the same.
pub(super) fn collections(visit: &Visit<'_>, id: &str) -> Answer {
    let section = visit.section(id)?;
    let mut value = header(visit, &section);
    value["viewGroup"] = json!("collection");
    let wanted = visit.query("title").map(str::to_lowercase);
    let named = |title: &str| {
        let title = title.to_lowercase();
        wanted.as_ref().is_none_or(|wanted| match wanted.strip_prefix('=') {
            Some(exactly) => title == exactly,
            None => title.contains(wanted.as_str()),
        })
    };
    let of_section =
        visit.state.library.collections.values().filter(|found| found.section == id && named(&found.title));
    let mut found: Vec<_> = of_section.collect();
    found.sort_by_key(|found| found.title.to_lowercase());
    let shown: Vec<Value> = query::page(visit, found, &mut value)
        .into_iter()
        .map(|found| items::collection(visit, found))
        .collect();
    value["Metadata"] = json!(shown);
    add_meta(visit, &section, Kind::Collection, &mut value);
    Ok(container(visit.request, value))
}

pub(super) fn by_letter(visit: &Visit<'_>, id: &str, letter: &str) -> Answer {
    let section = visit.section(id)?;
    let mut value = header(visit, &section);
    let letter = percent_encoding::percent_decode_str(letter).decode_utf8_lossy().to_uppercase();
    let items = visit.state.library.items.values();
    let here =
        items.filter(|item| item.section == id && item.kind == section.kind && query::letter(item) == letter);
    let selected = query::select(visit, here);
    let shown: Vec<Value> =
        query::page(visit, selected, &mut value).into_iter().map(|item| items::brief(visit, item)).collect();
    value["Metadata"] = json!(shown);
    Ok(container(visit.request, value))
}

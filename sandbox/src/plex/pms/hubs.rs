//! Shelves: what was added, what is half watched, what is alike.

use serde_json::{Value, json};

use super::super::library::{Item, Kind};
use super::super::tree::container;
use super::{Answer, Visit, items, query, sections};

/// So many items stand on a shelf.
const SHELF: usize = 12;

struct Shelf<'a> {
    id: &'a str,
    title: &'a str,
    kind: &'a str,
    key: &'a str,
}

fn hub(visit: &Visit<'_>, shelf: &Shelf<'_>, found: &[&Item]) -> Value {
    let count = visit.query("count").and_then(|text| text.parse().ok()).unwrap_or(SHELF);
    let shown: Vec<Value> = found.iter().take(count).map(|item| items::in_hub(visit, item)).collect();
    let keys: Vec<String> = found.iter().take(count).map(|item| item.key.to_string()).collect();
    json!({
        "hubKey": format!("/library/metadata/{}", keys.join(",")), "key": shelf.key, "title": shelf.title,
        "type": shelf.kind, "hubIdentifier": shelf.id, "context": format!("hub.{}", shelf.id), "size": shown.len(),
        "more": found.len() > count, "style": "shelf", "promoted": true, "Metadata": shown,
    })
}

fn hub_list(visit: &Visit<'_>, mut hubs: Vec<Value>) -> Answer {
    hubs.retain(|hub| hub["size"] != json!(0));
    let value = json!({
        "size": hubs.len(), "allowSync": true, "identifier": "com.plexapp.plugins.library", "Hub": hubs,
    });
    Ok(container(visit.request, value))
}

/// What the visitor may see of these kinds, newest first.
fn newest<'v>(visit: &'v Visit<'_>, section: Option<&str>, kinds: &[Kind]) -> Vec<&'v Item> {
    let fits = |item: &&Item| {
        kinds.contains(&item.kind)
            && visit.member.may_see(&item.section)
            && section.is_none_or(|section| item.section == section)
    };
    let mut found: Vec<&Item> = visit.state.library.items.values().filter(fits).collect();
    found.sort_by_key(|item| (-item.added, item.key));
    found
}

fn deck<'v>(visit: &'v Visit<'_>, section: Option<&str>) -> Vec<&'v Item> {
    let mut deck = visit.state.library.on_deck(visit.member.plex_id);
    deck.retain(|item| {
        visit.member.may_see(&item.section) && section.is_none_or(|section| item.section == section)
    });
    deck
}

fn continue_hub(visit: &Visit<'_>, section: Option<&str>) -> Value {
    let shelf = Shelf {
        id: "home.continue",
        title: "Continue Watching",
        kind: "mixed",
        key: "/hubs/home/continueWatching",
    };
    hub(visit, &shelf, &deck(visit, section))
}

fn recent_hubs(visit: &Visit<'_>, section: Option<&str>) -> Vec<Value> {
    let shelves = [
        (
            "1",
            Kind::Movie,
            "home.movies.recent",
            "Recently Added Movies",
            "movie",
            "/hubs/home/recentlyAdded?type=1",
        ),
        (
            "2",
            Kind::Episode,
            "home.television.recent",
            "Recently Added TV",
            "mixed",
            "/hubs/home/recentlyAdded?type=2",
        ),
        (
            "3",
            Kind::Movie,
            "home.videos.recent",
            "Recently Added Videos",
            "clip",
            "/hubs/home/recentlyAdded?type=1&personal=1",
        ),
    ];
    let wanted = shelves.into_iter().filter(|shelf| section.is_none_or(|section| section == shelf.0));
    wanted
        .map(|(of, item_kind, id, title, kind, key)| {
            hub(visit, &Shelf { id, title, kind, key }, &newest(visit, Some(of), &[item_kind]))
        })
        .collect()
}

pub(super) fn home(visit: &Visit<'_>) -> Answer {
    let mut hubs = vec![continue_hub(visit, None)];
    hubs.extend(recent_hubs(visit, None));
    hub_list(visit, hubs)
}

pub(super) fn of_section(visit: &Visit<'_>, id: &str) -> Answer {
    visit.section(id)?;
    let mut hubs = vec![continue_hub(visit, Some(id))];
    hubs.extend(recent_hubs(visit, Some(id)));
    hub_list(visit, hubs)
}

pub(super) fn continue_watching(visit: &Visit<'_>) -> Answer {
    hub_list(visit, vec![continue_hub(visit, None)])
}

pub(super) fn on_deck(visit: &Visit<'_>, section: Option<&str>) -> Answer {
    list(visit, section, deck(visit, section))
}

/// Films and videos as such, shows by their seasons or, within a library, by their episodes.
pub(super) fn recently_added(visit: &Visit<'_>, section: Option<&str>) -> Answer {
    let of_shows = if section.is_some() { Kind::Episode } else { Kind::Season };
    list(visit, section, newest(visit, section, &[Kind::Movie, of_shows]))
}

fn list(visit: &Visit<'_>, section: Option<&str>, found: Vec<&Item>) -> Answer {
    let mut value = match section {
        Some(id) => sections::header(visit, &visit.section(id)?),
        None => {
            json!({ "allowSync": false, "identifier": "com.plexapp.plugins.library", "mixedParents": true })
        }
    };
    let shown: Vec<Value> =
        query::page(visit, found, &mut value).into_iter().map(|item| items::in_hub(visit, item)).collect();
    value["Metadata"] = json!(shown);
    Ok(container(visit.request, value))
}

pub(super) fn related(visit: &Visit<'_>, key: &str) -> Answer {
    let item = visit.item(key)?;
    let id = format!("{}.similar", item.kind.name());
    let path = format!("/library/metadata/{key}/similar");
    let shelf = Shelf { id: &id, title: "Related", kind: item.kind.name(), key: &path };
    hub_list(visit, vec![hub(visit, &shelf, &items::alike(visit, &item))])
}

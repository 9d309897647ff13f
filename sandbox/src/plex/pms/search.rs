//! `/hubs/search`: one shelf per kind of thing, three of each unless more are asked for.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::super::library::Kind;
use super::super::tree::container;
use super::items::{self, actor_tag, portrait};
use super::{Answer, Visit};

const PER_HUB: usize = 3;

pub(super) fn hubs(visit: &Visit<'_>) -> Answer {
    let Some(query) = visit.query("query").map(str::to_lowercase).filter(|query| !query.is_empty()) else {
        return Err(StatusCode::BAD_REQUEST);
    };
    let limit = visit.query("limit").and_then(|text| text.parse().ok()).unwrap_or(PER_HUB);
    let section = visit.query("sectionId");
    if let Some(id) = section {
        visit.section(id)?;
    }
    let in_scope = |id: &str| visit.member.may_see(id) && section.is_none_or(|section| section == id);

    let mut hubs = Vec::new();
    for (kind, title) in [(Kind::Movie, "Movies"), (Kind::Show, "Shows"), (Kind::Episode, "Episodes")] {
        let items = visit.state.library.items.values();
        let mut found: Vec<_> = items
            .filter(|item| item.kind == kind && in_scope(&item.section))
            .filter_map(|item| Some((score(&item.title, &query)?, item)))
            .collect();
        found.sort_by_key(|(score, item)| (-score, item.sort_title.to_lowercase(), item.key));
        let shown = found.iter().take(limit).map(|(score, item)| {
            let mut shown = items::in_hub(visit, item);
            // Between 0 and 1, as text.
            shown["score"] = json!(format!("0.{score}"));
            shown
        });
        hubs.push(hub(kind.name(), title, "Metadata", shown.collect(), found.len() > limit));
    }
    let (actors, more) = actors(visit, &query, limit, &in_scope);
    hubs.push(hub("actor", "Cast & Crew", "Directory", actors, more));
    let collections = visit.state.library.collections.values();
    let found: Vec<_> = collections
        .filter(|found| in_scope(&found.section) && score(&found.title, &query).is_some())
        .collect();
    let shown = found.iter().take(limit).map(|found| items::collection(visit, found)).collect();
    hubs.push(hub("collection", "Collections", "Metadata", shown, found.len() > limit));

    let value = json!({ "size": hubs.len(), "identifier": "com.plexapp.plugins.library", "Hub": hubs });
    Ok(container(visit.request, value))
}

/// How well a title fits, 1 to 9: the whole, its beginning, the beginnings of its words.
fn score(title: &str, query: &str) -> Option<i64> {
    let title = title.to_lowercase();
    let begins = |word: &str| title.split(|c: char| !c.is_alphanumeric()).any(|part| part.starts_with(word));
    if title == query {
        Some(9)
    } else if title.starts_with(query) {
        Some(7)
    } else if query.split_whitespace().all(begins) {
        Some(5)
    } else {
        title.contains(query).then_some(3)
    }
}

fn hub(kind: &str, title: &str, member: &str, shown: Vec<Value>, more: bool) -> Value {
    json!({
        "title": title, "type": kind, "hubIdentifier": kind, "context": format!("hub.search.{kind}"),
        "size": shown.len(), "more": more, "style": "shelf", member: shown,
    })
}

fn actors(
    visit: &Visit<'_>,
    query: &str,
    limit: usize,
    in_scope: &dyn Fn(&str) -> bool,
) -> (Vec<Value>, bool) {
    let mut counts: BTreeMap<(&str, i64, &str), usize> = BTreeMap::new();
    for item in
        visit.state.library.items.values().filter(|item| in_scope(&item.section) && item.parent.is_none())
    {
        for role in item.cast.iter().filter(|role| score(role.person.name, query).is_some()) {
            *counts.entry((role.person.name, role.person.tmdb, &item.section)).or_default() += 1;
        }
    }
    let more = counts.len() > limit;
    let shown = counts
        .into_iter()
        .take(limit)
        .map(|((name, person, section), count)| {
            let tag = actor_tag(person);
            json!({
                "key": format!("/library/sections/{section}/all?actor={tag}"), "librarySectionID": section,
                "id": tag, "filter": format!("actor={tag}"), "tag": name, "tagType": 6, "type": "tag", "count": count,
                "thumb": portrait(person),
            })
        })
        .collect();
    (shown, more)
}

//! What a library can be filtered by: tags, years, letters, and the words for it.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::super::library::{Item, Kind, Section};
use super::super::tree::container;
use super::items::{actor_tag, director_tag, genre_tag};
use super::{Answer, Visit, query, sections};

/// The values that a filter can have, each with the key that a query names it by.
pub(super) fn list(visit: &Visit<'_>, id: &str, tag: &str) -> Answer {
    let section = visit.section(id)?;
    let kind = visit.query("type").and_then(Kind::parse).unwrap_or(section.kind);
    // By what they are sorted by: the title, or the number where it is one.
    let mut found: BTreeMap<(String, String), ()> = BTreeMap::new();
    let items = visit.state.library.items.values().filter(|item| item.section == id && item.kind == kind);
    for item in items {
        for (key, title) in values(visit, item, tag).ok_or(StatusCode::NOT_FOUND)? {
            found.insert((title, key), ());
        }
    }
    let list: Vec<Value> = found
        .into_keys()
        .map(|(title, key)| {
            let fast = format!("/library/sections/{id}/all?{tag}={key}");
            json!({ "fastKey": fast, "key": key, "title": title, "type": tag })
        })
        .collect();
    let mut value = sections::header(visit, &section);
    value["size"] = json!(list.len());
    value["Directory"] = json!(list);
    Ok(container(visit.request, value))
}

fn values(visit: &Visit<'_>, item: &Item, tag: &str) -> Option<Vec<(String, String)>> {
    let same = |text: String| vec![(text.clone(), text)];
    let numbered = |tag: i64, name: &str| (tag.to_string(), name.to_owned());
    Some(match tag {
        "genre" => item.genres.iter().map(|genre| numbered(genre_tag(genre), genre.name)).collect(),
        "actor" => {
            item.cast.iter().map(|role| numbered(actor_tag(role.person.tmdb), role.person.name)).collect()
        }
        "director" => item.director.iter().map(|(id, name)| numbered(director_tag(*id), name)).collect(),
        "collection" => {
            let of_item = visit.state.library.collections_of(item.key);
            of_item.map(|found| (found.key.to_string(), found.title.clone())).collect()
        }
        "year" => item.year.map(|year| same(year.to_string())).unwrap_or_default(),
        "decade" => item.year.map(|year| same((year - year % 10).to_string())).unwrap_or_default(),
        "contentRating" if !item.certificate.is_empty() => same(item.certificate.to_owned()),
        "studio" if !item.studio.is_empty() => same(item.studio.to_owned()),
        "resolution" => item
            .file
            .as_ref()
            .map(|file| {
                if file.uhd {
                    ("4k".to_owned(), "4K".to_owned())
                } else {
                    ("1080".to_owned(), "1080p".to_owned())
                }
            })
            .into_iter()
            .collect(),
        "contentRating" | "studio" | "label" | "country" => Vec::new(),
        _ => return None,
    })
}

/// How many items stand under each letter.
pub(super) fn letters(visit: &Visit<'_>, id: &str) -> Answer {
    let section = visit.section(id)?;
    let kind = visit.query("type").and_then(Kind::parse).unwrap_or(section.kind);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let items = visit.state.library.items.values().filter(|item| item.section == id && item.kind == kind);
    for item in items {
        *counts.entry(query::letter(item)).or_default() += 1;
    }
    let list: Vec<Value> = counts
        .into_iter()
        .map(|(letter, size)| {
            let encoded = percent_encoding::utf8_percent_encode(&letter, percent_encoding::NON_ALPHANUMERIC);
            json!({ "size": size, "key": encoded.to_string(), "title": letter })
        })
        .collect();
    let mut value = sections::header(visit, &section);
    value["size"] = json!(list.len());
    value["Directory"] = json!(list);
    Ok(container(visit.request, value))
}

/// The vocabulary: by what each type can be filtered and sorted.
pub(super) fn meta(section: &Section, asked: Kind) -> Value {
    let kinds: &[Kind] = match (section.kind, asked) {
        (_, Kind::Collection) => &[Kind::Collection],
        (Kind::Show, _) => &[Kind::Show, Kind::Season, Kind::Episode],
        _ => &[Kind::Movie],
    };
    let types: Vec<Value> = kinds.iter().map(|kind| of_type(section, *kind, *kind == asked)).collect();
    let operators = |list: &[(&str, &str)]| -> Vec<Value> {
        list.iter().map(|(key, title)| json!({ "key": key, "title": title })).collect()
    };
    let (is, not) = (("=", "is"), ("!=", "is not"));
    json!({
        "Type": types,
        "FieldType": [
            { "type": "tag", "Operator": operators(&[is, not]) },
            { "type": "integer", "Operator": operators(&[is, not, (">>=", "is greater than"), ("<<=", "is less than")]) },
            {
                "type": "string",
                "Operator": operators(&[
                    ("=", "contains"), ("!=", "does not contain"), ("==", "is"), ("!==", "is not"),
                    ("<=", "begins with"), (">=", "ends with"),
                ]),
            },
            { "type": "boolean", "Operator": operators(&[("=", "is true"), ("!=", "is false")]) },
            { "type": "date", "Operator": operators(&[("<<=", "is before"), (">>=", "is after")]) },
        ],
    })
}

const FILTERS: [(&str, &str, &str); 10] = [
    ("genre", "string", "Genre"),
    ("year", "integer", "Year"),
    ("decade", "integer", "Decade"),
    ("contentRating", "string", "Content Rating"),
    ("collection", "string", "Collection"),
    ("director", "string", "Director"),
    ("actor", "string", "Actor"),
    ("studio", "string", "Studio"),
    ("resolution", "string", "Resolution"),
    ("unwatched", "boolean", "Unplayed"),
];

const SORTS: [(&str, &str); 9] = [
    ("addedAt", "Date Added"),
    ("year", "Year"),
    ("originallyAvailableAt", "Release Date"),
    ("rating", "Critic Rating"),
    ("audienceRating", "Audience Rating"),
    ("duration", "Duration"),
    ("lastViewedAt", "Date Viewed"),
    ("viewCount", "Plays"),
    ("random", "Randomly"),
];

const FIELDS: [(&str, &str, &str); 12] = [
    ("title", "Title", "string"),
    ("year", "Year", "integer"),
    ("decade", "Decade", "integer"),
    ("genre", "Genre", "tag"),
    ("collection", "Collection", "tag"),
    ("contentRating", "Content Rating", "tag"),
    ("actor", "Actor", "tag"),
    ("director", "Director", "tag"),
    ("resolution", "Resolution", "tag"),
    ("addedAt", "Date Added", "date"),
    ("rating", "Critic Rating", "integer"),
    ("unwatched", "Unplayed", "boolean"),
];

fn of_type(section: &Section, kind: Kind, active: bool) -> Value {
    let base = format!("/library/sections/{}", section.key);
    let filters: Vec<Value> = FILTERS
        .iter()
        .map(|(name, value, title)| {
            let key = format!("{base}/{name}");
            json!({ "filter": name, "filterType": value, "key": key, "title": title, "type": "filter" })
        })
        .collect();
    let mut sorts = vec![json!({
        "default": "asc", "defaultDirection": "asc", "descKey": "titleSort:desc", "key": "titleSort", "title": "Title",
        "firstCharacterKey": format!("{base}/firstCharacter"),
    })];
    sorts.extend(SORTS.iter().map(|(key, title)| {
        json!({ "defaultDirection": "desc", "descKey": format!("{key}:desc"), "key": key, "title": title })
    }));
    if kind == Kind::Show {
        sorts.push(json!({
            "defaultDirection": "desc", "descKey": "episode.addedAt:desc", "key": "episode.addedAt",
            "title": "Last Episode Date Added",
        }));
    }
    let prefix = if section.kind == Kind::Show { format!("{}.", kind.name()) } else { String::new() };
    let fields: Vec<Value> = FIELDS
        .iter()
        .map(|(key, title, of)| json!({ "key": format!("{prefix}{key}"), "title": title, "type": of }))
        .collect();
    json!({
        "key": format!("{base}/all?type={}", kind.number()), "type": kind.name(), "title": format!("{}s", kind.name()),
        "active": active, "Filter": filters, "Sort": sorts, "Field": fields,
    })
}

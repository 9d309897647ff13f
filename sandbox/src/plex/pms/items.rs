//! Items, as lists and as single documents show them.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::library::{Collection, FIRST_GENRE, Item, Kind};
use super::super::tree::container;
use super::{Answer, Visit, query};
use crate::world::Genre;

/// The number of an actor's tag, from the person's id.
pub(super) const FIRST_ACTOR: i64 = 700;
/// The number of a director's tag.
pub(super) const FIRST_DIRECTOR: i64 = 800;
const FIRST_PERSON: i64 = 920_001;

/// Where Plex keeps portraits. A client has them drawn by the media server.
pub(super) const PORTRAITS: &str = "https://metadata-static.plex.tv/people/";

pub(super) fn portrait(person: i64) -> String {
    format!("{PORTRAITS}{person}-profile.jpg")
}

pub(super) fn genre_tag(genre: &Genre) -> i64 {
    let place = Genre::ALL.iter().position(|other| other == genre).unwrap_or_default();
    FIRST_GENRE + i64::try_from(place).unwrap_or_default()
}

pub(super) fn actor_tag(person: i64) -> i64 {
    FIRST_ACTOR + person - FIRST_PERSON
}

pub(super) fn director_tag(person: i64) -> i64 {
    FIRST_DIRECTOR + person - FIRST_PERSON
}

/// As in a list.
pub(super) fn brief(visit: &Visit<'_>, item: &Item) -> Value {
    let library = &visit.state.library;
    let account = visit.member.plex_id;
    let view = library.view(account, item.key);
    let key = item.key;
    let has_children = matches!(item.kind, Kind::Show | Kind::Season);
    let path = format!("/library/metadata/{key}");
    let mut value = json!({
        "ratingKey": key.to_string(),
        "key": if has_children { format!("{path}/children") } else { path.clone() },
        "guid": item.guid,
        "type": item.kind.name(),
        "title": item.title,
        "summary": item.summary,
        "thumb": format!("{path}/thumb/{}", item.updated),
        "art": format!("{path}/art/{}", item.updated),
        "addedAt": item.added,
        "updatedAt": item.updated,
    });
    if item.sort_title != item.title {
        value["titleSort"] = json!(item.sort_title);
    }
    set(&mut value, "year", item.year);
    set(&mut value, "rating", item.rating);
    set(&mut value, "audienceRating", item.rating.map(|rating| (rating * 10.0 - 3.0).round() / 10.0));
    for (name, text) in [
        ("tagline", item.tagline),
        ("contentRating", item.certificate),
        ("studio", item.studio),
        ("originallyAvailableAt", item.released.as_str()),
    ] {
        set(&mut value, name, (!text.is_empty()).then_some(text));
    }
    set(&mut value, "duration", (item.duration > 0).then_some(item.duration));
    set(&mut value, "viewCount", (view.count > 0).then_some(view.count));
    set(&mut value, "viewOffset", (view.offset > 0).then_some(view.offset));
    set(&mut value, "lastViewedAt", (view.last > 0).then_some(view.last));
    if item.section == "3" {
        value["subtype"] = json!("clip");
    }
    above(visit, item, &mut value);
    if has_children {
        value["leafCount"] = json!(library.leaves(key).len());
        value["viewedLeafCount"] = json!(library.watched_below(account, key));
        set(&mut value, "childCount", (item.kind == Kind::Show).then(|| library.children(key).len()));
    }
    value["Genre"] = item.genres.iter().take(2).map(|genre| json!({ "tag": genre.name })).collect();
    value["Director"] = item.director.iter().map(|(_, name)| json!({ "tag": name })).collect();
    value["Role"] = item.cast.iter().take(3).map(|role| json!({ "tag": role.person.name })).collect();
    value["Collection"] =
        library.collections_of(key).map(|collection| json!({ "tag": collection.title })).collect();
    if visit.says_yes("includeGuids") {
        value["Guid"] = guids(item);
    }
    if item.file.is_some() {
        value["Media"] = json!([media(item)]);
    }
    value
}

fn set<T: Into<Value>>(value: &mut Value, name: &str, member: Option<T>) {
    if let Some(member) = member {
        value[name] = member.into();
    }
}

fn guids(item: &Item) -> Value {
    item.guids.iter().map(|id| json!({ "id": id })).collect()
}

/// What seasons and episodes say of the show and season above them.
fn above(visit: &Visit<'_>, item: &Item, value: &mut Value) {
    if item.kind == Kind::Show || item.parent.is_some() {
        value["index"] = json!(item.index);
    }
    let name = |prefix: &str, member: &str| format!("{prefix}{member}");
    let mut current = item;
    for prefix in ["parent", "grandparent"] {
        let Some(parent) = current.parent.and_then(|key| visit.state.library.items.get(&key)) else { return };
        value[name(prefix, "RatingKey")] = json!(parent.key.to_string());
        value[name(prefix, "Key")] = json!(format!("/library/metadata/{}", parent.key));
        value[name(prefix, "Guid")] = json!(parent.guid);
        value[name(prefix, "Title")] = json!(parent.title);
        value[name(prefix, "Thumb")] =
            json!(format!("/library/metadata/{}/thumb/{}", parent.key, parent.updated));
        if parent.kind == Kind::Season {
            value["parentIndex"] = json!(parent.index);
        }
        current = parent;
    }
}

fn media(item: &Item) -> Value {
    let uhd = item.file.as_ref().is_some_and(|file| file.uhd);
    let (width, height, resolution) = if uhd { (3840, 1600, "4k") } else { (1920, 1080, "1080") };
    let codec = if uhd { "hevc" } else { "h264" };
    let file = item.file.as_ref();
    let shown = file.map_or("", |file| &file.shown);
    let ending = shown.rsplit_once('.').map_or("mkv", |(_, ending)| ending);
    json!({
        "id": item.key, "duration": item.duration, "bitrate": if uhd { 18_400 } else { 5_200 }, "width": width,
        "height": height, "aspectRatio": if uhd { 2.35 } else { 1.78 }, "audioChannels": 6, "audioCodec": "eac3",
        "videoCodec": codec, "videoResolution": resolution, "container": ending, "videoFrameRate": "24p",
        "videoProfile": "main",
        "Part": [{
            "id": item.key, "key": format!("/library/parts/{}/{}/file.{ending}", item.key, item.added),
            "duration": item.duration, "file": shown, "size": file.map_or(0, |file| file.size),
            "container": ending, "videoProfile": "main",
            "Stream": [
                {
                    "id": item.key * 10 + 1, "streamType": 1, "default": true, "codec": codec, "index": 0,
                    "bitrate": 5_000, "width": width, "height": height, "frameRate": 23.976,
                    "displayTitle": if uhd { "4K HDR10 (HEVC Main 10)" } else { "1080p (H.264)" },
                },
                {
                    "id": item.key * 10 + 2, "streamType": 2, "selected": true, "codec": "eac3", "index": 1,
                    "channels": 6, "language": "English", "languageCode": "eng",
                    "displayTitle": "English (EAC3 5.1)",
                },
            ],
        }],
    })
}

/// As a document of its own: every tag with its number, and where it belongs.
fn full(visit: &Visit<'_>, item: &Item) -> Value {
    let mut value = brief(visit, item);
    belongs(visit, &item.section, &mut value);
    value["Guid"] = guids(item);
    value["Genre"] = item
        .genres
        .iter()
        .map(|genre| json!({ "id": genre_tag(genre), "filter": format!("genre={}", genre_tag(genre)), "tag": genre.name }))
        .collect();
    value["Director"] = item
        .director
        .iter()
        .map(|(id, name)| {
            let tag = director_tag(*id);
            json!({ "id": tag, "filter": format!("director={tag}"), "tag": name, "thumb": portrait(*id) })
        })
        .collect();
    value["Role"] = item
        .cast
        .iter()
        .map(|role| {
            let tag = actor_tag(role.person.tmdb);
            json!({
                "id": tag, "filter": format!("actor={tag}"), "tag": role.person.name, "role": role.character,
                "thumb": portrait(role.person.tmdb), "tagKey": format!("p{}", role.person.tmdb),
            })
        })
        .collect();
    value["Collection"] = visit
        .state
        .library
        .collections_of(item.key)
        .map(|found| json!({ "id": found.key, "filter": format!("collection={}", found.key), "tag": found.title }))
        .collect();
    value["Field"] = item.locked.iter().map(|name| json!({ "locked": true, "name": name })).collect();
    value
}

/// Which library something is in.
pub(super) fn belongs(visit: &Visit<'_>, section: &str, value: &mut Value) {
    if let Some(section) = visit.state.library.section(section) {
        value["librarySectionTitle"] = json!(section.title);
        value["librarySectionID"] = json!(section.key.parse::<i64>().unwrap_or_default());
        value["librarySectionKey"] = json!(format!("/library/sections/{}", section.key));
    }
}

/// With the library it is in, as hubs and searches show an item.
pub(super) fn in_hub(visit: &Visit<'_>, item: &Item) -> Value {
    let mut value = brief(visit, item);
    belongs(visit, &item.section, &mut value);
    value
}

pub(super) fn collection(visit: &Visit<'_>, found: &Collection) -> Value {
    let items = &visit.state.library.items;
    let years = || found.items.iter().filter_map(|key| items.get(key)?.year);
    let kind = visit.state.library.section(&found.section).map_or("movie", |section| section.kind.name());
    let mut value = json!({
        "ratingKey": found.key.to_string(),
        "key": format!("/library/collections/{}/children", found.key),
        "guid": format!("collection://{:08x}-0000-4000-8000-{:012x}", found.key, found.added),
        "type": "collection",
        "title": found.title,
        "subtype": kind,
        "summary": found.summary,
        "index": found.key,
        "ratingCount": 1,
        "thumb": format!("/library/collections/{}/composite/{}?width=400&height=600", found.key, found.updated),
        "addedAt": found.added,
        "updatedAt": found.updated,
        // A string here, a number everywhere else.
        "childCount": found.items.len().to_string(),
    });
    set(&mut value, "minYear", years().min().map(|year| year.to_string()));
    set(&mut value, "maxYear", years().max().map(|year| year.to_string()));
    belongs(visit, &found.section, &mut value);
    value
}

/// `/library/metadata/1,2,3`.
pub(super) fn show(visit: &Visit<'_>, keys: &str) -> Answer {
    let mut shown = Vec::new();
    let mut section = String::new();
    for key in keys.split(',').filter_map(|key| key.parse::<u64>().ok()) {
        if let Some(item) = visit.state.library.item_for(visit.member, key) {
            section.clone_from(&item.section);
            shown.push(full(visit, item));
        } else if let Some(found) = visit.state.library.collection_for(visit.member, key) {
            section.clone_from(&found.section);
            shown.push(collection(visit, found));
        }
    }
    if shown.is_empty() {
        return Err(StatusCode::NOT_FOUND);
    }
    let mut value = json!({
        "size": shown.len(), "allowSync": true, "identifier": "com.plexapp.plugins.library",
        "mediaTagPrefix": "/system/bundle/media/flags/", "mediaTagVersion": visit.stage.world.now,
        "Metadata": shown,
    });
    belongs(visit, &section, &mut value);
    Ok(container(visit.request, value))
}

/// The seasons of a show, the episodes of a season.
pub(super) fn children(visit: &Visit<'_>, key: &str) -> Answer {
    let item = visit.item(key)?;
    let library = &visit.state.library;
    let below = library.children(item.key);
    let view_group = if item.kind == Kind::Show { "season" } else { "episode" };
    let mut value = json!({
        "allowSync": true, "identifier": "com.plexapp.plugins.library", "key": key, "title1": item.title,
        "title2": item.title, "parentTitle": item.title, "summary": item.summary, "viewGroup": view_group,
        "nocache": true,
    });
    belongs(visit, &item.section, &mut value);
    // Among the seasons is one that is none, unless the client knows to leave it out.
    if item.kind == Kind::Show && below.len() > 1 && !visit.says_yes("excludeAllLeaves") {
        value["Directory"] = json!([{
            "leafCount": library.leaves(item.key).len(),
            "viewedLeafCount": library.watched_below(visit.member.plex_id, item.key),
            "thumb": format!("/library/metadata/{key}/thumb/{}", item.updated),
            "key": format!("/library/metadata/{key}/allLeaves"), "title": "All episodes",
        }]);
    }
    let shown = query::page(visit, below, &mut value).into_iter().map(|child| brief(visit, child)).collect();
    value["Metadata"] = shown;
    Ok(container(visit.request, value))
}

pub(super) fn all_leaves(visit: &Visit<'_>, key: &str) -> Answer {
    let item = visit.item(key)?;
    let mut value = json!({ "identifier": "com.plexapp.plugins.library", "key": key, "title1": item.title });
    belongs(visit, &item.section, &mut value);
    let leaves = visit.state.library.leaves(item.key);
    let shown = query::page(visit, leaves, &mut value).into_iter().map(|leaf| brief(visit, leaf)).collect();
    value["Metadata"] = shown;
    Ok(container(visit.request, value))
}

/// What shares most genres with an item.
pub(super) fn alike<'v>(visit: &'v Visit<'_>, item: &Item) -> Vec<&'v Item> {
    let common = |other: &Item| other.genres.iter().filter(|genre| item.genres.contains(genre)).count();
    let mut alike: Vec<&Item> = visit
        .state
        .library
        .items
        .values()
        .filter(|other| other.section == item.section && other.kind == item.kind && other.key != item.key)
        .filter(|other| common(other) > 0)
        .collect();
    alike.sort_by_key(|other| (std::cmp::Reverse(common(other)), other.key));
    alike.truncate(10);
    alike
}

pub(super) fn similar(visit: &Visit<'_>, key: &str) -> Answer {
    let item = visit.item(key)?;
    let shown: Vec<Value> = alike(visit, &item).into_iter().map(|other| in_hub(visit, other)).collect();
    Ok(container(visit.request, json!({ "size": shown.len(), "Metadata": shown })))
}

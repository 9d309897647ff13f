//! The media server's language of questions: filters, sorting and pages.
//!
//! The operator stands left of the `=`: `year>>=2007`, `title!=x`, `addedAt>>=-7d`; where it seems to
//! stand on the right (`title==abc`) the second `=` is the value's first letter.

use std::cmp::{Ordering, Reverse};

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::super::library::{Item, Kind};
use super::Visit;
use super::items::{actor_tag, director_tag, genre_tag};
use crate::world::scramble;

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Is,
    Not,
    Exactly,
    NotExactly,
    Above,
    Below,
    Begins,
    Ends,
}

/// One condition, one of whose values must fit.
#[derive(Debug, PartialEq, Eq)]
struct Filter {
    field: String,
    operator: Operator,
    values: Vec<String>,
}

/// Cuts a query where it came from, before anything is decoded.
fn pairs(raw: &str) -> impl Iterator<Item = (String, String)> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    raw.split('&').filter(|pair| !pair.is_empty()).map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

const FIELDS: [&str; 22] = [
    "title",
    "year",
    "decade",
    "genre",
    "contentRating",
    "studio",
    "director",
    "actor",
    "resolution",
    "collection",
    "addedAt",
    "originallyAvailableAt",
    "lastViewedAt",
    "rating",
    "audienceRating",
    "duration",
    "unwatched",
    "unwatchedLeaves",
    "inProgress",
    "viewCount",
    "firstCharacter",
    "id",
];

fn filter(name: &str, value: &str) -> Option<Filter> {
    // A client that encodes the name of a parameter sends `title==x` as `title%3D=x`.
    let suffixes = [
        ("!=", Operator::NotExactly),
        ("=", Operator::Exactly),
        (">>", Operator::Above),
        ("<<", Operator::Below),
        ("<", Operator::Begins),
        (">", Operator::Ends),
        ("!", Operator::Not),
    ];
    let (name, mut operator) = suffixes
        .into_iter()
        .find_map(|(suffix, operator)| Some((name.strip_suffix(suffix)?, operator)))
        .unwrap_or((name, Operator::Is));
    let mut value = value;
    if let Some(rest) = value.strip_prefix('=') {
        operator = if operator == Operator::Not { Operator::NotExactly } else { Operator::Exactly };
        value = rest;
    }
    let field = name.rsplit_once('.').map_or(name, |(_, field)| field);
    let values =
        if field == "title" { vec![value.to_owned()] } else { value.split(',').map(str::to_owned).collect() };
    FIELDS.contains(&field).then(|| Filter { field: field.to_owned(), operator, values })
}

/// The items that the query asks for, in the order it asks for.
pub(super) fn select<'v>(visit: &'v Visit<'_>, items: impl Iterator<Item = &'v Item>) -> Vec<&'v Item> {
    let filters: Vec<Filter> =
        pairs(&visit.request.raw_query).filter_map(|(name, value)| filter(&name, &value)).collect();
    let mut selected: Vec<&Item> =
        items.filter(|item| filters.iter().all(|filter| fits(visit, filter, item))).collect();
    sort(visit, &mut selected);
    selected
}

fn fits(visit: &Visit<'_>, filter: &Filter, item: &Item) -> bool {
    let any = |test: &dyn Fn(&str) -> bool| filter.values.iter().any(|value| test(value));
    let library = &visit.state.library;
    let view = library.view(visit.member.plex_id, item.key);
    let number = |have: Option<f64>| any(&|value| number_fits(filter.operator, have, value));
    let tags = |have: Vec<String>| {
        let has = any(&|value| have.iter().any(|tag| tag.eq_ignore_ascii_case(value)));
        has != matches!(filter.operator, Operator::Not | Operator::NotExactly)
    };
    let date = |have: i64| any(&|value| date_fits(filter.operator, have, value, visit.stage.world.now));
    let yes_or_no = |have: bool| any(&|value| (value != "0") == have) != (filter.operator == Operator::Not);
    let float = |n: i64| Some(f64::from(i32::try_from(n).unwrap_or(i32::MAX)));
    match filter.field.as_str() {
        "title" => any(&|value| text_fits(filter.operator, &item.title, value)),
        "studio" => any(&|value| text_fits(filter.operator, item.studio, value)),
        "year" => number(item.year.and_then(float)),
        "decade" => number(item.year.and_then(|year| float(year - year % 10))),
        "rating" | "audienceRating" => number(item.rating),
        "duration" => number(float(item.duration)),
        "viewCount" => number(float(view.count)),
        "id" => tags(vec![item.key.to_string()]),
        "genre" => tags(item.genres.iter().map(|genre| genre_tag(genre).to_string()).collect()),
        "contentRating" => tags(vec![item.certificate.to_owned()]),
        "director" => tags(item.director.iter().map(|(id, _)| director_tag(*id).to_string()).collect()),
        "actor" => tags(item.cast.iter().map(|role| actor_tag(role.person.tmdb).to_string()).collect()),
        "resolution" => {
            let uhd = item.file.as_ref().map(|file| if file.uhd { "4k" } else { "1080" });
            tags(uhd.into_iter().map(str::to_owned).collect())
        }
        "collection" => tags(library.collections_of(item.key).map(|found| found.key.to_string()).collect()),
        "firstCharacter" => tags(vec![letter(item)]),
        "addedAt" => date(item.added),
        "lastViewedAt" => date(view.last),
        "originallyAvailableAt" => date(seconds_of(&item.released).unwrap_or_default()),
        "unwatched" | "unwatchedLeaves" => yes_or_no(library.is_unwatched(visit.member.plex_id, item)),
        _ => yes_or_no(view.offset > 0),
    }
}

fn text_fits(operator: Operator, have: &str, value: &str) -> bool {
    let (have, value) = (have.to_lowercase(), value.to_lowercase());
    match operator {
        Operator::Is | Operator::Above | Operator::Below => have.contains(&value),
        Operator::Not => !have.contains(&value),
        Operator::Exactly => have == value,
        Operator::NotExactly => have != value,
        Operator::Begins => have.starts_with(&value),
        Operator::Ends => have.ends_with(&value),
    }
}

fn number_fits(operator: Operator, have: Option<f64>, value: &str) -> bool {
    let (Some(have), Ok(value)) = (have, value.parse::<f64>()) else { return false };
    match operator {
        Operator::Above => have > value,
        Operator::Below => have < value,
        Operator::Not | Operator::NotExactly => have.total_cmp(&value) != Ordering::Equal,
        _ => have.total_cmp(&value) == Ordering::Equal,
    }
}

/// Dates are seconds since 1970, days (`2026-11-01`), or a while ago (`-7d`).
fn date_fits(operator: Operator, have: i64, value: &str, now: i64) -> bool {
    let Some(value) = moment(value, now) else { return false };
    match operator {
        Operator::Above => have > value,
        Operator::Below => have < value,
        Operator::Not | Operator::NotExactly => have / 86_400 != value / 86_400,
        _ => have / 86_400 == value / 86_400,
    }
}

fn moment(text: &str, now: i64) -> Option<i64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let Some(ago) = text.strip_prefix('-') else { return seconds_of(text) };
    let units = [
        ("mon", 30 * 86_400),
        ("s", 1),
        ("m", 60),
        ("h", 3_600),
        ("d", 86_400),
        ("w", 604_800),
        ("y", 31_536_000),
    ];
    units.into_iter().find_map(|(unit, seconds)| {
        let count: i64 = ago.strip_suffix(unit)?.parse().ok()?;
        Some(now - count * seconds)
    })
}

/// Midnight of a day such as `2026-02-13`, by the count of days of the civil calendar.
fn seconds_of(day: &str) -> Option<i64> {
    let mut parts = day.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some((year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468) * 86_400)
}

/// The letter under which an item is filed; `#` for all that is none.
pub(super) fn letter(item: &Item) -> String {
    let first = item.sort_title.chars().next().unwrap_or('#');
    if first.is_alphabetic() { first.to_uppercase().collect() } else { "#".to_owned() }
}

fn sort(visit: &Visit<'_>, items: &mut [&Item]) {
    items.sort_by_cached_key(|item| (item.sort_title.to_lowercase(), item.index, item.key));
    let wanted = visit.query("sort").unwrap_or_default();
    // Sorting is stable, so the last key goes first.
    for part in wanted.split(',').filter(|part| !part.is_empty()).rev() {
        let mut words = part.split(':');
        let name = words.next().unwrap_or_default();
        let is_down = words.clone().any(|word| word == "desc");
        let nulls_last = words.any(|word| word == "nullsLast");
        let order = |a: &&Item, b: &&Item| {
            let (a, b) = (sort_key(visit, name, a), sort_key(visit, name, b));
            let by_key = if is_down { b.cmp(&a) } else { a.cmp(&b) };
            if nulls_last { Reverse(a.is_some()).cmp(&Reverse(b.is_some())).then(by_key) } else { by_key }
        };
        if !name.ends_with("titleSort") {
            items.sort_by(order);
        } else if is_down {
            items.sort_by_cached_key(|item| Reverse(item.sort_title.to_lowercase()));
        } else {
            items.sort_by_cached_key(|item| item.sort_title.to_lowercase());
        }
    }
}

/// A number to sort by. `None` where an item has none.
fn sort_key(visit: &Visit<'_>, name: &str, item: &Item) -> Option<i64> {
    let library = &visit.state.library;
    let view = library.view(visit.member.plex_id, item.key);
    let tenths = |rating: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "ratings are below ten")]
        let tenths = (rating * 10.0) as i64;
        tenths
    };
    match name {
        // The shows with the newest episodes.
        "episode.addedAt" if item.kind == Kind::Show => {
            library.leaves(item.key).iter().map(|leaf| leaf.added).max()
        }
        name => match name.rsplit_once('.').map_or(name, |(_, field)| field) {
            "addedAt" => Some(item.added),
            "updatedAt" => Some(item.updated),
            "year" => item.year,
            "originallyAvailableAt" => seconds_of(&item.released),
            "rating" | "audienceRating" => item.rating.map(tenths),
            "duration" => Some(item.duration),
            "lastViewedAt" => (view.last > 0).then_some(view.last),
            "viewCount" => Some(view.count),
            "index" => Some(item.index),
            "random" => i64::try_from(scramble(item.key ^ visit.stage.world.now.unsigned_abs()) >> 1).ok(),
            _ => None,
        },
    }
}

/// The page that was asked for, by header or by query; says in `value` where it stands.
pub(super) fn page<T>(visit: &Visit<'_>, all: Vec<T>, value: &mut Value) -> Vec<T> {
    let asked = |name: &str| {
        let in_header = Some(visit.request.header(name)).filter(|text| !text.is_empty());
        in_header.or_else(|| visit.query(name))?.parse::<usize>().ok()
    };
    let (start, size) = (asked("X-Plex-Container-Start"), asked("X-Plex-Container-Size"));
    let total = all.len();
    let limit = visit.query("limit").and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    let most = visit.stage.options.page_limit.min(limit);
    let offset = start.unwrap_or(0);
    let kept: Vec<T> = all.into_iter().skip(offset).take(size.unwrap_or(usize::MAX).min(most)).collect();
    value["size"] = json!(kept.len());
    if start.is_some() || size.is_some() || kept.len() < total {
        value["totalSize"] = json!(total);
        value["offset"] = json!(offset);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_stands_left_of_the_equals_sign() {
        let parsed = |raw: &str| {
            let (name, value) = pairs(raw).next().expect("one pair");
            filter(&name, &value).map(|filter| (filter.field, filter.operator, filter.values))
        };
        let one =
            |field: &str, operator, value: &str| Some((field.to_owned(), operator, vec![value.to_owned()]));

        assert_eq!(parsed("year=2008"), one("year", Operator::Is, "2008"));
        assert_eq!(parsed("year>>=2007"), one("year", Operator::Above, "2007"));
        assert_eq!(parsed("movie.year%3E%3E=2007"), one("year", Operator::Above, "2007"));
        assert_eq!(parsed("addedAt<<=-7d"), one("addedAt", Operator::Below, "-7d"));
        assert_eq!(parsed("title==Low+Orbit"), one("title", Operator::Exactly, "Low Orbit"));
        assert_eq!(parsed("title%3D=x"), one("title", Operator::Exactly, "x"));
        assert_eq!(parsed("title%21%3D=x"), one("title", Operator::NotExactly, "x"));
        assert_eq!(parsed("title!==x"), one("title", Operator::NotExactly, "x"));
        assert_eq!(parsed("title!=x"), one("title", Operator::Not, "x"));
        assert_eq!(parsed("title<=Low"), one("title", Operator::Begins, "Low"));
        assert_eq!(parsed("includeGuids=1"), None);
    }

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(seconds_of("1970-01-01"), Some(0));
        assert_eq!(seconds_of("2000-03-01"), Some(951_868_800));
        assert_eq!(seconds_of("2026-11-22"), Some(1_795_305_600));
        assert_eq!(moment("-2h", 10_000), Some(2_800));
        assert_eq!(moment("soon", 10_000), None);
    }
}

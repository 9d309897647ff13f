//! What a request is and where it stands, in words.

use std::time::Duration;

use domain::Timestamp;
use domain::media::MediaType;
use domain::request::{MediaRequest, RequestStatus};

use crate::problem::from::sentence;
use crate::views::human::{About, Count};
use crate::views::status::Pill;

/// After this long without a word, an approved request is called stuck.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// `Film · 2026`, `Seasons 2 and 3, 4K`.
pub fn scope(request: &MediaRequest) -> String {
    let what = match request.media_type {
        MediaType::Movie => "Film".to_owned(),
        MediaType::Tv => seasons(&request.seasons),
    };
    if request.is_4k { format!("{what}, 4K") } else { what }
}

/// `Season 2`, `Seasons 1 to 3 and 5`, `Specials`.
pub fn seasons(numbers: &[u32]) -> String {
    let specials = numbers.contains(&0);
    let mut numbers: Vec<u32> = numbers.iter().copied().filter(|number| *number > 0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in &numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let mut parts: Vec<String> = Vec::new();
    for (first, last) in runs {
        match last - first {
            0 => parts.push(first.to_string()),
            1 => parts.extend([first.to_string(), last.to_string()]),
            _ => parts.push(format!("{first} to {last}")),
        }
    }
    let word = if numbers.len() == 1 { "Season" } else { "Seasons" };
    let listed = listed(&parts);
    match (parts.is_empty(), specials) {
        (true, true) => "Specials".to_owned(),
        (true, false) => "Show".to_owned(),
        (false, true) => format!("{word} {listed} and the specials"),
        (false, false) => format!("{word} {listed}"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// Where it stands, as a word with a colour and a shape.
pub fn pill(request: &MediaRequest) -> Pill {
    match request.status {
        RequestStatus::Pending => Pill { class: "warn", word: "Waiting" },
        RequestStatus::Declined => Pill { class: "off", word: "Declined" },
        RequestStatus::Cancelled => Pill { class: "off ring", word: "Taken back" },
        RequestStatus::Available => Pill { class: "ok", word: "In Plex" },
        RequestStatus::Failed => Pill { class: "bad", word: "Failed" },
        RequestStatus::Approved | RequestStatus::Processing if is_stuck(request) => {
            Pill { class: "bad", word: "Stuck" }
        }
        RequestStatus::Approved => Pill { class: "acc ring", word: "Approved" },
        RequestStatus::Processing => Pill { class: "acc", word: "On its way" },
    }
}

/// Approved, and nothing has come of it for a day.
pub fn is_stuck(request: &MediaRequest) -> bool {
    let waits = matches!(request.status, RequestStatus::Approved | RequestStatus::Processing);
    waits && request.transfer.is_none() && (request.problem.is_some() || request.updated_at.age() > PATIENCE)
}

/// One line for lists: `Downloading, 62%, ready in about 14 min`.
pub fn state(request: &MediaRequest) -> String {
    match request.status {
        RequestStatus::Pending => "waits for approval".to_owned(),
        RequestStatus::Approved => "approved, looking for a copy".to_owned(),
        RequestStatus::Processing => transfer(request).unwrap_or_else(|| "on its way".to_owned()),
        RequestStatus::Available => "in Plex".to_owned(),
        RequestStatus::Declined => match &request.decline_reason {
            Some(reason) if !reason.is_empty() => format!("declined: {reason}"),
            _ => "declined".to_owned(),
        },
        RequestStatus::Failed => "could not be fetched".to_owned(),
        RequestStatus::Cancelled => "taken back".to_owned(),
    }
}

/// `62% · about 14 min left`, while bytes arrive.
pub fn transfer(request: &MediaRequest) -> Option<String> {
    let transfer = request.transfer?;
    let percent = transfer.percent();
    Some(match transfer.ready_at {
        Some(at) if at > Timestamp::now() => {
            format!("{percent}% · {} left", About(Timestamp::now().until(at)))
        }
        _ => format!("{percent}%"),
    })
}

/// Why it does not go on, and what happens next.
pub fn trouble(request: &MediaRequest) -> Option<String> {
    match (&request.problem, request.status) {
        (Some(problem), _) if !request.status.is_over() => Some(sentence(problem)),
        (_, RequestStatus::Failed) => {
            Some("It could not be handed to the downloader. An admin can try it again.".to_owned())
        }
        _ if is_stuck(request) => {
            let days = request.updated_at.age().as_secs() / 86_400;
            Some(format!(
                "Nothing good enough has turned up for {}. The search goes on by itself.",
                Count(days.max(1), "day")
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seasons_read_as_a_person_would_say_them() {
        for (numbers, said) in [
            (&[2][..], "Season 2"),
            (&[1, 2], "Seasons 1 and 2"),
            (&[3, 1, 2, 5], "Seasons 1 to 3 and 5"),
            (&[1, 3, 5], "Seasons 1, 3 and 5"),
            (&[0], "Specials"),
            (&[0, 1], "Season 1 and the specials"),
            (&[], "Show"),
        ] {
            assert_eq!(seasons(numbers), said);
        }
    }
}

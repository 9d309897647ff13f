//! Words for what there is too much of to write by hand: the names and stories of episodes.

use super::scramble;

const FIRST: [&str; 20] = [
    "The Cold",
    "A Borrowed",
    "Low",
    "The Second",
    "Paper",
    "North of the",
    "Every",
    "The Quiet",
    "Salt and",
    "Half a",
    "The Last",
    "Under the",
    "An Honest",
    "Grey",
    "The Missing",
    "Two Days of",
    "The Wrong",
    "Bitter",
    "Open",
    "After the",
];

const SECOND: [&str; 24] = [
    "Light", "Tide", "Ledger", "Guest", "Signal", "Causeway", "Winter", "Bell", "Stairs", "Letter",
    "Harvest", "Room", "Witness", "Bridge", "Map", "Fever", "Choir", "Engine", "Garden", "Debt", "Frost",
    "Window", "Mile", "Lantern",
];

const STORY: [&str; 12] = [
    "A phone call nobody wanted keeps the house awake, and somebody finally opens the locked drawer.",
    "The storm cuts the road. Six people, one stove, and a story that does not add up.",
    "An old friend comes back with money and without a reason.",
    "They agree on a plan at noon. By four, only one of them is still following it.",
    "A photograph from before the war turns up, with a date that cannot be right.",
    "Nobody believes the youngest of them, which turns out to be expensive.",
    "The trial begins, and the first witness says something she was told never to say.",
    "A day off, a borrowed boat, and the longest conversation of the year.",
    "Somebody has been paying the rent of the empty flat for eleven years.",
    "The bell rings at the wrong hour, and half the town pretends not to hear it.",
    "What was lost in the first week is found again, in the last place it should be.",
    "Two of them leave. The rest have to decide whether to wait.",
];

fn pick<const N: usize>(list: [&'static str; N], seed: u64) -> &'static str {
    list[usize::try_from(scramble(seed) % N as u64).unwrap_or_default()]
}

pub(crate) fn episode_title(seed: u64) -> String {
    format!("{} {}", pick(FIRST, seed), pick(SECOND, seed ^ 0x51))
}

pub(crate) fn episode_story(seed: u64) -> &'static str {
    pick(STORY, seed ^ 0x77)
}

//! Actors who do not exist.

use super::{image_path, scramble};

/// Somebody in front of the camera or behind it.
#[derive(Debug, Clone)]
pub struct Person {
    pub tmdb: i64,
    pub name: &'static str,
}

impl Person {
    pub fn profile_path(&self) -> String {
        image_path(self.tmdb, "profile")
    }
}

/// A part in a film or show.
#[derive(Debug, Clone)]
pub struct Role {
    pub person: Person,
    pub character: &'static str,
}

const NAMES: [&str; 32] = [
    "Ines Marlow",
    "Tomas Beck",
    "Rhea Aldous",
    "Jon Kerr",
    "Sana Voss",
    "Piet Dorn",
    "Lena Wick",
    "Omar Mend",
    "Clara Hejda",
    "Yusuf Arden",
    "Maren Tolk",
    "Elio Santer",
    "Nora Quill",
    "Bram Oster",
    "Ada Lindqvist",
    "Kofi Renner",
    "Ilse Varga",
    "Mateo Cruz Ibáñez",
    "Hana Mori",
    "Dougal Frith",
    "Zofia Krall",
    "Samir Hadd",
    "Greta Löwe",
    "Anton Pell",
    "Wren Castell",
    "Luca Ferrant",
    "Mirja Salo",
    "Teodor Blau",
    "Una McCabe",
    "Rafael Stein",
    "Sólveig Anders",
    "Priya Nandan",
];

const CHARACTERS: [&str; 24] = [
    "Captain Orr",
    "The pilot",
    "Maud",
    "Harbour master",
    "Dr. Lind",
    "Young Orr",
    "The radio voice",
    "Bosun",
    "Ada",
    "The clerk",
    "Inspector Hale",
    "Ruth",
    "The twin",
    "Mr. Ferris",
    "Sister Agnes",
    "Kit",
    "The stranger",
    "Judge Amsel",
    "Nils",
    "The archivist",
    "Vera",
    "Old Tam",
    "The driver",
    "Pia",
];

pub(crate) fn all() -> Vec<Person> {
    (920_001..).zip(NAMES).map(|(tmdb, name)| Person { tmdb, name }).collect()
}

/// Eight parts, always the same for the same title.
pub(crate) fn cast(people: &[Person], seed: i64) -> Vec<Role> {
    let (first, character) = (scramble(seed.unsigned_abs()), scramble(seed.unsigned_abs() ^ 0xc0ffee));
    let nth = |start: u64, step: u64, of: usize| {
        usize::try_from((start % 4096 + step) % of as u64).unwrap_or_default()
    };
    // The steps share no factor with the lengths, so nobody plays twice.
    (0..8)
        .map(|n| Role {
            person: people[nth(first, n * 5, people.len())].clone(),
            character: CHARACTERS[nth(character, n * 7, CHARACTERS.len())],
        })
        .collect()
}

/// Who directed it, or made it up.
pub(crate) fn maker(people: &[Person], seed: i64) -> Person {
    let n = scramble(seed.unsigned_abs() ^ 0xd1ec) % people.len() as u64;
    people[usize::try_from(n).unwrap_or_default()].clone()
}

//! Posters: what a title looks like in a rail, in a grid and as a thumbnail.
//!
//! A poster has art of its own, generated from its title. A picture lies over it where there is
//! one; while the picture loads, or when it never comes, the art is what people see.

use std::fmt::Write;

use askama::Template;

/// How much of a title there is already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    #[default]
    None,
    /// In the library.
    Here,
    /// Some of it is in the library.
    Partly,
    /// Somebody asked for it.
    Asked,
}

/// A title in a `.rail` or among `.posters`.
#[derive(Debug, Clone, Template)]
#[template(path = "_poster.html")]
pub struct Poster {
    /// The address of its page.
    pub href: String,
    pub title: String,
    /// The line below the title, such as the year.
    pub note: String,
    /// The address of a picture at our own proxy.
    pub image: Option<String>,
    /// A word in the corner, such as `4K`.
    pub tag: Option<String>,
    pub mark: Mark,
    /// How far somebody has watched it, in percent.
    pub watched: Option<u8>,
}

impl Poster {
    /// A poster without a picture, marks or tags.
    pub fn new(href: impl Into<String>, title: impl Into<String>, note: impl Into<String>) -> Self {
        Self {
            href: href.into(),
            title: title.into(),
            note: note.into(),
            image: None,
            tag: None,
            mark: Mark::None,
            watched: None,
        }
    }

    fn art(&self) -> Artwork<'_> {
        Artwork::poster(&self.title)
    }
}

/// A small poster without words, such as in a list.
#[derive(Debug, Clone, Template)]
#[template(path = "_thumb.html")]
pub struct Thumb<'a> {
    pub title: &'a str,
    pub image: Option<&'a str>,
    /// `l` for a large one.
    pub size: &'static str,
}

impl Thumb<'_> {
    fn art(&self) -> Artwork<'_> {
        Artwork { lines: [""; LINES], ..Artwork::poster(self.title) }
    }
}

/// A landscape that is always the same for the same title.
#[derive(Debug, Clone, Template)]
#[template(path = "_artwork.html")]
pub struct Artwork<'a> {
    seed: u32,
    wide: bool,
    /// The words of the title, set low on the picture, the last one last.
    lines: [&'a str; LINES],
}

/// How many lines of a title fit on its art.
const LINES: usize = 4;

/// How many letters fit on a line of it.
const LETTERS: usize = 12;

impl<'a> Artwork<'a> {
    /// 200 by 300, with the title on it when that fits.
    pub fn poster(title: &'a str) -> Self {
        let words: Vec<&str> = title.split_whitespace().collect();
        let fits = words.len() <= LINES && words.iter().all(|word| word.chars().count() <= LETTERS);
        let mut lines = [""; LINES];
        if fits {
            lines[LINES - words.len()..].copy_from_slice(&words);
        }
        Self { seed: seed(title), wide: false, lines }
    }

    /// 1200 by 500, for a hero.
    pub fn wide(title: &'a str) -> Self {
        Self { seed: seed(title), wide: true, lines: [""; LINES] }
    }

    fn hue(&self) -> u32 {
        self.seed % 6
    }

    fn size(&self) -> (u32, u32) {
        if self.wide { (1200, 500) } else { (200, 300) }
    }

    /// Where the sun stands and how large it is.
    fn sun(&self) -> (u32, u32, u32) {
        let (width, height) = self.size();
        let x = width * (25 + self.seed / 7 % 50) / 100;
        let y = height * (20 + self.seed / 11 % 22) / 100;
        (x, y, height * (11 + self.seed / 13 % 8) / 100)
    }

    /// A ridge of hills as a path; `depth` 0 is the farthest.
    fn hills(&self, depth: u32) -> String {
        const STEPS: u32 = 6;
        let (width, height) = self.size();
        let mut path = format!("M0 {height}");
        for step in 0..=STEPS {
            let jump = (self.seed >> (step * 3 + depth * 2)) % 17;
            let y = height * (46 + depth * 17 + jump) / 100;
            _ = write!(path, "L{} {}", width * step / STEPS, y.min(height));
        }
        _ = write!(path, "L{width} {height}Z");
        path
    }

    /// The words with the height at which each stands.
    fn words(&self) -> impl Iterator<Item = (usize, &'a str)> + '_ {
        self.lines.iter().enumerate().map(|(line, word)| (218 + 22 * line, *word))
    }
}

fragment!(Poster, Thumb<'_>, Artwork<'_>);

/// FNV-1a: the same everywhere and for ever.
fn seed(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn art_is_the_same_for_the_same_title_and_holds_for_every_title() {
        for title in
            ["Iron Weather", "", " ", "王小明", "A title that is much too long for a poster of this size"]
        {
            let (one, other) = (Artwork::poster(title), Artwork::poster(title));
            assert_eq!(one.to_string(), other.to_string());
            assert!(Artwork::wide(title).to_string().contains("viewBox=\"0 0 1200 500\""));
        }
        assert_ne!(Artwork::poster("Iron Weather").to_string(), Artwork::poster("Open Ground").to_string());
    }

    #[test]
    fn a_title_stands_on_its_art_only_when_it_fits() {
        assert!(Artwork::poster("Iron Weather").to_string().contains(">Weather</text>"));
        for title in ["One Two Three Four Five", "Incomprehensibilities"] {
            assert!(!Artwork::poster(title).to_string().contains("e</text>"), "{title}");
            assert!(!Artwork::poster(title).to_string().contains("s</text>"), "{title}");
        }
    }
}

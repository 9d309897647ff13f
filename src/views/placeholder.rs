//! What stands where a picture should be.

use askama::Template;
use domain::picture::Picture;

/// An SVG file: it stands alone, so it brings its own colours.
#[derive(Debug, Clone, Template)]
#[template(path = "placeholder.svg", escape = "html")]
pub struct Placeholder {
    width: u32,
    height: u32,
    seed: u32,
    /// Whether anything is to be seen.
    painted: bool,
}

impl Placeholder {
    pub fn new(picture: &Picture, painted: bool) -> Self {
        let (width, height) = picture.shape();
        let name = picture.to_string();
        let seed = name.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        Self { width, height, seed, painted }
    }

    fn hue(&self) -> u32 {
        self.seed % 360
    }

    fn other_hue(&self) -> u32 {
        (self.seed / 7 + 40) % 360
    }

    fn sun(&self) -> (u32, u32, u32) {
        let x = self.width * (25 + self.seed / 11 % 50) / 100;
        let y = self.height * (20 + self.seed / 13 % 22) / 100;
        (x, y, self.height * (12 + self.seed / 17 % 8) / 100)
    }

    /// A ridge of hills; `depth` 0 is the farthest.
    fn hills(&self, depth: u32) -> String {
        let (width, height) = (self.width, self.height);
        let ridge = (0..=6).map(|step| {
            let jump = (self.seed >> (step * 3 + depth * 2)) % 15;
            let y = height * (48 + depth * 18 + jump) / 100;
            format!("L{} {}", width * step / 6, y.min(height))
        });
        format!("M0 {height}{}L{width} {height}Z", ridge.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_has_the_shape_of_its_picture_and_on_a_page_nothing_to_see() {
        let picture = Picture::parse("plex/wide/metadata/7/thumb/1").unwrap();

        let alone = Placeholder::new(&picture, true).to_string();
        let on_page = Placeholder::new(&picture, false).to_string();

        assert!(alone.contains("width=\"640\" height=\"360\"") && alone.contains("<path"));
        assert!(on_page.contains("width=\"640\" height=\"360\"") && !on_page.contains("<path"));
        assert!(!alone.contains("<script") && !alone.contains("style="));
    }
}

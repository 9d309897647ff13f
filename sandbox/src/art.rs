//! Posters, backdrops, stills and portraits, painted when they are asked for.
//!
//! A picture is a function of its seed: the same title has the same poster in every stand-in, at
//! every start. The motif is that of the portal's own placeholder: a sky, a low sun, and hills.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use jpeg_encoder::{ColorType, Encoder};

mod colour;
mod letters;
mod scene;

/// What is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 2:3, with its title.
    Poster,
    /// 16:9, no words.
    Backdrop,
    /// 16:9, the same land in other weather.
    Still,
    /// 2:3, head and shoulders.
    Portrait,
}

/// A picture that can be painted in any size.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Picture {
    pub kind: Kind,
    pub seed: u64,
    /// Written on a poster.
    pub title: Option<String>,
}

/// Nothing is painted larger than this.
const WIDEST: u32 = 1280;
/// So many painted pictures are remembered; some 20 MB.
const REMEMBERED: usize = 600;

type Gallery = Mutex<HashMap<(Picture, u32, u32), Bytes>>;

impl Picture {
    /// The height that belongs to `width`.
    pub fn height_for(&self, width: u32) -> u32 {
        match self.kind {
            Kind::Poster | Kind::Portrait => width * 3 / 2,
            Kind::Backdrop | Kind::Still => width * 9 / 16,
        }
    }

    /// A JPEG `width` pixels wide (at most 1280) and as high as its kind wants.
    pub fn jpeg(&self, width: u32) -> Bytes {
        let width = width.clamp(16, WIDEST);
        self.jpeg_of(width, self.height_for(width))
    }

    /// A JPEG of exactly this size, within 1 and 1280 pixels.
    pub fn jpeg_of(&self, width: u32, height: u32) -> Bytes {
        static GALLERY: OnceLock<Gallery> = OnceLock::new();
        let gallery = GALLERY.get_or_init(Gallery::default);
        let (width, height) = (width.clamp(1, WIDEST), height.clamp(1, WIDEST));
        let key = (self.clone(), width, height);
        if let Some(painted) = locked(gallery).get(&key) {
            return painted.clone();
        }
        let painted = encode(&scene::paint(self, width, height), width, height);
        let mut gallery = locked(gallery);
        if gallery.len() >= REMEMBERED {
            gallery.clear();
        }
        gallery.insert(key, painted.clone());
        painted
    }
}

fn locked(gallery: &Gallery) -> std::sync::MutexGuard<'_, HashMap<(Picture, u32, u32), Bytes>> {
    gallery.lock().unwrap_or_else(PoisonError::into_inner)
}

fn encode(pixels: &[u8], width: u32, height: u32) -> Bytes {
    let mut out = Vec::new();
    let size = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    let encoded = Encoder::new(&mut out, 82).encode(pixels, size(width), size(height), ColorType::Rgb);
    debug_assert!(encoded.is_ok(), "the buffer has the size of the picture");
    Bytes::from(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poster_is_a_jpeg_that_is_always_the_same_and_differs_by_seed() {
        let poster = |seed| Picture { kind: Kind::Poster, seed, title: Some("Glass Harbour".into()) };

        let bytes = poster(1).jpeg(80);

        assert_eq!(bytes[..3], [0xff, 0xd8, 0xff]);
        let again = encode(&scene::paint(&poster(1), 80, 120), 80, 120);
        assert_eq!(bytes, again);
        assert_ne!(bytes, poster(2).jpeg(80));
    }

    #[test]
    fn every_kind_and_odd_sizes_can_be_painted() {
        for kind in [Kind::Poster, Kind::Backdrop, Kind::Still, Kind::Portrait] {
            for (width, height) in [(1, 1), (17, 90), (200, 40)] {
                let title = Some("100 % Überfahrt & \"more\"".into());
                assert!(!Picture { kind, seed: 7, title }.jpeg_of(width, height).is_empty());
            }
        }
    }
}

//! The addresses of pictures.
//!
//! What a Plex server shows of an item may be for some members only, so the address of such a
//! picture carries a mark that only the portal can make: whoever has it was shown the picture.
//! TMDB's pictures are public and have plain addresses.

use std::path::Path;
use std::sync::Arc;

use actors::pictures::{self, Kept, NoPicture, Shelf};
use actors::runtime::{Handle, System};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::picture::Picture;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::link::Base;

/// The bytes of a mark; enough that nobody guesses one.
const MARK: usize = 12;

/// Makes addresses of pictures and gets what is behind them. Cheap to clone.
#[derive(Clone)]
pub struct Pictures {
    key: Arc<[u8; 32]>,
    shelf: Shelf,
    actor: Handle<pictures::Message>,
}

impl Pictures {
    /// Pictures are kept in `images` in the data folder.
    pub(crate) fn new(key: [u8; 32], system: &System, data_dir: &Path) -> Self {
        let shelf = Shelf::new(data_dir.join("images"));
        Self { key: Arc::new(key), shelf, actor: system.handle(pictures::PATH) }
    }

    /// The address of `picture`, for a page or an answer of the API.
    pub fn link(&self, base: &Base, picture: &Picture) -> String {
        let path = base.link(&format!("/images/{picture}"));
        match self.mark(picture) {
            Some(mark) => format!("{path}?k={mark}"),
            None => path,
        }
    }

    /// Whether `mark` was given out with the address of `picture`.
    pub(crate) fn is_known(&self, picture: &Picture, mark: Option<&str>) -> bool {
        match self.mark(picture) {
            Some(ours) => mark.is_some_and(|mark| ours.as_bytes().ct_eq(mark.as_bytes()).into()),
            None => true,
        }
    }

    /// The picture, from the disk or from outside.
    pub(crate) async fn get(&self, picture: Picture) -> Result<Kept, NoPicture> {
        pictures::get(&self.actor, &self.shelf, picture).await
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    fn mark(&self, picture: &Picture) -> Option<String> {
        if matches!(picture, Picture::Tmdb { .. }) {
            return None;
        }
        let mut mac = <Hmac<Sha256>>::new_from_slice(&*self.key).expect("HMAC takes a key of any length");
        mac.update(picture.to_string().as_bytes());
        Some(BASE64_URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..MARK]))
    }
}

#[cfg(test)]
mod tests {
    use domain::picture::{PlexSize, TmdbSize};

    use super::*;

    #[test]
    fn only_an_address_that_was_given_out_leads_to_a_picture_of_plex() {
        let folder = std::env::temp_dir();
        let pictures = Pictures::new([7; 32], &System::new(), &folder);
        let base = Base::parse("/medianest").unwrap();
        let one = Picture::plex(PlexSize::Poster, "/library/metadata/1/thumb/5").unwrap();
        let other = Picture::plex(PlexSize::Poster, "/library/metadata/2/thumb/5").unwrap();

        let link = pictures.link(&base, &one);

        let (path, mark) = link.split_once("?k=").unwrap();
        assert_eq!(path, "/medianest/images/plex/poster/metadata/1/thumb/5");
        assert!(pictures.is_known(&one, Some(mark)));
        assert!(!pictures.is_known(&other, Some(mark)));
        assert!(!pictures.is_known(&one, None));
        let public = Picture::tmdb(TmdbSize::W342, "/a.jpg").unwrap();
        assert_eq!(pictures.link(&base, &public), "/medianest/images/tmdb/w342/a.jpg");
        assert!(pictures.is_known(&public, None));
    }
}

//! What pages and pushed fragments show, as types.
//!
//! A view holds what its template in `templates/` needs and nothing else; it is made of domain
//! types and of the boards, reads nothing by itself and can be rendered in a test. A view whose
//! template begins with an underscore is a fragment: a page includes it, and the live stream
//! sends the same fragment again when its row changes. A fragment may stand in a page as it is,
//! since askama has escaped it already ([`fragment!`]).

use std::sync::Arc;

use domain::media::{ImagePath, ImageSize};

use crate::link::Base;

/// Says that a view is a fragment of HTML, which is not escaped a second time.
macro_rules! fragment {
    ($($view:ty),* $(,)?) => {
        $(impl askama::filters::HtmlSafe for $view {})*
    };
}

pub mod account;
pub mod actors;
pub mod bars;
pub mod discover;
pub mod door;
pub mod downloads;
pub mod folders;
pub mod home;
pub mod human;
pub mod library;
pub mod people;
pub mod placeholder;
pub mod plex;
pub mod poster;
pub mod problem;
pub mod requests;
pub mod search;
pub mod services;
pub mod shell;
pub mod status;
pub mod toast;

#[cfg(test)]
mod tests;

/// What a fragment needs to know of the page around it.
#[derive(Debug, Clone)]
pub struct Around {
    pub base: Base,
    /// The page passes the session's token; a push passes nothing, because it is rendered once
    /// for many, and a page that is live sends the token in a header.
    pub csrf: Option<Arc<str>>,
}

impl Around {
    /// For a push.
    pub fn pushed(base: &Base) -> Self {
        Self { base: base.clone(), csrf: None }
    }

    pub fn link(&self, path: &str) -> String {
        self.base.link(path)
    }

    /// The address of a picture of the catalogue at our own proxy.
    pub fn picture(&self, size: ImageSize, path: &ImagePath) -> String {
        self.link(&format!("/images/tmdb/{}{path}", size.as_str()))
    }
}

/// `name=value`, ready for an address.
pub(crate) fn query(name: &str, value: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}

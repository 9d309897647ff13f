//! Where pictures come from.

use std::sync::Arc;

use bytes::Bytes;
use domain::picture::Picture;
use integrations::Error;
use integrations::breaker::Gate;
use integrations::http::Client;
use integrations::plex::Server;

use super::{Fetch, NoPicture};
use crate::services::Services;
use crate::upstream::Unwell;

/// The services that have pictures.
#[derive(Clone)]
pub struct Sources {
    /// TMDB's image server.
    pub tmdb: Client,
    /// Among them the media server, as its owner.
    pub services: Services,
    /// Drawing pictures is slow on a small server. Behind the gate of everything else, a page
    /// full of posters would shut the library off.
    pub gates: Gates,
}

/// Each source has a breaker of its own, which lives with the actor.
#[derive(Clone, Default)]
pub struct Gates {
    pub tmdb: Gate,
    pub plex: Gate,
}

impl Sources {
    /// As the actor wants it.
    pub fn fetch(self) -> Fetch {
        Arc::new(move |picture| {
            let sources = self.clone();
            Box::pin(async move { sources.get(picture).await })
        })
    }

    async fn get(&self, picture: Picture) -> Result<Bytes, NoPicture> {
        let size = match &picture {
            Picture::Tmdb { .. } => {
                let answer = self.tmdb.get(&picture.upstream()).interactive().send().await;
                return answer.map(|answer| answer.body).map_err(|error| no_picture(&error));
            }
            Picture::Plex { size, .. } | Picture::PlexPerson { size, .. } => *size,
        };
        let plex = self.services.plex().ok_or_else(|| NoPicture::Away("Plex is not set up".to_owned()))?;
        let (width, height) = size.pixels();
        let image = plex
            .act(move |server: Server| async move { server.image(&picture.upstream(), width, height).await });
        match image.await {
            Ok(image) => Ok(image.bytes),
            Err(Unwell::Failed(error)) => Err(no_picture(&error)),
            Err(unwell) => Err(NoPicture::Away(unwell.to_string())),
        }
    }
}

fn no_picture(error: &Error) -> NoPicture {
    match error {
        Error::Refused { .. } | Error::AccessDenied { .. } => NoPicture::NotThere,
        Error::TooLarge { .. } | Error::Garbled { .. } => NoPicture::NotAPicture,
        error => NoPicture::Away(error.to_string()),
    }
}

//! The client itself, and what concerns the server as a whole.

use std::sync::Arc;

use domain::Secret;
use http::{HeaderName, HeaderValue, Method};

use super::model::{Activity, Identity, PlaySession, Root, Section};
use super::wire::{Answer, Container, Directory};
use super::{Location, item};
use crate::Error;
use crate::breaker::Gate;
use crate::http::{Call, Client};

pub const TOKEN: HeaderName = HeaderName::from_static("x-plex-token");
const PRODUCT: HeaderName = HeaderName::from_static("x-plex-product");

/// Asks one Plex Media Server. Clones ask the same one, as the same person.
#[derive(Clone, Debug)]
pub struct Server {
    http: Client,
    /// Instead of the owner's.
    token: Option<Secret>,
    patient: bool,
}

impl Server {
    /// `http` knows where it is and brings the token of the owner.
    pub fn new(http: Client) -> Self {
        Self { http, token: None, patient: false }
    }

    /// The same server, seen as the person whose token this is. It has to be the one that
    /// plex.tv gave for this very server.
    pub fn as_user(&self, token: Secret) -> Self {
        Self { token: Some(token), ..self.clone() }
    }

    /// The same server behind a breaker of its own.
    pub fn behind(&self, gate: Gate) -> Self {
        Self { http: self.http.clone().with_gate(gate), ..self.clone() }
    }

    /// For work that nobody waits for: longer deadlines, more retries.
    pub fn patient(&self) -> Self {
        Self { patient: true, ..self.clone() }
    }

    /// # Errors
    /// Every variant of [`Error`]; never that the token is wrong, for no token is looked at.
    pub async fn identity(&self) -> Result<Identity, Error> {
        let container = self.read(self.get("identity")).await?;
        Ok(Identity {
            machine_identifier: container.machine_identifier.unwrap_or_default(),
            version: container.version.unwrap_or_default(),
            claimed: container.claimed,
        })
    }

    /// # Errors
    /// Every variant of [`Error`]; [`Error::AccessDenied`] when the token is not accepted.
    pub async fn root(&self) -> Result<Root, Error> {
        let container = self.read(self.get("/")).await?;
        let features = container.owner_features.unwrap_or_default();
        Ok(Root {
            friendly_name: container.friendly_name.unwrap_or_else(|| "Plex".to_owned()),
            machine_identifier: container.machine_identifier.unwrap_or_default(),
            version: container.version.unwrap_or_default(),
            platform: container.platform,
            plex_pass: container.my_plex_subscription,
            owner_features: features.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        })
    }

    /// The libraries that the person of the token may see.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn sections(&self) -> Result<Vec<Section>, Error> {
        let container = self.read(self.get("library/sections")).await?;
        Ok(container.directory.into_iter().filter_map(section).collect())
    }

    /// What the server is busy with.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn activities(&self) -> Result<Vec<Activity>, Error> {
        let container = self.read(self.get("activities")).await?;
        let activity = |wire: super::wire::Activity| Activity {
            uuid: wire.uuid.unwrap_or_default(),
            kind: wire.kind.unwrap_or_default(),
            title: wire.title.unwrap_or_default(),
            subtitle: wire.subtitle.unwrap_or_default(),
            percent: wire.progress.and_then(|progress| u8::try_from(progress).ok()).filter(|p| *p <= 100),
        };
        Ok(container.activity.into_iter().map(activity).collect())
    }

    /// Who is watching now. Only the owner may know.
    ///
    /// # Errors
    /// Every variant of [`Error`].
    pub async fn sessions(&self) -> Result<Vec<PlaySession>, Error> {
        let container = self.read(self.get("status/sessions")).await?;
        Ok(container.metadata.into_iter().map(PlaySession::of).collect())
    }

    pub(super) fn service(&self) -> Arc<str> {
        self.http.service().clone()
    }

    pub(super) fn http(&self) -> &Client {
        &self.http
    }

    pub(super) fn token(&self) -> Option<&Secret> {
        self.token.as_ref()
    }

    pub(super) fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub(super) fn call(&self, method: Method, path: &str) -> Call<'_> {
        let call = self.http.request(method, path).header(PRODUCT, HeaderValue::from_static("MediaNest"));
        let call = if self.patient { call } else { call.interactive() };
        match &self.token {
            Some(token) => call.secret_header(TOKEN, token),
            None => call,
        }
    }

    pub(super) async fn read(&self, call: Call<'_>) -> Result<Container, Error> {
        Ok(call.json::<Answer>().await?.container)
    }

    /// Like `read`, with nothing for what is not there.
    pub(super) async fn find(&self, call: Call<'_>) -> Result<Option<Container>, Error> {
        match self.read(call).await {
            Ok(container) => Ok(Some(container)),
            Err(Error::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn section(wire: Directory) -> Option<Section> {
    let location = |wire: super::wire::Location| Some(Location { id: wire.id, path: wire.path? });
    Some(Section {
        id: wire.key?.parse().ok()?,
        kind: wire.kind.as_deref().unwrap_or_default().into(),
        title: wire.title.unwrap_or_else(|| "Untitled".to_owned()),
        agent: wire.agent.unwrap_or_default(),
        scanner: wire.scanner.unwrap_or_default(),
        language: wire.language,
        uuid: wire.uuid,
        refreshing: wire.refreshing,
        hidden: wire.hidden,
        art: wire.art,
        composite: wire.composite,
        scanned_at: wire.scanned_at.map(item::moment),
        content_changed_at: wire.content_changed_at.unwrap_or(0),
        locations: wire.location.into_iter().filter_map(location).collect(),
    })
}

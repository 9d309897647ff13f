//! The house's own Plex server, as plex.tv names it.

use domain::address::AdminUrl;
use domain::service::{Service, ServiceKind};
use integrations::http::Client;
use integrations::plex::Server;
use serde::{Deserialize, Serialize};

use super::Parts;
use crate::sign_in::Trouble;

/// The last answer, for the day when the server is away: signing in does not need it.
const KNOWN: &str = "plex_machine";

#[derive(Serialize, Deserialize)]
struct Known {
    url: String,
    machine: String,
}

impl Parts {
    /// The Plex server that an admin set up and did not switch off.
    pub(super) fn plex_service(&self) -> Option<Service> {
        let tiles = self.services.board().tiles();
        let plex = tiles.iter().find(|tile| tile.service.kind == ServiceKind::Plex && tile.service.enabled);
        plex.map(|tile| tile.service.clone())
    }

    /// The `machineIdentifier` of the house's server; nothing when none is set up.
    ///
    /// # Errors
    /// It does not answer and never did at this address.
    pub(super) async fn machine(&self) -> Result<Option<String>, Trouble> {
        let Some(service) = self.plex_service() else { return Ok(None) };
        let known = self.reader.setting(KNOWN).await.ok().flatten();
        let known: Option<Known> = known.and_then(|json| serde_json::from_str(&json).ok());
        let known = known.filter(|known| known.url == service.url);
        let away = |why: &dyn std::fmt::Display| {
            tracing::info!(%why, "the Plex server does not say who it is");
            Trouble("The Plex server of this house does not answer right now. We keep trying.".to_owned())
        };
        let asked = match AdminUrl::parse(&service.url) {
            Ok(url) => {
                let gate = self.services.gate(&service.name);
                let http = Client::new(&service.name, url, self.transport.clone(), gate);
                Server::new(http).identity().await.map_err(|error| away(&error))
            }
            Err(refusal) => Err(away(&refusal)),
        };
        match (asked, known) {
            (Ok(identity), known) if !identity.machine_identifier.is_empty() => {
                let machine = identity.machine_identifier;
                if known.is_none_or(|known| known.machine != machine) {
                    self.remember(Known { url: service.url, machine: machine.clone() }).await;
                }
                Ok(Some(machine))
            }
            (_, Some(known)) => Ok(Some(known.machine)),
            (Err(trouble), None) => Err(trouble),
            (Ok(_), None) => Err(away(&"it has no identifier")),
        }
    }

    async fn remember(&self, known: Known) {
        let json = serde_json::to_string(&known).expect("two texts serialise");
        if let Err(error) = self.writer.set_setting(KNOWN, &json).await {
            tracing::warn!(%error, "could not remember the Plex server");
        }
    }
}

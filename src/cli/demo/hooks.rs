//! Sets up the webhooks of the demo's stand-ins, as an admin would with a click.

use actors::requests;
use domain::service::{ServiceKind, ServiceName};
use sandbox::Household;
use sandbox::uptime_kuma::Hook;

use crate::problem::Problem;
use crate::webhooks::{door_of, new_secret};
use crate::wiring::Portal;

/// From now on Seerr and Uptime Kuma tell the portal what happens there.
pub(super) async fn set_up(portal: &Portal, household: &Household) -> Result<(), Problem> {
    for (name, kind) in [("overseerr", ServiceKind::Overseerr), ("uptime-kuma", ServiceKind::UptimeKuma)] {
        let Some(door) = door_of(kind) else { continue };
        let url = format!("http://{}{}", portal.address, portal.app.settings.base.link(door));
        let name: ServiceName = name.parse().map_err(|_| Problem::internal())?;
        let (secret, hash) = new_secret()?;
        portal.app.writer.set_webhook_hash(&name, &hash).await?;
        if kind == ServiceKind::UptimeKuma {
            household.uptime_kuma.add_hook(Hook::new(&url, &format!("Bearer {}", secret.expose())));
        } else if let Err(denied) = requests::set_up_webhook(&portal.app.requests, url, secret).await {
            tracing::warn!("the demo's Seerr tells nothing by itself: {denied}");
        }
    }
    Ok(())
}

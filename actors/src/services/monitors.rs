//! The monitors that Uptime Kuma keeps.

use std::sync::Arc;

use domain::service::{Service, ServiceKind, ServiceName};
use integrations::breaker::Gate;
use integrations::uptime_kuma::UptimeKuma;
use integrations::uptime_kuma::webhook::Webhook;

use super::{PATH, Services};
use crate::kuma_feed::{self, FeedSettings, KumaFeed};
use crate::monitor_board::Report;
use crate::runtime::{Factory, Handle, Undelivered};

impl Services {
    /// The actor that hears how the monitors of the service are, when it has any.
    pub(super) fn feed(&self, service: &Service, gate: &Gate) -> Option<Factory> {
        if service.kind != ServiceKind::UptimeKuma {
            return None;
        }
        let (direct, settings) = (self.direct::<UptimeKuma>(service, gate), FeedSettings::of(service));
        let (parts, name) = (self.0.clone(), service.name.clone());
        Some(Factory::new(move || KumaFeed {
            service: name.clone(),
            source: Arc::new(kuma_feed::Live { direct: direct.clone(), slug: settings.slug.clone() }),
            settings: settings.clone(),
            board: parts.monitors.clone(),
            reader: parts.reader.clone(),
            writer: parts.writer.clone(),
            ephemeral: parts.surroundings.ephemeral.clone(),
        }))
    }

    /// What Uptime Kuma says; nothing when none is set up and enabled, or has not been looked at.
    pub fn monitors(&self) -> Option<Arc<Report>> {
        let service = self.uptime_kuma_name()?;
        self.0.monitors.report().filter(|report| report.service == service)
    }

    /// Hands on what Uptime Kuma sent.
    ///
    /// # Errors
    /// [`Undelivered`] when none is set up and enabled, or its actor cannot take it now.
    pub fn tell_uptime_kuma(&self, webhook: Webhook) -> Result<(), Undelivered> {
        self.feed_handle()?.tell(kuma_feed::Message::Webhook(webhook))
    }

    /// Asks Uptime Kuma now.
    ///
    /// # Errors
    /// As [`Services::tell_uptime_kuma`].
    pub fn look_at_uptime_kuma(&self) -> Result<(), Undelivered> {
        self.feed_handle()?.tell(kuma_feed::Message::Look)
    }

    fn feed_handle(&self) -> Result<Handle<kuma_feed::Message>, Undelivered> {
        let name = self.uptime_kuma_name().ok_or(Undelivered::NotRunning)?;
        Ok(self.0.system.handle(&format!("{PATH}/{name}/{}", kuma_feed::NAME)))
    }

    fn uptime_kuma_name(&self) -> Option<ServiceName> {
        let tiles = self.0.board.tiles();
        let tile = tiles.iter().find(|tile| tile.service.kind == ServiceKind::UptimeKuma)?;
        tile.service.enabled.then(|| tile.service.name.clone())
    }
}

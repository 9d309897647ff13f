//! Uptime Kuma: what it measures, its public status page, and what it sends us.
//!
//! ```text
//!   metrics      all monitors, as they are now; needs an API key
//!   page, beats  groups, incidents, planned work and bars of a public status page; needs its slug
//!   webhook      one alert at the moment it happens
//! ```
//!
//! Taken from a running 2.5.3 and the source back to 1.23: before 2.0 monitors have no number,
//! before 2.1 no uptime and one `incident` instead of `incidents`. A paused monitor has no series
//! at all, and for some minutes after a start of Uptime Kuma others have none yet.

mod exposition;
mod form;
mod metrics;
mod page;
mod state;
pub mod webhook;

#[cfg(test)]
mod tests;

pub use metrics::{Metrics, Monitor, MonitorKey};
pub use page::{Beat, Beats, Group, Incident, Maintenance, PageMonitor, StatusPage};
pub use state::State;

use http::header::ACCEPT;
use http::{HeaderValue, StatusCode};

use crate::Error;
use crate::http::Client;

/// A client for one Uptime Kuma. Clones are the same one.
#[derive(Debug, Clone)]
pub struct UptimeKuma {
    http: Client,
}

impl UptimeKuma {
    /// `http` carries the address, and the API key as the password of HTTP Basic.
    pub fn new(http: Client) -> Self {
        Self { http }
    }

    /// Every monitor that is not paused, as it is now.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] for a wrong key, and also when it limits the rate: one is no proof.
    /// [`Error::Garbled`] when something else answers there.
    pub async fn metrics(&self) -> Result<Metrics, Error> {
        let call = self.http.get("metrics").header(ACCEPT, HeaderValue::from_static("text/plain"));
        let answer = call.interactive().send().await?;
        let text = String::from_utf8_lossy(&answer.body);
        metrics::read(&text).ok_or_else(|| Error::Garbled {
            service: self.http.service().clone(),
            reason: "these are not the metrics of Uptime Kuma".to_owned(),
        })
    }

    /// The public status page of this slug; nothing when there is none.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn status_page(&self, slug: &str) -> Result<Option<StatusPage>, Error> {
        let Some(slug) = slug_of(slug) else { return Ok(None) };
        let call = self.http.get(&format!("api/status-page/{slug}")).interactive();
        let answer = call.accept(|status| status == StatusCode::NOT_FOUND).send().await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let wire: page::PageWire = answer.json(self.http.service())?;
        Ok(Some(wire.into_page()))
    }

    /// The newest beats of the monitors of a status page, at most a hundred of each. Empty also
    /// when there is no such page.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn beats(&self, slug: &str) -> Result<Beats, Error> {
        let Some(slug) = slug_of(slug) else { return Ok(Beats::default()) };
        let call = self.http.get(&format!("api/status-page/heartbeat/{slug}")).interactive();
        Ok(call.json::<page::BeatsWire>().await?.into_beats())
    }
}

/// A slug has small letters, digits and hyphens; anything else would lead to another address.
fn slug_of(text: &str) -> Option<&str> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let text = text.trim();
    ((1..=100).contains(&text.len()) && text.bytes().all(is_plain)).then_some(text)
}

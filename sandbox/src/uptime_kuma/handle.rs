//! What tests and the demo may do with a running Uptime Kuma.

use std::net::SocketAddr;

use super::{Hook, NewMonitor, Status, UptimeKuma};
use crate::faults::Faults;
use crate::hits::Hits;
use crate::lock;

impl UptimeKuma {
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address without a path: what a service row carries.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The key that opens `/metrics`; empty when it is open.
    pub fn api_key(&self) -> &str {
        self.kuma.options.api_key.as_deref().unwrap_or_default()
    }

    pub fn slug(&self) -> &str {
        &self.kuma.options.slug
    }

    pub fn faults(&self) -> &Faults {
        &self.kuma.faults
    }

    /// How often each path was asked, faults included.
    pub fn hits(&self) -> &Hits {
        &self.kuma.hits
    }

    /// The monitor of this name.
    ///
    /// # Panics
    /// When there is none.
    pub fn id(&self, name: &str) -> i64 {
        let house = lock(&self.kuma.house);
        let found = house.monitors.values().find(|monitor| monitor.new.name == name);
        found.map(|monitor| monitor.id).unwrap_or_else(|| panic!("there is no monitor {name:?}"))
    }

    pub fn add(&self, new: NewMonitor) -> i64 {
        self.kuma.add(new)
    }

    pub fn remove(&self, id: i64) {
        self.kuma.remove(id);
    }

    /// The next check of `id` finds this. Sends the webhooks that the real one would send, and
    /// returns when the beat is stored, which is after they are answered.
    pub async fn set(&self, id: i64, status: Status, message: &str) {
        self.kuma.settle(id, status, Some(message.to_owned()), None).await;
    }

    /// Stops checking `id`, or starts again.
    pub fn set_active(&self, id: i64, is_active: bool) {
        self.kuma.set_active(id, is_active);
    }

    /// Every active monitor is checked once more and finds what it found last; groups look at their
    /// members.
    pub async fn beat_all(&self) {
        self.kuma.beat_all().await;
    }

    /// As after a restart: no monitor has series before its next beat.
    pub fn restart(&self) {
        self.kuma.restart();
    }

    /// Announces an incident (`style`: info, warning, danger, primary, ...).
    pub fn add_incident(&self, title: &str, content: &str, style: &str) -> i64 {
        self.kuma.add_incident(title, content, style)
    }

    pub fn end_incident(&self, id: i64) {
        self.kuma.end_incident(id);
    }

    /// Puts monitors under maintenance; their next beat says so.
    pub fn add_maintenance(&self, title: &str, description: &str, monitors: &[i64]) -> i64 {
        self.kuma.add_maintenance(title, description, monitors)
    }

    pub fn end_maintenance(&self, id: i64) {
        self.kuma.end_maintenance(id);
    }

    /// From now on alerts go here as well.
    pub fn add_hook(&self, hook: Hook) {
        lock(&self.kuma.house).hooks.push(hook);
    }

    /// The button "Test": a message with no heartbeat and no monitor.
    pub async fn send_test(&self) {
        self.kuma.send_test().await;
    }

    /// What the receivers of webhooks answered, oldest first; 0 where nobody did.
    pub fn delivered(&self) -> Vec<u16> {
        lock(&self.kuma.house).delivered.clone()
    }
}

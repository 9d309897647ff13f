//! Monitors, what their checks find, and who is told of it.

use std::time::Duration;

use domain::Timestamp;

use super::monitor::{Beat, Monitor, NewMonitor, Status};
use super::{Kuma, webhook};
use crate::lock;
use crate::outgoing::{self, Outgoing};

/// Between the answer to a webhook and the beat being there for everybody.
const STORED_AFTER: Duration = Duration::from_millis(50);

/// How long the real one waits for a receiver.
const PATIENCE: Duration = Duration::from_secs(300);

impl Kuma {
    pub(super) fn add(&self, new: NewMonitor) -> i64 {
        let mut house = lock(&self.house);
        let id = house.next_id();
        let monitor = Monitor::new(id, new, self.options.past_beats, Timestamp::now());
        house.monitors.insert(id, monitor);
        house.cache.clear();
        id
    }

    pub(super) fn remove(&self, id: i64) {
        let mut house = lock(&self.house);
        house.monitors.remove(&id);
        house.cache.clear();
    }

    pub(super) fn set_active(&self, id: i64, is_active: bool) {
        if let Some(monitor) = lock(&self.house).monitors.get_mut(&id) {
            monitor.is_active = is_active;
            monitor.has_series = false;
        }
    }

    pub(super) fn restart(&self) {
        let mut house = lock(&self.house);
        house.cache.clear();
        for monitor in house.monitors.values_mut() {
            monitor.has_series = false;
        }
    }

    pub(super) async fn beat_all(&self) {
        let ids: Vec<i64> = lock(&self.house).monitors.keys().copied().collect();
        // Groups look at what the others found.
        let (groups, others): (Vec<i64>, Vec<i64>) = {
            let house = lock(&self.house);
            ids.into_iter().partition(|id| house.monitors.get(id).is_some_and(|m| m.new.kind == "group"))
        };
        for id in others {
            let next = lock(&self.house).monitors.get(&id).map(|monitor| monitor.status());
            if let Some(status) = next {
                self.settle(id, status, None, None).await;
            }
        }
        for id in groups {
            let (status, message) = self.of_the_members(id);
            self.settle(id, status, Some(message), None).await;
        }
    }

    /// What a group finds: it is down with the first of its members.
    pub(super) fn of_the_members(&self, group: i64) -> (Status, String) {
        let house = lock(&self.house);
        let name = house.monitors.get(&group).map(|monitor| monitor.new.name.clone());
        let in_group = |monitor: &&Monitor| monitor.is_active && monitor.new.parent == name;
        let is_down = |monitor: &&Monitor| monitor.status() == Status::Down;
        let down: Vec<&str> = house
            .monitors
            .values()
            .filter(in_group)
            .filter(is_down)
            .map(|monitor| monitor.new.name.as_str())
            .collect();
        match down.as_slice() {
            [] => (Status::Up, "All children up and running".to_owned()),
            names => (Status::Down, format!("Child monitors down: {}", names.join(", "))),
        }
    }

    /// One check of `id` has ended. A monitor that is paused is not checked.
    pub(super) async fn settle(&self, id: i64, found: Status, message: Option<String>, ping: Option<f64>) {
        let (deliveries, beat) = {
            let house = lock(&self.house);
            let Some(monitor) = house.monitors.get(&id).filter(|monitor| monitor.is_active) else { return };
            let under_maintenance = house.maintenances.iter().any(|maintenance| maintenance.covers(id));
            let status = match found {
                _ if under_maintenance => Status::Maintenance,
                // Maintenance is over.
                Status::Maintenance => Status::Up,
                found => found,
            };
            let beat = monitor.next_beat(status, message, ping, Timestamp::now());
            let is_alert = monitor.is_alert(status);
            let deliveries = if is_alert {
                webhook::alerts(&house, monitor, &beat, self.options.generation)
            } else {
                vec![]
            };
            (deliveries, beat)
        };
        // The real one sends first, waits for the answers, and stores the beat after that.
        if !deliveries.is_empty() {
            self.deliver(deliveries).await;
            tokio::time::sleep(STORED_AFTER).await;
        }
        self.store(id, beat);
    }

    pub(super) fn store(&self, id: i64, beat: Beat) {
        let mut house = lock(&self.house);
        let Some(monitor) = house.monitors.get_mut(&id) else { return };
        let is_push = monitor.new.kind == "push";
        let is_important = monitor.status() != beat.status;
        monitor.store(beat);
        if is_important && !is_push {
            house.cache.clear();
        }
    }

    pub(super) async fn send_test(&self) {
        let deliveries = webhook::tests(&lock(&self.house), self.options.generation);
        self.deliver(deliveries).await;
    }

    pub(super) async fn deliver(&self, deliveries: Vec<Outgoing>) {
        for outgoing in deliveries {
            let answer = outgoing::send(outgoing, PATIENCE).await;
            let status = answer.map(|status| status.as_u16()).unwrap_or_default();
            lock(&self.house).delivered.push(status);
        }
    }
}

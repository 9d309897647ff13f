//! Supervision events of the last five minutes, one lane for each branch of the tree.

use std::time::Duration;

use actors::runtime::{Occurrence, SupervisionEvent};
use askama::Template;
use domain::Timestamp;

/// What the strip spans.
const SPAN: Duration = Duration::from_secs(300);
/// Height of a lane, in pixels.
const LANE: usize = 20;

/// `#timeline`: pushed with `outerMorph`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/_timeline.html")]
pub struct Timeline {
    lanes: Vec<Lane>,
    marks: Vec<Mark>,
    label: String,
}

#[derive(Debug, Clone)]
struct Lane {
    name: String,
    y: usize,
}

#[derive(Debug, Clone)]
struct Mark {
    class: &'static str,
    /// 0 to 100, from five minutes ago to now.
    x: String,
    y: usize,
    title: String,
}

impl Timeline {
    pub fn new(events: &[SupervisionEvent]) -> Self {
        let now = Timestamp::now();
        let recent: Vec<_> = events.iter().filter(|event| event.at.until(now) <= SPAN).collect();
        let branch = |event: &SupervisionEvent| event.path.split('/').next().unwrap_or_default().to_owned();
        let mut names: Vec<String> = recent.iter().map(|event| branch(event)).collect();
        names.sort();
        names.dedup();

        let lanes: Vec<_> =
            names.into_iter().enumerate().map(|(index, name)| Lane { name, y: 12 + index * LANE }).collect();
        let marks: Vec<_> = recent
            .iter()
            .filter_map(|event| {
                let lane = lanes.iter().find(|lane| lane.name == branch(event))?;
                let age = event.at.until(now).as_secs_f64() / SPAN.as_secs_f64();
                let reason = event.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
                Some(Mark {
                    class: class(event.what),
                    x: format!("{:.1}", 100.0 - age * 100.0),
                    y: lane.y,
                    title: format!("{} {}{reason}", event.path, word(event.what)),
                })
            })
            .collect();

        let count = |class| marks.iter().filter(|mark| mark.class == class).count();
        let label = format!(
            "Supervision events of the last five minutes: {} starts, {} crashes, {} restarts, {} escalations, {} stops",
            count("spawn"),
            count("crash"),
            count("restart"),
            count("escal"),
            count("stop")
        );
        Self { lanes, marks, label }
    }

    /// Where the axis is, below the last lane.
    fn bottom(&self) -> usize {
        14 + self.lanes.len().max(1) * LANE
    }
}

fn class(what: Occurrence) -> &'static str {
    match what {
        Occurrence::Started | Occurrence::Recovered | Occurrence::Retried => "spawn",
        Occurrence::Crashed | Occurrence::StartFailed | Occurrence::Stuck | Occurrence::Killed => "crash",
        Occurrence::Restarting => "restart",
        Occurrence::Escalated | Occurrence::GaveUp => "escal",
        Occurrence::Ended | Occurrence::Stopped => "stop",
    }
}

/// What happened, after the name of the actor.
pub fn word(what: Occurrence) -> &'static str {
    match what {
        Occurrence::Started => "started",
        Occurrence::StartFailed => "could not start",
        Occurrence::Crashed => "crashed",
        Occurrence::Ended => "ended",
        Occurrence::Restarting => "is restarted",
        Occurrence::Stopped => "was stopped",
        Occurrence::Killed => "was killed",
        Occurrence::Stuck => "is stuck",
        Occurrence::Recovered => "is no longer stuck",
        Occurrence::Escalated => "escalated",
        Occurrence::GaveUp => "was given up",
        Occurrence::Retried => "is tried again",
    }
}

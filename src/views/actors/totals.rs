//! The numbers above the tree.

use std::time::Duration;

use actors::runtime::{ActorSnapshot, ActorState, Occurrence, SupervisionEvent};
use askama::Template;
use domain::Timestamp;

use super::short;
use crate::views::human::Micros;

/// `#actor-totals`: pushed with `outerMorph`.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/_actor_totals.html")]
pub struct Totals {
    alive: usize,
    declared: usize,
    /// `1 stuck · 1 restarting`, or `all well`.
    note: String,
    unwell: bool,
    /// In the last minute.
    restarts: usize,
    crashes: usize,
    refused: u32,
    mailbox: usize,
    mailbox_of: String,
    slowest: u64,
    slowest_of: String,
}

impl Totals {
    pub fn of(actors: &[ActorSnapshot], events: &[SupervisionEvent]) -> Self {
        let count = |state| actors.iter().filter(|actor| actor.state == state).count();
        let unwell = [
            (count(ActorState::Stuck), "stuck"),
            (count(ActorState::Restarting), "restarting"),
            (count(ActorState::Failed), "failed"),
        ];
        let parts: Vec<_> =
            unwell.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        let asleep = count(ActorState::Ghost) + count(ActorState::Stopped) + count(ActorState::Failed);

        let minute_ago = Timestamp::now() - Duration::from_secs(60);
        let lately =
            |what| events.iter().filter(|event| event.what == what && event.at >= minute_ago).count();
        let fullest = actors.iter().max_by_key(|actor| actor.mailbox);
        let slowest = actors
            .iter()
            .flat_map(|actor| actor.messages.iter().map(move |row| (row.max_us, actor, row.kind)))
            .max_by_key(|(max, ..)| *max);

        Self {
            alive: actors.len() - asleep,
            declared: actors.len(),
            note: if parts.is_empty() { "all well".to_owned() } else { parts.join(" · ") },
            unwell: !parts.is_empty(),
            restarts: lately(Occurrence::Restarting),
            crashes: lately(Occurrence::Crashed),
            refused: actors.iter().map(|actor| actor.refused).sum(),
            mailbox: fullest.map_or(0, |actor| actor.mailbox),
            mailbox_of: fullest
                .filter(|actor| actor.mailbox > 0)
                .map_or_else(|| "all empty".to_owned(), |actor| actor.path.clone()),
            slowest: slowest.map_or(0, |(max, ..)| max),
            slowest_of: slowest.map_or_else(
                || "nothing yet".to_owned(),
                |(_, actor, kind)| format!("{} · {kind}", short(&actor.path)),
            ),
        }
    }

    fn slowest(&self) -> Micros {
        Micros(self.slowest)
    }
}

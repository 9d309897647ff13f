//! One actor as one row of the tree.

use actors::runtime::{ActorSnapshot, ActorState};
use askama::Template;

use super::{short, since, slug, wait_p95};
use crate::views::Around;
use crate::views::human::{Micros, Since};

/// How many restarts are drawn as dots.
const PIPS: u32 = 5;

/// `#actor-<path with hyphens>`: pushed with `outerMorph` when the actor changes.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "admin/_actor_row.html")]
pub struct ActorRow<'a> {
    pub around: &'a Around,
    pub actor: &'a ActorSnapshot,
    /// 1 is the root.
    pub level: usize,
    pub selected: bool,
}

impl ActorRow<'_> {
    fn slug(&self) -> String {
        slug(&self.actor.path)
    }

    fn name(&self) -> &str {
        short(&self.actor.path)
    }

    fn address(&self) -> String {
        self.around.link(&format!("/admin/actors/{}", self.actor.path))
    }

    fn is_supervisor(&self) -> bool {
        self.actor.strategy.is_some()
    }

    fn state(&self) -> State {
        State::of(self.actor.state)
    }

    fn icon(&self) -> &'static str {
        kind_icon(self.actor.kind)
    }

    fn wait(&self) -> Option<Micros> {
        wait_p95(self.actor)
    }

    fn since(&self) -> Since {
        since(self.actor)
    }

    fn pips(&self) -> Pips {
        Pips { used: self.actor.restarts_used, allowed: self.actor.restarts_allowed }
    }

    fn indent(&self) -> usize {
        self.level.min(4)
    }
}

/// Restarts that count towards a meltdown, of those that are allowed.
#[derive(Debug, Clone, Copy)]
pub struct Pips {
    pub used: u32,
    pub allowed: u32,
}

impl Pips {
    /// Whether each dot is filled; with many allowed the dots stand for fifths.
    pub fn dots(&self) -> impl Iterator<Item = bool> + use<> {
        let dots = self.allowed.min(PIPS);
        let filled = if self.allowed <= PIPS { self.used } else { (self.used * PIPS).div_ceil(self.allowed) };
        (0..dots).map(move |dot| dot < filled)
    }

    pub fn is_full(&self) -> bool {
        self.allowed > 0 && self.used >= self.allowed
    }
}

/// A state as a word, a colour and a shape; the shape is a path in a box of 12 by 12.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    pub word: &'static str,
    pub tone: &'static str,
    pub shape: Shape,
}

/// Nine shapes, so that colour never stands alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Filled(&'static str),
    /// A circle with this dash pattern.
    Ring(&'static str),
}

impl State {
    pub fn of(state: ActorState) -> Self {
        let (word, tone, shape) = match state {
            ActorState::Starting => ("Starting", "acc", Shape::Ring("5 3")),
            ActorState::Running => ("Running", "ok", Shape::Filled("M2 1v10l9-5z")),
            ActorState::Busy => ("Busy", "info", Shape::Filled("M1 1h4v10H1zM7 1h4v10H7z")),
            ActorState::Stuck => ("Stuck", "bad", Shape::Filled("M4 0h4l4 4v4l-4 4H4L0 8V4z")),
            ActorState::Restarting => ("Restarting", "warn", Shape::Filled("M6 0l6 11H0z")),
            ActorState::Draining => ("Draining", "info", Shape::Filled("M6 12L0 3h12z")),
            ActorState::Stopped => ("Stopped", "off", Shape::Filled("M1 1h10v10H1z")),
            ActorState::Failed => ("Failed", "bad", Shape::Filled("M6 0l6 6-6 6-6-6z")),
            ActorState::Ghost => ("Ghost", "off", Shape::Ring("2 2")),
        };
        Self { word, tone, shape }
    }
}

/// A sign for what an actor is.
pub fn kind_icon(kind: &str) -> &'static str {
    match kind {
        "supervisor" => "layers",
        "breaker" => "shield",
        "monitor" => "activity",
        "recorder" => "history",
        "download" => "file-down",
        "queue" => "list-ordered",
        "egress" => "plug-zap",
        "event-hub" | "reader" => "radio",
        "relay" => "send",
        "session" => "circle-user",
        "effect" => "boxes",
        "maintenance" => "wrench",
        "web" => "globe",
        _ => "terminal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_show_how_near_a_meltdown_is() {
        let dots = |used, allowed| Pips { used, allowed }.dots().map(u8::from).collect::<Vec<_>>();

        assert_eq!(dots(1, 3), [1, 0, 0]);
        assert_eq!(dots(3, 30), [1, 0, 0, 0, 0]);
        assert_eq!(dots(9, 3), [1, 1, 1]);
        assert!(dots(0, 0).is_empty());
    }

    #[test]
    fn no_two_states_look_alike_without_colour() {
        let states = [
            ActorState::Starting,
            ActorState::Running,
            ActorState::Busy,
            ActorState::Stuck,
            ActorState::Restarting,
            ActorState::Draining,
            ActorState::Stopped,
            ActorState::Failed,
            ActorState::Ghost,
        ];
        for (index, one) in states.iter().enumerate() {
            for other in &states[index + 1..] {
                assert_ne!(State::of(*one).shape, State::of(*other).shape);
            }
        }
    }
}

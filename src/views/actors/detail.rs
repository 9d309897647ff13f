//! One actor in full, beside the tree.

use actors::runtime::{ActorSnapshot, MessageStats, SupervisionEvent};
use askama::Template;
use serde_json::Value;

use super::row::{Pips, State, kind_icon};
use super::timeline::word;
use super::{ordered, short, since};
use crate::views::Around;
use crate::views::human::{Ago, Count, Micros, Since, Span, Thousands};

/// How many of its events are listed.
const EVENTS: usize = 8;

/// `#actor`: pushed with `outerMorph` to whoever looks at this actor.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "admin/_actor_detail.html")]
pub struct ActorDetail<'a> {
    pub around: &'a Around,
    pub actor: &'a ActorSnapshot,
    /// All of them, to say what a restart takes along.
    pub actors: &'a [ActorSnapshot],
    pub events: &'a [SupervisionEvent],
}

impl<'a> ActorDetail<'a> {
    fn state(&self) -> State {
        State::of(self.actor.state)
    }

    fn icon(&self) -> &'static str {
        kind_icon(self.actor.kind)
    }

    fn since(&self) -> Since {
        since(self.actor)
    }

    fn pips(&self) -> Pips {
        Pips { used: self.actor.restarts_used, allowed: self.actor.restarts_allowed }
    }

    fn is_root(&self) -> bool {
        self.actor.parent.is_none()
    }

    fn parent(&self) -> Option<(&'a str, String, &'static str)> {
        let path = self.actor.parent.as_deref()?;
        let parent = self.actors.iter().find(|actor| actor.path == path);
        let strategy = parent.and_then(|parent| parent.strategy).unwrap_or_default();
        Some((path, self.address(path), strategy))
    }

    fn address(&self, path: &str) -> String {
        self.around.link(&format!("/admin/actors/{path}"))
    }

    fn children(&self) -> Vec<(&'a str, String)> {
        let mine = self.actors.iter().filter(|child| child.parent.as_deref() == Some(&self.actor.path));
        mine.map(|child| (short(&child.path), self.address(&child.path))).collect()
    }

    fn busy(&self) -> Option<(Span, &'static str)> {
        let busy_for = self.actor.busy_for?;
        Some((Span(busy_for), self.actor.busy_with.unwrap_or("a message")))
    }

    /// The actors that go down with this one when it restarts: what is below it, and what its
    /// supervisor's strategy takes along.
    fn restarts_with_it(&self) -> Vec<&'a str> {
        let below = |path: &str| {
            let inside = format!("{path}/");
            let is_part = move |actor: &&ActorSnapshot| actor.path == path || actor.path.starts_with(&inside);
            ordered(self.actors)
                .into_iter()
                .map(|(_, actor)| actor)
                .filter(is_part)
                .map(|actor| actor.path.as_str())
                .collect::<Vec<_>>()
        };
        let siblings: Vec<_> = self
            .actors
            .iter()
            .filter(|actor| actor.parent.is_some() && actor.parent == self.actor.parent)
            .collect();
        let strategy = self.parent().map_or("", |(_, _, strategy)| strategy);
        let taken =
            siblings.iter().skip_while(|actor| strategy == "rest_for_one" && actor.path != self.actor.path);
        match strategy {
            "rest_for_one" | "one_for_all" => taken.flat_map(|actor| below(&actor.path)).collect(),
            _ => below(&self.actor.path),
        }
    }

    fn radius(&self) -> Count {
        Count(self.restarts_with_it().len() as u64, "actor")
    }

    /// Queued messages that a restart drops.
    fn dropped(&self) -> Count {
        let paths = self.restarts_with_it();
        let waiting = self
            .actors
            .iter()
            .filter(|actor| paths.contains(&actor.path.as_str()))
            .map(|actor| actor.mailbox);
        Count(waiting.sum::<usize>() as u64, "queued message")
    }

    /// What the actor says about itself, flattened one level.
    fn card(&self) -> Vec<(String, String)> {
        match &self.actor.card {
            Value::Object(fields) => {
                fields.iter().map(|(key, value)| (key.replace('_', " "), said(value))).collect()
            }
            Value::Null => Vec::new(),
            other => vec![("says".to_owned(), said(other))],
        }
    }

    /// The newest first.
    fn history(&self) -> Vec<(Ago, &'static str, Option<&'a str>, &'static str)> {
        let mine = self.events.iter().rev().filter(|event| *event.path == *self.actor.path).take(EVENTS);
        mine.map(|event| (Ago(event.at), word(event.what), event.reason.as_deref(), tone(event))).collect()
    }

    fn times(&self, row: &MessageStats) -> [Micros; 4] {
        [row.p50_us, row.p95_us, row.max_us, row.wait_p95_us].map(Micros)
    }

    fn number(&self, number: &u64) -> Thousands {
        Thousands(*number)
    }
}

fn tone(event: &SupervisionEvent) -> &'static str {
    use actors::runtime::Occurrence::{
        Crashed, Ended, GaveUp, Killed, Recovered, Retried, StartFailed, Started, Stopped, Stuck,
    };
    match event.what {
        Started | Recovered | Retried => "ok",
        Crashed | StartFailed | Killed | Stuck | GaveUp => "bad",
        Ended | Stopped => "off",
        _ => "warn",
    }
}

fn said(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(said).collect::<Vec<_>>().join(", ")
        }
        Value::Object(fields) => {
            let pairs = fields.iter().filter(|(_, value)| !value.is_null());
            pairs
                .map(|(key, value)| format!("{} {}", key.replace('_', " "), said(value)))
                .collect::<Vec<_>>()
                .join(" · ")
        }
        other => other.to_string(),
    }
}

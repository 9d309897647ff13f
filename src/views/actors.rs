//! The inspector: the supervision tree as it lives, from snapshots that never ask an actor.

use actors::runtime::{ActorSnapshot, SupervisionEvent};
use askama::Template;

use super::Around;
use super::human::{Micros, Since};
use super::shell::Shell;

pub mod detail;
pub mod row;
pub mod timeline;
pub mod totals;

pub use detail::ActorDetail;
pub use row::ActorRow;
pub use timeline::Timeline;
pub use totals::Totals;

/// The pages at `/admin/actors` and below.
#[derive(Debug, Template)]
#[template(path = "admin/actors.html")]
pub struct ActorsPage {
    pub shell: Shell,
    pub actors: Vec<ActorSnapshot>,
    pub events: Vec<SupervisionEvent>,
    /// The path of the actor that is shown beside the tree.
    pub selected: Option<String>,
    /// Why the last click changed nothing.
    pub refusal: Option<String>,
}

impl ActorsPage {
    fn totals(&self) -> Totals {
        Totals::of(&self.actors, &self.events)
    }

    fn timeline(&self) -> Timeline {
        Timeline::new(&self.events)
    }

    fn tree(&self) -> ActorTree<'_> {
        ActorTree { around: &self.shell.around, actors: &self.actors, selected: self.selected.as_deref() }
    }

    /// What is beside the tree; an actor that is gone says so.
    fn detail(&self) -> Option<ActorDetail<'_>> {
        let path = self.selected.as_deref()?;
        let snapshot = self.actors.iter().find(|actor| actor.path == path)?;
        Some(ActorDetail {
            around: &self.shell.around,
            actor: snapshot,
            actors: &self.actors,
            events: &self.events,
        })
    }
}

/// `#actors`: the rows of the tree; pushed with `innerMorph` when actors come and go.
#[derive(Debug, Clone, Template)]
#[template(path = "admin/_actor_tree.html")]
pub struct ActorTree<'a> {
    pub around: &'a Around,
    pub actors: &'a [ActorSnapshot],
    pub selected: Option<&'a str>,
}

impl ActorTree<'_> {
    fn rows(&self) -> Vec<ActorRow<'_>> {
        ordered(self.actors)
            .into_iter()
            .map(|(level, actor)| ActorRow {
                around: self.around,
                actor,
                level,
                selected: self.selected == Some(actor.path.as_str()),
            })
            .collect()
    }
}

/// Parents before their children, children in the order in which they were declared.
pub fn ordered(actors: &[ActorSnapshot]) -> Vec<(usize, &ActorSnapshot)> {
    let mut order = Vec::with_capacity(actors.len());
    let known =
        |path: &Option<String>| path.as_ref().is_some_and(|path| actors.iter().any(|a| a.path == *path));
    for root in actors.iter().filter(|actor| !known(&actor.parent)) {
        place(root, 1, actors, &mut order);
    }
    order
}

fn place<'a>(
    actor: &'a ActorSnapshot,
    level: usize,
    actors: &'a [ActorSnapshot],
    order: &mut Vec<(usize, &'a ActorSnapshot)>,
) {
    // A tree is never this deep; a mistake in `parent` must not hang a page.
    if level > 16 || order.len() >= actors.len() {
        return;
    }
    order.push((level, actor));
    for child in
        actors.iter().filter(|child| child.parent.as_deref() == Some(&actor.path) && child.path != actor.path)
    {
        place(child, level + 1, actors, order);
    }
}

/// The last part of a path.
fn short(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The part of an element's id that stands for a path.
pub fn slug(path: &str) -> String {
    path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// The longest time that a message waited lately, at the 95th percentile.
fn wait_p95(actor: &ActorSnapshot) -> Option<Micros> {
    actor.messages.iter().map(|row| row.wait_p95_us).max().map(Micros)
}

fn since(actor: &ActorSnapshot) -> Since {
    Since(actor.since)
}

fragment!(ActorTree<'_>, ActorRow<'_>, ActorDetail<'_>, Timeline, Totals);

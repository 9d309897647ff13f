//! The actor inspector's view of the tree, once a second while somebody looks.
//!
//! Actors have no events of their own: the tree is sampled from the snapshots, which asks
//! nobody, and only rows that look different are sent.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use actors::runtime::{ActorSnapshot, SupervisionEvent};

use super::pages::partial;
use crate::app::App;
use crate::views::Around;
use crate::views::actors::{ActorDetail, ActorRow, ActorTree, Timeline, Totals, ordered, slug};

/// What one stream has shown of the tree.
pub(super) struct Tree {
    selected: Option<String>,
    /// By path: what the row looked like.
    rows: HashMap<String, u64>,
    /// The other parts: totals, timeline, detail.
    parts: [u64; 3],
}

impl Tree {
    pub fn new(selected: Option<String>) -> Self {
        Self { selected, rows: HashMap::new(), parts: [0; 3] }
    }

    /// The fragments that look different from the last time; empty when nothing does.
    pub fn changed(&mut self, app: &App) -> String {
        let actors = app.system.snapshots();
        let events = app.system.supervision_events();
        let around = Around::pushed(&app.settings.base);
        let rows = self.rows(&around, &actors);
        rows + &self.around_it(&around, &actors, &events)
    }

    fn rows(&mut self, around: &Around, actors: &[ActorSnapshot]) -> String {
        let selected = self.selected.as_deref();
        let mut fragments = String::new();
        let mut seen = HashMap::with_capacity(actors.len());
        for (level, actor) in ordered(actors) {
            let row = ActorRow { around, actor, level, selected: selected == Some(&actor.path) };
            let html = row.to_string();
            let looks = look(&html);
            if self.rows.get(&actor.path) != Some(&looks) {
                fragments += &partial(&format!("#actor-{}", slug(&actor.path)), "outerMorph", html);
            }
            seen.insert(actor.path.clone(), looks);
        }
        let same_actors =
            seen.len() == self.rows.len() && seen.keys().all(|path| self.rows.contains_key(path));
        self.rows = seen;
        if same_actors {
            return fragments;
        }
        let tree = ActorTree { around, actors, selected };
        partial("#actors", "innerMorph", tree)
    }

    fn around_it(
        &mut self,
        around: &Around,
        actors: &[ActorSnapshot],
        events: &[SupervisionEvent],
    ) -> String {
        let shown = self.selected.as_deref().and_then(|path| actors.iter().find(|actor| actor.path == path));
        let detail = shown.map(|actor| ActorDetail { around, actor, actors, events }.to_string());
        let parts = [
            ("#actor-totals", "outerMorph", Totals::of(actors, events).to_string()),
            ("#timeline", "outerMorph", Timeline::new(events).to_string()),
            ("#actor", "outerMorph", detail.unwrap_or_default()),
        ];
        let mut fragments = String::new();
        for (known, (target, swap, html)) in self.parts.iter_mut().zip(parts) {
            let looks = look(&html);
            if !html.is_empty() && *known != looks {
                fragments += &partial(target, swap, html);
            }
            *known = looks;
        }
        fragments
    }
}

fn look(html: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    html.hash(&mut hasher);
    hasher.finish()
}

//! The stream of one page: fragments of what changed, drawn with the page's own templates.

use actors::event_hub::Published;
use domain::user::CurrentUser;

use super::draw::draw;
use super::feed::{Drawing, Show};
use super::frame;
use super::page::Page;
use super::tree::Tree;
use crate::app::App;

/// Draws what happens for one page.
pub(super) struct PageShow {
    app: App,
    page: Page,
    /// For the actor inspector, which only admins may see.
    tree: Option<Tree>,
}

impl PageShow {
    pub fn new(app: &App, user: &CurrentUser, path: &str) -> Self {
        let page = match Page::parse(path) {
            Page::Actors(_) if !user.is_admin() => Page::Other,
            page => page,
        };
        let tree = match &page {
            Page::Actors(selected) => Some(Tree::new(selected.clone())),
            _ => None,
        };
        Self { app: app.clone(), page, tree }
    }
}

impl Show for PageShow {
    fn event<'a>(&'a mut self, published: &'a Published) -> Drawing<'a> {
        Box::pin(async move {
            let drawing = async {
                let fragments = draw(&self.app, &self.page, &published.event).await;
                match (fragments.is_empty(), published.id) {
                    (false, id) => Some(frame::encode(id, None, &fragments)),
                    // Nothing to show, but the reader is that much further.
                    (true, Some(id)) => Some(frame::cursor(id)),
                    (true, None) => None,
                }
            };
            self.app.drawn.get(published.seq, &self.page, drawing).await
        })
    }

    fn sample(&mut self) -> Drawing<'_> {
        Box::pin(async move {
            let fragments = self.tree.as_mut()?.changed(&self.app);
            (!fragments.is_empty()).then(|| frame::encode(None, None, &fragments))
        })
    }

    fn samples(&self) -> bool {
        self.tree.is_some()
    }
}

/// A fragment on its way to the element `target`.
pub(super) fn partial(target: &str, swap: &str, content: impl std::fmt::Display) -> String {
    format!("<hx-partial hx-target=\"{target}\" hx-swap=\"{swap}\">{content}</hx-partial>")
}

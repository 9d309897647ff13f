//! What every handler can reach.

use std::ops::Deref;
use std::sync::Arc;

use actors::discover::Discover;
use actors::library::Library;
use actors::requests::Requests;
use actors::runtime::{Handle, System};
use actors::services::Services;
use actors::sessions::Sessions;
use actors::sign_ins::SignIns;
use actors::{download_queue, downloads, event_hub};
use domain::ApiTokenId;
use moka::sync::Cache;
use store::ephemeral::Ephemeral;
use store::{Reader, Store, Writer};
use tokio_util::sync::CancellationToken;

use crate::auth::password::Hasher;
use crate::auth::setup::SetUpToken;
use crate::auth::throttle::Throttle;
use crate::auth::token::Tokens;
use crate::csrf;
use crate::health::Readiness;
use crate::live::{DrawnOnce, Places};
use crate::pages::mine::{RecentlyCounted, RecentlyRead};
use crate::pictures::Pictures;
use crate::route::Head;
use crate::search::Searched;
use crate::settings::Settings;

/// The portal's shared parts; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// Dereferenced to by [`App`].
pub struct Parts {
    pub settings: Settings,
    pub store: Store,
    /// What pages and the API read settled history from.
    pub reader: Reader,
    /// For accounts, sessions and tokens only; everything else is told to an actor.
    pub(crate) writer: Writer,
    /// Rate limits and the like, in this process or in Redis.
    pub ephemeral: Ephemeral,
    /// The running tree.
    pub system: System,
    /// Where events come from.
    pub hub: Handle<event_hub::Message>,
    /// The newest event: what a page that is rendered now already shows.
    pub cursor: event_hub::Cursor,
    /// What events look like on pages, drawn once for all who look.
    pub(crate) drawn: DrawnOnce,
    /// The streams that programs have open.
    pub(crate) places: Places,
    /// Dashboards of the last second.
    pub(crate) recently_read: RecentlyRead,
    /// Open requests, as counted within the last second.
    pub(crate) recently_counted: RecentlyCounted,
    /// Who a session is; its row decides.
    pub sessions: Sessions,
    /// What members ask for, and where it stands.
    pub requests: Requests,
    /// The services that are watched, and what is seen of them.
    pub services: Services,
    /// Signing in with Plex, and the people whom Plex knows.
    pub sign_ins: SignIns,
    /// Titles that the house could have, from whoever describes them.
    pub discover: Discover,
    /// What the house has in Plex, as each person sees it.
    pub library: Library,
    /// What people searched for last.
    pub(crate) searched: Searched,
    /// What downloads are made with: the folders, the board.
    pub downloads: downloads::context::Context,
    /// Where downloads are asked for.
    pub queue: Handle<download_queue::Message>,
    /// The addresses of pictures, and where they are kept.
    pub pictures: Pictures,
    pub(crate) tokens: Tokens,
    pub(crate) csrf: csrf::Tokens,
    pub(crate) hasher: Hasher,
    pub(crate) throttle: Throttle,
    pub(crate) readiness: Readiness,
    /// Done when the portal is about to stop.
    pub(crate) closing: CancellationToken,
    /// API tokens whose use was noted within the last minute.
    pub(crate) tokens_in_use: Cache<ApiTokenId, ()>,
    /// Present while the portal waits for its first admin.
    pub(crate) set_up_token: Option<SetUpToken>,
}

impl App {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Whether the portal is about to stop: it serves what is there and is not ready for more.
    pub fn is_draining(&self) -> bool {
        self.closing.is_cancelled()
    }

    /// Makes the portal unready and ends every stream.
    pub(crate) fn drain(&self) {
        self.closing.cancel();
    }

    /// A writer that names whoever makes this request in the audit log.
    pub(crate) fn writer_for(&self, head: &Head) -> Writer {
        self.writer.acting(self.actor_of(head))
    }

    /// Whoever makes this request, for the audit log.
    pub(crate) fn actor_of(&self, head: &Head) -> store::Actor {
        store::Actor {
            user: head.user.as_ref().map(|user| user.id),
            session: head.session(),
            ip: Some(head.remote.to_string()),
            request_id: Some(head.request_id.to_string()),
        }
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

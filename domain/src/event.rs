//! Facts that are pushed to browsers and API clients.

use serde::Serialize;

use crate::download::Progress;
use crate::service::ServiceName;
use crate::user::{CurrentUser, Role};
use crate::{DownloadId, RequestId, UserId};

/// Who may know of an event. Checked when it is sent and again when it is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience<'a> {
    Everyone,
    Admins,
    User(UserId),
    /// Whoever made a request, whoever waits for it too, and the admins.
    Askers {
        owner: UserId,
        followers: &'a [UserId],
    },
}

impl Audience<'_> {
    pub fn includes(self, id: UserId, role: Role) -> bool {
        match self {
            Audience::Everyone => true,
            Audience::Admins => role == Role::Admin,
            Audience::User(owner) => owner == id,
            Audience::Askers { owner, followers } => {
                owner == id || role == Role::Admin || followers.contains(&id)
            }
        }
    }

    pub fn includes_user(self, user: &CurrentUser) -> bool {
        self.includes(user.id, user.role)
    }
}

/// Something that happened. An event about a row carries the row's id and version: whoever
/// shows it reads the row as it is now, and drops what is older than it has already shown.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    /// The status or the settings of a service changed, or it came or went.
    ServiceChanged { service: ServiceNameText, version: i64 },
    /// A probe is over and the status is what it was. The latest wins; never kept.
    ServiceChecked { service: ServiceNameText },
    /// A download moved to another status or phase, or came or went.
    DownloadChanged { download: DownloadId, owner: UserId, version: i64 },
    /// Bytes arrived. At most one a second for each download; the latest wins; never kept.
    DownloadProgressed { download: DownloadId, owner: UserId, progress: Progress },
    /// A request moved, or was talked about, joined or left.
    RequestChanged { request: RequestId, owner: UserId, followers: Vec<UserId>, version: i64 },
    /// Something came to the library or left it; in one section, or anywhere. Never kept: a
    /// page that was not there reads the library as it is.
    LibraryChanged { section: Option<String> },
    /// A service that had failed pages answers again. Never kept.
    UpstreamBack { service: ServiceNameText },
    /// The monitors that a service such as Uptime Kuma keeps are not what they were. Never kept.
    MonitorsChanged { service: ServiceNameText },
    /// A word to one person.
    Notified { user: UserId, tone: Tone, title: String, body: String },
    /// A word to every admin about the system itself.
    Alerted { tone: Tone, title: String, body: String },
}

/// A service name inside an event; events outlive the process in the outbox, so the text is
/// taken as it is.
pub type ServiceNameText = String;

/// How an announcement is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    Ok,
    Info,
    Warn,
    Bad,
}

impl Event {
    /// The event's name on the wire (`DESIGN.md` section 5).
    pub fn name(&self) -> &'static str {
        match self {
            Event::ServiceChanged { .. } | Event::ServiceChecked { .. } => "service:status",
            Event::DownloadChanged { .. } | Event::DownloadProgressed { .. } => "download:progress",
            Event::RequestChanged { .. } => "request:update",
            Event::LibraryChanged { .. } => "library:update",
            Event::MonitorsChanged { .. } | Event::UpstreamBack { .. } => "service:status",
            Event::Notified { .. } => "user:notification",
            Event::Alerted { .. } => "system:alert",
        }
    }

    pub fn audience(&self) -> Audience<'_> {
        match self {
            Event::ServiceChanged { .. }
            | Event::ServiceChecked { .. }
            | Event::LibraryChanged { .. }
            | Event::UpstreamBack { .. }
            | Event::MonitorsChanged { .. } => Audience::Everyone,
            Event::RequestChanged { owner, followers, .. } => Audience::Askers { owner: *owner, followers },
            Event::DownloadChanged { owner, .. } | Event::DownloadProgressed { owner, .. } => {
                Audience::User(*owner)
            }
            Event::Notified { user, .. } => Audience::User(*user),
            Event::Alerted { .. } => Audience::Admins,
        }
    }

    /// Durable events have an id, go through the outbox and are replayed. Progress and probes
    /// that changed nothing are not: the next one replaces them.
    pub fn is_durable(&self) -> bool {
        !matches!(
            self,
            Event::DownloadProgressed { .. }
                | Event::ServiceChecked { .. }
                | Event::LibraryChanged { .. }
                | Event::UpstreamBack { .. }
                | Event::MonitorsChanged { .. }
        )
    }

    pub fn service_changed(service: &ServiceName, version: i64) -> Self {
        Event::ServiceChanged { service: service.to_string(), version }
    }
}

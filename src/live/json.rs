//! Events as JSON, for programs: the row as the API shows it.

use actors::event_hub::Published;
use domain::event::Event;
use domain::service::ServiceName;
use domain::user::CurrentUser;
use serde_json::{Value, json};

use super::feed::{Drawing, Show};
use super::frame;
use crate::api::downloads::DownloadCard;
use crate::api::services::ServiceCard;
use crate::app::App;

/// Writes what happens as JSON.
pub(super) struct JsonShow {
    app: App,
    /// Admins see how services are configured.
    for_admin: bool,
}

impl JsonShow {
    pub fn new(app: &App, user: &CurrentUser) -> Self {
        Self { app: app.clone(), for_admin: user.is_admin() }
    }
}

impl Show for JsonShow {
    fn event<'a>(&'a mut self, published: &'a Published) -> Drawing<'a> {
        Box::pin(async move {
            let data = data(&self.app, self.for_admin, &published.event).await.to_string();
            Some(frame::encode(published.id, Some(published.event.name()), &data))
        })
    }
}

/// What `event` is about, as the API shows it now. A row that is gone says so.
pub(super) async fn data(app: &App, for_admin: bool, event: &Event) -> Value {
    match event {
        Event::ServiceChanged { service, .. } | Event::ServiceChecked { service } => {
            let tile = service.parse::<ServiceName>().ok().and_then(|name| app.services.board().tile(&name));
            match tile {
                Some(tile) => json!(ServiceCard::of(&tile, for_admin)),
                None => json!({ "name": service, "gone": true }),
            }
        }
        Event::DownloadChanged { download, version, .. } => match app.reader.download(*download).await {
            Ok(Some(row)) => json!(DownloadCard::new(app, row, None)),
            Ok(None) => json!({ "id": download, "version": version, "gone": true }),
            Err(_) => json!({ "id": download, "version": version }),
        },
        Event::DownloadProgressed { download, progress, .. } => {
            json!({ "id": download, "status": "running", "progress": progress })
        }
        Event::RequestChanged { request, version, .. } => json!({ "id": request, "version": version }),
        Event::LibraryChanged { section } => json!({ "section": section }),
        Event::UpstreamBack { service } => json!({ "name": service, "answers": true }),
        Event::MonitorsChanged { service } => json!({ "name": service, "monitors": true }),
        Event::Notified { tone, title, body, .. } | Event::Alerted { tone, title, body } => {
            json!({ "tone": tone, "title": title, "body": body })
        }
    }
}

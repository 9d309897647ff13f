//! The services of the house, for an admin: a list and a form.

use askama::Template;
use domain::service::ServiceKind;

use super::plex::OwnerCard;
use super::shell::Shell;
use super::status::{Watched, kind_icon, kind_tint};

/// The pages at `/admin/services` and `/admin/services/:name`.
#[derive(Debug, Template)]
#[template(path = "admin/services.html")]
pub struct ServicesPage {
    pub shell: Shell,
    pub services: Vec<Watched>,
    pub form: ServiceForm,
    /// Beside the Plex service: the account of its owner.
    pub owner: Option<OwnerCard>,
}

/// What was typed, or what is stored, and what is wrong with it.
#[derive(Debug, Default)]
pub struct ServiceForm {
    /// The service that is edited; absent when one is added.
    pub editing: Option<String>,
    pub name: String,
    pub kind: Option<ServiceKind>,
    pub url: String,
    pub interval: String,
    pub timeout: String,
    pub has_api_key: bool,
    pub enabled: bool,
    /// The slug of its status page; only of Uptime Kuma.
    pub status_page: Option<String>,
    pub errors: FormErrors,
    /// Why it could not be saved at all.
    pub refusal: Option<String>,
}

/// Beside each field.
#[derive(Debug, Default)]
pub struct FormErrors {
    pub name: Option<String>,
    pub kind: Option<String>,
    pub url: Option<String>,
    pub interval: Option<String>,
    pub timeout: Option<String>,
    pub api_key: Option<String>,
}

impl ServiceForm {
    /// An empty form.
    pub fn new() -> Self {
        Self { interval: "30s".to_owned(), enabled: true, kind: Some(ServiceKind::Http), ..Self::default() }
    }

    fn kinds(&self) -> impl Iterator<Item = (ServiceKind, bool)> + '_ {
        ServiceKind::ALL.into_iter().map(|kind| (kind, self.kind == Some(kind)))
    }

    fn is_plex(&self) -> bool {
        self.kind == Some(ServiceKind::Plex)
    }

    fn icon(&self) -> &'static str {
        kind_icon(self.kind.unwrap_or(ServiceKind::Http))
    }

    fn tint(&self) -> &'static str {
        kind_tint(self.kind.unwrap_or(ServiceKind::Http))
    }
}

impl ServicesPage {
    fn is_current(&self, watched: &Watched) -> bool {
        self.form.editing.as_deref() == Some(watched.name.as_str())
    }
}

/// What a kind is called.
fn kind_word(kind: &ServiceKind) -> &'static str {
    match kind {
        ServiceKind::Http => "Anything that answers HTTP",
        ServiceKind::Plex => "Plex",
        ServiceKind::Overseerr => "Overseerr or Seerr",
        ServiceKind::UptimeKuma => "Uptime Kuma",
        ServiceKind::Tmdb => "TMDB",
        ServiceKind::Youtube => "Video site",
    }
}

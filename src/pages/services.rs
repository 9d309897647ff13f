//! The services of the house, for an admin.

use domain::Secret;
use domain::plex::PinPurpose;
use domain::service::{ServiceKind, ServiceName};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{NewService, ServicePatch};

use super::plex::on_the_way;
use super::{again, frame_with_count, is_about_the_form, page, services};
use crate::api::services::{api_key, duration};
use crate::app::App;
use crate::auth::plex::{self, Kind};
use crate::problem::{OfField, Problem};
use crate::route::{Head, Response, Route, Visit, get, post, see_other};
use crate::views::plex::OwnerCard;
use crate::views::services::{FormErrors, ServiceForm, ServicesPage};
use crate::views::shell::Here;
use crate::views::toast::Toast;

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/services").admin().then(show_new),
        post("/admin/services").admin().form(add),
        get("/admin/services/:name").admin().then(show),
        post("/admin/services/:name").admin().form(save),
        post("/admin/services/:name/delete").admin().then(remove),
        post("/admin/services/:name/plex").admin().then(connect_plex),
        post("/admin/services/:name/plex/check").admin().then(check_plex),
    ]
}

/// What somebody typed; empty fields are absent.
#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: String,
    url: String,
    interval: String,
    #[serde(default)]
    timeout: String,
    #[serde(default = "nothing")]
    api_key: Secret,
    /// Sent when the switch is on.
    enabled: Option<String>,
    /// The slug of the status page; only of Uptime Kuma.
    status_page: Option<String>,
}

fn nothing() -> Secret {
    Secret::new("")
}

async fn show_new(app: App, visit: Visit) -> Result<Response, Problem> {
    page(&view(&app, &visit, ServiceForm::new()).await?)
}

async fn show(app: App, visit: Visit) -> Result<Response, Problem> {
    let name: ServiceName = visit.param("name")?;
    let tile = app.services.board().tile(&name).ok_or_else(Problem::not_found)?;
    let service = &tile.service;
    let written = |duration| humantime::format_duration(duration).to_string();
    let form = ServiceForm {
        editing: Some(name.to_string()),
        kind: Some(service.kind),
        url: service.url.clone(),
        interval: written(service.interval),
        timeout: service.timeout.map(written).unwrap_or_default(),
        has_api_key: service.has_api_key,
        enabled: service.enabled,
        status_page: (service.kind == ServiceKind::UptimeKuma)
            .then(|| service.config["slug"].as_str().unwrap_or_default().to_owned()),
        ..ServiceForm::new()
    };
    let mut view = view(&app, &visit, form).await?;
    if visit.query.get("done").as_deref() == Some("plex") {
        view.shell.toast = Some(Toast::done("Plex is connected"));
    }
    page(&view)
}

/// The owner of the Plex server approves it at Plex, so that nobody has to copy a token.
async fn connect_plex(app: App, visit: Visit) -> Result<Response, Problem> {
    let name = plex_service(&app, &visit)?;
    let me = visit.member()?.id;
    let next = format!("/admin/services/{name}?done=plex");
    let began = plex::begin(&app, &visit, PinPurpose::Server(me), Kind::Page, &next).await?;
    on_the_way(&visit, began)
}

async fn check_plex(app: App, visit: Visit) -> Result<Response, Problem> {
    let name = plex_service(&app, &visit)?;
    app.sign_ins.check_owner_token();
    Ok(see_other(&visit.link(&format!("/admin/services/{name}"))))
}

fn plex_service(app: &App, head: &Head) -> Result<ServiceName, Problem> {
    let name: ServiceName = head.param("name")?;
    let tile = app.services.board().tile(&name).filter(|tile| tile.service.kind == ServiceKind::Plex);
    tile.map(|_| name).ok_or_else(Problem::not_found)
}

async fn add(app: App, visit: Visit, fields: Fields) -> Result<Response, Problem> {
    let typed = fields.as_form(None);
    match create(&app, &visit, fields).await {
        Ok(()) => Ok(see_other(&visit.link("/admin/services"))),
        Err(problem) => show_again(&app, &visit, typed, problem).await,
    }
}

async fn create(app: &App, head: &Head, fields: Fields) -> Result<(), Problem> {
    let kind = if fields.kind.is_empty() { Ok(ServiceKind::Http) } else { fields.kind.parse() };
    let new = NewService {
        name: fields.name.trim().parse().of_field("name")?,
        kind: kind.of_field("kind")?,
        url: fields.url.trim().to_owned(),
        interval: duration(fields.interval.trim(), "interval")?,
        timeout: optional(&fields.timeout).map(|text| duration(text, "timeout")).transpose()?,
        api_key: fields.api_key()?,
        enabled: true,
    };
    app.services.create(app.actor_of(head), new).await?;
    Ok(())
}

async fn save(app: App, visit: Visit, fields: Fields) -> Result<Response, Problem> {
    let name: ServiceName = visit.param("name")?;
    let typed = fields.as_form(Some(name.to_string()));
    match update(&app, &visit, &name, fields).await {
        Ok(()) => Ok(see_other(&visit.link(&format!("/admin/services/{name}")))),
        Err(problem) => show_again(&app, &visit, typed, problem).await,
    }
}

async fn update(app: &App, head: &Head, name: &ServiceName, fields: Fields) -> Result<(), Problem> {
    let timeout = optional(&fields.timeout).map(|text| duration(text, "timeout")).transpose()?;
    let patch = ServicePatch {
        url: Some(fields.url.trim().to_owned()),
        interval: Some(duration(fields.interval.trim(), "interval")?),
        timeout: Some(timeout),
        // An empty field keeps the key that is there.
        api_key: fields.api_key()?.map(Some),
        enabled: Some(fields.enabled.is_some()),
        config: fields.config(app, name),
    };
    app.services.update(app.actor_of(head), name, patch).await?;
    Ok(())
}

async fn remove(app: App, visit: Visit) -> Result<Response, Problem> {
    let name: ServiceName = visit.param("name")?;
    app.services.delete(app.actor_of(&visit), &name).await?;
    Ok(see_other(&visit.link("/admin/services")))
}

async fn show_again(
    app: &App,
    head: &Head,
    typed: ServiceForm,
    problem: Problem,
) -> Result<Response, Problem> {
    if !is_about_the_form(&problem) {
        return Err(problem);
    }
    let error = |field| problem.error_of(field).map(str::to_owned);
    let errors = FormErrors {
        name: error("name"),
        kind: error("kind"),
        url: error("url"),
        interval: error("interval"),
        timeout: error("timeout"),
        api_key: error("api_key"),
    };
    let refusal = problem.errors.is_empty().then(|| problem.detail.to_string());
    again(&view(app, head, ServiceForm { errors, refusal, ..typed }).await?, &problem)
}

async fn view(app: &App, head: &Head, form: ServiceForm) -> Result<ServicesPage, Problem> {
    let shell = frame_with_count(app, head, Here::Services).await?;
    let cursor = super::cursor(app);
    let is_plex = form.kind == Some(ServiceKind::Plex);
    let owner = form.editing.clone().filter(|_| is_plex).map(|service| OwnerCard {
        service,
        token: app.sign_ins.owner_token(),
        error: None,
    });
    Ok(ServicesPage { shell: shell.live(&cursor), services: services(app), form, owner })
}

impl Fields {
    fn api_key(&self) -> Result<Option<Secret>, Problem> {
        let typed = !self.api_key.expose().is_empty();
        typed.then(|| api_key(self.api_key.clone())).transpose()
    }

    /// The settings of the kind with what was typed of them; nothing when there was no such field.
    fn config(&self, app: &App, name: &ServiceName) -> Option<Value> {
        let slug = self.status_page.as_ref()?.trim();
        let mut config = app.services.board().tile(name)?.service.config.clone();
        if !config.is_object() {
            config = json!({});
        }
        config["slug"] = if slug.is_empty() { Value::Null } else { slug.into() };
        Some(config)
    }

    /// What was typed, but never the key.
    fn as_form(&self, editing: Option<String>) -> ServiceForm {
        ServiceForm {
            editing,
            name: self.name.clone(),
            kind: self.kind.parse().ok().or(Some(ServiceKind::Http)),
            url: self.url.clone(),
            interval: self.interval.clone(),
            timeout: self.timeout.clone(),
            enabled: self.enabled.is_some(),
            status_page: self.status_page.clone(),
            ..ServiceForm::default()
        }
    }
}

fn optional(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

//! The webhooks of a service: a secret for its door, and setting it up in Overseerr with one
//! click.

use actors::requests;
use domain::service::{Service, ServiceKind, ServiceName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::route::{Head, Response, Route, Visit, created, json, post};
use crate::webhooks::{door_of, new_secret};

pub fn routes() -> Vec<Route> {
    vec![
        post("/api/v1/services/:name/webhook").admin().then(rotate),
        post("/api/v1/services/:name/webhook/setup").admin().maybe_json(set_up),
    ]
}

/// Where a service may tell us something.
#[derive(Serialize, ToSchema)]
pub struct WebhookCard {
    url: String,
    /// Shown this once: send it as `Authorization: Bearer <secret>`, or after a slash at the end
    /// of the address.
    secret: String,
}

/// How to set it up.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetUpBody {
    /// The portal's address as Overseerr reaches it; the one in the address bar when absent.
    portal_url: Option<String>,
}

/// It works: a test came in.
#[derive(Serialize, ToSchema)]
pub struct SetUpCard {
    url: String,
    works: bool,
}

/// The service, its door, and the portal's own address as the caller sees it.
fn find(app: &App, head: &Head) -> Result<(Service, &'static str), Problem> {
    let name: ServiceName = head.param("name")?;
    let service = app.services.board().tile(&name).ok_or_else(Problem::not_found)?.service.clone();
    let door = door_of(service.kind)
        .ok_or_else(|| Problem::conflict("A service of this kind sends no webhooks."))?;
    Ok((service, door))
}

fn address_of(app: &App, head: &Head, door: &str) -> String {
    let link = head.link(door);
    match &app.settings.public_url {
        Some(origin) => format!("{}{link}", origin.as_str()),
        None => format!("http://{}{link}", head.header("host").unwrap_or("localhost")),
    }
}

async fn new_door(app: &App, head: &Head, service: &Service) -> Result<domain::Secret, Problem> {
    let (secret, hash) = new_secret()?;
    app.writer_for(head).set_webhook_hash(&service.name, &hash).await?;
    Ok(secret)
}

#[utoipa::path(
    post, path = "/api/v1/services/{name}/webhook", tag = "services", params(("name" = String, Path)),
    responses((status = 201, body = WebhookCard),
        (status = 409, description = "A service of this kind sends no webhooks."))
)]
pub(super) async fn rotate(app: App, visit: Visit) -> Result<Response, Problem> {
    let (service, door) = find(&app, &visit)?;
    let secret = new_door(&app, &visit, &service).await?;
    Ok(created(&WebhookCard { url: address_of(&app, &visit, door), secret: secret.expose().to_owned() }))
}

#[utoipa::path(
    post, path = "/api/v1/services/{name}/webhook/setup", tag = "services", params(("name" = String, Path)),
    request_body = SetUpBody,
    responses((status = 200, body = SetUpCard), (status = 409, description = "It is no Overseerr."),
        (status = 503, description = "Overseerr does not answer, or its test did not come in."))
)]
pub(super) async fn set_up(app: App, visit: Visit, body: SetUpBody) -> Result<Response, Problem> {
    let (service, door) = find(&app, &visit)?;
    if service.kind != ServiceKind::Overseerr {
        return Err(Problem::conflict("Only the webhook of Overseerr can be set up from here."));
    }
    let url = match &body.portal_url {
        Some(portal) => {
            let portal = domain::address::AdminUrl::parse(portal)
                .map_err(|refusal| Problem::invalid("portal_url", refusal.to_string()))?;
            format!("{}{}", portal.as_str().trim_end_matches('/'), visit.link(door))
        }
        None => address_of(&app, &visit, door),
    };
    let secret = new_door(&app, &visit, &service).await?;
    requests::set_up_webhook(&app.requests, url.clone(), secret).await?;
    Ok(json(http::StatusCode::OK, &SetUpCard { url, works: true }))
}

//! The services that are watched. Everybody sees how they are; admins see and change how they
//! are configured.

use std::time::Duration;

use actors::status_board::Tile;
use domain::service::{ServiceKind, ServiceName, ServiceStatus};
use domain::{Secret, Timestamp};
use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use store::{NewService, ServicePatch};
use utoipa::ToSchema;

use super::List;
use crate::app::App;
use crate::problem::{OfField, Problem};
use crate::route::{Response, Route, Visit, created, delete, get, json, no_content, patch, post};

/// The longest API key, in bytes.
const LONGEST_KEY: usize = 4096;

/// The longest settings of a kind, in bytes of JSON.
const LONGEST_CONFIG: usize = 4096;

pub fn routes() -> Vec<Route> {
    vec![
        get("/api/v1/services").then(list),
        post("/api/v1/services").admin().json(create),
        patch("/api/v1/services/:name").admin().json(change),
        delete("/api/v1/services/:name").admin().then(remove),
    ]
}

/// A service and how it is.
#[derive(Serialize, ToSchema)]
pub struct ServiceCard {
    #[schema(value_type = String)]
    name: ServiceName,
    /// `http`, `plex`, `overseerr`, `uptime-kuma`, `tmdb` or `youtube`.
    #[schema(value_type = String)]
    kind: ServiceKind,
    /// Null for whoever is no admin.
    url: Option<String>,
    /// Time between two probes, such as `30s`.
    interval: String,
    /// How long a probe may take, when that was set.
    timeout: Option<String>,
    enabled: bool,
    has_api_key: bool,
    /// Settings of its kind only, such as the `slug` of a status page of Uptime Kuma and
    /// `poll_seconds`. Null for whoever is no admin.
    config: Value,
    /// `up`, `down`, `pending`, `maintenance`, `paused` or `unknown`.
    #[schema(value_type = String)]
    status: ServiceStatus,
    /// When the status became what it is.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Time to the latest answer, in milliseconds.
    latency_ms: Option<u32>,
    /// Why the latest probe was not good.
    message: Option<String>,
    /// The share of good probes, 0 to 1.
    uptime_24h: Option<f64>,
    uptime_30d: Option<f64>,
}

impl ServiceCard {
    pub(crate) fn of(tile: &Tile, for_admin: bool) -> Self {
        let service = &tile.service;
        let duration = |duration: Duration| humantime::format_duration(duration).to_string();
        Self {
            name: service.name.clone(),
            kind: service.kind,
            url: for_admin.then(|| service.url.clone()),
            interval: duration(service.interval),
            timeout: service.timeout.map(duration),
            enabled: service.enabled,
            has_api_key: service.has_api_key,
            config: if for_admin { service.config.clone() } else { Value::Null },
            status: if tile.is_stale() { ServiceStatus::Unknown } else { service.status },
            since: service.since,
            latency_ms: tile.latency_ms(),
            message: tile.message().map(str::to_owned),
            uptime_24h: tile.uptime_day,
            uptime_30d: tile.uptime_month,
        }
    }
}

/// A service that is about to be watched.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceBody {
    /// 1 to 64 lower-case letters, digits and hyphens; unique.
    name: String,
    /// `http` when absent.
    kind: Option<String>,
    url: String,
    /// Such as `30s`; at least `1s`.
    interval: String,
    /// Such as `5s`; at most 0.8 of the interval counts.
    timeout: Option<String>,
    /// Write-only.
    #[schema(value_type = Option<String>, format = Password)]
    api_key: Option<Secret>,
    /// Whether it is probed; true when absent.
    enabled: Option<bool>,
    /// Settings of its kind only; an object.
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
}

/// What changes; absent fields stay, and null takes an optional one away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceChange {
    url: Option<String>,
    interval: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    timeout: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = Password)]
    api_key: Option<Option<Secret>>,
    enabled: Option<bool>,
    /// Replaces the settings of its kind as a whole.
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
}

/// Tells a field that is null from one that is absent.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[utoipa::path(
    get, path = "/api/v1/services", tag = "services", responses((status = 200, body = List<ServiceCard>))
)]
pub(super) async fn list(app: App, visit: Visit) -> Result<Response, Problem> {
    let for_admin = visit.member()?.is_admin();
    let tiles = app.services.board().tiles();
    let items = tiles.iter().map(|tile| ServiceCard::of(tile, for_admin)).collect();
    Ok(json(StatusCode::OK, &List::whole(items)))
}

#[utoipa::path(
    post, path = "/api/v1/services", tag = "services", request_body = ServiceBody,
    responses((status = 201, body = ServiceCard), (status = 409, description = "The name or the kind is taken."))
)]
pub(super) async fn create(app: App, visit: Visit, body: ServiceBody) -> Result<Response, Problem> {
    let config = body.config.map(config).transpose()?;
    let new = NewService {
        name: body.name.parse().of_field("name")?,
        kind: body.kind.map_or(Ok(ServiceKind::Http), |kind| kind.parse()).of_field("kind")?,
        url: body.url,
        interval: duration(&body.interval, "interval")?,
        timeout: body.timeout.map(|text| duration(&text, "timeout")).transpose()?,
        api_key: body.api_key.map(api_key).transpose()?,
        enabled: body.enabled.unwrap_or(true),
    };
    let service = app.services.create(app.actor_of(&visit), new).await?;
    if config.is_some() {
        let patch = ServicePatch { config, ..ServicePatch::default() };
        app.services.update(app.actor_of(&visit), &service.name, patch).await?;
    }
    Ok(created(&card(&app, &service.name)?))
}

#[utoipa::path(
    patch, path = "/api/v1/services/{name}", tag = "services", request_body = ServiceChange,
    params(("name" = String, Path)), responses((status = 200, body = ServiceCard))
)]
pub(super) async fn change(app: App, visit: Visit, body: ServiceChange) -> Result<Response, Problem> {
    let name: ServiceName = visit.param("name")?;
    let patch = ServicePatch {
        url: body.url,
        interval: body.interval.map(|text| duration(&text, "interval")).transpose()?,
        timeout: body
            .timeout
            .map(|timeout| timeout.map(|text| duration(&text, "timeout")).transpose())
            .transpose()?,
        api_key: body.api_key.map(|key| key.map(api_key).transpose()).transpose()?,
        enabled: body.enabled,
        config: body.config.map(config).transpose()?,
    };
    app.services.update(app.actor_of(&visit), &name, patch).await?;
    Ok(json(StatusCode::OK, &card(&app, &name)?))
}

#[utoipa::path(
    delete, path = "/api/v1/services/{name}", tag = "services", params(("name" = String, Path)),
    responses((status = 204, description = "It is not watched any more."))
)]
pub(super) async fn remove(app: App, visit: Visit) -> Result<Response, Problem> {
    app.services.delete(app.actor_of(&visit), &visit.param("name")?).await?;
    Ok(no_content())
}

fn card(app: &App, name: &ServiceName) -> Result<ServiceCard, Problem> {
    let tile = app.services.board().tile(name).ok_or_else(Problem::not_found)?;
    Ok(ServiceCard::of(&tile, true))
}

/// A duration as people write it, such as `30s` or `1h 5m`.
pub(crate) fn duration(text: &str, field: &'static str) -> Result<Duration, Problem> {
    humantime::parse_duration(text).map_err(|_| Problem::invalid(field, "is a duration such as 30s or 5m"))
}

/// Settings of a kind of service: an object of a reasonable size.
fn config(config: Value) -> Result<Value, Problem> {
    let fits = config.is_object() && config.to_string().len() <= LONGEST_CONFIG;
    if fits { Ok(config) } else { Err(Problem::invalid("config", "is an object of at most 4 KiB")) }
}

/// A key that fits into a header.
pub(crate) fn api_key(key: Secret) -> Result<Secret, Problem> {
    let fits = (1..=LONGEST_KEY).contains(&key.expose().len())
        && key.expose().bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if fits { Ok(key) } else { Err(Problem::invalid("api_key", "has 1 to 4096 printable ASCII characters")) }
}

//! What somebody may tell the stand-in to do, under `/_fake/`.
//!
//! | command | body |
//! |---|---|
//! | `GET monitors` | |
//! | `POST monitors` | a [`NewMonitor`]; answers its id |
//! | `POST monitors/ID` | `{"status": "down", "msg": ""}` or `{"active": false}` |
//! | `DELETE monitors/ID` | |
//! | `POST incidents` | `{"title", "content", "style"}`; `DELETE incidents/ID` |
//! | `POST maintenance` | `{"title", "description", "monitors": [1]}`; `DELETE maintenance/ID` |
//! | `POST webhook` | a [`Hook`]; `POST webhook/test`, `POST webhook/certificate/ID`, `DELETE webhook` |
//! | `POST beat`, `POST restart` | |
//!
//! An answer to `status` comes after the webhooks are answered and the beat is stored.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Kuma;
use super::monitor::{NewMonitor, Status};
use super::webhook::{self, Hook};
use crate::lock;
use crate::server::{self, Request, Response};

/// Why a command is not obeyed.
type Refusal = (StatusCode, String);

#[derive(Deserialize)]
struct Change {
    status: Option<Status>,
    msg: Option<String>,
    active: Option<bool>,
}

#[derive(Deserialize)]
struct NewIncident {
    title: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    style: String,
}

#[derive(Deserialize)]
struct NewMaintenance {
    title: String,
    #[serde(default)]
    description: String,
    monitors: Vec<i64>,
}

impl Kuma {
    pub(super) async fn command(&self, parts: &[&str], request: &Request) -> Response {
        self.obey(parts, request).await.unwrap_or_else(|(status, words)| server::text(status, words))
    }

    async fn obey(&self, parts: &[&str], request: &Request) -> Result<Response, Refusal> {
        let done = || Ok(server::text(StatusCode::NO_CONTENT, ""));
        match (&request.method, parts) {
            (&Method::GET, ["monitors"]) => return Ok(self.list()),
            (&Method::POST, ["monitors"]) => return made(self.add(read::<NewMonitor>(request)?)),
            (&Method::POST, ["monitors", id]) => {
                let (id, change) = (number(id)?, read::<Change>(request)?);
                if let Some(is_active) = change.active {
                    self.set_active(id, is_active);
                }
                if let Some(status) = change.status {
                    self.settle(id, status, change.msg, None).await;
                }
            }
            (&Method::DELETE, ["monitors", id]) => self.remove(number(id)?),
            (&Method::POST, ["incidents"]) => {
                let new: NewIncident = read(request)?;
                let style = if new.style.is_empty() { "warning" } else { &new.style };
                return made(self.add_incident(&new.title, &new.content, style));
            }
            (&Method::DELETE, ["incidents", id]) => self.end_incident(number(id)?),
            (&Method::POST, ["maintenance"]) => {
                let new: NewMaintenance = read(request)?;
                return made(self.add_maintenance(&new.title, &new.description, &new.monitors));
            }
            (&Method::DELETE, ["maintenance", id]) => self.end_maintenance(number(id)?),
            (&Method::POST, ["webhook"]) => {
                let hook: Hook = read(request)?;
                lock(&self.house).hooks.push(hook);
            }
            (&Method::POST, ["webhook", "test"]) => self.send_test().await,
            (&Method::POST, ["webhook", "certificate", id]) => {
                let id = number(id)?;
                let deliveries = {
                    let house = lock(&self.house);
                    let monitor = house.monitors.get(&id).ok_or_else(unknown)?;
                    webhook::certificate(&house, monitor, self.options.generation)
                };
                self.deliver(deliveries).await;
            }
            (&Method::DELETE, ["webhook"]) => lock(&self.house).hooks.clear(),
            (&Method::POST, ["beat"]) => self.beat_all().await,
            (&Method::POST, ["restart"]) => self.restart(),
            _ => return Err(unknown()),
        }
        done()
    }

    fn list(&self) -> Response {
        let house = lock(&self.house);
        let list: Vec<Value> = house
            .monitors
            .values()
            .map(|monitor| {
                let (new, status) = (&monitor.new, monitor.status());
                json!({ "id": monitor.id, "name": new.name, "status": status, "active": monitor.is_active })
            })
            .collect();
        server::json(&json!(list))
    }
}

fn made(id: i64) -> Result<Response, Refusal> {
    Ok(server::json_as(StatusCode::CREATED, &json!({ "id": id })))
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| (StatusCode::BAD_REQUEST, format!("{error}\n")))
}

fn number(text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| unknown())
}

fn unknown() -> Refusal {
    (StatusCode::NOT_FOUND, "no such thing\n".to_owned())
}

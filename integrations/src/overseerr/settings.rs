//! How it is set up: the Radarrs and Sonarrs, and the webhook that it sends.

use domain::Secret;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::{Family, Overseerr, Version};
use crate::{Error, tolerant};

/// What the webhook says, with the places that Overseerr fills in.
const TEMPLATE: &str = include_str!("webhook-template.json");
/// Every kind of notification that is ours: requests, issues and tests.
const TYPES: u32 = 8158;
const WEBHOOK: &str = "api/v1/settings/notifications/webhook";

/// A Radarr or Sonarr behind it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    pub id: i64,
    pub name: String,
    #[serde(default, rename = "is4k", deserialize_with = "tolerant::flag")]
    pub is_4k: bool,
    #[serde(default, deserialize_with = "tolerant::flag")]
    pub is_default: bool,
}

/// How the webhook is set up now.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    pub is_enabled: bool,
    /// Bits of the kinds that are sent.
    pub types: u32,
    /// Where to; may hold a secret.
    pub url: Option<Secret>,
    pub authorization: Option<Secret>,
}

impl WebhookSettings {
    /// Whether it already sends everything that we want to where we want it.
    pub fn is_for(&self, target: &WebhookTarget) -> bool {
        let is = |secret: &Option<Secret>, text: &str| secret.as_ref().is_some_and(|s| s.expose() == text);
        self.is_enabled
            && self.types & TYPES == TYPES
            && is(&self.url, &target.url)
            && is(&self.authorization, target.authorization.expose())
    }
}

/// Where the webhook should go.
#[derive(Debug, Clone)]
pub struct WebhookTarget {
    pub url: String,
    /// What it sends as `Authorization`, word by word.
    pub authorization: Secret,
}

/// How the template travels. The wrong one is answered 200 and breaks every delivery, so a test
/// must follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadEncoding {
    /// As a JSON string inside a JSON string: Overseerr, and Seerr before 3.3.
    Literal,
    /// As it is: Seerr from 3.3.
    Raw,
}

impl PayloadEncoding {
    /// The one to try first.
    pub fn likely(family: Family, version: Option<Version>) -> Self {
        match (family, version) {
            (Family::Seerr, Some(version)) if version >= Version(3, 3, 0) => PayloadEncoding::Raw,
            _ => PayloadEncoding::Literal,
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            PayloadEncoding::Literal => PayloadEncoding::Raw,
            PayloadEncoding::Raw => PayloadEncoding::Literal,
        }
    }

    fn encode(self, template: &str) -> String {
        match self {
            PayloadEncoding::Literal => serde_json::Value::from(template).to_string(),
            PayloadEncoding::Raw => template.to_owned(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WebhookWire {
    #[serde(deserialize_with = "tolerant::flag")]
    enabled: bool,
    #[serde(deserialize_with = "tolerant::integer")]
    types: Option<i64>,
    #[serde(deserialize_with = "tolerant::maybe")]
    options: Option<OptionsWire>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OptionsWire {
    #[serde(deserialize_with = "tolerant::text")]
    webhook_url: Option<String>,
    #[serde(deserialize_with = "tolerant::text")]
    auth_header: Option<String>,
}

impl std::fmt::Debug for OptionsWire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OptionsWire")
    }
}

impl Overseerr {
    /// # Errors
    /// What every call may give.
    pub async fn radarr(&self) -> Result<Vec<Server>, Error> {
        self.http.get("api/v1/service/radarr").interactive().json().await
    }

    /// # Errors
    /// What every call may give.
    pub async fn sonarr(&self) -> Result<Vec<Server>, Error> {
        self.http.get("api/v1/service/sonarr").interactive().json().await
    }

    /// How its one webhook is set up. Needs the key of an admin.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn webhook_settings(&self) -> Result<WebhookSettings, Error> {
        let wire: WebhookWire = self.http.get(WEBHOOK).interactive().json().await?;
        let options = wire.options.unwrap_or_default();
        Ok(WebhookSettings {
            is_enabled: wire.enabled,
            types: wire.types.and_then(|types| u32::try_from(types).ok()).unwrap_or_default(),
            url: options.webhook_url.map(Secret::new),
            authorization: options.auth_header.map(Secret::new),
        })
    }

    /// Points its one webhook at us. Only [`Overseerr::test_webhook`] shows whether `encoding` was
    /// the right one.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn save_webhook(&self, target: &WebhookTarget, encoding: PayloadEncoding) -> Result<(), Error> {
        let call = self.http.request(Method::POST, WEBHOOK).interactive().repeatable();
        call.body(&plan(target, encoding)).send().await.map(drop)
    }

    /// Lets it send a test to us; false when it could not. That it arrived is for the receiver to
    /// say.
    ///
    /// # Errors
    /// What every call may give.
    pub async fn test_webhook(
        &self,
        target: &WebhookTarget,
        encoding: PayloadEncoding,
    ) -> Result<bool, Error> {
        let call = self.http.request(Method::POST, &format!("{WEBHOOK}/test")).interactive().once();
        let call = call.accept(|status| status == StatusCode::INTERNAL_SERVER_ERROR);
        Ok(call.body(&plan(target, encoding)).send().await?.status.is_success())
    }
}

fn plan(target: &WebhookTarget, encoding: PayloadEncoding) -> serde_json::Value {
    json!({
        "enabled": true,
        "types": TYPES,
        "options": {
            "webhookUrl": target.url,
            "authHeader": target.authorization.expose(),
            "jsonPayload": encoding.encode(TEMPLATE),
        },
    })
}

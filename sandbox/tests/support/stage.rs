//! A stand-in Seerr and somebody who asks it.

use std::time::Duration;

use reqwest::{Client, Error, Method};
use sandbox::seerr::Options;
use sandbox::{Seerr, World};
use serde_json::{Value, json};

pub struct Stage {
    pub seerr: Seerr,
    pub client: Client,
}

impl Stage {
    pub async fn usual() -> Self {
        Self::start(Options::default()).await
    }

    pub async fn start(options: Options) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(Duration::from_secs(5)).no_proxy().build().unwrap();
        Self { seerr: Seerr::start(&World::new(), options).await.unwrap(), client }
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.send(Method::GET, path, None, &Value::Null).await
    }

    pub async fn get_as(&self, user: i64, path: &str) -> (u16, Value) {
        self.send(Method::GET, path, Some(user), &Value::Null).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send(Method::POST, path, None, body).await
    }

    pub async fn post_value(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, None, &body).await
    }

    pub async fn post_as(&self, user: i64, path: &str, body: &Value) -> (u16, Value) {
        self.send(Method::POST, path, Some(user), body).await
    }

    pub async fn delete_as(&self, user: i64, path: &str) -> (u16, Value) {
        self.send(Method::DELETE, path, Some(user), &Value::Null).await
    }

    /// With these headers and no key.
    pub async fn bare(&self, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
        self.try_bare(path, headers).await.unwrap()
    }

    pub async fn try_bare(&self, path: &str, headers: &[(&str, &str)]) -> Result<(u16, Value), Error> {
        let mut request = self.client.get(format!("{}/api/v1{path}", self.seerr.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await?))
    }

    /// Points the webhook at `url`, with all kinds of messages on.
    pub async fn set_up_webhook(&self, url: &str) {
        let path = "/settings/notifications/webhook";
        let payload = json!(self.get(path).await.1["options"]["jsonPayload"]).to_string();
        let options = json!({ "webhookUrl": url, "authHeader": "Bearer s3cret", "jsonPayload": payload });
        let settings = json!({ "enabled": true, "types": 8158, "options": options });
        assert_eq!(self.post(path, &settings).await.0, 200);
    }

    async fn send(&self, method: Method, path: &str, user: Option<i64>, body: &Value) -> (u16, Value) {
        let url = format!("{}/api/v1{path}", self.seerr.url());
        let mut request = self.client.request(method, url).header("x-api-key", self.seerr.api_key());
        if let Some(user) = user {
            request = request.header("x-api-user", user);
        }
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }
}

/// Waits until it is true.
pub async fn eventually(mut is_true: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !is_true() {
        assert!(tokio::time::Instant::now() < deadline, "it did not come true in time");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

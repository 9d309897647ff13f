//! Somebody who asks the media server.

use std::time::Duration;

use reqwest::{Client, Response, redirect};
use sandbox::plex::{Options, Plex};
use sandbox::{World, world};
use serde_json::Value;
use tokio::time::Instant;

/// Follows no redirect.
pub fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().timeout(Duration::from_secs(5)).no_proxy();
    client.redirect(redirect::Policy::none()).build().unwrap()
}

/// Waits until `look` sees it.
pub async fn eventually(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !look().await {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A media server and its visitors.
pub struct Server {
    pub plex: Plex,
    pub world: World,
    pub client: Client,
}

impl Server {
    pub async fn start(options: Options) -> Self {
        let world = World::new();
        Self { plex: Plex::start(&world, options).await.unwrap(), world, client: client() }
    }

    pub fn token(&self, slug: &str) -> String {
        let member: &world::Member = self.world.member(slug).unwrap();
        member.server_token.unwrap_or_default().to_owned()
    }

    /// As JSON, for the owner unless `slug` says who else.
    pub async fn send(&self, method: &str, path: &str, slug: &str) -> Response {
        let url = format!("{}{path}", self.plex.server_url);
        let call = self.client.request(method.parse().unwrap(), url).header("Accept", "application/json");
        call.header("X-Plex-Token", self.token(slug)).send().await.unwrap()
    }

    /// The container of an answer that must be good.
    pub async fn get(&self, path: &str) -> Value {
        self.get_as(path, "owner").await
    }

    pub async fn get_as(&self, path: &str, slug: &str) -> Value {
        let answer = self.send("GET", path, slug).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json::<Value>().await.unwrap()["MediaContainer"].take()
    }

    pub async fn status(&self, method: &str, path: &str, slug: &str) -> u16 {
        self.send(method, path, slug).await.status().as_u16()
    }

    pub fn uri(&self, keys: &str) -> String {
        let machine = &self.plex.machine_id;
        format!("server%3A%2F%2F{machine}%2Fcom.plexapp.plugins.library%2Flibrary%2Fmetadata%2F{keys}")
    }
}

pub fn titles(container: &Value) -> Vec<&str> {
    let items = container["Metadata"].as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|item| item["title"].as_str().unwrap()).collect()
}

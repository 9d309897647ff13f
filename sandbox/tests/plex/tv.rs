//! plex.tv.

use std::time::Duration;

use super::support::{client, eventually};
use sandbox::plex::{Options, Plex};
use sandbox::{Fault, World, faults};
use serde_json::Value;

struct Tv {
    plex: Plex,
    client: reqwest::Client,
}

const CLIENT: &str = "portal-1";

impl Tv {
    async fn start(options: Options) -> Self {
        Self { plex: Plex::start(&World::new(), options).await.unwrap(), client: client() }
    }

    fn call(&self, method: &str, path: &str, client: &str, token: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.plex.tv_url);
        let mut call = self.client.request(method.parse().unwrap(), url);
        if !client.is_empty() {
            call = call.header("X-Plex-Client-Identifier", client);
        }
        if token.is_empty() { call } else { call.header("X-Plex-Token", token) }
    }

    async fn json(&self, method: &str, path: &str, client: &str, token: &str) -> (u16, Value) {
        let call = self.call(method, path, client, token).header("Accept", "application/json");
        let answer = call.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn xml(&self, path: &str, token: &str) -> (u16, String) {
        let answer = self.call("GET", path, CLIENT, token).send().await.unwrap();
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/xml"));
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// A PIN, claimed by this member; its token.
    async fn sign_in(&self, slug: &str) -> String {
        let (_, pin) = self.json("POST", "/api/v2/pins?strong=true", CLIENT, "").await;
        assert!(self.plex.approve(pin["code"].as_str().unwrap(), slug));
        let (_, pin) = self.json("GET", &format!("/api/v2/pins/{}", pin["id"]), CLIENT, "").await;
        pin["authToken"].as_str().unwrap().to_owned()
    }
}

fn code(answer: &Value) -> Option<u64> {
    answer["errors"][0]["code"].as_u64()
}

#[tokio::test]
async fn strong_is_understood_in_any_case_and_in_the_body() {
    let tv = Tv::start(Options::default()).await;

    for path in ["/api/v2/pins?strong=true", "/api/v2/pins?strong=True"] {
        let (status, pin) = tv.json("POST", path, CLIENT, "").await;
        assert_eq!(status, 201);
        assert_eq!(pin["code"].as_str().unwrap().len(), 25);
        assert!((1790..=1800).contains(&pin["expiresIn"].as_u64().unwrap()));
        assert!(pin["authToken"].is_null());
    }
    let body = tv.call("POST", "/api/v2/pins", CLIENT, "").header("Accept", "application/json");
    let pin: Value = body.body(r#"{"strong": true}"#).send().await.unwrap().json().await.unwrap();
    assert_eq!(pin["code"].as_str().unwrap().len(), 25);
    let (_, pin) = tv.json("POST", "/api/v2/pins", CLIENT, "").await;
    assert_eq!(pin["code"].as_str().unwrap().len(), 4);
    assert!((890..=900).contains(&pin["expiresIn"].as_u64().unwrap()));
}

#[tokio::test]
async fn a_pin_exists_only_for_its_own_client_and_only_for_its_time() {
    let options = Options { pin_lifetime: Some(Duration::from_millis(300)), ..Options::default() };
    let tv = Tv::start(options).await;
    let (_, pin) = tv.json("POST", "/api/v2/pins?strong=true", CLIENT, "").await;
    let path = format!("/api/v2/pins/{}", pin["id"]);

    assert_eq!(tv.json("GET", &path, CLIENT, "").await.0, 200);
    let (status, foreign) = tv.json("GET", &path, "portal-2", "").await;
    assert_eq!((status, code(&foreign)), (404, Some(1020)));
    eventually("the PIN expires", async || tv.json("GET", &path, CLIENT, "").await.0 == 404).await;
    assert!(!tv.plex.approve(pin["code"].as_str().unwrap(), "owner"));
}

#[tokio::test]
async fn without_a_client_identifier_nothing_is_said() {
    let tv = Tv::start(Options::default()).await;

    let (status, answer) = tv.json("POST", "/api/v2/pins", "", "").await;
    assert_eq!((status, code(&answer)), (400, Some(1000)));
    let (status, answer) = tv.json("GET", "/api/v2/user", "", &tv.plex.owner_token).await;
    assert_eq!((status, code(&answer)), (400, Some(1000)));
}

#[tokio::test]
async fn errors_are_json_or_xml_as_asked() {
    let tv = Tv::start(Options::default()).await;

    let (status, answer) = tv.json("GET", "/api/v2/user", CLIENT, "wrong").await;
    assert_eq!((status, code(&answer)), (401, Some(1001)));
    let (status, answer) = tv.xml("/api/v2/user", "wrong").await;
    assert_eq!(status, 401);
    assert!(answer.contains(r#"<errors><error code="1001""#), "{answer}");
    assert_eq!(tv.json("GET", "/api/v2/nothing", CLIENT, "").await.0, 404);
    let gone = tv.call("GET", "/api/v2/friends", CLIENT, &tv.plex.owner_token).send().await.unwrap();
    assert_eq!(gone.status(), 410);
    assert!(gone.text().await.unwrap().starts_with("<Response code=\"410\""));
}

#[tokio::test]
async fn two_pins_polled_by_one_client_twice_a_second_each_are_too_much() {
    let tv = Tv::start(Options { polls_per_second: 0.0, ..Options::default() }).await;
    let (_, pin) = tv.json("POST", "/api/v2/pins", CLIENT, "").await;
    let path = format!("/api/v2/pins/{}", pin["id"]);

    for _ in 0..6 {
        assert_eq!(tv.json("GET", &path, CLIENT, "").await.0, 200);
    }
    let (status, answer) = tv.json("GET", &path, CLIENT, "").await;
    assert_eq!((status, code(&answer)), (429, Some(1003)));
    // Others are not held to account for it: theirs is an honest 404.
    assert_eq!(tv.json("GET", &path, "portal-2", "").await.0, 404);
}

#[tokio::test]
async fn a_new_token_replaces_the_one_of_the_same_account_and_client() {
    let tv = Tv::start(Options::default()).await;
    let first = tv.sign_in("friend").await;

    let second = tv.sign_in("friend").await;

    assert_ne!(first, second);
    assert_eq!(tv.json("GET", "/api/v2/user", CLIENT, &first).await.0, 401);
    assert_eq!(tv.json("GET", "/api/v2/user", CLIENT, &second).await.0, 200);
    assert_eq!(tv.json("GET", "/api/v2/ping", CLIENT, &second).await.1["pong"], true);
    assert_eq!(tv.json("DELETE", "/api/v2/users/signout", CLIENT, &second).await.0, 204);
    assert_eq!(tv.json("GET", "/api/v2/ping", CLIENT, &second).await.0, 401);
    assert_eq!(tv.json("GET", "/api/v2/user", CLIENT, &second).await.0, 401);
}

#[tokio::test]
async fn resources_tell_members_from_strangers() {
    let tv = Tv::start(Options::default()).await;
    let servers = async |slug| {
        let token = tv.sign_in(slug).await;
        let (_, list) = tv.json("GET", "/api/v2/resources?includeHttps=1", CLIENT, &token).await;
        let is_server = |found: &&Value| found["provides"].as_str().unwrap().contains("server");
        list.as_array().unwrap().iter().filter(is_server).cloned().collect::<Vec<_>>()
    };

    let of_owner = servers("owner").await;
    assert_eq!(of_owner[0]["owned"], true);
    assert_eq!(of_owner[0]["clientIdentifier"], tv.plex.machine_id.as_str());
    let of_friend = servers("friend").await;
    assert_eq!(of_friend[0]["owned"], false);
    assert_eq!(of_friend[0]["connections"][0]["local"], false);
    assert!(servers("stranger").await.is_empty());
    tv.plex.unshare("friend");
    assert!(servers("friend").await.is_empty());
}

#[tokio::test]
async fn the_list_of_users_is_xml_whatever_is_asked_for() {
    let tv = Tv::start(Options::default()).await;
    let call =
        tv.call("GET", "/api/users", CLIENT, &tv.plex.owner_token).header("Accept", "application/json");
    let answer = call.send().await.unwrap().text().await.unwrap();

    assert!(answer.contains(r#"<User "#) && answer.contains(r#"machineIdentifier=""#), "{answer}");
    // A managed profile has neither name nor address.
    assert!(answer.contains(r#"username="""#) && answer.contains(r#"email="""#), "{answer}");
    let path = "/api/v2/shared_servers/owned/accepted";
    let (_, shares) = tv.json("GET", path, CLIENT, &tv.plex.owner_token).await;
    let jonas = shares.as_array().unwrap().iter().find(|share| share["invited"]["title"] == "Jonas").unwrap();
    assert_eq!(jonas["libraries"][0]["key"], 1);
    assert_eq!(jonas["allLibraries"], false);
}

#[tokio::test]
async fn the_sign_in_page_claims_the_pin_and_leads_back() {
    let tv = Tv::start(Options::default()).await;
    let page = tv.client.get(&tv.plex.auth_url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("value=\"friend\"") && !page.contains("value=\"child\""), "{page}");
    let claim = async |forward: &str| {
        let (_, pin) = tv.json("POST", "/api/v2/pins?strong=true", CLIENT, "").await;
        let form = [("code", pin["code"].as_str().unwrap()), ("user", "friend"), ("forwardUrl", forward)];
        let call = tv.client.post(format!("{}/approve", tv.plex.auth_url)).form(&form);
        let answer = call.send().await.unwrap();
        let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        let (_, pin) = tv.json("GET", &format!("/api/v2/pins/{}", pin["id"]), CLIENT, "").await;
        (answer.status().as_u16(), to, pin["authToken"].is_string())
    };

    let back = "http://portal.example/login/plex/back?s=1";
    assert_eq!(claim(back).await, (303, Some(back.to_owned()), true));
    assert_eq!(claim("").await, (200, None, true));
    // Any other scheme drops the visitor at the front page.
    assert_eq!(claim("javascript:alert(1)").await, (303, Some("/".to_owned()), true));
}

#[tokio::test]
async fn a_strong_code_cannot_be_typed() {
    let tv = Tv::start(Options::default()).await;
    let type_in = async |path: &str| {
        let (_, pin) = tv.json("POST", path, CLIENT, "").await;
        let form = [("code", pin["code"].as_str().unwrap()), ("user", "owner"), ("typed", "1")];
        tv.client.post(format!("{}/approve", tv.plex.auth_url)).form(&form).send().await.unwrap();
        let (_, pin) = tv.json("GET", &format!("/api/v2/pins/{}", pin["id"]), CLIENT, "").await;
        pin["authToken"].is_string()
    };

    assert!(type_in("/api/v2/pins").await);
    assert!(!type_in("/api/v2/pins?strong=true").await);
    let page = tv.client.get(format!("{}/link?pin=AB%22C", tv.plex.tv_url)).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("value=\"AB&quot;C\""));
}

#[tokio::test]
async fn faults_of_one_server_are_not_those_of_the_other() {
    let tv = Tv::start(Options::default()).await;
    tv.plex.tv_faults.add(Fault::new(faults::Kind::TooMany { retry_after: 3 }).at("/api/v2/user").times(1));

    let answer = tv.call("GET", "/api/v2/user", CLIENT, &tv.plex.owner_token).send().await.unwrap();

    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "3");
    let identity = tv.client.get(format!("{}/identity", tv.plex.server_url)).send().await.unwrap();
    assert_eq!(identity.status(), 200);
    assert_eq!(tv.plex.tv_hits.of("GET /api/v2/user"), 1);
}

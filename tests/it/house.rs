//! A portal for one test, and people who use it.

use std::fs::Permissions;
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::Secret;
use medianest::settings::Settings;
use medianest::wiring;
use reqwest::header::{HeaderMap, SET_COOKIE};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;

pub const PASSWORD: &str = "correct horse battery";

/// A running portal with a data folder that goes with it.
pub struct Portal {
    pub inner: wiring::Portal,
    place: Place,
    client: reqwest::Client,
}

/// Where the state of a portal is.
pub struct Place {
    folder: TempDir,
    servers: Option<Servers>,
}

/// A schema of a test's own, and Redis.
struct Servers {
    database: Secret,
    redis: Secret,
}

impl Servers {
    /// Nothing when no servers are named; the test then runs on the embedded state once more.
    async fn of_test() -> Option<Self> {
        let named = |variable: &str| std::env::var(variable).ok().filter(|text| !text.is_empty());
        let (Some(server), Some(redis)) = (named("MEDIANEST_TEST_POSTGRES"), named("MEDIANEST_TEST_REDIS"))
        else {
            eprintln!(
                "SKIPPED on PostgreSQL and Redis: MEDIANEST_TEST_POSTGRES or MEDIANEST_TEST_REDIS is not set"
            );
            return None;
        };
        let schema = format!("it_{}", uuid::Uuid::now_v7().simple());
        let mut connection =
            PgConnection::connect(&server).await.expect("MEDIANEST_TEST_POSTGRES is reachable");
        sqlx::query(AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let separator = if server.contains('?') { '&' } else { '?' };
        let database = Secret::new(format!("{server}{separator}options[search_path]={schema}"));
        Some(Self { database, redis: Secret::new(redis) })
    }
}

impl Portal {
    /// Nobody has an account yet.
    pub async fn fresh() -> Self {
        Self::with(|_| {}).await
    }

    /// With settings of one's own; nobody has an account yet.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let servers = if super::SHARED { Servers::of_test().await } else { None };
        Self::in_place(Place { folder, servers }, change).await
    }

    /// Where another portal was.
    pub async fn in_place(place: Place, change: impl FnOnce(&mut Settings)) -> Self {
        let Place { folder, servers } = &place;
        let mut settings = Settings::embedded(folder.path());
        settings.listen = "127.0.0.1:0".parse().unwrap();
        settings.program = env!("CARGO_BIN_EXE_medianest").into();
        settings.ytdlp = Some(patient_ytdlp(folder));
        if let Some(servers) = servers {
            settings.database_url = Some(servers.database.clone());
            settings.redis_url = Some(servers.redis.clone());
        }
        change(&mut settings);
        // An error means that another test was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let inner = wiring::Portal::start(settings).await.expect("the portal starts");
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { inner, place, client }
    }

    /// Set up, with its first admin signed in.
    pub async fn start() -> (Self, Person) {
        let portal = Self::fresh().await;
        let admin = portal.set_up().await;
        (portal, admin)
    }

    /// The same without a limit on requests, for a test that asks again and again.
    pub async fn start_unhurried() -> (Self, Person) {
        let portal = Self::with(|settings| settings.api_per_minute = None).await;
        let admin = portal.set_up().await;
        (portal, admin)
    }

    pub fn set_up_token_file(&self) -> PathBuf {
        self.place.folder.path().join("setup-token")
    }

    pub fn set_up_token(&self) -> String {
        std::fs::read_to_string(self.set_up_token_file()).unwrap().trim().to_owned()
    }

    /// Makes the first admin, `ana`.
    pub async fn set_up(&self) -> Person {
        let body = json!({"token": self.set_up_token(), "username": "ana", "password": PASSWORD});
        let answer = self.anybody().post("/api/v1/setup", body).await;
        answer.expect(StatusCode::CREATED);
        self.person_of(&answer)
    }

    /// Somebody who is not signed in.
    pub fn anybody(&self) -> Person {
        let address = self.inner.address_of("/");
        Person {
            client: self.client.clone(),
            address: address.trim_end_matches('/').into(),
            cookie: None,
            csrf: None,
            bearer: None,
        }
    }

    /// Somebody with the session that `answer` began.
    pub fn person_of(&self, answer: &Answer) -> Person {
        let cookie = answer.cookie().expect("a session cookie");
        let csrf = answer.json()["csrf_token"].as_str().map(Arc::from);
        Person { cookie: Some(cookie.into()), csrf, ..self.anybody() }
    }

    pub async fn sign_in(&self, username: &str) -> Person {
        let answer = self.anybody().log_in(username, PASSWORD).await;
        answer.expect(StatusCode::OK);
        self.person_of(&answer)
    }

    /// Makes an account with the role and signs it in.
    pub async fn new_person(&self, admin: &Person, username: &str, role: &str) -> Person {
        let body = json!({"username": username, "password": PASSWORD, "role": role});
        admin.post("/api/v1/users", body).await.expect(StatusCode::CREATED);
        self.sign_in(username).await
    }

    /// Stops it in order.
    pub async fn stop(self) -> Place {
        self.inner.stop("the test is over").await;
        self.place
    }
}

/// A yt-dlp that knows its version and otherwise takes for ever: what these tests are about is
/// around it.
fn patient_ytdlp(folder: &TempDir) -> PathBuf {
    let program = folder.path().join("patient-yt-dlp");
    let script = "#!/bin/sh\ncase \"$*\" in *--version*) echo 2026.10.26 ;; *) exec sleep 600 ;; esac\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    program
}

/// Somebody with a browser or a program.
#[derive(Clone)]
pub struct Person {
    pub client: reqwest::Client,
    /// The portal's address without a slash at the end.
    pub address: Arc<str>,
    pub cookie: Option<Arc<str>>,
    pub csrf: Option<Arc<str>>,
    pub bearer: Option<Arc<str>>,
}

impl Person {
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub async fn log_in(&self, username: &str, password: &str) -> Answer {
        self.post("/api/v1/login", json!({"username": username, "password": password})).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::of(request).await
    }

    /// A request with this person's credentials, for a test that changes it further.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let is_safe = method == Method::GET || method == Method::HEAD;
        let mut request = self.client.request(method, format!("{}{path}", self.address));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", &**cookie);
        }
        if let (Some(csrf), false) = (&self.csrf, is_safe) {
            request = request.header("x-csrf-token", &**csrf);
        }
        if let Some(token) = &self.bearer {
            request = request.bearer_auth(token);
        }
        request
    }

    /// The same person with an API token instead of a cookie.
    pub async fn with_token(&self) -> Person {
        let answer = self.post("/api/v1/tokens", json!({"name": "test"})).await;
        answer.expect(StatusCode::CREATED);
        let bearer = answer.json()["token"].as_str().unwrap().into();
        Person { cookie: None, csrf: None, bearer: Some(bearer), ..self.clone() }
    }

    pub async fn id(&self) -> String {
        self.get("/api/v1/me").await.json()["id"].as_str().unwrap().to_owned()
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("the portal answers");
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.expect("the answer ends").to_vec();
        Self { status, headers, body }
    }

    /// # Panics
    ///
    /// When it is another status.
    #[track_caller]
    pub fn expect(&self, status: StatusCode) -> &Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// `name=value` of the session cookie that it sets.
    pub fn cookie(&self) -> Option<String> {
        let set = self.headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        set.filter_map(|line| line.split(';').next()).find(|pair| pair.contains("mn_sid=")).map(str::to_owned)
    }

    /// The fields that a problem names.
    #[track_caller]
    pub fn fields(&self) -> Vec<String> {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text());
        let json = self.json();
        let errors = json["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }
}

/// Asks until there is an answer.
///
/// # Panics
///
/// When there is none within `patience`.
pub async fn eventually<T, F: Future<Output = Option<T>>>(patience: Duration, ask: impl Fn() -> F) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    tokio::time::timeout(patience, asking).await.expect("it happens in time")
}

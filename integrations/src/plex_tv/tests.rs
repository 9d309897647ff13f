//! The client against recorded answers.

use std::sync::{Arc, Mutex};

use domain::breaker::Rules;
use http::header::ACCEPT;
use serde_json::json;
use url::Url;

use super::*;
use crate::breaker::Keeper;
use crate::test_server::{TestServer, reply};

/// What was recorded: requests of python-plexapi, and answers in JSON.
const CAPTURES: &[(&str, &str)] = &[
    ("pin_short", include_str!("../../tests/data/plex/plexapi_tv_pin_short.json")),
    ("pin_strong", include_str!("../../tests/data/plex/plexapi_tv_pin_strong_and_auth_url.json")),
    ("pin_unclaimed", include_str!("../../tests/data/plex/plexapi_tv_pin_unclaimed.json")),
    ("pin_claimed", include_str!("../../tests/data/plex/plexapi_tv_pin_claimed.json")),
    ("pin_background_poll", include_str!("../../tests/data/plex/plexapi_tv_pin_background_poll.json")),
    ("pin_unknown", include_str!("../../tests/data/plex/plexapi_tv_pin_unknown_404.json")),
    ("pin_bound", include_str!("../../tests/data/plex/plexapi_tv_pin_bound_to_client.json")),
    ("user", include_str!("../../tests/data/plex/plexapi_tv_user.json")),
    ("user_bad_token", include_str!("../../tests/data/plex/plexapi_tv_user_bad_token_401.json")),
    ("resources", include_str!("../../tests/data/plex/plexapi_tv_resources.json")),
    ("users_and_shares", include_str!("../../tests/data/plex/plexapi_tv_users_and_shares.json")),
    ("friend_is_member", include_str!("../../tests/data/plex/plexapi_tv_friend_is_member.json")),
    ("stranger_is_not", include_str!("../../tests/data/plex/plexapi_tv_stranger_is_not.json")),
    ("ping", include_str!("../../tests/data/plex/plexapi_tv_ping.json")),
    ("json_pin_create", include_str!("../../tests/data/plex/json_pin_create.json")),
    ("json_pin_unclaimed", include_str!("../../tests/data/plex/json_pin_poll_unclaimed.json")),
    ("json_pin_claimed", include_str!("../../tests/data/plex/json_pin_poll_claimed.json")),
    ("json_pin_expired", include_str!("../../tests/data/plex/json_pin_expired.json")),
    ("json_pin_no_client_id", include_str!("../../tests/data/plex/json_pin_no_client_id.json")),
    ("json_pin_rate_limited", include_str!("../../tests/data/plex/json_pin_rate_limited.json")),
    ("json_user", include_str!("../../tests/data/plex/json_user.json")),
    ("json_user_401", include_str!("../../tests/data/plex/json_user_401.json")),
    ("json_resources_owner", include_str!("../../tests/data/plex/json_resources_owner.json")),
    ("json_resources_friend", include_str!("../../tests/data/plex/json_resources_friend.json")),
    ("json_resources_stranger", include_str!("../../tests/data/plex/json_resources_stranger.json")),
];

const MACHINE: &str = "fakefakefakefakefakefakefakefakefakefake";

/// One recorded exchange with plex.tv.
#[derive(Clone)]
struct Exchange {
    method: String,
    path: String,
    status: u16,
    body: String,
}

fn exchanges(name: &str) -> Vec<Exchange> {
    let (_, text) = CAPTURES.iter().find(|(known, _)| *known == name).expect("a capture");
    let capture: Value = serde_json::from_str(text).unwrap();
    let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if let Some(request) = capture.get("request") {
        return vec![Exchange {
            method: words(&request["method"]),
            path: words(&request["path"]),
            status: capture["status"].as_u64().unwrap() as u16,
            body: capture["response"].to_string(),
        }];
    }
    let all = capture["exchanges"].as_array().unwrap().iter();
    let of_tv = all.filter(|exchange| words(&exchange["original_url"]).starts_with("https://plex.tv"));
    let exchange = |exchange: &Value| Exchange {
        method: words(&exchange["method"]),
        path: words(&exchange["url"]),
        status: exchange["status"].as_u64().unwrap() as u16,
        body: words(&exchange["response_body"]),
    };
    of_tv.map(exchange).collect()
}

/// plex.tv, as `answer` says it answers.
struct Stage {
    tv: PlexTv,
    server: TestServer,
    /// Of every request: method and path, then the headers that matter.
    seen: Arc<Mutex<Vec<(String, http::HeaderMap)>>>,
    _keeper: Keeper,
}

impl Stage {
    async fn with(answer: impl Fn(usize, &str) -> (u16, String) + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<(String, http::HeaderMap)>>> = Arc::default();
        let log = seen.clone();
        let server = TestServer::start(move |number, request| {
            let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
            log.lock().unwrap().push((format!("{} {path}", request.method()), request.headers().clone()));
            let (status, body) = answer(number, &path);
            async move { reply(status, &[], body) }
        })
        .await;
        let gate = Gate::new();
        let keeper = gate.install(Rules::default(), |_| {});
        let at = |path: &str| AdminUrl::parse(&server.url(path)).unwrap();
        let addresses = Addresses { tv: at(""), clients: at("/clients"), auth: at("/auth") };
        let tv = PlexTv::new(addresses, Transport::new().unwrap(), gate);
        Self { tv, server, seen, _keeper: keeper }
    }

    async fn answering(status: u16, body: impl Into<String>) -> Self {
        let body = body.into();
        Self::with(move |_, _| (status, body.clone())).await
    }

    /// Plays back the last exchange of a capture.
    async fn playing(name: &str) -> Self {
        let last = exchanges(name).pop().expect("an exchange with plex.tv");
        Self::answering(last.status, last.body).await
    }

    fn asked(&self, nth: usize) -> (String, http::HeaderMap) {
        self.seen.lock().unwrap()[nth].clone()
    }
}

fn token() -> Secret {
    Secret::new("tok")
}

/// What our reading of an exchange comes to, in a word.
async fn read(exchange: &Exchange) -> String {
    let stage = Stage::answering(exchange.status, exchange.body.clone()).await;
    let tv = &stage.tv;
    let path = exchange.path.split('?').next().unwrap().trim_end_matches('/');
    let word = |claimed: bool| if claimed { "claimed" } else { "waiting" }.to_owned();
    let result = match (exchange.method.as_str(), path) {
        ("POST", "/api/v2/pins") => tv.create_pin("c", false).await.map(|pin| word(pin.token.is_some())),
        ("GET", "/api/v2/user") => tv.user("c", &token()).await.map(|who| who.account.name),
        ("GET", "/api/v2/ping") => tv.ping("c", &token()).await.map(|()| "alive".to_owned()),
        ("GET", "/api/v2/resources") => tv.servers("c", &token()).await.map(|servers| {
            let each = servers.iter().map(|server| {
                format!("{} {}", server.name, if server.is_owned { "owned" } else { "shared" })
            });
            each.collect::<Vec<_>>().join(", ")
        }),
        ("GET", "/api/users") => {
            let older = exchange.body.clone();
            let older = Stage::with(move |_, path| match path {
                "/api/users" => (200, older.clone()),
                _ => (
                    410,
                    "<Response code=\"410\" status=\"This endpoint was deprecated and removed\"/>".into(),
                ),
            });
            let guests = older.await.tv.guests("c", &token(), MACHINE).await;
            guests.map(|guests| guests.into_iter().map(|guest| guest.name).collect())
        }
        ("GET", pin) if pin.starts_with("/api/v2/pins/") => {
            tv.poll_pin("c", 1).await.map(|pin| word(pin.token.is_some()))
        }
        other => panic!("an exchange of another kind: {other:?}"),
    };
    result.unwrap_or_else(|error| format!("{error:?}"))
}

#[tokio::test]
async fn every_recorded_answer_is_understood() {
    for (name, expected) in [
        ("pin_short", "waiting"),
        ("pin_strong", "waiting"),
        ("pin_unclaimed", "waiting"),
        ("pin_claimed", "claimed"),
        ("pin_background_poll", "claimed"),
        ("pin_unknown", "PinGone"),
        ("pin_bound", "PinGone"),
        ("user", "alex"),
        ("user_bad_token", "TokenRefused"),
        ("resources", "Fake Nest owned"),
        ("users_and_shares", "sam"),
        ("friend_is_member", "Fake Nest shared"),
        ("stranger_is_not", ""),
        ("ping", "alive"),
        ("json_pin_create", "waiting"),
        ("json_pin_unclaimed", "waiting"),
        ("json_pin_claimed", "claimed"),
        ("json_pin_expired", "PinGone"),
        ("json_pin_no_client_id", "Refused { status: 400, code: 1000 }"),
        ("json_pin_rate_limited", "Throttled { retry_in: 1s }"),
        ("json_user", "alex"),
        ("json_user_401", "TokenRefused"),
        ("json_resources_owner", "Fake Nest owned"),
        ("json_resources_friend", "Fake Nest shared"),
        ("json_resources_stranger", ""),
    ] {
        let mut words = Vec::new();
        for exchange in exchanges(name) {
            words.push(read(&exchange).await);
        }
        assert_eq!(words.last().map(String::as_str), Some(expected), "{name}: {words:?}");
    }
}

#[tokio::test]
async fn a_pin_is_made_and_asked_about_with_one_identifier() {
    let stage = Stage::playing("json_pin_create").await;

    let pin = stage.tv.create_pin("client-1", false).await.unwrap();
    stage.tv.create_pin("client-1", true).await.unwrap();
    stage.tv.poll_pin("client-1", pin.number).await.unwrap();

    assert_eq!((pin.number, pin.code.expose()), (5_362_129_610, "t9rdljgjt3yfgfavagq2pcmqy"));
    assert_eq!(pin.expires_in, Duration::from_secs(1800));
    for (nth, line) in ["POST /api/v2/pins?strong=true", "POST /api/v2/pins", "GET /api/v2/pins/5362129610"]
        .iter()
        .enumerate()
    {
        let (asked, headers) = stage.asked(nth);
        assert_eq!(asked, *line);
        assert_eq!(headers[CLIENT_HEADER], "client-1");
        assert_eq!(headers[PRODUCT_HEADER], PRODUCT);
        assert_eq!(headers[ACCEPT], "application/json");
        assert!(!headers.contains_key(TOKEN_HEADER), "nobody is known yet");
    }
}

#[tokio::test]
async fn a_pin_is_good_for_as_long_as_plex_says_whatever_our_clock_says() {
    for (pin, seconds) in [
        (
            json!({"createdAt": "2001-01-01T00:00:00Z", "expiresAt": "2001-01-01T00:05:00Z", "expiresIn": 9}),
            300,
        ),
        (json!({"expiresIn": 120}), 120),
        (json!({"expiresIn": "120"}), 120),
        (json!({"expiresAt": "soon"}), 900),
        (json!({"expiresIn": 999_999}), 3600),
    ] {
        let mut pin = pin;
        pin["id"] = json!(1);
        pin["code"] = json!("K7QD");
        let stage = Stage::answering(201, pin.to_string()).await;
        assert_eq!(
            stage.tv.create_pin("c", true).await.unwrap().expires_in,
            Duration::from_secs(seconds),
            "{pin}"
        );
    }
}

#[tokio::test]
async fn only_401_says_that_a_token_is_dead() {
    for (status, body, expected) in [
        (401, "", "TokenRefused"),
        (498, "", "TokenExpired"),
        (404, r#"{"errors":[{"code":1002,"message":"…","status":404}]}"#, "NotThere"),
        (410, "<Response code=\"410\"/>", "Removed"),
        (403, "<html>", "Refused { status: 403, code: 0 }"),
        (422, "", "Refused { status: 422, code: 0 }"),
        (429, "", "Throttled"),
        (500, "", "Away(Failed"),
        (302, "", "Away(Redirected"),
        (200, "<html><body>captive portal</body></html>", "Away(Garbled"),
        (200, "{\"id\":", "Away(Garbled"),
        (200, "{}", "Away(Garbled"),
    ] {
        let stage = Stage::answering(status, body).await;
        let error = stage.tv.user("c", &token()).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(expected), "{status} {body}: {error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_does_not_say_that_nothing_is_shared() {
    for body in ["{}", "null", "{\"resources\":[]}", "<html></html", "42"] {
        let stage = Stage::answering(200, body).await;
        assert!(matches!(stage.tv.servers("c", &token()).await, Err(Error::Away(_))), "{body}");
    }
    let odd = json!([{"provides": "player"}, {"provides": "client,server", "clientIdentifier": "m", "owned": "1"}, 7]);
    let stage = Stage::answering(200, odd.to_string()).await;
    let servers = stage.tv.servers("c", &token()).await.unwrap();
    assert_eq!(
        servers.iter().map(|server| (server.machine.as_str(), server.is_owned)).collect::<Vec<_>>(),
        [("m", true)]
    );
    assert!(servers[0].token.is_none());
}

#[tokio::test]
async fn a_managed_person_has_neither_name_nor_address() {
    let managed = json!({
        "id": 23456, "uuid": "aaaa", "username": "", "title": "Kid", "email": "", "friendlyName": "Kid",
        "restricted": true, "guest": false, "home": true, "subscription": {"active": false, "plan": null},
    });
    let stage = Stage::answering(200, managed.to_string()).await;

    let who = stage.tv.user("c", &token()).await.unwrap();

    assert_eq!((who.account.name.as_str(), who.account.email), ("Kid", None));
    assert!(!who.has_plex_pass);
    let (_, headers) = stage.asked(0);
    assert_eq!(headers[TOKEN_HEADER], "tok");
}

#[tokio::test]
async fn guests_are_those_of_our_server() {
    let shares = json!([
        {"machineIdentifier": "m", "invitedId": 3, "invited": {"id": 3, "username": "sam", "email": "sam@example.test"}},
        {"machineIdentifier": "m", "invitedId": 4, "invited": {"title": "Kid", "username": "", "email": null}},
        {"machineIdentifier": "other", "invited": {"id": 5, "username": "lee"}},
        {"machineIdentifier": "m", "invited": {"id": 3, "username": "sam"}},
        {"machineIdentifier": "m", "invited": null},
    ]);
    let stage = Stage::answering(200, shares.to_string()).await;

    let guests = stage.tv.guests("c", &token(), "m").await.unwrap();

    let names: Vec<_> = guests.iter().map(|guest| (guest.id.0, guest.name.as_str())).collect();
    assert_eq!(names, [(3, "sam"), (4, "Kid")]);
    assert_eq!(stage.asked(0).0, "GET /clients/api/v2/shared_servers/owned/accepted");
    assert_eq!(stage.server.hits(), 1);
}

#[tokio::test]
async fn the_approval_page_carries_everything_behind_the_number_sign() {
    let stage = Stage::answering(200, "").await;
    let code = Secret::new("a b");

    let page =
        stage.tv.approval_page("client 1", &code, "https://media.example/nest/login/plex/back?s=1&x=y");

    let url = Url::parse(&page).unwrap();
    assert_eq!((url.path(), url.query()), ("/auth", None));
    let fragment = url.fragment().unwrap().strip_prefix('?').unwrap();
    let pairs: Vec<_> = url::form_urlencoded::parse(fragment.as_bytes()).into_owned().collect();
    let of = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!((of("clientID"), of("code")), (Some("client 1"), Some("a b")));
    assert_eq!(of("context[device][product]"), Some(PRODUCT));
    assert_eq!(of("forwardUrl"), Some("https://media.example/nest/login/plex/back?s=1&x=y"));
    assert!(page.contains("context%5Bdevice%5D%5Bproduct%5D=MediaNest"), "{page}");
    assert!(stage.tv.link_page(&Secret::new("K7QD")).ends_with("/link/?pin=K7QD"));
    assert!(stage.tv.link_words().ends_with("/link"));
}

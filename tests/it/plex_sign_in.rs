//! Signing in with Plex, against a plex.tv and a media server of our own.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use sandbox::plex::{Options, Plex};
use sandbox::world::World;
use serde_json::{Value, json};

use super::house::{Answer, PASSWORD, Person, Portal, eventually};

const PATIENCE: Duration = Duration::from_secs(15);

/// A portal whose Plex is the stand-in, with its first admin.
async fn house(options: Options) -> (Portal, Person, Plex) {
    let plex = Plex::start(&World::new(), options).await.unwrap();
    let portal = Portal::with(|settings| {
        settings.api_per_minute = None;
        settings.plex_tv_url = plex.tv_url.parse().unwrap();
        settings.plex_clients_url = plex.tv_url.parse().unwrap();
        settings.plex_auth_url = plex.auth_url.parse().unwrap();
    })
    .await;
    let admin = portal.set_up().await;
    add_plex(&admin, &plex).await;
    (portal, admin, plex)
}

async fn add_plex(admin: &Person, plex: &Plex) {
    let body = json!({"name": "plex", "kind": "plex", "url": plex.server_url, "interval": "30s"});
    admin.post("/api/v1/services", body).await.expect(StatusCode::CREATED);
}

/// A browser without script: it keeps cookies and sends forms.
#[derive(Clone)]
struct Browser {
    person: Person,
    cookies: BTreeMap<String, String>,
    is_htmx: bool,
}

impl Browser {
    fn new(portal: &Portal) -> Self {
        Self { person: portal.anybody(), cookies: BTreeMap::new(), is_htmx: false }
    }

    /// With the session of `person`.
    fn of(person: &Person) -> Self {
        let mut cookies = BTreeMap::new();
        let (name, value) = person.cookie.as_deref().unwrap().split_once('=').unwrap();
        cookies.insert(name.to_owned(), value.to_owned());
        Self { person: Person { cookie: None, ..person.clone() }, cookies, is_htmx: false }
    }

    async fn send(&mut self, method: Method, path: &str, form: &[(&str, &str)]) -> Answer {
        let mut request = self.person.request(method.clone(), path);
        let line: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request = request.header("cookie", line.join("; "));
        if self.is_htmx {
            request = request.header("hx-request", "true");
        }
        if method == Method::POST {
            request = request.form(form);
        }
        let answer = Answer::of(request).await;
        for line in answer.headers.get_all("set-cookie") {
            let (name, rest) = line.to_str().unwrap().split_once('=').unwrap();
            assert!(rest.contains("; HttpOnly; SameSite=Lax"), "{name}");
            match rest.split(';').next().unwrap() {
                "" => drop(self.cookies.remove(name)),
                value => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        answer
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[]).await
    }

    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, path, form).await
    }

    /// Begins, and says where it is approved: the code, and the way back.
    async fn begin(&mut self, path: &str, form: &[(&str, &str)]) -> (String, String) {
        let page = self.post(path, form).await;
        page.expect(StatusCode::OK);
        let text = page.text().replace("&#38;", "&").replace("&amp;", "&");
        let link = text.split('"').find(|part| part.contains("#?")).expect("a link to Plex");
        let (_, fragment) = link.split_once("#?").unwrap();
        let value = |name: &str| {
            let pairs = url::form_urlencoded::parse(fragment.as_bytes()).into_owned();
            pairs.into_iter().find(|(known, _)| known == name).unwrap().1
        };
        let forward = value("forwardUrl");
        let back = forward.strip_prefix(&*self.person.address).expect("the way back leads to us").to_owned();
        (value("code"), back)
    }

    /// Finishes as soon as that does anything.
    async fn finish(&mut self) -> Answer {
        tokio::time::timeout(PATIENCE, async {
            loop {
                let answer = self.post("/login/plex/finish", &[]).await;
                answer.expect(StatusCode::SEE_OTHER);
                let page = self.get(answer.header("location").unwrap()).await;
                if !page.text().contains("id=\"plex-wait\"") {
                    return if page.text().contains("id=\"plex-refused\"") { page } else { answer };
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
        .await
        .expect("it is finished in time")
    }

    async fn me(&mut self) -> Option<Value> {
        let answer = self.get("/api/v1/me").await;
        (answer.status == StatusCode::OK).then(|| answer.json())
    }
}

/// Somebody comes in with Plex; `slug` is who they are there.
async fn come_in(portal: &Portal, plex: &Plex, slug: &str) -> (Browser, Answer) {
    let mut browser = Browser::new(portal);
    let (code, back) = browser.begin("/login/plex", &[]).await;
    assert!(plex.shelf().approve(&code, slug));
    browser.get(&back).await.expect(StatusCode::OK);
    let answer = browser.finish().await;
    (browser, answer)
}

fn pollers(portal: &Portal) -> usize {
    portal.inner.app.system.dynamic("sign-ins/pins").names().len()
}

fn refusal(answer: &Answer) -> Option<String> {
    let text = answer.text();
    Some(text.split("data-refusal=\"").nth(1)?.split('"').next()?.to_owned())
}

#[tokio::test]
async fn a_friend_comes_in_and_sees_the_server_as_themselves() {
    let (portal, _, plex) = house(Options::default()).await;
    let mut browser = Browser::new(&portal);
    assert!(browser.get("/login").await.text().contains("Continue with Plex"));

    let (code, back) = browser.begin("/login/plex", &[("next", "/downloads")]).await;
    let waiting = browser.get(&back).await;
    waiting.expect(StatusCode::OK);
    assert!(waiting.headers.get("set-cookie").is_none(), "coming back sets nothing");
    assert!(plex.shelf().approve(&code, "friend"));
    let answer = browser.finish().await;

    assert!(answer.header("location").unwrap().ends_with("/downloads"));
    let me = browser.me().await.expect("signed in");
    assert_eq!((&me["role"], &me["plex_username"]), (&json!("user"), &json!("mia.k")));
    assert_eq!(me["username"], "mia.k");
    let id = me["id"].as_str().unwrap().parse().unwrap();
    let access = portal.inner.app.reader.plex_access(id).await.unwrap().expect("a token for the server");
    assert_ne!(access.server_token.expose(), plex.owner_token);
    eventually(PATIENCE, || async { (pollers(&portal) == 0).then_some(()) }).await;
    // Again: the same account.
    let (mut again, _) = come_in(&portal, &plex, "friend").await;
    assert_eq!(again.me().await.unwrap()["id"], me["id"]);
    portal.stop().await;
}

#[tokio::test]
async fn the_owner_becomes_an_admin_and_a_stranger_hears_why_not() {
    let (portal, admin, plex) = house(Options::default()).await;

    let (mut owner, _) = come_in(&portal, &plex, "owner").await;
    assert_eq!(owner.me().await.unwrap()["role"], "admin");

    let (mut stranger, answer) = come_in(&portal, &plex, "stranger").await;
    assert!(matches!(refusal(&answer).as_deref(), Some("no-share" | "wrong-server")), "{}", answer.text());
    assert!(stranger.me().await.is_none());
    let people = admin.get("/api/v1/users").await.json()["items"].as_array().unwrap().len();
    assert_eq!(people, 2, "no account is made for a stranger");
    portal.stop().await;
}

#[tokio::test]
async fn a_disabled_person_stays_out() {
    let (portal, admin, plex) = house(Options::default()).await;
    let (mut browser, _) = come_in(&portal, &plex, "friend").await;
    let id = browser.me().await.unwrap()["id"].as_str().unwrap().to_owned();

    admin.patch(&format!("/api/v1/users/{id}"), json!({"enabled": false})).await.expect(StatusCode::OK);

    let (mut again, answer) = come_in(&portal, &plex, "friend").await;
    assert_eq!(refusal(&answer).as_deref(), Some("disabled"));
    assert!(again.me().await.is_none());
    portal.stop().await;
}

#[tokio::test]
async fn a_sign_in_belongs_to_the_browser_that_began_it_and_is_good_once() {
    let (portal, _, plex) = house(Options::default()).await;
    let mut victim = Browser::new(&portal);
    let (code, back) = victim.begin("/login/plex", &[]).await;
    let mut thief = Browser::new(&portal);

    thief.get(&back).await.expect(StatusCode::FORBIDDEN);
    assert!(plex.shelf().approve(&code, "friend"));
    let pin = back.split("s=").nth(1).unwrap();
    for cookie in [pin, "", "x", &"A".repeat(43)] {
        thief.cookies.insert("mn_plex".to_owned(), cookie.to_owned());
        let answer = thief.post("/login/plex/finish", &[("s", pin), ("id", pin)]).await;
        assert!(answer.header("location").unwrap().ends_with("/login"), "{cookie}");
    }
    assert!(thief.me().await.is_none());

    let replay = victim.clone();
    victim.finish().await;
    assert!(victim.me().await.is_some());
    let mut replay = Browser { cookies: replay.cookies, ..Browser::new(&portal) };
    let answer = replay.post("/login/plex/finish", &[]).await;
    assert!(answer.header("location").unwrap().ends_with("/login"), "the second one gets nothing");
    assert!(replay.me().await.is_none());
    portal.stop().await;
}

#[tokio::test]
async fn of_fifty_that_finish_at_once_one_comes_in() {
    let (portal, _, plex) = house(Options::default()).await;
    let mut browser = Browser::new(&portal);
    let (code, _) = browser.begin("/login/plex", &[]).await;
    assert!(plex.shelf().approve(&code, "friend"));
    let id = browser.cookies["mn_plex"].clone();
    eventually(PATIENCE, || async { (pollers(&portal) == 0).then_some(()) }).await;

    let all = (0..50).map(|_| {
        let mut browser = browser.clone();
        async move { browser.post("/login/plex/finish", &[]).await.cookie().is_some() }
    });
    let came_in = futures_util::future::join_all(all).await.into_iter().filter(|came_in| *came_in).count();

    assert_eq!((came_in, id.len()), (1, 43));
    portal.stop().await;
}

#[tokio::test]
async fn a_code_is_typed_on_another_device() {
    let (portal, _, plex) = house(Options::default()).await;
    let mut television = Browser::new(&portal);
    let to = television.post("/login/plex/code", &[]).await;
    to.expect(StatusCode::SEE_OTHER);
    let page = television.get(to.header("location").unwrap()).await.text();

    let code = page.split("id=\"plex-code\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(code.len(), 4, "{page}");
    assert!(page.contains(&format!("/link/?pin={code}")));
    television.is_htmx = true;
    let waiting = television.post("/login/plex/finish", &[]).await;
    waiting.expect(StatusCode::OK);
    assert!(waiting.text().contains("The code is good for 14 min"), "{}", waiting.text());
    assert!(plex.shelf().approve(&code, "friend"));

    let answer = tokio::time::timeout(PATIENCE, async {
        loop {
            let answer = television.post("/login/plex/finish", &[]).await;
            if answer.header("hx-redirect").is_some() {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .unwrap();

    assert_eq!(answer.header("hx-redirect"), Some("/"));
    assert!(television.me().await.is_some());
    portal.stop().await;
}

#[tokio::test]
async fn a_pin_that_nobody_approves_leaves_no_poller_behind() {
    let options = Options { pin_lifetime: Some(Duration::from_secs(2)), ..Options::default() };
    let (portal, _, _plex) = house(options).await;
    let mut browser = Browser::new(&portal);
    browser.begin("/login/plex", &[]).await;
    assert_eq!(pollers(&portal), 1);

    let answer = browser.finish().await;

    assert_eq!(refusal(&answer).as_deref(), Some("expired"));
    eventually(Duration::from_secs(5), || async { (pollers(&portal) == 0).then_some(()) }).await;
    portal.stop().await;
}

#[tokio::test]
async fn while_plex_is_down_a_password_still_opens() {
    let (portal, _, plex) = house(Options::default()).await;
    plex.tv_faults.all(sandbox::faults::Kind::Status { status: 503 });
    let mut browser = Browser::new(&portal);

    let answer = browser.post("/login/plex", &[]).await;

    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().contains("Plex does not answer right now"), "{}", answer.text());
    portal.sign_in("ana").await;
    assert_eq!(browser.me().await, None);
    portal.stop().await;
}

#[tokio::test]
async fn plex_going_down_half_way_delays_and_does_not_refuse() {
    let (portal, _, plex) = house(Options::default()).await;
    let mut browser = Browser::new(&portal);
    let (code, back) = browser.begin("/login/plex", &[]).await;
    plex.tv_faults.all(sandbox::faults::Kind::Status { status: 500 });
    plex.shelf().approve(&code, "friend");
    eventually(PATIENCE, || async {
        let page = browser.clone().get(&back).await.text();
        page.contains("Plex does not answer right now").then_some(())
    })
    .await;

    plex.tv_faults.clear();

    let answer = tokio::time::timeout(Duration::from_secs(90), async {
        loop {
            if let Ok(answer) = tokio::time::timeout(PATIENCE, browser.clone().finish()).await {
                return answer;
            }
        }
    });
    assert_eq!(answer.await.unwrap().header("location"), Some("/"));
    portal.stop().await;
}

#[tokio::test]
async fn a_restart_goes_on_with_an_open_sign_in() {
    let (portal, _, plex) = house(Options::default()).await;
    let mut browser = Browser::new(&portal);
    let (code, _) = browser.begin("/login/plex", &[]).await;
    let place = portal.stop().await;

    let portal = Portal::in_place(place, |settings| {
        settings.plex_tv_url = plex.tv_url.parse().unwrap();
        settings.plex_clients_url = plex.tv_url.parse().unwrap();
        settings.plex_auth_url = plex.auth_url.parse().unwrap();
    })
    .await;
    assert_eq!(pollers(&portal), 1);
    assert!(plex.shelf().approve(&code, "friend"));
    let mut browser = Browser { cookies: browser.cookies, ..Browser::new(&portal) };

    browser.finish().await;

    assert!(browser.me().await.is_some());
    portal.stop().await;
}

#[tokio::test]
async fn somebody_links_their_plex_account_and_unlinks_it() {
    let (portal, admin, plex) = house(Options::default()).await;
    let ben = portal.new_person(&admin, "ben", "user").await;
    let mut browser = Browser::of(&ben);
    let (code, _) = browser.begin("/account/plex", &[]).await;
    let mut stranger = Browser { cookies: browser.cookies.clone(), ..Browser::new(&portal) };
    stranger.cookies.remove("mn_sid");
    assert!(plex.shelf().approve(&code, "friend"));

    stranger.post("/login/plex/finish", &[]).await.expect(StatusCode::FORBIDDEN);
    let answer = browser.finish().await;

    assert_eq!(answer.header("location"), Some("/account?done=plex"));
    assert!(browser.get("/account").await.text().contains("Linked to <b>mia.k</b>"));
    let (mut by_plex, _) = come_in(&portal, &plex, "friend").await;
    assert_eq!(by_plex.me().await.unwrap()["username"], "ben");
    browser.post("/account/plex/unlink", &[]).await.expect(StatusCode::SEE_OTHER);
    assert!(browser.get("/account").await.text().contains("Link my Plex account"));
    portal.stop().await;
}

#[tokio::test]
async fn the_owner_is_connected_once_and_their_guests_are_imported() {
    let (portal, admin, plex) = house(Options::default()).await;
    let unconnected = admin.get("/api/v1/users/plex").await;
    unconnected.expect(StatusCode::CONFLICT);
    let mut browser = Browser::of(&admin);
    let (code, _) = browser.begin("/admin/services/plex/plex", &[]).await;
    assert!(plex.shelf().approve(&code, "owner"));

    let answer = browser.finish().await;

    assert_eq!(answer.header("location"), Some("/admin/services/plex?done=plex"));
    let card = admin.get("/api/v1/services").await.json();
    assert_eq!(card["items"][0]["has_api_key"], true, "{card}");
    let guests = admin.get("/api/v1/users/plex").await.json();
    let names: Vec<_> =
        guests["items"].as_array().unwrap().iter().map(|guest| guest["name"].clone()).collect();
    assert!(names.contains(&json!("mia.k")) && names.contains(&json!("jonas_b")), "{guests}");
    let page = browser.get("/admin/users/plex").await.text();
    assert!(page.contains("jonas_b") && page.contains("Import the ticked ones"));
    let mia = guests["items"].as_array().unwrap().iter().find(|guest| guest["name"] == "mia.k").unwrap();
    let field = format!("person-{}", mia["plex_id"]);
    let imported = browser.post("/admin/users/plex", &[(&field, "on"), ("person-99", "on")]).await;
    assert_eq!(imported.header("location"), Some("/admin/users?imported=1"));
    let health = eventually(PATIENCE, || async {
        let page = browser.clone().get("/admin/services/plex").await.text();
        page.contains("plex.tv accepts the token").then_some(page)
    });
    assert!(health.await.contains("Plex Pass"));

    // Signing in as the owner does not end what the portal uses itself.
    come_in(&portal, &plex, "owner").await;
    admin.get("/api/v1/users/plex").await.expect(StatusCode::OK);
    plex.shelf().revoke("owner");
    browser.post("/admin/services/plex/plex/check", &[]).await.expect(StatusCode::SEE_OTHER);
    eventually(PATIENCE, || async {
        browser
            .clone()
            .get("/admin/services/plex")
            .await
            .text()
            .contains("has not accepted the token")
            .then_some(())
    })
    .await;
    portal.stop().await;
}

#[tokio::test]
async fn a_friend_cannot_connect_the_server() {
    let (portal, admin, plex) = house(Options::default()).await;
    let mut browser = Browser::of(&admin);
    let (code, _) = browser.begin("/admin/services/plex/plex", &[]).await;
    assert!(plex.shelf().approve(&code, "friend"));

    let answer = browser.finish().await;

    assert_eq!(refusal(&answer).as_deref(), Some("not-owner"));
    assert_eq!(admin.get("/api/v1/services").await.json()["items"][0]["has_api_key"], false);
    portal.stop().await;
}

#[tokio::test]
async fn who_loses_their_share_is_out_and_a_plex_that_is_down_throws_nobody_out() {
    let (portal, admin, plex) = house(Options::default()).await;
    let (mut browser, _) = come_in(&portal, &plex, "friend").await;
    let id = browser.me().await.unwrap()["id"].as_str().unwrap().to_owned();
    let check = format!("/api/v1/users/{id}/plex/check");

    plex.tv_faults.all(sandbox::faults::Kind::Status { status: 500 });
    admin.post(&check, json!({})).await.expect(StatusCode::SERVICE_UNAVAILABLE);
    assert!(browser.me().await.is_some());
    plex.tv_faults.clear();
    let checked = eventually(Duration::from_secs(60), || async {
        let answer = admin.post(&check, json!({})).await;
        (answer.status == StatusCode::OK).then(|| answer.json())
    });
    assert_eq!(checked.await["membership"], "member");

    plex.shelf().unshare("friend");
    assert_eq!(admin.post(&check, json!({})).await.json()["membership"], "not-shared");
    assert!(browser.me().await.is_none(), "their sessions are over");
    let (_, answer) = come_in(&portal, &plex, "friend").await;
    assert!(refusal(&answer).is_some());

    plex.shelf().share_again("friend");
    come_in(&portal, &plex, "friend").await.0.me().await.expect("they may come in again");
    plex.shelf().revoke("friend");
    assert_eq!(admin.post(&check, json!({})).await.json()["membership"], "sign-in-again");
    portal.stop().await;
}

#[tokio::test]
async fn a_program_signs_in_over_the_api() {
    let (portal, _, plex) = house(Options::default()).await;
    let mut program = Browser::new(&portal);
    let ask = |program: &Browser, path: &str| {
        let line: Vec<_> = program.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        program
            .person
            .request(Method::POST, path)
            .header("cookie", line.join("; "))
            .json(&json!({"code": true}))
    };
    let begun = Answer::of(ask(&program, "/api/v1/login/plex")).await;
    begun.expect(StatusCode::CREATED);
    let set = begun.header("set-cookie").unwrap().split(';').next().unwrap().split_once('=').unwrap();
    program.cookies.insert(set.0.to_owned(), set.1.to_owned());
    let code = begun.json()["code"].as_str().unwrap().to_owned();
    Answer::of(ask(&program, "/api/v1/login/plex/finish")).await.expect(StatusCode::ACCEPTED);
    assert!(plex.shelf().approve(&code, "stranger"));

    let refused = eventually(PATIENCE, || async {
        let answer = Answer::of(ask(&program, "/api/v1/login/plex/finish")).await;
        (answer.status != StatusCode::ACCEPTED).then_some(answer)
    });

    let refused = refused.await;
    refused.expect(StatusCode::FORBIDDEN);
    assert!(refused.json()["detail"].as_str().unwrap().contains("shared"), "{}", refused.text());
    assert_eq!(portal.anybody().log_in("ana", PASSWORD).await.status, StatusCode::OK);
    portal.stop().await;
}

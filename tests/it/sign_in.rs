//! Set-up, sign-in, sign-out, tokens and accounts.

use futures_util::future::join_all;
use medianest::auth::token::Tokens;
use reqwest::StatusCode;
use serde_json::json;

use super::house::{PASSWORD, Person, Portal};

#[tokio::test]
async fn the_first_admin_is_made_once_and_then_the_door_is_gone() {
    let portal = Portal::fresh().await;
    let token = portal.set_up_token();
    let set_up = |token: String, name: &'static str| {
        let anybody = portal.anybody();
        async move {
            anybody
                .post("/api/v1/setup", json!({"token": token, "username": name, "password": PASSWORD}))
                .await
        }
    };

    let wrong = set_up("x".repeat(43), "mallory").await;
    wrong.expect(StatusCode::FORBIDDEN);
    assert_eq!(wrong.fields(), ["token"]);

    let attempts = join_all((0..50).map(|_| set_up(token.clone(), "ana"))).await;
    let made = attempts.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    assert_eq!(made, 1);
    assert!(attempts.iter().all(|answer| answer.status.as_u16() < 500), "{attempts:?}");

    set_up(token.clone(), "ben").await.expect(StatusCode::NOT_FOUND);
    assert!(!portal.set_up_token_file().exists());

    let again = Portal::in_place(portal.stop().await, |_| {}).await;
    assert_eq!(again.inner.set_up_link(), None);
    let body = json!({"token": token, "username": "ben", "password": PASSWORD});
    again.anybody().post("/api/v1/setup", body).await.expect(StatusCode::NOT_FOUND);
    again.sign_in("ana").await;
    again.stop().await;
}

#[tokio::test]
async fn signing_in_gives_a_session_and_signing_out_ends_it_on_the_server() {
    let (portal, _) = Portal::start().await;

    let answer = portal.anybody().log_in("ANA", PASSWORD).await;
    answer.expect(StatusCode::OK);
    assert_eq!(answer.json()["user"]["role"], "admin");
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("mn_sid="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax"), "{cookie}");
    assert!(cookie.len() < 4096);

    let ana = portal.person_of(&answer);
    ana.get("/api/v1/me").await.expect(StatusCode::OK);
    let bye = ana.post("/api/v1/logout", json!({})).await;
    bye.expect(StatusCode::NO_CONTENT);
    assert!(bye.header("set-cookie").unwrap().contains("Max-Age=0"));
    ana.get("/api/v1/me").await.expect(StatusCode::UNAUTHORIZED);
    portal.stop().await;
}

#[tokio::test]
async fn a_new_sign_in_ends_the_session_that_the_browser_had() {
    let (portal, before) = Portal::start().await;

    let request = portal.anybody().request(reqwest::Method::POST, "/api/v1/login");
    let request = request.header("cookie", &*before.cookie.clone().unwrap());
    let answer =
        super::house::Answer::of(request.json(&json!({"username": "ana", "password": PASSWORD}))).await;

    answer.expect(StatusCode::OK);
    assert_ne!(answer.cookie().as_deref(), before.cookie.as_deref());
    before.get("/api/v1/me").await.expect(StatusCode::UNAUTHORIZED);
    portal.person_of(&answer).get("/api/v1/me").await.expect(StatusCode::OK);
    portal.stop().await;
}

#[tokio::test]
async fn the_sixth_wrong_password_has_to_wait_however_the_name_is_written() {
    let (portal, admin) = Portal::start().await;
    portal.new_person(&admin, "Ben", "user").await;
    for name in ["ben", "Ben", "BEN", " ben ", "bEn"] {
        portal.anybody().log_in(name, "wrong password").await.expect(StatusCode::UNAUTHORIZED);
    }

    let sixth = portal.anybody().log_in("ben", PASSWORD).await;

    sixth.expect(StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = sixth.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=300).contains(&wait), "{wait}");
    portal.sign_in("ana").await;
    portal.stop().await;
}

#[tokio::test]
async fn nobody_can_tell_an_unknown_name_from_a_wrong_password() {
    let (portal, admin) = Portal::start().await;
    let ben = portal.new_person(&admin, "ben", "user").await;
    let id = ben.id().await;
    admin.patch(&format!("/api/v1/users/{id}"), json!({"enabled": false})).await.expect(StatusCode::OK);

    let unknown = portal.anybody().log_in("nobody", PASSWORD).await;
    let wrong = portal.anybody().log_in("ana", "wrong password").await;
    let disabled = portal.anybody().log_in("ben", PASSWORD).await;

    for answer in [&unknown, &wrong, &disabled] {
        answer.expect(StatusCode::UNAUTHORIZED);
        assert_eq!(answer.json()["detail"], unknown.json()["detail"]);
        assert_eq!(answer.body.len(), unknown.body.len());
        assert!(answer.cookie().is_none());
    }
    portal.stop().await;
}

#[tokio::test]
async fn a_disabled_person_is_out_and_a_changed_role_counts_at_once() {
    let (portal, admin) = Portal::start().await;
    let ben = portal.new_person(&admin, "ben", "user").await;
    let ben_by_token = ben.with_token().await;
    let path = format!("/api/v1/users/{}", ben.id().await);
    ben.get("/api/v1/users").await.expect(StatusCode::FORBIDDEN);

    admin.patch(&path, json!({"role": "admin"})).await.expect(StatusCode::OK);
    portal.sign_in("ben").await.get("/api/v1/users").await.expect(StatusCode::OK);

    admin.patch(&path, json!({"role": "user"})).await.expect(StatusCode::OK);
    let ben = portal.sign_in("ben").await;
    ben.get("/api/v1/users").await.expect(StatusCode::FORBIDDEN);

    admin.patch(&path, json!({"enabled": false})).await.expect(StatusCode::OK);
    ben.get("/api/v1/me").await.expect(StatusCode::UNAUTHORIZED);
    ben_by_token.get("/api/v1/me").await.expect(StatusCode::UNAUTHORIZED);
    portal.stop().await;
}

#[tokio::test]
async fn the_last_admin_stays_an_admin() {
    let (portal, admin) = Portal::start().await;
    let path = format!("/api/v1/users/{}", admin.id().await);

    for (patch, field) in [(json!({"role": "user"}), "role"), (json!({"enabled": false}), "enabled")] {
        let answer = admin.patch(&path, patch).await;
        answer.expect(StatusCode::CONFLICT);
        assert_eq!(answer.fields(), [field]);
    }

    admin.get("/api/v1/users").await.expect(StatusCode::OK);
    portal.stop().await;
}

#[tokio::test]
async fn an_api_token_works_until_it_is_deleted_and_is_shown_once() {
    let (portal, ana) = Portal::start().await;

    let made = ana.post("/api/v1/tokens", json!({"name": "backup script"})).await;
    made.expect(StatusCode::CREATED);
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let program = Person { cookie: None, csrf: None, bearer: Some(token.as_str().into()), ..ana.clone() };
    program.post("/api/v1/tokens", json!({"name": "no CSRF token needed"})).await.expect(StatusCode::CREATED);

    let list = ana.get("/api/v1/tokens").await;
    assert_eq!(list.json()["items"].as_array().unwrap().len(), 2);
    assert!(!list.text().contains(&token));

    let path = format!("/api/v1/tokens/{}", made.json()["id"].as_str().unwrap());
    ana.delete(&path).await.expect(StatusCode::NO_CONTENT);
    program.get("/api/v1/me").await.expect(StatusCode::UNAUTHORIZED);
    ana.delete(&path).await.expect(StatusCode::NOT_FOUND);
    portal.stop().await;
}

#[tokio::test]
async fn a_token_of_somebody_else_is_not_there() {
    let (portal, ana) = Portal::start().await;
    let ben = portal.new_person(&ana, "ben", "user").await;
    let made = ana.post("/api/v1/tokens", json!({"name": "mine"})).await;
    let path = format!("/api/v1/tokens/{}", made.json()["id"].as_str().unwrap());

    ben.delete(&path).await.expect(StatusCode::NOT_FOUND);

    assert_eq!(ben.get("/api/v1/tokens").await.json()["items"], json!([]));
    ana.delete(&path).await.expect(StatusCode::NO_CONTENT);
    portal.stop().await;
}

#[tokio::test]
async fn a_cookie_signed_with_another_key_is_nobody() {
    let (portal, ana) = Portal::start().await;
    let forged = Tokens::new(&[1; 32], "k1").issue(
        domain::SessionId::generate(),
        ana.id().await.parse().unwrap(),
        0,
        domain::Timestamp::now(),
    );

    for text in [forged.as_str(), "", "a.b.c", "../../etc/passwd", "%00"] {
        let cookie = format!("mn_sid={text}").into();
        let person = Person { cookie: Some(cookie), ..portal.anybody() };
        person.get("/api/v1/me").await.expect(StatusCode::UNAUTHORIZED);
    }
    portal.stop().await;
}

#[tokio::test]
async fn a_list_of_people_comes_in_pages() {
    let (portal, admin) = Portal::start().await;
    for name in ["ben", "cleo", "dora", "emil"] {
        let body = json!({"username": name, "password": PASSWORD, "role": "user"});
        admin.post("/api/v1/users", body).await.expect(StatusCode::CREATED);
    }

    let mut names = Vec::new();
    let mut path = "/api/v1/users?limit=2".to_owned();
    loop {
        let page = admin.get(&path).await.json();
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|user| user["username"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/users?limit=2&after={next}");
    }

    assert_eq!(names, ["ana", "ben", "cleo", "dora", "emil"]);
    portal.stop().await;
}

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::*;

const KEY: [u8; 32] = [7; 32];

fn tokens() -> Tokens {
    Tokens::new(&KEY, "k1")
}

fn now() -> i64 {
    Timestamp::now().as_millis() / 1000
}

fn right_header() -> Value {
    json!({"typ": "mn-session", "alg": "HS256", "kid": "k1"})
}

fn right_claims() -> Value {
    json!({
        "iss": "medianest", "aud": "medianest", "sub": UserId::generate(), "sid": SessionId::generate(),
        "epoch": 3, "iat": now(), "nbf": now(), "exp": now() + 600,
    })
}

fn part(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn signed_with(key: &[u8], header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", part(header.to_string()), part(claims.to_string()));
    let mut mac = <Hmac<Sha256>>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", part(mac.finalize().into_bytes()))
}

fn with(mut value: Value, key: &str, new: Value) -> Value {
    value[key] = new;
    value
}

fn without(mut value: Value, key: &str) -> Value {
    value.as_object_mut().unwrap().remove(key);
    value
}

#[test]
fn a_token_of_ours_says_what_it_was_issued_for() {
    let (sid, user) = (SessionId::generate(), UserId::generate());

    let token = tokens().issue(sid, user, 3, Timestamp::now());
    let claims = tokens().read(&token).unwrap();

    assert_eq!((claims.sid, claims.sub, claims.epoch), (sid, user, 3));
    assert!(!tokens().is_aged(&claims));
    assert!(token.len() < LONGEST);
    assert!(tokens().read(&signed_with(&KEY, &right_header(), &right_claims())).is_some());
}

#[test]
fn a_token_ends_with_its_session() {
    let old = Timestamp::now() - (ABSOLUTE - Duration::from_secs(100));

    let claims = tokens().read(&tokens().issue(SessionId::generate(), UserId::generate(), 0, old)).unwrap();

    assert!((90..=100).contains(&(claims.exp - now())), "{}", claims.exp - now());
}

#[test]
fn a_token_with_a_strange_header_is_refused() {
    let header = right_header;
    for (what, header) in [
        ("alg none", with(header(), "alg", json!("none"))),
        ("alg None", with(header(), "alg", json!("None"))),
        ("alg HS512", with(header(), "alg", json!("HS512"))),
        ("alg RS256", with(header(), "alg", json!("RS256"))),
        ("alg ES256", with(header(), "alg", json!("ES256"))),
        ("no alg", without(header(), "alg")),
        ("another kid", with(header(), "kid", json!("k2"))),
        ("a path as kid", with(header(), "kid", json!("../../dev/null"))),
        ("no kid", without(header(), "kid")),
        ("another type", with(header(), "typ", json!("JWT"))),
        ("no type", without(header(), "typ")),
    ] {
        let token = signed_with(&KEY, &header, &right_claims());
        assert_eq!(tokens().read(&token), None, "{what} was accepted");
    }
    // A key inside the token is not used.
    let jwk = json!({"kty": "oct", "k": part([9; 32])});
    let header = with(right_header(), "jwk", jwk);
    assert_eq!(tokens().read(&signed_with(&[9; 32], &header, &right_claims())), None);
}

#[test]
fn a_token_with_a_strange_claim_is_refused() {
    let hour = 3600;
    for key in ["iss", "aud", "sub", "sid", "epoch", "iat", "nbf", "exp"] {
        let token = signed_with(&KEY, &right_header(), &without(right_claims(), key));
        assert_eq!(tokens().read(&token), None, "no {key} was accepted");
    }
    for (key, value) in [
        ("iss", json!("somebody")),
        ("iss", json!(["medianest"])),
        ("aud", json!("somebody")),
        ("aud", json!([])),
        ("sub", json!("admin")),
        ("sid", json!(1)),
        ("epoch", json!("3")),
        ("epoch", json!(3.5)),
        ("exp", json!(now() - 61)),
        ("exp", json!((now() + hour).to_string())),
        ("exp", json!((now() + hour) as f64 + 0.5)),
        ("exp", json!(-1)),
        ("exp", json!(null)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(u64::MAX)),
        ("nbf", json!(now() + 120)),
        ("nbf", json!("0")),
        ("nbf", json!(-5)),
        ("iat", json!(now() + hour)),
        ("iat", json!(-5)),
        ("iat", json!("0")),
    ] {
        let token = signed_with(&KEY, &right_header(), &with(right_claims(), key, value.clone()));
        assert_eq!(tokens().read(&token), None, "{key} {value} was accepted");
    }
}

#[test]
fn clocks_may_differ_by_a_minute() {
    for (key, value) in [("exp", now() - 50), ("nbf", now() + 50), ("iat", now() + 50)] {
        let mut claims = with(right_claims(), key, json!(value));
        if key == "exp" {
            claims = with(claims, "iat", json!(now() - 600));
        }
        assert!(tokens().read(&signed_with(&KEY, &right_header(), &claims)).is_some(), "{key} {value}");
    }
}

#[test]
fn a_token_that_was_touched_is_refused() {
    let token = tokens().issue(SessionId::generate(), UserId::generate(), 0, Timestamp::now());
    assert_eq!(tokens().read(&signed_with(&[8; 32], &right_header(), &right_claims())), None, "another key");

    let mut parts = token.split('.');
    let (header, claims, signature) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    for text in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!("{token}."),
        format!("{token}.x"),
        format!("{token}="),
        format!("{token} "),
        format!(" {token}"),
        format!("{claims}.{header}.{signature}"),
        "a".repeat(100_000),
        "é.é.é".to_owned(),
    ] {
        assert_eq!(tokens().read(&text), None, "{text:.40} was accepted");
    }
    for position in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        // The last letter of a part may carry bits that no byte needs; base64 must refuse those.
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(tokens().read(&text), None, "a change at {position} was accepted");
    }
}

//! Whose token goes out, and who may see pictures of what.

use std::sync::{Arc, Mutex};

use domain::Secret;

use super::connect;
use crate::Error;
use crate::test_server::{TestServer, reply};

#[tokio::test]
async fn a_person_is_asked_for_with_their_own_token() {
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let heard = tokens.clone();
    let test_server = TestServer::start(move |_, request| {
        let sent: Vec<String> = request
            .headers()
            .get_all("x-plex-token")
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        heard.lock().unwrap().push(sent);
        async { reply(200, &[], r#"{"MediaContainer":{"size":0}}"#) }
    })
    .await;
    let (server, _keeper) = connect(&test_server);

    server.on_deck().await.unwrap();
    server.as_user(Secret::new("nora-token")).on_deck().await.unwrap();
    server.on_deck().await.unwrap();

    let tokens = tokens.lock().unwrap();
    assert_eq!(*tokens, [["owner-token"], ["nora-token"], ["owner-token"]]);
    assert!(!format!("{:?}", server.as_user(Secret::new("nora-token"))).contains("nora-token"));
}

#[tokio::test]
async fn a_picture_is_drawn_in_the_size_that_was_asked_for() {
    let test_server = TestServer::start(|_, request| {
        let query = request.uri().query().unwrap_or_default().to_owned();
        async move {
            assert!(query.contains("width=300&height=450"), "{query}");
            assert!(query.contains("url=%2Flibrary%2Fmetadata%2F1%2Fthumb%2F2"), "{query}");
            reply(200, &[("content-type", "image/jpeg")], "JPEG")
        }
    })
    .await;
    let (server, _keeper) = connect(&test_server);

    let image = server.image("/library/metadata/1/thumb/2", 300, 450).await.unwrap();

    assert_eq!((image.content_type.as_str(), &image.bytes[..]), ("image/jpeg", &b"JPEG"[..]));
    let refused = server.image("http://169.254.169.254/", 300, 450).await.unwrap_err();
    assert!(matches!(refused, Error::Internal { .. }), "{refused}");
    assert_eq!(test_server.hits(), 1, "an address that is no picture is not even asked for");
}

#[tokio::test]
async fn a_page_is_not_a_picture() {
    let html = [("content-type", "text/html")];
    let test_server = TestServer::start(move |_, _| async move { reply(200, &html, "<html>") }).await;
    let (server, _keeper) = connect(&test_server);

    let error = server.image("/library/metadata/1/thumb/2", 300, 450).await.unwrap_err();

    assert!(matches!(error, Error::Garbled { .. }), "{error}");
}

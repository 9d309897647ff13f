//! Answers that no healthy server gives.

use super::connect;
use crate::Error;
use crate::plex::{Item, ItemQuery, Kind, Paged};
use crate::test_server::{TestServer, reply};

async fn items_of(body: impl Into<bytes::Bytes>) -> Result<Paged<Item>, Error> {
    let body = body.into();
    let test_server = TestServer::start(move |_, _| {
        let body = body.clone();
        async move { reply(200, &[("content-type", "application/json")], body) }
    })
    .await;
    let (server, _keeper) = connect(&test_server);
    server.items(&"1".parse().unwrap(), &ItemQuery::default()).await
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_the_fault_of_the_server() {
    let deep = format!("{{\"MediaContainer\":{}1{}}}", "[".repeat(500), "]".repeat(500));
    for body in [
        "",
        "{",
        "null",
        "[]",
        "{}",
        r#"{"MediaContainer": null}"#,
        r#"{"MediaContainer": "nothing"}"#,
        r#"{"MediaContainer": {"size": 1, "Metadata": [{"ratingKey": "1", "ti"#,
        r#"{"MediaContainer": {"size": 1, "Metadata": [7]}}"#,
        r#"{"status": "ok"}"#,
        "<html><head><title>Sign in</title></head></html>",
        "<?xml version=\"1.0\"?><MediaContainer size=\"0\"/>",
        "\u{feff}{\"MediaContainer\": {}}",
        deep.as_str(),
    ] {
        let error = items_of(body.to_owned()).await.expect_err(body);
        assert!(matches!(error, Error::Garbled { .. }) && error.is_outage(), "{body}: {error}");
    }
    let error = items_of(&b"{\"MediaContainer\": {\"Metadata\": [{\"title\": \"\xff\xfe\"}]}}"[..]).await;
    assert!(matches!(error, Err(Error::Garbled { .. })), "{error:?}");
}

#[tokio::test]
async fn a_huge_answer_is_not_read_to_its_end() {
    let error = items_of(vec![b' '; crate::http::MAX_BODY + 1]).await.unwrap_err();

    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn one_strange_item_does_not_hide_the_others() {
    let page = items_of(
        r#"{"MediaContainer": {"size": 5, "totalSize": 9, "Metadata": [
            {"ratingKey": "1", "type": "movie", "title": "<script>alert(1)</script>"},
            {"type": "movie", "title": "no key"},
            {"ratingKey": "../../etc", "type": "movie", "title": "a path for a key"},
            {"ratingKey": "4", "type": "hologram", "title": "new kind", "year": 99999999999999, "duration": -5},
            {"ratingKey": "5", "type": ["x"], "Media": "none", "Genre": [null, {}], "Guid": {"id": "tmdb://x"}}
        ]}}"#,
    )
    .await
    .unwrap();

    let titles: Vec<&str> = page.items.iter().map(|item| item.title.as_str()).collect();
    assert_eq!(titles, ["<script>alert(1)</script>", "new kind", "Untitled"], "text stays as it came");
    assert_eq!(page.items[1].kind, Kind::Other("hologram".into()));
    assert_eq!((page.items[1].year, page.items[1].duration), (None, None));
    assert_eq!((&page.items[2].tmdb_id(), page.items[2].genres.len()), (&None, 0));
    assert_eq!(page.next, Some(5), "those that were left out still count");
}

#[tokio::test]
async fn a_list_that_promises_more_than_it_gives_comes_to_an_end() {
    let page = items_of(r#"{"MediaContainer": {"size": 0, "totalSize": 100, "offset": 40}}"#).await.unwrap();

    assert_eq!((page.items.len(), page.total, page.next), (0, 100, None));
}

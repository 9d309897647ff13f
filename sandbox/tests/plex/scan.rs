//! Scans, the frames they send, and the videos they find.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use sandbox::plex::Options;
use serde_json::Value;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::support::{Server, eventually, titles};

const SHOWN: &str = "/media/videos";

struct Videos {
    server: Server,
    folder: tempfile::TempDir,
}

impl Videos {
    async fn start(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let videos = Some(folder.path().to_owned());
        let options = Options { videos, videos_as: Some(SHOWN.to_owned()), ..options };
        Self { server: Server::start(options).await, folder }
    }

    fn drop_file(&self, inside: &str) -> PathBuf {
        let path = self.folder.path().join(inside);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(&path, b"0123456789").unwrap();
        path
    }

    async fn files(&self) -> Vec<String> {
        let all = self.server.get("/library/sections/3/all").await;
        let items = all["Metadata"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["Media"][0]["Part"][0]["file"].as_str().unwrap().to_owned()).collect()
    }

    async fn listen(&self, query: &str) -> impl Stream<Item = Value> + Unpin {
        let address = self.server.plex.server_url.replace("http", "ws");
        let token = &self.server.plex.owner_token;
        let url = format!("{address}/:/websockets/notifications?X-Plex-Token={token}{query}");
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        socket.filter_map(|message: Result<Message, Error>| {
            let text = message.ok().and_then(|message| message.into_text().ok());
            let frame = text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
            std::future::ready(frame.map(|mut frame| frame["NotificationContainer"].take()))
        })
    }
}

async fn until(
    frames: &mut (impl Stream<Item = Value> + Unpin),
    mut is_last: impl FnMut(&Value) -> bool,
) -> Vec<Value> {
    let mut heard = Vec::new();
    let hearing = async {
        while let Some(frame) = frames.next().await {
            heard.push(frame);
            if heard.last().is_some_and(&mut is_last) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), hearing).await.expect("the last frame comes in time");
    heard
}

fn has_ended(frame: &Value) -> bool {
    frame["ActivityNotification"][0]["event"] == "ended"
}

fn states(heard: &[Value]) -> Vec<i64> {
    heard.iter().filter_map(|frame| frame["TimelineEntry"][0]["state"].as_i64()).collect()
}

#[tokio::test]
async fn a_file_is_found_by_a_scan_of_its_folder_and_not_before() {
    let videos = Videos::start(Options::default()).await;
    let mut frames = videos.listen("").await;
    videos.drop_file("A Channel/One [abc].mp4");
    videos.drop_file("Another/Two.mp4");
    videos.drop_file("A Channel/.hidden.mp4");
    videos.drop_file("A Channel/One [abc].jpg");
    assert_eq!(videos.files().await, [""; 0]);

    let path = "/library/sections/3/refresh?path=/media/videos/A+Channel";
    assert_eq!(videos.server.status("GET", path, "owner").await, 200);
    assert_eq!(videos.server.get("/activities").await["size"], 1);
    let heard = until(&mut frames, has_ended).await;

    assert_eq!(videos.files().await, ["/media/videos/A Channel/One [abc].mp4"]);
    assert_eq!(states(&heard), [0, 1, 3, 4, 5]);
    let entry = heard.iter().find(|frame| frame["type"] == "timeline").unwrap();
    assert_eq!(entry["TimelineEntry"][0]["sectionID"], "3");
    let all = videos.server.get("/library/sections/3/all").await;
    let item = &all["Metadata"][0];
    assert_eq!((&item["title"], &item["subtype"]), (&"One [abc]".into(), &"clip".into()));
    assert!(item["guid"].as_str().unwrap().starts_with("com.plexapp.agents.none://"));
    assert_eq!(videos.server.get("/activities").await["size"], 0);
}

#[tokio::test]
async fn a_server_without_agent_may_end_at_another_state() {
    let videos = Videos::start(Options { last_state: 1, ..Options::default() }).await;
    let mut frames = videos.listen("&filters=timeline,activity").await;
    videos.drop_file("One.mp4");

    videos.server.status("POST", "/library/sections/3/refresh", "owner").await;
    let heard = until(&mut frames, has_ended).await;

    assert_eq!(states(&heard), [0, 1, 3, 4, 1]);
    assert!(heard.iter().all(|frame| frame["type"] != "status"));
}

#[tokio::test]
async fn the_path_of_a_file_or_of_another_place_finds_nothing() {
    let videos = Videos::start(Options::default()).await;
    let mut frames = videos.listen("").await;
    videos.drop_file("Channel/One.mp4");

    for path in ["/media/videos/Channel/One.mp4", "/media/videosX/Channel", "/media/videos/../videos", "/etc"]
    {
        videos.server.status("GET", &format!("/library/sections/3/refresh?path={path}"), "owner").await;
        let heard = until(&mut frames, has_ended).await;
        assert_eq!(states(&heard), [0; 0], "{path}");
    }
    assert_eq!(videos.files().await, [""; 0]);
    assert_eq!(videos.server.status("GET", "/library/sections/3/refresh", "friend").await, 403);
}

#[tokio::test]
async fn a_file_that_has_gone_leaves_its_collections() {
    let videos = Videos::start(Options::default()).await;
    let file = videos.drop_file("One.mp4");
    videos.server.status("GET", "/library/sections/3/refresh", "owner").await;
    eventually("the file is found", async || !videos.files().await.is_empty()).await;
    let all = videos.server.get("/library/sections/3/all").await;
    let key = all["Metadata"][0]["ratingKey"].as_str().unwrap();
    let create = format!("/library/collections?type=1&sectionId=3&title=List&uri={}", videos.server.uri(key));
    assert_eq!(videos.server.status("POST", &create, "owner").await, 200);
    let edit = format!(
        "/library/sections/3/all?type=1&id={key}&title.value=A%20Title&summary.value=Words&title.locked=1"
    );
    assert_eq!(videos.server.status("PUT", &edit, "owner").await, 200);
    let edited = videos.server.get(&format!("/library/metadata/{key}")).await;
    assert_eq!(titles(&edited), ["A Title"]);
    assert_eq!(edited["Metadata"][0]["Field"][0]["name"], "title");

    let mut frames = videos.listen("&filters=timeline").await;
    std::fs::remove_file(file).unwrap();
    videos.server.status("GET", "/library/sections/3/refresh", "owner").await;
    let heard = until(&mut frames, |frame| frame["TimelineEntry"][0]["state"] == 9).await;

    assert_eq!(heard.last().unwrap()["TimelineEntry"][0]["metadataState"], "deleted");
    assert_eq!(videos.server.plex.collections("3"), []);
}

#[tokio::test]
async fn a_real_file_is_read_by_ranges() {
    let videos = Videos::start(Options::default()).await;
    videos.drop_file("One.mp4");
    videos.server.status("GET", "/library/sections/3/refresh", "owner").await;
    eventually("the file is found", async || !videos.files().await.is_empty()).await;
    let all = videos.server.get("/library/sections/3/all").await;
    let part = all["Metadata"][0]["Media"][0]["Part"][0]["key"].as_str().unwrap().to_owned();
    let read = async |range: &str| {
        let call = videos.server.client.get(format!("{}{part}", videos.server.plex.server_url));
        let call = call.header("X-Plex-Token", &videos.server.plex.owner_token).header("Range", range);
        let answer = call.send().await.unwrap();
        let headers = answer.headers();
        let place = headers.get("content-range").map(|place| place.to_str().unwrap().to_owned());
        (answer.status().as_u16(), place.unwrap_or_default(), answer.text().await.unwrap())
    };

    assert_eq!(read("bytes=2-4").await, (206, "bytes 2-4/10".to_owned(), "234".to_owned()));
    assert_eq!(read("bytes=-3").await, (206, "bytes 7-9/10".to_owned(), "789".to_owned()));
    let (status, place, _) = read("bytes=10-").await;
    assert_eq!((status, place.as_str()), (416, "bytes */10"));
}

#[tokio::test]
async fn frames_come_as_an_event_stream_too_and_only_to_the_owner() {
    let videos = Videos::start(Options::default()).await;
    let path = "/:/eventsource/notifications?filters=timeline";
    let mut stream = videos.server.send("GET", path, "owner").await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    assert_eq!(videos.server.status("GET", path, "friend").await, 403);

    videos.server.plex.movie_arrives(900_104);

    let first = tokio::time::timeout(Duration::from_secs(5), stream.chunk()).await.unwrap().unwrap().unwrap();
    let first = String::from_utf8_lossy(&first);
    assert!(first.starts_with("event: timeline\ndata: {\"NotificationContainer\""), "{first}");
}

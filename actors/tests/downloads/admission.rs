//! What is refused at the door, and whose turn it is.

use actors::download_queue::{self, Denied, Files};
use domain::download::{Choice, DownloadStatus, Preset};

use crate::house::{House, LINK, Plan, eventually};
use crate::script::{Act, failure};

fn link(n: u32) -> String {
    format!("https://videos.example/watch?v={n}")
}

#[tokio::test]
async fn a_sixth_download_within_the_hour_is_refused_and_says_when() {
    let mut house = House::with(Plan { per_hour: 5, ..Plan::default() }).await;
    for n in 1..=5 {
        house.submit(&link(n), vec![vec![Act::Fail(failure("not_found", false))]]).await;
    }

    let denied = house.try_submit(&house.ana, &link(6)).await.unwrap_err();

    let Denied::QuotaReached { limit: 5, again_at } = denied else { panic!("{denied:?}") };
    let minutes = domain::Timestamp::now().until(again_at).as_secs() / 60;
    assert_eq!(minutes, 59);
    house.script.on(LINK, vec![vec![Act::Hang]]);
    assert!(house.try_submit(&house.ben, LINK).await.is_ok(), "ben has a quota of his own");
    house.stop().await;
}

#[tokio::test]
async fn a_hundred_clicks_at_once_are_five_downloads() {
    let mut house = House::with(Plan { per_hour: 5, ..Plan::default() }).await;
    for n in 0..100 {
        house.script.on(&link(n), vec![vec![Act::Hang]]);
    }

    let links: Vec<_> = (0..100).map(link).collect();
    let clicks = links.iter().map(|link| house.try_submit(&house.ana, link));
    let answers = futures_util::future::join_all(clicks).await;

    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 5);
    house.stop().await;
}

#[tokio::test]
async fn the_same_link_in_the_same_quality_is_one_job_and_in_another_a_second() {
    let mut house = House::new().await;
    let id = house.submit(LINK, vec![vec![Act::Hang]]).await;

    assert_eq!(house.try_submit(&house.ana, LINK).await, Err(Denied::Duplicate(id)));
    let as_mp3 = download_queue::submit(&house.queue(), &house.ana, LINK, Choice::Preset(Preset::Mp3)).await;

    assert!(as_mp3.is_ok());
    assert!(house.try_submit(&house.ben, LINK).await.is_ok());
    house.stop().await;
}

#[tokio::test]
async fn addresses_that_lead_inside_are_refused_in_words() {
    let mut house = House::new().await;

    for url in [
        "http://127.0.0.1:9000/a.mp4",
        "http://localhost/a.mp4",
        "http://[::1]/a.mp4",
        "http://192.168.1.1/",
        "http://0x7f.1/",
        "file:///etc/passwd",
        "ftp://videos.example/a",
        "ytsearch:cats",
        "https://user:word@videos.example/",
        "https://videos.example/#__youtubedl_smuggle=x",
        "",
    ] {
        let denied = house.try_submit(&house.ana, url).await.unwrap_err();
        assert!(matches!(denied, Denied::RefusedAddress(_)), "{url:?}: {denied:?}");
        assert!(matches!(download_queue::probe(&house.queue(), url).await, Err(Denied::RefusedAddress(_))));
    }
    house.stop().await;
}

#[tokio::test]
async fn a_probe_says_what_is_there_or_why_not() {
    let mut house = House::new().await;

    let found = download_queue::probe(&house.queue(), LINK).await.unwrap();
    let missing = download_queue::probe(&house.queue(), "https://videos.example/missing").await;

    assert_eq!(found.title.as_deref(), Some("Found"));
    assert!(matches!(missing, Err(Denied::Failed(failure)) if failure.code == "not_found"));
    house.stop().await;
}

#[tokio::test]
async fn without_yt_dlp_nothing_is_accepted_and_the_reason_is_told() {
    let mut house = House::new().await;
    *house.script.unavailable.lock().unwrap() = Some("yt-dlp is not installed".to_owned());

    let denied = house.try_submit(&house.ana, LINK).await.unwrap_err();

    assert_eq!(denied, Denied::Unavailable("yt-dlp is not installed".to_owned()));
    house.stop().await;
}

#[tokio::test]
async fn slots_are_shared_fairly_and_the_others_know_their_place() {
    let mut house = House::with(Plan { slots: 2, ..Plan::default() }).await;
    let hers = [link(1), link(2), link(3)];
    for url in &hers {
        house.script.on(url, vec![vec![Act::Hang]]);
    }
    house.script.on(&link(9), vec![vec![Act::Hang]]);
    let mut ids = Vec::new();
    for url in &hers {
        ids.push(house.try_submit(&house.ana, url).await.unwrap().id);
    }
    let his = house.try_submit(&house.ben, &link(9)).await.unwrap().id;

    house.until_alive(2).await;
    eventually("ben is next", || async {
        let place = |id| house.cx.board.place(id).map(|place| place.position);
        place(his) == Some(1) && place(ids[2]) == Some(2)
    })
    .await;
    assert_eq!(house.cx.board.slots(), actors::download_board::Slots { used: 2, total: 2 });

    download_queue::cancel(&house.queue(), &house.ana, ids[0]).await.unwrap();
    house.until(his, DownloadStatus::Running).await;
    house.stop().await;
}

#[tokio::test]
async fn nobody_can_touch_what_is_somebody_elses() {
    let mut house = House::new().await;
    let id = house.submit(LINK, vec![vec![Act::Hang]]).await;
    let queue = house.queue();

    assert_eq!(download_queue::cancel(&queue, &house.ben, id).await, Err(Denied::NotFound));
    assert_eq!(download_queue::retry(&queue, &house.ben, id).await, Err(Denied::NotFound));
    assert_eq!(download_queue::delete(&queue, &house.ben, id, Files::Remove).await, Err(Denied::NotFound));
    assert_eq!(download_queue::delete(&queue, &house.ana, id, Files::Remove).await, Err(Denied::NotOver));
    let admin = domain::user::CurrentUser { role: domain::user::Role::Admin, ..house.ben.clone() };
    assert_eq!(download_queue::cancel(&queue, &admin, id).await, Ok(()));
    house.stop().await;
}

#[tokio::test]
async fn a_failed_job_can_be_retried_and_a_finished_one_deleted_with_its_files() {
    let mut house = House::with(Plan { per_hour: 1, ..Plan::default() }).await;
    let plays =
        vec![vec![Act::Fail(failure("private", false))], vec![Act::Done(1, "Film", "video"), Act::End]];
    let id = house.submit(LINK, plays).await;
    house.until(id, DownloadStatus::Failed).await;

    download_queue::retry(&house.queue(), &house.ana, id).await.unwrap();

    house.until(id, DownloadStatus::Completed).await;
    assert_eq!(download_queue::retry(&house.queue(), &house.ana, id).await, Err(Denied::Over));
    download_queue::delete(&house.queue(), &house.ana, id, Files::Remove).await.unwrap();
    assert!(house.library().is_empty());
    assert!(house.cx.reader.download(id).await.unwrap().is_none());
    house.stop().await;
}

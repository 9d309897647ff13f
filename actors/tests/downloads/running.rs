//! A job that nobody disturbs, and jobs that fail by themselves.

use std::sync::atomic::Ordering;

use domain::download::{DownloadStatus, Phase};
use domain::event::Event;

use crate::house::{House, LINK, eventually};
use crate::script::{Act, failure};

#[tokio::test]
async fn a_link_becomes_a_file_in_the_members_folder() {
    let mut house = House::new().await;

    let id = house.submit(LINK, vec![vec![Act::Bytes(5), Act::Done(1, "A: film", "video"), Act::End]]).await;

    let job = house.until(id, DownloadStatus::Completed).await;
    assert_eq!(house.library(), ["ana/Videos/A- film [id1].jpg", "ana/Videos/A- film [id1].mp4"]);
    let file = &job.files[0];
    assert_eq!((file.n, file.name.as_str(), file.bytes), (1, "A- film [id1].mp4", 5));
    assert_eq!((file.media_type.as_str(), job.files.len()), ("video/mp4", 1));
    assert!(house.incoming().is_empty(), "{:?}", house.incoming());
    assert_eq!((job.attempts, job.progress.percent, job.progress.bytes), (1, Some(100.0), 5));
    let told = house.events.lock().unwrap().clone();
    assert!(matches!(told[0], Event::DownloadProgressed { progress, .. } if progress.bytes == 5), "{told:?}");
    house.stop().await;
}

#[tokio::test]
async fn a_playlist_is_one_job_and_one_folder() {
    let mut house = House::new().await;
    let acts = vec![
        Act::Playlist("Summer/2026", 2),
        Act::Done(1, "One", "first"),
        Act::Done(2, "Two", "second"),
        Act::End,
    ];

    let id = house.submit(LINK, vec![acts]).await;

    let job = house.until(id, DownloadStatus::Completed).await;
    let videos: Vec<_> = house.library().into_iter().filter(|name| name.ends_with(".mp4")).collect();
    assert_eq!(videos, ["ana/Summer-2026/One [id1].mp4", "ana/Summer-2026/Two [id2].mp4"]);
    assert_eq!((job.title.as_deref(), job.items, job.files.len()), (Some("Summer/2026"), Some(2), 2));
    house.stop().await;
}

#[tokio::test]
async fn one_bad_video_does_not_spoil_a_playlist_and_only_it_is_tried_again() {
    let mut house = House::new().await;
    let first = vec![
        Act::Playlist("List", 3),
        Act::Done(1, "One", "first"),
        Act::ItemFailed(2, failure("unreachable", true)),
        Act::ItemFailed(3, failure("private", false)),
        Act::End,
    ];
    let second = vec![
        Act::Playlist("List", 3),
        Act::Done(1, "One", "first"),
        Act::Done(2, "Two", "second"),
        Act::ItemFailed(3, failure("private", false)),
        Act::End,
    ];

    let id = house.submit(LINK, vec![first, second]).await;

    let job = house.until(id, DownloadStatus::Completed).await;
    assert_eq!(job.files.len(), 2);
    let started = house.script.started();
    assert_eq!(started.iter().map(|run| run.spec.skip.clone()).collect::<Vec<_>>(), [vec![], vec![1]]);
    let items = house.cx.reader.items(id).await.unwrap();
    let states: Vec<_> = items.iter().map(|item| item.status).collect();
    use DownloadStatus::{Completed, Failed};
    assert_eq!(states, [Completed, Completed, Failed]);
    assert_eq!(items[2].failure.as_ref().unwrap().code, "private");
    house.stop().await;
}

#[tokio::test]
async fn what_cannot_work_fails_at_once_with_its_reason() {
    let mut house = House::new().await;

    let id = house.submit(LINK, vec![vec![Act::Fail(failure("not_found", false))]]).await;

    let job = house.until(id, DownloadStatus::Failed).await;
    assert_eq!((job.failure.unwrap().code.as_str(), job.attempts), ("not_found", 1));
    assert!(house.incoming().is_empty() && house.library().is_empty());
    house.stop().await;
}

#[tokio::test]
async fn what_may_pass_is_tried_three_times_and_goes_on_with_its_partial_file() {
    let mut house = House::new().await;
    let passing = || Act::Fail(failure("unreachable", true));

    let id = house
        .submit(LINK, vec![vec![Act::Bytes(7), passing()], vec![Act::Bytes(3), passing()], vec![passing()]])
        .await;

    let job = house.until(id, DownloadStatus::Failed).await;
    assert_eq!((job.failure.unwrap().code.as_str(), job.attempts), ("unreachable", 3));
    let found: Vec<_> = house.script.started().iter().map(|run| run.found).collect();
    assert_eq!(found, [0, 7, 10]);
    assert!(house.incoming().is_empty());
    house.stop().await;
}

#[tokio::test]
async fn an_end_without_a_file_is_never_a_success() {
    let mut house = House::new().await;

    let id = house.submit(LINK, vec![vec![Act::End]]).await;

    let job = house.until(id, DownloadStatus::Failed).await;
    assert_eq!(job.failure.unwrap().code, "no_file");
    house.stop().await;
}

#[tokio::test]
async fn a_full_disk_pauses_a_job_and_room_lets_it_go_on() {
    let mut house = House::new().await;
    let plays = vec![vec![Act::Bytes(7), Act::Hang], vec![Act::Done(1, "Film", "video"), Act::End]];
    let id = house.submit(LINK, plays).await;
    house.until_alive(1).await;

    house.free.store(10, Ordering::Relaxed);

    let job = house.until_phase(id, Phase::NoSpace).await;
    assert_eq!((job.status, job.attempts), (DownloadStatus::Queued, 0));
    house.until_alive(0).await;
    eventually("the board says so", || async { house.cx.board.room().is_some_and(|room| room.is_full()) })
        .await;
    house.free.store(1 << 30, Ordering::Relaxed);
    let job = house.until(id, DownloadStatus::Completed).await;
    assert_eq!((job.attempts, house.script.started()[1].found), (1, 7));
    house.stop().await;
}

#[tokio::test]
async fn the_downloader_running_out_of_room_is_a_pause_too() {
    let mut house = House::new().await;
    let plays =
        vec![vec![Act::Fail(failure("no_space", true))], vec![Act::Done(1, "Film", "video"), Act::End]];

    let id = house.submit(LINK, plays).await;

    let job = house.until(id, DownloadStatus::Completed).await;
    assert_eq!(job.attempts, 1);
    house.stop().await;
}

#[tokio::test]
async fn two_videos_of_one_name_are_both_kept() {
    let mut house = House::new().await;
    let first = house.submit(LINK, vec![vec![Act::Done(1, "Film", "one"), Act::End]]).await;
    house.until(first, DownloadStatus::Completed).await;

    let other = "https://videos.example/other";
    let second = house.submit(other, vec![vec![Act::Done(1, "Film", "two"), Act::End]]).await;

    let job = house.until(second, DownloadStatus::Completed).await;
    assert_eq!(job.files[0].path, "ana/Videos/Film [id1] (2).mp4");
    assert_eq!(std::fs::read_to_string(house.library_path("ana/Videos/Film [id1].mp4")).unwrap(), "one");
    house.stop().await;
}

#[tokio::test]
async fn members_files_are_apart() {
    let mut house = House::new().await;
    house.script.on(LINK, vec![vec![Act::Done(1, "Film", "video"), Act::End]]);

    let ids = [
        house.try_submit(&house.ana, LINK).await.unwrap().id,
        house.try_submit(&house.ben, LINK).await.unwrap().id,
    ];

    for id in ids {
        house.until(id, DownloadStatus::Completed).await;
    }
    let videos: Vec<_> = house.library().into_iter().filter(|name| name.ends_with(".mp4")).collect();
    assert_eq!(videos, ["ana/Videos/Film [id1].mp4", "ben/Videos/Film [id1].mp4"]);
    house.stop().await;
}

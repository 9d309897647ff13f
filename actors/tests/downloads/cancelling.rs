//! Cancelling, at every moment of a job's life.

use actors::download_queue::{self, Denied};
use domain::download::{DownloadStatus, Phase};

use crate::house::{House, LINK, Plan, eventually};
use crate::script::{Act, failure};

#[tokio::test]
async fn a_running_job_ends_with_its_processes_and_its_partial_files() {
    let mut house = House::new().await;
    let id = house.submit(LINK, vec![vec![Act::Bytes(9), Act::Hang]]).await;
    house.until_alive(1).await;
    eventually("something is on the disk", || async { !house.incoming().is_empty() }).await;

    download_queue::cancel(&house.queue(), &house.ana, id).await.unwrap();

    assert_eq!(house.job(id).await.status, DownloadStatus::Cancelled);
    assert!(house.script.alive().is_empty());
    assert!(house.incoming().is_empty(), "{:?}", house.incoming());
    assert_eq!(download_queue::cancel(&house.queue(), &house.ana, id).await, Err(Denied::Over));
    house.stop().await;
}

#[tokio::test]
async fn a_waiting_job_never_starts() {
    let mut house = House::with(Plan { slots: 1, ..Plan::default() }).await;
    let running = house.submit(LINK, vec![vec![Act::Hang]]).await;
    house.until_alive(1).await;
    let waiting = house.submit("https://videos.example/2", vec![vec![Act::Hang]]).await;

    download_queue::cancel(&house.queue(), &house.ana, waiting).await.unwrap();
    download_queue::cancel(&house.queue(), &house.ana, running).await.unwrap();

    assert_eq!(house.job(waiting).await.status, DownloadStatus::Cancelled);
    house.until_alive(0).await;
    assert_eq!(house.script.started().len(), 1);
    house.stop().await;
}

#[tokio::test]
async fn a_job_that_waits_for_its_next_attempt_is_cancelled_and_its_partial_file_goes() {
    let mut house =
        House::with(Plan { retry: actors::downloads::retry::RetryPolicy::default(), ..Plan::default() })
            .await;
    let id = house.submit(LINK, vec![vec![Act::Bytes(9), Act::Fail(failure("unreachable", true))]]).await;
    house.until_phase(id, Phase::RetryWait).await;
    assert!(!house.incoming().is_empty());

    download_queue::cancel(&house.queue(), &house.ana, id).await.unwrap();

    assert_eq!(house.job(id).await.status, DownloadStatus::Cancelled);
    assert!(house.incoming().is_empty(), "{:?}", house.incoming());
    house.stop().await;
}

#[tokio::test]
async fn what_a_playlist_has_published_stays_when_the_rest_is_cancelled() {
    let mut house = House::new().await;
    let acts = vec![Act::Playlist("List", 2), Act::Done(1, "One", "first"), Act::Bytes(3), Act::Hang];
    let id = house.submit(LINK, vec![acts]).await;
    eventually("the first video is there", || async { house.job(id).await.files.len() == 1 }).await;

    download_queue::cancel(&house.queue(), &house.ana, id).await.unwrap();

    let job = house.job(id).await;
    assert_eq!((job.status, job.files.len()), (DownloadStatus::Cancelled, 1));
    assert!(house.library_path(&job.files[0].path).exists());
    assert!(house.incoming().is_empty());
    house.stop().await;
}

#[tokio::test]
async fn a_cancel_while_files_are_moved_ends_with_all_or_nothing() {
    let mut house = House::new().await;
    for n in 0..10 {
        let url = format!("https://videos.example/race/{n}");
        let id = house.submit(&url, vec![vec![Act::Bytes(3), Act::Done(1, "Film", "video"), Act::End]]).await;

        let cancelled = download_queue::cancel(&house.queue(), &house.ana, id).await;

        let job = house.job(id).await;
        assert!(job.status.is_over(), "{cancelled:?} {:?}", job.status);
        assert!(
            cancelled.is_ok() == (job.status == DownloadStatus::Cancelled),
            "{cancelled:?} {:?}",
            job.status
        );
        let there: Vec<_> = job.files.iter().map(|file| house.library_path(&file.path).exists()).collect();
        assert!(there.iter().all(|there| *there));
        eventually("nothing is left in incoming", || async { house.incoming().is_empty() }).await;
    }
    let videos = house.library().iter().filter(|name| name.ends_with(".mp4")).count();
    let mut listed = 0;
    for job in house.cx.reader.downloads(Some(house.ana.id), None, 50).await.unwrap().items {
        listed += job.files.len();
    }
    assert_eq!(videos, listed, "a file without a row, or a row without a file");
    house.stop().await;
}

//! Crashes of the job, of the whole portal and of the machine's patience: one file, one row.

use std::time::Duration;

use domain::download::{DownloadStatus, Phase};
use store::{NodeId, ProcessRecord};

use crate::house::{House, LINK, Plan, eventually};
use crate::script::{Act, failure};

const LEASE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_killed_job_actor_goes_on_where_it_was() {
    let mut house = House::new().await;
    let plays =
        vec![vec![Act::Bytes(9), Act::Hang], vec![Act::Bytes(1), Act::Done(1, "Film", "video"), Act::End]];
    let id = house.submit(LINK, plays).await;
    eventually("bytes are saved", || async { house.job(id).await.progress.bytes == 9 }).await;

    assert!(house.cx.system.kill(&format!("downloads/jobs/{id}")));

    let job = house.until(id, DownloadStatus::Completed).await;
    let started = house.script.started();
    assert_eq!((started.len(), started[1].found, job.files.len()), (2, 9, 1));
    assert_eq!(house.script.ended(), [started[0].pid], "the recorded group was ended first");
    assert_eq!(house.library().len(), 2, "{:?}", house.library());
    house.stop().await;
}

#[tokio::test]
async fn after_a_crash_of_the_portal_its_jobs_resume_at_once() {
    let mut house = House::new().await;
    let plays = vec![vec![Act::Bytes(9), Act::Hang], vec![Act::Done(1, "Film", "video"), Act::End]];
    let id = house.submit(LINK, plays).await;
    eventually("bytes are saved", || async { house.job(id).await.progress.bytes == 9 }).await;

    house.crash().await;
    assert_eq!(house.job(id).await.status, DownloadStatus::Running, "nobody tidied up");
    house.wake().await;

    let job = house.until(id, DownloadStatus::Completed).await;
    assert_eq!((house.script.started()[1].found, job.attempts, job.files.len()), (9, 1, 1));
    assert!(house.incoming().is_empty());
    house.stop().await;
}

#[tokio::test]
async fn a_playlist_does_not_download_again_what_it_has_published() {
    let mut house = House::new().await;
    let first = vec![Act::Playlist("List", 2), Act::Done(1, "One", "first"), Act::Bytes(3), Act::Hang];
    let second =
        vec![Act::Playlist("List", 2), Act::Done(1, "One", "first"), Act::Done(2, "Two", "second"), Act::End];
    let id = house.submit(LINK, vec![first, second]).await;
    eventually("the first video is there", || async { house.job(id).await.files.len() == 1 }).await;

    house.crash().await;
    house.wake().await;

    let job = house.until(id, DownloadStatus::Completed).await;
    assert_eq!((house.script.started()[1].spec.skip.clone(), job.files.len()), (vec![1], 2));
    house.stop().await;
}

/// What a crash left: the name was chosen and stored, then `moved` says how far it came.
async fn crashed_while_publishing(house: &House, moved: bool) -> domain::DownloadId {
    let id = house.submit_row(LINK).await;
    let write = &house.cx.writer;
    let lease = write.lease_job(id, &house.cx.node, LEASE).await.unwrap().unwrap().lease;
    write.set_process(&lease, ProcessRecord { pid: 4242, started: 1 }).await.unwrap();
    write.set_job_title(&lease, Some("Film"), Some(1)).await.unwrap();
    let work = house.cx.folders.take_over(id, lease.fence, house.cx.node.as_str()).unwrap();
    let item = domain::download::DownloadItem {
        position: 1,
        title: Some("Film".to_owned()),
        status: DownloadStatus::Running,
        failure: None,
        target: None,
        bytes: Some(5),
    };
    write.upsert_item(&lease, &item).await.unwrap();
    let target = write.begin_publish(&lease, 1, "ana/Videos/Film [id1].mp4").await.unwrap();
    let path = if moved { house.library_path(&target) } else { work.join("00001-id1.mp4") };
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, "video").unwrap();
    id
}

#[tokio::test]
async fn a_crash_before_the_move_ends_with_one_file_and_one_row() {
    let mut house = House::asleep(Plan::default()).await;
    let id = crashed_while_publishing(&house, false).await;
    house.script.on(LINK, vec![vec![Act::Done(1, "Film", "video"), Act::End]]);

    house.wake().await;

    let job = house.until(id, DownloadStatus::Completed).await;
    assert_eq!(house.script.ended(), [4242]);
    assert_eq!(
        job.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(),
        ["ana/Videos/Film [id1].mp4"]
    );
    assert_eq!(house.library(), ["ana/Videos/Film [id1].jpg", "ana/Videos/Film [id1].mp4"]);
    house.stop().await;
}

#[tokio::test]
async fn a_crash_after_the_move_adopts_the_file_without_another_download() {
    let mut house = House::asleep(Plan::default()).await;
    let id = crashed_while_publishing(&house, true).await;

    house.wake().await;

    let job = house.until(id, DownloadStatus::Completed).await;
    assert!(house.script.started().is_empty(), "nothing was downloaded again");
    assert_eq!((job.files.len(), job.files[0].bytes, job.phase), (1, 5, Phase::Over));
    assert_eq!(house.library(), ["ana/Videos/Film [id1].mp4"]);
    assert!(house.incoming().is_empty());
    house.stop().await;
}

#[tokio::test]
async fn a_lost_lease_stops_the_work_and_removes_what_it_wrote() {
    let mut house = House::new().await;
    let id = house.submit(LINK, vec![vec![Act::Bytes(9), Act::Hang]]).await;
    house.until_alive(1).await;

    // Another machine takes it, as it would after this one was paused for long.
    house.cx.writer.void_leases_of(&house.cx.node).await.unwrap();
    let other = NodeId::new("node-b");
    let leased = house.cx.writer.lease_job(id, &other, LEASE).await.unwrap();

    house.until_alive(0).await;
    eventually("its folder is gone", || async { house.incoming().is_empty() }).await;
    assert_eq!(house.job(id).await.status, DownloadStatus::Running, "the other one works on it");
    house.cx.writer.renew_lease(&leased.unwrap().lease, LEASE).await.unwrap();
    house.stop().await;
}

#[tokio::test]
async fn a_job_fences_itself_when_renewals_stay_away_and_keeps_its_work_for_later() {
    let mut plan = Plan::default();
    // Every renewal comes too late: the job must stop by its own clock.
    plan.timing.renew = Duration::from_secs(60);
    plan.timing.fence = Duration::from_millis(300);
    plan.timing.lease = Duration::from_millis(600);
    let mut house = House::with(plan).await;
    let plays = vec![vec![Act::Bytes(9), Act::Hang], vec![Act::Done(1, "Film", "video"), Act::End]];

    let id = house.submit(LINK, plays).await;

    let job = house.until(id, DownloadStatus::Completed).await;
    assert_eq!((house.script.started()[1].found, job.files.len()), (9, 1));
    house.stop().await;
}

#[tokio::test]
async fn an_orderly_stop_hands_jobs_back_and_they_go_on_afterwards() {
    let mut house = House::new().await;
    let plays = vec![vec![Act::Bytes(9), Act::Hang], vec![Act::Done(1, "Film", "video"), Act::End]];
    let id = house.submit(LINK, plays).await;
    house.until_alive(1).await;
    eventually("bytes are saved", || async { house.job(id).await.progress.bytes == 9 }).await;

    house.stop().await;

    let job = house.job(id).await;
    assert_eq!((job.status, job.phase), (DownloadStatus::Queued, Phase::Waiting));
    assert!(house.script.alive().is_empty());
    let other = NodeId::new("node-b");
    assert!(
        house.cx.writer.lease_job(id, &other, LEASE).await.unwrap().is_some(),
        "the next owner need not wait"
    );
}

#[tokio::test]
async fn leftovers_of_jobs_that_are_over_are_swept_and_nothing_else() {
    let mut house = House::asleep(Plan::default()).await;
    let stranger = domain::DownloadId::generate();
    house.cx.folders.take_over(stranger, 1, "node-a").unwrap();
    let plan = house.submit_row(LINK).await;
    let work = house.cx.folders.take_over(plan, 1, "node-a").unwrap();
    std::fs::write(work.join("video.part"), "123").unwrap();
    house.script.on(LINK, vec![vec![Act::Hang]]);

    house.wake().await;

    eventually("only the live job has a folder", || async {
        house.cx.folders.jobs_with_work().unwrap() == [plan]
    })
    .await;
    house.until_alive(1).await;
    assert_eq!(house.script.started()[0].found, 3);
    house.stop().await;
}

#[tokio::test]
async fn without_the_proxy_a_job_waits() {
    let mut house = House::new().await;
    house.cx.system.stop_child("downloads/egress").await.unwrap();
    let id = house.submit(LINK, vec![vec![Act::Done(1, "Film", "video"), Act::End]]).await;
    house.until(id, DownloadStatus::Running).await;

    assert!(house.script.started().is_empty());
    house.cx.system.restart("downloads/egress").await.unwrap();

    house.until(id, DownloadStatus::Completed).await;
    let proxy = house.script.started()[0].spec.proxy.clone().unwrap();
    assert!(proxy.expose().starts_with(&format!("http://{id}:")), "a credential of its own");
    house.stop().await;
}

#[tokio::test]
async fn fifty_kills_end_with_every_job_done_once() {
    let mut house = House::with(Plan { slots: 3, ..Plan::default() }).await;
    let acts = || vec![Act::Bytes(4), Act::Bytes(4), Act::Done(1, "Film", "video"), Act::End];
    let mut ids = Vec::new();
    for n in 0..10 {
        ids.push(house.submit(&format!("https://videos.example/{n}"), vec![acts()]).await);
    }

    for kill in 0..50 {
        let id = ids[kill % ids.len()];
        house.cx.system.kill(&format!("downloads/jobs/{id}"));
        tokio::task::yield_now().await;
    }

    for id in &ids {
        let job = house.until(*id, DownloadStatus::Completed).await;
        assert_eq!(job.files.len(), 1, "{:?}", job.files);
    }
    let videos = house.library().iter().filter(|name| name.ends_with(".mp4")).count();
    assert_eq!(videos, ids.len());
    assert!(house.script.alive().is_empty() && house.incoming().is_empty());
    house.stop().await;
}

#[tokio::test]
async fn a_failure_words_survive_until_the_next_attempt() {
    let mut plan = Plan::default();
    plan.retry.waits = vec![Duration::from_secs(600)];
    let mut house = House::with(plan).await;

    let id = house.submit(LINK, vec![vec![Act::Fail(failure("rate_limited", true))]]).await;

    let job = house.until_phase(id, Phase::RetryWait).await;
    assert_eq!((job.status, job.failure.unwrap().code.as_str()), (DownloadStatus::Queued, "rate_limited"));
    assert!(job.run_at.is_some());
    house.stop().await;
}

#[tokio::test]
async fn without_yt_dlp_jobs_wait_and_use_up_no_attempt() {
    let mut house = House::asleep(Plan::default()).await;
    let id = house.submit_row(LINK).await;
    let resumed = house.submit_row("https://videos.example/2").await;
    for url in [LINK, "https://videos.example/2"] {
        house.script.on(url, vec![vec![Act::Done(1, "Film", "video"), Act::End]]);
    }
    house.cx.writer.lease_job(resumed, &house.cx.node, LEASE).await.unwrap().unwrap();
    *house.script.unavailable.lock().unwrap() = Some("yt-dlp is not installed".to_owned());

    house.wake().await;
    eventually("both have their place", || async {
        house.cx.board.place(id).is_some() && house.cx.board.slots().used == 1
    })
    .await;
    assert!(house.script.started().is_empty());
    *house.script.unavailable.lock().unwrap() = None;

    for id in [id, resumed] {
        assert_eq!(house.until(id, DownloadStatus::Completed).await.attempts, 1);
    }
    house.stop().await;
}

//! What the workers of downloads do, and what happens when they vanish.

use std::time::Duration;

use domain::download::{Choice, Download, DownloadItem, DownloadStatus, Failure, Phase, Preset, Progress};
use domain::{DownloadId, Timestamp, UserId};
use futures_util::future::join_all;
use serde_json::json;
use store::{
    Conflict, Error, Lease, Leased, NewDownload, NewEffect, NewFile, NodeId, ProcessRecord, Submitted,
};

use crate::house::{House, contract};

pub(crate) const SOON: Duration = Duration::from_secs(10);
const VIDEO: &str = "https://videos.example/watch?v=1";

pub(crate) fn node() -> NodeId {
    NodeId::new("node-a")
}

pub(crate) async fn submit(house: &House, user: UserId, url: &str) -> DownloadId {
    let new = NewDownload { user, url, choice: &Choice::Preset(Preset::Best), title: None };
    match house.write.submit_download(&new, None).await.unwrap() {
        Submitted::Accepted(download) => download.id,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn lease(house: &House, id: DownloadId) -> Leased {
    house.write.lease_job(id, &node(), SOON).await.unwrap().expect("the job is free")
}

pub(crate) async fn a_leased_job(house: &House) -> Lease {
    let ana = house.member("ana").await;
    let id = submit(house, ana.id, VIDEO).await;
    lease(house, id).await.lease
}

async fn row(house: &House, id: DownloadId) -> Download {
    house.read.download(id).await.unwrap().unwrap()
}

async fn lose_lease(house: &House, id: DownloadId) {
    let sql = format!("UPDATE youtube_downloads SET lease_until = 1 WHERE id = '{id}'");
    assert_eq!(house.sabotage(&sql).await.unwrap(), 1);
}

fn failure(code: &str) -> Failure {
    Failure { code: code.to_owned(), message: "It broke".to_owned(), retryable: true, detail: None }
}

pub(crate) fn file(path: &str) -> NewFile {
    NewFile { name: path.to_owned(), bytes: 7, media_type: "video/mp4".to_owned(), path: path.to_owned() }
}

fn item(position: u32, status: DownloadStatus) -> DownloadItem {
    DownloadItem { position, title: None, status, failure: None, target: None, bytes: None }
}

contract! {
    async fn of_thirty_who_reach_for_a_job_one_gets_it(house: House) {
        let ana = house.member("ana").await;
        let id = submit(house, ana.id, VIDEO).await;

        let leases = join_all((0..30).map(|n| {
            let write = house.write.clone();
            async move { write.lease_job(id, &NodeId::new(format!("node-{n}")), SOON).await.unwrap() }
        }))
        .await;

        let leases: Vec<_> = leases.into_iter().flatten().collect();
        assert_eq!(leases.len(), 1);
        let download = &leases[0].download;
        assert_eq!((download.status, download.phase, download.attempts), (DownloadStatus::Running, Phase::Downloading, 1));
        assert_eq!(leases[0].previous, None);
        assert!(house.read.runnable_jobs(10).await.unwrap().is_empty());
    }

    async fn a_lease_runs_out_by_the_databases_clock_unless_it_is_renewed(house: House) {
        let ana = house.member("ana").await;
        let id = submit(house, ana.id, VIDEO).await;
        let brief = Duration::from_millis(100);
        let first = house.write.lease_job(id, &node(), brief).await.unwrap().unwrap();
        house.write.renew_lease(&first.lease, Duration::from_millis(500)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(150)).await;
        let other = NodeId::new("node-b");
        assert_eq!(house.write.lease_job(id, &other, SOON).await.unwrap(), None);

        let deadline = tokio::time::Instant::now() + SOON;
        let second = loop {
            if let Some(leased) = house.write.lease_job(id, &other, SOON).await.unwrap() {
                break leased;
            }
            assert!(tokio::time::Instant::now() < deadline, "the lease never ran out");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };

        assert_eq!(second.lease.fence, first.lease.fence + 1);
        assert_eq!(second.download.attempts, 1);
    }

    async fn whoever_lost_the_lease_changes_nothing(house: House) {
        let old = a_leased_job(house).await;
        lose_lease(house, old.id).await;
        house.write.lease_job(old.id, &NodeId::new("node-b"), SOON).await.unwrap().unwrap();
        let before = row(house, old.id).await;
        let events = house.read.outbox_pending(100).await.unwrap().len();

        let write = &house.write;
        let process = ProcessRecord { pid: 7, started: 8 };
        for (what, result) in [
            ("renew", write.renew_lease(&old, SOON).await),
            ("release", write.release_job(&old, None).await),
            ("process", write.set_process(&old, process).await),
            ("title", write.set_job_title(&old, Some("x"), None).await),
            ("item", write.upsert_item(&old, &item(1, DownloadStatus::Completed)).await),
            ("progress", write.save_progress(&old, &Progress::default()).await),
            ("begin", write.begin_publish(&old, 1, "x").await.map(drop)),
            ("finish", write.finish_publish(&old, 1, &[file("x")]).await),
            ("complete", write.complete_job(&old, &[]).await),
            ("fail", write.fail_job(&old, &failure("x")).await),
            ("retry", write.retry_later(&old, &failure("x"), Timestamp::now(), true).await),
            ("space", write.wait_for_space(&old, Timestamp::now()).await),
        ] {
            assert!(matches!(result, Err(Error::Fenced)), "{what}: {result:?}");
        }
        write.forget_process(&old).await.unwrap();

        assert_eq!(row(house, old.id).await, before);
        assert!(house.read.items(old.id).await.unwrap().is_empty());
        assert_eq!(house.read.outbox_pending(100).await.unwrap().len(), events);
    }

    async fn the_worker_after_learns_of_the_one_before(house: House) {
        let first = a_leased_job(house).await;
        let process = ProcessRecord { pid: 4711, started: 123_456_789_012 };
        house.write.set_process(&first, process).await.unwrap();
        lose_lease(house, first.id).await;

        let second = house.write.lease_job(first.id, &NodeId::new("node-b"), SOON).await.unwrap().unwrap();

        let previous = second.previous.unwrap();
        assert_eq!((previous.node, previous.fence, previous.process), (node(), first.fence, Some(process)));
    }

    async fn a_restarted_node_finds_its_jobs_and_frees_them_at_once(house: House) {
        let lease = a_leased_job(house).await;
        let process = ProcessRecord { pid: 4711, started: 99 };
        house.write.set_process(&lease, process).await.unwrap();
        assert!(house.read.jobs_of_node(&NodeId::new("node-b")).await.unwrap().is_empty());

        let ours = house.read.jobs_of_node(&node()).await.unwrap();
        assert_eq!((ours[0].id, ours[0].process), (lease.id, Some(process)));
        assert!(house.read.runnable_jobs(10).await.unwrap().is_empty());
        assert_eq!(house.write.void_leases_of(&node()).await.unwrap(), 1);
        assert_eq!(house.write.void_leases_of(&node()).await.unwrap(), 0);

        assert_eq!(house.read.runnable_jobs(10).await.unwrap()[0].id, lease.id);
        let again = house.write.lease_job(lease.id, &node(), SOON).await.unwrap().unwrap();
        assert_eq!((again.lease.fence, again.download.attempts), (lease.fence + 1, 1));
    }

    async fn a_cancelled_jobs_process_is_remembered_until_it_is_gone(house: House) {
        let lease = a_leased_job(house).await;
        house.write.set_process(&lease, ProcessRecord { pid: 4711, started: 99 }).await.unwrap();
        let owner = row(house, lease.id).await.user;
        house.write.cancel_job(lease.id, owner).await.unwrap();
        assert_eq!(house.read.jobs_of_node(&node()).await.unwrap().len(), 1);

        house.write.forget_process(&lease).await.unwrap();

        assert!(house.read.jobs_of_node(&node()).await.unwrap().is_empty());
    }

    async fn only_its_own_node_takes_a_held_job_back(house: House) {
        let lease = a_leased_job(house).await;

        assert_eq!(house.write.retake_job(lease.id, &NodeId::new("node-b"), SOON).await.unwrap(), None);
        assert_eq!(house.write.lease_job(lease.id, &node(), SOON).await.unwrap(), None);

        let again = house.write.retake_job(lease.id, &node(), SOON).await.unwrap().unwrap();
        assert_eq!(again.lease.fence, lease.fence + 1);
        assert!(matches!(house.write.renew_lease(&lease, SOON).await, Err(Error::Fenced)));
    }

    async fn three_lost_leases_without_progress_are_enough(house: House) {
        let ana = house.member("ana").await;
        let id = submit(house, ana.id, VIDEO).await;
        for loss in 0..3 {
            let leased = house.write.lease_job(id, &node(), SOON).await.unwrap();
            let leased = leased.unwrap_or_else(|| panic!("given up after {loss}"));
            house.write.renew_lease(&leased.lease, SOON).await.unwrap();
            lose_lease(house, id).await;
        }

        assert_eq!(house.write.lease_job(id, &node(), SOON).await.unwrap(), None);

        let download = row(house, id).await;
        assert_eq!((download.status, download.phase), (DownloadStatus::Failed, Phase::Over));
        assert_eq!(download.failure.unwrap().code, "stalled");
        assert!(house.read.runnable_jobs(10).await.unwrap().is_empty());
        assert_eq!(house.read.unread_notifications(ana.id).await.unwrap(), 1);
    }

    async fn a_job_that_gets_somewhere_survives_any_number_of_losses(house: House) {
        let ana = house.member("ana").await;
        let id = submit(house, ana.id, VIDEO).await;
        for _ in 0..12 {
            let lease = lease(house, id).await.lease;
            house.write.renew_lease(&lease, SOON).await.unwrap();
            house.write.save_progress(&lease, &Progress { bytes: 5, ..Progress::default() }).await.unwrap();
            lose_lease(house, id).await;
        }
        // Without progress, but so early that there was no time for any.
        for _ in 0..5 {
            lease(house, id).await;
            lose_lease(house, id).await;
        }

        let leased = lease(house, id).await;

        assert_eq!((leased.download.attempts, leased.download.progress.bytes), (1, 5));
    }

    async fn runnable_jobs_come_from_everybody_in_turn(house: House) {
        let (ana, bo, cem) = (house.member("ana").await, house.member("bo").await, house.member("cem").await);
        let mut jobs = Vec::new();
        for (user, url) in [(&ana, "1"), (&ana, "2"), (&ana, "3"), (&bo, "4"), (&bo, "5"), (&cem, "6")] {
            jobs.push(submit(house, user.id, &format!("{VIDEO}{url}")).await);
        }
        let ids = |jobs: Vec<store::RunnableJob>| jobs.into_iter().map(|job| job.id).collect::<Vec<_>>();
        let [a1, a2, a3, b1, b2, c1] = jobs[..] else { unreachable!() };
        assert_eq!(ids(house.read.runnable_jobs(10).await.unwrap()), [a1, b1, c1, a2, b2, a3]);
        assert_eq!(ids(house.read.runnable_jobs(2).await.unwrap()), [a1, b1]);

        // Whoever has one running waits a turn longer; a lost one goes on before all others.
        lease(house, a1).await;
        assert_eq!(ids(house.read.runnable_jobs(10).await.unwrap()), [b1, c1, a2, b2, a3]);
        lease(house, c1).await;
        lose_lease(house, c1).await;
        assert_eq!(ids(house.read.runnable_jobs(10).await.unwrap()), [c1, b1, a2, b2, a3]);
    }

    async fn only_a_failure_counts_as_an_attempt(house: House) {
        let lease_1 = a_leased_job(house).await;
        let id = lease_1.id;
        house.write.release_job(&lease_1, None).await.unwrap();
        let waiting = row(house, id).await;
        assert_eq!((waiting.status, waiting.phase, waiting.attempts), (DownloadStatus::Queued, Phase::Waiting, 0));

        let lease_2 = lease(house, id).await.lease;
        house.write.wait_for_space(&lease_2, Timestamp::now()).await.unwrap();
        let full = row(house, id).await;
        assert_eq!((full.status, full.phase, full.attempts), (DownloadStatus::Queued, Phase::NoSpace, 0));

        let lease_3 = lease(house, id).await.lease;
        house.write.retry_later(&lease_3, &failure("proxy"), Timestamp::now(), false).await.unwrap();
        assert_eq!(row(house, id).await.attempts, 0);

        let lease_4 = lease(house, id).await.lease;
        let later = Timestamp::now() + SOON;
        house.write.retry_later(&lease_4, &failure("http"), later, true).await.unwrap();
        let failed = row(house, id).await;
        assert_eq!((failed.phase, failed.attempts, failed.run_at), (Phase::RetryWait, 1, Some(later)));
        assert_eq!(failed.failure.unwrap().code, "http");
        assert!(house.read.runnable_jobs(10).await.unwrap().is_empty());
        assert_eq!(house.write.lease_job(id, &node(), SOON).await.unwrap(), None);
    }

    async fn a_place_in_the_library_is_chosen_once_and_is_nobody_elses(house: House) {
        let ana = house.member("ana").await;
        let (first, second) = (submit(house, ana.id, "https://a.example/1").await, submit(house, ana.id, "https://a.example/2").await);
        let (first, second) = (lease(house, first).await.lease, lease(house, second).await.lease);

        assert_eq!(house.write.begin_publish(&first, 1, "Ana/a.mp4").await.unwrap(), "Ana/a.mp4");
        assert_eq!(row(house, first.id).await.phase, Phase::Publishing);
        assert_eq!(house.write.begin_publish(&first, 1, "Ana/other.mp4").await.unwrap(), "Ana/a.mp4");
        let taken = house.write.begin_publish(&second, 1, "Ana/a.mp4").await;
        assert!(matches!(taken, Err(Error::Conflict(Conflict::TargetTaken))));
        assert_eq!(row(house, second.id).await.phase, Phase::Downloading);
        assert_eq!(house.write.begin_publish(&second, 1, "Ana/a (2).mp4").await.unwrap(), "Ana/a (2).mp4");

        // A worker that vanished in the middle leaves the next one in the middle.
        lose_lease(house, first.id).await;
        let again = lease(house, first.id).await;
        assert_eq!(again.download.phase, Phase::Publishing);
        assert_eq!(house.write.begin_publish(&again.lease, 1, "Ana/third.mp4").await.unwrap(), "Ana/a.mp4");
        house.write.release_job(&again.lease, None).await.unwrap();
        let released = row(house, first.id).await;
        assert_eq!((released.status, released.phase), (DownloadStatus::Running, Phase::Publishing));
        assert_eq!(lease(house, first.id).await.download.phase, Phase::Publishing);
    }

    async fn a_playlist_is_published_video_by_video_and_every_file_is_listed_once(house: House) {
        let lease = a_leased_job(house).await;
        house.write.set_job_title(&lease, Some("A list\0"), Some(3)).await.unwrap();
        let failed = DownloadItem { failure: Some(failure("gone")), ..item(2, DownloadStatus::Failed) };
        house.write.upsert_item(&lease, &DownloadItem { title: Some("One".to_owned()), ..item(1, DownloadStatus::Running) }).await.unwrap();
        house.write.upsert_item(&lease, &failed).await.unwrap();
        for position in [1, 3] {
            let target = format!("Ana/{position}.mp4");
            house.write.begin_publish(&lease, position, &target).await.unwrap();
            let files = [file(&format!("Ana/{position}.srt")), file(&target)];
            house.write.finish_publish(&lease, position, &files).await.unwrap();
            house.write.finish_publish(&lease, position, &files).await.unwrap();
        }
        let scan = NewEffect { kind: "plex-scan".to_owned(), key: lease.id.to_string(), payload: json!({ "a": 1 }), run_at: None };

        house.write.complete_job(&lease, &[scan.clone(), scan]).await.unwrap();

        let done = row(house, lease.id).await;
        assert_eq!((done.status, done.title.as_deref(), done.items), (DownloadStatus::Completed, Some("A list"), Some(3)));
        let files: Vec<_> = done.files.iter().map(|file| (file.n, file.path.as_str())).collect();
        assert_eq!(files, [(1, "Ana/1.srt"), (2, "Ana/1.mp4"), (3, "Ana/3.srt"), (4, "Ana/3.mp4")]);
        assert_eq!(house.read.downloads(None, None, 5).await.unwrap().items, [done]);
        let items = house.read.items(lease.id).await.unwrap();
        let states: Vec<_> = items.iter().map(|item| (item.position, item.status, item.bytes)).collect();
        assert_eq!(
            states,
            [(1, DownloadStatus::Completed, Some(14)), (2, DownloadStatus::Failed, None), (3, DownloadStatus::Completed, Some(14))],
        );
        assert_eq!((items[0].title.as_deref(), items[1].failure.as_ref()), (Some("One"), Some(&failure("gone"))));
        assert_eq!(house.read.due_effects(10).await.unwrap().len(), 1);
    }
}

//! What people do with downloads.

use std::time::Duration;

use domain::download::{Choice, DownloadStatus, Failure, Phase, Preset};
use domain::event::{Event, Tone};
use domain::{Cursor, DownloadId, Timestamp, UserId};
use futures_util::future::join_all;
use store::{Conflict, Error, NewDownload, NewFile, Quota, Submitted};

use crate::house::{House, contract};
use crate::work::{SOON, lease, submit};

const VIDEO: &str = "https://videos.example/watch?v=1";
const HOURLY: Quota = Quota { limit: 5, window: Duration::from_secs(3600) };

fn new<'a>(user: UserId, url: &'a str, choice: &'a Choice) -> NewDownload<'a> {
    NewDownload { user, url, choice, title: None }
}

fn best() -> Choice {
    Choice::Preset(Preset::Best)
}

contract! {
    async fn of_fifty_equal_clicks_one_is_queued(house: House) {
        let ana = house.member("ana").await;

        let results = join_all((0..50).map(|_| {
            let write = house.write.clone();
            async move { write.submit_download(&new(ana.id, VIDEO, &best()), None).await.unwrap() }
        }))
        .await;

        let accepted: Vec<DownloadId> = results
            .iter()
            .filter_map(|result| match result {
                Submitted::Accepted(download) => Some(download.id),
                _ => None,
            })
            .collect();
        assert_eq!(accepted.len(), 1);
        assert_eq!(results.iter().filter(|result| **result == Submitted::Duplicate(accepted[0])).count(), 49);
        let other_quality = house.write.submit_download(&new(ana.id, VIDEO, &Choice::Preset(Preset::Mp3)), None).await;
        assert!(matches!(other_quality, Ok(Submitted::Accepted(_))));
        let other_person = house.member("bo").await;
        let theirs = house.write.submit_download(&new(other_person.id, VIDEO, &best()), None).await;
        assert!(matches!(theirs, Ok(Submitted::Accepted(_))));
    }

    async fn of_thirty_wishes_at_once_the_quota_lets_five_through(house: House) {
        let ana = house.member("ana").await;
        let urls: Vec<_> = (0..30).map(|n| format!("{VIDEO}{n}")).collect();

        let results = join_all(urls.iter().map(|url| {
            let write = house.write.clone();
            async move { write.submit_download(&new(ana.id, url, &best()), Some(HOURLY)).await.unwrap() }
        }))
        .await;

        assert_eq!(results.iter().filter(|result| matches!(result, Submitted::Accepted(_))).count(), 5);
        let oldest = house.read.active_downloads(Some(ana.id)).await.unwrap()[0].created_at;
        let told = results.iter().all(|result| match result {
            Submitted::QuotaReached { again_at } => *again_at == oldest + HOURLY.window,
            _ => true,
        });
        assert!(told);
        let an_hour_ago = Timestamp::now() - HOURLY.window;
        assert_eq!(house.read.count_started_since(ana.id, an_hour_ago).await.unwrap(), 5);

        // What is taken off the list still counts, and nobody else is affected.
        let first = house.read.active_downloads(Some(ana.id)).await.unwrap()[0].id;
        house.write.cancel_job(first, ana.id).await.unwrap();
        house.write.delete_download(first).await.unwrap();
        let again = house.write.submit_download(&new(ana.id, VIDEO, &best()), Some(HOURLY)).await;
        assert!(matches!(again, Ok(Submitted::QuotaReached { .. })));
        let bo = house.member("bo").await;
        let theirs = house.write.submit_download(&new(bo.id, VIDEO, &best()), Some(HOURLY)).await;
        assert!(matches!(theirs, Ok(Submitted::Accepted(_))));
        let unlimited = Quota { limit: 0, ..HOURLY };
        let free = house.write.submit_download(&new(ana.id, VIDEO, &best()), Some(unlimited)).await;
        assert!(matches!(free, Ok(Submitted::Accepted(_))));
    }

    async fn a_quota_has_room_again_when_its_window_has_passed(house: House) {
        let ana = house.member("ana").await;
        let quota = Quota { limit: 1, window: Duration::from_millis(150) };
        let submit = async |url| house.write.submit_download(&new(ana.id, url, &best()), Some(quota)).await.unwrap();

        assert!(matches!(submit("https://a.example/1").await, Submitted::Accepted(_)));
        let Submitted::QuotaReached { again_at } = submit("https://a.example/2").await else { panic!("the quota is 1") };

        tokio::time::sleep(Timestamp::now().until(again_at)).await;
        assert!(matches!(submit("https://a.example/2").await, Submitted::Accepted(_)));
    }

    async fn nobody_submits_for_a_person_who_does_not_exist(house: House) {
        let result = house.write.submit_download(&new(UserId::generate(), VIDEO, &best()), None).await;

        assert!(matches!(result, Err(Error::NotFound("user"))));
    }

    async fn a_cancelled_job_is_over_and_its_worker_fenced(house: House) {
        let (ana, root) = (house.member("ana").await, house.admin("root").await);
        let id = submit(house, ana.id, VIDEO).await;
        let leased = lease(house, id).await;

        let cancelled = house.write.cancel_job(id, root.id).await.unwrap();

        assert_eq!((cancelled.status, cancelled.phase), (DownloadStatus::Cancelled, Phase::Over));
        assert!(cancelled.completed_at.is_some());
        assert!(matches!(house.write.renew_lease(&leased.lease, SOON).await, Err(Error::Fenced)));
        assert!(matches!(house.write.complete_job(&leased.lease, &[]).await, Err(Error::Fenced)));
        let again = house.write.cancel_job(id, ana.id).await;
        assert!(matches!(again, Err(Error::Conflict(Conflict::DownloadIsOver))));
        let nothing = house.write.cancel_job(DownloadId::generate(), ana.id).await;
        assert!(matches!(nothing, Err(Error::NotFound("download"))));
        let inbox = house.read.notifications(ana.id, None, 10).await.unwrap().items;
        assert_eq!((inbox.len(), inbox[0].tone), (1, Tone::Info));
    }

    async fn a_retry_starts_over_unless_a_twin_runs(house: House) {
        let ana = house.member("ana").await;
        let id = submit(house, ana.id, VIDEO).await;
        assert!(matches!(house.write.retry_job(id).await, Err(Error::Conflict(Conflict::DuplicateDownload(_)) | Error::Conflict(Conflict::DownloadIsNotOver))));
        let leased = lease(house, id).await;
        let failure = Failure { code: "gone".to_owned(), message: "It is gone".to_owned(), retryable: false, detail: None };
        house.write.fail_job(&leased.lease, &failure).await.unwrap();
        assert_eq!(house.read.download(id).await.unwrap().unwrap().failure, Some(failure));

        let twin = submit(house, ana.id, VIDEO).await;
        let refused = house.write.retry_job(id).await;
        assert!(matches!(refused, Err(Error::Conflict(Conflict::DuplicateDownload(other))) if other == twin));
        house.write.cancel_job(twin, ana.id).await.unwrap();

        let again = house.write.retry_job(id).await.unwrap();
        assert_eq!((again.status, again.phase, again.attempts), (DownloadStatus::Queued, Phase::Waiting, 0));
        assert_eq!((again.failure, again.completed_at), (None, None));
        assert!(matches!(house.write.renew_lease(&leased.lease, SOON).await, Err(Error::Fenced)));
        let second = lease(house, id).await;
        assert!(second.lease.fence > leased.lease.fence);
        assert!(matches!(house.write.complete_job(&leased.lease, &[]).await, Err(Error::Fenced)));
    }

    async fn a_deleted_download_is_off_every_list_with_its_files(house: House) {
        let ana = house.member("ana").await;
        let id = submit(house, ana.id, VIDEO).await;
        assert!(matches!(house.write.delete_download(id).await, Err(Error::Conflict(Conflict::DownloadIsNotOver))));
        let lease = lease(house, id).await.lease;
        let file = NewFile { name: "a.mp4".to_owned(), bytes: 9, media_type: "video/mp4".to_owned(), path: "Ana/a.mp4".to_owned() };
        house.write.begin_publish(&lease, 1, "Ana/a.mp4").await.unwrap();
        house.write.finish_publish(&lease, 1, &[file]).await.unwrap();
        house.write.complete_job(&lease, &[]).await.unwrap();
        let (owner, file) = house.read.download_file(id, 1).await.unwrap().unwrap();
        assert_eq!((owner, file.path.as_str()), (ana.id, "Ana/a.mp4"));
        assert_eq!(house.read.download_file(id, 2).await.unwrap(), None);
        assert!(matches!(house.write.retry_job(id).await, Err(Error::Conflict(Conflict::DownloadIsNotOver))));

        house.write.delete_download(id).await.unwrap();

        assert_eq!(house.read.download(id).await.unwrap(), None);
        assert_eq!(house.read.download_file(id, 1).await.unwrap(), None);
        assert!(house.read.downloads(None, None, 10).await.unwrap().items.is_empty());
        assert!(matches!(house.write.delete_download(id).await, Err(Error::NotFound("download"))));
        assert_eq!(house.write.purge_downloads(Timestamp::now() + SOON).await.unwrap(), 1);
        assert_eq!(house.read.count_started_since(ana.id, Timestamp::from_millis(0)).await.unwrap(), 0);
    }

    async fn pages_neither_repeat_nor_skip_while_rows_come_and_go(house: House) {
        let (ana, bo) = (house.member("ana").await, house.member("bo").await);
        let mut ids = Vec::new();
        for n in 0..25 {
            ids.push(submit(house, ana.id, &format!("{VIDEO}{n}")).await);
        }
        submit(house, bo.id, VIDEO).await;

        let (mut seen, mut cursor): (Vec<DownloadId>, Option<Cursor>) = (Vec::new(), None);
        loop {
            let page = house.read.downloads(Some(ana.id), cursor.as_ref(), 10).await.unwrap();
            seen.extend(page.items.iter().map(|download| download.id));
            // Between two pages a new one comes and one that was seen goes.
            submit(house, ana.id, &format!("{VIDEO}-{}", seen.len())).await;
            house.write.cancel_job(seen[0], ana.id).await.ok();
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }

        ids.reverse();
        assert_eq!(seen, ids);
        assert_eq!(house.read.downloads(None, None, 200).await.unwrap().items.len(), 29);
        assert_eq!(house.read.downloads(None, None, 0).await.unwrap().items.len(), 1);
        let bad = Cursor("AAAA".to_owned());
        assert!(matches!(house.read.downloads(None, Some(&bad), 10).await, Err(Error::BadCursor)));
        assert_eq!(house.read.active_downloads(Some(bo.id)).await.unwrap().len(), 1);
    }

    async fn every_visible_change_is_told_to_its_owner_with_a_higher_version(house: House) {
        let ana = house.member("ana").await;
        let id = submit(house, ana.id, VIDEO).await;
        let lease = lease(house, id).await.lease;
        house.write.set_job_title(&lease, Some("A video"), Some(1)).await.unwrap();
        house.write.complete_job(&lease, &[]).await.unwrap();

        let events: Vec<Event> = house.read.outbox_pending(20).await.unwrap().into_iter().filter_map(|row| row.event).collect();

        let changed = |version| Event::DownloadChanged { download: id, owner: ana.id, version };
        assert_eq!(events[..4], [changed(1), changed(2), changed(3), changed(4)]);
        assert!(matches!(&events[4], Event::Notified { user, tone: Tone::Ok, body, .. } if *user == ana.id && body == "A video"));
        assert_eq!(house.read.download(id).await.unwrap().unwrap().version, 4);
    }
}

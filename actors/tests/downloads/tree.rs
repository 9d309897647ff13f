//! Crashes of the queue and of the supervisor of jobs.

use domain::download::DownloadStatus;

use crate::house::{House, Plan, eventually};
use crate::script::Act;

#[tokio::test]
async fn running_jobs_do_not_notice_that_the_queue_died() {
    let mut house = House::with(Plan { slots: 3, ..Plan::default() }).await;
    for n in 0..4 {
        house.submit(&format!("https://videos.example/{n}"), vec![vec![Act::Bytes(3), Act::Hang]]).await;
    }
    let before = house.until_alive(3).await;

    let generation = || house.cx.system.snapshot("downloads/queue").map(|queue| queue.generation);
    let first = generation();
    assert!(house.cx.system.kill("downloads/queue"));

    eventually("the queue is back", || async { generation() > first && house.queue().is_running() }).await;
    let denied = house.try_submit(&house.ana, "https://videos.example/0").await;
    assert!(denied.is_err(), "it knows what runs");
    assert_eq!(house.script.alive(), before, "the same processes");
    assert_eq!(house.script.started().len(), 3, "and no more than the slots allow");
    house.stop().await;
}

#[tokio::test]
async fn jobs_come_back_with_their_supervisor() {
    let mut house = House::with(Plan { slots: 3, ..Plan::default() }).await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let plays = vec![vec![Act::Bytes(3), Act::Hang], vec![Act::Done(1, "Film", "video"), Act::End]];
        ids.push(house.submit(&format!("https://videos.example/{n}"), plays).await);
    }
    house.until_alive(3).await;
    for id in &ids {
        eventually("bytes are saved", || async { house.job(*id).await.progress.bytes == 3 }).await;
    }

    assert!(house.cx.system.kill("downloads/jobs"));

    for id in ids {
        house.until(id, DownloadStatus::Completed).await;
    }
    assert!(house.script.started()[3..].iter().all(|run| run.found == 3));
    house.stop().await;
}

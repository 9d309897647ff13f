//! The copy of the queue that bull-board reads.

use domain::download::{Choice, Download, DownloadStatus, Failure, Phase, Preset, Progress};
use domain::{DownloadId, Timestamp, UserId};
use redis::AsyncTypedCommands;

use crate::ephemeral::{MINUTE, connect, raw, redis};

fn download(status: DownloadStatus, phase: Phase) -> Download {
    Download {
        id: DownloadId::generate(),
        user: UserId::generate(),
        url: "https://videos.example/1".to_owned(),
        choice: Choice::Preset(Preset::Best),
        title: Some("A video".to_owned()),
        items: Some(1),
        status,
        phase,
        progress: Progress { percent: Some(41.6), ..Progress::default() },
        failure: (status == DownloadStatus::Failed).then(|| Failure {
            code: "gone".to_owned(),
            message: "It is gone".to_owned(),
            retryable: false,
            detail: None,
        }),
        attempts: 2,
        run_at: (phase == Phase::RetryWait).then(|| Timestamp::now() + MINUTE),
        version: 5,
        created_at: Timestamp::now(),
        completed_at: status.is_over().then(Timestamp::now),
        plex: None,
        files: Vec::new(),
    }
}

#[tokio::test]
async fn the_queue_is_shown_in_bullmqs_layout() {
    let Some(url) = redis().await else { return };
    let state = connect(&url).await;
    let mut connection = raw(&url).await;
    let jobs = [
        ("wait", download(DownloadStatus::Queued, Phase::Waiting)),
        ("active", download(DownloadStatus::Running, Phase::Downloading)),
        ("delayed", download(DownloadStatus::Queued, Phase::RetryWait)),
        ("completed", download(DownloadStatus::Completed, Phase::Over)),
        ("failed", download(DownloadStatus::Failed, Phase::Over)),
    ];
    let all: Vec<_> = jobs.iter().map(|(_, job)| job.clone()).collect();
    connection.rpush("bull:youtube:wait", "a stranger").await.unwrap();

    assert!(state.rebuild_projection(&all).await);
    // A change moves the job, and showing it twice shows it once.
    let moved = Download { status: DownloadStatus::Cancelled, phase: Phase::Over, ..all[0].clone() };
    for _ in 0..2 {
        assert!(state.project_download(&moved).await);
    }

    let list = async |name: &str, connection: &mut ::redis::aio::MultiplexedConnection| -> Vec<String> {
        let key = format!("bull:youtube:{name}");
        let command = if matches!(name, "wait" | "active") { "LRANGE" } else { "ZRANGE" };
        ::redis::cmd(command).arg(key).arg(0).arg(-1).query_async(connection).await.unwrap()
    };
    assert!(list("wait", &mut connection).await.is_empty());
    for (name, job) in &jobs[1..4] {
        assert_eq!(list(name, &mut connection).await, [job.id.to_string()], "{name}");
    }
    assert_eq!(list("failed", &mut connection).await.len(), 2);
    let failed = connection.hgetall(format!("bull:youtube:{}", all[4].id)).await.unwrap();
    assert_eq!((failed["failedReason"].as_str(), failed["progress"].as_str()), ("It is gone", "42"));
    assert_eq!((failed["name"].as_str(), failed["atm"].as_str()), ("download", "2"));
    assert!(failed.contains_key("finishedOn") && failed["data"].contains("A video"));

    assert!(state.unproject_download(all[3].id).await);
    assert!(list("completed", &mut connection).await.is_empty());
}

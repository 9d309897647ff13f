//! Writes that were acknowledged survive the sudden death of the process.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use rand::Rng;
use store::{Keyring, Store, StoreSettings};

const FOLDER: &str = "MEDIANEST_CRASH_FOLDER";

fn settings(folder: &std::path::Path) -> StoreSettings {
    StoreSettings { url: None, data_dir: folder.to_owned(), keys: Keyring::new([7; 32]) }
}

/// Not a claim: the process that is killed. Writes and says what was acknowledged, for ever.
#[tokio::test]
#[ignore = "run by the test below, in a process of its own"]
async fn writer() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = Store::open(&settings(folder.as_ref())).await.unwrap();
    let write = store.writer();
    for n in 0_u64.. {
        let key = format!("{}-{n}", std::process::id());
        write.set_setting(&key, "written").await.unwrap();
        println!("acked {key}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut acked = Vec::new();
    for _ in 0..10 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["crash::writer", "--exact", "--ignored", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut key_of = |line: String| line.strip_prefix("acked ").map(str::to_owned);
        let first = lines.by_ref().find_map(|line| key_of(line.unwrap()));
        acked.extend(first);
        tokio::time::sleep(Duration::from_millis(rand::rng().random_range(0..150))).await;
        child.kill().unwrap();
        child.wait().unwrap();
        // What was in the pipe when it died was acknowledged too; the last line may be cut.
        acked.extend(lines.map_while(Result::ok).filter_map(&mut key_of));
    }

    let store = Store::open(&settings(folder.path())).await.unwrap();
    assert!(acked.len() > 100, "only {} writes", acked.len());
    for key in &acked {
        let found = store.reader().setting(key).await.unwrap();
        assert_eq!(found.as_deref(), Some("written"), "{key} of {} is lost", acked.len());
    }
    store.close().await;
}

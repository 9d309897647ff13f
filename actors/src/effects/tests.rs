//! Effects with a real store and a real tree.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use store::{DataDir, Keyring, NewEffect, Store, StoreSettings};
use tokio::time::Instant;

use super::*;
use crate::supervisor::{Blueprint, Root, Tree, start};

const TREE: &str = r#"
name = "medianest"
strategy = "one_for_one"

[[children]]
name = "effects"
strategy = "dynamic"
on_meltdown = "give_up"
"#;

type Script = dyn Fn(u32) -> Result<(), Trouble> + Send + Sync;

/// Does what the script says of the n-th attempt.
struct Scripted {
    runs: AtomicU32,
    given_up: Mutex<Vec<String>>,
    script: Box<Script>,
}

struct Door(Arc<Scripted>);

impl Handler for Door {
    fn kind(&self) -> &'static str {
        "test-deliver"
    }

    fn attempts(&self) -> u32 {
        3
    }

    fn run(&self, _: Effect) -> BoxFuture<'static, Result<(), Trouble>> {
        let scripted = self.0.clone();
        Box::pin(async move { (scripted.script)(scripted.runs.fetch_add(1, Ordering::SeqCst) + 1) })
    }

    fn gave_up(&self, effect: Effect, reason: String) -> BoxFuture<'static, Result<(), Trouble>> {
        self.0.given_up.lock().unwrap().push(format!("{}: {reason}", effect.key));
        Box::pin(async { Ok(()) })
    }
}

struct House {
    scripted: Arc<Scripted>,
    store: Store,
    system: System,
    _root: Root,
    _folder: tempfile::TempDir,
}

impl House {
    fn runs(&self) -> u32 {
        self.scripted.runs.load(Ordering::SeqCst)
    }

    async fn queue(&self, key: &str) -> bool {
        let new = NewEffect {
            kind: "test-deliver".to_owned(),
            key: key.to_owned(),
            payload: json!({}),
            run_at: None,
        };
        let is_new = self.store.writer().enqueue_effect(&new).await.unwrap();
        nudge(&self.system);
        is_new
    }

    /// Nothing is due, and nothing runs.
    async fn quiet(&self) -> bool {
        let names = self.system.dynamic(PATH).names();
        names == [DISPATCHER] && self.store.reader().due_effects(9).await.unwrap().is_empty()
    }
}

async fn house(script: impl Fn(u32) -> Result<(), Trouble> + Send + Sync + 'static) -> House {
    let folder = tempfile::tempdir().unwrap();
    let node = DataDir::lock(folder.path()).unwrap().node_id().unwrap();
    let settings =
        StoreSettings { url: None, data_dir: folder.path().to_owned(), keys: Keyring::new([7; 32]) };
    let store = Store::open(&settings).await.unwrap();
    let scripted =
        Arc::new(Scripted { runs: AtomicU32::new(0), given_up: Mutex::default(), script: Box::new(script) });
    let system = System::new();
    let effects =
        Effects::new(&system, store.reader(), store.writer(), node, vec![Arc::new(Door(scripted.clone()))]);
    let blueprint = Blueprint::new(&system).dynamic(PATH, move || {
        let effects = effects.clone();
        async move { Ok(effects.rehydrate()) }
    });
    let root = start(Tree::parse("supervisor.toml", TREE).unwrap(), blueprint, &system).await.unwrap();
    House { scripted, store, system, _root: root, _folder: folder }
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < deadline, "not within twenty seconds: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_is_queued_is_done_once_and_its_actor_ends() {
    let house = house(|_| Ok(())).await;

    assert!(house.queue("a").await);
    assert!(!house.queue("a").await, "kind and key happen once");
    for key in 0..20 {
        house.queue(&format!("{key}")).await;
    }

    eventually("all are done", async || house.runs() == 21 && house.quiet().await).await;
    assert!(!house.queue("a").await);
    assert_eq!(house.runs(), 21);
}

#[tokio::test]
async fn what_fails_is_tried_again_and_a_panic_is_a_failure() {
    let house = house(|n| match n {
        1 => panic!("oops"),
        _ => Ok(()),
    })
    .await;

    house.queue("a").await;

    eventually("it is done at the second attempt", async || house.runs() == 2 && house.quiet().await).await;
    assert!(house.scripted.given_up.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_will_never_work_is_given_up_at_once_and_somebody_is_told() {
    let house = house(|_| Err(Trouble::Never("no such section".to_owned()))).await;

    house.queue("a").await;

    eventually("it is given up", async || house.quiet().await && house.runs() > 0).await;
    assert_eq!(house.runs(), 1);
    assert_eq!(*house.scripted.given_up.lock().unwrap(), ["a: no such section"]);
}

#[test]
fn waits_grow_to_ten_minutes_and_honour_the_other_side() {
    let waits = [1, 2, 5, 9, 10, 99].map(|attempts| {
        Timestamp::now().until(next_attempt(attempts, None, 0.0)).as_secs_f64().round() as u64
    });
    assert_eq!(waits, [2, 4, 32, 512, 600, 600]);

    let asked = next_attempt(1, Some(Duration::from_secs(30)), 1.0);
    assert_eq!(Timestamp::now().until(asked).as_secs_f64().round() as u64, 36);
}

//! Trees of trees: what comes back when a supervisor itself dies.

use std::time::Duration;

use actors::runtime::{ActorState, Occurrence};

use crate::stage::{Pull, Stage, Start, Stop, Strings, puppet};

const NESTED: &str = r#"
    name = "top"
    strategy = "one_for_one"
    [[children]]
    name = "one"
    strategy = "one_for_one"
    [[children.children]]
    name = "a"
    [[children.children]]
    name = "two"
    strategy = "rest_for_one"
    [[children.children.children]]
    name = "b"
    [[children.children.children]]
    name = "c"
    [[children]]
    name = "d"
"#;

#[tokio::test(start_paused = true)]
async fn static_children_come_back_with_their_supervisor() {
    let stage = Stage::up(NESTED).await;
    let handle = stage.handle("one/two/c");
    stage.trace();

    assert!(stage.system.kill("one"));
    stage.settle().await;

    assert_eq!(stage.trace(), ["start one/a", "start one/two/b", "start one/two/c"]);
    assert_eq!(stage.look("one").restarts, 1);
    assert_eq!(stage.look("one").last_error.as_deref(), Some("killed"));
    assert!(handle.is_running());
    assert_eq!(stage.life("one/two/c").await, 2);
    assert_eq!(stage.life("d").await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_restarts_its_own_subtree_without_disturbing_the_one_above() {
    let stage = Stage::up(NESTED).await;
    stage.trace();

    stage.pull("one/two/b", Pull::Panic).await;

    assert_eq!(stage.trace(), ["stop one/two/c", "start one/two/b", "start one/two/c"]);
    assert_eq!((stage.look("one/two").restarts, stage.look("one").restarts), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn children_that_block_their_end_do_not_keep_a_supervisor_from_coming_back() {
    let stage = Stage::up(NESTED).await;
    stage.strings.stops("one/two/c", Stop::Hangs);
    stage.tell("one/two/c", Pull::Work(Duration::from_secs(1_000_000)));
    tokio::task::yield_now().await;

    stage.system.kill("one/two");
    stage.settle().await;

    assert_eq!(stage.life("one/two/c").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_path_ever_has_two_lives_at_once() {
    let stage = Stage::up(NESTED).await;
    let gate = stage.strings.gate();
    stage.tell("one/two/c", Pull::Block);
    let patience = Duration::from_secs(20);
    let blocked = async {
        while stage.state("one/two/c") != ActorState::Busy {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(patience, blocked).await.is_ok());

    // The blocked child survives its supervisor for a while.
    stage.system.kill("one/two");
    let next_is_up = async {
        while stage.look("one/two/b").generation == 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        while stage.state("one/two/c") != ActorState::Starting {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(patience, next_is_up).await.is_ok());
    drop(gate);

    let handle = stage.handle("one/two/c");
    assert!(tokio::time::timeout(patience, handle.running()).await.is_ok());
    let trace = stage.trace();
    assert!(!trace.iter().any(|line| line.ends_with("lives twice")), "{trace:?}");
}

#[tokio::test(start_paused = true)]
async fn a_whole_subtree_can_be_restarted_by_hand() {
    let stage = Stage::up(NESTED).await;
    stage.trace();

    stage.system.restart("one").await.unwrap();

    assert_eq!(
        stage.trace(),
        [
            "stop one/two/c",
            "stop one/two/b",
            "stop one/a",
            "start one/a",
            "start one/two/b",
            "start one/two/c"
        ]
    );
    assert_eq!(stage.look("one").restarts, 0);
}

#[tokio::test(start_paused = true)]
async fn a_subtree_that_cannot_start_within_its_time_is_tried_again() {
    let strings = Strings::default();
    strings.starts("sub/x", &[Start::Takes(Duration::from_secs(4))]);
    let text = r#"
        name = "top"
        strategy = "one_for_one"
        [[children]]
        name = "sub"
        strategy = "one_for_one"
        start_timeout = "2s"
        [[children.children]]
        name = "x"
    "#;

    let stage = Stage::with(strings, text).await.unwrap();

    assert_eq!(stage.look("sub").last_error.as_deref(), Some("did not start within 2s"));
    assert_eq!(stage.look("sub").restarts, 1);
    assert_eq!(stage.life("sub/x").await, 1);
}

const WITH_DYNAMIC: &str = r#"
    name = "top"
    strategy = "one_for_one"
    [[children]]
    name = "pool"
    strategy = "dynamic"
    [[children]]
    name = "d"
"#;

#[tokio::test(start_paused = true)]
async fn dynamic_children_come_back_with_their_supervisor_because_it_asks_what_should_run() {
    let strings = Strings::default();
    let of_children = strings.clone();
    let children = move || vec![puppet("x", &of_children), puppet("y", &of_children)];
    let stage = Stage::with_dynamic(strings.clone(), WITH_DYNAMIC, children).await.unwrap();
    assert_eq!(stage.trace(), ["start pool/x", "start pool/y", "start d"]);
    let pool = stage.system.dynamic("pool");
    pool.start(puppet("z", &strings)).await.unwrap();
    stage.trace();
    let began = tokio::time::Instant::now();

    stage.system.kill("pool");
    stage.eventually("x is back", |stage| stage.handle("pool/x").is_running()).await;

    assert!(began.elapsed() < Duration::from_secs(5));
    stage.settle().await;
    assert_eq!(stage.trace(), ["start pool/x", "start pool/y"]);
    assert_eq!(pool.names(), ["x", "y"], "what nobody asked for again is gone, as in OTP");
    assert_eq!(stage.look("pool").restarts, 1);
}

#[tokio::test(start_paused = true)]
async fn children_that_were_not_running_when_their_supervisor_died_are_not_left_in_limbo() {
    let text = WITH_DYNAMIC.replace("\"dynamic\"", "\"dynamic\"\nintensity = 100");
    let stage = Stage::up(&text).await;
    let pool = stage.system.dynamic("pool");
    for name in ["waiting", "starting"] {
        pool.start(puppet(name, &stage.strings)).await.unwrap();
    }
    stage.strings.always("pool/starting", Start::Hangs);
    stage.strings.always("pool/waiting", Start::Fails);
    for name in ["waiting", "starting"] {
        stage.tell(&format!("pool/{name}"), Pull::Panic);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let states = ["waiting", "starting"].map(|name| stage.state(&format!("pool/{name}")));
    assert_eq!(states, [ActorState::Restarting, ActorState::Starting]);

    stage.system.kill("pool");
    tokio::time::sleep(Duration::from_secs(1)).await;

    assert_eq!(pool.names(), [""; 0]);
    stage.settle().await;
    stage.settle().await;
    assert!(stage.system.snapshot("pool/waiting").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_cannot_find_out_what_should_run_has_failed_to_start() {
    use actors::{
        runtime::System,
        supervisor::{self, Blueprint, Tree},
    };
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };
    let system = System::new();
    let strings = Strings::default();
    let of_children = strings.clone();
    let asked = Arc::new(AtomicU32::new(0));
    let rehydrate = move || {
        let (asked, strings) = (asked.fetch_add(1, Ordering::Relaxed), of_children.clone());
        async move {
            match asked {
                0 => Err("the store is away".into()),
                1 => panic!("while asking"),
                2 => std::future::pending().await,
                _ => Ok(vec![puppet("x", &strings)]),
            }
        }
    };
    let text =
        "name = \"top\"\nstrategy = \"one_for_one\"\n[[children]]\nname = \"pool\"\nstrategy = \"dynamic\"\n";
    let tree = Tree::parse("test.toml", text).unwrap();

    let root =
        supervisor::start(tree, Blueprint::new(&system).dynamic("pool", rehydrate), &system).await.unwrap();

    let crashes: Vec<String> = system
        .supervision_events()
        .into_iter()
        .filter(|event| event.path == "pool" && event.what == Occurrence::Crashed)
        .filter_map(|event| event.reason)
        .collect();
    let could_not = "could not find out what should run: ";
    assert_eq!(
        crashes,
        ["the store is away", "panicked: while asking", "there was no answer within 5s"]
            .map(|reason| format!("{could_not}{reason}"))
    );
    assert_eq!(system.snapshot("pool/x").unwrap().state, ActorState::Running);
    root.shutdown("the test is over").await;
}

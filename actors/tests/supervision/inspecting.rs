//! What can be seen of the tree without asking it.

use std::time::Duration;

use actors::runtime::{ActorState, Occurrence};

use crate::stage::{Pull, Stage, Start, flat, puppet};

#[tokio::test(start_paused = true)]
async fn an_actor_in_one_handler_for_too_long_is_reported_as_stuck() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    stage.tell("a", Pull::Work(Duration::from_secs(8)));
    tokio::time::sleep(Duration::from_secs(4)).await;
    let busy = stage.look("a");
    assert_eq!((busy.state, busy.busy_with), (ActorState::Busy, Some("Work")));
    assert_eq!(busy.busy_for.map(|time| time.as_secs()), Some(4));
    assert_eq!(stage.count("a", Occurrence::Stuck), 0);

    tokio::time::sleep(Duration::from_millis(2_500)).await;

    assert_eq!(stage.state("a"), ActorState::Stuck);
    assert_eq!(stage.count("a", Occurrence::Stuck), 1, "once");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(stage.state("a"), ActorState::Running);
    assert_eq!((stage.count("a", Occurrence::Stuck), stage.count("a", Occurrence::Recovered)), (1, 1));
    assert_eq!(stage.look("a").restarts, 0);
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_hangs_is_seen_without_waiting_for_it() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a", "b"])).await;
    stage.tell("a", Pull::Work(Duration::from_secs(1_000_000)));
    stage.tell("a", Pull::Ticked);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let began = tokio::time::Instant::now();

    let all = stage.system.snapshots();

    assert_eq!(began.elapsed(), Duration::ZERO);
    let paths: Vec<&str> = all.iter().map(|actor| actor.path.as_str()).collect();
    assert_eq!(paths, ["a", "b", "top"]);
    assert_eq!((all[0].state, all[0].mailbox), (ActorState::Stuck, 1));
}

#[tokio::test(start_paused = true)]
async fn messages_are_counted_and_timed_by_kind() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    for _ in 0..3 {
        stage.tell("a", Pull::Work(Duration::from_millis(100)));
    }
    stage.tell("a", Pull::Ticked);
    stage.settle().await;

    let a = stage.look("a");

    let counts: Vec<(&str, u64)> = a.messages.iter().map(|stats| (stats.kind, stats.count)).collect();
    assert_eq!(counts, [("Work", 3), ("Ticked", 1)]);
    assert!((100_000..103_000).contains(&a.messages[0].max_us), "{:?}", a.messages[0]);
    assert!(a.messages[1].wait_p95_us >= 300_000, "{:?}", a.messages[1]);
    assert_eq!(a.kind, "puppet");
}

#[tokio::test(start_paused = true)]
async fn the_card_is_what_the_actor_said_after_its_last_message() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    assert_eq!(stage.look("a").card["ticks"], 0);

    for _ in 0..5 {
        stage.tell("a", Pull::Ticked);
    }
    stage.settle().await;

    assert_eq!(stage.look("a").card["ticks"], 5);
}

#[tokio::test(start_paused = true)]
async fn a_dead_dynamic_child_is_seen_for_half_a_minute() {
    let text =
        "name = \"top\"\nstrategy = \"one_for_one\"\n[[children]]\nname = \"pool\"\nstrategy = \"dynamic\"\n";
    let stage = Stage::up(text).await;
    let pool = stage.system.dynamic("pool");
    pool.start(puppet("x", &stage.strings)).await.unwrap();

    pool.stop("x").await.unwrap();

    assert_eq!(stage.state("pool/x"), ActorState::Stopped);
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert_eq!(stage.state("pool/x"), ActorState::Stopped);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(stage.system.snapshot("pool/x").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_handle_outlives_the_grave_of_its_actor() {
    let text =
        "name = \"top\"\nstrategy = \"one_for_one\"\n[[children]]\nname = \"pool\"\nstrategy = \"dynamic\"\n";
    let stage = Stage::up(text).await;
    let pool = stage.system.dynamic("pool");
    pool.start(puppet("x", &stage.strings)).await.unwrap();
    let handle = stage.handle("pool/x");
    pool.stop("x").await.unwrap();
    tokio::time::sleep(Duration::from_secs(120)).await;

    pool.start(puppet("x", &stage.strings)).await.unwrap();

    assert_eq!(handle.ask(Duration::from_secs(1), Pull::Ping).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn the_timeline_tells_a_restart_as_it_was() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    stage.strings.starts("a", &[Start::Fails]);

    stage.pull("a", Pull::Panic).await;

    let told: Vec<(Occurrence, Option<String>)> = stage
        .system
        .supervision_events()
        .into_iter()
        .filter(|event| event.path == "a")
        .map(|event| (event.what, event.reason))
        .collect();
    assert_eq!(told[0], (Occurrence::Started, None));
    assert_eq!(told[1], (Occurrence::Crashed, Some("panicked: told to panic".to_owned())));
    assert_eq!(told[2], (Occurrence::Restarting, Some("in 0 ms".to_owned())));
    assert_eq!(told[3], (Occurrence::StartFailed, Some("no luck".to_owned())));
    assert_eq!(told[4].0, Occurrence::Restarting);
    assert_eq!(told[5], (Occurrence::Started, None));
}

#[tokio::test(start_paused = true)]
async fn one_actor_can_be_tried_without_a_tree() {
    use crate::stage::{Strings, lone_puppet};
    let system = actors::runtime::System::new();
    let strings = Strings::default();

    let solo = system.solo("a", lone_puppet(&strings)).await.unwrap();

    assert_eq!(solo.handle().ask(Duration::from_secs(1), Pull::Ping).await, Ok(1));
    solo.handle().tell(Pull::Panic).unwrap();
    solo.ended().await;
    assert_eq!(system.snapshot("a").unwrap().last_error.as_deref(), Some("panicked: told to panic"));
    assert!(!solo.handle().is_running());
}

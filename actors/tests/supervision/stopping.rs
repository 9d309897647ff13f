//! How a tree goes down.

use std::time::Duration;

use actors::{
    runtime::{ActorState, Occurrence},
    supervisor::AdminError,
};
use tokio::time::Instant;

use crate::stage::{Pull, Stage, Start, Stop, flat};

#[tokio::test(start_paused = true)]
async fn children_stop_in_reverse_order() {
    for strategy in ["one_for_one", "one_for_all", "rest_for_one"] {
        let stage = Stage::up(&flat(&format!("strategy = \"{strategy}\""), &["a", "b", "c"])).await;
        stage.strings.stops("b", Stop::Takes(Duration::from_secs(2)));
        stage.trace();

        stage.root.shutdown("the test is over").await;

        assert_eq!(stage.trace(), ["stop c", "stop b", "stop a"], "{strategy}");
        assert_eq!(stage.root.ended().await, "shut down");
        assert_eq!(stage.state("a"), ActorState::Stopped);
    }
}

#[tokio::test(start_paused = true)]
async fn a_subtree_is_gone_before_what_started_before_it_stops() {
    let text = r#"
        name = "top"
        strategy = "one_for_one"
        [[children]]
        name = "a"
        [[children]]
        name = "sub"
        strategy = "one_for_one"
        [[children.children]]
        name = "x"
        [[children.children]]
        name = "y"
        [[children]]
        name = "z"
    "#;
    let stage = Stage::up(text).await;
    stage.strings.stops("sub/x", Stop::Takes(Duration::from_secs(3)));
    stage.trace();

    stage.root.shutdown("the test is over").await;

    assert_eq!(stage.trace(), ["stop z", "stop sub/y", "stop sub/x", "stop a"]);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_stop_in_time_is_killed() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a", "b shutdown = \"2s\"", "c"])).await;
    stage.strings.stops("b", Stop::Hangs);
    stage.trace();
    let began = Instant::now();

    stage.root.shutdown("the test is over").await;

    assert_eq!(stage.trace(), ["stop c", "stop a"]);
    assert_eq!(began.elapsed().as_secs(), 2);
    assert_eq!(stage.count("b", Occurrence::Killed), 1);
    assert_eq!(stage.look("b").last_error.as_deref(), Some("did not stop in time and was killed"));
    assert_eq!(stage.count("a", Occurrence::Stopped), 1);
}

#[tokio::test(start_paused = true)]
async fn a_child_may_have_all_the_time_it_needs() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a shutdown = \"infinity\""])).await;
    stage.strings.stops("a", Stop::Takes(Duration::from_secs(1_000)));
    stage.trace();
    let began = Instant::now();

    stage.root.shutdown("the test is over").await;

    assert_eq!(stage.trace(), ["stop a"]);
    assert_eq!(began.elapsed().as_secs(), 1_000);
    assert_eq!(stage.count("a", Occurrence::Killed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_child_may_be_killed_at_once() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a shutdown = \"kill\"", "b"])).await;
    stage.trace();

    stage.root.shutdown("the test is over").await;

    assert_eq!(stage.trace(), ["stop b"], "a had a chance to tidy up");
    assert_eq!(stage.count("a", Occurrence::Killed), 1);
    assert_eq!(stage.look("a").last_error, None);
}

#[tokio::test(start_paused = true)]
async fn a_child_finishes_its_mailbox_before_it_stops() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a"])).await;
    stage.tell("a", Pull::Work(Duration::from_secs(1)));
    let handle = stage.handle("a");
    let (asked, ()) = tokio::join!(handle.ask(Duration::from_secs(5), Pull::Ping), async {
        tokio::task::yield_now().await;
        stage.root.shutdown("the test is over").await;
    });

    assert_eq!(asked, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_ends_does_not_keep_the_tree_up() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a", "b"])).await;
    stage.tell("b", Pull::Work(Duration::from_secs(1_000_000)));
    tokio::task::yield_now().await;
    let began = Instant::now();

    stage.root.shutdown("the test is over").await;

    assert_eq!(began.elapsed().as_secs(), 5);
    assert_eq!(stage.count("b", Occurrence::Killed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_can_be_stopped_while_a_child_hangs_in_its_start() {
    let stage =
        Stage::up(&flat("strategy = \"one_for_one\"", &["a start_timeout = \"infinity\"", "b"])).await;
    stage.strings.always("a", Start::Hangs);
    stage.pull("a", Pull::Panic).await;
    assert_eq!(stage.state("a"), ActorState::Starting);
    stage.trace();
    let began = Instant::now();

    stage.root.shutdown("the test is over").await;

    assert_eq!(stage.trace(), ["stop b"]);
    assert!(began.elapsed() < Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_can_be_stopped_while_a_child_waits_for_its_restart() {
    let text = flat(
        "strategy = \"one_for_all\"\nintensity = 100",
        &["a backoff = { initial = \"1h\", max = \"1h\" }", "b"],
    );
    let stage = Stage::up(&text).await;
    stage.pull("a", Pull::Panic).await;
    stage.pull("a", Pull::Panic).await;
    assert_eq!(stage.state("a"), ActorState::Restarting);
    let began = Instant::now();

    stage.root.shutdown("the test is over").await;

    assert!(began.elapsed() < Duration::from_millis(10));
    assert_eq!(stage.state("b"), ActorState::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_dies_during_the_shutdown_is_not_started_again() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a", "b"])).await;
    stage.strings.stops("b", Stop::Takes(Duration::from_secs(2)));
    stage.trace();

    let killing = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        stage.tell("a", Pull::Panic);
    };
    tokio::join!(stage.root.shutdown("the test is over"), killing);

    assert_eq!(stage.trace(), ["stop b"]);
    assert_eq!(stage.look("a").restarts, 0);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_root_ends_everything() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a", "b"])).await;
    let handle = stage.handle("a");

    drop(stage.root);

    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!handle.is_running());
}

#[tokio::test(start_paused = true)]
async fn one_child_can_be_stopped_and_started_by_hand() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", &["a", "b"])).await;
    stage.trace();

    stage.system.stop_child("a").await.unwrap();

    assert_eq!(stage.state("a"), ActorState::Stopped);
    stage.settle().await;
    assert_eq!(stage.trace(), ["stop a"], "a child that was stopped stays down");

    stage.system.restart("a").await.unwrap();

    assert_eq!(stage.life("a").await, 2);
    assert_eq!(stage.look("a").restarts, 0);
    assert_eq!(stage.life("b").await, 1);
    assert_eq!(stage.system.stop_child("c").await, Err(AdminError::NotFound));
    assert_eq!(stage.system.restart("top").await, Err(AdminError::Root));
}

#[tokio::test(start_paused = true)]
async fn one_child_can_be_restarted_by_hand_as_often_as_wanted() {
    let stage = Stage::up(&flat("strategy = \"one_for_all\"\nintensity = 1", &["a", "b"])).await;

    for life in 2..8 {
        stage.system.restart("a").await.unwrap();

        assert_eq!(stage.life("a").await, life);
    }

    assert_eq!(stage.life("b").await, 1, "only the child that was asked for is restarted");
}

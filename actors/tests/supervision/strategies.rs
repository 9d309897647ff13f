//! Who is restarted with whom, and what happens when a sibling fails meanwhile.

use std::time::Duration;

use actors::runtime::{ActorState, Occurrence};
use tokio::time::Instant;

use crate::stage::{Pull, Stage, Start, Stop, flat};

const NAMES: &[&str] = &["a", "b", "c"];

#[tokio::test(start_paused = true)]
async fn one_for_one_restarts_only_the_child_that_died() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", NAMES)).await;
    stage.trace();

    stage.pull("b", Pull::Panic).await;

    assert_eq!(stage.trace(), ["start b"]);
}

#[tokio::test(start_paused = true)]
async fn one_for_all_stops_the_others_in_reverse_and_starts_all_in_order() {
    let stage = Stage::up(&flat("strategy = \"one_for_all\"", NAMES)).await;
    stage.trace();

    stage.pull("b", Pull::Panic).await;

    assert_eq!(stage.trace(), ["stop c", "stop a", "start a", "start b", "start c"]);
    assert_eq!(stage.look("b").restarts, 1);
    assert_eq!(stage.look("a").restarts, 0, "a sibling that goes along has not failed");
}

#[tokio::test(start_paused = true)]
async fn rest_for_one_restarts_the_child_that_died_and_those_after_it() {
    let stage = Stage::up(&flat("strategy = \"rest_for_one\"", NAMES)).await;
    stage.trace();

    stage.pull("b", Pull::Panic).await;

    assert_eq!(stage.trace(), ["stop c", "start b", "start c"]);
}

#[tokio::test(start_paused = true)]
async fn siblings_are_down_before_the_pause_and_up_after_it() {
    let text = flat("strategy = \"one_for_all\"", &["a", "b backoff = { initial = \"8s\", max = \"8s\" }"]);
    let stage = Stage::up(&text).await;
    stage.pull("b", Pull::Panic).await;
    stage.trace();

    stage.tell("b", Pull::Panic);
    tokio::time::sleep(Duration::from_secs(3)).await;

    assert_eq!(stage.trace(), ["stop a"]);
    assert_eq!((stage.state("a"), stage.state("b")), (ActorState::Restarting, ActorState::Restarting));
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(stage.trace(), ["start a", "start b"]);
}

#[tokio::test(start_paused = true)]
async fn nobody_starts_before_the_slowest_sibling_has_stopped() {
    let stage = Stage::up(&flat("strategy = \"one_for_all\"", NAMES)).await;
    stage.strings.stops("c", Stop::Takes(Duration::from_secs(4)));
    stage.trace();
    let began = Instant::now();

    stage.tell("a", Pull::Panic);
    stage.eventually("all have been restarted", |stage| stage.look("c").generation == 2).await;

    assert_eq!(stage.trace(), ["stop c", "stop b", "start a", "start b", "start c"]);
    assert!(began.elapsed() >= Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn one_for_all_begins_again_when_another_child_fails_to_start() {
    let stage = Stage::up(&flat("strategy = \"one_for_all\"", NAMES)).await;
    stage.strings.starts("c", &[Start::Fails]);
    stage.trace();

    stage.pull("a", Pull::Panic).await;

    assert_eq!(
        stage.trace(),
        [
            "stop c", "stop b", "start a", "start b", "try c", "stop b", "stop a", "start a", "start b",
            "start c"
        ]
    );
    assert_eq!((stage.look("a").restarts, stage.look("c").restarts), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn rest_for_one_begins_again_from_the_child_that_fails_to_start() {
    let stage = Stage::up(&flat("strategy = \"rest_for_one\"", NAMES)).await;
    stage.strings.starts("b", &[Start::Fails]);
    stage.trace();

    stage.pull("a", Pull::Panic).await;

    assert_eq!(stage.trace(), ["stop c", "stop b", "start a", "try b", "start b", "start c"]);
}

#[tokio::test(start_paused = true)]
async fn one_for_one_goes_on_while_another_child_fails_to_start() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", NAMES)).await;
    stage.strings.starts("a", &[Start::Hangs, Start::Fails]);
    stage.trace();

    stage.tell("a", Pull::Panic);
    stage.pull("b", Pull::Panic).await;

    assert_eq!(stage.trace(), ["try a", "start b", "try a", "start a"]);
}

#[tokio::test(start_paused = true)]
async fn a_sibling_that_dies_while_the_group_is_stopped_changes_nothing() {
    let stage = Stage::up(&flat("strategy = \"one_for_all\"", NAMES)).await;
    stage.strings.stops("c", Stop::Takes(Duration::from_secs(2)));
    stage.trace();

    stage.tell("b", Pull::Panic);
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.tell("a", Pull::Panic);
    stage.settle().await;

    assert_eq!(stage.trace(), ["stop c", "start a", "start b", "start c"]);
    assert_eq!(stage.look("a").restarts, 0);
}

#[tokio::test(start_paused = true)]
async fn every_strategy_escalates_a_child_that_fails_too_often() {
    for strategy in ["one_for_one", "one_for_all", "rest_for_one"] {
        let stage = Stage::up(&flat(&format!("strategy = \"{strategy}\"\nintensity = 2"), NAMES)).await;
        for _ in 0..2 {
            stage.pull("b", Pull::Panic).await;
        }
        // The strikes of a minute ago no longer count, those of now do.
        tokio::time::sleep(Duration::from_secs(60)).await;
        for _ in 0..2 {
            stage.tell("b", Pull::Panic);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(stage.state("b"), ActorState::Running, "{strategy} melted down too early");
        stage.trace();

        stage.tell("b", Pull::Panic);

        let trouble = stage.root.ended().await;
        assert_eq!(trouble, "b failed more than 2 times within 1m: panicked: told to panic", "{strategy}");
        assert_eq!(stage.trace(), ["stop c", "stop a"], "{strategy}");
        assert_eq!(stage.count("top", Occurrence::Escalated), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn every_strategy_escalates_a_sibling_that_never_starts_again() {
    for strategy in ["one_for_one", "one_for_all", "rest_for_one"] {
        let stage = Stage::up(&flat(&format!("strategy = \"{strategy}\""), NAMES)).await;
        stage.strings.always("c", Start::Fails);

        stage.tell(if strategy == "one_for_one" { "c" } else { "a" }, Pull::Panic);

        let trouble = stage.root.ended().await;
        assert_eq!(trouble, "c failed more than 5 times within 1m: no luck", "{strategy}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_hangs_in_every_restart_neither_blocks_nor_survives_its_supervisor() {
    let stage = Stage::up(&flat("strategy = \"one_for_one\"", NAMES)).await;
    stage.strings.always("b", Start::Hangs);
    stage.tell("b", Pull::Panic);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(stage.state("b"), ActorState::Starting);

    // Meanwhile the supervisor does its work.
    stage.system.restart("a").await.unwrap();
    assert_eq!(stage.life("a").await, 2);
    stage.tell("c", Pull::Panic);
    stage.eventually("c lives again", |stage| stage.look("c").generation == 2).await;

    let trouble = stage.root.ended().await;
    assert_eq!(trouble, "b failed more than 5 times within 1m: did not start within 5s");
}

#[tokio::test(start_paused = true)]
async fn a_restart_by_hand_does_not_wait_for_the_pause() {
    let text = flat("strategy = \"one_for_one\"", &["a backoff = { initial = \"1h\", max = \"1h\" }"]);
    let stage = Stage::up(&text).await;
    stage.pull("a", Pull::Panic).await;
    stage.pull("a", Pull::Panic).await;
    assert_eq!(stage.state("a"), ActorState::Restarting);

    stage.system.restart("a").await.unwrap();

    assert_eq!(stage.state("a"), ActorState::Running);
}
